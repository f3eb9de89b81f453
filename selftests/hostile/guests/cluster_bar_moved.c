// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The BAR of node 1's disk is moved into node 0's window, and off and on again,
 * while CPUs of all nodes access it.
 */
#include "apic.h"
#include "pci.h"
#include "virtio.h"

#define STRAY		0xc1000000u
#define ROUNDS		30

static struct virtio disk;
static volatile bool over;
static volatile unsigned int accesses;

static void run(void)
{
	while (!over) {
		(void)MMIO8(STRAY + STATUS);
		MMIO32(STRAY + DRIVER_SELECT) = 0;
		accesses++;
	}
}

void guest_main(void)
{
	uint32_t home;

	if (!virtio_find_on(&disk, PCI_BUS_STRIDE, VIRTIO_BLK, 0)) {
		guest_ok(false, "node 1 has a disk");
		return;
	}
	home = MMIO32(disk.config + PCI_BAR);
	MMIO32(disk.config + PCI_BAR) = STRAY;
	guest_ok(MMIO8(STRAY + NUM_QUEUES) < 16, "it is found where it strays");
	for (unsigned int id = 1; id <= 2; id++)
		if (!guest_ok(apic_start_cpu(id, run), "CPU %u starts", id))
			return;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		MMIO32(disk.config + PCI_BAR) = i % 2 ? STRAY : home;
		(void)MMIO8(STRAY + STATUS);
		MMIO16(disk.config + PCI_COMMAND) = i % 3 ? 6 : 0;
		guest_wait_us(2000);
	}
	over = true;
	MMIO32(disk.config + PCI_BAR) = home;
	MMIO16(disk.config + PCI_COMMAND) = 6;
	guest_ok(accesses && virtio_is_well(&disk), "it is well at home");
}
