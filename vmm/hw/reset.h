/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ports by which a PC resets itself. */
#ifndef VMM_HW_RESET_H
#define VMM_HW_RESET_H

#include <stdint.h>

/* @call is called when the guest resets itself. */
void reset_init(uint16_t port, void (*call)(void));

#endif /* VMM_HW_RESET_H */
