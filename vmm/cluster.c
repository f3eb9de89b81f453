// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages between the ssi-vmm of one cluster, over the module's channel.
 *
 * DOC: Theory of operation
 *
 * One reader thread takes all messages from the module and calls their handlers.
 * No other thread does, so handlers need no lock against each other. They must not
 * wait for another message, nor take the device lock.
 *
 * Life: cluster_start() waits for READY (all nodes have joined the region) and
 * then for the HELLO of each node; cluster_barrier() collects ARRIVED at node 0,
 * which answers GO. Until then a problem ends the process by die(), on the main
 * thread, afterwards by stop_ask(). At the end the node that knows first tells
 * the others with STOP and waits for their STOP_ACK, since a process that ends
 * takes its links along, and a node whose link is gone counts as lost. For the
 * same reason the others stay until the first node has gone: a third node, whose
 * STOP is still on its way, would take them for lost.
 */
#include "cluster.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "cpufeatures.h"
#include "deadline.h"
#include "dsm.h"
#include "log.h"
#include "stop.h"
#include "vm.h"

#define STOP_WAIT_MS	1000
#define LEAVE_WAIT_MS	2000	/* longer, since the first node waits too */
#define REPORT_S	5
#define MESSAGE_MAX	SSI_DSM_MSG_MAX

/* In front of every payload. */
struct message_head {
	uint16_t type;
	uint16_t len;		/* of the payload */
	uint32_t reserved;
};

/* Payload of CLUSTER_HELLO. */
struct hello_message {
	uint32_t version;	/* stays first, whatever else changes */
	uint32_t tsc_khz;
	uint64_t config;
	struct cpufeatures features;
};

/* Payload of CLUSTER_ARRIVED, CLUSTER_GO and CLUSTER_STOP_ACK. */
struct phase_message {
	uint32_t phase;
	uint32_t reserved;
};

/* Payload of CLUSTER_STOP. */
struct stop_message {
	uint32_t code;
	char reason[STOP_REASON_MAX];
};

_Static_assert(sizeof(struct message_head) == 8, "no holes");
_Static_assert(sizeof(struct hello_message) == 16 + sizeof(struct cpufeatures),
	       "no holes");
_Static_assert(sizeof(struct stop_message) == 4 + STOP_REASON_MAX, "no holes");

static struct {
	size_t len;
	cluster_handler call;
} cluster_handlers[CLUSTER_TYPES];

static unsigned int cluster_num_nodes = 1;
static unsigned int cluster_node;

/* Messages that the reader has received so far; cluster_lock protects it. */
static struct {
	bool ready;
	bool said_hello[SSI_DSM_MAX_NODES];
	struct hello_message hello[SSI_DSM_MAX_NODES];
	unsigned int hellos;
	unsigned int arrived;	/* counted up over all barriers */
	unsigned int gone;	/* barriers that are done */
	unsigned int stop_acks;
	bool lost;		/* a node has gone */
} seen;

static pthread_mutex_t cluster_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cluster_cond = PTHREAD_COND_INITIALIZER;

unsigned int cluster_nodes(void)
{
	return cluster_num_nodes;
}

unsigned int cluster_self(void)
{
	return cluster_node;
}

void cluster_handle(enum cluster_type type, size_t len, cluster_handler handler)
{
	cluster_handlers[type].len = len;
	cluster_handlers[type].call = handler;
}

void cluster_send(unsigned int node, enum cluster_type type,
		  const void *payload)
{
	unsigned char data[MESSAGE_MAX];
	struct message_head head = {
		.type = type, .len = cluster_handlers[type].len,
	};
	int err;

	memcpy(data, &head, sizeof(head));
	memcpy(data + sizeof(head), payload, head.len);
	err = dsm_send(node, data, sizeof(head) + head.len);
	/* A lost link is also reported by the reader, with the reason. */
	if (err && err != -ENOTCONN)
		stop_ask(EXIT_NODE_LOST, "A message to node %u could not be sent: %s.",
			 node, strerror(-err));
}

void cluster_send_others(enum cluster_type type, const void *payload)
{
	for (unsigned int node = 0; node < cluster_num_nodes; node++)
		if (node != cluster_node)
			cluster_send(node, type, payload);
}

static void handle_hello(unsigned int node, const void *payload)
{
	pthread_mutex_lock(&cluster_lock);
	if (!seen.said_hello[node]) {
		seen.said_hello[node] = true;
		memcpy(&seen.hello[node], payload, sizeof(seen.hello[node]));
		seen.hellos++;
	}
	pthread_cond_broadcast(&cluster_cond);
	pthread_mutex_unlock(&cluster_lock);
}

static void handle_arrived(unsigned int node, const void *payload)
{
	(void)node;
	(void)payload;
	pthread_mutex_lock(&cluster_lock);
	seen.arrived++;
	pthread_cond_broadcast(&cluster_cond);
	pthread_mutex_unlock(&cluster_lock);
}

static void handle_go(unsigned int node, const void *payload)
{
	const struct phase_message *m = payload;

	(void)node;
	pthread_mutex_lock(&cluster_lock);
	seen.gone = m->phase;
	pthread_cond_broadcast(&cluster_cond);
	pthread_mutex_unlock(&cluster_lock);
}

static void handle_stop(unsigned int node, const void *payload)
{
	const struct stop_message *m = payload;
	struct stop_request request = { .code = m->code & 0xff, .told = true };
	struct phase_message ack = { 0 };

	snprintf(request.reason, sizeof(request.reason), "%.*s",
		 (int)sizeof(m->reason), m->reason);
	cluster_send(node, CLUSTER_STOP_ACK, &ack);
	stop_told(&request);
}

static void handle_stop_ack(unsigned int node, const void *payload)
{
	(void)node;
	(void)payload;
	pthread_mutex_lock(&cluster_lock);
	seen.stop_acks++;
	pthread_cond_broadcast(&cluster_cond);
	pthread_mutex_unlock(&cluster_lock);
}

static void dispatch(unsigned int node, const unsigned char *data, size_t len)
{
	struct message_head head;

	if (len < sizeof(head))
		goto bad;
	memcpy(&head, data, sizeof(head));
	if (head.type >= CLUSTER_TYPES || !cluster_handlers[head.type].call ||
	    node >= cluster_num_nodes)
		goto bad;
	if (head.len != len - sizeof(head) ||
	    head.len != cluster_handlers[head.type].len)
		goto bad;
	cluster_handlers[head.type].call(node, data + sizeof(head));
	return;
bad:
	stop_ask(EXIT_NODE_LOST, "Node %u has sent a message of unknown type or length; run the same version of ssi-vmm on all nodes.",
		 node);
}

static void set_seen(bool *what)
{
	pthread_mutex_lock(&cluster_lock);
	*what = true;
	pthread_cond_broadcast(&cluster_cond);
	pthread_mutex_unlock(&cluster_lock);
}

/* The module's reason for a lost region; it begins with "lost node 1: ". */
static void lose_node(const struct ssi_dsm_msg *message)
{
	const char *reason = (const char *)message->data;
	int len = message->len, skip;
	char known[32];

	skip = snprintf(known, sizeof(known), "lost node %u: ", message->node);
	if (skip > len || memcmp(reason, known, skip))
		skip = 0;
	stop_ask(EXIT_NODE_LOST, "Node %u is lost: %.*s.", message->node,
		 len - skip, reason + skip);
}

static void take_message(const struct ssi_dsm_msg *message)
{
	switch (message->type) {
	case SSI_DSM_MSG_DATA:
		dispatch(message->node, message->data, message->len);
		break;
	case SSI_DSM_MSG_READY:
		set_seen(&seen.ready);
		break;
	case SSI_DSM_MSG_LOST:
		set_seen(&seen.lost);
		lose_node(message);
		break;
	case SSI_DSM_MSG_REFUSED:
		stop_ask(EXIT_USAGE, "Node %u and this one do not agree: %.*s",
			 message->node, (int)message->len, message->data);
		break;
	}
}

static void *read_channel(void *unused)
{
	const struct ssi_dsm_msg *message;
	int err;

	while ((err = dsm_read(&message)) == 0)
		take_message(message);
	stop_ask(EXIT_HOST, "Messages of other nodes cannot be read from the kernel module: %s.",
		 strerror(-err));
	return unused;
}

/* Wait for a change, a second at most; call with the lock held. */
static void wait_a_second(void)
{
	struct timespec until = deadline_in(1000);

	pthread_cond_clockwait(&cluster_cond, &cluster_lock, CLOCK_MONOTONIC,
			       &until);
	if (stop_asked())
		die(stop_get()->code, "%s", stop_get()->reason);
}

/* List the nodes whose HELLO has not arrived, each with the reason. */
static void list_missing(char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (unsigned int node = 0; node < cluster_num_nodes; node++) {
		char why[160];

		if (node == cluster_node || seen.said_hello[node] ||
		    len >= size)
			continue;
		if (ask_link(node, why, sizeof(why)) <= 0)
			snprintf(why, sizeof(why), "it has not joined yet");
		len += snprintf(text + len, size - len, "%snode %u (%s)",
				len ? ", " : "", node, why);
	}
}

static bool is_complete(void)
{
	return seen.ready && seen.hellos == cluster_num_nodes - 1;
}

static void wait_for_nodes(unsigned int timeout, const void *hello)
{
	time_t start = deadline_seconds(), report = start + REPORT_S;
	bool greeted = false;
	char missing[1024];
	time_t now;

	pthread_mutex_lock(&cluster_lock);
	while (!is_complete() || !greeted) {
		if (seen.ready && !greeted) {
			greeted = true;
			cluster_send_others(CLUSTER_HELLO, hello);
			continue;
		}
		wait_a_second();
		now = deadline_seconds();
		if (is_complete() || (now < report && now - start < timeout))
			continue;
		list_missing(missing, sizeof(missing));
		if (now - start >= timeout)
			die(EXIT_NODE_LOST, "Gave up after %u seconds without an answer from %s.",
			    timeout, missing);
		log_info("Waiting for %s.", missing);
		report = now + REPORT_S;
	}
	pthread_mutex_unlock(&cluster_lock);
}

static void check_hello(unsigned int node, const struct hello_message *mine)
{
	const struct hello_message *theirs = &seen.hello[node];

	if (theirs->version != mine->version)
		die(EXIT_USAGE, "Node %u runs another version of ssi-vmm (messages of version %u, here %u); install the same version on all nodes.",
		    node, theirs->version, mine->version);
	if (theirs->config != mine->config)
		die(EXIT_USAGE, "Node %u was given another configuration; the file must be the same on every node.",
		    node);
}

/* Linux compares the model of the boot CPU with lists of affected models. */
static void check_models(uint32_t model)
{
	if (cluster_node != 0)
		return;
	for (unsigned int node = 1; node < cluster_num_nodes; node++) {
		uint32_t other = seen.hello[node].features.model;

		if (other != model)
			log_warn("The CPUs of node %u are another model (CPUID 1 EAX 0x%x) than those of node 0 (0x%x), by which the guest chooses its mitigations; make the node whose CPUs need the most mitigations node 0.",
				 node, other, model);
	}
}

/* Keep the features that the CPUs of all hosts have; the guest sees only them. */
static void agree_on_features(struct cpufeatures *features)
{
	struct cpufeatures mine = *features;
	char missing[1024];

	for (unsigned int node = 0; node < cluster_num_nodes; node++)
		if (node != cluster_node &&
		    !cpufeatures_join(features, &seen.hello[node].features))
			die(EXIT_USAGE, "Node %u has CPUs of another vendor; the CPUs of one guest must all be from one vendor.",
			    node);
	if (cpufeatures_missing(features, &mine, missing, sizeof(missing)))
		log_info("The guest does not see these features of this host's CPUs, which CPUs of other nodes lack (bits of CPUID and MSRs): %s.",
			 missing);
}

static void register_messages(void)
{
	cluster_handle(CLUSTER_HELLO, sizeof(struct hello_message),
		       handle_hello);
	cluster_handle(CLUSTER_ARRIVED, sizeof(struct phase_message),
		       handle_arrived);
	cluster_handle(CLUSTER_GO, sizeof(struct phase_message), handle_go);
	cluster_handle(CLUSTER_STOP, sizeof(struct stop_message), handle_stop);
	cluster_handle(CLUSTER_STOP_ACK, sizeof(struct phase_message),
		       handle_stop_ack);
}

void cluster_start(const struct options *options, uint32_t *tsc_khz,
		   struct cpufeatures *features)
{
	struct hello_message hello = {
		.version = CLUSTER_VERSION, .tsc_khz = *tsc_khz,
		.config = options->hash, .features = *features,
	};
	pthread_t reader;

	if (options->num_nodes == 1)
		return;
	cluster_num_nodes = options->num_nodes;
	cluster_node = options->self;
	register_messages();
	if (pthread_create(&reader, NULL, read_channel, NULL))
		die(EXIT_HOST, "The host gives no thread for the messages of other nodes.");
	wait_for_nodes(options->timeout, &hello);
	for (unsigned int node = 0; node < cluster_num_nodes; node++)
		if (node != cluster_node)
			check_hello(node, &hello);
	check_models(features->model);
	agree_on_features(features);
	if (cluster_node != 0)
		*tsc_khz = seen.hello[0].tsc_khz;
}

void cluster_barrier(void)
{
	static unsigned int phase;
	struct phase_message m = { 0 };

	if (cluster_num_nodes == 1)
		return;
	m.phase = ++phase;
	if (cluster_node != 0)
		cluster_send(0, CLUSTER_ARRIVED, &m);
	pthread_mutex_lock(&cluster_lock);
	if (cluster_node == 0) {
		while (seen.arrived < phase * (cluster_num_nodes - 1))
			wait_a_second();
	} else {
		while (seen.gone < phase)
			wait_a_second();
	}
	pthread_mutex_unlock(&cluster_lock);
	if (cluster_node == 0)
		cluster_send_others(CLUSTER_GO, &m);
}

static bool have_all_answered(void)
{
	return seen.stop_acks >= cluster_num_nodes - 1;
}

static bool has_one_gone(void)
{
	return seen.lost;
}

static void wait_until(bool (*is_true)(void), unsigned int ms)
{
	struct timespec until = deadline_in(ms);
	int err = 0;

	pthread_mutex_lock(&cluster_lock);
	while (!is_true() && !err)
		err = pthread_cond_clockwait(&cluster_cond, &cluster_lock,
					     CLOCK_MONOTONIC, &until);
	pthread_mutex_unlock(&cluster_lock);
}

void cluster_stop(void)
{
	const struct stop_request *request = stop_get();
	struct stop_message m = { .code = request->code };

	if (cluster_num_nodes == 1)
		return;
	if (request->told) {
		wait_until(has_one_gone, LEAVE_WAIT_MS);
		return;
	}
	memcpy(m.reason, request->reason, sizeof(m.reason));
	cluster_send_others(CLUSTER_STOP, &m);
	wait_until(have_all_answered, STOP_WAIT_MS);
}
