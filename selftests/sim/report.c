// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a run tells when it fails, and what it remembers for that.
 */
#include <unistd.h>

#include "link.h"
#include "oracle.h"
#include "tasks.h"
#include "trace.h"
#include "work.h"

#define NOTES	4096
#define SHOWN	60

/* The last ones, in a ring. */
static struct note {
	u64 step, now, index;
	char text[112];
} notes[NOTES];
static u64 nr_notes;

static void note(u64 index, const char *fmt, va_list args)
{
	struct note *n = &notes[nr_notes++ % NOTES];

	*n = (struct note){ .step = sim_steps, .now = sim_now, .index = index };
	vsnprintf(n->text, sizeof(n->text), fmt, args);
}

/* Formatting takes longer than the step: only when a failure is run again. */
void sim_note(u64 index, const char *fmt, ...)
{
	va_list args;

	if (!sim.verbose)
		return;
	va_start(args, fmt);
	note(index, fmt, args);
	va_end(args);
}

void sim_print(const char *fmt, ...)
{
	va_list args;

	if (!sim.verbose)
		return;
	va_start(args, fmt);
	note(SIM_NO_PAGE, fmt, args);
	va_end(args);
}

static void show_notes(u64 index)
{
	u64 first = nr_notes > NOTES ? nr_notes - NOTES : 0, i;
	u32 left = SHOWN;

	for (i = nr_notes; i > first && left; i--)
		left -= notes[(i - 1) % NOTES].index == index ||
			notes[(i - 1) % NOTES].index == SIM_NO_PAGE ||
			index == SIM_NO_PAGE;
	for (; i < nr_notes; i++) {
		const struct note *n = &notes[i % NOTES];

		if (n->index != index && n->index != SIM_NO_PAGE &&
		    index != SIM_NO_PAGE)
			continue;
		printf("#   %8llu %10.3f us  ", n->step,
		       (n->now - NSEC_PER_SEC) / 1000.0);
		if (n->index != SIM_NO_PAGE && n->index != index)
			printf("page %llu: ", n->index);
		printf("%s%s", n->text, strchr(n->text, '\n') ? "" : "\n");
	}
}

void sim_fail(u64 index, const char *fmt, ...)
{
	va_list args;

	printf("# seed %llu, step %llu: ", sim.seed,
	       sim_steps);
	if (index != SIM_NO_PAGE)
		printf("page %llu: ", index);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	if (sim.verbose) {
		sim_show_config();
		printf("# what happened last:\n");
		show_notes(index);
		if (index != SIM_NO_PAGE) {
			printf("# who has it:\n");
			oracle_show(index);
		}
		printf("# tasks, work and messages:\n");
		tasks_show();
		works_show();
		links_show();
	}
	fflush(stdout);
	_exit(1);
}

/* ---- tracepoints that are only remembered ---- */

void sim_ssi_message(u32 node, const struct ssi_msg *msg)
{
	sim_note(msg->index, "node %u: got %s from %u, requester %u, token %u",
		 node, ssi_wire_type_name(msg->type), msg->src, msg->requester,
		 msg->token);
}

void sim_ssi_message_stale(u32 node, const struct ssi_msg *msg)
{
	sim_note(msg->index, "node %u: dropped %s from %u for life %#x", node,
		 ssi_wire_type_name(msg->type), msg->src, msg->life);
}

void sim_ssi_message_sent(u32 node, const struct ssi_msg *msg)
{
	sim_note(msg->index, "node %u: sent %s to %u, arg %llu, token %u", node,
		 ssi_wire_type_name(msg->type), msg->dst,
		 msg->arg, msg->token);
}

void sim_ssi_fault_enter(u32 node, u32 region, u64 index, u32 flags)
{
	(void)region;
	sim_note(index, "node %u: fault, flags %#x", node, flags);
}

void sim_ssi_fault_leave(u32 node, u32 region, u64 index, u32 flags)
{
	(void)region;
	sim_note(index, "node %u: fault ends with %#x", node, flags);
}

void sim_ssi_shrink(u32 node, u32 region, u64 to_scan, u64 scanned, u64 zapped,
		    u64 dropped, u64 offered)
{
	(void)region;
	sim_need(scanned <= to_scan && zapped <= scanned &&
		 dropped + offered <= scanned,
		 "node %u: the shrinker may scan %llu pages; it scanned %llu, zapped %llu, dropped %llu and offered %llu",
		 node, to_scan, scanned, zapped, dropped, offered);
}

void sim_ssi_verdict(u32 node, u64 index, u32 requester, u32 verdict,
		     u64 window, const struct ssi_contest *contest)
{
	sim_note(index, "node %u: for %u the verdict is %s, window %llu, ours %lld theirs %lld",
		 node, requester, ssi_verdict_name(verdict),
		 window, contest->our_age,
		 contest->their_age);
}

void sim_ssi_home(u32 node, u32 region, u64 index, u32 home, u32 version)
{
	(void)region;
	sim_note(index, "node %u: the home is node %u, version %u", node, home,
		 version);
}
