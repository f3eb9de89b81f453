/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Orders of the keeper: what other programs ask for by the control socket. */
#ifndef VMM_ORDERS_H
#define VMM_ORDERS_H

#include <stdint.h>

/* Register the message; before cluster_start(). @apic_id: of CPU 0, for an NMI. */
void orders_init(uint32_t apic_id);

/* Take orders from here on; node 0 follows those of all nodes. */
void orders_start(void);

#endif /* VMM_ORDERS_H */
