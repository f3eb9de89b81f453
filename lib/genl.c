// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's generic netlink family: requests, dumps, events.
 */

#include "genl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

/* Room for a map with many more parts than the module takes. */
#define REQUEST_MAX	32768

/**
 * struct call - what the callbacks of libnl need
 * @genl: the connection
 * @fn: gets the replies, or NULL
 * @arg: for @fn
 */
struct call {
	struct genl *genl;
	genl_fn fn;
	void *arg;
};

static struct nla_policy policy[SSI_DSM_A_MAX + 1] = {
	[SSI_DSM_A_CLUSTER] = { .type = NLA_STRING },
	[SSI_DSM_A_NODE_ID] = { .type = NLA_U32 },
	[SSI_DSM_A_PEER_ID] = { .type = NLA_U32 },
	[SSI_DSM_A_REGION_ID] = { .type = NLA_U32 },
	[SSI_DSM_A_TRANSPORT] = { .type = NLA_U32 },
	[SSI_DSM_A_LINK_DELAY] = { .type = NLA_U32 },
	[SSI_DSM_A_LINK_GRACE] = { .type = NLA_U32 },
	[SSI_DSM_A_SECURITY] = { .type = NLA_U32 },
	[SSI_DSM_A_LINK_STATE] = { .type = NLA_U32 },
	[SSI_DSM_A_REASON] = { .type = NLA_STRING },
	[SSI_DSM_A_RX_MSGS] = { .type = NLA_U64 },
	[SSI_DSM_A_TX_MSGS] = { .type = NLA_U64 },
	[SSI_DSM_A_RX_BYTES] = { .type = NLA_U64 },
	[SSI_DSM_A_TX_BYTES] = { .type = NLA_U64 },
	[SSI_DSM_A_SIZE] = { .type = NLA_U64 },
	[SSI_DSM_A_MAP] = { .type = NLA_NESTED },
	[SSI_DSM_A_REGION_STATE] = { .type = NLA_U32 },
	[SSI_DSM_A_PAGES_SHARED] = { .type = NLA_U64 },
	[SSI_DSM_A_PAGES_EXCLUSIVE] = { .type = NLA_U64 },
	[SSI_DSM_A_DIRECTORY_PAGES] = { .type = NLA_U64 },
	[SSI_DSM_A_METADATA] = { .type = NLA_U64 },
	[SSI_DSM_A_PAGES_CACHED] = { .type = NLA_U64 },
	[SSI_DSM_A_DROPPED] = { .type = NLA_U64 },
	[SSI_DSM_A_PUT] = { .type = NLA_U64 },
	[SSI_DSM_A_HOME] = { .type = NLA_U32 },
	[SSI_DSM_A_HOMES_GIVEN] = { .type = NLA_U64 },
	[SSI_DSM_A_HOMES_TAKEN] = { .type = NLA_U64 },
	[SSI_DSM_A_PASSED_ON] = { .type = NLA_U64 },
	[SSI_DSM_A_CLASS] = { .type = NLA_NESTED },
	[SSI_DSM_A_POLICY] = { .type = NLA_NESTED },
	[SSI_DSM_A_PAGE] = { .type = NLA_NESTED },
};

uint64_t genl_u64(const struct genl_reply *reply, uint32_t attr)
{
	return reply->tb[attr] ? nla_get_u64(reply->tb[attr]) : 0;
}

uint32_t genl_u32(const struct genl_reply *reply, uint32_t attr)
{
	return reply->tb[attr] ? nla_get_u32(reply->tb[attr]) : 0;
}

const char *genl_string(const struct genl_reply *reply, uint32_t attr)
{
	return reply->tb[attr] ? nla_get_string(reply->tb[attr]) : "";
}

__attribute__((format(printf, 3, 4)))
static int fail(struct genl *genl, int err, const char *format, ...)
{
	va_list args;

	genl->err = err;
	va_start(args, format);
	vsnprintf(genl->error, sizeof(genl->error), format, args);
	va_end(args);
	return -1;
}

/* Errors of libnl are not errnos; map the one that callers check for. */
static int fail_libnl(struct genl *genl, int err, const char *what)
{
	return fail(genl, err == -NLE_NOMEM ? ENOBUFS : EIO, "%s: %s", what,
		    nl_geterror(err));
}

/* Callbacks of libnl. */

static int take_reply(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct genl_reply reply = { };
	struct call *call = arg;

	if (head->nlmsg_type != call->genl->family)
		return NL_SKIP;
	if (genlmsg_parse(head, 0, reply.tb, SSI_DSM_A_MAX, policy)) {
		fail(call->genl, EPROTO,
		     "the module sent a message in an unknown format; the module and this program must be of the same version");
		return NL_STOP;
	}
	reply.cmd = genlmsg_hdr(head)->cmd;
	reply.attrs = genlmsg_attrdata(genlmsg_hdr(head), 0);
	reply.len = genlmsg_attrlen(genlmsg_hdr(head), 0);
	if (call->fn)
		call->fn(&reply, call->arg);
	return NL_OK;
}

/* The kernel's own sentence, which begins @from bytes into the payload. */
static bool find_sentence(struct genl *genl, const struct nlmsghdr *head,
			  int from)
{
	struct nlattr *msg;
	int len;

	if (!(head->nlmsg_flags & NLM_F_ACK_TLVS))
		return false;
	from = NLMSG_HDRLEN + NLMSG_ALIGN(from);
	len = (int)head->nlmsg_len - from;
	if (len <= 0)
		return false;
	msg = nla_find((struct nlattr *)((char *)head + from), len,
		       NLMSGERR_ATTR_MSG);
	if (!msg || !strnlen(nla_data(msg), nla_len(msg)))
		return false;
	snprintf(genl->error, sizeof(genl->error), "%.*s", nla_len(msg),
		 (const char *)nla_data(msg));
	return true;
}

/* @from: where attributes begin in the payload of @head. */
static void take_refusal(struct genl *genl, const struct nlmsghdr *head,
			 int from, int err)
{
	if (err == EPERM)
		fail(genl, err,
		     "only root (CAP_NET_ADMIN) may change the configuration");
	else
		fail(genl, err, "the kernel refused: %s", strerror(err));
	find_sentence(genl, head, from);
}

static int take_error(struct sockaddr_nl *from, struct nlmsgerr *refusal,
		      void *arg)
{
	/* libnl hands out a part of the whole message. */
	const struct nlmsghdr *head =
		(void *)((char *)refusal - NLMSG_HDRLEN);
	int len = sizeof(*refusal);
	struct call *call = arg;

	(void)from;
	if (!(head->nlmsg_flags & NLM_F_CAPPED))
		len += (int)refusal->msg.nlmsg_len - NLMSG_HDRLEN;
	take_refusal(call->genl, head, len, -refusal->error);
	return NL_STOP;
}

/* The last message of a dump has the error of the dump, or 0. */
static int take_done(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct call *call = arg;
	int err = 0;

	if (nlmsg_datalen(head) >= (int)sizeof(err))
		memcpy(&err, nlmsg_data(head), sizeof(err));
	if (err < 0)
		take_refusal(call->genl, head, sizeof(err), -err);
	return NL_STOP;
}

/* The connection. */

static int resolve(struct genl *genl)
{
	genl->family = genl_ctrl_resolve(genl->sock, SSI_DSM_GENL_NAME);
	if (genl->family >= 0)
		return 0;
	if (genl->family == -NLE_OBJ_NOTFOUND)
		return fail(genl, ENOENT,
			    "the kernel has no netlink family \"%s\": load the module with \"modprobe ssi_dsm\"",
			    SSI_DSM_GENL_NAME);
	return fail_libnl(genl, genl->family,
			  "the look-up of the netlink family failed");
}

int genl_open(struct genl *genl)
{
	int one = 1;
	int err;

	memset(genl, 0, sizeof(*genl));
	genl->sock = nl_socket_alloc();
	if (!genl->sock)
		return fail(genl, ENOMEM, "out of memory");
	err = genl_connect(genl->sock);
	if (err)
		return fail_libnl(genl, err, "no netlink socket can be opened");

	/* Without it the kernel sends an errno only: not an error here. */
	setsockopt(nl_socket_get_fd(genl->sock), SOL_NETLINK, NETLINK_EXT_ACK,
		   &one, sizeof(one));
	return resolve(genl);
}

void genl_close(struct genl *genl)
{
	nl_socket_free(genl->sock);
	genl->sock = NULL;
}

/* Requests. */

struct nl_msg *genl_request(uint8_t cmd)
{
	struct nl_msg *request = nlmsg_alloc_size(REQUEST_MAX);

	if (!request)
		return NULL;
	/* genl_call() knows the family. */
	if (genlmsg_put(request, NL_AUTO_PORT, NL_AUTO_SEQ, 0, 0,
			NLM_F_REQUEST, cmd, SSI_DSM_GENL_VERSION))
		return request;
	nlmsg_free(request);
	return NULL;
}

int genl_put_map(struct nl_msg *request, uint32_t node, uint64_t size)
{
	struct nlattr *nest;

	nest = nla_nest_start(request, NLA_F_NESTED | SSI_DSM_A_MAP);
	if (!nest || nla_put_u32(request, SSI_DSM_A_MAP_NODE, node) ||
	    nla_put_u64(request, SSI_DSM_A_MAP_SIZE, size))
		return -1;
	nla_nest_end(request, nest);
	return 0;
}

int genl_put_policy(struct nl_msg *request, uint32_t id, uint64_t value)
{
	struct nlattr *nest;

	nest = nla_nest_start(request, NLA_F_NESTED | SSI_DSM_A_POLICY);
	if (!nest || nla_put_u32(request, SSI_DSM_A_POLICY_ID, id) ||
	    nla_put_u64(request, SSI_DSM_A_POLICY_VALUE, value))
		return -1;
	nla_nest_end(request, nest);
	return 0;
}

static int receive(struct call *call)
{
	struct nl_sock *sock = call->genl->sock;

	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, take_reply, call);
	nl_socket_modify_cb(sock, NL_CB_FINISH, NL_CB_CUSTOM, take_done, call);
	nl_socket_modify_err_cb(sock, NL_CB_CUSTOM, take_error, call);
	return nl_recvmsgs_default(sock);
}

int genl_call(struct genl *genl, struct nl_msg *request, genl_fn fn, void *arg)
{
	struct call call = { genl, fn, arg };
	struct nlmsghdr *head = nlmsg_hdr(request);
	bool dump = head->nlmsg_flags & NLM_F_DUMP;
	int err;

	genl->err = 0;
	head->nlmsg_type = genl->family;
	err = nl_send_auto(genl->sock, request);
	if (err >= 0)
		err = receive(&call);
	/* A dump ends with NLMSG_DONE. A reply is followed by an ack. */
	if (err >= 0 && !genl->err && !dump && fn)
		err = nl_wait_for_ack(genl->sock);

	if (genl->err)
		return -1;
	if (err < 0)
		return fail_libnl(genl, err, "the exchange of messages with the kernel failed");
	return 0;
}

int genl_dump(struct genl *genl, uint8_t cmd, genl_fn fn, void *arg)
{
	struct nl_msg *request = genl_request(cmd);
	int ret;

	if (!request)
		return fail(genl, ENOMEM, "out of memory");
	nlmsg_hdr(request)->nlmsg_flags |= NLM_F_DUMP;
	ret = genl_call(genl, request, fn, arg);
	nlmsg_free(request);
	return ret;
}

/* Events. */

int genl_subscribe(struct genl *genl)
{
	int err;

	err = genl_ctrl_resolve_grp(genl->sock, SSI_DSM_GENL_NAME,
				    SSI_DSM_GENL_EVENTS);
	if (err >= 0)
		err = nl_socket_add_membership(genl->sock, err);
	if (err < 0)
		return fail_libnl(genl, err,
				  "the subscription to events failed");
	/* An event is not the answer to a request. */
	nl_socket_disable_seq_check(genl->sock);
	return 0;
}

int genl_receive(struct genl *genl, genl_fn fn, void *arg)
{
	struct call call = { genl, fn, arg };
	int err;

	genl->err = 0;
	err = receive(&call);
	if (genl->err)
		return -1;
	if (err < 0)
		return fail_libnl(genl, err, "waiting for events failed");
	return 0;
}
