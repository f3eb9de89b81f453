// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel module: this node's part of the cluster, memory and channel. */
#include "dsm.h"

#include <errno.h>
#include <fcntl.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/genl.h"
#include "../uapi/linux/ssi_dsm_genl.h"
#include "connector.h"
#include "log.h"

#define REGION_ID	1	/* a cluster has one guest */

static struct {
	const struct options *options;
	struct genl genl;	/* owns what was created */
	int fd;
} dsm = { .fd = -1 };

/* Messages that one read() has brought. */
static struct {
	_Alignas(SSI_DSM_MSG_ALIGN) unsigned char bytes[64 << 10];
	size_t len;
	size_t next;	/* where the first is that dsm_read() has not returned */
} dsm_batch;

static void open_netlink(void)
{
	if (!genl_open(&dsm.genl))
		return;
	if (dsm.genl.err == ENOENT)
		die(EXIT_HOST, "The kernel module ssi_dsm is not loaded; load it with modprobe ssi_dsm.");
	die(EXIT_HOST, "The kernel module ssi_dsm does not answer: %s.",
	    dsm.genl.error);
}

/* A request about this node. */
static struct nl_msg *new_request(enum ssi_dsm_cmd cmd)
{
	struct nl_msg *msg = genl_request(cmd);

	if (!msg || nla_put_string(msg, SSI_DSM_A_CLUSTER,
				   dsm.options->cluster) ||
	    nla_put_u32(msg, SSI_DSM_A_NODE_ID, dsm.options->self))
		die(EXIT_HOST, "The host gives no memory for a netlink message.");
	return msg;
}

/* Call and free. Return: 0 or -errno. */
static int request(struct nl_msg *msg, genl_fn fn, void *arg)
{
	int err = genl_call(&dsm.genl, msg, fn, arg);

	nlmsg_free(msg);
	return err ? -dsm.genl.err : 0;
}

/* For set-up: an invalid request comes from the user's configuration. */
static void must(struct nl_msg *msg, const char *what)
{
	int err = request(msg, NULL, NULL);

	if (err == -EPERM)
		die(EXIT_HOST, "The kernel does not let this user %s; run as root (CAP_NET_ADMIN).",
		    what);
	if (err)
		die(err == -EINVAL || err == -EEXIST || err == -ERANGE ?
			EXIT_USAGE : EXIT_HOST,
		    "The kernel does not %s: %s.", what, dsm.genl.error);
}

static void put_address(struct nl_msg *msg, unsigned int node)
{
	const struct node_options *o = &dsm.options->nodes[node];

	if (nla_put(msg, SSI_DSM_A_ADDR, o->sockaddr_len, &o->sockaddr))
		die(EXIT_HOST, "The host gives no memory for a netlink message.");
}

static void create_node(void)
{
	const struct options *o = dsm.options;
	struct nl_msg *msg = new_request(SSI_DSM_CMD_NODE_NEW);
	char what[64];

	nla_put_u32(msg, SSI_DSM_A_TRANSPORT, o->transport);
	nla_put_u32(msg, SSI_DSM_A_SECURITY, o->tls ? SSI_DSM_SECURITY_TLS :
						      SSI_DSM_SECURITY_NONE);
	nla_put_flag(msg, SSI_DSM_A_SOCKET_OWNER);
	if (!o->loop)
		put_address(msg, o->self);
	snprintf(what, sizeof(what), "create node %u", o->self);
	must(msg, what);
}

static void create_peer(unsigned int node)
{
	const struct options *o = dsm.options;
	struct nl_msg *msg = new_request(SSI_DSM_CMD_PEER_NEW);
	char what[64];

	nla_put_u32(msg, SSI_DSM_A_PEER_ID, node);
	nla_put_u32(msg, SSI_DSM_A_LINK_GRACE, o->link_grace * 1000);
	if (!o->loop)
		put_address(msg, node);
	snprintf(what, sizeof(what), "add node %u as a peer", node);
	must(msg, what);
}

static uint64_t create_region(void)
{
	const struct options *o = dsm.options;
	struct nl_msg *msg = new_request(SSI_DSM_CMD_REGION_NEW);
	uint64_t size = 0;

	nla_put_u32(msg, SSI_DSM_A_REGION_ID, REGION_ID);
	for (unsigned int i = 0; i < o->num_nodes; i++) {
		if (genl_put_map(msg, o->nodes[i].id, o->nodes[i].memory))
			die(EXIT_HOST, "The host gives no memory for a netlink message.");
		size += o->nodes[i].memory;
	}
	must(msg, "create the guest's memory");
	return size;
}

static void set_policy(uint32_t policy, uint64_t value, const char *what)
{
	struct nl_msg *msg = new_request(SSI_DSM_CMD_POLICY_SET);

	nla_put_u32(msg, SSI_DSM_A_REGION_ID, REGION_ID);
	if (genl_put_policy(msg, policy, value))
		die(EXIT_HOST, "The host gives no memory for a netlink message.");
	must(msg, what);
}

static void attach(void)
{
	struct ssi_dsm_attach arg = {
		.node = dsm.options->self, .region = REGION_ID,
		.flags = SSI_DSM_ATTACH_BATCH,
	};

	snprintf((char *)arg.cluster, sizeof(arg.cluster), "%s",
		 dsm.options->cluster);
	dsm.fd = open(SSI_DSM_DEVICE, O_RDWR | O_CLOEXEC);
	if (dsm.fd < 0)
		die(EXIT_HOST, SSI_DSM_DEVICE " cannot be opened: %s; run as root.",
		    strerror(errno));
	if (ioctl(dsm.fd, SSI_DSM_ATTACH, &arg))
		die(EXIT_HOST, "The kernel does not attach to the guest's memory: %s.",
		    strerror(errno));
}

void *dsm_join(const struct options *options)
{
	uint64_t size;
	void *host;

	dsm.options = options;
	open_netlink();
	if (options->tls && options->num_nodes > 1)
		connector_start(options);
	create_node();
	/* The peers first: a region's map names only nodes that are known. */
	for (unsigned int i = 0; i < options->num_nodes; i++)
		if (i != options->self)
			create_peer(i);
	size = create_region();
	if (options->nodes[options->self].cache)
		set_policy(SSI_DSM_POLICY_CACHE,
			   options->nodes[options->self].cache,
			   "limit the cache of the other nodes' memory");
	if (options->amd_rogpt)
		set_policy(SSI_DSM_POLICY_ROGPT, 1,
			   "let walks of page tables read");
	attach();
	host = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, dsm.fd, 0);
	if (host == MAP_FAILED)
		die(EXIT_HOST, "The guest's memory cannot be mapped: %s.",
		    strerror(errno));
	return host;
}

void dsm_discard(uint64_t offset, uint64_t len)
{
	struct ssi_dsm_discard arg = { .offset = offset, .len = len };

	/* A lost node is reported by the channel, and nothing depends on this. */
	if (ioctl(dsm.fd, SSI_DSM_DISCARD, &arg))
		log_debug("Memory at %#llx could not be discarded: %s.",
			  (unsigned long long)offset, strerror(errno));
}

int dsm_send(unsigned int node, const void *data, size_t len)
{
	struct ssi_dsm_send arg = {
		.node = node, .len = len, .data = (uintptr_t)data,
	};

	while (ioctl(dsm.fd, SSI_DSM_SEND, &arg) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Return: 0 or -errno. */
static int fill_batch(void)
{
	ssize_t len;

	do {
		len = read(dsm.fd, dsm_batch.bytes, sizeof(dsm_batch.bytes));
	} while (len < 0 && errno == EINTR);
	if (len < 0)
		return -errno;
	dsm_batch.len = len;
	dsm_batch.next = 0;
	return 0;
}

/* Under load many messages wait, and one call of the kernel brings them. */
int dsm_read(const struct ssi_dsm_msg **message)
{
	const struct ssi_dsm_msg *head;
	size_t left, used;
	int err;

	if (dsm_batch.next >= dsm_batch.len) {
		err = fill_batch();
		if (err)
			return err;
	}
	left = dsm_batch.len - dsm_batch.next;
	head = (const void *)(dsm_batch.bytes + dsm_batch.next);
	if (left < sizeof(*head) || left - sizeof(*head) < head->len)
		return -EPROTO;
	used = sizeof(*head) + head->len + SSI_DSM_MSG_ALIGN - 1;
	dsm_batch.next += used & ~(size_t)(SSI_DSM_MSG_ALIGN - 1);
	*message = head;
	return 0;
}

struct link_answer {
	uint32_t state;
	char reason[128];
};

static void keep_link(const struct genl_reply *reply, void *arg)
{
	struct link_answer *answer = arg;

	answer->state = genl_u32(reply, SSI_DSM_A_LINK_STATE);
	snprintf(answer->reason, sizeof(answer->reason), "%s",
		 genl_string(reply, SSI_DSM_A_REASON));
}

int dsm_link_problem(unsigned int node, char *text, size_t size)
{
	struct link_answer answer = { .state = SSI_DSM_LINK_DOWN };
	struct nl_msg *msg = new_request(SSI_DSM_CMD_PEER_GET);
	int err;

	nla_put_u32(msg, SSI_DSM_A_PEER_ID, node);
	err = request(msg, keep_link, &answer);
	if (err)
		return err;
	snprintf(text, size, "%s", answer.reason[0] ? answer.reason :
							"no link");
	return answer.state != SSI_DSM_LINK_UP;
}
