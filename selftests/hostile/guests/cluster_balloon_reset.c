// SPDX-License-Identifier: GPL-2.0-or-later
/* A CPU of another node resets the balloon while a report is under way. */
#include "apic.h"
#include "virtio.h"

#define F_REPORTING	(1u << 5)
#define REPORTS		2
#define BLOCKS		64
#define BLOCK		0x10000u
#define ROUNDS		12

static struct virtio v;
static struct ring rings[3];
static unsigned char memory[BLOCKS * BLOCK] __attribute__((aligned(4096)));
static volatile unsigned int asked, done;

static void run(void)
{
	while (done < ROUNDS) {
		while (asked == done)
			__asm__ volatile("pause");
		guest_wait_us(100 * asked);
		virtio_set_status(&v, 0);
		done++;
	}
}

static void report(void)
{
	virtio_negotiate(&v, F_REPORTING);
	for (unsigned int i = 0; i < ARRAY_SIZE(rings); i++)
		virtio_use_ring(&v, i, &rings[i], 256);
	for (unsigned int i = 0; i < BLOCKS; i++)
		ring_describe(&rings[REPORTS], i, memory + i * BLOCK, BLOCK,
			      DESC_WRITE | (i < BLOCKS - 1 ? DESC_NEXT : 0));
	virtio_set_status(&v, READY);
	ring_offer(&rings[REPORTS], 0);
	virtio_notify(&v, REPORTS);
}

void guest_main(void)
{
	virtio_need(&v, VIRTIO_BALLOON, 0);
	if (!guest_ok(apic_start_cpu(1, run), "CPU 1 starts"))
		return;
	for (unsigned int round = 1; round <= ROUNDS; round++) {
		uint64_t end = guest_us() + 10000000;

		report();
		asked = round;
		while (done < round && guest_us() < end)
			guest_wait_us(1000);
		if (!guest_ok(done == round, "reset %u ends", round))
			return;
	}
	guest_ok(virtio_is_well(&v), "the balloon is well");
}
