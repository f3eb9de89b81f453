// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cluster of a run: nodes, links, a region, and what befalls them.
 */
#include <linux/ssi_dsm_genl.h>

#include "engine/channel.h"
#include "cluster.h"
#include "control/config.h"
#include "engine/dispatch.h"
#include "engine/evict.h"
#include "lies.h"
#include "link.h"
#include "memory.h"
#include "engine/member.h"
#include "engine/move.h"
#include "net/node.h"
#include "oracle.h"
#include "net/peer.h"
#include "net/service.h"
#include "programs.h"
#include "quiet.h"
#include "memory/region.h"
#include "control/region_setup.h"
#include "engine/request.h"
#include "tasks.h"
#include "net/transport.h"
#include "work.h"

#define NAME		"simulated"
#define REGION_ID	1
#define FLOOD		300	/* requests, of the pages of a home */
#define SETTLE_NS	(3 * NSEC_PER_SEC)
#define POLL_NS		(10 * NSEC_PER_USEC)

static struct ssi_node *nodes[SIM_NODES];
static struct ssi_region *regions[SIM_NODES];
static struct ssi_region *fresh[SIM_NODES];	/* those that were made anew */
static enum { ANEW_NOT, ANEW_BEGUN, ANEW_DONE } anew;
static bool lost, ending;

/* ---- parts of the module that are not simulated ---- */

static void peer_event(struct ssi_peer *peer)
{
	(void)peer;
	might_sleep();
}

/* The event of an instance that was made anew meanwhile may come late. */
static void region_event(struct ssi_region *region)
{
	u32 id = region->node->id;

	might_sleep();
	sim_print("node %u: region state %u: %s", id, region->state,
		  region->reason);
	if (region->state == SSI_DSM_REGION_LOST && region == regions[id] &&
	    (!lost || (fresh[id] == region && !ending)))
		sim_fail(SIM_NO_PAGE, "node %u has lost the region for no reason: %s",
			 id, region->reason);
}

static const struct ssi_member_events events = {
	.peer = peer_event,
	.region = region_event,
};

void ssi_channel_init(struct ssi_channel *channel)
{
	init_waitqueue_head(&channel->wait);
}

void ssi_channel_purge(struct ssi_channel *channel)
{
	(void)channel;
}

int ssi_channel_acquire(struct ssi_channel *channel)
{
	(void)channel;
	return 0;
}

void ssi_channel_release(struct ssi_channel *channel)
{
	(void)channel;
}

void ssi_channel_recv(struct ssi_region *region, struct ssi_rx *rx)
{
	(void)region;
	ssi_rx_free(rx);
}

/* ---- its beginning ---- */

static void make_nodes(void)
{
	static const struct sockaddr_storage nowhere;
	struct netlink_ext_ack extack = { 0 };
	u32 n, peer;

	for (n = 0; n < sim.nodes; n++) {
		const struct ssi_node_config config = {
			.cluster = NAME,
			.id = n,
			.transport = SSI_DSM_TRANSPORT_LOOP,
			.ops = &ssi_loop_ops,
			.addr = &nowhere,
		};

		nodes[n] = ssi_node_new(&config, &extack);
		sim_need(!IS_ERR(nodes[n]), "no node: %s", extack.text);
	}
	for (n = 0; n < sim.nodes; n++)
		for (peer = 0; peer < sim.nodes; peer++) {
			const struct ssi_peer_config config = {
				.id = peer, .addr = &nowhere,
			};

			sim_need(n == peer ||
				 !IS_ERR(ssi_peer_new(nodes[n], &config, &extack)),
				 "no peer: %s", extack.text);
		}
}

static struct ssi_region *make_region(u32 id)
{
	struct ssi_map_entry map[SIM_NODES];
	struct netlink_ext_ack extack = { 0 };
	struct ssi_region *region;
	u32 n;

	for (n = 0; n < sim.nodes; n++)
		map[n] = (struct ssi_map_entry){
			.node = n,
			.size = n < sim.homes ? SSI_REGION_ALIGN : 0,
		};
	do {
		region = ssi_region_new(nodes[id], REGION_ID, map, sim.nodes,
					&extack);
		sim_need(!IS_ERR(region) || PTR_ERR(region) == -ENOMEM,
			 "no region: %s", extack.text);
	} while (IS_ERR(region));
	ssi_region_set_policy(region, SSI_DSM_POLICY_HOLD, sim.hold);
	ssi_region_set_policy(region, SSI_DSM_POLICY_CACHE, sim.cache);
	return region;
}

void cluster_start(void)
{
	u32 n;

	ssi_member_init(&events);
	sim_need(!ssi_transport_init(&ssi_dispatch_client) &&
		 !ssi_service_init(sim_one_in(4) ? 0 : 300) && !ssi_request_init() &&
		 !ssi_region_setup_init() && !ssi_region_init() && !ssi_evict_init(),
		 "the module cannot be loaded");
	mutex_lock(&ssi_config_lock);
	make_nodes();
	for (n = 0; n < sim.nodes; n++)
		regions[n] = make_region(n);
	mutex_unlock(&ssi_config_lock);
	programs_start(regions);
}

/* ---- its end ---- */

/* A move takes long where tasks stall at each lock. */
static bool homes_move(void)
{
	bool moves = false;
	u32 n;

	for (n = 0; n < sim.nodes; n++)
		moves |= works_are_left(nodes[n]->memory_wq);
	return moves;
}

/* The last messages, holds and evictions; pings go on. */
void cluster_settle(void)
{
	bool moves;
	u32 n;

	for (n = 0; n < sim.nodes; n++)
		ssi_region_set_policy(regions[n], SSI_DSM_POLICY_CACHE,
				      SSI_DSM_POLICY_AUTO);
	do {
		moves = !lost && homes_move();
		task_sleep(NULL, SETTLE_NS);
	} while (moves);
	if (!lost)
		quiet_check(regions);
}

void cluster_stop(void)
{
	lost = true;
	ending = true;
	programs_close();
	ssi_config_delete_net(NULL);
	ssi_evict_exit();
	ssi_region_exit();
	ssi_region_setup_exit();
	ssi_request_exit();
	ssi_service_exit();
	ssi_transport_exit();
}

/* ---- what befalls it ---- */

/* Programs that need pages together keep their window, and room for those. */
static void change_policy_of(struct ssi_region *region)
{
	static const u64 holds[] = { 0, 3, 200, 5000, SSI_DSM_POLICY_AUTO };
	static const u64 pages[] = { 1, 3, 20, 512 };
	u64 hold = holds[sim_random(ARRAY_SIZE(holds))];
	u64 cache = pages[sim_random(ARRAY_SIZE(pages))] * PAGE_SIZE;

	if (sim.together > 1)
		hold = SSI_DSM_POLICY_AUTO;
	if (sim.together > 1 || sim.pinned > 1)
		cache = max(cache, 20 * PAGE_SIZE);
	switch (sim_random(4)) {
	case 0:
		return ssi_region_set_policy(region, SSI_DSM_POLICY_HOLD, hold);
	case 1:
		return ssi_region_set_policy(region, SSI_DSM_POLICY_CACHE,
					     cache);
	case 2:
		return ssi_region_set_policy(region, SSI_DSM_POLICY_SPIN,
					     sim_random(100));
	default:
		return ssi_region_set_policy(region, SSI_DSM_POLICY_AHEAD,
					     sim_random(64));
	}
}

/* The region may be made anew meanwhile: the reference keeps it. */
static void with_region(void (*fn)(struct ssi_region *region))
{
	struct ssi_region *region = regions[sim_random(sim.nodes)];

	percpu_ref_get(&region->ref);
	fn(region);
	ssi_region_put(region);
}

/* Programs hold their regions, so they are there even if they were deleted. */
void cluster_disturb(void)
{
	switch (sim_random(6)) {
	case 0:
		return memory_fail_next(1 + sim_random(20));
	case 1:
		return memory_shrink();
	case 2:
		return with_region(change_policy_of);
	case 3:
		sim_now += sim_random(2 * NSEC_PER_MSEC);
		return;
	case 4:
		if (sim_one_in(20))
			programs_kill_one();
		return;
	default:
		return programs_zap();
	}
}

static void order_moves(struct ssi_region *region)
{
	u64 index = sim.hot[sim_random(sim.pages)];
	u32 orders = sim_one_in(4) ? 3 : 1;

	while (orders--)
		if (READ_ONCE(region->state) == SSI_DSM_REGION_READY)
			ssi_move_order(region, index - index % SIM_BLOCK,
				       sim_random(sim.nodes));
}

void cluster_move_home(void)
{
	with_region(order_moves);
}

static void delete_node(u32 id)
{
	mutex_lock(&ssi_config_lock);
	ssi_config_delete_node(nodes[id]);
	mutex_unlock(&ssi_config_lock);
}

static void delete_region(u32 id)
{
	mutex_lock(&ssi_config_lock);
	ssi_region_delete(regions[id]);
	mutex_unlock(&ssi_config_lock);
}

/*
 * Node @id requests pages, each once, and does not even hear the answers; maybe in
 * the name of another node.
 */
static void flood(u32 id)
{
	u32 home = (id + 1) % sim.homes, i;
	struct ssi_msg msg = {
		.type = SSI_WIRE_GETX, .src = id, .dst = home,
		.requester = sim_one_in(2) ? id : sim_random(sim.nodes),
		.version = sim_random(3),
		.region = REGION_ID, .life = regions[home]->life,
	};
	struct ssi_wire wire;

	links_deafen(id);
	for (i = 0; i < FLOOD; i++) {
		msg.token = i;
		msg.index = home * SIM_BLOCK + i;
		ssi_wire_encode(&wire, &msg);
		links_inject(id, home, &wire, NULL, 0);
	}
	task_sleep(NULL, NSEC_PER_SEC);
	quiet_check_limit(regions[home]);
}

/* A node that lies; then it goes, since some lies are not found out. */
static void be_hostile(u32 id)
{
	sim.trust = false;
	if (sim_one_in(2) && (id + 1) % sim.homes != id) {
		flood(id);
	} else {
		links_corrupt(id, 1 + sim_random(20));
		task_sleep(NULL, NSEC_PER_SEC);
	}
	links_vanish(id);
}

void cluster_lie(void)
{
	u32 id = sim.hostile % sim.nodes;

	lost = true;
	sim.trust = false;
	lies_tell(id, regions);
	task_sleep(NULL, NSEC_PER_SEC);
	links_vanish(id);
}

/*
 * What node @id has of the region is deleted and made again at once, or a little
 * later; the other nodes do not know yet.
 */
static void make_anew(u32 id)
{
	struct ssi_region *old = regions[id];

	percpu_ref_get(&old->ref);
	delete_region(id);
	if (sim_one_in(2))
		task_sleep(NULL, sim_random(300000));
	mutex_lock(&ssi_config_lock);
	regions[id] = make_region(id);
	fresh[id] = regions[id];
	mutex_unlock(&ssi_config_lock);
	ssi_region_put(old);
}

static bool all_are_ready(void)
{
	u32 n;

	for (n = 0; n < sim.nodes; n++)
		if (READ_ONCE(regions[n]->state) != SSI_DSM_REGION_READY)
			return false;
	return true;
}

/*
 * An instance that is not READY yet may join one that was made anew, and end it when
 * it is deleted itself: so wait for all of them.
 */
static void make_all_anew(void)
{
	u32 first = sim_random(sim.nodes), i;

	anew = ANEW_BEGUN;
	while (!all_are_ready())
		task_sleep(NULL, POLL_NS);
	lost = true;
	memset(fresh, 0, sizeof(fresh));
	for (i = 0; i < sim.nodes; i++) {
		make_anew((first + i) % sim.nodes);
		if (sim_one_in(3))
			task_sleep(NULL, sim_random(500000));
	}
	anew = ANEW_DONE;
}

void cluster_live_again(void)
{
	u64 end = sim_now + sim.patience;

	if (anew == ANEW_NOT)
		make_all_anew();
	while (anew != ANEW_DONE || !all_are_ready()) {
		sim_need(sim_now < end, "regions that were made anew do not become ready");
		task_sleep(NULL, POLL_NS);
	}
	oracle_check_end(true);
	programs_close();
	oracle_forget();
	anew = ANEW_NOT;
	lost = false;
	programs_start(regions);
}

void cluster_lose_node(void)
{
	u32 id = sim_random(sim.nodes), other = (id + 1) % sim.nodes;

	if (sim.anew)
		return make_all_anew();
	lost = true;
	sim_print("node %u is lost", id);
	/* What waits for memory that never comes must end, too. */
	if (sim_one_in(4))
		memory_fail_next(UINT32_MAX);
	switch (sim_random(5)) {
	case 0:
		return be_hostile(id);
	case 1:
		return links_vanish(id);
	case 2:
		ssi_link_change_state(nodes[id]->peers[other]->link,
				      SSI_DSM_LINK_LOST, "a cable was cut");
		return;
	case 3:
		return delete_region(id);
	default:
		return delete_node(id);
	}
}

bool cluster_is_lost(void)
{
	return lost;
}
