// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages between programs on different nodes, and the loss of one of them.
 *
 *	channel [loop|rdma [NODES [DELAY_US]]]
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcluster.h"
#include "selftests/unit/tap.h"

#define MESSAGES	3000
#define LOSS_MS		5000	/* until a loss must be reported */

static struct cluster cluster = {
	.name = "channel", .nodes = 2, .each = 2 * MIB,
};

/* Size and content of message @seq of a node: 1 .. 4096 bytes. */
static uint32_t fill_message(uint8_t *data, uint32_t node, uint32_t seq)
{
	uint32_t len = seq < 2 ? 1 + seq * (SSI_DSM_MSG_MAX - 1) :
				 1 + seq * 2654435761u % SSI_DSM_MSG_MAX;
	uint32_t i;

	for (i = 0; i < len; i++)
		data[i] = (uint8_t)(node * 31 + seq * 7 + i);
	return len;
}

static bool is_message(const struct message *m, uint32_t node, uint32_t seq)
{
	static uint8_t want[SSI_DSM_MSG_MAX];
	uint32_t len = fill_message(want, node, seq);

	if (m->head.type == SSI_DSM_MSG_DATA && m->head.node == node &&
	    m->head.len == len && !memcmp(m->data, want, len))
		return true;
	tap_diag("message %u of node %u: type %u, node %u, %u bytes instead of %u",
		 seq, node, m->head.type, m->head.node, m->head.len, len);
	return false;
}

/* Reads until all messages of all other nodes have come. */
static bool receive_all(int fd, uint32_t self, uint32_t *next)
{
	struct message m;
	uint32_t left = 0, n;
	int ret;

	for (n = 0; n < cluster.nodes; n++)
		left += n == self ? 0 : MESSAGES - next[n];
	while (left--) {
		ret = read_message(fd, &m, DEADLINE_MS);
		if (ret) {
			tap_diag("node %u reads: %s, %u are missing", self,
				 strerror(-ret), left + 1);
			return false;
		}
		n = m.head.node;
		if (n >= cluster.nodes || n == self ||
		    !is_message(&m, n, next[n]++))
			return false;
	}
	return true;
}

/* Reads the messages that have come already, without waiting. */
static bool receive_some(int fd, uint32_t *next)
{
	struct message m;

	while (!read_message(fd, &m, 0))
		if (m.head.node >= cluster.nodes ||
		    !is_message(&m, m.head.node, next[m.head.node]++))
			return false;
	return true;
}

static bool expect_ready(int fd)
{
	struct message m;
	int ret = read_message(fd, &m, DEADLINE_MS);

	if (ret)
		tap_diag("instead of READY: %s", strerror(-ret));
	else if (m.head.type != SSI_DSM_MSG_READY)
		tap_diag("instead of READY: type %u, %s", m.head.type, m.data);
	return !ret && m.head.type == SSI_DSM_MSG_READY && !m.head.len;
}

/* Each node sends to all others, and reads from time to time. */
static int exchange(uint32_t self, int fd)
{
	static uint8_t data[SSI_DSM_MSG_MAX];
	uint32_t next[NODES_MAX] = { }, seq, n, len;
	int ret;

	if (!expect_ready(fd))
		return 1;
	for (seq = 0; seq < MESSAGES; seq++) {
		len = fill_message(data, self, seq);
		for (n = 0; n < cluster.nodes; n++) {
			ret = n == self ? 0 : send_message(fd, n, data, len);
			if (!ret)
				continue;
			tap_diag("node %u sends message %u to node %u: %s",
				 self, seq, n, strerror(-ret));
			return 2;
		}
		if (seq % 16 == self && !receive_some(fd, next))
			return 3;
	}
	return receive_all(fd, self, next) ? 0 : 4;
}

static void attach_all(int *fds)
{
	uint32_t n;

	for (n = 0; n < cluster.nodes; n++) {
		fds[n] = attach(cluster.name, n, 0);
		if (fds[n] < 0)
			tap_bail("attach to node %u: %s", n, strerror(-fds[n]));
	}
}

static void test_exchange(void)
{
	int fds[NODES_MAX], pids[NODES_MAX];
	uint64_t deadline = now_ms() + 3 * DEADLINE_MS, start = now_ms();
	bool all = true;
	char name[32];
	uint32_t n;

	cluster_make(&cluster);
	attach_all(fds);
	fflush(stdout);
	for (n = 0; n < cluster.nodes; n++) {
		pids[n] = fork();
		if (!pids[n])
			_exit(exchange(n, fds[n]));
	}
	for (n = 0; n < cluster.nodes; n++) {
		snprintf(name, sizeof(name), "the program on node %u", n);
		all &= !reap(pids[n], deadline, name);
		close(fds[n]);
	}
	cluster_delete(&cluster);
	tap_diag("%u messages from each node to each in %llu ms", MESSAGES,
		 (unsigned long long)(now_ms() - start));
	tap_ok(all, "each program reads READY, then all messages from all others, complete and in order");
}

/* ---- loss ---- */

/*
 * A program that attaches, writes a page, reports that, and runs until it is
 * killed.
 */
static void victim(uint32_t node, int say)
{
	int fd = attach(cluster.name, node, 0);
	uint8_t *mem = fd < 0 ? NULL : map_region(fd, cluster_size(&cluster));

	if (!mem || !expect_ready(fd))
		_exit(1);
	memset(mem, 0xa5, PAGE);
	if (write(say, "x", 1) != 1)
		_exit(1);
	for (;;)
		sched_yield();	/* pages are held for tasks that run */
}

static int start_victim(uint32_t node)
{
	int pipes[2], pid;
	char byte;

	if (pipe(pipes))
		tap_bail("pipe: %s", strerror(errno));
	fflush(stdout);
	pid = fork();
	if (!pid)
		victim(node, pipes[1]);
	close(pipes[1]);
	if (read(pipes[0], &byte, 1) != 1)
		tap_bail("the program on node %u did not get its page", node);
	close(pipes[0]);
	return pid;
}

/* Reads up to LOST; its node must be @node, and it must have a sentence. */
static bool expect_lost(int fd, uint32_t self, uint32_t node)
{
	uint64_t start = now_ms();
	struct message m;
	int ret;

	do {
		ret = read_message(fd, &m, LOSS_MS);
	} while (!ret && m.head.type == SSI_DSM_MSG_READY);
	if (ret || m.head.type != SSI_DSM_MSG_LOST) {
		tap_diag("node %u: no LOST but %s", self,
			 ret ? strerror(-ret) : (char *)m.data);
		return false;
	}
	tap_diag("node %u after %llu ms: %s", self,
		 (unsigned long long)(now_ms() - start), m.data);
	return m.head.node == node && m.head.len > 10 &&
	       now_ms() - start < LOSS_MS;
}

/* Writes to a page that the victim has; ends with 0 when that gives SIGBUS. */
static int start_waiter(void)
{
	int pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		int fd = attach(cluster.name, 0, SSI_DSM_ATTACH_NO_CHANNEL);
		uint8_t *mem = fd < 0 ? NULL :
			       map_region(fd, cluster_size(&cluster));

		_exit(mem && is_sigbus(mem, true) ? 0 : 1);
	}
	return pid;
}

/* Whether it sleeps uninterruptibly, that is in its fault. */
static bool is_blocked(int pid)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	char path[64], state = '?';
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	while (state != 'D' && now_ms() < until) {
		stat = fopen(path, "r");
		if (!stat || fscanf(stat, "%*d %*s %c", &state) != 1)
			state = '?';
		if (stat)
			fclose(stat);
	}
	return state == 'D';
}

/* The victim's node holds its page; programs that access it wait. */
static void test_waiters(int victim)
{
	int first = start_waiter(), second = start_waiter(), status;
	bool blocked = is_blocked(first) && is_blocked(second);
	uint64_t until;

	kill(second, SIGKILL);
	until = now_ms() + LOSS_MS;
	while (waitpid(second, &status, WNOHANG) != second && now_ms() < until)
		;
	tap_ok(blocked && WIFSIGNALED(status),
	       "a program that waits for a page can be killed");
	kill(victim, SIGKILL);
	waitpid(victim, NULL, 0);
	tap_ok(!reap(first, now_ms() + LOSS_MS, "the program that waited"),
	       "a program that waits for a lost node's page gets SIGBUS");
}

static void test_kill(void)
{
	uint32_t last = cluster.nodes - 1, n;
	int fds[NODES_MAX] = { }, pid;
	uint8_t *mem;
	bool all = true;

	cluster_make(&cluster);
	for (n = 0; n < last; n++)
		fds[n] = attach(cluster.name, n, 0);
	mem = map_region(fds[0], cluster_size(&cluster));
	policy_set(cluster.name, last, REGION, SSI_DSM_POLICY_HOLD, 15000000);
	pid = start_victim(last);
	memset(mem + PAGE, 1, PAGE);	/* a page of our own */
	test_waiters(pid);
	for (n = 0; n < last; n++)
		all &= expect_lost(fds[n], n, last);
	tap_ok(all, "kill -9 of one program is reported to all others");
	tap_ok(is_sigbus(mem, false) && is_sigbus(mem + 2 * PAGE, true),
	       "an access to a page that is not here gives SIGBUS, and does not hang");
	tap_ok(attach(cluster.name, 0, SSI_DSM_ATTACH_NO_CHANNEL) == -EIO,
	       "attaching to a lost region is EIO");
	munmap(mem, cluster_size(&cluster));
	for (n = 0; n < last; n++)
		close(fds[n]);
	cluster_delete(&cluster);
}

/* A node is deleted while programs are attached to all nodes. */
static void test_deletion(void)
{
	int fds[NODES_MAX];
	uint8_t *mem;
	bool all = true;
	uint32_t n;

	cluster_make(&cluster);
	attach_all(fds);
	mem = map_region(fds[0], cluster_size(&cluster));
	for (n = 0; n < cluster.nodes; n++)
		all &= expect_ready(fds[n]);
	memset(mem, 1, PAGE);
	node_del(cluster.name, 1);
	for (n = 0; n < cluster.nodes; n++)
		all &= expect_lost(fds[n], n, 1);
	tap_ok(all, "the deletion of a node is reported to all programs, also to its own");
	tap_ok(is_sigbus(mem + cluster.each, true), "after it, an access gives SIGBUS");
	munmap(mem, cluster_size(&cluster));
	for (n = 0; n < cluster.nodes; n++) {
		close(fds[n]);
		if (n != 1)
			node_del(cluster.name, n);
	}
}

/*
 * A program that never reads: its region is lost, before its queue fills the
 * memory.
 */
static void test_no_reader(void)
{
	struct region_info info;
	int fds[NODES_MAX], ret = 0;
	uint8_t data[64] = { };
	uint64_t until;
	uint32_t i, n;

	cluster_make(&cluster);
	attach_all(fds);
	cluster_wait_ready(&cluster);
	for (i = 0; i < 20000 && !ret; i++)
		ret = send_message(fds[0], 1, data, sizeof(data));
	/* messages may still be on their way */
	until = now_ms() + DEADLINE_MS;
	do {
		region_get(cluster.name, 1, REGION, &info);
	} while (info.state != SSI_DSM_REGION_LOST && now_ms() < until);
	tap_diag("after %u messages: %s; %s", i, strerror(-ret), info.reason);
	tap_ok(info.state == SSI_DSM_REGION_LOST && *info.reason,
	       "a program that does not read loses its region");
	tap_ok(expect_lost(fds[0], 0, 1), "that loss is reported to the other programs");
	for (n = 0; n < cluster.nodes; n++)
		close(fds[n]);
	cluster_delete(&cluster);
}

/* ---- several messages a read ---- */

#define BATCHED		500

/* Checks the messages of one read from *@seq on. Return: whether all fit. */
static bool are_messages(const uint8_t *bytes, size_t len, uint32_t *seq)
{
	static struct message m;
	size_t at = 0, end;

	while (at < len) {
		if (len - at < sizeof(m.head))
			return false;
		memcpy(&m.head, bytes + at, sizeof(m.head));
		end = at + sizeof(m.head) + m.head.len;
		if (m.head.len > SSI_DSM_MSG_MAX || end > len)
			return false;
		memcpy(m.data, bytes + at + sizeof(m.head), m.head.len);
		if (!is_message(&m, 0, (*seq)++))
			return false;
		at = (end + SSI_DSM_MSG_ALIGN - 1) / SSI_DSM_MSG_ALIGN *
		     SSI_DSM_MSG_ALIGN;
	}
	return true;
}

/* Return: reads that it took until all messages had come; 0 on errors. */
static uint32_t read_batches(int fd, size_t size)
{
	static uint8_t bytes[65536] __attribute__((aligned(8)));
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	uint32_t reads = 0, seq = 0;
	ssize_t len;

	while (seq < BATCHED) {
		if (poll(&pollfd, 1, DEADLINE_MS) != 1)
			return 0;
		len = read(fd, bytes, size);
		if (len <= 0 || (size_t)len > size ||
		    !are_messages(bytes, len, &seq))
			return 0;
		reads++;
	}
	return reads;
}

static bool send_batch(int fd)
{
	uint8_t data[SSI_DSM_MSG_MAX];
	uint32_t seq;

	for (seq = 0; seq < BATCHED; seq++)
		if (send_message(fd, 1, data, fill_message(data, 0, seq)))
			return false;
	return true;
}

static void test_batches(void)
{
	uint32_t reads, small, n;
	int fds[NODES_MAX];

	cluster_make(&cluster);
	for (n = 0; n < cluster.nodes; n++)
		fds[n] = attach(cluster.name, n, SSI_DSM_ATTACH_BATCH);
	cluster_wait_ready(&cluster);
	tap_ok(expect_ready(fds[1]), "READY is read alone");
	reads = send_batch(fds[0]) ? read_batches(fds[1], 65536) : 0;
	tap_ok(reads && reads < BATCHED, "%u reads return %u messages, complete and in order",
	       reads, BATCHED);
	/* room for the largest message, and often for part of another one */
	small = send_batch(fds[0]) ?
		read_batches(fds[1], sizeof(struct ssi_dsm_msg) + SSI_DSM_MSG_MAX) :
		0;
	tap_ok(small > reads, "%u reads with a small buffer: what does not fit stays",
	       small);
	for (n = 0; n < cluster.nodes; n++)
		close(fds[n]);
	cluster_delete(&cluster);
}

int main(int argc, char **argv)
{
	cluster_args(&cluster, argc, argv);
	conf_need();
	alarm(150 * slower());
	tap_plan(14);
	test_exchange();
	test_batches();
	test_kill();
	test_deletion();
	test_no_reader();
	tap_ok(!module_unload() && !module_load(), "the module unloads after");
	return tap_exit();
}
