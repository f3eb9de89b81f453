// SPDX-License-Identifier: GPL-2.0-or-later
/* Not hostile: each node has a CPU that runs, and memory is the same to all. */
#include "apic.h"

static volatile unsigned int count;

static void run(void)
{
	count++;
}

void guest_main(void)
{
	for (unsigned int id = 1; id < guest_number("nodes=", 2); id++)
		if (!guest_ok(apic_start_cpu(id, run), "CPU %u starts", id))
			return;
	guest_wait_us(100000);
	guest_ok(count == guest_number("nodes=", 2) - 1, "and has counted");
}
