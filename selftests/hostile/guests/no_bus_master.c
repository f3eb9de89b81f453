// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A driver that takes bus mastering from a device, as kexec does: from then on
 * the device neither touches memory nor interrupts (PCI Local Bus 3.0, 6.2.2).
 */
#include "apic.h"
#include "pci.h"
#include "virtio.h"

#define VECTOR		0x51
#define QUIET_US	100000

static struct ring ring;
static unsigned char bytes[64];

static void set_up(struct virtio *v)
{
	unsigned int msix = pci_capability(v->config, PCI_CAP_MSIX, 0);
	uint64_t table = MMIO32(v->config + PCI_BAR + 4) & ~0xfu;

	MMIO16(v->config + msix + 2) = 0x8000;
	for (unsigned int i = 0; i < 2; i++) {
		MMIO64(table + 16 * i) = 0xfee00000;
		MMIO32(table + 16 * i + 8) = VECTOR;
		MMIO32(table + 16 * i + 12) = 0;
	}
	virtio_negotiate(v, 0);
	virtio_use_ring(v, 0, &ring, 16);
	virtio_set_status(v, READY);
}

static void offer(struct virtio *v, uint16_t head)
{
	ring_describe(&ring, head, bytes, sizeof(bytes), DESC_WRITE);
	ring_offer(&ring, head);
	virtio_notify(v, 0);
}

static bool is_zero(void)
{
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		if (bytes[i])
			return false;
	return true;
}

void guest_main(void)
{
	struct virtio v;

	apic_enable();
	virtio_need(&v, VIRTIO_RNG, 0);
	set_up(&v);
	offer(&v, 0);
	guest_ok(ring_wait(&v, &ring, 1), "the device works");
	guest_ok(apic_has_raised(VECTOR, QUIET_US), "and interrupts");

	apic_acknowledge(VECTOR);
	MMIO16(v.config + PCI_COMMAND) = PCI_COMMAND_MEMORY;
	memset(bytes, 0, sizeof(bytes));
	offer(&v, 1);
	guest_wait_us(QUIET_US);
	guest_ok(ring_used(&ring) == 1 && is_zero(),
		 "without bus mastering it writes nothing");
	guest_ok(!apic_has_raised(VECTOR, 0), "and does not interrupt");
	MMIO16(v.config + PCI_COMMAND) = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	set_up(&v);
	offer(&v, 0);
	guest_ok(ring_wait(&v, &ring, 1), "with it, and a reset, it works again");
}
