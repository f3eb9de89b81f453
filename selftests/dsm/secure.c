// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nodes with the security tls: which connections the module takes, what the network
 * sees, and what happens when something changes bytes on the way.
 *
 * secure [rdma]: over rdma only that keys are replaced; keys.c has the rest.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/tls.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kmod/protocol/wire.h"
#include "libcluster.h"
#include "libsecure.h"
#include "selftests/unit/tap.h"

#define CLUSTER	"secure"
#define BOTH	(SECURE_SEND | SECURE_RECEIVE)
#define RENEW_STEPS	2000u
#define SPOIL_STEPS	100u
#define SPOIL_AFTER	100000u	/* some twenty pages */

static struct cluster cluster = {
	.name = CLUSTER, .transport = SSI_DSM_TRANSPORT_TCP, .nodes = 2,
	.each = 4 * MIB,
};

static const uint8_t secret[32] = "a secret that both ends share";

/* ---- what the module takes ---- */

static void refuses(int fd, int error, const char *what)
{
	int ret = secure_give(CLUSTER, 1, 0, fd);

	tap_ok(ret == -error && *conf_text(), "%s is refused: %s (%d)", what,
	       conf_text(), ret);
}

static void refuses_sockets(void)
{
	int fds[2], udp = socket(AF_INET, SOCK_DGRAM, 0);
	int lone = socket(AF_INET, SOCK_STREAM, 0);

	refuses(-1, EBADF, "a number that is no descriptor");
	refuses(STDERR_FILENO, ENOTSOCK, "a file that is no socket");
	refuses(udp, EINVAL, "a UDP socket");
	refuses(lone, ENOTCONN, "a socket that is not connected");
	close(udp);
	close(lone);
	if (secure_pair(fds))
		tap_bail("no TCP connection");
	refuses(fds[0], EINVAL, "a socket without TLS");
	secure_set_keys(fds[0], secret, 0, TLS_1_3_VERSION, 0);
	refuses(fds[0], EINVAL, "a socket with TLS and without keys");
	secure_set_keys(fds[0], secret, 0, TLS_1_3_VERSION, SECURE_SEND);
	refuses(fds[0], EINVAL, "a socket that only sends encrypted");
	secure_set_keys(fds[1], secret, 1, TLS_1_2_VERSION, BOTH);
	refuses(fds[1], EINVAL, "a socket with the keys of TLS 1.2");
	close(fds[0]);
	close(fds[1]);
}

static int report(uint32_t node, const char *reason)
{
	struct nl_msg *msg = conf_request(SSI_DSM_CMD_PEER_CONNECT);

	put_name(msg, CLUSTER, node, SSI_DSM_A_PEER_ID, !node);
	if (reason)
		nla_put_string(msg, SSI_DSM_A_REASON, reason);
	return conf_send(msg);
}

static void shows_reasons(void)
{
	tap_ok(report(1, NULL) == -EINVAL, "neither a socket nor a reason is refused: %s",
	       conf_text());
	tap_ok(!report(1, "no connection to node 0: a test") &&
	       wait_peer(CLUSTER, 1, 0, SSI_DSM_LINK_DOWN,
			 "no connection to node 0: a test"),
	       "the link shows why there is no connection");
}

/* Anybody who reaches the port: there is none that the module listens at. */
static void does_not_listen(void)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(SSI_DSM_PORT),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, cluster_addr(&cluster, 0), &to.sin_addr);
	tap_ok(connect(fd, (struct sockaddr *)&to, sizeof(to)) &&
	       errno == ECONNREFUSED, "a node with tls has no port of the module");
	close(fd);
}

static void security_of_transports(void)
{
	tap_ok(node_new(CLUSTER, 5, SSI_DSM_TRANSPORT_LOOP, NULL) == -EINVAL,
	       "tls over loop is refused: %s", conf_text());
	secure_nodes(false);
	node_new("plain", 0, SSI_DSM_TRANSPORT_LOOP, NULL);
	peer_new("plain", 0, 1, NULL, 0);
	tap_ok(secure_give("plain", 0, 1, STDERR_FILENO) == -EINVAL,
	       "a connection for a node without tls is refused: %s", conf_text());
	node_del("plain", 0);
	secure_nodes(true);
}

/* ---- a connection that somebody else uses ---- */

static void make_pair(int fds[2])
{
	if (secure_pair(fds) ||
	    secure_set_keys(fds[0], secret, 0, TLS_1_3_VERSION, BOTH) ||
	    secure_set_keys(fds[1], secret, 1, TLS_1_3_VERSION, BOTH))
		tap_bail("no connection with keys: %s", strerror(errno));
}

/* The end that node @node has is closed soon, whatever the other end is. */
static bool is_ended(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN | POLLRDHUP };
	uint64_t end = now_ms() + 8000;
	char byte[512];

	while (now_ms() < end) {
		if (poll(&wait, 1, 100) <= 0)
			continue;
		if (wait.revents & (POLLHUP | POLLERR | POLLRDHUP))
			return true;
		if (recv(fd, byte, sizeof(byte), MSG_DONTWAIT) == 0)
			return true;
	}
	return false;
}

static void ends_silence(void)
{
	int fds[2];

	make_pair(fds);
	tap_ok(!secure_give(CLUSTER, 0, 1, fds[1]), "a connection is taken");
	tap_ok(secure_give(CLUSTER, 0, 1, fds[1]) == -EBUSY,
	       "the same one again is refused");
	close(fds[1]);
	tap_ok(is_ended(fds[0]), "one without a hello is closed");
	close(fds[0]);
}

static void ends_garbage(void)
{
	char garbage[4096];
	int fds[2];

	memset(garbage, 0x5a, sizeof(garbage));
	make_pair(fds);
	secure_give(CLUSTER, 0, 1, fds[1]);
	close(fds[1]);
	if (send(fds[0], garbage, sizeof(garbage), MSG_NOSIGNAL) < 0)
		tap_bail("cannot send");
	tap_ok(is_ended(fds[0]), "one with garbage instead of a hello is closed");
	close(fds[0]);
}

/* TLS with other keys at the other end: no record can be decrypted. */
static void ends_strangers(void)
{
	uint8_t other[32] = "another secret";
	int fds[2];

	if (secure_pair(fds) ||
	    secure_set_keys(fds[0], other, 0, TLS_1_3_VERSION, BOTH) ||
	    secure_set_keys(fds[1], secret, 1, TLS_1_3_VERSION, BOTH))
		tap_bail("no connection with keys");
	secure_give(CLUSTER, 0, 1, fds[1]);
	close(fds[1]);
	if (send(fds[0], other, sizeof(other), MSG_NOSIGNAL) < 0)
		tap_bail("cannot send");
	tap_ok(is_ended(fds[0]), "one whose other end has other keys is closed");
	close(fds[0]);
}

/* ---- a node that claims to be another one ---- */

/* What node 0 answers to a hello, or -1. */
static int answer_to(uint32_t proved, uint32_t claimed)
{
	struct timeval limit = { .tv_sec = 10 };
	struct ssi_wire_answer answer = { };
	struct ssi_wire_hello hello;
	int fds[2], ret = -1;

	make_pair(fds);
	setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	ssi_wire_hello_encode(&hello, ssi_wire_hash(0, CLUSTER, strlen(CLUSTER)),
			      claimed, 0, 16);
	ssi_wire_hello_continue(&hello, 1, 0, 0);
	if (!secure_give(CLUSTER, 0, proved, fds[1]) &&
	    send(fds[0], &hello, sizeof(hello), MSG_NOSIGNAL) == sizeof(hello) &&
	    recv(fds[0], &answer, sizeof(answer), MSG_WAITALL) == sizeof(answer))
		ret = le32toh(answer.refusal);
	close(fds[0]);
	close(fds[1]);
	return ret;
}

static void checks_ids(void)
{
	if (peer_new(CLUSTER, 0, 2, cluster_addr(&cluster, 1), 0))
		tap_bail("a second peer: %s", conf_text());
	tap_ok(answer_to(2, 1) == SSI_REFUSED_SRC &&
	       answer_to(1, 2) == SSI_REFUSED_SRC,
	       "a node that has proved to be one and claims to be another is refused");
	tap_ok(answer_to(2, 2) == SSI_REFUSED_NOT,
	       "one that claims to be what it has proved is not");
}

/* ---- what the network sees ---- */

static const char known[] = "a page that only the two nodes may see";

struct watch {
	int fd;
	volatile bool stop;
	unsigned long packets, found;
};

static void *watch_network(void *arg)
{
	struct watch *w = arg;
	static uint8_t packet[1 << 17];
	ssize_t len;

	while (!w->stop) {
		len = recv(w->fd, packet, sizeof(packet), 0);
		if (len <= 0)
			continue;
		w->packets++;
		w->found += !!memmem(packet, len, known, sizeof(known) - 1);
	}
	return NULL;
}

static void open_watch(struct watch *w)
{
	struct timeval limit = { .tv_usec = 100000 };
	int size = 64 << 20;

	*w = (struct watch){ .fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)) };
	if (w->fd < 0)
		tap_bail("no packet socket: %s", strerror(errno));
	setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(w->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
}

/* Node 0 writes the known text all over a page. Node 1 reads it. */
static bool pass_pages(struct watch *w)
{
	int fds[2] = { attach(CLUSTER, 0, 0), attach(CLUSTER, 1, 0) };
	uint8_t *mem[2] = { map_region(fds[0], cluster_size(&cluster)),
			    map_region(fds[1], cluster_size(&cluster)) };
	pthread_t thread;
	bool same;
	size_t i;

	if (!mem[0] || !mem[1])
		tap_bail("no memory of the cluster");
	open_watch(w);
	pthread_create(&thread, NULL, watch_network, w);
	for (i = 0; i < 64 * PAGE; i++)
		mem[0][i] = known[i % (sizeof(known) - 1)];
	same = !memcmp(mem[1], mem[0], 64 * PAGE);
	usleep(300000);
	w->stop = true;
	pthread_join(thread, NULL);
	close(w->fd);
	close(fds[0]);
	close(fds[1]);
	return same;
}

static void is_seen(bool secured)
{
	struct watch w;

	secure_nodes(secured);
	cluster_make(&cluster);
	if (!cluster_wait_ready(&cluster))
		tap_bail("the region is not ready");
	tap_ok(pass_pages(&w), "node 1 reads what node 0 wrote, %s tls",
	       secured ? "with" : "without");
	tap_ok(w.packets && !!w.found == !secured,
	       "of %lu packets %lu show the pages, %s tls", w.packets, w.found,
	       secured ? "with" : "without");
	cluster_delete(&cluster);
}

/* ---- new keys ---- */

static void set_rekey(const char *messages)
{
	int fd = open("/sys/module/ssi_dsm/parameters/rekey", O_WRONLY);

	if (fd < 0 || write(fd, messages, strlen(messages)) < 0)
		tap_bail("rekey cannot be set: %s", strerror(errno));
	close(fd);
}

/* Two nodes count in turns: each step takes the page from the other one. */
static uint32_t count_in_turns(uint32_t steps)
{
	volatile uint32_t *word[2];
	uint32_t i, n;
	int fds[2];

	for (n = 0; n < 2; n++) {
		fds[n] = attach(CLUSTER, n, 0);
		word[n] = map_region(fds[n], cluster_size(&cluster));
		if (!word[n])
			tap_bail("no memory of the cluster");
	}
	for (i = 0; i < steps; i++)
		*word[i % 2] += 1;
	i = *word[0];
	close(fds[0]);
	close(fds[1]);
	return i;
}

static void renews_keys(void)
{
	uint32_t steps = RENEW_STEPS / slower(), counted;

	set_rekey("200");
	cluster_make(&cluster);
	if (!cluster_wait_ready(&cluster))
		tap_bail("the region is not ready");
	policy_set(CLUSTER, 0, REGION, SSI_DSM_POLICY_HOLD, 0);
	policy_set(CLUSTER, 1, REGION, SSI_DSM_POLICY_HOLD, 0);
	counted = count_in_turns(steps);
	tap_ok(counted == steps, "%u of %u steps counted while keys change",
	       counted, steps);
	tap_ok(secure_saw("its keys are replaced") &&
	       wait_peer(CLUSTER, 1, 0, SSI_DSM_LINK_UP, NULL) &&
	       wait_peer(CLUSTER, 0, 1, SSI_DSM_LINK_UP, NULL),
	       "connections were replaced, and the link is UP");
	cluster_delete(&cluster);
	set_rekey("8388608");
}

/* ---- changed bytes ---- */

static void survives_changes(void)
{
	uint32_t counted;

	secure_end();
	secure_spoil(SPOIL_AFTER);
	secure_begin();
	cluster_make(&cluster);
	if (!cluster_wait_ready(&cluster))
		tap_bail("the region is not ready");
	counted = count_in_turns(SPOIL_STEPS);
	tap_ok(counted == SPOIL_STEPS, "%u of %u steps counted while bytes are changed",
	       counted, SPOIL_STEPS);
	tap_ok(secure_saw("has changed the encrypted data"),
	       "a changed byte ends the connection, and the link says so");
	cluster_delete(&cluster);
}

static void make_nodes(uint32_t transport)
{
	uint32_t n;

	for (n = 0; n < 2; n++)
		if (node_new(CLUSTER, n, transport, cluster_addr(&cluster, n)) ||
		    peer_new(CLUSTER, n, !n, cluster_addr(&cluster, !n), 0))
			tap_bail("node %u: %s", n, conf_text());
}

static void delete_nodes(void)
{
	node_del(CLUSTER, 0);
	node_del(CLUSTER, 1);
}

/* ---- auto ---- */

static bool link_is_up(uint32_t node)
{
	struct peer_info info;

	if (peer_get(CLUSTER, node, !node, &info))
		tap_bail("the peer: %s", conf_text());
	return info.state == SSI_DSM_LINK_UP;
}

static uint64_t count_forged(uint32_t node)
{
	struct peer_info info;

	if (peer_get(CLUSTER, node, !node, &info))
		tap_bail("the peer: %s", conf_text());
	return info.forged;
}

/* Both nodes have a key, so they try rdma. But it is not the same one. */
static bool rdma_fails(void)
{
	static const uint8_t keys[2][SSI_DSM_KEY_LEN] = { "one", "another" };
	uint64_t until = now_ms() + DEADLINE_MS;

	for (uint32_t n = 0; n < 2; n++)
		if (secure_give_key(CLUSTER, n, !n, keys[n], SSI_DSM_KEY_LEN))
			tap_bail("a key for node %u: %s", n, conf_text());
	while (!count_forged(0) && now_ms() < until)
		usleep(1000);
	return count_forged(0) && wait_peer(CLUSTER, 1, 0, SSI_DSM_LINK_DOWN, NULL);
}

/* The attempt over rdma may still be there. */
static int give_when_possible(int fd)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	int ret;

	do {
		ret = secure_give(CLUSTER, 1, 0, fd);
	} while (ret == -EISCONN && now_ms() < until && !usleep(1000));
	return ret;
}

static void auto_never_falls_back(void)
{
	int fds[2];

	tap_ok(rdma_fails(), "auto: over rdma a wrong key makes no link");
	does_not_listen();
	if (secure_pair(fds))
		tap_bail("no TCP connection");
	refuses(fds[0], EINVAL, "auto, when rdma has failed: a socket without TLS");
	close(fds[0]);
	close(fds[1]);
	tap_ok(!link_is_up(0) && !link_is_up(1), "so there is no link");
	make_pair(fds);
	tap_ok(!secure_give(CLUSTER, 0, 1, fds[1]) && !give_when_possible(fds[0]) &&
	       wait_peer(CLUSTER, 0, 1, SSI_DSM_LINK_UP, NULL) &&
	       wait_peer(CLUSTER, 1, 0, SSI_DSM_LINK_UP, NULL),
	       "a socket with keys of TLS makes one");
	close(fds[0]);
	close(fds[1]);
}

static int over_rdma(void)
{
	tap_plan(2);
	cluster_use_keys(&cluster, SSI_DSM_SECURITY_TLS);
	renews_keys();
	return tap_exit();
}

int main(int argc, char **argv)
{
	conf_need();
	if (!cluster_addr(&cluster, 1))
		tap_skip_all("SSI_ADDR_1 is not set: run it in a virtual host");
	if (argc > 1 && !strcmp(argv[1], "rdma"))
		return over_rdma();
	tap_plan(33);
	secure_nodes(true);
	make_nodes(SSI_DSM_TRANSPORT_TCP);
	refuses_sockets();
	shows_reasons();
	does_not_listen();
	security_of_transports();
	ends_silence();
	ends_garbage();
	ends_strangers();
	checks_ids();
	delete_nodes();
	make_nodes(SSI_DSM_TRANSPORT_AUTO);
	auto_never_falls_back();
	delete_nodes();
	is_seen(false);
	secure_begin();
	is_seen(true);
	renews_keys();
	survives_changes();
	return tap_exit();
}
