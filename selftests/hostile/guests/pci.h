/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration space. */
#ifndef HOSTILE_PCI_H
#define HOSTILE_PCI_H

#include "guest.h"

#define PCI_ECAM		0xb0000000ull
#define PCI_WINDOW		0xc0000000ull
#define PCI_WINDOW_END		0xfc000000ull
#define PCI_SLOTS		32
#define PCI_BUS_STRIDE		8	/* of the nodes' buses */

#define PCI_ID			0x00
#define PCI_COMMAND		0x04
#define PCI_BAR			0x10	/* the first of six */
#define PCI_CAPABILITIES	0x34
#define PCI_COMMAND_MEMORY	2
#define PCI_COMMAND_MASTER	4
#define PCI_CAP_VENDOR		0x09
#define PCI_CAP_MSIX		0x11

#define PCI_VIRTIO		0x1af4
#define PCI_VIRTIO_ID(type)	(PCI_VIRTIO | (0x1040u + (type)) << 16)

/* Address of a register of a function 0. */
uint64_t pci_config(unsigned int bus, unsigned int slot, unsigned int offset);

/* The slot of the @nth (from 0) function on a bus with an id, or -1. */
int pci_find(unsigned int bus, uint32_t id, unsigned int nth);

/* The next capability of an id behind @at (0: the first one), or 0. */
unsigned int pci_capability(uint64_t config, uint8_t id, unsigned int at);

#endif /* HOSTILE_PCI_H */
