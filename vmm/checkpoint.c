// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A checkpoint of the guest: all nodes write what they have while it stands still.
 *
 * DOC: Theory of operation
 *
 * The keeper of each node is asked for it, opens this node's files, and hands them to
 * this process. So no process of the guest names a file. A thread of each node does the
 * work; node 0 leads:
 *
 *   X -> 0  READY    my keeper has ordered a checkpoint
 *   0       when all are ready, the guest stands still (pause.c)
 *   0 -> X  DRAIN    let your CPUs and devices complete what they have begun
 *   X -> *  DRAINED  none of them does anything any more
 *   0 -> X  WRITE    write your files
 *   X -> 0  WRITTEN  they are complete; and the hash of that with the state
 *   0       writes the manifest, and has it appear by its name
 *   0 -> X  END      it is complete, or has failed; your devices go on
 *
 * A node that fails says so in its next message, and then all end. When a node is
 * lost, so is the guest. A node that is not ready in READY_MS makes the checkpoint fail.
 * The END of that may cross the READY of a late node: node 0 takes it for the next one. So
 * DRAIN may come to a node that has no order: it takes part, and fails.
 *
 * What is where when all have DRAINED: a CPU waits in front of KVM_RUN, and its last access
 * to a device is complete. A device has answered all requests that it
 * has taken. Its interrupts are in the local APIC of a CPU: those for CPUs of other nodes
 * have left the APIC of the proxy here, and come before the DRAINED of this node, for which
 * each node waits. Devices are saved before CPUs: a serial port may still get input, and an
 * interrupt too many does no harm.
 *
 * Each node writes the pages that it owns, of which the module tells (dsm_owned()) once
 * before DRAINED and once more afterwards: a page that moves meanwhile goes to its home,
 * and homes may not move.
 */
#include "checkpoint.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "checkpoint_cpu.h"
#include "checkpoint_files.h"
#include "checkpoint_folder.h"
#include "cluster.h"
#include "deadline.h"
#include "devices.h"
#include "dsm.h"
#include "log.h"
#include "memory.h"
#include "move.h"
#include "pause.h"
#include "stop.h"
#include "virtio/life.h"

#define READY_MS	10000

enum checkpoint_what {
	CHECKPOINT_READY, CHECKPOINT_DRAIN, CHECKPOINT_DRAINED,
	CHECKPOINT_WRITE, CHECKPOINT_WRITTEN, CHECKPOINT_END,
	CHECKPOINT_WHATS,
};

/* Payload of CLUSTER_CHECKPOINT. */
struct checkpoint_message {
	uint32_t what;
	uint32_t failed;
	unsigned char hash[CHECKPOINT_HASH];	/* of WRITTEN */
	char why[CHECKPOINT_WHY_MAX];		/* if it has failed */
};

_Static_assert(sizeof(struct checkpoint_message) ==
	       8 + CHECKPOINT_HASH + CHECKPOINT_WHY_MAX, "no holes");

/* checkpoint_lock protects it. */
static struct {
	bool is_ordered;
	int fds[PASS_FDS];
	/* by sender: whether it has come, and the message */
	bool came[CHECKPOINT_WHATS][SSI_DSM_MAX_NODES];
	unsigned char hashes[SSI_DSM_MAX_NODES][CHECKPOINT_HASH];
	bool failed;
	char why[CHECKPOINT_WHY_MAX];
} checkpoint = { .fds = { -1, -1, -1 } };

static pthread_mutex_t checkpoint_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t checkpoint_cond = PTHREAD_COND_INITIALIZER;
static const struct checkpoint_guest *checkpoint_guest;
static uint64_t *checkpoint_owned;	/* pages; NULL with one node */
static uint64_t checkpoint_homes_given;	/* when they were noted first */

/* ---- messages ---- */

/* Only the first reason counts. */
static void fail_locked(const char *why)
{
	if (!checkpoint.failed)
		snprintf(checkpoint.why, sizeof(checkpoint.why), "%s", why);
	checkpoint.failed = true;
}

static void fail(const char *why)
{
	pthread_mutex_lock(&checkpoint_lock);
	fail_locked(why);
	pthread_mutex_unlock(&checkpoint_lock);
}

static bool has_failed(void)
{
	bool failed;

	pthread_mutex_lock(&checkpoint_lock);
	failed = checkpoint.failed;
	pthread_mutex_unlock(&checkpoint_lock);
	return failed;
}

/* A checkpoint ends that this node has no part in: it must not end the next one. */
static bool is_of_others(const struct checkpoint_message *m)
{
	return m->what == CHECKPOINT_END && !checkpoint.is_ordered &&
	       !checkpoint.came[CHECKPOINT_DRAIN][0];
}

static void note_message(unsigned int node, const struct checkpoint_message *m)
{
	char why[CHECKPOINT_WHY_MAX];

	pthread_mutex_lock(&checkpoint_lock);
	if (is_of_others(m)) {
		pthread_mutex_unlock(&checkpoint_lock);
		return;
	}
	checkpoint.came[m->what][node] = true;
	memcpy(checkpoint.hashes[node], m->hash, CHECKPOINT_HASH);
	if (m->failed) {
		snprintf(why, sizeof(why), "%.*s", (int)sizeof(m->why), m->why);
		fail_locked(why);
	}
	pthread_cond_broadcast(&checkpoint_cond);
	pthread_mutex_unlock(&checkpoint_lock);
}

static void handle_checkpoint(unsigned int node, const void *payload)
{
	const struct checkpoint_message *m = payload;
	bool to_leader = m->what == CHECKPOINT_READY ||
			 m->what == CHECKPOINT_WRITTEN;

	if (m->what == CHECKPOINT_DRAINED ||
	    (m->what < CHECKPOINT_WHATS && to_leader == !cluster_self() &&
	     (to_leader || !node)))
		note_message(node, m);
	else
		stop_ask(EXIT_NODE_LOST, "Node %u has sent a message about a checkpoint that it may not send.",
			 node);
}

static struct checkpoint_message make_message(enum checkpoint_what what)
{
	struct checkpoint_message m = { .what = what };

	pthread_mutex_lock(&checkpoint_lock);
	m.failed = checkpoint.failed;
	memcpy(m.why, checkpoint.why, sizeof(m.why));
	memcpy(m.hash, checkpoint.hashes[cluster_self()], sizeof(m.hash));
	pthread_mutex_unlock(&checkpoint_lock);
	return m;
}

/* To node 0, which may be this one. */
static void tell_leader(enum checkpoint_what what)
{
	const struct checkpoint_message m = make_message(what);

	if (cluster_self())
		cluster_send(0, CLUSTER_CHECKPOINT, &m);
	else
		note_message(0, &m);
}

static void tell_others(enum checkpoint_what what)
{
	const struct checkpoint_message m = make_message(what);

	cluster_send_others(CLUSTER_CHECKPOINT, &m);
}

static void tell_all(enum checkpoint_what what)
{
	const struct checkpoint_message m = make_message(what);

	cluster_send_others(CLUSTER_CHECKPOINT, &m);
	note_message(cluster_self(), &m);
}

static unsigned int count_came(enum checkpoint_what what)
{
	unsigned int count = 0;

	for (unsigned int node = 0; node < cluster_nodes(); node++)
		count += checkpoint.came[what][node];
	return count;
}

static void wait_for_all(enum checkpoint_what what)
{
	pthread_mutex_lock(&checkpoint_lock);
	while (count_came(what) < cluster_nodes())
		pthread_cond_wait(&checkpoint_cond, &checkpoint_lock);
	pthread_mutex_unlock(&checkpoint_lock);
}

/* ---- the steps of one node ---- */

/* Add those that this node owns now to the pages that it writes. */
static void note_owned(bool first)
{
	size_t bytes = memory_size() / CHECKPOINT_PAGE / 8;
	uint64_t given;

	if (!memory_may_move())
		return;
	if (!checkpoint_owned)
		checkpoint_owned = malloc(bytes);
	if (!checkpoint_owned) {
		fail("there is no memory");
		return;
	}
	if (first)
		memset(checkpoint_owned, 0, bytes);
	if (!dsm_owned(0, memory_size(), checkpoint_owned, &given))
		fail("the kernel module does not tell which pages a node owns");
	else if (first)
		checkpoint_homes_given = given;
	else if (given != checkpoint_homes_given)
		fail("a home of memory has moved meanwhile; try again");
}

static void drain(void)
{
	const struct checkpoint_guest *guest = checkpoint_guest;
	char why[CHECKPOINT_WHY_MAX];

	checkpoint_cpu_complete(guest->vcpus, guest->layout->num_cpus);
	virtio_hold();
	checkpoint_cpu_forward(guest->vcpus, guest->layout->num_cpus);
	if (!devices_may_save(why))
		fail(why);
	note_owned(true);
}

static const char *write_files(char buffer[CHECKPOINT_WHY_MAX])
{
	json_t *blocks, *node;
	const char *why;

	buffer[0] = '\0';
	blocks = checkpoint_memory_write(checkpoint.fds[CHECKPOINT_MEMORY],
					 checkpoint_owned, buffer);
	if (!blocks)
		return buffer;
	node = checkpoint_describe_node(checkpoint_guest, blocks);
	if (!node)
		return "a device or a CPU cannot be saved";
	why = checkpoint_write_json(checkpoint.fds[CHECKPOINT_NODE], node,
				    checkpoint.hashes[cluster_self()]);
	json_decref(node);
	return why;
}

static void write_node(void)
{
	char buffer[CHECKPOINT_WHY_MAX];
	const char *why;

	note_owned(false);
	if (has_failed())
		return;
	why = write_files(buffer);
	if (why)
		fail(why);
}

/*
 * Ready for the next one, which may be ordered as soon as the keeper or node 0 is told of
 * the end of this one. Return: the end, as a message. @is_ordered: out: this node has files.
 */
static struct checkpoint_message begin_anew(bool *is_ordered)
{
	struct checkpoint_message end = make_message(CHECKPOINT_END);

	pthread_mutex_lock(&checkpoint_lock);
	*is_ordered = checkpoint.is_ordered;
	pass_close(checkpoint.fds);
	memset(checkpoint.came, 0, sizeof(checkpoint.came));
	memset(checkpoint.why, 0, sizeof(checkpoint.why));
	checkpoint.is_ordered = false;
	checkpoint.failed = false;
	pthread_mutex_unlock(&checkpoint_lock);
	return end;
}

/* ---- node 0 ---- */

static void write_manifest(uint64_t ticks)
{
	unsigned char hash[CHECKPOINT_HASH];
	json_t *manifest = checkpoint_describe(checkpoint_guest, ticks,
					       checkpoint.hashes);
	const char *why = checkpoint_write_json(checkpoint.fds[CHECKPOINT_LAST],
						manifest, hash);

	json_decref(manifest);
	if (why)
		fail(why);
}

static void write_all(void)
{
	uint64_t ticks = pause_hold();

	move_wait();
	tell_others(CHECKPOINT_DRAIN);
	drain();
	tell_all(CHECKPOINT_DRAINED);
	wait_for_all(CHECKPOINT_DRAINED);
	tell_others(CHECKPOINT_WRITE);
	write_node();
	tell_leader(CHECKPOINT_WRITTEN);
	wait_for_all(CHECKPOINT_WRITTEN);
	if (!has_failed())
		write_manifest(ticks);
}

/* Return: whether all nodes are ready. */
static bool wait_for_ready(void)
{
	struct timespec until;
	bool all;
	int err = 0;

	pthread_mutex_lock(&checkpoint_lock);
	while (!count_came(CHECKPOINT_READY))
		pthread_cond_wait(&checkpoint_cond, &checkpoint_lock);
	until = deadline_in(READY_MS);
	while (count_came(CHECKPOINT_READY) < cluster_nodes() && !err)
		err = pthread_cond_clockwait(&checkpoint_cond, &checkpoint_lock,
					     CLOCK_MONOTONIC, &until);
	all = !err;
	if (!all)
		fail_locked("not all nodes of the cluster were asked for it");
	pthread_mutex_unlock(&checkpoint_lock);
	return all;
}

static void say_end(const struct checkpoint_message *end)
{
	if (end->failed)
		log_warn("The checkpoint has failed: %s. The guest goes on as before.",
			 end->why);
	else
		log_info("The checkpoint is complete.");
}

/* The manifest appears before the devices go on, which may write to disks. */
static void end_checkpoint(bool was_ready)
{
	bool is_ordered;
	struct checkpoint_message end = begin_anew(&is_ordered);
	int err = is_ordered ? ask_checkpoint(!end.failed, end.why) : 0;

	if (err && !end.failed) {
		snprintf(end.why, sizeof(end.why), "%s", strerror(-err));
		end.failed = true;
	}
	say_end(&end);
	if (was_ready)
		virtio_release();
	cluster_send_others(CLUSTER_CHECKPOINT, &end);
	if (was_ready)
		pause_release();
}

static void *lead(void *unused)
{
	for (;;) {
		bool ready = wait_for_ready();

		if (ready)
			write_all();
		end_checkpoint(ready);
	}
	return unused;
}

/* ---- the other nodes ---- */

/* Return: false: it has ended. */
static bool wait_for_leader(enum checkpoint_what what)
{
	bool came;

	pthread_mutex_lock(&checkpoint_lock);
	while (!checkpoint.came[what][0] && !checkpoint.came[CHECKPOINT_END][0])
		pthread_cond_wait(&checkpoint_cond, &checkpoint_lock);
	came = checkpoint.came[what][0];
	pthread_mutex_unlock(&checkpoint_lock);
	return came;
}

/* Return: false: there is none, but node 0 goes ahead. */
static bool wait_for_order(void)
{
	bool is_ordered;

	pthread_mutex_lock(&checkpoint_lock);
	while (!checkpoint.is_ordered && !checkpoint.came[CHECKPOINT_DRAIN][0])
		pthread_cond_wait(&checkpoint_cond, &checkpoint_lock);
	is_ordered = checkpoint.is_ordered;
	if (!is_ordered)
		fail_locked("not all nodes of the cluster were asked for it");
	pthread_mutex_unlock(&checkpoint_lock);
	return is_ordered;
}

static void end_here(bool drained)
{
	bool is_ordered;
	const struct checkpoint_message end = begin_anew(&is_ordered);

	if (drained)
		virtio_release();
	if (is_ordered)
		ask_checkpoint(!end.failed, end.why);
}

static void *follow(void *unused)
{
	bool drained;

	for (;;) {
		if (wait_for_order())
			tell_leader(CHECKPOINT_READY);
		drained = wait_for_leader(CHECKPOINT_DRAIN);
		if (drained) {
			drain();
			tell_all(CHECKPOINT_DRAINED);
			wait_for_leader(CHECKPOINT_WRITE);
			wait_for_all(CHECKPOINT_DRAINED);
			write_node();
			tell_leader(CHECKPOINT_WRITTEN);
			wait_for_leader(CHECKPOINT_END);
		}
		end_here(drained);
	}
	return unused;
}

/* ---- all ---- */

void checkpoint_ask(int fds[PASS_FDS])
{
	bool may;

	pthread_mutex_lock(&checkpoint_lock);
	may = checkpoint_guest && !checkpoint.is_ordered;
	if (may) {
		memcpy(checkpoint.fds, fds, sizeof(checkpoint.fds));
		checkpoint.is_ordered = true;
		pthread_cond_broadcast(&checkpoint_cond);
	}
	pthread_mutex_unlock(&checkpoint_lock);
	if (!may) {
		pass_close(fds);
		ask_checkpoint(false, "the guest is just starting");
	} else if (!cluster_self()) {
		tell_leader(CHECKPOINT_READY);
	}
}

void checkpoint_init(void)
{
	json_object_seed(0);	/* which opens a file, and no filter forbids that yet */
	cluster_handle(CLUSTER_CHECKPOINT, sizeof(struct checkpoint_message),
		       handle_checkpoint);
}

void checkpoint_start(const struct checkpoint_guest *guest)
{
	pthread_t thread;

	pthread_mutex_lock(&checkpoint_lock);
	checkpoint_guest = guest;
	pthread_mutex_unlock(&checkpoint_lock);
	if (pthread_create(&thread, NULL, cluster_self() ? follow : lead, NULL))
		die(EXIT_HOST, "The host gives no thread for checkpoints.");
	pthread_detach(thread);
}
