// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guest memory that the guest does not need, on all nodes: each node frees the pages
 * that no other node has. The node with the balloon asks the other nodes and waits
 * for all answers, since afterwards the guest writes to that memory again, on any
 * node.
 *
 * A node may have to wait until a device has finished with the memory. So a thread
 * of its own discards, and not the thread that reads the messages.
 */
#include "discard.h"

#include <pthread.h>
#include <stdbool.h>

#include "cluster.h"
#include "forward.h"
#include "log.h"
#include "memory.h"
#include "stop.h"

#define PAGE_MASK	4095ull

/* Payload of CLUSTER_DISCARD. */
struct discard_message {
	uint64_t offset;	/* into RAM, as memory_discard() takes it */
	uint64_t len;
};

/* Payload of CLUSTER_DISCARDED. */
struct discarded_message {
	uint64_t offset;	/* of the request */
};

_Static_assert(sizeof(struct discard_message) == 16, "no holes");

/* discard_lock protects all of it. */
static struct {
	struct discard_message range;	/* the memory to discard */
	bool wanted;			/* another node waits for this one */
	uint32_t missing;		/* bit mask: nodes that this one waits for */
} discard;

static pthread_mutex_t discard_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t discard_changed = PTHREAD_COND_INITIALIZER;

static void handle_discard(unsigned int node, const void *payload)
{
	const struct discard_message *m = payload;
	bool legal;

	pthread_mutex_lock(&discard_lock);
	legal = node == FORWARD_DEVICE_NODE && !discard.wanted &&
		!((m->offset | m->len) & PAGE_MASK) &&
		m->offset <= memory_size() &&
		m->len <= memory_size() - m->offset;
	if (legal) {
		discard.range = *m;
		discard.wanted = true;
		pthread_cond_signal(&discard_changed);
	}
	pthread_mutex_unlock(&discard_lock);
	if (!legal)
		stop_ask(EXIT_NODE_LOST, "Node %u has asked for an impossible range of memory to be discarded.",
			 node);
}

static void handle_discarded(unsigned int node, const void *payload)
{
	const struct discarded_message *m = payload;
	bool expected;

	pthread_mutex_lock(&discard_lock);
	expected = discard.missing & (1u << node) &&
		   m->offset == discard.range.offset;
	discard.missing &= ~(1u << node);
	pthread_cond_signal(&discard_changed);
	pthread_mutex_unlock(&discard_lock);
	if (!expected)
		stop_ask(EXIT_NODE_LOST, "Node %u has answered a request to discard memory that was not sent.",
			 node);
}

static void *serve(void *unused)
{
	struct discarded_message answer;
	struct discard_message m;

	for (;;) {
		pthread_mutex_lock(&discard_lock);
		while (!discard.wanted)
			pthread_cond_wait(&discard_changed, &discard_lock);
		m = discard.range;
		pthread_mutex_unlock(&discard_lock);
		memory_discard(m.offset, m.len);
		pthread_mutex_lock(&discard_lock);
		discard.wanted = false;
		pthread_mutex_unlock(&discard_lock);
		answer.offset = m.offset;
		cluster_send(FORWARD_DEVICE_NODE, CLUSTER_DISCARDED, &answer);
	}
	return unused;
}

void discard_init(const struct options *options)
{
	pthread_t server;

	cluster_handle(CLUSTER_DISCARD, sizeof(struct discard_message),
		       handle_discard);
	cluster_handle(CLUSTER_DISCARDED, sizeof(struct discarded_message),
		       handle_discarded);
	if (options->self == FORWARD_DEVICE_NODE ||
	    !options->devices.free_page_reporting)
		return;
	if (pthread_create(&server, NULL, serve, NULL))
		die(EXIT_HOST, "The thread that discards memory cannot be created.");
}

static uint32_t others(void)
{
	uint32_t all = UINT32_MAX >> (32 - cluster_nodes());

	return all & ~(1u << FORWARD_DEVICE_NODE);
}

void discard_memory(const void *host, uint64_t len)
{
	uint64_t begin = memory_offset(host), end = begin + len;
	struct discard_message m;

	m.offset = (begin + PAGE_MASK) & ~PAGE_MASK;
	if ((end & ~PAGE_MASK) <= m.offset)
		return;
	m.len = (end & ~PAGE_MASK) - m.offset;
	pthread_mutex_lock(&discard_lock);
	discard.range = m;
	discard.missing = others();
	pthread_mutex_unlock(&discard_lock);
	cluster_send_others(CLUSTER_DISCARD, &m);
	memory_discard(m.offset, m.len);
	pthread_mutex_lock(&discard_lock);
	while (discard.missing)
		pthread_cond_wait(&discard_changed, &discard_lock);
	pthread_mutex_unlock(&discard_lock);
}
