/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration of the module over generic netlink, with the sentence that the
 * kernel sends with a refusal.
 *
 * All functions return 0 or a negative errno; conf_text() is the sentence that
 * came with the last answer.
 */
#ifndef LIBCONF_H
#define LIBCONF_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/ssi_dsm.h>
#include <linux/ssi_dsm_genl.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#define MIB	(1ull << 20)

/* How many times as long things may take here: SSI_SLOWER, or 1. */
unsigned int slower(void);

/* One part of a placement map. */
struct part {
	uint32_t node;
	uint64_t size;
};

/* The answer to PEER_GET. */
struct peer_info {
	uint32_t state;
	char reason[256];
	uint64_t rx_msgs;
	uint64_t tx_msgs;
	uint64_t forged;
};

/* The answer to REGION_GET. */
struct region_info {
	uint32_t state;
	char reason[256];
	uint64_t size;
	uint64_t shared;
	uint64_t exclusive;
	uint64_t directory;
	uint64_t metadata;
	uint64_t cached;
	uint64_t dropped;
	uint64_t put;
	uint64_t huge;
	uint64_t split;
};

/*
 * The answer to STATS_GET: for each class its count and the sum of its buckets.
 */
struct stats_info {
	uint64_t count[__SSI_DSM_CLASS_MAX];
	uint64_t sum_ns[__SSI_DSM_CLASS_MAX];
	uint64_t bucketed[__SSI_DSM_CLASS_MAX];
};

/* The answer to POLICY_GET: one policy, and all, by enum ssi_dsm_policy. */
struct policy_info {
	uint64_t value;
	uint64_t initial;
	uint64_t min;
	uint64_t max;
	bool can_be_auto;
};

struct policies_info {
	struct policy_info policies[__SSI_DSM_POLICY_MAX];
	unsigned int count;
};

/*
 * The answer to PAGE_GET: the number of pages in it, and the hottest of them.
 */
struct pages_info {
	unsigned int count;
	uint64_t index;
	uint64_t moves;
	uint32_t nodes;
};

/* Opens the socket; -ENOENT if the module is not loaded. Closes an open one. */
int conf_open(void);
void conf_close(void);

/* Like conf_open(); skips the whole program if the module is not loaded. */
void conf_need(void);

/* The kernel's sentence, "" if it sent none. */
const char *conf_text(void);

/*
 * For requests that have no function below: begin, put attributes with
 * nla_put_*(), send. Sending frees the message.
 */
struct nl_msg *conf_request(uint8_t cmd);
int conf_send(struct nl_msg *msg);

/* The same for a dump: the number of objects in it, or a negative errno. */
int conf_count(struct nl_msg *msg);

int node_new(const char *cluster, uint32_t node, uint32_t transport,
	     const char *addr);
int node_del(const char *cluster, uint32_t node);
int node_get(const char *cluster, uint32_t node);
int peer_new(const char *cluster, uint32_t node, uint32_t peer,
	     const char *addr, uint32_t delay_us);
/* The same, with a grace period in milliseconds, over rdma. */
int peer_new_grace(const char *cluster, uint32_t node, uint32_t peer,
		   const char *addr, uint32_t grace_ms);
int peer_del(const char *cluster, uint32_t node, uint32_t peer);
/* The state is UINT32_MAX if the answer has none. */
int peer_get(const char *cluster, uint32_t node, uint32_t peer,
	     struct peer_info *info);
int region_new(const char *cluster, uint32_t node, uint32_t region,
	       const struct part *map, unsigned int parts);
int region_del(const char *cluster, uint32_t node, uint32_t region);
int policy_set(const char *cluster, uint32_t node, uint32_t region,
	       uint32_t policy, uint64_t value);
int policies_get(const char *cluster, uint32_t node, uint32_t region,
		 struct policies_info *info);
int pages_get(const char *cluster, uint32_t node, uint32_t region,
	      struct pages_info *info);
int region_get(const char *cluster, uint32_t node, uint32_t region,
	       struct region_info *info);
int stats_get(const char *cluster, uint32_t node, uint32_t region,
	      struct stats_info *info);

/* Put ADDR for an IPv4 address as text. */
int put_addr(struct nl_msg *msg, const char *addr);
/* Put POLICY. */
void put_policy(struct nl_msg *msg, uint32_t policy, uint64_t value);
/* Put MAP. */
void put_map(struct nl_msg *msg, const struct part *map, unsigned int parts);
/* Put CLUSTER, NODE_ID, and @id as @attr unless that is 0. */
void put_name(struct nl_msg *msg, const char *cluster, uint32_t node,
	      uint32_t attr, uint32_t id);

/* delete_module() without waiting, and modprobe. 0 or a negative errno. */
int module_unload(void);
int module_load(void);

#endif /* LIBCONF_H */
