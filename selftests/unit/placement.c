// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The planner (tools/placement) with workloads whose best placement is known, with a mix
 * of them, and with random numbers.
 */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/placement/log.h"
#include "../placement/workloads.h"
#include "random.h"
#include "tap.h"

#define PERIODS		120
#define WARM_UP		60
#define MIX_RUNS	6
#define MIX_SEED	1	/* the same each time: what is gained depends on it */
#define WORST_MIX	0.98	/* of the work without a planner */
#define FUZZ_PERIODS	600

/* The model's blocks are smaller. */
static struct planner_rules rules_of_model(void)
{
	struct planner_rules rules = planner_rules;

	rules.refault = MODEL_BLOCK * 1.25;
	return rules;
}

/**
 * struct result - what a run has come to
 * @ratio: remote miss ratio after the warm-up, in percent
 * @done: accesses after the warm-up
 * @all: accesses of the whole run
 * @kinds: decisions of each kind
 * @cpus: CPUs that were moved, a bit mask
 */
struct result {
	double ratio;
	uint64_t done;
	uint64_t all;
	unsigned int kinds[PLANNER_KINDS];
	uint32_t cpus;
};

static void count_work(const struct model *model, uint64_t *done, uint64_t *missed)
{
	*done = *missed = 0;
	for (uint32_t c = 0; c < model->num_cpus; c++) {
		*done += model->cpus[c].done;
		*missed += model->cpus[c].missed;
	}
}

static void step(struct planner *planner, struct model *model, struct result *result)
{
	static struct model_snapshot snapshot;
	const struct planner_decision *decisions;
	int count;

	random_goes_on();
	model_run(model);
	model_snapshot(model, &snapshot);
	count = planner_step(planner, &snapshot.snapshot, &decisions);
	for (int i = 0; i < count; i++) {
		result->kinds[decisions[i].kind]++;
		if (decisions[i].kind == PLANNER_MOVE_CPU)
			result->cpus |= 1u << decisions[i].object;
		model_apply(model, &decisions[i]);
		if (getenv("PLACEMENT_VERBOSE"))
			tap_diag("%s %llu: %u -> %u, gain %.0f loss %.0f: %s",
				 planner_kind_name(decisions[i].kind),
				 (unsigned long long)decisions[i].object,
				 decisions[i].from, decisions[i].to, decisions[i].gain,
				 decisions[i].loss, decisions[i].why);
	}
}

static struct result run(void (*begin)(struct model *model), uint64_t seed, bool off)
{
	static struct model model;
	struct planner_rules rules = rules_of_model();
	struct planner *planner = planner_new(&rules);
	struct result result = { 0 };
	uint64_t done = 0, missed = 0, before_done = 0, before_missed = 0;

	model.random = seed;
	begin(&model);
	model.off = off;
	for (int i = 0; planner && i < PERIODS; i++) {
		if (i == WARM_UP)
			count_work(&model, &before_done, &before_missed);
		step(planner, &model, &result);
	}
	planner_free(planner);
	count_work(&model, &done, &missed);
	result.all = done;
	result.done = done - before_done;
	result.ratio = 100.0 * (double)(missed - before_missed) / (double)result.done;
	return result;
}

/* ---- known workloads ---- */

static void test_workload(const struct workload *workload)
{
	struct result off = run(workload->begin, 0, true);
	struct result on = run(workload->begin, 0, false);
	unsigned int acts = on.kinds[PLANNER_MOVE_HOME] + on.kinds[PLANNER_MOVE_CPU];

	tap_ok(on.ratio <= workload->best, "%s: of 100 accesses after the warm-up %.2f miss, %.2f without a planner",
	       workload->name, on.ratio, off.ratio);
	tap_ok(on.all >= 0.98 * off.all, "%s: %.2f times the accesses", workload->name,
	       (double)on.all / off.all);
	tap_ok(!(on.cpus & ~workload->cpus) &&
	       (workload->homes || !on.kinds[PLANNER_MOVE_HOME]),
	       "%s: %u moves of CPUs and %u of homes, none that is wrong", workload->name,
	       on.kinds[PLANNER_MOVE_CPU], on.kinds[PLANNER_MOVE_HOME]);
	if (workload->needs == PLANNER_NOTHING)
		tap_ok(!acts, "%s: nothing moves", workload->name);
	else
		tap_ok(on.kinds[workload->needs], "%s: it moves", workload->name);
}

static void test_mix(void)
{
	double worst = 2, sum = 0;
	unsigned int moves = 0;

	for (int i = 0; i < MIX_RUNS; i++) {
		uint64_t seed = MIX_SEED + i;
		struct result off = run(workloads_mix, seed, true);
		struct result on = run(workloads_mix, seed, false);
		double ratio = (double)on.all / off.all;

		moves += on.kinds[PLANNER_MOVE_CPU];
		sum += ratio;
		if (ratio < worst)
			worst = ratio;
		if (ratio < WORST_MIX)
			tap_diag("seed %llu: %.3f times the accesses",
				 (unsigned long long)seed, ratio);
	}
	tap_ok(worst >= WORST_MIX, "a mix: %.3f times the accesses at worst, %.3f in the mean, %u moves of CPUs",
	       worst, sum / MIX_RUNS, moves);
}

/* ---- the log ---- */

/* What was written and read again gives the same decisions. Return: how many differ. */
static unsigned int count_different(struct planner *again,
				    const struct model_snapshot *snapshot,
				    const struct planner_decision *decisions, int count)
{
	json_t *line = placement_log_snapshot(&snapshot->snapshot);
	struct placement_record *record = placement_record_read(line);
	const struct planner_decision *others;
	unsigned int different;
	int other;

	json_decref(line);
	if (!record)
		return 1;
	other = planner_step(again, &record->snapshot, &others);
	different = other != count;
	for (int i = 0; i < count && i < other; i++)
		different += memcmp(&decisions[i], &others[i], sizeof(others[i])) != 0;
	placement_record_free(record);
	return different;
}

/* A line of a log, as ssid writes it. */
static void write_line(FILE *file, json_t *line)
{
	json_dumpf(line, file, JSON_COMPACT);
	fputc('\n', file);
	json_decref(line);
}

static void write_period(FILE *file, const struct model_snapshot *snapshot,
			 const struct planner_decision *decisions, int count)
{
	json_t *line = placement_log_snapshot(&snapshot->snapshot);

	json_object_set_new(line, "decisions", placement_log_decisions(decisions, count));
	write_line(file, line);
}

/* The program that replays logs decides the same, and saves faults. */
static void test_replay(const char *path)
{
	char command[512], self[256] = "", line[256];
	double before = 0, after = 0;
	unsigned int periods = 0, different = 1, found = 0;
	FILE *output;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		tap_diag("/proc is not mounted");
	*strrchr(self, '/') = '\0';
	snprintf(command, sizeof(command), "'%s/../placement/replay' '%s'", self, path);
	output = popen(command, "r");
	while (output && fgets(line, sizeof(line), output))
		found += sscanf(line, "periods %u, of them with other decisions than recorded: %u",
				&periods, &different) == 2 ||
			 sscanf(line, "remote faults %lf as recorded, %lf with", &before,
				&after) == 2;
	tap_ok(output && !pclose(output) && found == 2 && periods == PERIODS && !different,
	       "replay makes the same decisions in %u periods, %u are different", periods,
	       different);
	tap_ok(after < 0.5 * before, "and of %.0f remote faults it leaves %.0f", before,
	       after);
}

static void test_log(void)
{
	static struct model model;
	static struct model_snapshot snapshot;
	struct planner *planner, *again;
	const struct planner_decision *decisions;
	struct planner_rules rules = rules_of_model(), read;
	json_t *head = placement_log_head("a", &rules);
	char path[] = "/tmp/ssi-placement.XXXXXX";
	unsigned int different = 0, total = 0;
	int count, fd = mkstemp(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (!file)
		tap_bail("no file can be made in /tmp");
	different += placement_log_read_head(head, &read) != 0;
	write_line(file, head);
	planner = planner_new(&rules);
	again = planner_new(&read);
	workloads[3].begin(&model);
	for (int i = 0; i < PERIODS && planner && again; i++) {
		random_goes_on();
		model_run(&model);
		model_snapshot(&model, &snapshot);
		count = planner_step(planner, &snapshot.snapshot, &decisions);
		different += count_different(again, &snapshot, decisions, count);
		write_period(file, &snapshot, decisions, count);
		total += count;
	}
	fclose(file);
	planner_free(planner);
	planner_free(again);
	tap_ok(!different && total, "a log that is read again gives the same %u decisions", total);
	test_replay(path);
	unlink(path);
}

/* ---- random snapshots ---- */

/**
 * struct history - of what was decided about one object
 * @period: the last one, 0: none
 * @from: then
 * @to: then
 */
struct history {
	int period;
	uint32_t from, to;
};

#define FUZZ_BLOCKS	40
#define FUZZ_CPUS	6
#define FUZZ_NODES	4

struct fuzz {
	struct planner_node nodes[FUZZ_NODES];
	struct planner_cpu cpus[FUZZ_CPUS];
	struct planner_touch touches[FUZZ_BLOCKS * (FUZZ_CPUS + FUZZ_NODES)];
	uint32_t homes[FUZZ_BLOCKS];
	size_t num_touches;
	struct history cpu[FUZZ_CPUS], block[FUZZ_BLOCKS];
	unsigned int early, wrong, homes_max, others_max;
};

static void add_touch(struct fuzz *fuzz, uint32_t block, uint32_t node, uint32_t cpu)
{
	fuzz->touches[fuzz->num_touches++] = (struct planner_touch){
		.block = block, .home = fuzz->homes[block], .node = node, .cpu = cpu,
		.reads = random_below(1000), .writes = random_below(300),
		.guesses = random_below(100),
	};
}

static void make_snapshot(struct fuzz *fuzz, struct planner_snapshot *snapshot)
{
	fuzz->num_touches = 0;
	for (uint32_t n = 0; n < FUZZ_NODES; n++)
		fuzz->nodes[n] = (struct planner_node){
			.id = n, .slots = random_below(4), .room = random_below(100),
			.wait = random_below(100) / 100.0, .fault_us = random_below(5000),
			.hold_us = fuzz->nodes[n].hold_us,
		};
	for (uint32_t c = 0; c < FUZZ_CPUS; c++) {
		fuzz->cpus[c].id = c;
		fuzz->cpus[c].busy = random_below(100) / 100.0;
		for (uint32_t n = 0; n < FUZZ_NODES; n++)
			fuzz->cpus[c].served[n] = random_below(3000);
		for (uint32_t b = 0; b < FUZZ_BLOCKS; b++)
			if (random_below(3))
				add_touch(fuzz, b, fuzz->cpus[c].node, c);
	}
	for (uint32_t n = 0; n < FUZZ_NODES; n++)
		if (random_below(2))
			add_touch(fuzz, random_below(FUZZ_BLOCKS), n, PLANNER_NO_CPU);
	*snapshot = (struct planner_snapshot){
		.seconds = 0.001 + random_below(3000) / 1000.0,
		.nodes = fuzz->nodes, .num_nodes = FUZZ_NODES,
		.cpus = fuzz->cpus, .num_cpus = FUZZ_CPUS,
		.touches = fuzz->touches, .num_touches = fuzz->num_touches,
	};
}

/* A decision is not reversed, nor another one made, before the object has rested. */
static void check_rest(struct fuzz *fuzz, struct history *of, int period,
		       const struct planner_decision *decision)
{
	if (of->period && !decision->is_back &&
	    period - of->period < (int)planner_rules.rest)
		fuzz->early++;
	if (decision->from == decision->to || decision->to >= FUZZ_NODES)
		fuzz->wrong++;
	*of = (struct history){ period, decision->from, decision->to };
}

static void take_decision(struct fuzz *fuzz, int period,
			  const struct planner_decision *decision)
{
	bool acts = random_below(10);

	if (decision->kind == PLANNER_MOVE_CPU) {
		fuzz->wrong += decision->object >= FUZZ_CPUS ||
			       fuzz->cpus[decision->object].node != decision->from;
		check_rest(fuzz, &fuzz->cpu[decision->object], period, decision);
		if (acts)
			fuzz->cpus[decision->object].node = decision->to;
	} else if (decision->kind == PLANNER_MOVE_HOME) {
		fuzz->wrong += fuzz->homes[decision->object] != decision->from;
		check_rest(fuzz, &fuzz->block[decision->object], period, decision);
		if (acts)
			fuzz->homes[decision->object] = decision->to;
	} else if (decision->kind == PLANNER_HOLD) {
		fuzz->nodes[decision->object].hold_us = decision->to;
	}
}

static void test_random(void)
{
	static struct fuzz fuzz;
	struct planner *planner = planner_new(&planner_rules);
	const struct planner_decision *decisions;
	struct planner_snapshot snapshot;
	unsigned int total = 0;

	for (uint32_t c = 0; c < FUZZ_CPUS; c++)
		fuzz.cpus[c].node = c % FUZZ_NODES;
	for (uint32_t b = 0; b < FUZZ_BLOCKS; b++)
		fuzz.homes[b] = b % FUZZ_NODES;
	for (int period = 1; planner && period <= FUZZ_PERIODS; period++) {
		unsigned int homes = 0;
		int count;

		random_goes_on();
		make_snapshot(&fuzz, &snapshot);
		count = planner_step(planner, &snapshot, &decisions);
		for (int i = 0; i < count; i++) {
			homes += decisions[i].kind == PLANNER_MOVE_HOME;
			take_decision(&fuzz, period, &decisions[i]);
		}
		total += count;
		if (homes > planner_rules.max_homes ||
		    count - homes > PLANNER_OTHERS_MAX)
			fuzz.wrong++;
	}
	planner_free(planner);
	tap_ok(!fuzz.early, "random counters: no object is decided about again before its rest is over (%u of %u)",
	       fuzz.early, total);
	tap_ok(!fuzz.wrong, "random counters: all decisions are possible (%u are not)",
	       fuzz.wrong);
}

static void test_bad_input(void)
{
	struct planner *planner = planner_new(&planner_rules);
	const struct planner_touch touch = { .node = PLANNER_NODES };
	const struct planner_cpu cpu = { .id = 70000, .node = 0 };
	struct planner_snapshot snapshot = { .seconds = 0 };
	const struct planner_decision *decisions;

	tap_ok(!planner_step(planner, &snapshot, &decisions), "a period without length decides nothing");
	snapshot = (struct planner_snapshot){ .seconds = 1, .touches = &touch, .num_touches = 1 };
	tap_ok(!planner_step(planner, &snapshot, &decisions), "a node that cannot be decides nothing");
	snapshot = (struct planner_snapshot){ .seconds = 1, .cpus = &cpu, .num_cpus = 1 };
	tap_ok(!planner_step(planner, &snapshot, &decisions), "a CPU that cannot be decides nothing");
	planner_free(planner);
}

/* A record of one node, one CPU and one touch, where one number is another one. */
static bool is_read(const char *key, double value, json_int_t node)
{
	json_t *line = json_pack("{s:f, s:[{s:i, s:i, s:i}], s:[{s:i, s:i}], s:[[i,i,I,i,i,i,i]]}",
				 "seconds", 2.0, "nodes", "id", 0, "slots", 1, "room", 1,
				 "cpus", "id", 0, "node", 0,
				 "touches", 1, 0, node, 0, 1, 1, 0);
	struct placement_record *record;

	if (key)
		json_object_set_new(line, key, json_real(value));
	record = placement_record_read(line);
	json_decref(line);
	placement_record_free(record);
	return record;
}

static void test_bad_log(void)
{
	struct planner_rules rules = planner_rules, read;
	json_t *head;

	tap_ok(is_read(NULL, 0, 0), "a record is read");
	tap_ok(!is_read(NULL, 0, PLANNER_NODES) && !is_read(NULL, 0, -1) &&
	       !is_read(NULL, 0, INT64_MAX), "not with a node that cannot be");
	tap_ok(!is_read("seconds", DBL_MIN, 0) && !is_read("seconds", -1, 0) &&
	       !is_read("seconds", 1e300, 0), "nor with a period of an impossible length");
	rules.streak = 0;
	head = placement_log_head("a", &rules);
	tap_ok(placement_log_read_head(head, &read), "rules without a streak are not read");
	json_decref(head);
}

int main(int argc, char **argv)
{
	unsigned int count = 0;

	while (workloads[count].name)
		count++;
	tap_plan(4 * count + 13);
	random_begin(argc, argv, 60);
	for (int i = 0; workloads[i].name; i++)
		test_workload(&workloads[i]);
	test_mix();
	test_log();
	test_random();
	test_bad_input();
	test_bad_log();
	return tap_exit();
}
