/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI configuration space by ports (PCI Local Bus 3.0, 3.2.2.3.2). */
#ifndef VMM_PCI_PORTS_H
#define VMM_PCI_PORTS_H

#include <stdbool.h>

#include "forward.h"

/**
 * pci_ports_access() - an access of a CPU of this node
 * @access: any; one to the data port becomes one to configuration space in
 *	memory, which may be another node's
 *
 * Return: true if it is complete.
 */
bool pci_ports_access(struct forward_access *access);

#endif /* VMM_PCI_PORTS_H */
