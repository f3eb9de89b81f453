// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest stands still: none of its CPUs runs, on any node, and nor does its time.
 *
 * DOC: Theory of operation
 *
 * Node 0 does it. A thread of each node waits for the CPUs: the reader of the channel
 * may not, since a CPU that waits for a page needs the reader.
 *
 *   0 -> X  STOP       let your CPUs stand still
 *   X -> 0  STOPPED    no CPU of mine is in the guest
 *   0 -> X  PAUSED     all nodes have stopped: node 0 has noted its time
 *   0 -> X  GO         set your clock back by so many ticks, and run
 *
 * The time that node 0 notes is later than any that a CPU of the guest has read: each
 * STOPPED has come before, and a message takes longer than the clocks differ. When
 * the guest is to run again, each node sets its clock back by the ticks that have
 * passed on node 0 since then (clock.c). So the guest notices nothing; only its wall
 * clock is late afterwards, as after a suspend.
 *
 * A checkpoint holds the guest still: then it runs again only when the checkpoint has let
 * it go, and no program asks for a pause. A guest that was restored begins like this: on
 * each node before its CPUs are there, and with the TSC of the checkpoint.
 *
 * Devices complete what they have begun: a disk writes, a network card fills the
 * buffers that it has. A timer of a CPU may fire once meanwhile; guests find that
 * it is early, and set it again. Links, pages and the end of the guest work as
 * always: the threads of the module and of the channel do not stop.
 */
#include "pause.h"

#include <pthread.h>
#include <stdint.h>

#include "ask.h"
#include "clock.h"
#include "cluster.h"
#include "deadline.h"
#include "hw/timebase.h"
#include "log.h"
#include "stop.h"
#include "tsc.h"
#include "vm.h"

#define JOBS_MAX	4	/* node 0 waits for STOPPED before it sends more */

enum pause_what { PAUSE_STOP, PAUSE_STOPPED, PAUSE_PAUSED, PAUSE_GO };

/* Payload of CLUSTER_PAUSE. */
struct pause_message {
	uint32_t what;
	uint32_t reserved;
	uint64_t ticks;		/* of PAUSE_GO */
};

_Static_assert(sizeof(struct pause_message) == 16, "no holes");

/* pause_lock protects all of it. */
static struct {
	bool wanted;			/* node 0: the guest shall stand still */
	bool held;			/* node 0: and so it must, for now */
	bool is_still;			/* node 0: it does, since @stopped */
	bool is_restored;		/* node 0: so it begins, since @stopped */
	uint64_t stopped;
	bool expected[SSI_DSM_MAX_NODES];	/* node 0: STOPPED of this node */
	struct pause_message jobs[JOBS_MAX];	/* the other nodes */
	unsigned int num_jobs;
} pausing;

static pthread_mutex_t pause_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t pause_cond = PTHREAD_COND_INITIALIZER;

static void send_others(enum pause_what what, uint64_t ticks)
{
	const struct pause_message m = { .what = what, .ticks = ticks };

	cluster_send_others(CLUSTER_PAUSE, &m);
}

/* ---- node 0 ---- */

void pause_ask(bool paused)
{
	pthread_mutex_lock(&pause_lock);
	pausing.wanted = paused;
	pthread_cond_broadcast(&pause_cond);
	pthread_mutex_unlock(&pause_lock);
}

bool pause_is_wanted(void)
{
	bool wanted;

	pthread_mutex_lock(&pause_lock);
	wanted = pausing.wanted || pausing.held;
	pthread_mutex_unlock(&pause_lock);
	return wanted;
}

static void expect_all(void)
{
	pthread_mutex_lock(&pause_lock);
	for (unsigned int node = 1; node < cluster_nodes(); node++)
		pausing.expected[node] = true;
	pthread_mutex_unlock(&pause_lock);
}

static bool is_any_expected(void)
{
	for (unsigned int node = 1; node < cluster_nodes(); node++)
		if (pausing.expected[node])
			return true;
	return false;
}

/* A node that is lost ends the guest, so this needs no limit. */
static void wait_for_nodes(void)
{
	pthread_mutex_lock(&pause_lock);
	while (is_any_expected())
		pthread_cond_wait(&pause_cond, &pause_lock);
	pthread_mutex_unlock(&pause_lock);
}

static void wait_to_stop(void)
{
	pthread_mutex_lock(&pause_lock);
	while (!pausing.wanted && !pausing.held)
		pthread_cond_wait(&pause_cond, &pause_lock);
	pthread_mutex_unlock(&pause_lock);
}

/* From here on a pause_hold() waits for the next time. */
static void wait_to_go(void)
{
	pthread_mutex_lock(&pause_lock);
	while (pausing.wanted || pausing.held)
		pthread_cond_wait(&pause_cond, &pause_lock);
	pausing.is_still = false;
	pthread_mutex_unlock(&pause_lock);
}

static void begin_stillness(uint64_t stopped)
{
	pthread_mutex_lock(&pause_lock);
	pausing.is_still = true;
	pausing.stopped = stopped;
	pthread_cond_broadcast(&pause_cond);
	pthread_mutex_unlock(&pause_lock);
}

uint64_t pause_hold(void)
{
	uint64_t stopped;

	pthread_mutex_lock(&pause_lock);
	pausing.held = true;
	pthread_cond_broadcast(&pause_cond);
	while (!pausing.is_still)
		pthread_cond_wait(&pause_cond, &pause_lock);
	stopped = pausing.stopped;
	pthread_mutex_unlock(&pause_lock);
	return stopped;
}

void pause_release(void)
{
	pthread_mutex_lock(&pause_lock);
	pausing.held = false;
	pthread_cond_broadcast(&pause_cond);
	pthread_mutex_unlock(&pause_lock);
}

/* Return: the guest's TSC. */
static uint64_t stop_all(void)
{
	uint64_t stopped;

	expect_all();
	send_others(PAUSE_STOP, 0);
	tsc_stop();
	wait_for_nodes();
	stopped = tsc_read();
	timebase_stop();
	send_others(PAUSE_PAUSED, 0);
	log_info("The guest is paused.");
	ask_life(true);
	return stopped;
}

static void go_all(uint64_t stopped)
{
	uint64_t ticks = tsc_read() - stopped;

	clock_rewind(ticks);
	timebase_go();
	send_others(PAUSE_GO, ticks);
	tsc_go();
	log_info("The guest runs again, after %llu ms.",
		 (unsigned long long)ticks / vm_tsc_khz());
	ask_life(false);
}

static void *lead(void *unused)
{
	if (pausing.is_restored)
		go_all(pausing.stopped);
	for (;;) {
		uint64_t stopped;

		wait_to_stop();
		stopped = stop_all();
		begin_stillness(stopped);
		wait_to_go();
		go_all(stopped);
	}
	return unused;
}

static void handle_stopped(unsigned int node)
{
	bool expected;

	pthread_mutex_lock(&pause_lock);
	expected = pausing.expected[node];
	pausing.expected[node] = false;
	pthread_cond_broadcast(&pause_cond);
	pthread_mutex_unlock(&pause_lock);
	if (!expected)
		stop_ask(EXIT_NODE_LOST, "Node %u has sent that its CPUs stand still, which this node did not ask for.",
			 node);
}

/* ---- the other nodes ---- */

static struct pause_message wait_for_job(void)
{
	struct pause_message job;

	pthread_mutex_lock(&pause_lock);
	while (!pausing.num_jobs)
		pthread_cond_wait(&pause_cond, &pause_lock);
	job = pausing.jobs[0];
	pausing.num_jobs--;
	for (unsigned int i = 0; i < pausing.num_jobs; i++)
		pausing.jobs[i] = pausing.jobs[i + 1];
	pthread_mutex_unlock(&pause_lock);
	return job;
}

static void *follow(void *unused)
{
	const struct pause_message stopped = { .what = PAUSE_STOPPED };

	for (;;) {
		const struct pause_message job = wait_for_job();

		switch (job.what) {
		case PAUSE_STOP:
			tsc_stop();
			cluster_send(0, CLUSTER_PAUSE, &stopped);
			break;
		case PAUSE_PAUSED:
			ask_life(true);
			break;
		default:
			clock_rewind(job.ticks);
			tsc_go();
			ask_life(false);
		}
	}
	return unused;
}

static void add_job(unsigned int node, const struct pause_message *m)
{
	bool has_room;

	pthread_mutex_lock(&pause_lock);
	has_room = pausing.num_jobs < JOBS_MAX;
	if (has_room)
		pausing.jobs[pausing.num_jobs++] = *m;
	pthread_cond_broadcast(&pause_cond);
	pthread_mutex_unlock(&pause_lock);
	if (!has_room)
		stop_ask(EXIT_NODE_LOST, "Node %u has asked this node to stand still or to run without waiting for answers.",
			 node);
}

/* ---- all ---- */

static void handle_pause(unsigned int node, const void *payload)
{
	const struct pause_message *m = payload;

	if (cluster_self() == 0 && m->what == PAUSE_STOPPED)
		handle_stopped(node);
	else if (cluster_self() != 0 && node == 0 && m->what <= PAUSE_GO &&
		 m->what != PAUSE_STOPPED)
		add_job(node, m);
	else
		stop_ask(EXIT_NODE_LOST, "Node %u has sent a message about a paused guest that it may not send.",
			 node);
}

void pause_init(void)
{
	cluster_handle(CLUSTER_PAUSE, sizeof(struct pause_message),
		       handle_pause);
}

void pause_restored(uint64_t stopped)
{
	pausing.is_restored = true;
	pausing.stopped = stopped;
	tsc_stop();
	timebase_stop();
}

void pause_start(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, cluster_self() ? follow : lead, NULL))
		die(EXIT_HOST, "The host gives no thread to pause the guest.");
	pthread_detach(thread);
}
