/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The debug port: the firmware's debug output goes to the log. */
#ifndef VMM_HW_DEBUGCON_H
#define VMM_HW_DEBUGCON_H

#include <stdint.h>

#define DEBUGCON_PORT	0x402	/* as OVMF expects */

/* The log shows it with --verbose, without unprintable characters. */
void debugcon_init(uint16_t port);

#endif /* VMM_HW_DEBUGCON_H */
