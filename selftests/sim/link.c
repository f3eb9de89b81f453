// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The transport: links in which messages wait until chance delivers them.
 *
 * Messages of a link arrive one after the other, in the order in which they were
 * sent or, if the run wants it, coherence messages in any order. A page is read
 * when its message arrives, as a card does that sends from memory, and its
 * reference is given back at some time after that.
 */
#include <linux/slab.h>

#include "link.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/transport.h"
#include "tasks.h"

#define LINKS_MAX	(SIM_NODES * SIM_NODES)
#define LINK_PACKETS	4096
#define LINK_CREDITS	64	/* sent before wishes would have to wait */
#define LINK_SENT	64

/**
 * struct packet - a message under way, or one whose page is still referred to
 * @wire: the message
 * @page: its payload, or NULL
 * @len: bytes of @page
 */
struct packet {
	struct ssi_wire wire;
	struct page *page;
	u32 len;
};

/**
 * struct sim_link - one direction: from @link.peer->node to the peer
 * @link: what all links have
 * @other: the opposite direction, or NULL
 * @packets: under way, the oldest first
 * @nr: how many
 * @sent: pages of messages that have arrived
 * @nr_sent: how many
 * @busy: one is just arriving
 */
struct sim_link {
	struct ssi_link link;
	struct sim_link *other;
	struct packet packets[LINK_PACKETS];
	u32 nr;
	struct page *sent[LINK_SENT];
	u32 nr_sent;
	bool busy;
};

static struct sim_link *links[LINKS_MAX];
static u32 nr_links, gone, deaf, hostile, left_corrupt;

static struct sim_link *to_sim(struct ssi_link *link)
{
	return container_of(link, struct sim_link, link);
}

static bool is_cut(const struct sim_link *sl)
{
	return gone & (BIT(sl->link.peer->id) | BIT(sl->link.peer->node->id));
}

static bool hears_nothing(const struct sim_link *sl)
{
	return is_cut(sl) || (deaf & BIT(sl->link.peer->id));
}

/* ---- a message arrives ---- */

/* One that may arrive next. */
static u32 choose_packet(const struct sim_link *sl)
{
	u32 first;

	for (first = 0; first < sl->nr; first++)
		if (sl->packets[first].wire.type < SSI_WIRE_GETS)
			break;
	return sim.reorder && first ? sim_random(first) : 0;
}

static struct packet take_packet(struct sim_link *sl, u32 at)
{
	struct packet packet = sl->packets[at];

	memmove(&sl->packets[at], &sl->packets[at + 1],
		(--sl->nr - at) * sizeof(packet));
	return packet;
}

/* Into a page of the receiver's, posted ahead. */
static struct page *receive_page(const struct packet *packet)
{
	struct page *page;

	if (!packet->page)
		return NULL;
	page = alloc_page(GFP_ATOMIC | __GFP_NOFAIL);
	memcpy(page->words, packet->page->words, sizeof(page->words));
	if (packet->page->bytes)
		memcpy(page_address(page), packet->page->bytes, PAGE_SIZE);
	return page;
}

/* Something else in one of its fields, or a payload that is none. */
static void corrupt(struct sim_link *sl, struct packet *packet)
{
	struct ssi_wire *wire = &packet->wire;

	if (sl->link.peer->node->id != hostile || !left_corrupt || sim_one_in(2))
		return;
	left_corrupt--;
	switch (sim_random(8)) {
	case 0:
		wire->type = sim_random(SSI_WIRE_TYPES + 1);
		break;
	case 1:
		wire->requester = sim_random(sim_one_in(4) ? 256 : SIM_NODES);
		break;
	case 2:
		wire->token = cpu_to_le32(sim_random(16));
		break;
	case 3:
		wire->index = cpu_to_le64(sim_one_in(4) ? ~0ull :
					  sim.hot[sim_random(sim.pages)]);
		break;
	case 4:
		wire->arg = cpu_to_le64(sim_random(40));
		break;
	case 5:
		wire->src = sim_random(sim_one_in(4) ? 256 : SIM_NODES);
		break;
	case 6:
		packet->len = sim_random(PAGE_SIZE + 1);
		break;
	default:
		wire->time = cpu_to_le32(sim_random(2) - 1);
		break;
	}
	sim_note(le64_to_cpu(wire->index), "corrupt: now %s from %u, requester %u",
		 ssi_wire_type_name(wire->type), wire->src, wire->requester);
}

/* As over rdma: of a page whose header says no more than its type and token. */
static void remove_header(const struct sim_link *sl, struct ssi_rx *rx)
{
	u32 imm;

	if (rx->len != PAGE_SIZE || !ssi_wire_can_be_headerless(&rx->wire, &imm))
		return;
	ssi_wire_expand(&rx->wire, imm, sl->link.peer->node->id,
			sl->link.peer->id);
	rx->headerless = true;
}

static void arrive(struct sim_link *sl)
{
	struct packet packet;
	struct ssi_rx *rx = ssi_rx_alloc(sl->link.peer->rx_pool, GFP_ATOMIC);

	if (!rx)	/* the card has no buffer: later */
		return;
	packet = take_packet(sl, choose_packet(sl));
	corrupt(sl, &packet);
	rx->wire = packet.wire;
	rx->len = packet.len;
	remove_header(sl, rx);
	rx->page = receive_page(&packet);
	if (packet.page && sl->nr_sent < LINK_SENT)
		sl->sent[sl->nr_sent++] = packet.page;
	else if (packet.page)
		put_page(packet.page);
	if (sl->other)
		ssi_link_recv(&sl->other->link, rx);
	else
		ssi_rx_free(rx);
}

/* ---- what the module calls ---- */

static int sim_listen(struct ssi_node *node)
{
	(void)node;
	return 0;
}

static void sim_unlisten(struct ssi_node *node)
{
	(void)node;
}

static int sim_send(struct ssi_link *link, const struct ssi_wire *wire,
		    struct page *page, u32 len, u64 defer_ns)
{
	struct sim_link *sl = to_sim(link);

	(void)defer_ns;	/* every message takes its time here */
	sim_preempt();
	if (!ssi_link_is_up(link)) {
		if (page)
			put_page(page);
		return -ENOTCONN;
	}
	if (sl->nr >= LINK_CREDITS && ssi_wire_is_hint(wire->type))
		return 0;
	sim_need(sl->nr < LINK_PACKETS, "a link has too much under way");
	sl->packets[sl->nr++] = (struct packet){
		.wire = *wire, .page = page, .len = len,
	};
	return 0;
}

static void connect_pair(struct sim_link *a)
{
	u32 i;

	for (i = 0; i < nr_links; i++) {
		struct sim_link *b = links[i];

		if (a->link.peer->id != b->link.peer->node->id ||
		    b->link.peer->id != a->link.peer->node->id)
			continue;
		a->other = b;
		b->other = a;
		ssi_link_change_state(&a->link, SSI_DSM_LINK_UP, "connected");
		ssi_link_change_state(&b->link, SSI_DSM_LINK_UP, "connected");
	}
}

static struct ssi_link *sim_open(struct ssi_peer *peer)
{
	struct sim_link *sl = calloc(1, sizeof(*sl));

	ssi_link_init(&sl->link, &ssi_loop_ops, peer);
	connect_pair(sl);
	sim_need(nr_links < LINKS_MAX, "too many links");
	links[nr_links++] = sl;
	return &sl->link;
}

static void drop_packets(struct sim_link *sl)
{
	while (sl->nr)
		if (sl->packets[--sl->nr].page)
			put_page(sl->packets[sl->nr].page);
	while (sl->nr_sent)
		put_page(sl->sent[--sl->nr_sent]);
}

/* What was sent arrives if the peer is alive; nothing comes after that. */
static void sim_close(struct ssi_link *link)
{
	u64 end = sim_now + NSEC_PER_SEC;
	struct sim_link *sl = to_sim(link);
	struct sim_link *other;
	u32 i;

	might_sleep();
	while (sl->nr && sl->other && !is_cut(sl) && sim_now < end)
		task_sleep(NULL, 10 * NSEC_PER_USEC);
	other = sl->other;
	sl->other = NULL;
	if (other) {
		other->other = NULL;
		ssi_link_change_state(&other->link, SSI_DSM_LINK_LOST,
				      "the other node was deleted");
	}
	while (sl->busy || (other && other->busy))
		task_sleep(NULL, 10 * NSEC_PER_USEC);
	/* From here on link_run() does not find it. */
	for (i = 0; links[i] != sl; i++)
		;
	links[i] = links[--nr_links];
	ssi_link_change_state(link, SSI_DSM_LINK_LOST, "closed");
	drop_packets(sl);
	ssi_link_fini(link);
	free(sl);
}

const struct ssi_transport_ops ssi_loop_ops = {
	.name = "simulated",
	.listen = sim_listen,
	.unlisten = sim_unlisten,
	.open = sim_open,
	.close = sim_close,
	.send = sim_send,
};

/* node.c names it. */
const struct ssi_transport_ops ssi_rdma_ops = { .name = "none" };
const struct ssi_transport_ops ssi_tcp_ops = { .name = "none" };
const struct ssi_transport_ops ssi_auto_ops = { .name = "none" };
const struct ssi_transport_ops ssi_secure_ops = { .name = "none" };

/* ---- delivery ---- */

static bool is_ready(const struct sim_link *sl)
{
	return !sl->busy && (sl->nr || sl->nr_sent);
}

u32 links_ready(void)
{
	u32 count = 0, i;

	for (i = 0; i < nr_links; i++)
		count += is_ready(links[i]);
	return count;
}

static void run_softirq(void *arg)
{
	struct sim_link *sl = arg;

	sim_self()->softirq = true;
	local_bh_disable();
	if (sl->nr)
		arrive(sl);
	sl->busy = false;
	local_bh_enable();
}

static void give_back_page(struct sim_link *sl)
{
	u32 at = sim_random(sl->nr_sent);
	struct page *page = sl->sent[at];

	sl->sent[at] = sl->sent[--sl->nr_sent];
	put_page(page);
}

void link_run(u32 number)
{
	struct sim_link *sl;
	u32 i;

	for (i = 0; !is_ready(links[i]) || number--; i++)
		;
	sl = links[i];
	if (hears_nothing(sl))
		return drop_packets(sl);
	if (sl->nr_sent && (!sl->nr || sim_one_in(2)))
		return give_back_page(sl);
	sl->busy = true;
	task_start(run_softirq, sl, "link %u-%u", sl->link.peer->node->id,
		   sl->link.peer->id);
}

void links_vanish(u32 id)
{
	gone |= BIT(id);
}

void links_deafen(u32 id)
{
	deaf |= BIT(id);
}

void links_corrupt(u32 id, u32 count)
{
	hostile = id;
	left_corrupt = count;
}

void links_inject(u32 from, u32 to, const struct ssi_wire *wire, struct page *page,
		  u32 len)
{
	u32 i;

	for (i = 0; i < nr_links; i++)
		if (links[i]->link.peer->node->id == from &&
		    links[i]->link.peer->id == to) {
			sim_send(&links[i]->link, wire, page, len, 0);
			return;
		}
	if (page)	/* the link is closed */
		put_page(page);
}

void links_show(void)
{
	u32 i, j;

	for (i = 0; i < nr_links; i++)
		for (j = 0; j < links[i]->nr; j++) {
			const struct ssi_wire *wire = &links[i]->packets[j].wire;

			printf("#   %u -> %u: %s page %llu\n", wire->src, wire->dst,
			       ssi_wire_type_name(wire->type),
			       (u64)le64_to_cpu(wire->index));
		}
}
