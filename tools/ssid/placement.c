// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Placement: the planner's thread, and what it has decided.
 *
 * ssid of the first node of the cluster's file leads; the others only answer its
 * questions. The thread runs everywhere, and does nothing where it does not lead or where
 * the mode is off.
 */
#include "placement.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/ssi_dsm_genl.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "../../acpi/layout.h"
#include "../../lib/genl.h"
#include "../../lib/member.h"
#include "../../vmm/dsm.h"
#include "child.h"
#include "control.h"
#include "events.h"
#include "guest.h"
#include "plan.h"
#include "remote.h"
#include "sample.h"
#include "say.h"
#include "settings.h"

#define PERIOD_S	2
#define BLOCK_SHIFT	21
#define LAST_MAX	32	/* decisions that are kept for users */
#define LOG_MAX		(16 << 20)
#define PATH_LEN	512

enum mode { OFF, ADVISE, ON, MODES };

static const char *const modes[MODES] = { "off", "advise", "on" };

/* Only the planner's thread uses it. */
static struct {
	struct planner *planner;
	struct sample *sample;
	FILE *log;
	char *cluster;
} placement_work;

/* Protects placement. */
static pthread_mutex_t placement_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
	enum mode mode;
	enum mode file;		/* what the cluster's file said last */
	unsigned long long periods, decided[PLANNER_KINDS], done, failed;
	char error[REST_WHY_MAX];
	json_t *last;
} placement;

static enum mode mode_of(const char *text)
{
	int mode = OFF;

	while (mode < MODES && strcmp(modes[mode], text))
		mode++;
	return mode;
}

static const json_t *leader_of(const json_t *plan)
{
	return json_array_get(json_object_get(plan, "nodes"), 0);
}

/* The file's mode counts from when it changes on. */
static enum mode current_mode(const json_t *plan)
{
	enum mode file = mode_of(member_text(plan, "placement")), mode;

	pthread_mutex_lock(&placement_mutex);
	file = file == MODES ? OFF : file;
	if (file != placement.file)
		placement.mode = placement.file = file;
	mode = placement.mode;
	pthread_mutex_unlock(&placement_mutex);
	return mode;
}

static void tell_error(const char *why)
{
	pthread_mutex_lock(&placement_mutex);
	snprintf(placement.error, sizeof(placement.error), "%s", why);
	pthread_mutex_unlock(&placement_mutex);
}

/* ---- the log ---- */

static void write_line(json_t *line)
{
	if (placement_work.log) {
		json_dumpf(line, placement_work.log, JSON_COMPACT);
		fputc('\n', placement_work.log);
		fflush(placement_work.log);
	}
	json_decref(line);
}

static void open_log(bool anew)
{
	char path[PATH_LEN], old[PATH_LEN + 8];

	snprintf(path, sizeof(path), "%s/placement.log", settings.state);
	snprintf(old, sizeof(old), "%s.old", path);
	if (anew)
		rename(path, old);
	placement_work.log = fopen(path, "ae");
	if (!placement_work.log)
		say("The log %s cannot be written: %s.", path, strerror(errno));
	write_line(placement_log_head(placement_work.cluster, &planner_rules));
}

/* The planner's memory is not in a new file: a replay begins anew there, and so does it. */
static bool is_full(void)
{
	struct stat st;

	return placement_work.log && !fstat(fileno(placement_work.log), &st) &&
	       st.st_size > LOG_MAX;
}

static void log_period(const struct placement_record *record,
		       const struct planner_decision *decisions, int count)
{
	json_t *line = placement_log_snapshot(&record->snapshot);
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	json_object_set_new(line, "time", json_real((double)now.tv_sec +
						    (double)now.tv_nsec / 1e9));
	json_object_set_new(line, "decisions",
			    placement_log_decisions(decisions, count));
	write_line(line);
}

/* ---- carrying out ---- */

static int put_hold(struct nl_msg *msg, const json_t *plan, unsigned int id, uint64_t us)
{
	return !msg ||
	       nla_put_string(msg, SSI_DSM_A_CLUSTER, member_text(plan, "cluster")) ||
	       nla_put_u32(msg, SSI_DSM_A_NODE_ID, id) ||
	       nla_put_u32(msg, SSI_DSM_A_REGION_ID, DSM_REGION) ||
	       genl_put_policy(msg, SSI_DSM_POLICY_HOLD, us ? us : SSI_DSM_POLICY_AUTO);
}

int placement_hold(unsigned int id, uint64_t us, struct failure *failure)
{
	struct nl_msg *msg = genl_request(SSI_DSM_CMD_POLICY_SET);
	struct genl genl = { 0 };
	json_t *plan = plan_get();
	int ret = 0;

	if (!plan || !guest_runs(id))
		ret = rest_fail(failure, 409, "not_running", "Node %u does not run on this host",
				id);
	else if (put_hold(msg, plan, id, us))
		ret = rest_fail(failure, 500, "host", "The host has no memory for a netlink message");
	else if (genl_open(&genl) || genl_call(&genl, msg, NULL, NULL))
		ret = rest_fail(failure, 409, "policy_refused", "The module does not take the hold window of node %u: %s",
				id, genl.error);
	genl_close(&genl);
	nlmsg_free(msg);
	json_decref(plan);
	return ret;
}

static int hold(const json_t *plan, const struct planner_decision *decision,
		struct failure *failure)
{
	const json_t *node = plan_node(plan, decision->object);
	char path[64];
	json_t *answer;

	if (node && plan_is_here(node))
		return placement_hold(decision->object, decision->to, failure);
	if (!node)
		return rest_fail(failure, 404, "no_node", "The cluster has no node %u",
				 (unsigned int)decision->object);
	snprintf(path, sizeof(path), "/nodes/%u/hold?us=%u",
		 (unsigned int)decision->object, decision->to);
	answer = remote_call(node, "POST", path, NULL, failure);
	json_decref(answer);
	return answer ? 0 : -1;
}

/* The node that leads runs on this host, and its ssi-vmm moves CPUs of all nodes. */
static int move_cpu(const struct planner_decision *decision, struct failure *failure)
{
	char order[64];

	snprintf(order, sizeof(order), "move/%u/%u", (unsigned int)decision->object,
		 decision->to);
	return control_order(order, false, failure);
}

/* ssictl repeats orders that get lost, and waits until the home has moved. */
static int move_home(const json_t *plan, const struct planner_decision *decision,
		     struct failure *failure)
{
	char address[32], to[16], node[16], region[16], output[CHILD_OUTPUT_MAX];
	const char *const argv[] = {
		"ssictl", "home", "move", address, "to", to,
		"cluster", member_text(plan, "cluster"), "node", node,
		"region", region, NULL,
	};

	snprintf(address, sizeof(address), "0x%" PRIx64,
		 ssi_layout_address(decision->object << BLOCK_SHIFT));
	snprintf(to, sizeof(to), "%u", decision->to);
	snprintf(node, sizeof(node), "%u", plan_node_id(leader_of(plan)));
	snprintf(region, sizeof(region), "%d", DSM_REGION);
	if (!child_run(argv, output))
		return 0;
	return rest_fail(failure, 500, "home_refused", "The home of block %" PRIu64 " cannot move: %s",
			 decision->object, output);
}

static int act(const json_t *plan, const struct planner_decision *decision,
	       struct failure *failure)
{
	switch (decision->kind) {
	case PLANNER_HOLD:
		return hold(plan, decision, failure);
	case PLANNER_MOVE_CPU:
		return move_cpu(decision, failure);
	case PLANNER_MOVE_HOME:
		return move_home(plan, decision, failure);
	default:
		return rest_fail(failure, 501, "not_possible", "This version only advises to %s",
				 planner_kind_name(decision->kind));
	}
}

/* ---- a period ---- */

static void keep(json_t *decision)
{
	pthread_mutex_lock(&placement_mutex);
	if (!placement.last)
		placement.last = json_array();
	json_array_append(placement.last, decision);
	if (json_array_size(placement.last) > LAST_MAX)
		json_array_remove(placement.last, 0);
	pthread_mutex_unlock(&placement_mutex);
	events_add("placement", json_deep_copy(decision));
}

static void count_decision(const struct planner_decision *decision, bool acts, int ret)
{
	pthread_mutex_lock(&placement_mutex);
	placement.decided[decision->kind]++;
	placement.done += acts && !ret;
	placement.failed += acts && ret;
	pthread_mutex_unlock(&placement_mutex);
}

static void take_decision(const json_t *plan, enum mode mode,
			  const struct planner_decision *decision)
{
	bool acts = mode == ON && decision->kind != PLANNER_NOTHING;
	json_t *list = placement_log_decisions(decision, 1);
	json_t *object = json_array_get(list, 0);
	struct failure failure;
	struct timespec now;
	int ret = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	json_object_set_new(object, "time", json_real((double)now.tv_sec +
						      (double)now.tv_nsec / 1e9));
	if (acts)
		ret = act(plan, decision, &failure);
	json_object_set_new(object, "done", json_boolean(acts && !ret));
	if (ret)
		json_object_set_new(object, "error", json_string(failure.why));
	count_decision(decision, acts, ret);
	keep(object);
	json_decref(list);
}

static void run_period(const json_t *plan, enum mode mode)
{
	const struct planner_decision *decisions;
	struct placement_record *record;
	struct failure failure;
	int count;

	record = sample_take(placement_work.sample, plan, &failure);
	tell_error(record ? "" : failure.why);
	if (!record)
		return;
	count = planner_step(placement_work.planner, &record->snapshot, &decisions);
	log_period(record, decisions, count > 0 ? count : 0);
	placement_record_free(record);
	for (int i = 0; i < count; i++)
		take_decision(plan, mode, &decisions[i]);
	pthread_mutex_lock(&placement_mutex);
	placement.periods++;
	pthread_mutex_unlock(&placement_mutex);
	if (count < 0)
		tell_error("The host has no memory for the planner");
}

/* ---- the thread ---- */

static void forget(void)
{
	planner_free(placement_work.planner);
	sample_free(placement_work.sample);
	if (placement_work.log)
		fclose(placement_work.log);
	free(placement_work.cluster);
	memset(&placement_work, 0, sizeof(placement_work));
}

static bool prepare(const json_t *plan)
{
	const char *cluster = member_text(plan, "cluster");
	bool full = is_full();

	if (placement_work.planner && !full && !strcmp(cluster, placement_work.cluster))
		return true;
	forget();
	placement_work.cluster = strdup(cluster);
	placement_work.planner = planner_new(&planner_rules);
	placement_work.sample = sample_new();
	if (placement_work.cluster && placement_work.planner && placement_work.sample) {
		open_log(full);
		return true;
	}
	forget();
	tell_error("The host has no memory for the planner");
	return false;
}

static void *run(void *unused)
{
	for (;;) {
		json_t *plan = plan_get();
		const json_t *leader = leader_of(plan);
		bool leads = leader && plan_is_here(leader) &&
			     guest_runs(plan_node_id(leader));
		enum mode mode = plan ? current_mode(plan) : OFF;

		if (!leads || mode == OFF)
			forget();
		else if (prepare(plan))
			run_period(plan, mode);
		json_decref(plan);
		sleep(PERIOD_S);
	}
	return unused;
}

void placement_start(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, NULL))
		say_and_end("The host gives no thread.");
	pthread_detach(thread);
}

/* ---- for users ---- */

static json_t *view_here(const json_t *plan)
{
	json_t *decided = json_object(), *view;

	current_mode(plan);
	pthread_mutex_lock(&placement_mutex);
	for (int k = 0; k < PLANNER_KINDS; k++)
		json_object_set_new(decided, planner_kind_name(k),
				    json_integer(placement.decided[k]));
	view = json_pack("{s:s, s:i, s:I, s:o, s:I, s:I}",
			 "mode", modes[placement.mode],
			 "leader", (int)plan_node_id(leader_of(plan)),
			 "periods", (json_int_t)placement.periods,
			 "decided", decided,
			 "done", (json_int_t)placement.done,
			 "failed", (json_int_t)placement.failed);
	if (placement.error[0])
		json_object_set_new(view, "error", json_string(placement.error));
	json_object_set_new(view, "last", placement.last ?
			    json_deep_copy(placement.last) : json_array());
	pthread_mutex_unlock(&placement_mutex);
	return view;
}

/* Return: whether this host leads; otherwise, @answer is what the leader says. */
static bool leads(const json_t *plan, const char *method, const char *path, bool further,
		  json_t **answer, struct failure *failure)
{
	const json_t *leader = leader_of(plan);

	*answer = NULL;
	if (!leader)
		rest_fail(failure, 404, "no_cluster", "This host is part of no cluster");
	else if (plan_is_here(leader))
		return true;
	else if (further)
		*answer = remote_call(leader, method, path, NULL, failure);
	else
		rest_fail(failure, 409, "wrong_host", "Node %u leads the placement, on another host",
			  plan_node_id(leader));
	return false;
}

json_t *placement_view(bool further, struct failure *failure)
{
	json_t *plan = plan_get(), *view;

	if (leads(plan, "GET", "/placement", further, &view, failure))
		view = view_here(plan);
	json_decref(plan);
	return view;
}

int placement_set(const char *mode, bool further, struct failure *failure)
{
	json_t *plan = plan_get(), *answer;
	char path[64];
	int ret = 0;

	if (mode_of(mode) == MODES) {
		json_decref(plan);
		return rest_fail(failure, 400, "bad_mode", "The mode of the placement is none of off, advise and on");
	}
	snprintf(path, sizeof(path), "/placement?mode=%s", mode);
	if (leads(plan, "POST", path, further, &answer, failure)) {
		current_mode(plan);
		pthread_mutex_lock(&placement_mutex);
		placement.mode = mode_of(mode);
		pthread_mutex_unlock(&placement_mutex);
	} else {
		ret = answer ? 0 : -1;
	}
	json_decref(answer);
	json_decref(plan);
	return ret;
}
