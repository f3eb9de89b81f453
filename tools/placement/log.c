// SPDX-License-Identifier: GPL-2.0-or-later
/* The log of the planner: to JSON and back. */
#include "log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RULES_MAX	65536	/* periods, or homes */
#define TOUCH_NUMBERS	7	/* of a touch, in the order of the struct */

/* ---- to JSON ---- */

json_t *placement_log_head(const char *cluster, const struct planner_rules *rules)
{
	json_t *object = json_pack("{s:i, s:i, s:f, s:f, s:f, s:i, s:f}",
				   "streak", (int)rules->streak,
				   "rest", (int)rules->rest,
				   "min_rate", rules->min_rate,
				   "dominance", rules->dominance,
				   "refault", rules->refault,
				   "max_homes", (int)rules->max_homes,
				   "wait", rules->wait);

	return json_pack("{s:i, s:s?, s:o}", "version", PLACEMENT_LOG_VERSION,
			 "cluster", cluster, "rules", object);
}

static json_t *write_nodes(const struct planner_snapshot *snapshot)
{
	json_t *list = json_array();

	for (size_t i = 0; i < snapshot->num_nodes; i++) {
		const struct planner_node *node = &snapshot->nodes[i];

		json_array_append_new(list, json_pack("{s:i, s:i, s:I, s:f, s:f, s:I}",
						      "id", (int)node->id,
						      "slots", (int)node->slots,
						      "room", (json_int_t)node->room,
						      "wait", node->wait,
						      "fault_us", node->fault_us,
						      "hold_us", (json_int_t)node->hold_us));
	}
	return list;
}

/* Without the zeros at the end. */
static json_t *write_served(const struct planner_cpu *cpu)
{
	json_t *list = json_array();
	int count = PLANNER_NODES;

	while (count && !cpu->served[count - 1])
		count--;
	for (int n = 0; n < count; n++)
		json_array_append_new(list, json_integer(cpu->served[n]));
	return list;
}

static json_t *write_cpus(const struct planner_snapshot *snapshot)
{
	json_t *list = json_array();

	for (size_t i = 0; i < snapshot->num_cpus; i++) {
		const struct planner_cpu *cpu = &snapshot->cpus[i];

		json_array_append_new(list, json_pack("{s:i, s:i, s:f, s:o}",
						      "id", (int)cpu->id,
						      "node", (int)cpu->node,
						      "busy", cpu->busy,
						      "served", write_served(cpu)));
	}
	return list;
}

/* There are many: a list of numbers each. The CPU is -1 if there is none. */
static json_t *write_touches(const struct planner_snapshot *snapshot)
{
	json_t *list = json_array();

	for (size_t i = 0; i < snapshot->num_touches; i++) {
		const struct planner_touch *touch = &snapshot->touches[i];
		int cpu = touch->cpu == PLANNER_NO_CPU ? -1 : (int)touch->cpu;

		json_array_append_new(list, json_pack("[I, i, i, i, I, I, I]",
						      (json_int_t)touch->block,
						      (int)touch->home,
						      (int)touch->node, cpu,
						      (json_int_t)touch->reads,
						      (json_int_t)touch->writes,
						      (json_int_t)touch->guesses));
	}
	return list;
}

json_t *placement_log_snapshot(const struct planner_snapshot *snapshot)
{
	return json_pack("{s:f, s:o, s:o, s:o}", "seconds", snapshot->seconds,
			 "nodes", write_nodes(snapshot),
			 "cpus", write_cpus(snapshot),
			 "touches", write_touches(snapshot));
}

static json_t *write_decision(const struct planner_decision *of)
{
	bool is_cpu = of->kind == PLANNER_MOVE_CPU || of->is_cpu;
	const char *what = is_cpu ? "cpu" : of->kind == PLANNER_HOLD ? "node" : "block";

	return json_pack("{s:s, s:s, s:I, s:i, s:i, s:f, s:f, s:b, s:s}",
			 "kind", planner_kind_name(of->kind), "of", what,
			 "object", (json_int_t)of->object,
			 "from", (int)of->from, "to", (int)of->to,
			 "gain", of->gain, "loss", of->loss,
			 "back", of->is_back, "why", of->why);
}

json_t *placement_log_decisions(const struct planner_decision *decisions, int count)
{
	json_t *list = json_array();

	for (int i = 0; i < count; i++)
		json_array_append_new(list, write_decision(&decisions[i]));
	return list;
}

/* ---- from JSON; the file may have anything ---- */

static double number(const json_t *object, const char *key)
{
	double value = json_number_value(json_object_get(object, key));

	return isfinite(value) && value > 0 ? value : 0;
}

static uint64_t whole(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? value : 0;
}

/* A number that does not fit is none that a node or a CPU has. */
static uint32_t small(json_int_t value)
{
	return value < 0 || value > UINT32_MAX ? UINT32_MAX : value;
}

int placement_log_read_head(const json_t *head, struct planner_rules *rules)
{
	const json_t *object = json_object_get(head, "rules");

	if (whole(head, "version") != PLACEMENT_LOG_VERSION || !object)
		return -1;
	*rules = (struct planner_rules){
		.streak = small(whole(object, "streak")),
		.rest = small(whole(object, "rest")),
		.min_rate = number(object, "min_rate"),
		.dominance = number(object, "dominance"),
		.refault = number(object, "refault"),
		.max_homes = small(whole(object, "max_homes")),
		.wait = number(object, "wait"),
	};
	return rules->streak && rules->streak <= RULES_MAX &&
	       rules->rest <= RULES_MAX && rules->max_homes <= RULES_MAX ? 0 : -1;
}

static void read_node(const json_t *from, struct planner_node *node)
{
	*node = (struct planner_node){
		.id = small(json_integer_value(json_object_get(from, "id"))),
		.slots = small(whole(from, "slots")), .room = whole(from, "room"),
		.wait = number(from, "wait"), .fault_us = number(from, "fault_us"),
		.hold_us = whole(from, "hold_us"),
	};
}

static void read_cpu(const json_t *from, struct planner_cpu *cpu)
{
	const json_t *served = json_object_get(from, "served");

	*cpu = (struct planner_cpu){
		.id = small(json_integer_value(json_object_get(from, "id"))),
		.node = small(json_integer_value(json_object_get(from, "node"))),
		.busy = number(from, "busy"),
	};
	for (int n = 0; n < PLANNER_NODES; n++)
		cpu->served[n] = small(json_integer_value(json_array_get(served, n)));
}

static int read_touch(const json_t *from, struct planner_touch *touch)
{
	json_int_t numbers[TOUCH_NUMBERS];

	if (json_array_size(from) != TOUCH_NUMBERS)
		return -1;
	for (int i = 0; i < TOUCH_NUMBERS; i++)
		numbers[i] = json_integer_value(json_array_get(from, i));
	if (numbers[0] < 0)
		return -1;
	*touch = (struct planner_touch){
		.block = numbers[0], .home = small(numbers[1]), .node = small(numbers[2]),
		.cpu = small(numbers[3]), .reads = small(numbers[4]),
		.writes = small(numbers[5]), .guesses = small(numbers[6]),
	};
	return 0;
}

static int read_all(const json_t *line, struct placement_record *record)
{
	const json_t *nodes = json_object_get(line, "nodes");
	const json_t *cpus = json_object_get(line, "cpus");
	const json_t *touches = json_object_get(line, "touches");
	const json_t *one;
	size_t i;

	json_array_foreach(nodes, i, one)
		read_node(one, &record->nodes[i]);
	json_array_foreach(cpus, i, one)
		read_cpu(one, &record->cpus[i]);
	json_array_foreach(touches, i, one)
		if (read_touch(one, &record->touches[i]))
			return -1;
	record->snapshot = (struct planner_snapshot){
		.seconds = number(line, "seconds"),
		.nodes = record->nodes, .num_nodes = json_array_size(nodes),
		.cpus = record->cpus, .num_cpus = json_array_size(cpus),
		.touches = record->touches, .num_touches = json_array_size(touches),
	};
	return 0;
}

struct placement_record *placement_record_read(const json_t *line)
{
	size_t count = json_array_size(json_object_get(line, "touches"));
	struct placement_record *record;

	if (json_array_size(json_object_get(line, "nodes")) > PLANNER_NODES ||
	    json_array_size(json_object_get(line, "cpus")) > PLANNER_CPUS)
		return NULL;
	record = calloc(1, sizeof(*record));
	if (record)
		record->touches = calloc(count + 1, sizeof(*record->touches));
	if (record && record->touches && !read_all(line, record) &&
	    planner_may_take(&record->snapshot))
		return record;
	placement_record_free(record);
	return NULL;
}

void placement_record_free(struct placement_record *record)
{
	if (record)
		free(record->touches);
	free(record);
}
