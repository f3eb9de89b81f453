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
	if (!again)
		return;
	life.resets++;
	control_event("{\"event\":\"reset\",\"resets\":%u}", life.resets);
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
	control_event("{\"event\":\"exit\",\"code\":%d,\"cause\":\"%s\"}", code,
		      exit_word(code));
}
