// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The simulator: the module's own C files, in one process, with chance as their
 * scheduler. Each seed is a run, in a process of its own.
 *
 *	sim [--seconds N] [--first SEED] [--seeds N] [--jobs N]
 *	sim --seed N		one run; if it fails, with what happened last
 *
 * --patience SECONDS, of the run's time: one access may take so long (20).
 */
#include <getopt.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run.h"
#include "selftests/unit/tap.h"

#define JOBS_MAX	64

static struct options {
	u64 first;
	u64 seeds;
	u64 seconds;
	u64 patience;
	u32 jobs;
	bool one;
} options = { .first = 1, .seconds = 50, .patience = 20 };

/* Where a run, which has a process of its own, leaves its result. */
static struct run_result *results;

/* A run ends its process if it fails. */
static void run_here(u64 seed, bool verbose, struct run_result *result)
{
	sim.verbose = verbose;
	sim.patience = options.patience * NSEC_PER_SEC;
	run_seed(seed, result);
	fflush(stdout);
	_exit(0);
}

static pid_t start_run(u64 seed, bool verbose, u32 job)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		run_here(seed, verbose, &results[job]);
	return pid;
}

/* Whether a run fails. */
static bool try_seed(u64 seed, bool verbose, struct run_result *result)
{
	int status;

	waitpid(start_run(seed, verbose, 0), &status, 0);
	*result = results[0];
	return status;
}

/**
 * struct tally - all runs
 * @next: seed of the next one
 * @pids, @seeds: those that run
 * @runs, @steps, @accesses: of those that have ended
 * @wait_ns, @wait_seed: the longest in all of them
 * @failed: a seed that fails, if @has_failed
 */
struct tally {
	u64 next;
	pid_t pids[JOBS_MAX];
	u64 seeds[JOBS_MAX];
	u64 runs, steps, accesses;
	u64 wait_ns, wait_seed;
	u64 failed;
	bool has_failed;
};

static bool is_over(const struct tally *t, time_t began)
{
	if (t->has_failed)
		return true;
	if (options.seeds)
		return t->next - options.first >= options.seeds;
	return time(NULL) - began >= (time_t)options.seconds;
}

/* One of the runs ends. false: there was none. */
static bool collect(struct tally *t)
{
	int status;
	pid_t pid = wait(&status);
	u32 job;

	for (job = 0; job < options.jobs; job++)
		if (pid > 0 && t->pids[job] == pid)
			break;
	if (job == options.jobs)
		return false;
	t->pids[job] = 0;
	t->runs++;
	t->steps += results[job].steps;
	t->accesses += results[job].accesses;
	if (results[job].wait_ns > t->wait_ns) {
		t->wait_ns = results[job].wait_ns;
		t->wait_seed = t->seeds[job];
	}
	if (status) {
		t->failed = t->seeds[job];
		t->has_failed = true;
	}
	return true;
}

static void start_next(struct tally *t)
{
	u32 job;

	for (job = 0; t->pids[job]; job++)
		;
	results[job] = (struct run_result){ 0 };
	t->seeds[job] = t->next;
	t->pids[job] = start_run(t->next++, false, job);
}

static void run_all(struct tally *t)
{
	time_t began = time(NULL);
	u32 running = 0;
	double seconds;

	while (!is_over(t, began)) {
		if (running == options.jobs)
			running -= collect(t);
		start_next(t);
		running++;
	}
	while (running && collect(t))
		running--;
	seconds = max(time(NULL) - began, (time_t)1);
	tap_diag("%llu seeds, %llu steps, %llu accesses; %.0f steps/s with %u jobs",
		 t->runs, t->steps, t->accesses, t->steps / seconds,
		 options.jobs);
	tap_diag("the longest wait was of %llu us, with seed %llu",
		 t->wait_ns / 1000, t->wait_seed);
}

static void check_all(void)
{
	struct tally t = { .next = options.first };
	struct run_result once, again;

	tap_plan(2);
	run_all(&t);
	if (t.has_failed) {
		try_seed(t.failed, true, &once);
		tap_diag("again: build/selftests/sim/sim --seed %llu",
			 t.failed);
	}
	tap_ok(!t.has_failed, "no run finds anything wrong");
	try_seed(options.first, false, &once);
	try_seed(options.first, true, &again);
	tap_ok(once.digest == again.digest, "a run can be run again");
}

static void check_one(void)
{
	struct run_result result;

	tap_plan(1);
	if (tap_ok(!try_seed(options.first, true, &result), "seed %llu",
		   options.first))
		tap_diag("%llu steps, %llu accesses",
			 result.steps,
			 result.accesses);
}

static void parse_options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "first", required_argument, NULL, 'f' },
		{ "seeds", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 't' },
		{ "patience", required_argument, NULL, 'p' },
		{ "jobs", required_argument, NULL, 'j' },
		{ 0 }
	};
	int option;

	options.jobs = sysconf(_SC_NPROCESSORS_ONLN);
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		u64 value = optarg ? strtoull(optarg, NULL, 0) : 0;

		switch (option) {
		case 's':
			options.one = true;
			/* fall through */
		case 'f':
			options.first = value;
			break;
		case 'n':
			options.seeds = value;
			break;
		case 't':
			options.seconds = value;
			break;
		case 'p':
			options.patience = value;
			break;
		case 'j':
			options.jobs = value;
			break;
		default:
			exit(2);
		}
	}
	options.jobs = min(max(options.jobs, 1u), (u32)JOBS_MAX);
}

int main(int argc, char **argv)
{
	parse_options(argc, argv);
	results = mmap(NULL, JOBS_MAX * sizeof(*results), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED)
		tap_bail("no memory");
	if (options.one)
		check_one();
	else
		check_all();
	return tap_exit();
}
