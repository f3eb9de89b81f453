/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module's generic netlink family: requests, dumps, events, and the
 * sentences with which the kernel refuses.
 *
 * Prints nothing and depends on libnl alone: ssictl and ssi-vmm use it.
 */
#ifndef GENL_H
#define GENL_H

#include <stdint.h>

#include <linux/ssi_dsm_genl.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

struct nl_sock;

/**
 * struct genl - a connection to the module
 * @sock: the socket
 * @family: id of the family
 * @err: what went wrong last, as errno
 * @error: and as one sentence, without full stop
 */
struct genl {
	struct nl_sock *sock;
	int family;
	int err;
	char error[512];
};

/**
 * struct genl_reply - one message of the module
 * @cmd: enum ssi_dsm_cmd
 * @attrs: all attributes, in order
 * @len: their bytes
 * @tb: by type; of a repeated one the last
 */
struct genl_reply {
	uint8_t cmd;
	struct nlattr *attrs;
	int len;
	struct nlattr *tb[SSI_DSM_A_MAX + 1];
};

typedef void (*genl_fn)(const struct genl_reply *reply, void *arg);

/* 0 or "" if the attribute is missing. */
uint64_t genl_u64(const struct genl_reply *reply, uint32_t attr);
uint32_t genl_u32(const struct genl_reply *reply, uint32_t attr);
const char *genl_string(const struct genl_reply *reply, uint32_t attr);

/* All below return 0, or -1 and the reason in @genl. */

/* genl_close() is due even after a failure. */
int genl_open(struct genl *genl);
void genl_close(struct genl *genl);

/*
 * An empty request @cmd, or NULL if there is no memory: put attributes into it,
 * genl_call(), nlmsg_free(). It needs no connection before the call.
 */
struct nl_msg *genl_request(uint8_t cmd);

/* Part of the placement map of SSI_DSM_CMD_REGION_NEW; 0 or -1 if full. */
int genl_put_map(struct nl_msg *request, uint32_t node, uint64_t size);

/* A setting of SSI_DSM_CMD_POLICY_SET, enum ssi_dsm_policy; 0 or -1 if full. */
int genl_put_policy(struct nl_msg *request, uint32_t id, uint64_t value);

/*
 * Sends @request and waits for its end. @fn gets each reply and may be NULL.
 * For a dump set NLM_F_DUMP in the flags of nlmsg_hdr(request).
 */
int genl_call(struct genl *genl, struct nl_msg *request, genl_fn fn, void *arg);

/* The same for a dump of all objects of @cmd. */
int genl_dump(struct genl *genl, uint8_t cmd, genl_fn fn, void *arg);

/*
 * Events, for a connection that makes no calls: subscribe once, then receive
 * again and again. A failure with ENOBUFS means that events were lost, and
 * receiving may go on.
 */
int genl_subscribe(struct genl *genl);
int genl_receive(struct genl *genl, genl_fn fn, void *arg);

#endif /* GENL_H */
