// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checkpoints of the running guest: each node's ssi-vmm is asked for one.
 *
 * If one node refuses, those that were asked give up by themselves after some seconds, as
 * not all are ready (vmm/checkpoint.c).
 */
#include "checkpoint.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "caller.h"
#include "control.h"
#include "plan.h"
#include "remote.h"

#define DIR_MAX		1024
#define PATH_MAX_LEN	(3 * DIR_MAX + 64)

static int read_dir(const struct request *request, const char **dir,
		    struct failure *failure)
{
	*dir = request->query(request->of, "dir");
	if (*dir && **dir == '/' && strlen(*dir) < DIR_MAX)
		return 0;
	return rest_fail(failure, 400, "bad_dir", "\"dir\", the path of the checkpoint's folder, is missing, does not begin with a slash, or is longer than 1023 bytes");
}

/* As it must be in a query. */
static void print_path(char path[PATH_MAX_LEN], const char *begin, const char *dir)
{
	char *to = path + snprintf(path, PATH_MAX_LEN - 3 * DIR_MAX, "%s?dir=", begin);

	for (; *dir; dir++)
		to += isalnum((unsigned char)*dir) || *dir == '-' || *dir == '_' ||
		      *dir == '.' ? sprintf(to, "%c", *dir) :
				    sprintf(to, "%%%02X", (unsigned char)*dir);
	*to = '\0';
}

static int ask_node(const json_t *node, const char *dir, struct failure *failure)
{
	char path[PATH_MAX_LEN], begin[40];
	json_t *body;

	if (plan_is_here(node)) {
		print_path(path, "checkpoint", dir);
		body = control_call(plan_node_id(node), "POST", path, failure);
	} else {
		snprintf(begin, sizeof(begin), "/nodes/%u/checkpoint",
			 plan_node_id(node));
		print_path(path, begin, dir);
		body = remote_call(node, "POST", path, NULL, failure);
	}
	json_decref(body);
	return body ? 0 : -1;
}

int checkpoint_post(const struct request *request, uint64_t number,
		    struct answer *answer, struct failure *failure)
{
	json_t *plan, *node;
	const char *dir;
	int ret = 0;
	size_t i;

	(void)number;
	if (read_dir(request, &dir, failure))
		return -1;
	plan = plan_get();
	if (!plan)
		return rest_fail(failure, 404, "no_cluster", "This host is part of no cluster");
	json_array_foreach(json_object_get(plan, "nodes"), i, node) {
		ret = ask_node(node, dir, failure);
		if (ret)
			break;
	}
	json_decref(plan);
	if (!ret)
		rest_answer(answer, 202, json_object());
	return ret;
}

int checkpoint_post_node(const struct request *request, uint64_t number,
			 struct answer *answer, struct failure *failure)
{
	json_t *plan = plan_get(), *node = plan_node(plan, number);
	const char *dir;
	int ret = -1;

	if (!node || !plan_is_here(node))
		rest_fail(failure, 409, "wrong_host", "Node %u is not on this host",
			  (unsigned int)number);
	else if (!read_dir(request, &dir, failure))
		ret = ask_node(node, dir, failure);
	json_decref(plan);
	if (!ret)
		rest_answer(answer, 202, json_object());
	return ret;
}

int checkpoint_get(const struct request *request, uint64_t number,
		   struct answer *answer, struct failure *failure)
{
	json_t *view = control_checkpoint(caller_is_admin(request->caller),
					  failure);

	(void)number;
	if (!view)
		return -1;
	rest_answer(answer, 200, view);
	return 0;
}
