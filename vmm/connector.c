// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes the connections of a cluster with tls, or keys for them, and gives them to the
 * kernel module.
 *
 * DOC: Theory of operation
 *
 * One thread waits for two things: connections that arrive from nodes with higher
 * ids, and events of the module, which asks for a connection to a node with a lower id
 * until it has one. Each of them gets a thread of its own for the handshake, so that
 * an end that is slow or silent delays no other one.
 *
 * What strangers can do: only addresses of nodes with a higher id get a handshake, at
 * most HALF_OPEN_MAX at a time for each of them, and each takes a few seconds at most,
 * also with an end that sends a byte now and then (tls.c). All others are closed at
 * once.
 */
#include "connector.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netlink/socket.h>

#include "../lib/genl.h"
#include "log.h"
#include "tls.h"

#define HALF_OPEN_MAX	4
#define BACKLOG		16
#define CONNECT_S	3	/* until another host must answer */
#define RETRY_MS	100	/* after a lack of file descriptors */

static struct {
	const struct options *options;
	int listener;		/* -1: no node connects to this one */
	struct genl events;	/* the thread's own */
	struct genl calls;	/* calls_lock protects it */
	/* By node: handshakes under way. counts_lock protects them. */
	unsigned int connecting[SSI_DSM_MAX_NODES];
	unsigned int accepting[SSI_DSM_MAX_NODES];
} connector = { .listener = -1 };

/* The module may take seconds for a call, and connections arrive meanwhile. */
static pthread_mutex_t calls_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t counts_lock = PTHREAD_MUTEX_INITIALIZER;

/**
 * struct job - what a thread has to do
 * @node: the node to connect to, or the one whose address the other end has
 * @transport: enum ssi_dsm_transport that the module asks for
 * @fd: the connection that has arrived
 */
struct job {
	unsigned int node;
	uint32_t transport;
	int fd;
};

/* ---- the module ---- */

static struct nl_msg *new_request(uint8_t cmd)
{
	struct nl_msg *msg = genl_request(cmd);

	if (!msg)
		return NULL;
	nla_put_string(msg, SSI_DSM_A_CLUSTER, connector.options->cluster);
	nla_put_u32(msg, SSI_DSM_A_NODE_ID, connector.options->self);
	return msg;
}

/* Call the module and free the request, which may have a key. */
static int call_module(struct nl_msg *msg, unsigned int node)
{
	int err;

	pthread_mutex_lock(&calls_lock);
	err = genl_call(&connector.calls, msg, NULL, NULL);
	/* When both sides gave up one connection, a second one may come too late. */
	if (err)
		log_debug("The kernel module does not take a connection to node %u: %s.",
			  node, connector.calls.error);
	pthread_mutex_unlock(&calls_lock);
	explicit_bzero(nlmsg_data(nlmsg_hdr(msg)), nlmsg_datalen(nlmsg_hdr(msg)));
	nlmsg_free(msg);
	return err;
}

/* Tell the module of a connection, or why there is none. */
static void tell_module(unsigned int node, int fd, const char *reason)
{
	struct nl_msg *msg = new_request(SSI_DSM_CMD_PEER_CONNECT);

	if (!msg)
		return;
	nla_put_u32(msg, SSI_DSM_A_PEER_ID, node);
	if (reason)
		nla_put_string(msg, SSI_DSM_A_REASON, reason);
	else
		nla_put_u32(msg, SSI_DSM_A_SOCKET, fd);
	call_module(msg, node);
}

static int give_key(const struct tls_link *link)
{
	struct nl_msg *msg = new_request(SSI_DSM_CMD_PEER_CONNECT);

	if (!msg)
		return -1;
	nla_put_u32(msg, SSI_DSM_A_PEER_ID, link->node);
	nla_put(msg, SSI_DSM_A_KEY, sizeof(link->key), link->key);
	return call_module(msg, link->node);
}

/* ---- how nodes are connected ---- */

static void allow(struct tls_link *link, uint32_t transport)
{
	link->tcp = transport != SSI_DSM_TRANSPORT_RDMA;
	link->rdma = transport != SSI_DSM_TRANSPORT_TCP;
}

static void take_node(const struct genl_reply *reply, void *link)
{
	allow(link, genl_u32(reply, SSI_DSM_A_TRANSPORT));
}

/* What this node can: the module knows whether it has an RDMA device. */
static int ask_transport(struct tls_link *link)
{
	struct nl_msg *msg = new_request(SSI_DSM_CMD_NODE_GET);
	int err = -1;

	if (!msg)
		return -1;
	pthread_mutex_lock(&calls_lock);
	err = genl_call(&connector.calls, msg, take_node, link);
	pthread_mutex_unlock(&calls_lock);
	nlmsg_free(msg);
	return err;
}

static void tell_failure(unsigned int node, const char *why)
{
	char reason[TLS_WHY_MAX + 32];

	snprintf(reason, sizeof(reason), "no connection to node %u: %s", node, why);
	tell_module(node, -1, reason);
	log_debug("There is %s.", reason);
}

/* The module keeps no reason for a link that has been up: print it, too. */
static void warn_failure(unsigned int node, const char *why)
{
	log_warn("The TLS handshake with node %u failed: %s.", node, why);
	tell_failure(node, why);
}

/* ---- one handshake ---- */

static bool begin(unsigned int *count, unsigned int max)
{
	bool may;

	pthread_mutex_lock(&counts_lock);
	may = *count < max;
	*count += may;
	pthread_mutex_unlock(&counts_lock);
	return may;
}

static void end(unsigned int *count)
{
	pthread_mutex_lock(&counts_lock);
	(*count)--;
	pthread_mutex_unlock(&counts_lock);
}

static bool start_thread(void *(*run)(void *), const struct job *what)
{
	struct job *job = malloc(sizeof(*job));
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	if (!job)
		return false;
	*job = *what;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&thread, &attr, run, job);
	pthread_attr_destroy(&attr);
	if (err)
		free(job);
	return !err;
}

/* From this node's own address: the other side looks at it. */
static int open_connection(unsigned int node)
{
	const struct node_options *to = &connector.options->nodes[node];
	struct sockaddr_storage from =
		connector.options->nodes[connector.options->self].sockaddr;
	struct timeval limit = { .tv_sec = CONNECT_S };
	int fd = socket(to->sockaddr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (from.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&from)->sin6_port = 0;
	else
		((struct sockaddr_in *)&from)->sin_port = 0;
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!bind(fd, (struct sockaddr *)&from,
		  connector.options->nodes[connector.options->self].sockaddr_len) &&
	    !connect(fd, (const struct sockaddr *)&to->sockaddr,
		     to->sockaddr_len))
		return fd;
	close(fd);
	return -1;
}

static void connect_over(int fd, struct tls_link *link)
{
	char why[TLS_WHY_MAX];

	if (tls_connect(fd, link, why))
		warn_failure(link->node, why);
	else if (link->has_key)
		give_key(link);
	else
		tell_module(link->node, fd, NULL);
	explicit_bzero(link->key, sizeof(link->key));
}

static void *run_connecting(void *arg)
{
	struct job *job = arg;
	struct tls_link link = { .node = job->node };
	unsigned int node = job->node;
	int fd = open_connection(node);

	allow(&link, job->transport);
	free(job);
	if (fd < 0)
		tell_failure(node, errno == EINPROGRESS ? "no answer" :
							   strerror(errno));
	else
		connect_over(fd, &link);
	if (fd >= 0)
		close(fd);
	end(&connector.connecting[node]);
	return NULL;
}

static void *run_accepting(void *arg)
{
	struct job *job = arg;
	struct timeval limit = { .tv_sec = CONNECT_S };
	struct tls_link link = { };
	char why[TLS_WHY_MAX];

	setsockopt(job->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (ask_transport(&link))
		log_debug("A connection came before the kernel module had the node.");
	else if (tls_accept(job->fd, &link, give_key, why))
		log_warn("A connection from the address of node %u was refused: %s.",
			 job->node, why);
	else if (!link.has_key)
		tell_module(link.node, job->fd, NULL);
	explicit_bzero(link.key, sizeof(link.key));
	close(job->fd);
	end(&connector.accepting[job->node]);
	free(job);
	return NULL;
}

/* ---- the thread ---- */

static bool is_same_host(const struct sockaddr_storage *a,
			 const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET6)
		return !memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
			       &((const struct sockaddr_in6 *)b)->sin6_addr,
			       sizeof(struct in6_addr));
	return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
	       ((const struct sockaddr_in *)b)->sin_addr.s_addr;
}

/* Return: a node with a higher id that has the address, or -1. */
static int find_host(const struct sockaddr_storage *from)
{
	const struct options *o = connector.options;

	for (unsigned int n = o->self + 1; n < o->num_nodes; n++)
		if (is_same_host(from, &o->nodes[n].sockaddr))
			return n;
	return -1;
}

static void take_connection(void)
{
	struct sockaddr_storage from = { 0 };
	socklen_t len = sizeof(from);
	int fd = accept4(connector.listener, (struct sockaddr *)&from, &len,
			 SOCK_CLOEXEC);
	struct job job = { .fd = fd };
	int node;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			usleep(RETRY_MS * 1000);
		return;
	}
	node = find_host(&from);
	if (node >= 0 && begin(&connector.accepting[node], HALF_OPEN_MAX)) {
		job.node = node;
		if (start_thread(run_accepting, &job))
			return;
		end(&connector.accepting[node]);
	}
	close(fd);
}

static void take_event(const struct genl_reply *reply, void *unused)
{
	unsigned int node = genl_u32(reply, SSI_DSM_A_PEER_ID);
	const struct job job = {
		.node = node,
		.transport = genl_u32(reply, SSI_DSM_A_TRANSPORT),
		.fd = -1,
	};

	(void)unused;
	if (reply->cmd != SSI_DSM_CMD_PEER_CONNECT ||
	    genl_u32(reply, SSI_DSM_A_NODE_ID) != connector.options->self ||
	    strcmp(genl_string(reply, SSI_DSM_A_CLUSTER),
		   connector.options->cluster) ||
	    node >= connector.options->self)
		return;
	if (!begin(&connector.connecting[node], 1))
		return;
	if (!start_thread(run_connecting, &job))
		end(&connector.connecting[node]);
}

/* Events that are lost are sent again. */
static void *run_connector(void *unused)
{
	struct pollfd polled[] = {
		{ .fd = nl_socket_get_fd(connector.events.sock),
		  .events = POLLIN },
		{ .fd = connector.listener, .events = POLLIN },
	};

	for (;;) {
		if (poll(polled, 2, -1) < 0)
			continue;
		if (polled[0].revents)
			genl_receive(&connector.events, take_event, NULL);
		if (polled[1].revents)
			take_connection();
	}
	return unused;
}

/* ---- setting up ---- */

static void open_listener(const struct node_options *self)
{
	int one = 1;
	int fd = socket(self->sockaddr.ss_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (const struct sockaddr *)&self->sockaddr,
			   self->sockaddr_len) || listen(fd, BACKLOG))
		die(errno == EADDRNOTAVAIL ? EXIT_USAGE : EXIT_HOST,
		    "Node %u cannot listen on %s: %s.", self->id, self->address,
		    strerror(errno));
	connector.listener = fd;
}

void connector_start(const struct options *options)
{
	pthread_t thread;

	connector.options = options;
	tls_load(options);
	if (genl_open(&connector.calls))
		die(EXIT_HOST, "The kernel module ssi_dsm does not answer: %s.",
		    connector.calls.error);
	if (genl_open(&connector.events) || genl_subscribe(&connector.events))
		die(EXIT_HOST, "The kernel module ssi_dsm does not answer: %s.",
		    connector.events.error);
	if (options->self + 1 < options->num_nodes)
		open_listener(&options->nodes[options->self]);
	if (pthread_create(&thread, NULL, run_connector, NULL))
		die(EXIT_HOST, "The host gives no thread for connections to other nodes.");
	pthread_detach(thread);
}
