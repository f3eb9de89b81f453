// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink: contents of replies and events.
 */

#include "control/netlink_fill.h"

#include <linux/ktime.h>
#include <net/genetlink.h>

#include "control/netlink_parse.h"
#include "engine/heat.h"
#include "memory/pages.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/secure.h"
#include "net/transport.h"
#include "protocol/policy.h"
#include "stats.h"

static int put_u64(struct sk_buff *skb, u32 attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, SSI_DSM_A_PAD);
}

static int put_addr(struct sk_buff *skb, const struct sockaddr_storage *addr)
{
	size_t len = ssi_netlink_addr_len(addr->ss_family);

	return len ? nla_put(skb, SSI_DSM_A_ADDR, len, addr) : 0;
}

static int put_reason(struct sk_buff *skb, const char *reason)
{
	return *reason ? nla_put_string(skb, SSI_DSM_A_REASON, reason) : 0;
}

static int put_node(struct sk_buff *skb, const struct ssi_node *node,
		    bool privileged)
{
	int err = privileged ? put_addr(skb, &node->addr) : 0;

	return err ?:
	       nla_put_u32(skb, SSI_DSM_A_TRANSPORT, node->transport) ?:
	       nla_put_u32(skb, SSI_DSM_A_SECURITY, node->security);
}

/* Reasons have addresses in them. */
static int put_link(struct sk_buff *skb, struct ssi_link *link,
		    bool privileged)
{
	unsigned long flags;
	int err;

	spin_lock_irqsave(&link->lock, flags);
	err = nla_put_u32(skb, SSI_DSM_A_LINK_STATE, link->state) ?:
	      (privileged ? put_reason(skb, link->reason) : 0);
	spin_unlock_irqrestore(&link->lock, flags);
	if (err || !privileged)
		return err;
	return put_u64(skb, SSI_DSM_A_RX_MSGS, atomic64_read(&link->rx_msgs)) ?:
	       put_u64(skb, SSI_DSM_A_TX_MSGS, atomic64_read(&link->tx_msgs)) ?:
	       put_u64(skb, SSI_DSM_A_RX_BYTES, atomic64_read(&link->rx_bytes)) ?:
	       put_u64(skb, SSI_DSM_A_TX_BYTES, atomic64_read(&link->tx_bytes)) ?:
	       nla_put_u32(skb, SSI_DSM_A_QUEUED,
			   link->ops->queued ? link->ops->queued(link) : 0) ?:
	       nla_put_u32(skb, SSI_DSM_A_INTERRUPTIONS,
			   READ_ONCE(link->interruptions));
}

static int put_peer(struct sk_buff *skb, const struct ssi_peer *peer,
		    bool privileged)
{
	return nla_put_u32(skb, SSI_DSM_A_PEER_ID, peer->id) ?:
	       (privileged ? put_addr(skb, &peer->addr) : 0) ?:
	       nla_put_u32(skb, SSI_DSM_A_LINK_DELAY, peer->delay_us) ?:
	       nla_put_u32(skb, SSI_DSM_A_LINK_GRACE, peer->grace_ms) ?:
	       nla_put_u32(skb, SSI_DSM_A_TRANSPORT,
			   READ_ONCE(peer->link->transport)) ?:
	       nla_put_u32(skb, SSI_DSM_A_SECURITY, peer->node->security) ?:
	       put_u64(skb, SSI_DSM_A_FORGED,
		       atomic64_read(&peer->link->forged)) ?:
	       put_link(skb, peer->link, privileged);
}

/* The event that asks user space for a connection. */
static int put_connect(struct sk_buff *skb, const struct ssi_peer *peer)
{
	return nla_put_u32(skb, SSI_DSM_A_PEER_ID, peer->id) ?:
	       nla_put_u32(skb, SSI_DSM_A_TRANSPORT, ssi_secure_wants(peer));
}

static int put_map_entry(struct sk_buff *skb, u32 node, u64 size)
{
	struct nlattr *nest;
	int err;

	nest = nla_nest_start(skb, SSI_DSM_A_MAP);
	if (!nest)
		return -EMSGSIZE;
	err = nla_put_u32(skb, SSI_DSM_A_MAP_NODE, node) ?:
	      put_u64(skb, SSI_DSM_A_MAP_SIZE, size);
	if (err)
		return err;
	nla_nest_end(skb, nest);
	return 0;
}

/* The ranges come first. Members without memory have no range and come last. */
static int put_map(struct sk_buff *skb, const struct ssi_region *region)
{
	u32 rest = region->members;
	u64 begin = 0;
	int err = 0;
	u32 i;

	for (i = 0; i < region->nr_ranges && !err; i++) {
		const struct ssi_range *range = &region->ranges[i];

		err = put_map_entry(skb, range->home,
				    (range->end - begin) << PAGE_SHIFT);
		begin = range->end;
		rest &= ~BIT(range->home);
	}
	for (i = 0; i < SSI_DSM_MAX_NODES && !err; i++)
		if (rest & BIT(i))
			err = put_map_entry(skb, i, 0);
	return err;
}

static int put_region_state(struct sk_buff *skb, struct ssi_region *region)
{
	int err;

	spin_lock_bh(&region->lock);
	err = nla_put_u32(skb, SSI_DSM_A_REGION_STATE, region->state) ?:
	      put_reason(skb, region->reason);
	spin_unlock_bh(&region->lock);
	return err;
}

static int put_region(struct sk_buff *skb, struct ssi_region *region)
{
	return nla_put_u32(skb, SSI_DSM_A_REGION_ID, region->id) ?:
	       put_u64(skb, SSI_DSM_A_SIZE, region->size) ?:
	       put_map(skb, region) ?:
	       put_region_state(skb, region) ?:
	       put_u64(skb, SSI_DSM_A_PAGES_SHARED,
		       ssi_stats_total(region->stats, SSI_COUNT_SHARED)) ?:
	       put_u64(skb, SSI_DSM_A_PAGES_EXCLUSIVE,
		       ssi_stats_total(region->stats, SSI_COUNT_EXCLUSIVE)) ?:
	       put_u64(skb, SSI_DSM_A_DIRECTORY_PAGES,
		       ssi_stats_total(region->stats, SSI_COUNT_DIRECTORY)) ?:
	       put_u64(skb, SSI_DSM_A_METADATA,
		       atomic64_read(&region->metadata)) ?:
	       put_u64(skb, SSI_DSM_A_PAGES_CACHED,
		       ssi_budget_cached(region)) ?:
	       put_u64(skb, SSI_DSM_A_DROPPED,
		       ssi_stats_total(region->stats, SSI_COUNT_DROPPED)) ?:
	       put_u64(skb, SSI_DSM_A_PUT,
		       ssi_stats_total(region->stats, SSI_COUNT_PUT)) ?:
	       put_u64(skb, SSI_DSM_A_BLOCKS_HUGE,
		       atomic64_read(&region->nr_huge)) ?:
	       put_u64(skb, SSI_DSM_A_BLOCKS_SPLIT,
		       atomic64_read(&region->nr_split)) ?:
	       put_u64(skb, SSI_DSM_A_HOMES_GIVEN,
		       ssi_stats_total(region->stats, SSI_COUNT_HOMES_GIVEN)) ?:
	       put_u64(skb, SSI_DSM_A_HOMES_TAKEN,
		       ssi_stats_total(region->stats, SSI_COUNT_HOMES_TAKEN)) ?:
	       put_u64(skb, SSI_DSM_A_PASSED_ON,
		       ssi_stats_total(region->stats, SSI_COUNT_PASSED_ON));
}

static int put_class(struct sk_buff *skb, const struct ssi_region *region,
		     u32 class)
{
	struct ssi_stats_class sum;
	struct nlattr *nest;
	int err;

	ssi_stats_sum(region->stats, class, &sum);
	nest = nla_nest_start(skb, SSI_DSM_A_CLASS);
	if (!nest)
		return -EMSGSIZE;
	err = nla_put_u32(skb, SSI_DSM_A_CLASS_ID, class) ?:
	      put_u64(skb, SSI_DSM_A_CLASS_COUNT, sum.count) ?:
	      put_u64(skb, SSI_DSM_A_CLASS_SUM_NS, sum.sum_ns) ?:
	      nla_put(skb, SSI_DSM_A_BUCKETS, sizeof(sum.buckets), sum.buckets);
	if (err)
		return err;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_stats(struct sk_buff *skb, struct ssi_region *region)
{
	int err = nla_put_u32(skb, SSI_DSM_A_REGION_ID, region->id) ?:
		  put_u64(skb, SSI_DSM_A_GUEST_NS,
			  ssi_guest_time_read(&region->guest_time));
	u32 class;

	for (class = 0; class < __SSI_DSM_CLASS_MAX && !err; class++)
		err = put_class(skb, region, class);
	return err;
}

static int put_policy(struct sk_buff *skb, const struct ssi_region *region,
		      u32 id)
{
	const struct ssi_policy *policy = &ssi_policies[id];
	struct nlattr *nest;
	int err;

	nest = nla_nest_start(skb, SSI_DSM_A_POLICY);
	if (!nest)
		return -EMSGSIZE;
	err = nla_put_u32(skb, SSI_DSM_A_POLICY_ID, id) ?:
	      put_u64(skb, SSI_DSM_A_POLICY_VALUE,
		      ssi_region_policy(region, id)) ?:
	      put_u64(skb, SSI_DSM_A_POLICY_DEFAULT, policy->initial) ?:
	      put_u64(skb, SSI_DSM_A_POLICY_MIN, policy->min) ?:
	      put_u64(skb, SSI_DSM_A_POLICY_MAX, policy->max);
	if (!err && policy->can_be_auto)
		err = nla_put_flag(skb, SSI_DSM_A_POLICY_AUTO);
	if (err)
		return err;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_policies(struct sk_buff *skb, const struct ssi_region *region)
{
	int err = nla_put_u32(skb, SSI_DSM_A_REGION_ID, region->id);
	u32 id;

	for (id = 0; id < __SSI_DSM_POLICY_MAX && !err; id++)
		err = put_policy(skb, region, id);
	return err;
}

static int put_hot(struct sk_buff *skb, const struct ssi_hot_page *page)
{
	struct nlattr *nest = nla_nest_start(skb, SSI_DSM_A_PAGE);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = put_u64(skb, SSI_DSM_A_PAGE_INDEX, page->index) ?:
	      put_u64(skb, SSI_DSM_A_PAGE_MOVES, page->moves) ?:
	      put_u64(skb, SSI_DSM_A_PAGE_ERROR, page->error) ?:
	      nla_put_u32(skb, SSI_DSM_A_PAGE_NODES, page->nodes);
	if (err)
		return err;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_hottest(struct sk_buff *skb, struct ssi_region *region)
{
	int err = nla_put_u32(skb, SSI_DSM_A_REGION_ID, region->id);
	struct ssi_hot_page pages[SSI_HOT_PAGES];
	u32 i;

	ssi_hot_read(&region->home.hot, pages);
	for (i = 0; i < SSI_HOT_PAGES && !err; i++)
		if (pages[i].moves)
			err = put_hot(skb, &pages[i]);
	return err;
}

/* The entry changes meanwhile, but not while the lock of its bucket is held. */
static int put_look(struct sk_buff *skb, struct ssi_region *region, u64 index)
{
	u32 home = ssi_pages_home(region, index);
	struct ssi_dir dir = { };
	struct ssi_slot slot;
	int err;

	err = nla_put_u32(skb, SSI_DSM_A_REGION_ID, region->id) ?:
	      put_u64(skb, SSI_DSM_A_PAGE_INDEX, index) ?:
	      nla_put_u32(skb, SSI_DSM_A_HOME, home);
	if (err || home != region->node->id)
		return err;
	if (ssi_pages_find_dir(region, index, 0, &slot)) {
		spin_lock_bh(&slot.bucket->lock);
		dir = *slot.dir;
		spin_unlock_bh(&slot.bucket->lock);
	}
	return (dir.state == SSI_DIR_UNTOUCHED ? 0 :
		nla_put_u32(skb, SSI_DSM_A_PAGE_OWNER, dir.owner)) ?:
	       nla_put_u32(skb, SSI_DSM_A_PAGE_SHARERS, dir.copyset) ?:
	       put_u64(skb, SSI_DSM_A_PAGE_MOVES, dir.moves);
}

static int put_body(struct sk_buff *skb, u8 cmd,
		    const struct ssi_netlink_subject *sub, bool privileged)
{
	switch (cmd) {
	case SSI_DSM_CMD_NODE_GET:
		return put_node(skb, sub->node, privileged);
	case SSI_DSM_CMD_PEER_GET:
		return put_peer(skb, sub->peer, privileged);
	case SSI_DSM_CMD_PEER_CONNECT:
		return put_connect(skb, sub->peer);
	case SSI_DSM_CMD_REGION_GET:
		return put_region(skb, sub->region);
	case SSI_DSM_CMD_POLICY_GET:
		return put_policies(skb, sub->region);
	case SSI_DSM_CMD_PAGE_GET:
		return put_hottest(skb, sub->region);
	case SSI_DSM_CMD_PAGE_LOOK:
		return put_look(skb, sub->region, sub->index);
	default:
		return put_stats(skb, sub->region);
	}
}

int ssi_netlink_fill(struct sk_buff *skb, const struct ssi_netlink_origin *to,
		     u8 cmd, const struct ssi_netlink_subject *sub)
{
	void *head;
	int err;

	head = genlmsg_put(skb, to->portid, to->seq, to->family, to->flags, cmd);
	if (!head)
		return -EMSGSIZE;

	err = nla_put_string(skb, SSI_DSM_A_CLUSTER, sub->node->cluster) ?:
	      nla_put_u32(skb, SSI_DSM_A_NODE_ID, sub->node->id) ?:
	      put_body(skb, cmd, sub, to->privileged);
	if (err) {
		genlmsg_cancel(skb, head);
		return err;
	}
	genlmsg_end(skb, head);
	return 0;
}

/* ---- heat: who owns the pages of each block ---- */

/* No lock: pages that move meanwhile are counted for one owner or for another. */
static u32 count_owners(const struct ssi_dir *dirs, u16 *owners)
{
	u32 shared = 0, i;

	for (i = 0; i < SSI_BLOCK_PAGES; i++) {
		u8 state = READ_ONCE(dirs[i].state);
		u8 owner = READ_ONCE(dirs[i].owner);

		if (state == SSI_DIR_UNTOUCHED || owner >= SSI_DSM_MAX_NODES)
			continue;
		owners[owner]++;
		shared += hweight32(READ_ONCE(dirs[i].copyset)) > 1;
	}
	return shared;
}

static int put_block(struct sk_buff *skb, struct ssi_region *region, u64 block,
		     const struct ssi_dir *dirs)
{
	struct nlattr *nest = nla_nest_start(skb, SSI_DSM_A_BLOCK);
	u16 owners[SSI_DSM_MAX_NODES] = { };
	u32 shared = count_owners(dirs, owners);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = put_u64(skb, SSI_DSM_A_BLOCK_INDEX, block) ?:
	      nla_put_u32(skb, SSI_DSM_A_BLOCK_MOVES,
			  atomic_read(&region->home.hot.blocks[block])) ?:
	      nla_put_u32(skb, SSI_DSM_A_BLOCK_SHARED, shared) ?:
	      nla_put(skb, SSI_DSM_A_BLOCK_OWNERS, sizeof(owners), owners);
	if (err)
		nla_nest_cancel(skb, nest);
	else
		nla_nest_end(skb, nest);
	return err;
}

static int put_region_name(struct sk_buff *skb, const struct ssi_netlink_subject *sub)
{
	return nla_put_string(skb, SSI_DSM_A_CLUSTER, sub->node->cluster) ?:
	       nla_put_u32(skb, SSI_DSM_A_NODE_ID, sub->node->id) ?:
	       nla_put_u32(skb, SSI_DSM_A_REGION_ID, sub->region->id);
}

int ssi_netlink_fill_heat(struct sk_buff *skb,
			  const struct ssi_netlink_origin *to,
			  const struct ssi_netlink_subject *sub, long *block)
{
	unsigned long at = *block, first = at;
	struct ssi_dir *dirs;
	void *head;
	int err;

	head = genlmsg_put(skb, to->portid, to->seq, to->family, to->flags,
			   SSI_DSM_CMD_HEAT_GET);
	if (!head)
		return -EMSGSIZE;
	err = put_region_name(skb, sub);
	dirs = err ? NULL : xa_find(&sub->region->dirs, &at, ULONG_MAX, XA_PRESENT);
	while (dirs) {
		err = put_block(skb, sub->region, at, dirs);
		if (err)
			break;
		*block = at + 1;
		dirs = xa_find_after(&sub->region->dirs, &at, ULONG_MAX, XA_PRESENT);
	}
	if (err && *block == first)
		genlmsg_cancel(skb, head);
	else
		genlmsg_end(skb, head);
	return err;
}

/* ---- touches: the remote faults of the node ---- */

static int put_touch_counts(struct sk_buff *skb, const struct ssi_region *region,
			    const struct ssi_heat_count *count)
{
	int err = count->cpu == SSI_HEAT_NO_CPU ? 0 :
		  nla_put_u32(skb, SSI_DSM_A_TOUCH_CPU, count->cpu);

	if (count->is_server)
		return err ?: nla_put_u32(skb, SSI_DSM_A_PEER_ID, count->at) ?:
		       nla_put_u32(skb, SSI_DSM_A_TOUCH_READS,
				   count->counts[SSI_HEAT_READ]);
	return err ?: put_u64(skb, SSI_DSM_A_BLOCK_INDEX, count->at) ?:
	       nla_put_u32(skb, SSI_DSM_A_BLOCK_HOME,
			   ssi_pages_home(region, count->at << SSI_BLOCK_SHIFT)) ?:
	       nla_put_u32(skb, SSI_DSM_A_TOUCH_READS,
			   count->counts[SSI_HEAT_READ]) ?:
	       nla_put_u32(skb, SSI_DSM_A_TOUCH_WRITES,
			   count->counts[SSI_HEAT_WRITE]) ?:
	       nla_put_u32(skb, SSI_DSM_A_TOUCH_GUESSES,
			   count->counts[SSI_HEAT_GUESS]);
}

static int put_touch(struct sk_buff *skb, const struct ssi_region *region,
		     const struct ssi_heat_count *count)
{
	struct nlattr *nest = nla_nest_start(skb, count->is_server ?
					     SSI_DSM_A_SERVED : SSI_DSM_A_TOUCH);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = put_touch_counts(skb, region, count);
	if (err)
		nla_nest_cancel(skb, nest);
	else
		nla_nest_end(skb, nest);
	return err;
}

int ssi_netlink_fill_touches(struct sk_buff *skb,
			     const struct ssi_netlink_origin *to,
			     const struct ssi_netlink_subject *sub, long *cell)
{
	u16 clock = ssi_heat_clock(ktime_get_ns());
	unsigned long at = *cell;
	struct ssi_heat_count count;
	bool first = true;
	void *head;
	int err;

	head = genlmsg_put(skb, to->portid, to->seq, to->family, to->flags,
			   SSI_DSM_CMD_TOUCH_GET);
	if (!head)
		return -EMSGSIZE;
	err = put_region_name(skb, sub) ?:
	      nla_put_u32(skb, SSI_DSM_A_HEAT_CLOCK, clock);
	while (!err && ssi_heat_next(&sub->region->heat, &at, clock, &count)) {
		err = put_touch(skb, sub->region, &count);
		if (err)
			break;
		first = false;
		*cell = at;
	}
	if (err && first)
		genlmsg_cancel(skb, head);
	else
		genlmsg_end(skb, head);
	return err;
}
