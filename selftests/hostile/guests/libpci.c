// SPDX-License-Identifier: GPL-2.0-or-later
/* Configuration space. */
#include "pci.h"

uint64_t pci_config(unsigned int bus, unsigned int slot, unsigned int offset)
{
	return PCI_ECAM + ((uint64_t)bus << 20) + (slot << 15) + offset;
}

int pci_find(unsigned int bus, uint32_t id, unsigned int nth)
{
	for (unsigned int slot = 0; slot < PCI_SLOTS; slot++)
		if (MMIO32(pci_config(bus, slot, PCI_ID)) == id && !nth--)
			return slot;
	return -1;
}

unsigned int pci_capability(uint64_t config, uint8_t id, unsigned int at)
{
	at = MMIO8(config + (at ? at + 1 : PCI_CAPABILITIES));
	while (at && MMIO8(config + at) != id)
		at = MMIO8(config + at + 1);
	return at;
}
