// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A CPU of another node accesses a device across the end of a page: KVM splits
 * that into pieces of any length.
 */
#include "apic.h"
#include "virtio.h"

static struct virtio v;
static volatile uint32_t there[8];
static volatile bool done;

static void cross(volatile uint32_t *results)
{
	uint64_t end = v.common + 4096;

	for (unsigned int i = 1; i < 8; i++) {
		MMIO64(end - i) = 0;
		results[i] = MMIO64(end - i) ^ MMIO32(end - i % 4);
	}
}

static void run(void)
{
	cross(there);
	done = true;
}

void guest_main(void)
{
	uint64_t end = guest_us() + 20000000;
	volatile uint32_t here[8] = { 0 };
	bool equal = true;

	virtio_need(&v, VIRTIO_RNG, 0);
	cross(here);
	if (!guest_ok(apic_start_cpu(1, run), "CPU 1 starts"))
		return;
	while (!done && guest_us() < end)
		guest_wait_us(1000);
	for (unsigned int i = 1; i < 8; i++)
		equal = equal && here[i] == there[i];
	guest_ok(done && equal, "accesses across pages are the same from node 1");
	guest_ok(virtio_is_well(&v), "and the device is well");
}
