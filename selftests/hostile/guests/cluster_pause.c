// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Not hostile: two CPUs on two nodes hand a time to each other while the runner pauses
 * the guest (drive_pauses()). Time never goes back, and no pause is seen.
 */
#include "apic.h"

#define RUN_US		4000000u
#define JUMP_US		2500000u	/* shorter than a pause */

static volatile struct {
	unsigned int turn, rounds, back, jumps;
	uint64_t last, end;
} shared __attribute__((aligned(4096)));

static void take_turns(unsigned int me)
{
	while (shared.turn != 2) {
		uint64_t now;

		if (shared.turn != me)
			continue;
		now = guest_us();
		shared.rounds++;
		shared.back += now < shared.last;
		shared.jumps += now > shared.last + JUMP_US;
		shared.last = now;
		shared.turn = now > shared.end ? 2 : !me;
	}
}

static void run(void)
{
	take_turns(1);
}

void guest_main(void)
{
	shared.turn = 1;
	shared.last = guest_us();
	shared.end = shared.last + RUN_US;
	if (!guest_ok(apic_start_cpu(1, run), "CPU 1 starts"))
		return;
	guest_say("turns");
	take_turns(0);
	guest_ok(!shared.back, "time goes back %u times in %u rounds", shared.back,
		 shared.rounds);
	guest_ok(!shared.jumps, "time jumps %u times", shared.jumps);
}
