// SPDX-License-Identifier: GPL-2.0-or-later
/* Configuration space and BARs, as no bus driver uses them. */
#include "pci.h"
#include "virtio.h"

#define CAP_PCI_CFG	5	/* virtio 1.2, 4.1.4.9 */
#define NO_BAR		0xffu

static struct virtio disk, rng;

static void restore(struct virtio *v, const uint32_t *bars)
{
	MMIO16(v->config + PCI_COMMAND) = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	MMIO32(v->config + PCI_BAR) = bars[0];
	MMIO32(v->config + PCI_BAR + 4) = bars[1];
}

static void save(struct virtio *v, uint32_t *bars)
{
	bars[0] = MMIO32(v->config + PCI_BAR);
	bars[1] = MMIO32(v->config + PCI_BAR + 4);
}

/* Any value to any place; reads in all sizes, across its end, too. */
static void test_space(struct virtio *v)
{
	uint32_t id = MMIO32(v->config), bars[2];

	save(v, bars);
	for (unsigned int at = 0; at < 260; at++) {
		MMIO8(v->config + at) = guest_random();
		MMIO16(v->config + at) = guest_random();
		MMIO32(v->config + at) = guest_random();
		MMIO64(v->config + at) = guest_odd_number();
		(void)MMIO64(v->config + at);
	}
	for (unsigned int i = 0; i < 300; i++) {
		uint64_t at = PCI_ECAM + guest_below(256u << 20);

		(void)MMIO32(at);
		if (at >= PCI_ECAM + (1 << 20))
			MMIO32(at) = guest_random();
	}
	restore(v, bars);
	guest_ok(MMIO32(v->config) == id && virtio_is_well(v),
		 "random values in configuration space");
}

static void test_ports(struct virtio *v)
{
	uint32_t bars[2];

	save(v, bars);
	for (unsigned int i = 0; i < 500; i++) {
		outl(0xcf8, guest_odd_number());
		outl(0xcfc, guest_random());
		inl(0xcfc);
		outw(0xcfc + guest_below(4), guest_random());
		inb(0xcfc + guest_below(4));
		inw(0xcf8 + guest_below(8));
	}
	restore(v, bars);
	guest_ok(virtio_is_well(v), "random values by ports");
}

/* A BAR over another one, over configuration space, over RAM, nowhere. */
static void test_moves(void)
{
	static const uint32_t places[] = {
		0, 0xfffffff0, 0xb0000000, 0xfec00000, 0x1000000, 0xfbfff000,
		0xfc000000, 0xffff0000, 0x80000000,
	};
	uint32_t bars[2], other[2];

	save(&disk, bars);
	save(&rng, other);
	for (unsigned int i = 0; i <= ARRAY_SIZE(places); i++) {
		uint32_t place = i < ARRAY_SIZE(places) ? places[i] : other[0];

		MMIO32(disk.config + PCI_BAR) = place;
		MMIO32(disk.config + PCI_BAR + 4) = place;
		(void)MMIO32(PCI_WINDOW + guest_below(PCI_WINDOW_END - PCI_WINDOW - 8));
		MMIO8(other[0] + STATUS) = 0;
		MMIO64(other[0] + 0xffc) = UINT64_MAX;
		(void)MMIO64(other[0] + 0x3ffc);
	}
	restore(&disk, bars);
	guest_ok(virtio_is_well(&disk) && virtio_is_well(&rng),
		 "BARs over one another");
}

/* MSI-X: vectors that are not there, addresses that are no APIC's. */
static void test_msix(void)
{
	unsigned int cap = pci_capability(rng.config, PCI_CAP_MSIX, 0);
	uint64_t table = MMIO32(rng.config + PCI_BAR + 4) & ~0xfu;

	guest_ok(cap, "there is MSI-X");
	for (unsigned int at = 0; at < 4096 - 8; at += 3) {
		MMIO64(table + at) = guest_odd_number();
		(void)MMIO64(table + at);
		MMIO8(table + at) = guest_random();
	}
	for (unsigned int i = 0; i < 50; i++) {
		MMIO16(rng.config + cap + 2) = guest_random();
		MMIO64(table + 16 * guest_below(2)) = guest_odd_number();
		MMIO64(table + 16 * guest_below(2) + 8) = guest_random();
		virtio_negotiate(&rng, 0);
		virtio_set_queue(&rng, 0, 3, 0, 0, 0);
		virtio_set_status(&rng, READY);	/* which interrupts */
	}
	MMIO16(rng.config + cap + 2) = 0;
	guest_ok(virtio_is_well(&rng), "random MSI-X tables");
}

/* Configuration access to BARs through configuration space. */
static void test_pci_cfg(struct virtio *v)
{
	unsigned int cap = 0;
	uint64_t at;

	while ((cap = pci_capability(v->config, PCI_CAP_VENDOR, cap)))
		if (MMIO8(v->config + cap + 3) == CAP_PCI_CFG)
			break;
	if (!guest_ok(cap, "there is a capability for it (virtio 1.2, 4.1.4.9.1)"))
		return;
	at = v->config + cap;
	MMIO8(at + 4) = 0;
	MMIO32(at + 8) = NUM_QUEUES;
	MMIO32(at + 12) = 2;
	guest_ok(MMIO16(at + 16) == 1, "which reads a register");
	for (unsigned int i = 0; i < 300; i++) {
		MMIO8(at + 4) = guest_below(8) ? guest_below(7) : NO_BAR;
		MMIO32(at + 8) = guest_odd_number();
		MMIO32(at + 12) = guest_below(10);
		(void)MMIO32(at + 16);
		MMIO32(at + 16) = guest_random();
	}
	guest_ok(virtio_is_well(v), "and takes any offset and length");
}

void guest_main(void)
{
	virtio_need(&disk, VIRTIO_BLK, 0);
	virtio_need(&rng, VIRTIO_RNG, 0);
	test_space(&disk);
	test_space(&rng);
	test_ports(&rng);
	test_moves();
	test_msix();
	test_pci_cfg(&rng);
}
