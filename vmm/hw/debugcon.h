/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The debug port: what firmware says goes to the log. */
#ifndef VMM_HW_DEBUGCON_H
#define VMM_HW_DEBUGCON_H

#include <stdint.h>

#define DEBUGCON_PORT	0x402	/* where OVMF looks for it */

/* Shown with --verbose; what is not printable is left out. */
void debugcon_init(uint16_t port);

#endif /* VMM_HW_DEBUGCON_H */
