// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The netlink event group: listeners receive new states of links and regions,
 * and a listener that does not read gets an error from its own socket.
 *
 *	events [loop|rdma [NODES]]
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "libcluster.h"
#include "selftests/unit/tap.h"

#define BUFFER		(1 << 20)	/* of a listener that reads, though not at once */
#define SMALL		(1 << 15)	/* enough for one round, not for many */
#define ROUNDS_MAX	100

static struct cluster cluster = {
	.name = "events", .nodes = 2, .each = 2 * MIB,
};

/* The contents of an event. @id is the peer's or the region's. */
struct event {
	uint8_t cmd;
	char cluster[SSI_DSM_CLUSTER_LEN];
	uint32_t node;
	uint32_t id;
	uint32_t state;
	char reason[256];
};

/* ---- listening ---- */

static struct nl_sock *listen_to_events(int bytes)
{
	struct nl_sock *sock = nl_socket_alloc();
	int group, fd;

	if (!sock || genl_connect(sock))
		tap_bail("no netlink socket");
	group = genl_ctrl_resolve_grp(sock, SSI_DSM_GENL_NAME,
				      SSI_DSM_GENL_EVENTS);
	if (group < 0 || nl_socket_add_membership(sock, group))
		tap_bail("no event group \"" SSI_DSM_GENL_EVENTS "\"");
	fd = nl_socket_get_fd(sock);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		tap_bail("SO_RCVBUFFORCE: %s", strerror(errno));
	return sock;
}

static uint32_t u32_of(struct nlattr **tb, int attr)
{
	return tb[attr] ? nla_get_u32(tb[attr]) : UINT32_MAX;
}

static void take_text(struct nlattr **tb, int attr, char *text, size_t size)
{
	snprintf(text, size, "%s", tb[attr] ? nla_get_string(tb[attr]) : "");
}

static int parse_event(struct nlmsghdr *head, struct event *event)
{
	struct nlattr *tb[SSI_DSM_A_MAX + 1];
	bool peer;

	if (genlmsg_parse(head, 0, tb, SSI_DSM_A_MAX, NULL))
		return -EBADMSG;
	*event = (struct event){
		.cmd = ((struct genlmsghdr *)nlmsg_data(head))->cmd,
		.node = u32_of(tb, SSI_DSM_A_NODE_ID),
	};
	peer = event->cmd == SSI_DSM_CMD_PEER_GET;
	event->id = u32_of(tb, peer ? SSI_DSM_A_PEER_ID : SSI_DSM_A_REGION_ID);
	event->state = u32_of(tb, peer ? SSI_DSM_A_LINK_STATE :
					 SSI_DSM_A_REGION_STATE);
	take_text(tb, SSI_DSM_A_CLUSTER, event->cluster, sizeof(event->cluster));
	take_text(tb, SSI_DSM_A_REASON, event->reason, sizeof(event->reason));
	return 0;
}

/* The next event in @ms; 0, -ETIMEDOUT, -ENOBUFS, or another errno. */
static int next_event(struct nl_sock *sock, struct event *event, int ms)
{
	static char buf[16384];
	struct pollfd pollfd = {
		.fd = nl_socket_get_fd(sock), .events = POLLIN,
	};
	struct nlmsghdr *head = (struct nlmsghdr *)buf;
	ssize_t len;

	if (poll(&pollfd, 1, ms) <= 0)
		return -ETIMEDOUT;
	len = recv(pollfd.fd, buf, sizeof(buf), 0);
	if (len < 0)
		return -errno;
	if (!nlmsg_ok(head, (int)len))
		return -EBADMSG;
	return parse_event(head, event);
}

static bool is_same(const struct event *is, const struct event *want)
{
	return is->cmd == want->cmd && !strcmp(is->cluster, cluster.name) &&
	       is->node == want->node && is->id == want->id &&
	       is->state == want->state && !strcmp(is->reason, want->reason);
}

/* Reads events until all of @wanted have come, in any order. */
static bool expect(struct nl_sock *sock, const struct event *wanted, uint32_t n)
{
	uint32_t missing = (1u << n) - 1, i;
	struct event event;
	int ret;

	while (missing) {
		ret = next_event(sock, &event, DEADLINE_MS);
		if (ret)
			break;
		for (i = 0; i < n; i++)
			if (is_same(&event, &wanted[i]))
				missing &= ~(1u << i);
	}
	for (i = 0; i < n; i++)
		if (missing & (1u << i))
			tap_diag("%s; no event that %s %u of node %u is in state %u: %s",
				 strerror(-ret),
				 wanted[i].cmd == SSI_DSM_CMD_PEER_GET ?
				 "link" : "region", wanted[i].id, wanted[i].node,
				 wanted[i].state, wanted[i].reason);
	return !missing;
}

/* ---- the events of a cluster's life ---- */

#define LINK(at, to, in, why) { \
	.cmd = SSI_DSM_CMD_PEER_GET, .node = at, .id = to, \
	.state = SSI_DSM_LINK_##in, .reason = why }
#define REGION_OF(at, in, why) { \
	.cmd = SSI_DSM_CMD_REGION_GET, .node = at, .id = REGION, \
	.state = SSI_DSM_REGION_##in, .reason = why }

static bool is_loop(void)
{
	return cluster.transport == SSI_DSM_TRANSPORT_LOOP;
}

static bool expect_beginning(struct nl_sock *sock)
{
	const struct event up[] = {
		LINK(0, 1, UP, ""), LINK(1, 0, UP, ""),
		REGION_OF(0, READY, "all nodes have joined"),
		REGION_OF(1, READY, "all nodes have joined"),
	};
	struct event wanted[ARRAY_SIZE(up)];

	memcpy(wanted, up, sizeof(up));
	if (is_loop()) {
		strcpy(wanted[0].reason, "connected");
		strcpy(wanted[1].reason, "connected");
	}
	return expect(sock, wanted, ARRAY_SIZE(wanted));
}

/* Node 1 is deleted. Its regions go first, and then its links. */
static bool expect_end(struct nl_sock *sock)
{
	const struct event over[] = {
		REGION_OF(0, LOST, "node 1 has left the region"),
		REGION_OF(1, LOST, "node 1 has left the region: it was deleted"),
		LINK(0, 1, LOST, ""),
	};
	struct event wanted[ARRAY_SIZE(over)];

	memcpy(wanted, over, sizeof(over));
	strcpy(wanted[2].reason, is_loop() ?
	       "the other node was deleted" :
	       "node 1 has closed the link");
	return expect(sock, wanted, ARRAY_SIZE(wanted));
}

static bool live_and_die(struct nl_sock *sock)
{
	bool ok;

	cluster_make(&cluster);
	ok = expect_beginning(sock);
	ok &= !node_del(cluster.name, 1) && expect_end(sock);
	return !node_del(cluster.name, 0) && ok;
}

/* Reads all events that wait. False if some were lost. */
static bool read_up(struct nl_sock *sock)
{
	struct event event;
	int ret = next_event(sock, &event, 0);

	while (!ret)
		ret = next_event(sock, &event, 0);
	return ret == -ETIMEDOUT;
}

static bool has_overflowed(struct nl_sock *sock)
{
	struct pollfd pollfd = { .fd = nl_socket_get_fd(sock) };

	return poll(&pollfd, 1, 0) == 1 && (pollfd.revents & POLLERR);
}

/* One socket is read, the other is not, until it has overflowed. */
static void test_overflow(struct nl_sock *reader)
{
	struct nl_sock *sleeper = listen_to_events(SMALL);
	struct event event;
	int rounds = 0, ret;
	bool ok;

	do {
		ok = live_and_die(reader);
	} while (ok && ++rounds < ROUNDS_MAX && !has_overflowed(sleeper));
	tap_diag("%d rounds until the queue was full", rounds);
	ret = next_event(sleeper, &event, 0);
	tap_ok(ret == -ENOBUFS, "a listener that does not read gets an error: %s",
	       strerror(-ret));
	tap_ok(ok && live_and_die(reader) && read_up(reader),
	       "a listener that reads misses no event meanwhile");
	tap_ok(read_up(sleeper), "the events that were queued before the overflow can be read");
	ok = live_and_die(reader);
	ret = next_event(sleeper, &event, DEADLINE_MS);
	tap_ok(ok && !ret && !strcmp(event.cluster, cluster.name),
	       "after that, new events are received again");
	nl_socket_free(sleeper);
}

int main(int argc, char **argv)
{
	struct nl_sock *reader;

	cluster_args(&cluster, argc, argv);
	conf_need();
	alarm(100 * slower());
	tap_plan(8);
	reader = listen_to_events(BUFFER);
	cluster_make(&cluster);
	tap_ok(expect_beginning(reader), "links that come up and regions that become ready are reported");
	tap_ok(!node_del(cluster.name, 1) && expect_end(reader),
	       "their loss is reported, with the reason");
	tap_ok(!node_del(cluster.name, 0) && read_up(reader),
	       "no event was lost");
	test_overflow(reader);
	nl_socket_free(reader);
	tap_ok(!module_unload() && !module_load(), "the module unloads after");
	return tap_exit();
}
