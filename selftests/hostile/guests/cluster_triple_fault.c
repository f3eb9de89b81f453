// SPDX-License-Identifier: GPL-2.0-or-later
/* A CPU of node 1 has a triple fault: node 0 resets the guest on all nodes. */
#include "apic.h"

#define REST_US		300000	/* the runner may end this life meanwhile */

static void run(void)
{
	guest_wait_us(REST_US);
	guest_triple_fault();
}

void guest_main(void)
{
	guest_ok(true, "a triple fault on CPU 1 is next");
	if (guest_ok(apic_start_cpu(1, run), "CPU 1 starts"))
		guest_halt();
}
