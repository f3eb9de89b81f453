/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CMOS clock: the time of day, and a few bytes of memory. */
#ifndef VMM_HW_RTC_H
#define VMM_HW_RTC_H

#include <stdint.h>

void rtc_init(uint16_t port);

#endif /* VMM_HW_RTC_H */
