// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the keeper knows of the guest, and tells other programs (control.c).
 */
#include "life.h"

#include "control.h"
#include "counts.h"
#include "deadline.h"
#include "exit_word.h"

static struct {
	const struct options *options;
	const struct resets_history *history;
	enum { STARTING, RUNNING, PAUSED } state;
	time_t begun_s;		/* the guest's process */
	unsigned int resets;
} life;

static const char *state_word(void)
{
	static const char *const words[] = { "starting", "running", "paused" };

	return words[life.state];
}

/* The name of the cluster as JSON: it has no control characters. */
static void escape(const char *name, char *text)
{
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			*text++ = '\\';
		*text++ = *name;
	}
	*text = '\0';
}

void life_print_state(FILE *to)
{
	const struct options *options = life.options;
	char name[2 * SSI_DSM_CLUSTER_LEN] = "";

	if (options->cluster)
		escape(options->cluster, name);
	fprintf(to, "{\"event\":\"state\",\"cluster\":\"%s\",\"node\":%u,\"nodes\":%u,\"state\":\"%s\",\"resets\":%u,\"quick_resets\":%u}",
		name, options->self, options->num_nodes, state_word(),
		life.resets, life.history->quick);
}

void life_print_statistics(FILE *to)
{
	fprintf(to, "{\"node\":%u,\"up_s\":%lld,\"resets\":%u,\"cpus\":",
		life.options->self,
		(long long)(deadline_seconds() - life.begun_s), life.resets);
	counts_print(to);
	fputc('}', to);
}

void life_init(const struct options *options,
	       const struct resets_history *history)
{
	life.options = options;
	life.history = history;
	counts_create();
}

void life_begin(bool again)
{
	counts_clear();
	life.state = STARTING;
	life.begun_s = deadline_seconds();
	control_move_result(503, "The guest has begun again before the CPU has moved.");
	if (!again)
		return;
	life.resets++;
	control_event("{\"event\":\"reset\",\"resets\":%u}", life.resets);
}

void life_moved(unsigned int cpu, unsigned int from, unsigned int node, uint64_t ns)
{
	control_event("{\"event\":\"cpu-moved\",\"cpu\":%u,\"from\":%u,\"node\":%u,\"ns\":%llu}",
		      cpu, from, node, (unsigned long long)ns);
}

void life_move_result(uint32_t cpu, uint32_t node, uint32_t result, uint64_t ns)
{
	unsigned int nodes = life.options->num_nodes;

	switch (result) {
	case MOVE_DONE:
		control_move_result(200, "{\"cpu\":%u,\"node\":%u,\"ns\":%llu}",
				    cpu, node, (unsigned long long)ns);
		break;
	case MOVE_NO_CPU:
		control_move_result(404, "The guest has no CPU %u.", cpu);
		break;
	case MOVE_NO_NODE:
		control_move_result(404, "There is no node %u; the guest has %u.",
				    node, nodes);
		break;
	case MOVE_IS_THERE:
		control_move_result(409, "CPU %u is on node %u already.", cpu, node);
		break;
	case MOVE_PARKED:
		control_move_result(409, "CPU %u does not run: the guest has not started it, or has taken it offline.",
				    cpu);
		break;
	case MOVE_BUSY:
		control_move_result(409, "Another CPU moves; try again.");
		break;
	case MOVE_PAUSED:
		control_move_result(409, "The guest is paused; resume it first.");
		break;
	case MOVE_STARTING:
		control_move_result(409, "The guest does not run yet.");
		break;
	case MOVE_IN_INTERRUPT:
		control_move_result(503, "CPU %u did not come out of its interrupts in time; try again.",
				    cpu);
		break;
	case MOVE_NOT_YET:
		control_move_result(409, "CPUs do not move yet: a guest has crashed after some hundred moves. To look for the cause, start ssi-vmm of node 0 with SSI_CPU_MOVES=1 in its environment.");
		break;
	default:
		control_move_result(409, "KVM of node %u does not take the state of CPU %u; the log of ssi-vmm there says why.",
				    node, cpu);
	}
}

void life_set(bool paused)
{
	life.state = paused ? PAUSED : RUNNING;
	control_event("{\"event\":\"state\",\"state\":\"%s\"}", state_word());
}

bool life_runs(void)
{
	return life.state != STARTING;
}

void life_end(int code)
{
	control_move_result(503, "The guest has ended before the CPU has moved.");
	control_event("{\"event\":\"exit\",\"code\":%d,\"cause\":\"%s\"}", code,
		      exit_word(code));
}
