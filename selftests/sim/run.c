// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One run: a cluster's life, from a seed.
 *
 * At each step one of what could go on does, by chance: a task, a message, work,
 * a timer. Time passes a little with each; when nothing can go on, it passes until
 * something can. Programs run for as many steps as were drawn; a node may be
 * lost at one of them. Then they end, what is under way comes to its end, the
 * nodes go, and nothing may be left.
 */
#include "chance.h"
#include "cluster.h"
#include "input.h"
#include "lies.h"
#include "link.h"
#include "memory.h"
#include "oracle.h"
#include "programs.h"
#include "run.h"
#include "tasks.h"
#include "work.h"

#define STEPS_MAX	20000000	/* the end must come, too */
#define MOVES_MAX	200	/* while homes move, little time passes */

static u64 digest;

static void run_number(u32 number, u32 tasks, u32 link_count)
{
	if (number < tasks)
		return task_run(number);
	number -= tasks;
	if (number < link_count * sim.link_weight)
		return link_run(number / sim.link_weight);
	number -= link_count * sim.link_weight;
	work_run(number / sim.work_weight);
}

/* Wakes what is due; when nothing is ready, later. */
static void pass_time(void)
{
	u64 next;

	sim_now += sim_random(sim.tick);
	for (;;) {
		next = tasks_next();
		next = min(next, timers_next());
		if (tasks_ready() || links_ready() || works_ready())
			return;
		sim_need(next != ~0ull, "everything sleeps, for ever");
		sim_now = next;
	}
}

static void step(void)
{
	u32 tasks, link_count, total;

	pass_time();
	tasks = tasks_ready();
	link_count = links_ready();
	total = tasks + link_count * sim.link_weight +
		works_ready() * sim.work_weight;
	run_number(sim_random(total), tasks, link_count);
	oracle_check_step();
	digest = digest * 31 + chance_state() + sim_now;
	sim_steps++;
	if (sim_steps % 4096 == 0)
		programs_check_waits();
	sim_need(sim_steps < STEPS_MAX, "the run does not end");
}

static bool is_done;

static void set_done(void *arg)
{
	void (*fn)(void) = *(void (**)(void))arg;

	fn();
	is_done = true;
}

/* Run @fn as a task to its end. */
static void do_task(void (*fn)(void), const char *name)
{
	is_done = false;
	task_start(set_done, &fn, "%s", name);
	while (!is_done)
		step();
}

static void run_disturbance(void *arg)
{
	(void)arg;
	cluster_disturb();
}

static void run_move(void *arg)
{
	(void)arg;
	cluster_move_home();
}

static void run_loss(void *arg)
{
	(void)arg;
	cluster_lose_node();
}

static void run_lies(void *arg)
{
	(void)arg;
	cluster_lie();
}

static void run_programs(bool losses)
{
	u64 lose_at = losses ? sim_steps + sim_random(sim.steps) : 0;
	u64 end = sim_steps + sim.steps;
	u32 moves = MOVES_MAX;

	while (!programs_have_ended()) {
		if (sim_steps == end)
			programs_stop();
		if (sim_steps == lose_at)
			task_start(run_loss, NULL, "loss");
		else if (sim_one_in(sim.disturb))
			task_start(run_disturbance, NULL, "disturbance");
		if (moves && sim_one_in(sim.moves) && moves--)
			task_start(run_move, NULL, "move");
		step();
	}
}

static void begin(void)
{
	u32 fail_memory = sim.fail_memory;

	sim.fail_memory = 0;
	do_task(cluster_start, "start");
	sim.fail_memory = fail_memory;
}

static void end(void)
{
	sim.disturb = 0;
	sim.fail_memory = 0;
	memory_fail_next(0);
	do_task(cluster_settle, "settle");
	oracle_check_end(cluster_is_lost());
	do_task(cluster_stop, "stop");
	memory_check_empty();
}

void run_seed(u64 seed, struct run_result *result)
{
	u32 lives;

	chance_begin(seed);
	begin();
	run_programs(sim.losses);
	for (lives = 1; lives <= sim.anew; lives++) {
		do_task(cluster_live_again, "made anew");
		run_programs(lives < sim.anew);
	}
	end();
	*result = (struct run_result){
		.steps = sim_steps, .accesses = oracle_accesses(),
		.wait_ns = programs_longest_wait(), .digest = digest,
	};
}

void run_input(const unsigned char *data, size_t size)
{
	u64 seed;

	if (size < SIM_INPUT_HEAD)
		return;
	memcpy(&seed, data, sizeof(seed));
	chance_begin(seed);
	sim.verbose = getenv("FUZZ_VERBOSE");
	sim.patience = 20 * NSEC_PER_SEC;
	sim.steps /= 10;	/* many short runs find more */
	sim.hostile = data[sizeof(seed)];
	lies_begin(data + SIM_INPUT_HEAD, size - SIM_INPUT_HEAD);
	begin();
	task_start(run_lies, NULL, "lies");
	run_programs(false);
	end();
}
