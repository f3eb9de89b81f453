// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmm/checkpoint.c on node 0 and on another node: who is told what, and in which order.
 *
 * What it does is written down as letters: H and h the guest is held and released, m moves
 * of CPUs have ended, C CPUs complete, V and v devices are held and released, F interrupts
 * are forwarded, O owned pages are asked for, M memory, N the node's state and L the
 * manifest are written, A and a the keeper is told of success and failure; and the
 * messages: r READY, d DRAIN, D DRAINED, w WRITE, W WRITTEN, e END.
 */
#include "../../vmm/checkpoint.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "../../vmm/ask.h"
#include "../../vmm/checkpoint_cpu.h"
#include "../../vmm/checkpoint_files.h"
#include "../../vmm/cluster.h"
#include "../../vmm/devices.h"
#include "../../vmm/dsm.h"
#include "../../vmm/memory.h"
#include "../../vmm/move.h"
#include "../../vmm/pause.h"
#include "../../vmm/stop.h"
#include "../../vmm/virtio/life.h"
#include "steps.h"

#define NODES	3

enum { READY, DRAIN, DRAINED, WRITE, WRITTEN, END };

/* As checkpoint.c has it. */
struct message {
	uint32_t what;
	uint32_t failed;
	unsigned char hash[CHECKPOINT_HASH];
	char why[CHECKPOINT_WHY_MAX];
};

static unsigned int self;
static cluster_handler handler;
static bool refused, disk_waits, is_full;
static uint64_t homes_given;
static char last_why[CHECKPOINT_WHY_MAX];

/* ---- what checkpoint.c calls ---- */

void cluster_handle(enum cluster_type type, size_t len, cluster_handler call)
{
	if (type != CLUSTER_CHECKPOINT || len != sizeof(struct message))
		tap_bail("another message");
	handler = call;
}

unsigned int cluster_self(void)
{
	return self;
}

unsigned int cluster_nodes(void)
{
	return NODES;
}

static void note_message(const void *payload)
{
	const struct message *m = payload;

	note("rdDwWe"[m->what]);
	memcpy(last_why, m->failed ? m->why : "", m->failed ? sizeof(last_why) : 1);
}

void cluster_send(unsigned int node, enum cluster_type type, const void *payload)
{
	if (node || type != CLUSTER_CHECKPOINT)
		tap_bail("a message to node %u", node);
	note_message(payload);
}

void cluster_send_others(enum cluster_type type, const void *payload)
{
	(void)type;
	note_message(payload);
}

int ask_checkpoint(bool complete, const char *why)
{
	(void)why;
	note(complete ? 'A' : 'a');
	return 0;
}

uint64_t pause_hold(void)
{
	note('H');
	return 1;
}

void pause_release(void)
{
	note('h');
}

void move_wait(void)
{
	note('m');
}

void virtio_hold(void)
{
	note('V');
}

void virtio_release(void)
{
	note('v');
}

bool devices_may_save(char why[DEVICES_WHY_MAX])
{
	strcpy(why, "a disk waits");
	return !disk_waits;
}

void checkpoint_cpu_complete(struct vcpu *vcpus, unsigned int num)
{
	(void)vcpus;
	(void)num;
	note('C');
}

void checkpoint_cpu_forward(struct vcpu *vcpus, unsigned int num)
{
	(void)vcpus;
	(void)num;
	note('F');
}

bool memory_may_move(void)
{
	return true;
}

uint64_t memory_size(void)
{
	return 2 << 20;
}

bool dsm_owned(uint64_t offset, uint64_t len, uint64_t *bits, uint64_t *given)
{
	(void)offset;
	(void)len;
	(void)bits;
	note('O');
	*given = homes_given;
	return true;
}

json_t *checkpoint_memory_write(int fd, const uint64_t *owned,
				char why[CHECKPOINT_WHY_MAX])
{
	(void)fd;
	note(owned ? 'M' : '?');
	strcpy(why, "no space");
	return is_full ? NULL : json_array();
}

json_t *checkpoint_describe_node(const struct checkpoint_guest *guest, json_t *blocks)
{
	(void)guest;
	return blocks;
}

json_t *checkpoint_describe(const struct checkpoint_guest *guest, uint64_t ticks,
			    const unsigned char hashes[][CHECKPOINT_HASH])
{
	(void)guest;
	(void)ticks;
	note(hashes[1][0] == 1 && hashes[2][0] == 2 ? 'L' : '?');
	return json_object();
}

const char *checkpoint_write_json(int fd, const json_t *json,
				  unsigned char hash[CHECKPOINT_HASH])
{
	(void)fd;
	(void)hash;
	if (json_is_array(json))
		note('N');
	return NULL;
}

void stop_ask(enum exit_code code, const char *fmt, ...)
{
	(void)fmt;
	refused = code == EXIT_NODE_LOST;
}

/* ---- tests ---- */

static void give(unsigned int node, uint32_t what, const char *why)
{
	struct message m = { .what = what, .failed = !!why, .hash = { node } };

	if (why)
		strcpy(m.why, why);
	handler(node, &m);
}

static void order(void)
{
	int fds[PASS_FDS] = { -1, -1, -1 };

	checkpoint_ask(fds);
}

static void start(void)
{
	static struct ssi_layout layout;
	static struct options options;
	static const struct checkpoint_guest guest = {
		.options = &options, .layout = &layout,
	};

	checkpoint_init();
	checkpoint_start(&guest);
}

static void make_one(void)
{
	order();
	give(1, READY, NULL);
	give(2, READY, NULL);
}

static void test_leader(void)
{
	start();
	order();
	give(1, READY, NULL);
	tap_ok(did(""), "node 0 waits until all nodes are ready");
	give(2, READY, NULL);
	tap_ok(did("HmdCVFOD"), "then the guest is held, and all drain");
	give(1, DRAINED, NULL);
	tap_ok(did(""), "it waits for all");
	give(2, DRAINED, NULL);
	tap_ok(did("wOMN"), "then all write");
	give(1, WRITTEN, NULL);
	give(2, WRITTEN, NULL);
	tap_ok(did("LAveh"), "the manifest comes last, with all hashes, and then the guest goes on");
	make_one();
	did("HmdCVFOD");
	give(1, DRAINED, NULL);
	give(2, DRAINED, "a disk waits");
	tap_ok(did("wO"), "if one node cannot, none writes");
	give(1, WRITTEN, "a disk waits");
	give(2, WRITTEN, "a disk waits");
	tap_ok(did("aveh") && !strcmp(last_why, "a disk waits"),
	       "all are told why, and the guest goes on");
	make_one();
	did("HmdCVFOD");
	homes_given++;
	give(1, DRAINED, NULL);
	give(2, DRAINED, NULL);
	tap_ok(did("wO"), "if a home has moved meanwhile, this node writes nothing");
	give(1, WRITTEN, NULL);
	give(2, WRITTEN, NULL);
	tap_ok(did("aveh") &&
	       !strcmp(last_why, "a home of memory has moved meanwhile; try again"),
	       "all are told that, too");
	is_full = true;
	make_one();
	did("HmdCVFOD");
	give(1, DRAINED, NULL);
	give(2, DRAINED, NULL);
	did("wOM");
	give(1, WRITTEN, NULL);
	give(2, WRITTEN, NULL);
	tap_ok(did("aveh") && !strcmp(last_why, "no space"),
	       "without room here there is no manifest");
	give(1, READY, NULL);
	tap_ok(did("e"), "a node alone cannot make one");
	tap_ok(!refused, "nothing was refused");
	give(1, DRAIN, NULL);
	tap_ok(refused, "no other node may lead");
}

static void test_follower(void)
{
	start();
	order();
	tap_ok(did("r"), "another node says that it is ready");
	give(0, DRAIN, NULL);
	tap_ok(did("CVFOD"), "drains");
	give(0, DRAINED, NULL);
	give(0, WRITE, NULL);
	tap_ok(did(""), "waits until the interrupts of all have come");
	give(2, DRAINED, NULL);
	tap_ok(did("OMNW"), "and writes");
	give(0, END, NULL);
	tap_ok(did("vA"), "its devices go on at the end, and its keeper is told");
	order();
	did("r");
	give(0, END, "not all nodes");
	tap_ok(did("a"), "it may end before it has begun");
	give(0, END, "not all nodes");
	order();
	tap_ok(did("r"), "the end of one that it had no part in does not end the next one");
	give(0, END, "not all nodes");
	did("a");
	give(0, DRAIN, NULL);
	tap_ok(did("CVFOD"), "without an order it takes part, so that no node waits for it");
	give(0, DRAINED, NULL);
	give(2, DRAINED, NULL);
	give(0, WRITE, NULL);
	tap_ok(did("OW") && strstr(last_why, "not all nodes"), "it writes nothing, and says why");
	give(0, END, "not all nodes");
	tap_ok(did("v"), "and goes on");
	tap_ok(!refused, "nothing was refused");
	give(0, 9, NULL);
	tap_ok(refused, "an unknown message is refused");
}

int main(void)
{
	tap_plan(25);
	test_leader();
	/* Its thread waits for a request that never comes. */
	self = 1;
	refused = is_full = false;
	test_follower();
	return tap_exit();
}
