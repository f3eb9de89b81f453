// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration of the module over generic netlink.
 *
 * libnl builds messages and resolves the family. The kernel's answers are read
 * here, since tests check all that is in them.
 */
#include "libconf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libsecure.h"
#include "selftests/unit/tap.h"

#define REPLY_MAX	65536

typedef void (*reply_fn)(struct nlattr **tb, struct nlmsghdr *head, void *arg);

static struct nl_sock *sock;
static int family;
static char text[256];

unsigned int slower(void)
{
	const char *times = getenv("SSI_SLOWER");

	return times ? strtoul(times, NULL, 10) : 1;
}

const char *conf_text(void)
{
	return text;
}

void conf_close(void)
{
	if (sock)
		nl_socket_free(sock);
	sock = NULL;
}

int conf_open(void)
{
	struct timeval limit = { .tv_sec = 30 };
	int one = 1;
	int fd;

	conf_close();
	sock = nl_socket_alloc();
	if (!sock || genl_connect(sock))
		return -EIO;
	family = genl_ctrl_resolve(sock, SSI_DSM_GENL_NAME);
	if (family < 0) {
		conf_close();
		return -ENOENT;
	}
	fd = nl_socket_get_fd(sock);
	if (setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return -errno;
	return 0;
}

void conf_need(void)
{
	int ret = conf_open();

	if (ret)
		tap_skip_all("no netlink family ssi_dsm (%s): modprobe ssi_dsm",
			     strerror(-ret));
}

struct nl_msg *conf_request(uint8_t cmd)
{
	struct nl_msg *msg = nlmsg_alloc_size(32768);

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0,
				 NLM_F_REQUEST, cmd, SSI_DSM_GENL_VERSION))
		tap_bail("out of memory for a netlink message");
	return msg;
}

/* Errno of an acknowledgment; its sentence goes into @text. */
static int take_ack(struct nlmsghdr *head)
{
	struct nlmsgerr *err = nlmsg_data(head);
	int len = (int)head->nlmsg_len - NLMSG_HDRLEN - (int)sizeof(*err);
	struct nlattr *said = NULL;

	if ((head->nlmsg_flags & NLM_F_ACK_TLVS) && len > 0)
		said = nla_find((struct nlattr *)(err + 1), len,
				NLMSGERR_ATTR_MSG);
	if (said)
		snprintf(text, sizeof(text), "%.*s", nla_len(said),
			 (char *)nla_data(said));
	return err->error;
}

/* A dump that fails ends with its errno instead of an acknowledgment. */
static int take_done(struct nlmsghdr *head)
{
	int err = 0;

	if (nlmsg_datalen(head) >= (int)sizeof(err))
		memcpy(&err, nlmsg_data(head), sizeof(err));
	return err;
}

/* One datagram. 1: there is more, otherwise the result. */
static int take_datagram(char *buf, int len, reply_fn fn, void *arg)
{
	struct nlmsghdr *head = (struct nlmsghdr *)buf;
	struct nlattr *tb[SSI_DSM_A_MAX + 1];

	for (; nlmsg_ok(head, len); head = nlmsg_next(head, &len)) {
		if (head->nlmsg_type == NLMSG_ERROR)
			return take_ack(head);
		if (head->nlmsg_type == NLMSG_DONE)
			return take_done(head);
		if (head->nlmsg_type != family)
			continue;
		if (genlmsg_parse(head, 0, tb, SSI_DSM_A_MAX, NULL))
			return -EBADMSG;
		if (fn)
			fn(tb, head, arg);
	}
	return 1;
}

static int talk(struct nl_msg *msg, reply_fn fn, void *arg)
{
	static char buf[REPLY_MAX];
	ssize_t len;
	int ret;

	text[0] = '\0';
	if (!(nlmsg_hdr(msg)->nlmsg_flags & NLM_F_DUMP))
		nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_ACK;
	ret = nl_send_auto(sock, msg);
	nlmsg_free(msg);
	if (ret < 0)
		return -EIO;
	do {
		len = recv(nl_socket_get_fd(sock), buf, sizeof(buf), 0);
		if (len < 0)
			return -errno;
		ret = take_datagram(buf, (int)len, fn, arg);
	} while (ret == 1);
	return ret;
}

int conf_send(struct nl_msg *msg)
{
	return talk(msg, NULL, NULL);
}

static void count_reply(struct nlattr **tb, struct nlmsghdr *head, void *arg)
{
	(void)tb;
	(void)head;
	++*(int *)arg;
}

int conf_count(struct nl_msg *msg)
{
	int count = 0, ret;

	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_DUMP;
	ret = talk(msg, count_reply, &count);
	return ret ? ret : count;
}

/* ---- attributes ---- */

void put_name(struct nl_msg *msg, const char *cluster, uint32_t node,
	      uint32_t attr, uint32_t id)
{
	nla_put_string(msg, SSI_DSM_A_CLUSTER, cluster);
	nla_put_u32(msg, SSI_DSM_A_NODE_ID, node);
	if (attr)
		nla_put_u32(msg, attr, id);
}

int put_addr(struct nl_msg *msg, const char *addr)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(SSI_DSM_PORT),
	};
	struct sockaddr_in6 sin6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(SSI_DSM_PORT),
	};

	if (inet_pton(AF_INET6, addr, &sin6.sin6_addr) == 1)
		return nla_put(msg, SSI_DSM_A_ADDR, sizeof(sin6), &sin6);
	if (inet_pton(AF_INET, addr, &sin.sin_addr) != 1)
		return -EINVAL;
	return nla_put(msg, SSI_DSM_A_ADDR, sizeof(sin), &sin);
}

void put_map(struct nl_msg *msg, const struct part *map, unsigned int parts)
{
	struct nlattr *nest;
	unsigned int i;

	for (i = 0; i < parts; i++) {
		nest = nla_nest_start(msg, SSI_DSM_A_MAP);
		nla_put_u32(msg, SSI_DSM_A_MAP_NODE, map[i].node);
		nla_put_u64(msg, SSI_DSM_A_MAP_SIZE, map[i].size);
		nla_nest_end(msg, nest);
	}
}

void put_policy(struct nl_msg *msg, uint32_t policy, uint64_t value)
{
	struct nlattr *nest = nla_nest_start(msg, SSI_DSM_A_POLICY);

	nla_put_u32(msg, SSI_DSM_A_POLICY_ID, policy);
	nla_put_u64(msg, SSI_DSM_A_POLICY_VALUE, value);
	nla_nest_end(msg, nest);
}

static uint32_t u32_of(struct nlattr **tb, int attr)
{
	return tb[attr] ? nla_get_u32(tb[attr]) : UINT32_MAX;
}

static uint64_t u64_of(struct nlattr **tb, int attr)
{
	return tb[attr] ? nla_get_u64(tb[attr]) : UINT64_MAX;
}

static void take_reason(struct nlattr **tb, char *reason, size_t size)
{
	snprintf(reason, size, "%s", tb[SSI_DSM_A_REASON] ?
		 nla_get_string(tb[SSI_DSM_A_REASON]) : "");
}

/* ---- nodes, peers, regions ---- */

int node_new(const char *cluster, uint32_t node, uint32_t transport,
	     const char *addr)
{
	struct nl_msg *msg = conf_request(SSI_DSM_CMD_NODE_NEW);

	put_name(msg, cluster, node, SSI_DSM_A_TRANSPORT, transport);
	if (secure_is_on())
		nla_put_u32(msg, SSI_DSM_A_SECURITY, secure_kind());
	if (addr)
		put_addr(msg, addr);
	return conf_send(msg);
}

/* A request that names an object and no more. */
static struct nl_msg *plain(uint8_t cmd, const char *cluster, uint32_t node,
			    uint32_t attr, uint32_t id)
{
	struct nl_msg *msg = conf_request(cmd);

	put_name(msg, cluster, node, attr, id);
	return msg;
}

int node_del(const char *cluster, uint32_t node)
{
	return conf_send(plain(SSI_DSM_CMD_NODE_DEL, cluster, node, 0, 0));
}

int node_get(const char *cluster, uint32_t node)
{
	return conf_send(plain(SSI_DSM_CMD_NODE_GET, cluster, node, 0, 0));
}

int peer_new(const char *cluster, uint32_t node, uint32_t peer,
	     const char *addr, uint32_t delay_us)
{
	struct nl_msg *msg = plain(SSI_DSM_CMD_PEER_NEW, cluster, node,
				   SSI_DSM_A_PEER_ID, peer);

	if (addr)
		put_addr(msg, addr);
	if (delay_us)
		nla_put_u32(msg, SSI_DSM_A_LINK_DELAY, delay_us);
	return conf_send(msg);
}

int peer_new_grace(const char *cluster, uint32_t node, uint32_t peer,
		   const char *addr, uint32_t grace_ms)
{
	struct nl_msg *msg = plain(SSI_DSM_CMD_PEER_NEW, cluster, node,
				   SSI_DSM_A_PEER_ID, peer);

	put_addr(msg, addr);
	nla_put_u32(msg, SSI_DSM_A_LINK_GRACE, grace_ms);
	return conf_send(msg);
}

int peer_del(const char *cluster, uint32_t node, uint32_t peer)
{
	return conf_send(plain(SSI_DSM_CMD_PEER_DEL, cluster, node,
			       SSI_DSM_A_PEER_ID, peer));
}

static void take_peer(struct nlattr **tb, struct nlmsghdr *head, void *arg)
{
	struct peer_info *info = arg;

	(void)head;
	info->state = u32_of(tb, SSI_DSM_A_LINK_STATE);
	info->rx_msgs = u64_of(tb, SSI_DSM_A_RX_MSGS);
	info->tx_msgs = u64_of(tb, SSI_DSM_A_TX_MSGS);
	info->forged = u64_of(tb, SSI_DSM_A_FORGED);
	take_reason(tb, info->reason, sizeof(info->reason));
}

int peer_get(const char *cluster, uint32_t node, uint32_t peer,
	     struct peer_info *info)
{
	*info = (struct peer_info){ .state = UINT32_MAX };
	return talk(plain(SSI_DSM_CMD_PEER_GET, cluster, node,
			  SSI_DSM_A_PEER_ID, peer), take_peer, info);
}

int region_new(const char *cluster, uint32_t node, uint32_t region,
	       const struct part *map, unsigned int parts)
{
	struct nl_msg *msg = plain(SSI_DSM_CMD_REGION_NEW, cluster, node,
				   SSI_DSM_A_REGION_ID, region);

	put_map(msg, map, parts);
	return conf_send(msg);
}

int region_del(const char *cluster, uint32_t node, uint32_t region)
{
	return conf_send(plain(SSI_DSM_CMD_REGION_DEL, cluster, node,
			       SSI_DSM_A_REGION_ID, region));
}

int policy_set(const char *cluster, uint32_t node, uint32_t region,
	       uint32_t policy, uint64_t value)
{
	struct nl_msg *msg = plain(SSI_DSM_CMD_POLICY_SET, cluster, node,
				   SSI_DSM_A_REGION_ID, region);

	put_policy(msg, policy, value);
	return conf_send(msg);
}

static void take_region(struct nlattr **tb, struct nlmsghdr *head, void *arg)
{
	struct region_info *info = arg;

	(void)head;
	*info = (struct region_info){
		.state = u32_of(tb, SSI_DSM_A_REGION_STATE),
		.size = u64_of(tb, SSI_DSM_A_SIZE),
		.shared = u64_of(tb, SSI_DSM_A_PAGES_SHARED),
		.exclusive = u64_of(tb, SSI_DSM_A_PAGES_EXCLUSIVE),
		.directory = u64_of(tb, SSI_DSM_A_DIRECTORY_PAGES),
		.metadata = u64_of(tb, SSI_DSM_A_METADATA),
		.cached = u64_of(tb, SSI_DSM_A_PAGES_CACHED),
		.dropped = u64_of(tb, SSI_DSM_A_DROPPED),
		.put = u64_of(tb, SSI_DSM_A_PUT),
		.huge = u64_of(tb, SSI_DSM_A_BLOCKS_HUGE),
		.split = u64_of(tb, SSI_DSM_A_BLOCKS_SPLIT),
	};
	take_reason(tb, info->reason, sizeof(info->reason));
}

int region_get(const char *cluster, uint32_t node, uint32_t region,
	       struct region_info *info)
{
	*info = (struct region_info){ .state = UINT32_MAX };
	return talk(plain(SSI_DSM_CMD_REGION_GET, cluster, node,
			  SSI_DSM_A_REGION_ID, region), take_region, info);
}

/* ---- lists of a region: an attribute for each entry ---- */

struct each {
	int type;
	void (*take)(struct nlattr **tb, void *info);
	void *info;
};

static void take_each(struct nlattr **tb, struct nlmsghdr *head, void *arg)
{
	struct genlmsghdr *genl = genlmsg_hdr(head);
	struct nlattr *nested[SSI_DSM_A_MAX + 1];
	const struct each *each = arg;
	struct nlattr *attr;
	int rem;

	(void)tb;
	nla_for_each_attr(attr, genlmsg_attrdata(genl, 0),
			  genlmsg_attrlen(genl, 0), rem)
		if (nla_type(attr) == each->type &&
		    !nla_parse_nested(nested, SSI_DSM_A_MAX, attr, NULL))
			each->take(nested, each->info);
}

static int region_talk(uint8_t cmd, const char *cluster, uint32_t node,
		       uint32_t region, struct each each)
{
	return talk(plain(cmd, cluster, node, SSI_DSM_A_REGION_ID, region),
		    take_each, &each);
}

static void take_class(struct nlattr **tb, void *arg)
{
	uint64_t buckets[SSI_DSM_BUCKETS] = { };
	uint32_t class = u32_of(tb, SSI_DSM_A_CLASS_ID);
	struct stats_info *info = arg;
	int i;

	if (class >= __SSI_DSM_CLASS_MAX)
		return;
	info->count[class] = u64_of(tb, SSI_DSM_A_CLASS_COUNT);
	info->sum_ns[class] = u64_of(tb, SSI_DSM_A_CLASS_SUM_NS);
	if (tb[SSI_DSM_A_BUCKETS])
		nla_memcpy(buckets, tb[SSI_DSM_A_BUCKETS], sizeof(buckets));
	for (i = 0; i < SSI_DSM_BUCKETS; i++)
		info->bucketed[class] += buckets[i];
}

int stats_get(const char *cluster, uint32_t node, uint32_t region,
	      struct stats_info *info)
{
	*info = (struct stats_info){ };
	return region_talk(SSI_DSM_CMD_STATS_GET, cluster, node, region,
			   (struct each){ SSI_DSM_A_CLASS, take_class, info });
}

static void take_policy(struct nlattr **tb, void *arg)
{
	struct policies_info *info = arg;
	uint32_t id;

	if (!tb[SSI_DSM_A_POLICY_ID])
		return;
	id = nla_get_u32(tb[SSI_DSM_A_POLICY_ID]);
	if (id >= __SSI_DSM_POLICY_MAX)
		return;
	info->policies[id] = (struct policy_info){
		.value = u64_of(tb, SSI_DSM_A_POLICY_VALUE),
		.initial = u64_of(tb, SSI_DSM_A_POLICY_DEFAULT),
		.min = u64_of(tb, SSI_DSM_A_POLICY_MIN),
		.max = u64_of(tb, SSI_DSM_A_POLICY_MAX),
		.can_be_auto = tb[SSI_DSM_A_POLICY_AUTO],
	};
	info->count++;
}

int policies_get(const char *cluster, uint32_t node, uint32_t region,
		 struct policies_info *info)
{
	*info = (struct policies_info){ };
	return region_talk(SSI_DSM_CMD_POLICY_GET, cluster, node, region,
			   (struct each){ SSI_DSM_A_POLICY, take_policy, info });
}

static void take_page(struct nlattr **tb, void *arg)
{
	uint64_t moves = u64_of(tb, SSI_DSM_A_PAGE_MOVES);
	struct pages_info *info = arg;

	info->count++;
	if (moves <= info->moves)
		return;
	info->index = u64_of(tb, SSI_DSM_A_PAGE_INDEX);
	info->moves = moves;
	info->nodes = u32_of(tb, SSI_DSM_A_PAGE_NODES);
}

int pages_get(const char *cluster, uint32_t node, uint32_t region,
	      struct pages_info *info)
{
	*info = (struct pages_info){ };
	return region_talk(SSI_DSM_CMD_PAGE_GET, cluster, node, region,
			   (struct each){ SSI_DSM_A_PAGE, take_page, info });
}

/* ---- the module ---- */

int module_unload(void)
{
	return syscall(SYS_delete_module, "ssi_dsm", O_NONBLOCK) ? -errno : 0;
}

int module_load(void)
{
	return system("modprobe ssi_dsm") ? -ENOENT : 0;
}
