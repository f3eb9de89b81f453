// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Replay what ssid has recorded: does the planner decide the same again, and how many of
 * the recorded faults would be left with its decisions?
 *
 *   replay [--decisions] FILE
 *
 * Each recorded fault is an access that missed. With the decisions, it misses again if the
 * node that its CPU is on then has no right to the page. The order of accesses at a block
 * and the page of each are not recorded, so they are drawn. A fault that no other node has
 * caused was of a page that the cache did not keep; it is saved if the home has moved to
 * the node. Faults that a placement would cause and that were not recorded are not seen.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/placement/log.h"

#define PAGES_DRAWN	16	/* pages of a block that are hot, by estimate */
#define EVENTS_MAX	50000	/* in a period; more are thinned out */
#define ACCESS_US	1.0	/* an access for each microsecond of a CPU, as ssictl stats */

/* Of a block: where its home is with the decisions, and who has its pages. */
struct block {
	uint64_t index;
	uint32_t home;
	bool moved;
	uint8_t has_owner[PAGES_DRAWN];
	uint8_t owner[PAGES_DRAWN];
	uint32_t copies[PAGES_DRAWN];
};

struct event {
	const struct planner_touch *touch;
	bool store;
};

static struct replay {
	struct block *blocks;
	size_t num_blocks;
	bool placed[PLANNER_CPUS];
	uint32_t node[PLANNER_CPUS];
	uint64_t random;
	double before, after, accesses;
	unsigned int periods, different, kinds[PLANNER_KINDS];
} replay = { .random = 1 };

static uint32_t draw(uint32_t limit)
{
	replay.random = replay.random * 6364136223846793005ull + 1442695040888963407ull;
	return (replay.random >> 33) % limit;
}

static int compare_blocks(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

static struct block *find_block(uint64_t index)
{
	const struct block key = { .index = index };

	if (!replay.num_blocks)
		return NULL;
	return bsearch(&key, replay.blocks, replay.num_blocks, sizeof(key),
		       compare_blocks);
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "replay: %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

/* The last ones are new, and may have one block several times. */
static void sort_blocks(void)
{
	size_t kept = 0;

	qsort(replay.blocks, replay.num_blocks, sizeof(*replay.blocks), compare_blocks);
	for (size_t i = 0; i < replay.num_blocks; i++)
		if (!kept || replay.blocks[kept - 1].index != replay.blocks[i].index)
			replay.blocks[kept++] = replay.blocks[i];
	replay.num_blocks = kept;
}

static void add_blocks(const struct planner_snapshot *snapshot)
{
	size_t all = replay.num_blocks;
	struct block *blocks;

	blocks = realloc(replay.blocks, (all + snapshot->num_touches + 1) * sizeof(*blocks));
	if (!blocks)
		die("memory", "there is none");
	replay.blocks = blocks;
	for (size_t i = 0; i < snapshot->num_touches; i++) {
		const struct planner_touch *touch = &snapshot->touches[i];

		if (!find_block(touch->block))
			blocks[all++] = (struct block){ .index = touch->block,
							.home = touch->home };
	}
	if (all == replay.num_blocks)
		return;
	replay.num_blocks = all;
	sort_blocks();
}

/* ---- the recorded accesses ---- */

static bool misses(const struct event *event)
{
	const struct planner_touch *touch = event->touch;
	struct block *block = find_block(touch->block);
	uint32_t p = draw(PAGES_DRAWN), node = touch->node;
	bool hit;

	if (touch->cpu < PLANNER_CPUS && replay.placed[touch->cpu])
		node = replay.node[touch->cpu];
	hit = block->copies[p] >> node & 1 &&
	      (!event->store || block->copies[p] == 1u << node);
	if (event->store)
		block->copies[p] = 1u << node;
	else
		block->copies[p] |= 1u << node;
	/* it missed where it was, whatever the reason; only a change can save it */
	return !hit || (node == touch->node && block->home != node);
}

static size_t make_events(const struct planner_snapshot *snapshot, struct event *events,
			  double keep)
{
	size_t n = 0;

	for (size_t i = 0; i < snapshot->num_touches; i++) {
		const struct planner_touch *touch = &snapshot->touches[i];
		double stores = (double)touch->writes + touch->guesses;
		double all = stores + touch->reads;

		for (double k = 0; k < all && n < EVENTS_MAX; k += 1 / keep)
			events[n++] = (struct event){ touch, k < stores };
	}
	for (size_t i = n; i > 1; i--) {
		size_t j = draw(i);
		struct event event = events[i - 1];

		events[i - 1] = events[j];
		events[j] = event;
	}
	return n;
}

static void run_period(const struct planner_snapshot *snapshot)
{
	static struct event events[EVENTS_MAX];
	double total = 0, keep = 1;
	size_t count, missed = 0;

	for (size_t i = 0; i < snapshot->num_touches; i++)
		total += (double)snapshot->touches[i].reads +
			 snapshot->touches[i].writes + snapshot->touches[i].guesses;
	if (total > EVENTS_MAX)
		keep = EVENTS_MAX / total;
	count = make_events(snapshot, events, keep);
	for (size_t i = 0; i < count; i++)
		missed += misses(&events[i]);
	replay.before += total;
	replay.after += (double)missed / keep;
	for (size_t i = 0; i < snapshot->num_cpus; i++)
		replay.accesses += snapshot->cpus[i].busy * snapshot->seconds * 1e6 /
				   ACCESS_US;
}

/* ---- decisions ---- */

static void apply(const struct planner_decision *decision)
{
	struct block *block;

	replay.kinds[decision->kind]++;
	if (decision->kind == PLANNER_MOVE_CPU && decision->object < PLANNER_CPUS) {
		replay.placed[decision->object] = true;
		replay.node[decision->object] = decision->to;
	} else if (decision->kind == PLANNER_MOVE_HOME) {
		block = find_block(decision->object);
		if (block)
			block->home = decision->to;
	}
}

static void compare(const json_t *recorded, const struct planner_decision *decisions,
		    int count, bool print)
{
	json_t *again = placement_log_decisions(decisions, count), *one;
	char *text;
	size_t i;

	/* the same digits, whatever the library has kept of them */
	if (json_array_size(recorded) != json_array_size(again)) {
		replay.different++;
	} else {
		json_array_foreach(again, i, one)
			if (!json_equal(json_object_get(one, "why"),
					json_object_get(json_array_get(recorded, i), "why"))) {
				replay.different++;
				break;
			}
	}
	json_array_foreach(again, i, one) {
		text = print ? json_dumps(one, JSON_COMPACT) : NULL;
		if (text)
			printf("# %u %s\n", replay.periods, text);
		free(text);
	}
	json_decref(again);
}

static void replay_line(struct planner *planner, const json_t *line, bool print)
{
	struct placement_record *record = placement_record_read(line);
	const struct planner_decision *decisions;
	int count;

	if (!record)
		die("a line", "it has no period of a planner");
	add_blocks(&record->snapshot);
	run_period(&record->snapshot);
	count = planner_step(planner, &record->snapshot, &decisions);
	compare(json_object_get(line, "decisions"), decisions, count, print);
	for (int i = 0; i < count; i++)
		apply(&decisions[i]);
	replay.periods++;
	placement_record_free(record);
}

static void report(void)
{
	double all = replay.before + replay.accesses;

	printf("periods %u, of them with other decisions than recorded: %u\n",
	       replay.periods, replay.different);
	for (int k = 0; k < PLANNER_KINDS; k++)
		printf("%s %u\n", planner_kind_name(k), replay.kinds[k]);
	printf("remote faults %.0f as recorded, %.0f with the decisions\n",
	       replay.before, replay.after);
	printf("remote miss ratio %.3f %% as recorded, %.3f %% with the decisions\n",
	       all > 0 ? 100 * replay.before / all : 0,
	       all > 0 ? 100 * replay.after / all : 0);
}

/* Return: NULL at the end of the file. */
static json_t *read_line(FILE *file, const char *name)
{
	json_error_t error;
	json_t *line;
	int c;

	do
		c = fgetc(file);
	while (c == '\n' || c == ' ');
	if (c == EOF)
		return NULL;
	ungetc(c, file);
	line = json_loadf(file, JSON_DISABLE_EOF_CHECK, &error);
	if (!line)
		die(name, error.text);
	return line;
}

int main(int argc, char **argv)
{
	bool print = argc == 3 && !strcmp(argv[1], "--decisions");
	struct planner *planner = NULL;
	struct planner_rules rules;
	FILE *file;
	json_t *line;

	if (argc != 2 && !print)
		die("usage", "replay [--decisions] FILE");
	file = fopen(argv[argc - 1], "re");
	if (!file)
		die(argv[argc - 1], "it cannot be opened");
	while ((line = read_line(file, argv[argc - 1]))) {
		if (!placement_log_read_head(line, &rules)) {
			planner_free(planner);	/* ssid has begun anew */
			planner = planner_new(&rules);
		} else if (planner) {
			replay_line(planner, line, print);
		} else {
			die(argv[argc - 1], "it does not begin with the rules of a planner");
		}
		json_decref(line);
	}
	fclose(file);
	planner_free(planner);
	free(replay.blocks);
	report();
	return 0;
}
