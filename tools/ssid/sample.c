// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A period of the whole guest for the planner, from what all nodes have counted.
 *
 * A node tells counts that fade. What is new of them is what they have more than the last
 * ones would have by now.
 */
#include "sample.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../lib/member.h"
#include "plan.h"
#include "remote.h"
#include "touches.h"

#define CLOCK_MASK	0xffff
#define FADED		96	/* ticks after which nothing is left of a count */

/**
 * struct sample - what the nodes have told last
 * @parts: by node, see touches_view(); NULL: nothing
 * @at: when, in s of the monotonic clock
 */
struct sample {
	json_t *parts[PLANNER_NODES];
	double at[PLANNER_NODES];
};

struct sample *sample_new(void)
{
	return calloc(1, sizeof(struct sample));
}

void sample_free(struct sample *sample)
{
	for (int n = 0; sample && n < PLANNER_NODES; n++)
		json_decref(sample->parts[n]);
	free(sample);
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- asking ---- */

/* A question to a node, in a thread of its own if it is on another host. */
struct question {
	const json_t *node;
	json_t *part;
	double at;
	struct failure failure;
	pthread_t thread;
	bool has_thread;
};

static void *ask(void *arg)
{
	struct question *question = arg;
	unsigned int id = plan_node_id(question->node);
	char path[64];

	snprintf(path, sizeof(path), "/nodes/%u/touches", id);
	question->part = plan_is_here(question->node) ?
			 touches_view(id, &question->failure) :
			 remote_call(question->node, "GET", path, NULL,
				     &question->failure);
	question->at = now_s();
	return NULL;
}

/* Return: the number of nodes that were asked. */
static size_t ask_all(const json_t *plan, struct question *questions)
{
	json_t *node;
	size_t i, count = 0;

	json_array_foreach(json_object_get(plan, "nodes"), i, node) {
		struct question *question = &questions[count];

		if (count == PLANNER_NODES || plan_node_id(node) >= PLANNER_NODES)
			break;
		*question = (struct question){ .node = node };
		question->has_thread = !plan_is_here(node) &&
				       !pthread_create(&question->thread, NULL, ask,
						       question);
		if (!question->has_thread)
			ask(question);
		count++;
	}
	for (i = 0; i < count; i++)
		if (questions[i].has_thread)
			pthread_join(questions[i].thread, NULL);
	return count;
}

/* ---- numbers of CPUs ---- */

/* As acpi/layout.c gives APIC ids. Return: PLANNER_NO_CPU if no CPU has this one. */
static uint32_t cpu_of(const json_t *plan, json_int_t apic_id)
{
	json_t *nodes = json_object_get(plan, "nodes"), *node;
	unsigned int shift = 0;
	json_int_t first = 0, cpus;
	size_t i;

	json_array_foreach(nodes, i, node)
		while (member_number(node, "cpus") > 1ll << shift)
			shift++;
	json_array_foreach(nodes, i, node) {
		cpus = member_number(node, "cpus");
		if (apic_id >= 0 && (size_t)(apic_id >> shift) == i)
			return (apic_id & ((1ll << shift) - 1)) < cpus ?
			       first + (apic_id & ((1ll << shift) - 1)) : PLANNER_NO_CPU;
		first += cpus;
	}
	return PLANNER_NO_CPU;
}

/* ---- what is new ---- */

static json_int_t at(const json_t *list, size_t i)
{
	json_int_t value = json_integer_value(json_array_get(list, i));

	return value > 0 ? value : 0;
}

static json_int_t fade(json_int_t count, unsigned int ticks)
{
	for (; ticks && count; ticks--)
		count -= (count + 7) / 8;
	return count;
}

static uint32_t news(json_int_t now, json_int_t before, unsigned int ticks)
{
	json_int_t old = ticks < FADED ? fade(before, ticks) : 0;

	return now > old ? now - old : 0;
}

/* The lists of a node are sorted: by CPU, then by block or node; no CPU comes last. */
static int compare(const json_t *a, const json_t *b, int cpu, int other)
{
	json_int_t x = json_integer_value(json_array_get(a, cpu));
	json_int_t y = json_integer_value(json_array_get(b, cpu));

	if (x != y)
		return y < 0 || (x >= 0 && x < y) ? -1 : 1;
	return at(a, other) < at(b, other) ? -1 : at(a, other) > at(b, other);
}

/* The entry for the same as @one in the older @list, from entry *@i on, or NULL. */
static const json_t *find_before(const json_t *list, size_t *i, const json_t *one,
				 int cpu, int other)
{
	const json_t *old;

	for (; (old = json_array_get(list, *i)); ++*i) {
		int order = compare(old, one, cpu, other);

		if (!order)
			return old;
		if (order > 0)
			break;
	}
	return NULL;
}

static unsigned int ticks_between(const json_t *before, const json_t *now)
{
	return (member_number(now, "clock") - member_number(before, "clock")) &
	       CLOCK_MASK;
}

/* ---- a node's part ---- */

/* What is being made of the parts. */
struct making {
	const json_t *plan;
	const json_t *before;
	const json_t *now;
	double seconds;
	uint32_t node;
	struct placement_record *record;
};

static void add_touches(const struct making *making)
{
	const json_t *old = json_object_get(making->before, "touches"), *was, *one;
	unsigned int ticks = ticks_between(making->before, making->now);
	struct planner_snapshot *snapshot = &making->record->snapshot;
	size_t i, k = 0;

	json_array_foreach(json_object_get(making->now, "touches"), i, one) {
		struct planner_touch *touch =
			&making->record->touches[snapshot->num_touches];

		was = find_before(old, &k, one, 1, 0);
		*touch = (struct planner_touch){
			.block = at(one, 0), .home = at(one, 5),
			.node = making->node,
			.cpu = cpu_of(making->plan,
				      json_integer_value(json_array_get(one, 1))),
			.reads = news(at(one, 2), at(was, 2), ticks),
			.writes = news(at(one, 3), at(was, 3), ticks),
			.guesses = news(at(one, 4), at(was, 4), ticks),
		};
		if (touch->home < PLANNER_NODES &&
		    (touch->reads || touch->writes || touch->guesses))
			snapshot->num_touches++;
	}
}

static struct planner_cpu *find_cpu(struct placement_record *record, uint32_t id)
{
	for (size_t i = 0; i < record->snapshot.num_cpus; i++)
		if (record->cpus[i].id == id)
			return &record->cpus[i];
	return NULL;
}

static void add_served(const struct making *making)
{
	const json_t *old = json_object_get(making->before, "served"), *was, *one;
	unsigned int ticks = ticks_between(making->before, making->now);
	struct planner_cpu *cpu;
	size_t i, k = 0;

	json_array_foreach(json_object_get(making->now, "served"), i, one) {
		was = find_before(old, &k, one, 0, 1);
		cpu = find_cpu(making->record,
			       cpu_of(making->plan,
				      json_integer_value(json_array_get(one, 0))));
		if (cpu && at(one, 1) < PLANNER_NODES)
			cpu->served[at(one, 1)] += news(at(one, 2), at(was, 2), ticks);
	}
}

static double busy_of(const struct making *making, const json_t *cpu)
{
	json_t *old;
	size_t i;

	json_array_foreach(json_object_get(making->before, "cpus"), i, old)
		if (member_number(old, "cpu") == member_number(cpu, "cpu") &&
		    member_number(old, "busy_ns") <= member_number(cpu, "busy_ns"))
			return (double)(member_number(cpu, "busy_ns") -
					member_number(old, "busy_ns")) /
			       1e9 / making->seconds;
	return 0;	/* it has just come here */
}

static void add_cpus(const struct making *making)
{
	struct planner_snapshot *snapshot = &making->record->snapshot;
	json_t *cpu;
	size_t i;

	json_array_foreach(json_object_get(making->now, "cpus"), i, cpu) {
		json_int_t id = member_number(cpu, "cpu");

		if (id < 0 || id >= PLANNER_CPUS || snapshot->num_cpus == PLANNER_CPUS ||
		    find_cpu(making->record, id))
			continue;
		making->record->cpus[snapshot->num_cpus++] = (struct planner_cpu){
			.id = id, .node = making->node, .busy = busy_of(making, cpu),
		};
	}
}

static double difference(const struct making *making, const char *key)
{
	json_int_t now = member_number(making->now, key);
	json_int_t before = member_number(making->before, key);

	return now > before ? (double)(now - before) : 0;
}

static void add_node(const struct making *making)
{
	struct planner_snapshot *snapshot = &making->record->snapshot;
	size_t cpus = json_array_size(json_object_get(making->now, "cpus"));
	double faults = difference(making, "faults");
	double wait = difference(making, "fault_ns");
	double share = cpus ? wait / 1e9 / making->seconds / (double)cpus : 0;
	json_int_t room = member_number(making->now, "room");

	making->record->nodes[snapshot->num_nodes++] = (struct planner_node){
		.id = making->node, .slots = member_number(making->now, "slots"),
		.room = room > 0 ? room : 0, .wait = share < 1 ? share : 1,
		.fault_us = faults > 0 ? wait / 1e3 / faults : 0,
		.hold_us = member_number(making->now, "hold_us"),
	};
}

/* ---- all parts ---- */

static struct placement_record *new_record(const struct question *questions, size_t count)
{
	struct placement_record *record = calloc(1, sizeof(*record));
	size_t touches = 1;

	for (size_t i = 0; i < count; i++)
		touches += json_array_size(json_object_get(questions[i].part, "touches"));
	if (!record)
		return NULL;
	record->touches = calloc(touches, sizeof(*record->touches));
	record->snapshot = (struct planner_snapshot){
		.nodes = record->nodes, .cpus = record->cpus, .touches = record->touches,
	};
	if (record->touches)
		return record;
	free(record);
	return NULL;
}

/* CPUs of all nodes first: a CPU that moves has faults on two nodes. */
static void make(const struct sample *sample, const json_t *plan,
		 const struct question *questions, size_t count,
		 struct placement_record *record)
{
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < count; i++) {
			uint32_t id = plan_node_id(questions[i].node);
			struct making making = {
				.plan = plan, .before = sample->parts[id],
				.now = questions[i].part, .node = id,
				.seconds = questions[i].at - sample->at[id],
				.record = record,
			};

			if (pass) {
				add_touches(&making);
				add_served(&making);
				continue;
			}
			record->snapshot.seconds += making.seconds / (double)count;
			add_node(&making);
			add_cpus(&making);
		}
}

/* Take the parts, or release them after a failure. Return: whether there are older ones. */
static bool check(const struct sample *sample, struct question *questions, size_t count,
		  struct failure *failure)
{
	bool has_older = true;

	failure->why[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		if (!questions[i].part)
			*failure = questions[i].failure;
		has_older &= sample->parts[plan_node_id(questions[i].node)] != NULL;
	}
	return has_older;
}

static void keep(struct sample *sample, const struct question *questions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t id = plan_node_id(questions[i].node);

		json_decref(sample->parts[id]);
		sample->parts[id] = questions[i].part;
		sample->at[id] = questions[i].at;
	}
}

struct placement_record *sample_take(struct sample *sample, const json_t *plan,
				     struct failure *failure)
{
	struct question *questions = calloc(PLANNER_NODES, sizeof(*questions));
	struct placement_record *record = NULL;
	size_t count;

	if (!questions) {
		rest_fail(failure, 500, "host", "The host has no memory for the planner");
		return NULL;
	}
	count = ask_all(plan, questions);
	if (check(sample, questions, count, failure) && !failure->why[0]) {
		record = new_record(questions, count);
		if (record)
			make(sample, plan, questions, count, record);
		else
			rest_fail(failure, 500, "host", "The host has no memory for the planner");
	}
	keep(sample, questions, count);
	free(questions);
	return record;
}
