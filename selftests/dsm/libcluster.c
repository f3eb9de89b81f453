// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A cluster of several nodes in this kernel, and programs attached to it.
 */
#include "libcluster.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libsecure.h"
#include "selftests/unit/tap.h"

#define STEP_NS	2000000	/* between two checks of a state */

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

static void pause_a_bit(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = STEP_NS }, NULL);
}

void cluster_use_tls(struct cluster *c, bool chacha)
{
	conf_need();
	if (chacha)
		secure_use_chacha();
	secure_begin();
	c->transport = SSI_DSM_TRANSPORT_TCP;
}

void cluster_use_keys(struct cluster *c, uint32_t security)
{
	conf_need();
	secure_use_keys(security);
	secure_begin();
	c->transport = SSI_DSM_TRANSPORT_RDMA;
}

void cluster_args(struct cluster *c, int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "rdma"))
		c->transport = SSI_DSM_TRANSPORT_RDMA;
	else if (argc <= 1 || !strcmp(argv[1], "loop"))
		c->transport = SSI_DSM_TRANSPORT_LOOP;
	else if (!strcmp(argv[1], "tcp"))
		c->transport = SSI_DSM_TRANSPORT_TCP;
	else if (!strcmp(argv[1], "auto"))
		c->transport = SSI_DSM_TRANSPORT_AUTO;
	else if (!strcmp(argv[1], "tls"))
		cluster_use_tls(c, false);
	else if (!strcmp(argv[1], "tls-chacha"))
		cluster_use_tls(c, true);
	else if (!strcmp(argv[1], "rdma-tls"))
		cluster_use_keys(c, SSI_DSM_SECURITY_TLS);
	else if (!strcmp(argv[1], "rdma-auth"))
		cluster_use_keys(c, SSI_DSM_SECURITY_AUTHENTICATED);
	else
		tap_bail("the transport is loop, rdma, tcp, tls, rdma-tls, rdma-auth or auto, not %s",
			 argv[1]);
	if (argc > 2)
		c->nodes = atoi(argv[2]);
	if (argc > 3)
		c->delay_us = atoi(argv[3]);
	if (argc > 4)
		c->cache = atoi(argv[4]) * MIB;
	if (argc > 5)
		c->fail_nth = atoi(argv[5]);
	if (argc > 6)
		c->break_nth = atoi(argv[6]);
	if (c->nodes < 2 || c->nodes > NODES_MAX)
		tap_bail("2 to %u nodes, not %u", NODES_MAX, c->nodes);
	if (c->transport != SSI_DSM_TRANSPORT_LOOP &&
	    !cluster_addr(c, c->nodes - 1))
		tap_skip_all("SSI_ADDR_%u is not set: run it in a virtual host",
			     c->nodes - 1);
}

const char *cluster_addr(const struct cluster *c, uint32_t n)
{
	char name[32];

	if (c->transport == SSI_DSM_TRANSPORT_LOOP)
		return NULL;
	snprintf(name, sizeof(name), "SSI_ADDR_%u", n);
	return getenv(name);
}

uint64_t cluster_size(const struct cluster *c)
{
	return c->each * c->nodes;
}

static void must(int ret, const char *what, uint32_t node)
{
	if (ret)
		tap_bail("%s of node %u: %s%s%s", what, node, strerror(-ret),
			 *conf_text() ? ": " : "", conf_text());
}

/*
 * Different on all links, so that messages of different links overtake each
 * other.
 */
static uint32_t link_delay(const struct cluster *c, uint32_t n, uint32_t peer)
{
	return c->delay_us * ((3 * n + 2 * peer) % 5);
}

void cluster_make(const struct cluster *c)
{
	struct part map[NODES_MAX];
	uint32_t n, peer;

	for (n = 0; n < c->nodes; n++) {
		map[n] = (struct part){ n, c->each };
		must(node_new(c->name, n, c->transport, cluster_addr(c, n)),
		     "creation", n);
	}
	for (n = 0; n < c->nodes; n++)
		for (peer = 0; peer < c->nodes; peer++)
			if (peer != n)
				must(peer_new(c->name, n, peer,
					      cluster_addr(c, peer),
					      link_delay(c, n, peer)),
				     "peers", n);
	for (n = 0; n < c->nodes; n++)
		must(region_new(c->name, n, REGION, map, c->nodes),
		     "region", n);
	for (n = 0; c->cache && n < c->nodes; n++)
		must(policy_set(c->name, n, REGION, SSI_DSM_POLICY_CACHE,
				c->cache), "cache", n);
}

void cluster_delete(const struct cluster *c)
{
	uint32_t n;

	for (n = 0; n < c->nodes; n++)
		must(node_del(c->name, n), "deletion", n);
}

static bool wait_ready(const struct cluster *c, uint32_t node, uint64_t until)
{
	struct region_info info;

	for (;;) {
		must(region_get(c->name, node, REGION, &info), "state", node);
		if (info.state == SSI_DSM_REGION_READY)
			return true;
		if (info.state != SSI_DSM_REGION_WAITING || now_ms() > until)
			break;
		pause_a_bit();
	}
	tap_diag("node %u is not ready, its region is in state %u: %s", node,
		 info.state, info.reason);
	return false;
}

bool cluster_wait_ready(const struct cluster *c)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	bool all = true;
	uint32_t n;

	for (n = 0; n < c->nodes; n++)
		all &= wait_ready(c, n, until);
	return all;
}

static bool is_as(uint32_t is, const char *is_for, uint32_t state,
		  const char *reason)
{
	return is == state && (!reason || !strcmp(is_for, reason));
}

bool wait_peer(const char *cluster, uint32_t node, uint32_t peer,
	       uint32_t state, const char *reason)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	struct peer_info info;

	for (;;) {
		must(peer_get(cluster, node, peer, &info), "peer", node);
		if (is_as(info.state, info.reason, state, reason))
			return true;
		if (info.state == SSI_DSM_LINK_LOST || now_ms() > until)
			break;	/* LOST is for good */
		pause_a_bit();
	}
	tap_diag("the link from node %u to %u is in state %u, not %u: %s", node,
		 peer, info.state, state, info.reason);
	return false;
}

bool wait_region(const char *cluster, uint32_t node, uint32_t region,
		 uint32_t state, const char *reason)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	struct region_info info;

	for (;;) {
		must(region_get(cluster, node, region, &info), "region", node);
		if (is_as(info.state, info.reason, state, reason))
			return true;
		if (info.state == SSI_DSM_REGION_LOST || now_ms() > until)
			break;	/* LOST is for good */
		pause_a_bit();
	}
	tap_diag("region %u of node %u is in state %u, not %u: %s", region,
		 node, info.state, state, info.reason);
	return false;
}

int attach_region(const char *cluster, uint32_t node, uint32_t region,
		  uint32_t flags)
{
	struct ssi_dsm_attach args = {
		.node = node,
		.region = region,
		.flags = flags,
	};
	int fd = open(SSI_DSM_DEVICE, O_RDWR | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	strncpy((char *)args.cluster, cluster, SSI_DSM_CLUSTER_LEN - 1);
	if (!ioctl(fd, SSI_DSM_ATTACH, &args))
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

int attach(const char *cluster, uint32_t node, uint32_t flags)
{
	return attach_region(cluster, node, REGION, flags);
}

void *map_region(int fd, uint64_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

static sigjmp_buf on_bus;

static void handle_sigbus(int sig)
{
	(void)sig;
	siglongjmp(on_bus, 1);
}

bool is_sigbus(volatile uint8_t *addr, bool write)
{
	signal(SIGBUS, handle_sigbus);
	if (sigsetjmp(on_bus, 1))
		return true;
	if (write)
		*addr = 1;
	else
		(void)*addr;
	return false;
}

int read_message(int fd, struct message *m, int ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	ssize_t len;
	int ret = poll(&pollfd, 1, ms);

	if (ret <= 0)
		return ret ? -errno : -ETIMEDOUT;
	len = read(fd, m, sizeof(m->head) + SSI_DSM_MSG_MAX);
	if (len < 0)
		return -errno;
	if (len < (ssize_t)sizeof(m->head) ||
	    (size_t)len != sizeof(m->head) + m->head.len)
		return -EBADMSG;
	m->data[m->head.len] = '\0';
	return 0;
}

int send_message(int fd, uint32_t node, const void *data, uint32_t len)
{
	struct ssi_dsm_send args = {
		.node = node,
		.len = len,
		.data = (uintptr_t)data,
	};

	return ioctl(fd, SSI_DSM_SEND, &args) ? -errno : 0;
}

static int tell_status(int status, const char *who)
{
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFSIGNALED(status))
		tap_diag("%s was killed by signal %d (%s)", who,
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		tap_diag("%s ended with %d", who, WEXITSTATUS(status));
	return -ECHILD;
}

int reap(int pid, uint64_t deadline_ms, const char *who)
{
	int status;

	for (;;) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return tell_status(status, who);
		if (now_ms() > deadline_ms)
			break;
		pause_a_bit();
	}
	tap_diag("%s does not end", who);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -ETIMEDOUT;
}

int kernel_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		tap_bail("/dev/kmsg: %s", strerror(errno));
	lseek(fd, 0, SEEK_END);
	return fd;
}

bool kernel_says(int fd, const char *what)
{
	bool found = false;
	char line[2048];
	ssize_t bytes;

	while ((bytes = read(fd, line, sizeof(line) - 1)) > 0) {
		line[bytes] = '\0';
		found |= !!strstr(line, what);
	}
	return found;
}
