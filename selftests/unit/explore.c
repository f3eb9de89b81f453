// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Explores everything that two to four nodes can do with one page, and checks
 * that the protocol's tables keep memory coherent.
 *
 * DOC: Theory of operation
 *
 * The tables are the module's own (ssi_coherence_step(), ssi_directory_begin()
 * and _end()); what kmod/engine/request.c does with them is mirrored here, function
 * by function. Messages are a multiset: any of them may be delivered next, so
 * every order on and between links is covered, and so is every hold window.
 * Requests that wait at the home do so in any order: what ages make of it.
 * Messages of a node to itself, which the module delivers at once, are
 * treated the same. Any node may load and store at any time, without bound.
 *
 * Data is one bit per copy: is it the last that was written? A store makes
 * its own copy fresh and all others stale, those in messages included. This
 * keeps the number of states finite and loses nothing, since all that matters
 * of a value read is whether it is the last one written. The page tables are
 * a permission of their own: they lag behind the page's state until page work
 * has taken it away, as they do on a machine.
 *
 * Checked in every state: one writer or many readers; every mapped page is
 * fresh; no message meets a node in a state where the tables know none. In
 * every state where no message travels and no page work runs: nobody waits,
 * and the home knows the owner, and that nobody else has a copy but who is in
 * the copyset. Copies may be dropped at any time. And without new faults every run
 * ends: the steps that are not faults make no circle.
 *
 * A checker that finds nothing proves nothing, so it is run on broken tables
 * as well, and must object to each.
 */
#include "protocol/coherence.h"
#include "tap.h"
#include "protocol/wire.h"

#include <stdlib.h>

#define MAX_NODES	4
#define MAX_MSGS	8
#define HOME		0
#define NODE(n)		(1u << (n))

/* What page tables allow. */
enum { PTE_NONE, PTE_READ, PTE_WRITE };

/* A message; sorted in the state, so that equal multisets are equal bytes. */
struct msg {
	u8 type;	/* enum ssi_wire_type; 0 is a free place */
	u8 src : 4;
	u8 dst : 4;
	u8 requester : 4;
	u8 acks : 3;
	u8 fresh : 1;
	u8 pad;
};

/**
 * struct node - what a node knows of the page, its request, its page work
 * @state: enum ssi_page_state
 * @pte: PTE_*
 * @fresh: its data is the last written
 * @has_req: a struct ssi_req exists
 * @granted: as in struct ssi_req
 * @exclusive: as in struct ssi_req
 * @acks: as in struct ssi_req
 * @acked: as in struct ssi_req
 * @work: the message whose page work runs; type 0: none
 */
struct node {
	u8 state;
	u8 pte : 2;
	u8 fresh : 1;
	u8 has_req : 1;
	u8 granted : 1;
	u8 exclusive : 1;
	signed char acks;
	u8 acked;
	struct msg work;
};

/* A request at the home: @who is a node number plus one, 0 nobody; @kind is
 * enum ssi_dir_kind.
 */
struct txn {
	u8 who;
	u8 kind;
};

/**
 * struct state - all of it
 * @dir: the home's directory entry
 * @queue: the transaction under way, then those that wait, in order
 * @nodes: by number
 * @msgs: under way
 * @virgin: nobody has written yet: zero is fresh
 * @zero: no byte is undefined, since states are compared as bytes
 */
struct state {
	struct ssi_dir dir;
	struct txn queue[MAX_NODES + 1];
	struct node nodes[MAX_NODES];
	struct msg msgs[MAX_MSGS];
	u8 virgin;
	u8 zero[5];
} __attribute__((aligned(8)));

/* Which table is broken, and how. */
enum sabotage {
	INTACT,
	NO_DOWNGRADE,	/* E supplies copies without write-protection */
	EARLY_FINISH,	/* a grant finishes without its acks */
	NO_INVALIDATION,/* the home forgets the sharers */
	SX_KEEPS,	/* a copy with a request out survives INV */
	UPGRADE_LOST,	/* a grant for a page that was taken away meanwhile */
	OWNER_DROPS,	/* the owner drops its copy as others may */
	UPGRADE_AS_GETX,/* the home takes a sharer's GETX for an UPGRADE */
	UNBLOCK_EARLY,	/* the home serves the next one before UNBLOCK */
	NO_ACK_EVENT,	/* acks before the grant are not known */
};

/* A run of the explorer. */
static struct {
	u32 nodes;
	enum sabotage sabotage;
	const char *error;	/* first thing found */
} run;

static void object(const char *what)
{
	if (!run.error)
		run.error = what;
}

/* ---- the tables, as they are or broken ---- */

static struct ssi_step table_step(u32 state, u32 event)
{
	struct ssi_step step = ssi_coherence_step(state, event);

	switch (run.sabotage) {
	case NO_DOWNGRADE:
		if (state == SSI_PAGE_E && event == SSI_EV_FWDS)
			step = (struct ssi_step){ SSI_PAGE_S, SSI_ACT_SUPPLY };
		break;
	case EARLY_FINISH:
		if (event == SSI_EV_FILLA)
			step = (struct ssi_step){ SSI_PAGE_E, SSI_ACT_FINISH };
		break;
	case SX_KEEPS:
		if (state == SSI_PAGE_SXI && event == SSI_EV_LEFT)
			step.next = SSI_PAGE_SX;
		break;
	case NO_ACK_EVENT:
		if (state == SSI_PAGE_SX && event == SSI_EV_ACK)
			step = (struct ssi_step){ };
		break;
	case OWNER_DROPS:
		if (state == SSI_PAGE_O && event == SSI_EV_DROP)
			step = (struct ssi_step){ SSI_PAGE_I, SSI_ACT_DROP };
		break;
	default:
		break;
	}
	return step;
}

static int table_begin(struct ssi_dir *dir, const struct txn *txn,
		       struct ssi_dir_plan *plan)
{
	enum ssi_dir_kind kind = txn->kind;
	u32 who = txn->who - 1;
	int ret;

	if (run.sabotage == UPGRADE_AS_GETX && kind == SSI_DIR_GETX &&
	    (dir->copyset & NODE(who)) && dir->owner != who)
		kind = SSI_DIR_UPGRADE;
	if (run.sabotage == UNBLOCK_EARLY)
		dir->busy = false;
	ret = ssi_directory_begin(dir, who, kind, plan);
	if (run.sabotage == NO_INVALIDATION)
		plan->inv = plan->acks = 0;
	if (run.sabotage == UPGRADE_LOST && kind == SSI_DIR_UPGRADE &&
	    plan->forward) {
		plan->forward = false;
		plan->grant = true;
		plan->inv = dir->copyset & ~NODE(who);
		plan->acks = __builtin_popcount(plan->inv);
	}
	return ret;
}

/* ---- messages ---- */

static int compare_msgs(const void *a, const void *b)
{
	return memcmp(b, a, sizeof(struct msg));
}

static void send(struct state *s, struct msg msg)
{
	struct msg *last = &s->msgs[MAX_MSGS - 1];

	if (last->type)
		return object("more messages under way than there can be");
	*last = msg;
	qsort(s->msgs, MAX_MSGS, sizeof(*s->msgs), compare_msgs);
}

static void remove_msg(struct state *s, u32 i)
{
	memmove(&s->msgs[i], &s->msgs[i + 1],
		(MAX_MSGS - 1 - i) * sizeof(*s->msgs));
	s->msgs[MAX_MSGS - 1] = (struct msg){ };
}

/* ---- holder: holder_recv(), ssi_request_page_work(), answer() ---- */

static void answer(struct state *s, u32 n, const struct msg *why, bool fresh)
{
	struct msg msg = { .src = n, .dst = why->requester };

	switch (why->type) {
	case SSI_WIRE_FWDS:
		msg.type = SSI_WIRE_DATAS;
		msg.fresh = fresh;
		break;
	case SSI_WIRE_FWDX:
		msg.type = SSI_WIRE_DATAX;
		msg.acks = why->acks;
		msg.fresh = fresh;
		break;
	default:
		msg.type = SSI_WIRE_ACK;
		break;
	}
	send(s, msg);
}

static void holder_recv(struct state *s, u32 n, const struct msg *msg)
{
	u32 event = msg->type == SSI_WIRE_FWDS ? SSI_EV_FWDS :
		    msg->type == SSI_WIRE_FWDX ? SSI_EV_FWDX : SSI_EV_INV;
	struct node *node = &s->nodes[n];
	struct ssi_step step = table_step(node->state, event);

	if (step.action == SSI_ACT_SUPPLY || step.action == SSI_ACT_ACK) {
		node->state = step.next;
		answer(s, n, msg, node->fresh);
	} else if (step.action == SSI_ACT_WORK && !node->work.type) {
		node->state = step.next;
		node->work = *msg;
	} else {
		object("a holder got FWDS, FWDX or INV out of place");
	}
}

/* Page tables first, then the state, then the answer: in two steps. */
static void page_work(struct state *s, u32 n)
{
	struct node *node = &s->nodes[n];
	u32 keep = node->work.type == SSI_WIRE_FWDS ? PTE_READ : PTE_NONE;
	struct msg work = node->work;
	bool fresh = node->fresh;
	struct ssi_step step;

	if (node->pte > keep) {
		node->pte = keep;
		return;
	}
	step = table_step(node->state, SSI_EV_LEFT);
	if (step.action != SSI_ACT_ANSWER)
		return object("page work ended in a state that knows none");
	node->state = step.next;
	if (!ssi_page_readable(step.next))
		node->fresh = 0;
	node->work = (struct msg){ };
	answer(s, n, &work, fresh);
}

/* ---- home: serve(), home_request(), next_txn(), home_done() ---- */

static void serve(struct state *s, const struct txn *txn,
		  const struct ssi_dir_plan *plan, u32 owner)
{
	struct msg msg = { .src = HOME, .dst = txn->who - 1 };
	u32 n;

	if (plan->grant) {
		msg.type = plan->zero ? SSI_WIRE_ZERO : SSI_WIRE_GRANT;
		msg.acks = plan->acks;
		msg.fresh = plan->zero && s->virgin;
		send(s, msg);
	}
	msg = (struct msg){ .src = HOME, .requester = txn->who - 1 };
	if (plan->forward) {
		msg.dst = owner;
		msg.type = plan->exclusive ? SSI_WIRE_FWDX : SSI_WIRE_FWDS;
		msg.acks = plan->exclusive ? plan->acks : 0;
		send(s, msg);
	}
	msg.acks = 0;
	msg.type = SSI_WIRE_INV;
	for (n = 0; n < run.nodes; n++) {
		msg.dst = n;
		if (plan->inv & NODE(n))
			send(s, msg);
	}
}

static void begin(struct state *s, const struct txn *txn)
{
	struct ssi_dir_plan plan;
	u32 owner;

	if (table_begin(&s->dir, txn, &plan))
		return object("a node asked for what it has");
	owner = s->dir.owner;
	serve(s, txn, &plan, owner);
}

/* The transaction under way and those that wait. */
static u32 queue_length(const struct state *s)
{
	u32 i;

	for (i = 0; i < MAX_NODES + 1 && s->queue[i].who; i++)
		;
	return i;
}

/* The request passes @pass of those that wait. */
static void home_request(struct state *s, const struct msg *msg, u32 pass)
{
	struct txn txn = {
		msg->src + 1, msg->type == SSI_WIRE_GETS ? SSI_DIR_GETS :
			      msg->type == SSI_WIRE_GETX ? SSI_DIR_GETX :
							   SSI_DIR_UPGRADE
	};
	u32 at = queue_length(s);
	bool first = !at;

	if (at == MAX_NODES + 1)
		return object("more requests wait than there can be");
	for (; pass; pass--, at--)
		s->queue[at] = s->queue[at - 1];
	s->queue[at] = txn;
	if (first || run.sabotage == UNBLOCK_EARLY)
		begin(s, &txn);
}

static void home_done(struct state *s, const struct msg *msg)
{
	struct txn *txn = &s->queue[0];

	if (txn->who != msg->src + 1)
		return object("UNBLOCK for no transaction");
	if (ssi_directory_end(&s->dir, msg->src, txn->kind))
		return object("UNBLOCK while the page was not busy");
	memmove(txn, txn + 1, sizeof(s->queue) - sizeof(*txn));
	s->queue[MAX_NODES] = (struct txn){ };
	if (txn->who)
		begin(s, txn);
}

/* ---- requester: requester_event(), requester_recv(), finish() ---- */

static int requester_event(struct node *node, const struct msg *msg)
{
	bool has_copy = node->state == SSI_PAGE_SX;

	if (msg->type == SSI_WIRE_ACK) {
		if (node->acked & NODE(msg->src))
			return -1;
		node->acked |= NODE(msg->src);
		node->acks--;
		return node->granted && !node->acks ? SSI_EV_ACKED :
						      SSI_EV_ACK;
	}
	if (node->granted)
		return -1;
	node->granted = 1;
	node->acks += msg->acks;
	switch (msg->type) {
	case SSI_WIRE_DATAS:
		return node->exclusive ? -1 : SSI_EV_FILLS;
	case SSI_WIRE_ZERO:
		return has_copy || node->acks ? -1 : SSI_EV_FILLX;
	case SSI_WIRE_GRANT:
		if (!has_copy)
			return -1;
		break;
	default:
		if (!node->exclusive || has_copy)
			return -1;
	}
	if (node->acks < 0)
		return -1;
	return node->acks ? SSI_EV_FILLA : SSI_EV_FILLX;
}

static void close_request(struct node *node)
{
	node->has_req = node->granted = node->exclusive = 0;
	node->acks = 0;
	node->acked = 0;
}

static void requester_recv(struct state *s, u32 n, const struct msg *msg)
{
	struct node *node = &s->nodes[n];
	struct ssi_step step = { .action = SSI_ACT_ERROR };
	int event = node->has_req ? requester_event(node, msg) : -1;

	if (event >= 0)
		step = table_step(node->state, event);
	if (step.action == SSI_ACT_ERROR)
		return object("a requester got an answer out of place");
	node->state = step.next;
	if (msg->type != SSI_WIRE_ACK && msg->type != SSI_WIRE_GRANT)
		node->fresh = msg->fresh;
	if (step.action != SSI_ACT_FINISH)
		return;
	close_request(node);
	send(s, (struct msg){ .type = SSI_WIRE_UNBLOCK, .src = n, .dst = HOME });
}

static bool is_request(const struct msg *msg)
{
	return msg->type == SSI_WIRE_GETS || msg->type == SSI_WIRE_GETX ||
	       msg->type == SSI_WIRE_UPGRADE;
}

static void deliver(struct state *s, u32 i, u32 pass)
{
	struct msg msg = s->msgs[i];

	remove_msg(s, i);
	switch (msg.type) {
	case SSI_WIRE_GETS:
	case SSI_WIRE_GETX:
	case SSI_WIRE_UPGRADE:
		return home_request(s, &msg, pass);
	case SSI_WIRE_UNBLOCK:
		return home_done(s, &msg);
	case SSI_WIRE_FWDS:
	case SSI_WIRE_FWDX:
	case SSI_WIRE_INV:
		return holder_recv(s, msg.dst, &msg);
	default:
		return requester_recv(s, msg.dst, &msg);
	}
}

/* ---- local: ssi_request_access(), and the CPU ---- */

/*
 * The module tells stale messages by their token. Here they cannot exist: when
 * a request is opened, nothing under way may speak of an older one, but UNBLOCK.
 */
static void check_no_stale(const struct state *s, u32 n)
{
	u32 i;

	for (i = 0; i < MAX_MSGS && s->msgs[i].type; i++) {
		const struct msg *m = &s->msgs[i];
		bool serves = m->type == SSI_WIRE_FWDS ||
			      m->type == SSI_WIRE_FWDX ||
			      m->type == SSI_WIRE_INV;

		if (serves ? m->requester == n :
		    m->type != SSI_WIRE_UNBLOCK && m->dst == n && !is_request(m))
			object("a message of an older request is under way");
	}
}

static void access_page(struct state *s, u32 n, u32 event)
{
	struct node *node = &s->nodes[n];
	struct ssi_step step = table_step(node->state, event);
	u32 pte = event == SSI_EV_STORE ? PTE_WRITE : PTE_READ;
	struct msg msg = { .src = n, .dst = HOME };

	switch (step.action) {
	case SSI_ACT_HIT:
		node->pte = node->pte > pte ? node->pte : pte;
		break;
	case SSI_ACT_WAIT:
		break;
	case SSI_ACT_GETS:
	case SSI_ACT_GETX:
	case SSI_ACT_UPGRADE:
		if (node->has_req)
			return object("a second request was opened");
		check_no_stale(s, n);
		node->has_req = 1;
		node->exclusive = step.action != SSI_ACT_GETS;
		node->state = step.next;
		msg.type = step.action == SSI_ACT_GETS ? SSI_WIRE_GETS :
			   step.action == SSI_ACT_GETX ? SSI_WIRE_GETX :
							 SSI_WIRE_UPGRADE;
		send(s, msg);
		break;
	default:
		object("a load or store was not answered");
		break;
	}
}

/* The memory is wanted. False if the page is nothing that may be dropped. */
static bool drop(struct state *s, u32 n)
{
	struct node *node = &s->nodes[n];
	struct ssi_step step = table_step(node->state, SSI_EV_DROP);

	if (step.action != SSI_ACT_DROP)
		return false;
	node->pte = PTE_NONE;
	node->state = step.next;
	node->fresh = 0;
	return true;
}

/* The CPU writes through a writable page table entry. */
static void store(struct state *s, u32 n)
{
	u32 i;

	s->virgin = 0;
	for (i = 0; i < run.nodes; i++)
		s->nodes[i].fresh = i == n;
	for (i = 0; i < MAX_MSGS; i++)
		s->msgs[i].fresh = 0;
	qsort(s->msgs, MAX_MSGS, sizeof(*s->msgs), compare_msgs);
}

/* ---- what must hold ---- */

static void check_memory(const struct state *s)
{
	u32 n, mapped = 0, writers = 0;

	for (n = 0; n < run.nodes; n++) {
		const struct node *node = &s->nodes[n];

		mapped += node->pte != PTE_NONE;
		writers += node->pte == PTE_WRITE;
		if (node->pte && !node->fresh)
			object("a load returns what is not the last store");
		if (ssi_page_readable(node->state) && !node->fresh)
			object("a readable copy is stale");
	}
	if (writers > 1 || (writers && mapped > 1))
		object("a writer is not alone");
}

/* What a node has, without a word to the home it can only drop a copy. */
static bool has_exactly(const struct state *s, u32 n)
{
	u32 state = s->nodes[n].state;

	if (s->dir.state == SSI_DIR_UNTOUCHED || !(s->dir.copyset & NODE(n)))
		return state == SSI_PAGE_I;
	if (s->dir.state == SSI_DIR_EXCLUSIVE)
		return state == SSI_PAGE_E;
	if (s->dir.owner == n)
		return state == SSI_PAGE_O;
	return state == SSI_PAGE_S || state == SSI_PAGE_I;
}

/* Nothing travels and nothing works: everybody must have what they want. */
static void check_quiet(const struct state *s)
{
	u32 n;

	if (s->dir.busy || s->queue[0].who)
		object("deadlock: a transaction never ends");
	for (n = 0; n < run.nodes; n++) {
		if (s->nodes[n].has_req)
			object("deadlock: a request is never answered");
		if (!has_exactly(s, n))
			object("the home does not know who has what");
	}
}

/* ---- all states: a hash set with an array behind it ---- */

static struct {
	struct state *all;
	u32 *slots;		/* index into @all plus one */
	u8 *colors;		/* of the search for circles */
	u32 count, space, mask;
} seen;

static void seen_init(u32 space)
{
	u32 slots = 1;

	while (slots < 2 * space)
		slots *= 2;
	seen.all = calloc(space, sizeof(*seen.all));
	seen.slots = calloc(slots, sizeof(*seen.slots));
	seen.colors = calloc(space, 1);
	seen.count = 0;
	seen.space = space;
	seen.mask = slots - 1;
	if (!seen.all || !seen.slots || !seen.colors)
		tap_bail("out of memory for %u states", space);
}

static void seen_free(void)
{
	free(seen.all);
	free(seen.slots);
	free(seen.colors);
}

/* The number of @s, which is new if it equals the count before. */
static u32 number_of(const struct state *s)
{
	const u64 *words = (const u64 *)s;
	u64 hash = 0;
	size_t i;
	u32 slot;

	static_assert(sizeof(*s) % 8 == 0, "hashed by words");
	for (i = 0; i < sizeof(*s) / 8; i++) {
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	slot = hash & seen.mask;
	while (seen.slots[slot]) {
		if (!memcmp(&seen.all[seen.slots[slot] - 1], s, sizeof(*s)))
			return seen.slots[slot] - 1;
		slot = (slot + 1) & seen.mask;
	}
	if (seen.count == seen.space)
		tap_bail("more than %u states", seen.space);
	seen.all[seen.count] = *s;
	seen.slots[slot] = seen.count + 1;
	return seen.count++;
}

/* ---- steps ---- */

#define DELIVERIES	(MAX_MSGS * MAX_NODES)
#define INNER_STEPS	(DELIVERIES + MAX_NODES)
#define OUTER_STEPS	4	/* of each node */
#define ALL_STEPS	(INNER_STEPS + OUTER_STEPS * MAX_NODES)

/* Message @i arrives, and as a request passes @pass of those that wait. */
static bool can_deliver(const struct state *s, u32 i, u32 pass)
{
	if (!s->msgs[i].type)
		return false;
	return !pass || (is_request(&s->msgs[i]) && pass < queue_length(s));
}

/*
 * Step @k of @s into @next: a delivery, page work, a load, a store fault, a
 * store, a drop. False if there is no such step. Those before INNER_STEPS need no CPU.
 */
static bool take_step(const struct state *s, u32 k, struct state *next)
{
	u32 n = k < INNER_STEPS ? k - DELIVERIES : (k - INNER_STEPS) / OUTER_STEPS;

	*next = *s;
	if (k < DELIVERIES) {
		if (!can_deliver(s, k / MAX_NODES, k % MAX_NODES))
			return false;
		deliver(next, k / MAX_NODES, k % MAX_NODES);
		return true;
	}
	if (n >= run.nodes)
		return false;
	if (k < INNER_STEPS) {
		if (!s->nodes[n].work.type)
			return false;
		page_work(next, n);
		return true;
	}
	switch ((k - INNER_STEPS) % OUTER_STEPS) {
	case 0:
		access_page(next, n, SSI_EV_LOAD);
		return true;
	case 1:
		access_page(next, n, SSI_EV_STORE);
		return true;
	case 2:
		if (s->nodes[n].pte != PTE_WRITE)
			return false;
		store(next, n);
		return true;
	default:
		return drop(next, n);
	}
}

static void expand(u32 number)
{
	struct state s = seen.all[number], next;
	bool quiet = true;
	u32 k;

	for (k = 0; k < ALL_STEPS && !run.error; k++) {
		if (!take_step(&s, k, &next))
			continue;
		quiet &= k >= INNER_STEPS;
		check_memory(&next);
		if (!run.error)
			number_of(&next);
	}
	if (quiet)
		check_quiet(&s);
}

/* ---- circles: depth first over the inner steps ---- */

enum { WHITE, GREY, BLACK };

struct frame {
	u32 number;
	u32 step;
};

/* Returns false when the frame is done. */
static bool descend(struct frame *frame, struct frame *child)
{
	struct state next;
	u32 number;

	while (frame->step < INNER_STEPS) {
		if (!take_step(&seen.all[frame->number], frame->step++, &next))
			continue;
		number = number_of(&next);
		if (seen.colors[number] == GREY)
			object("without new faults the protocol runs forever");
		if (seen.colors[number] != WHITE)
			continue;
		seen.colors[number] = GREY;
		*child = (struct frame){ .number = number };
		return true;
	}
	seen.colors[frame->number] = BLACK;
	return false;
}

/* Returns the longest run without a new fault. */
static u32 check_circles(void)
{
	static struct frame stack[256];
	u32 i, depth, deepest = 0;

	for (i = 0; i < seen.count && !run.error; i++) {
		if (seen.colors[i] != WHITE)
			continue;
		seen.colors[i] = GREY;
		stack[0] = (struct frame){ .number = i };
		for (depth = 1; depth && !run.error;) {
			depth += descend(&stack[depth - 1], &stack[depth]) ?
				 1 : -1;
			if (depth > deepest)
				deepest = depth;
			if (depth == ARRAY_SIZE(stack))
				object("a run without new faults has no end");
		}
	}
	return deepest;
}

/* ---- the runs ---- */

static void explore(u32 nodes, enum sabotage sabotage, u32 space)
{
	struct state start = { .virgin = 1 };
	u32 i;

	run.nodes = nodes;
	run.sabotage = sabotage;
	run.error = NULL;
	seen_init(space);
	number_of(&start);
	for (i = 0; i < seen.count && !run.error; i++)
		expand(i);
}

static void test_intact(u32 nodes, u32 space)
{
	u32 longest;

	explore(nodes, INTACT, space);
	longest = check_circles();
	tap_diag("%u nodes: %u states, at most %u steps without a new fault",
		 nodes, seen.count, longest);
	tap_ok(!run.error, "%u nodes: coherent in every order%s%s", nodes,
	       run.error ? ": " : "", run.error ?: "");
	seen_free();
}

static const struct {
	enum sabotage how;
	const char *text;
} sabotages[] = {
	{ NO_DOWNGRADE, "a copy supplied while still writable" },
	{ EARLY_FINISH, "a grant that does not wait for acks" },
	{ NO_INVALIDATION, "sharers that are forgotten" },
	{ SX_KEEPS, "a copy that survives its invalidation" },
	{ UPGRADE_LOST, "an upgrade of a copy that is gone" },
	{ OWNER_DROPS, "an owner that drops its copy" },
	{ UPGRADE_AS_GETX, "a home that thinks that a sharer has its copy" },
	{ UNBLOCK_EARLY, "a home that does not wait for UNBLOCK" },
	{ NO_ACK_EVENT, "acks that must not come before the grant" },
};

static void test_sabotage(u32 i)
{
	explore(3, sabotages[i].how, 1u << 18);
	tap_diag("after %u states: %s", seen.count, run.error ?: "nothing");
	tap_ok(run.error, "finds %s", sabotages[i].text);
	seen_free();
}

/* With any argument four nodes too: 16 million states, 5 GiB, two minutes. */
int main(int argc, char **argv)
{
	bool four = argc > 1;
	u32 i;

	(void)argv;
	tap_plan(2 + four + ARRAY_SIZE(sabotages));
	test_intact(2, 1u << 16);
	test_intact(3, 1u << 20);
	if (four)
		test_intact(4, 1u << 24);
	for (i = 0; i < ARRAY_SIZE(sabotages); i++)
		test_sabotage(i);
	return tap_exit();
}
