// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two threads wake each other in turn, from a CPU of one node to a CPU of
 * another: each wake-up of a sleeping CPU is an IPI. A lost one shows as a
 * round that never ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "checks.h"
#include "report.h"
#include "workers.h"

#define WARM_UP		8
#define MAX_ROUNDS	20000
#define LOST_SECONDS	20

enum token { TOKEN_NONE, TOKEN_GO, TOKEN_STOP };

/**
 * struct pingpong - two threads and their tokens
 * @name: of the way they wake each other
 * @pass: give a token to the other thread; @to is its index
 * @await: wait for one; TOKEN_NONE when none came for LOST_SECONDS
 * @seconds: how long to go on, at least for one measured round trip
 * @rounds: round trips that were measured
 * @lost: a token did not come
 * @times: of the round trips, in seconds
 */
struct pingpong {
	const char *name;
	void (*pass)(int to, enum token token);
	enum token (*await)(int me);
	double seconds;
	int rounds;
	bool lost;
	double times[MAX_ROUNDS];
};

/* The word that a thread sleeps on; both on one page, as is usual. */
static uint32_t futexes[2] PAGE_ALIGNED;
static int pipes[2][2];

static void futex_pass(int to, enum token token)
{
	__atomic_store_n(&futexes[to], token, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &futexes[to], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static enum token futex_await(int me)
{
	const struct timespec limit = { .tv_sec = LOST_SECONDS };
	enum token token;

	while (!(token = __atomic_exchange_n(&futexes[me], TOKEN_NONE,
					     __ATOMIC_SEQ_CST))) {
		if (syscall(SYS_futex, &futexes[me], FUTEX_WAIT_PRIVATE,
			    TOKEN_NONE, &limit, NULL, 0) && errno == ETIMEDOUT)
			return TOKEN_NONE;
	}
	return token;
}

static void pipe_pass(int to, enum token token)
{
	char byte = token;

	if (write(pipes[to][1], &byte, 1) != 1) {
		perror("ssi-check: write to a pipe");
		abort();
	}
}

static enum token pipe_await(int me)
{
	struct pollfd poll_fd = { .fd = pipes[me][0], .events = POLLIN };
	char byte;

	if (poll(&poll_fd, 1, LOST_SECONDS * 1000) != 1 ||
	    read(pipes[me][0], &byte, 1) != 1)
		return TOKEN_NONE;
	return byte;
}

static void serve(struct pingpong *pp)
{
	double deadline = report_now() + pp->seconds;

	for (int i = 0; i < WARM_UP + MAX_ROUNDS; i++) {
		double begun = report_now(), ended;

		pp->pass(1, TOKEN_GO);
		if (pp->await(0) == TOKEN_NONE) {
			pp->lost = true;
			break;
		}
		ended = report_now();
		if (i >= WARM_UP)
			pp->times[pp->rounds++] = ended - begun;
		if (pp->rounds && ended > deadline)
			break;
	}
	pp->pass(1, TOKEN_STOP);
}

static void run_thread(int index, void *arg)
{
	struct pingpong *pp = arg;

	if (index == 0) {
		serve(pp);
		return;
	}
	while (pp->await(1) == TOKEN_GO)
		pp->pass(0, TOKEN_GO);
}

struct figures {
	int rounds;
	double rate;
	double p50;
	double p99;
	double max;
};

static struct figures evaluate(struct pingpong *pp)
{
	double sum = 0;

	for (int i = 0; i < pp->rounds; i++)
		sum += pp->times[i];
	report_sort(pp->times, pp->rounds);
	return (struct figures) {
		.rounds = pp->rounds,
		.rate = pp->rounds / sum,
		.p50 = pp->times[pp->rounds / 2],
		.p99 = pp->times[pp->rounds * 99 / 100],
		.max = pp->times[pp->rounds - 1],
	};
}

static void report_figures(const char *name, const struct figures *f)
{
	report_key("%s_rounds=%d %s_per_s=%.0f %s_p50_us=%.0f %s_p99_us=%.0f %s_max_us=%.0f",
		   name, f->rounds, name, f->rate, name, f->p50 * 1e6, name,
		   f->p99 * 1e6, name, f->max * 1e6);
}

static bool run_pair(struct pingpong *pp, const struct machine_pair *pair)
{
	pp->rounds = 0;
	pp->lost = false;
	futexes[0] = TOKEN_NONE;
	futexes[1] = TOKEN_NONE;
	if (workers_run(pair->cpus, 2, run_thread, pp))
		return false;
	if (pp->lost)
		report_fail("%s: a wake-up between CPU %d and CPU %d was lost; none came for %d s after %d round trips.",
			    pp->name, pair->cpus[0].id, pair->cpus[1].id,
			    LOST_SECONDS, pp->rounds);
	return !pp->lost;
}

/* With several pairs of nodes, the figures are those of the slowest. */
static void run_pairs(struct pingpong *pp, const struct machine_pair *pairs,
		      int count)
{
	struct figures slowest = { .rate = -1 };

	for (int i = 0; i < count; i++) {
		struct figures figures;

		if (!run_pair(pp, &pairs[i]))
			return;
		figures = evaluate(pp);
		if (slowest.rate < 0 || figures.rate < slowest.rate)
			slowest = figures;
		report_progress("%s: %d of %d pairs of CPUs are done.",
				pp->name, i + 1, count);
	}
	report_figures(pp->name, &slowest);
}

static int open_pipes(void)
{
	if (!pipe2(pipes[0], O_CLOEXEC)) {
		if (!pipe2(pipes[1], O_CLOEXEC))
			return 0;
		close(pipes[0][0]);
		close(pipes[0][1]);
	}
	report_fail("No pipe can be created: %s.", strerror(errno));
	return -1;
}

void check_ipi(const struct machine *machine, const struct settings *settings)
{
	static struct machine_pair pairs[MACHINE_MAX_PAIRS];
	static struct pingpong futex = {
		.name = "futex", .pass = futex_pass, .await = futex_await,
	};
	static struct pingpong pipe = {
		.name = "pipe", .pass = pipe_pass, .await = pipe_await,
	};
	int count = machine_pairs(machine, pairs);

	if (!count) {
		report_skip("ipi");
		return;
	}
	futex.seconds = settings->seconds / count;
	pipe.seconds = settings->seconds / count;
	run_pairs(&futex, pairs, count);
	if (open_pipes())
		return;
	run_pairs(&pipe, pairs, count);
	for (int i = 0; i < 4; i++)
		close(pipes[i / 2][i % 2]);
	report_key("pairs=%d", count);
}
