/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CMOS clock: tells the time of day and keeps a few bytes. */
#ifndef VMM_HW_RTC_H
#define VMM_HW_RTC_H

#include <stdint.h>

void rtc_init(uint16_t port);

#endif /* VMM_HW_RTC_H */
