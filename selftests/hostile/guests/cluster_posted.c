// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A CPU of node 1 writes to PCI memory of node 0 as fast as it can, also while node
 * 0's ssi-vmm does not run: it has to wait then, and nothing may be lost.
 */
#include "apic.h"

#define PCI_MEMORY	0xc0000000
#define WRITES		12000u	/* more than a channel keeps */

static volatile unsigned int written;

static void run(void)
{
	while (written < WRITES) {
		MMIO32(PCI_MEMORY) = written;
		written++;
	}
}

void guest_main(void)
{
	uint64_t end;

	if (!guest_ok(apic_start_cpu(1, run), "CPU 1 starts"))
		return;
	guest_say("writing");
	end = guest_us() + 50000000;
	while (written < WRITES && guest_us() < end)
		guest_wait_us(10000);
	guest_ok(written == WRITES, "%u writes have ended", written);
}
