// SPDX-License-Identifier: GPL-2.0-or-later
/* Accesses to memory that is none: of every size, across pages and devices. */
#include "pci.h"
#include "virtio.h"

#define CR4_OSFXSR	(1u << 9)

/* Where something begins or ends. */
static const uint64_t edges[] = {
	0x4000000,		/* RAM ends */
	0xb0000000,		/* configuration space */
	0xc0000000,		/* PCI window */
	0xfc000000,		/* and its end */
	0xfec00000,		/* IOAPIC */
	0xfec00100,
	0xfed00000,
	0xffff0000,		/* firmware would be here */
};

static void touch(uint64_t at, uint64_t value)
{
	MMIO8(at) = value;
	MMIO16(at) = value;
	MMIO32(at) = value;
	MMIO64(at) = value;
	(void)MMIO8(at);
	(void)MMIO16(at);
	(void)MMIO32(at);
	(void)MMIO64(at);
}

static void test_edges(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(edges); i++)
		for (int at = -9; at <= 9; at++)
			touch(edges[i] + at, guest_odd_number());
	guest_ok(true, "across %u edges", (unsigned int)ARRAY_SIZE(edges));
}

/* 16 bytes at once, which are two exits, or four across pages. */
static void test_wide(uint64_t at)
{
	uint64_t cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r" (cr4));
	__asm__ volatile("mov %0, %%cr4" : : "r" (cr4 | CR4_OSFXSR));
	for (unsigned int i = 0; i < 20; i++) {
		__asm__ volatile("movdqu (%0), %%xmm0" : : "r" (at + i) : "memory");
		__asm__ volatile("movdqu %%xmm0, (%0)" : : "r" (at + i) : "memory");
	}
	guest_ok(true, "16 bytes at %lx", (unsigned long)at);
}

/* Strings from a device to itself, to RAM, and over its end. */
static void test_strings(uint64_t at)
{
	static unsigned char copy[8192];
	uint64_t from = at, to = (uintptr_t)copy, count = sizeof(copy);

	__asm__ volatile("rep movsb" : "+S" (from), "+D" (to), "+c" (count) : :
			 "memory");
	from = at + 4000;
	to = at + 4090;
	count = 200;
	__asm__ volatile("rep movsb" : "+S" (from), "+D" (to), "+c" (count) : :
			 "memory");
	guest_ok(true, "strings at %lx", (unsigned long)at);
}

void guest_main(void)
{
	struct virtio v;

	virtio_need(&v, VIRTIO_RNG, 0);
	test_edges();
	test_wide(v.common);
	test_wide(v.common + 4096 - 10);
	test_wide(0xd0000000);
	test_strings(v.common);
	test_strings(PCI_ECAM);
	guest_ok(virtio_is_well(&v), "the device is well");
}
