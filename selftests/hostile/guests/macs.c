// SPDX-License-Identifier: GPL-2.0-or-later
/* Each network card has an address of its own, that is no group's. */
#include "virtio.h"

#define CARDS	8

static uint64_t mac_of(struct virtio *v)
{
	uint64_t mac = 0;

	for (unsigned int i = 0; i < 6; i++)
		mac = mac << 8 | MMIO8(v->device + i);
	return mac;
}

void guest_main(void)
{
	uint64_t macs[CARDS];
	struct virtio v;
	unsigned int count;

	for (count = 0; count < CARDS && virtio_find(&v, VIRTIO_NET, count); count++) {
		bool differs = true;

		macs[count] = mac_of(&v);
		for (unsigned int i = 0; i < count; i++)
			differs = differs && macs[i] != macs[count];
		guest_ok(differs && macs[count] >> 40 == 2, "card %u is %lx",
			 count, (unsigned long)macs[count]);
	}
	guest_ok(count == CARDS, "there are %u cards", count);
}
