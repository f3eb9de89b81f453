// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The checkpoint that the keeper has ordered, and what became of it.
 *
 * What the guest's process says about a failure is text of an attacker.
 */
#include "checkpoint_job.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "pass.h"

static struct {
	enum { NONE, RUNNING, COMPLETE, FAILED } state;
	char path[1024];
	char why[256];
} job;

static json_t *describe(void)
{
	static const char *const words[] = { "none", "running", "complete", "failed" };
	json_t *view = json_pack("{s:s, s:s}", "event", "checkpoint", "state",
				 words[job.state]);

	/* jansson takes UTF-8 only */
	if (job.state != NONE && json_object_set_new(view, "dir", json_string(job.path)))
		json_object_set_new(view, "dir", json_string("?"));
	if (job.state == FAILED)
		json_object_set_new(view, "message", json_string(job.why));
	return view;
}

void checkpoint_job_print(FILE *to)
{
	json_t *view = describe();

	json_dumpf(view, to, JSON_COMPACT);
	json_decref(view);
}

static void change_state(int state)
{
	char *text = NULL;
	json_t *view;

	job.state = state;
	view = describe();
	text = json_dumps(view, JSON_COMPACT);
	if (text)
		control_event("%s", text);
	free(text);
	json_decref(view);
}

bool checkpoint_job_begin(const char *path, unsigned int node, int orders,
			  char why[FOLDER_WHY_MAX])
{
	const struct order order = { .type = ORDER_CHECKPOINT };
	int fds[CHECKPOINT_FILES];
	bool sent;

	if (checkpoint_folder_is_open()) {
		snprintf(why, FOLDER_WHY_MAX, "Another checkpoint is being made.");
		return false;
	}
	if (!checkpoint_folder_open(path, node, fds, why))
		return false;
	sent = pass_order(orders, &order, fds);
	pass_close(fds);
	if (!sent) {
		checkpoint_folder_end(false);
		snprintf(why, FOLDER_WHY_MAX, "The guest does not take orders now.");
		return false;
	}
	snprintf(job.path, sizeof(job.path), "%s", path);
	change_state(RUNNING);
	return true;
}

/* As the end of a sentence, in a text of JSON. */
static void keep_reason(const char *why)
{
	snprintf(job.why, sizeof(job.why), "%s", why);
	for (char *c = job.why; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

int checkpoint_job_end(bool complete, const char *why)
{
	int err = checkpoint_folder_end(complete);

	keep_reason(err ? strerror(-err) : why);
	change_state(complete && !err ? COMPLETE : FAILED);
	return err;
}
