// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The netlink family and the device: invalid requests, and the kernel's answer.
 *
 * A refusal over netlink must have the right errno and a sentence, and must
 * change nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/socket.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/genl.h"
#include "libcluster.h"
#include "selftests/unit/tap.h"

#define CLUSTER	"api"
#define NOBODY	65534

/* The result of a request that must be refused with @want and a sentence. */
static void must_refuse(int ret, int want, const char *text)
{
	bool good = ret == -want && strlen(conf_text()) > 10;

	if (!good)
		tap_diag("errno %d instead of %d: \"%s\"", -ret, want,
			 conf_text());
	tap_ok(good, "refused: %s", text);
}

/* ---- nodes and peers ---- */

static int node_raw(const char *cluster, uint32_t attr, const void *data,
		    int len)
{
	struct nl_msg *msg = conf_request(SSI_DSM_CMD_NODE_NEW);

	if (cluster)
		nla_put_string(msg, SSI_DSM_A_CLUSTER, cluster);
	if (attr)
		nla_put(msg, attr, len, data);
	nla_put_u32(msg, SSI_DSM_A_TRANSPORT, SSI_DSM_TRANSPORT_LOOP);
	return conf_send(msg);
}

static int node_with(uint32_t attr, const void *data, int len)
{
	struct nl_msg *msg = conf_request(SSI_DSM_CMD_NODE_NEW);

	put_name(msg, CLUSTER, 9, 0, 0);
	if (attr != SSI_DSM_A_TRANSPORT)
		nla_put_u32(msg, SSI_DSM_A_TRANSPORT, SSI_DSM_TRANSPORT_LOOP);
	nla_put(msg, attr, len, data);
	return conf_send(msg);
}

static void test_nodes(void)
{
	uint32_t one = 1, large = 7;
	uint16_t family = 99, inet = AF_INET;
	const uint32_t loop = SSI_DSM_TRANSPORT_LOOP;

	must_refuse(node_new(CLUSTER, 32, loop, NULL), EINVAL, "node id 32");
	must_refuse(node_new(CLUSTER, UINT32_MAX, loop, NULL), EINVAL,
		    "node id 4294967295");
	must_refuse(node_new("", 1, loop, NULL), EINVAL, "an empty cluster name");
	must_refuse(node_new("a-name-of-thirty-two-characters..", 1, loop, NULL),
		    EINVAL, "a cluster name that is too long");
	must_refuse(node_raw(NULL, SSI_DSM_A_NODE_ID, &one, 4), EINVAL,
		    "a node without a cluster");
	must_refuse(node_raw(CLUSTER, 0, NULL, 0), EINVAL, "a node without an id");
	must_refuse(node_with(SSI_DSM_A_TRANSPORT, &large, 4), EINVAL,
		    "an unknown transport");
	must_refuse(node_new(CLUSTER, 1, SSI_DSM_TRANSPORT_RDMA, NULL), EINVAL,
		    "a node over rdma without an address");
	must_refuse(node_with(SSI_DSM_A_ADDR, &family, 2), EAFNOSUPPORT,
		    "an address that is neither IPv4 nor IPv6");
	must_refuse(node_with(SSI_DSM_A_ADDR, &inet, 2), EINVAL,
		    "an address cut short");
	tap_ok(node_with(SSI_DSM_A_MAX + 1, &one, 4) == -EINVAL,
	       "refused: an attribute that does not exist");
	tap_ok(node_with(SSI_DSM_A_NODE_ID, &one, 2) < 0,
	       "refused: a number of two bytes");
	tap_ok(node_new(CLUSTER, 31, loop, NULL) == 0, "node id 31 is accepted");
	must_refuse(node_new(CLUSTER, 31, loop, NULL), EEXIST,
		    "a node id used twice");
	tap_ok(!node_new("other", 31, loop, NULL) && !node_del("other", 31),
	       "the same node id in another cluster is accepted");
	tap_ok(!node_del(CLUSTER, 31), "a node is deleted");
	must_refuse(node_del(CLUSTER, 31), ENOENT, "deleting it twice");
	must_refuse(node_get(CLUSTER, 31), ENOENT, "asking for a deleted node");
	tap_ok(conf_count(conf_request(SSI_DSM_CMD_NODE_GET)) == 0,
	       "no node is left");
}

static int peer_without_id(void)
{
	struct nl_msg *msg = conf_request(SSI_DSM_CMD_PEER_NEW);

	put_name(msg, CLUSTER, 0, 0, 0);
	return conf_send(msg);
}

static void test_peers(void)
{
	struct peer_info info;

	node_new(CLUSTER, 0, SSI_DSM_TRANSPORT_LOOP, NULL);
	must_refuse(peer_new(CLUSTER, 0, 32, NULL, 0), EINVAL, "peer id 32");
	must_refuse(peer_new(CLUSTER, 0, 0, NULL, 0), EINVAL,
		    "a node that is its own peer");
	must_refuse(peer_new(CLUSTER, 5, 1, NULL, 0), ENOENT,
		    "a peer of a node that is not here");
	must_refuse(peer_without_id(), EINVAL, "a peer without an id");
	tap_ok(!peer_new(CLUSTER, 0, 1, NULL, 0) &&
	       !peer_get(CLUSTER, 0, 1, &info) && info.state != SSI_DSM_LINK_UP,
	       "a peer that is not there yet is not up");
	must_refuse(peer_new(CLUSTER, 0, 1, NULL, 0), EEXIST,
		    "a peer id used twice");
	must_refuse(peer_get(CLUSTER, 0, 2, &info), ENOENT,
		    "asking for an unknown peer");
	must_refuse(peer_del(CLUSTER, 0, 2), ENOENT, "deleting an unknown peer");
	tap_ok(!peer_del(CLUSTER, 0, 1), "a peer is deleted");
	node_del(CLUSTER, 0);
}

/* ---- regions ---- */

static int region_of(uint32_t node, uint64_t size)
{
	struct part part = { node, size };

	return region_new(CLUSTER, 0, REGION, &part, 1);
}

static int region_of_many(unsigned int parts)
{
	struct part map[65];
	unsigned int i;

	for (i = 0; i < parts; i++)
		map[i] = (struct part){ i % 2, 2 * MIB };
	return region_new(CLUSTER, 0, REGION, map, parts);
}

static int region_half_part(void)
{
	struct nl_msg *msg = conf_request(SSI_DSM_CMD_REGION_NEW);
	struct nlattr *nest;

	put_name(msg, CLUSTER, 0, SSI_DSM_A_REGION_ID, REGION);
	nest = nla_nest_start(msg, SSI_DSM_A_MAP);
	nla_put_u32(msg, SSI_DSM_A_MAP_NODE, 0);
	nla_nest_end(msg, nest);
	return conf_send(msg);
}

static int nothing_set(void)
{
	struct nl_msg *msg = conf_request(SSI_DSM_CMD_POLICY_SET);

	put_name(msg, CLUSTER, 0, SSI_DSM_A_REGION_ID, REGION);
	return conf_send(msg);
}

/* The value of the first is in its range, that of the second is not. */
static int two_set(void)
{
	struct nl_msg *msg = conf_request(SSI_DSM_CMD_POLICY_SET);

	put_name(msg, CLUSTER, 0, SSI_DSM_A_REGION_ID, REGION);
	put_policy(msg, SSI_DSM_POLICY_SPIN, 9);
	put_policy(msg, SSI_DSM_POLICY_CACHE, 1);
	return conf_send(msg);
}

static int set(uint32_t policy, uint64_t value)
{
	return policy_set(CLUSTER, 0, REGION, policy, value);
}

static uint64_t value_of(uint32_t policy)
{
	struct policies_info info;

	policies_get(CLUSTER, 0, REGION, &info);
	return info.policies[policy].value;
}

/*
 * Sets both ends of its range, values beyond them, and its first value again.
 */
static bool is_settable(uint32_t id, const struct policy_info *policy)
{
	bool all = policy->value == policy->initial;

	all &= !set(id, policy->min) && value_of(id) == policy->min;
	all &= !set(id, policy->max) && value_of(id) == policy->max;
	all &= set(id, policy->max + 1) == -ERANGE && *conf_text();
	all &= !policy->min || set(id, policy->min - 1) == -ERANGE;
	all &= set(id, SSI_DSM_POLICY_AUTO) ==
	       (policy->can_be_auto ? 0 : -ERANGE);
	all &= !set(id, policy->initial) && value_of(id) == policy->initial;
	if (!all)
		tap_diag("policy %u is not settable in its range", id);
	return all;
}

static void test_policies(void)
{
	struct policies_info info;
	bool all = true;
	uint32_t id;

	tap_ok(!policies_get(CLUSTER, 0, REGION, &info) &&
	       info.count == __SSI_DSM_POLICY_MAX, "POLICY_GET has all policies");
	for (id = 0; id < __SSI_DSM_POLICY_MAX; id++)
		all &= is_settable(id, &info.policies[id]);
	tap_ok(all, "each policy accepts the values of its range, and refuses others");
	must_refuse(set(__SSI_DSM_POLICY_MAX, 1), EINVAL,
		    "a policy that does not exist");
	must_refuse(set(SSI_DSM_POLICY_CACHE, 4096), ERANGE,
		    "a cache of one page");
	must_refuse(nothing_set(), EINVAL, "setting nothing");
	must_refuse(two_set(), ERANGE, "two policies, one out of range");
	tap_ok(value_of(SSI_DSM_POLICY_SPIN) ==
	       info.policies[SSI_DSM_POLICY_SPIN].value,
	       "after that refusal, neither of the two is set");
}

static void test_bad_maps(void)
{
	must_refuse(region_of(0, 2 * MIB + 4096), EINVAL,
		    "memory that is not a multiple of 2 MiB");
	must_refuse(region_of(0, MIB), EINVAL, "memory of 1 MiB");
	must_refuse(region_of(7, 2 * MIB), EINVAL, "a map with an unknown node");
	must_refuse(region_of(99, 2 * MIB), EINVAL, "a map with node 99");
	must_refuse(region_of(1, 2 * MIB), EINVAL, "a map without this node");
	must_refuse(region_of(0, 0), EINVAL, "a region without memory");
	must_refuse(region_of(0, 1ull << 60), E2BIG, "an exbibyte");
	must_refuse(region_of(0, ~0ull << 21), E2BIG, "nearly 2^64 bytes");
	must_refuse(region_of_many(65), E2BIG, "a map of 65 parts");
	must_refuse(region_new(CLUSTER, 0, REGION, NULL, 0), EINVAL,
		    "a region without a map");
	must_refuse(region_half_part(), EINVAL, "a part without a size");
	must_refuse(region_new("none", 0, REGION, &(struct part){ 0, 2 * MIB }, 1),
		    ENOENT, "a region of an unknown cluster");
}

static void test_regions(void)
{
	struct region_info info;
	struct stats_info stats;

	node_new(CLUSTER, 0, SSI_DSM_TRANSPORT_LOOP, NULL);
	peer_new(CLUSTER, 0, 1, NULL, 0);
	test_bad_maps();
	must_refuse(region_get(CLUSTER, 0, REGION, &info), ENOENT,
		    "asking for an unknown region");
	must_refuse(stats_get(CLUSTER, 0, REGION, &stats), ENOENT,
		    "statistics of an unknown region");
	must_refuse(region_del(CLUSTER, 0, REGION), ENOENT,
		    "deleting an unknown region");
	tap_ok(!region_of_many(64) && !region_get(CLUSTER, 0, REGION, &info) &&
	       info.size == 128 * MIB && info.state == SSI_DSM_REGION_WAITING,
	       "a map of 64 parts is accepted; the region waits for the other node");
	must_refuse(region_of_many(2), EEXIST, "a region id used twice");
	test_policies();
	tap_ok(!region_del(CLUSTER, 0, REGION), "a region is deleted");
	node_del(CLUSTER, 0);
}

/* ---- nodes whose maps differ ---- */

static uint32_t wait_state(uint32_t node, struct region_info *info)
{
	uint64_t until = now_ms() + DEADLINE_MS;

	do {
		region_get(CLUSTER, node, REGION, info);
	} while (info->state == SSI_DSM_REGION_WAITING && now_ms() < until);
	return info->state;
}

static void make_pair(const struct part *a, const struct part *b)
{
	uint32_t n;

	for (n = 0; n < 2; n++)
		node_new(CLUSTER, n, SSI_DSM_TRANSPORT_LOOP, NULL);
	for (n = 0; n < 2; n++)
		peer_new(CLUSTER, n, !n, NULL, 0);
	region_new(CLUSTER, 0, REGION, a, 2);
	region_new(CLUSTER, 1, REGION, b, 2);
}

static void delete_pair(void)
{
	node_del(CLUSTER, 0);
	node_del(CLUSTER, 1);
}

static void test_refused(const struct part *b, const char *text)
{
	const struct part a[] = { { 0, 4 * MIB }, { 1, 2 * MIB } };
	struct region_info info;
	struct message m = { };
	int fd;

	make_pair(a, b);
	tap_ok(wait_state(0, &info) == SSI_DSM_REGION_REFUSED &&
	       strlen(info.reason) > 10, "REFUSED: %s", text);
	tap_diag("%s", info.reason);
	fd = attach(CLUSTER, 0, 0);
	tap_ok(fd >= 0 && !read_message(fd, &m, DEADLINE_MS) &&
	       m.head.type == SSI_DSM_MSG_REFUSED && m.head.node == 1 &&
	       !strcmp((char *)m.data, info.reason),
	       "the program reads the same sentence");
	close(fd);
	delete_pair();
}

/* ---- the device ---- */

static const struct part halves[] = { { 0, 2 * MIB }, { 1, 2 * MIB } };

static int attach_to(int fd, const char *cluster, uint32_t node,
		     uint32_t region)
{
	struct ssi_dsm_attach args = { .node = node, .region = region };

	strncpy((char *)args.cluster, cluster, sizeof(args.cluster) - 1);
	return ioctl(fd, SSI_DSM_ATTACH, &args) ? -errno : 0;
}

static int attach_bits(int fd, uint32_t flags, uint32_t reserved)
{
	struct ssi_dsm_attach args = {
		.cluster = CLUSTER,
		.region = REGION,
		.flags = flags,
		.reserved = reserved,
	};

	return ioctl(fd, SSI_DSM_ATTACH, &args) ? -errno : 0;
}

static void test_unattached(int fd)
{
	struct message m;

	tap_ok(!map_region(fd, 4 * MIB) && errno == ENOTCONN,
	       "mmap before ATTACH is ENOTCONN");
	tap_ok(read(fd, &m, sizeof(m)) < 0 && errno == ENOTCONN,
	       "read before ATTACH is ENOTCONN");
	tap_ok(send_message(fd, 1, "x", 1) == -ENOTCONN, "SEND before ATTACH is ENOTCONN");
	tap_ok(ioctl(fd, _IO(SSI_DSM_IOC_MAGIC, 77)) < 0 && errno == ENOTTY,
	       "an unknown ioctl is ENOTTY");
	tap_ok(ioctl(fd, SSI_DSM_ATTACH, NULL) < 0 && errno == EFAULT,
	       "ATTACH without an argument is EFAULT");
	tap_ok(attach_to(fd, CLUSTER, 0, 99) == -ENOENT, "ATTACH to an unknown region is ENOENT");
	tap_ok(attach_to(fd, CLUSTER, 5, REGION) == -ENOENT,
	       "ATTACH to an unknown node is ENOENT");
	tap_ok(attach_to(fd, "none", 0, REGION) == -ENOENT,
	       "ATTACH to an unknown cluster is ENOENT");
	tap_ok(attach_bits(fd, 4, 0) == -EINVAL, "ATTACH with unknown flags is EINVAL");
	tap_ok(attach_bits(fd, 0, 1) == -EINVAL,
	       "ATTACH with a reserved field that is not 0 is EINVAL");
}

static void test_attach(void)
{
	struct ssi_dsm_attach args = { .cluster = CLUSTER, .region = REGION };
	int fd = open(SSI_DSM_DEVICE, O_RDWR), second;
	struct message m;

	test_unattached(fd);
	tap_ok(!ioctl(fd, SSI_DSM_ATTACH, &args) && args.size == 4 * MIB,
	       "ATTACH returns the region's size");
	tap_ok(attach_bits(fd, 0, 0) == -EISCONN,
	       "a second ATTACH of a file is EISCONN");
	tap_ok(attach(CLUSTER, 0, 0) == -EBUSY, "a second file with the channel is EBUSY");
	second = attach(CLUSTER, 0, SSI_DSM_ATTACH_NO_CHANNEL);
	tap_ok(second >= 0, "a second file without the channel is accepted");
	tap_ok(read(second, &m, sizeof(m)) < 0 && errno == ENOTCONN,
	       "read without the channel is ENOTCONN");
	close(fd);
	fd = attach(CLUSTER, 0, 0);
	tap_ok(fd >= 0, "the channel can be attached again once its file is closed");
	close(second);
	close(fd);
}

static bool mmap_fails(int fd, size_t len, int flags, off_t offset, int want)
{
	void *mem = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, offset);

	if (mem == MAP_FAILED)
		return errno == want;
	munmap(mem, len);
	return false;
}

static int access_in_child(volatile char *mem)
{
	int status, pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		*mem = 1;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_mmap(int fd)
{
	char *mem;

	tap_ok(mmap_fails(fd, 2 * MIB, MAP_PRIVATE, 0, EINVAL),
	       "a private mapping is EINVAL");
	tap_ok(mmap_fails(fd, 4 * MIB + PAGE, MAP_SHARED, 0, EINVAL),
	       "a mapping longer than the region is EINVAL");
	tap_ok(mmap_fails(fd, PAGE, MAP_SHARED, 4 * MIB, EINVAL),
	       "a mapping behind the region is EINVAL");
	tap_ok(mmap_fails(fd, PAGE, MAP_SHARED, 1ll << 62, EINVAL),
	       "a mapping at offset 2^62 is EINVAL");
	tap_ok(mmap_fails(fd, 2 * PAGE, MAP_SHARED, 4 * MIB - PAGE, EINVAL),
	       "a mapping across the region's end is EINVAL");
	mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   4 * MIB - PAGE);
	tap_ok(mem != MAP_FAILED && !*mem, "the region's last page can be mapped");
	munmap(mem, PAGE);
	mem = map_region(fd, PAGE);
	tap_ok(mremap(mem, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED &&
	       errno == EFAULT, "a mapping cannot grow: EFAULT");
	tap_ok(access_in_child(mem) == SIGSEGV, "a child process does not inherit a mapping");
	munmap(mem, PAGE);
}

static void test_send(int fd)
{
	tap_ok(send_message(fd, 1, "x", 0) == -EMSGSIZE,
	       "SEND of nothing is EMSGSIZE");
	tap_ok(send_message(fd, 1, "x", 4097) == -EMSGSIZE,
	       "SEND of 4097 bytes is EMSGSIZE");
	tap_ok(send_message(fd, 1, NULL, 1) == -EFAULT,
	       "SEND without data is EFAULT");
	tap_ok(send_message(fd, 0, "x", 1) == -EINVAL,
	       "SEND to the own node is EINVAL");
	tap_ok(send_message(fd, 32, "x", 1) == -EINVAL,
	       "SEND to node 32 is EINVAL");
	tap_ok(send_message(fd, 9, "x", 1) == -ENOTCONN,
	       "SEND to an unknown node is ENOTCONN");
	tap_ok(ioctl(fd, SSI_DSM_SEND, NULL) < 0 && errno == EFAULT,
	       "SEND without an argument is EFAULT");
}

static bool too_small(int fd, size_t size)
{
	struct message m;

	return read(fd, &m, size) < 0 && errno == EMSGSIZE;
}

/*
 * READY and "hello" are queued: a read with a small buffer must lose neither.
 */
static void test_read(int fd, int other)
{
	struct message m;

	tap_ok(too_small(fd, 15) && !read_message(fd, &m, DEADLINE_MS) &&
	       m.head.type == SSI_DSM_MSG_READY,
	       "a read with a small buffer is EMSGSIZE and does not lose READY");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	tap_ok(read(fd, &m, sizeof(m)) < 0 && errno == EAGAIN,
	       "a read of an empty queue is EAGAIN with O_NONBLOCK");
	tap_ok(read_message(fd, &m, 0) == -ETIMEDOUT, "poll does not report POLLIN then");
	send_message(other, 0, "hello", 5);
	send_message(other, 0, "world", 5);
	poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, DEADLINE_MS);
	tap_ok(too_small(fd, 0) && too_small(fd, 16) && too_small(fd, 20),
	       "a read with a buffer smaller than the message is EMSGSIZE");
	tap_ok(!read_message(fd, &m, DEADLINE_MS) && m.head.node == 1 &&
	       !strcmp((char *)m.data, "hello") &&
	       !read_message(fd, &m, DEADLINE_MS) &&
	       !strcmp((char *)m.data, "world"),
	       "after that, both messages are read complete and in order");
	fcntl(fd, F_SETFL, 0);
}

static void test_device(void)
{
	struct region_info info;
	int fd, other;

	make_pair(halves, halves);
	tap_ok(wait_state(0, &info) == SSI_DSM_REGION_READY &&
	       wait_state(1, &info) == SSI_DSM_REGION_READY,
	       "nodes with equal maps become READY");
	other = attach(CLUSTER, 1, 0);
	tap_ok(attach_to(other, CLUSTER, 0, REGION) == -EISCONN,
	       "ATTACH of an attached file to another node is EISCONN");
	fd = attach(CLUSTER, 0, 0);
	test_read(fd, other);
	test_send(fd);
	test_mmap(fd);
	close(fd);
	close(other);
	delete_pair();
	make_pair(halves, halves);
	test_attach();
	delete_pair();
}

/* DISCARD and SEND change something, so they need a file open for writing. */
static void test_read_only(void)
{
	struct ssi_dsm_discard all = { .len = 4 * MIB };
	int fd = open(SSI_DSM_DEVICE, O_RDONLY), writable;
	struct region_info info;
	volatile uint8_t *mem;

	make_pair(halves, halves);
	writable = attach(CLUSTER, 0, SSI_DSM_ATTACH_NO_CHANNEL);
	mem = map_region(writable, 4 * MIB);
	if (!mem || wait_state(0, &info) != SSI_DSM_REGION_READY)
		tap_bail("no region to discard: %s", info.reason);
	*mem = 7;
	attach_to(fd, CLUSTER, 0, REGION);
	tap_ok(ioctl(fd, SSI_DSM_DISCARD, &all) < 0 && *mem == 7,
	       "DISCARD through a file that is open for reading is refused");
	tap_ok(send_message(fd, 1, "x", 1) < 0,
	       "SEND through a file that is open for reading is refused");
	munmap((void *)mem, 4 * MIB);
	close(writable);
	close(fd);
	delete_pair();
}

/* ---- privileges ---- */

static int as_nobody(int (*fn)(void))
{
	int status, pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (setgroups(0, NULL) ||
		    setresgid(NOBODY, NOBODY, NOBODY) ||
		    setresuid(NOBODY, NOBODY, NOBODY) || conf_open())
			_exit(255);
		_exit(-fn());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int nobody_node_new(void)
{
	return node_new(CLUSTER, 3, SSI_DSM_TRANSPORT_LOOP, NULL);
}

static int nobody_node_del(void)
{
	return node_del(CLUSTER, 0);
}

static int nobody_peer_new(void)
{
	return peer_new(CLUSTER, 0, 3, NULL, 0);
}

static int nobody_peer_del(void)
{
	return peer_del(CLUSTER, 0, 1);
}

static int nobody_region_new(void)
{
	return region_new(CLUSTER, 0, 2, halves, 2);
}

static int nobody_policy_set(void)
{
	return policy_set(CLUSTER, 0, REGION, SSI_DSM_POLICY_HOLD, 0);
}

static int nobody_region_del(void)
{
	return region_del(CLUSTER, 0, REGION);
}

static int nobody_stats_get(void)
{
	struct stats_info info;

	return stats_get(CLUSTER, 0, REGION, &info);
}

static int nobody_page_get(void)
{
	struct pages_info info;

	return pages_get(CLUSTER, 0, REGION, &info);
}

static int nobody_stats_dump(void)
{
	return conf_count(conf_request(SSI_DSM_CMD_STATS_GET));
}

static int nobody_page_dump(void)
{
	return conf_count(conf_request(SSI_DSM_CMD_PAGE_GET));
}

static int nobody_get(void)
{
	return node_get(CLUSTER, 0);
}

static int nobody_open(void)
{
	return open(SSI_DSM_DEVICE, O_RDWR) < 0 ? -errno : 0;
}

/* What udev does, with the group that NOBODY is in. */
static int nobody_attach(void)
{
	struct ssi_dsm_attach arg = {
		.cluster = CLUSTER, .node = 0, .region = REGION,
		.flags = SSI_DSM_ATTACH_NO_CHANNEL,
	};
	int fd = open(SSI_DSM_DEVICE, O_RDWR);

	if (fd < 0)
		return -errno;
	return ioctl(fd, SSI_DSM_ATTACH, &arg) ? -errno : 0;
}

static int nobody_listen(void)
{
	struct genl genl;
	int group;

	if (genl_open(&genl))
		return -genl.err;
	group = genl_ctrl_resolve_grp(genl.sock, SSI_DSM_GENL_NAME,
				      SSI_DSM_GENL_EVENTS);
	return setsockopt(nl_socket_get_fd(genl.sock), SOL_NETLINK,
			  NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) ?
	       -errno : 0;
}

/* Addresses, reasons, which have addresses, and counters of messages. */
static void count_secrets(const struct genl_reply *reply, void *count)
{
	*(int *)count += !!reply->tb[SSI_DSM_A_ADDR] +
			 !!reply->tb[SSI_DSM_A_REASON] +
			 !!reply->tb[SSI_DSM_A_TX_MSGS];
}

/* Return: those in a dump, or -errno. */
static int dump_secrets(enum ssi_dsm_cmd cmd)
{
	struct nl_msg *msg = genl_request(cmd);
	struct genl genl;
	int count = 0;

	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_DUMP;
	if (genl_open(&genl) || genl_call(&genl, msg, count_secrets, &count))
		return -genl.err;
	nlmsg_free(msg);
	genl_close(&genl);
	return count;
}

static int nobody_sees_secrets(void)
{
	int nodes = dump_secrets(SSI_DSM_CMD_NODE_GET);
	int peers = dump_secrets(SSI_DSM_CMD_PEER_GET);

	return nodes || peers ? -EPROTO : 0;
}

/* A node with an address, whose peer does not answer. */
static void test_secrets(void)
{
	node_new(CLUSTER, 5, SSI_DSM_TRANSPORT_TCP, "127.0.0.1");
	peer_new(CLUSTER, 5, 6, "127.0.0.2", 0);
	tap_ok(dump_secrets(SSI_DSM_CMD_NODE_GET) > 0 &&
	       dump_secrets(SSI_DSM_CMD_PEER_GET) > 0,
	       "root sees addresses and counters");
	tap_ok(!as_nobody(nobody_sees_secrets), "another user does not");
	node_del(CLUSTER, 5);
}

/* As udev's rule gives it to the group kvm. */
static void test_group(void)
{
	tap_ok(!chown(SSI_DSM_DEVICE, 0, NOBODY) && !as_nobody(nobody_attach),
	       "a member of the device's group attaches");
	if (chown(SSI_DSM_DEVICE, 0, 0))
		tap_bail("chown: %s", strerror(errno));
}

static const struct {
	const char *text;
	int (*fn)(void);
	int want;
} privileges[] = {
	{ "NODE_NEW without CAP_NET_ADMIN", nobody_node_new, EPERM },
	{ "NODE_DEL without CAP_NET_ADMIN", nobody_node_del, EPERM },
	{ "PEER_NEW without CAP_NET_ADMIN", nobody_peer_new, EPERM },
	{ "PEER_DEL without CAP_NET_ADMIN", nobody_peer_del, EPERM },
	{ "REGION_NEW without CAP_NET_ADMIN", nobody_region_new, EPERM },
	{ "POLICY_SET without CAP_NET_ADMIN", nobody_policy_set, EPERM },
	{ "REGION_DEL without CAP_NET_ADMIN", nobody_region_del, EPERM },
	{ "STATS_GET without CAP_NET_ADMIN", nobody_stats_get, EPERM },
	{ "PAGE_GET without CAP_NET_ADMIN", nobody_page_get, EPERM },
	{ "a dump of STATS_GET without CAP_NET_ADMIN", nobody_stats_dump, EPERM },
	{ "a dump of PAGE_GET without CAP_NET_ADMIN", nobody_page_dump, EPERM },
	{ "open of the device without being root", nobody_open, EACCES },
	{ "events without CAP_NET_ADMIN", nobody_listen, EPERM },
	{ "NODE_GET without CAP_NET_ADMIN is answered", nobody_get, 0 },
};

static void test_privileges(void)
{
	size_t i;
	int got;

	make_pair(halves, halves);
	for (i = 0; i < ARRAY_SIZE(privileges); i++) {
		got = as_nobody(privileges[i].fn);
		if (got != privileges[i].want)
			tap_diag("errno %d instead of %d", got,
				 privileges[i].want);
		tap_ok(got == privileges[i].want, "%s%s", privileges[i].text,
		       privileges[i].want ? " is refused" : "");
	}
	test_secrets();
	test_group();
	delete_pair();
}

/* ---- socket owners, dumps ---- */

static int add_owned(void)
{
	struct nl_msg *msg = conf_request(SSI_DSM_CMD_NODE_NEW);

	put_name(msg, CLUSTER, 4, SSI_DSM_A_TRANSPORT, SSI_DSM_TRANSPORT_LOOP);
	nla_put_flag(msg, SSI_DSM_A_SOCKET_OWNER);
	return conf_send(msg);
}

/* A process makes a node that its socket owns, and is killed. */
static void test_owner(void)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	int pid, status, ret;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (conf_open() || add_owned() || node_get(CLUSTER, 4))
			_exit(1);
		raise(SIGKILL);
	}
	waitpid(pid, &status, 0);
	do {
		ret = node_get(CLUSTER, 4);
	} while (!ret && now_ms() < until);
	tap_ok(WIFSIGNALED(status) && ret == -ENOENT,
	       "a node is deleted with its socket owner");
}

static void test_dumps(void)
{
	struct nl_msg *msg;

	make_pair(halves, halves);
	node_new("other", 7, SSI_DSM_TRANSPORT_LOOP, NULL);
	tap_ok(conf_count(conf_request(SSI_DSM_CMD_NODE_GET)) == 3,
	       "a dump of NODE_GET has three nodes");
	tap_ok(conf_count(conf_request(SSI_DSM_CMD_PEER_GET)) == 2,
	       "a dump of PEER_GET has two peers");
	tap_ok(conf_count(conf_request(SSI_DSM_CMD_REGION_GET)) == 2,
	       "a dump of REGION_GET has two regions");
	tap_ok(conf_count(conf_request(SSI_DSM_CMD_STATS_GET)) == 2,
	       "a dump of STATS_GET has two regions");
	msg = conf_request(SSI_DSM_CMD_NODE_GET);
	nla_put_string(msg, SSI_DSM_A_CLUSTER, "other");
	tap_ok(conf_count(msg) == 1, "a dump for one cluster has that cluster's node only");
	node_del("other", 7);
	delete_pair();
	tap_ok(conf_count(conf_request(SSI_DSM_CMD_NODE_GET)) == 0 &&
	       conf_count(conf_request(SSI_DSM_CMD_REGION_GET)) == 0,
	       "no node and no region is left");
}

int main(void)
{
	const struct part sizes[] = { { 0, 2 * MIB }, { 1, 4 * MIB } };
	const struct part order[] = { { 1, 2 * MIB }, { 0, 4 * MIB } };

	conf_need();
	alarm(120 * slower());
	tap_plan(3 + 19 + 9 + 25 + 4 + 2 + 5 + 7 + 8 + 16 +
		 2 + ARRAY_SIZE(privileges) + 1 + 6 + 1);
	test_nodes();
	test_peers();
	test_regions();
	test_refused(sizes, "the nodes' memory sizes differ");
	test_refused(order, "the order of the nodes differs");
	test_device();
	test_read_only();
	test_privileges();
	test_owner();
	test_dumps();
	tap_ok(!module_unload() && !module_load(), "the module unloads after");
	return tap_exit();
}
