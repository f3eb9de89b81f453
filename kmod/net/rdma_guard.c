// SPDX-License-Identifier: GPL-2.0-only
/*
 * One RDMA connection of a node with security: both sides prove that they have the key
 * of the handshake, and all messages are sealed.
 */

/**
 * DOC: Theory of operation
 *
 * User space does a TLS handshake with the other node and gives both modules a key that
 * comes from it (secure.c). Then the side that connects makes an RDMA connection:
 *
 *	higher id                              lower id
 *	REQ, hello, nonce, tag -------------->  is the tag right? Only then the hello counts
 *	is the tag right?  <------------------  REP, hello, nonce, tag (or REJ, refusal, tag)
 *	UP
 *	first SEND: the proof --------------->  is it right? UP
 *
 * All tags and keys are made of the key and of a transcript: the cluster, both
 * hellos, the numbers of both queue pairs, both nonces (keys.h). So none of them can
 * be used for another connection, in the other direction, or again. The tag of a
 * request is short, because REQ has no room. It keeps strangers from changing
 * anything; the proof shows the same with 32 bytes.
 *
 * The side that accepts uses a key for one connection. The side that connects keeps it
 * until the other side has answered: it may have to ask again.
 *
 * After that each SEND is sealed (seal.c): its headers and payload are followed by a
 * counter and a tag. This is done under st->lock, which keeps the counters in order; a
 * page takes 1 to 2 us. The softirq that receives a message opens it. A reliable
 * connection delivers messages in order and once. So a message that does not have the
 * next counter was repeated, left out or forged, and ends the connection. The link
 * continues over the next connection, which has other keys.
 *
 * The device acknowledges a forged packet as it does any other one, and the message
 * whose place it takes is lost. So with security a message has arrived when the other
 * side has given its credit back in a sealed message, and not when its SEND is
 * complete. Until then its slot keeps it: there are more slots than credits.
 */

#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "alloc.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/rdma_guard.h"

#define TAIL_WIRES	(SSI_RDMA_BATCH + 1)
static_assert(sizeof(struct ssi_seal_trailer) <= sizeof(struct ssi_wire));
/* CREDIT messages, one for each credit, and the proof take a slot and no credit. */
static_assert(2 * SSI_RDMA_SEALED_CREDITS + 1 <= SSI_RDMA_TX_DEPTH);

/* ---- setup and end ---- */

static void ssi_rdma_guard_renew(struct work_struct *work);

int ssi_rdma_guard_new(struct ssi_rdma_conn *conn)
{
	if (!conn->c.st->link.peer->node->security)
		return 0;
	conn->guard = kzalloc(sizeof(*conn->guard), GFP_KERNEL);
	if (!conn->guard)
		return -ENOMEM;
	conn->guard->st = conn->c.st;
	INIT_WORK(&conn->guard->renew, ssi_rdma_guard_renew);
	return 0;
}

void ssi_rdma_guard_free(struct ssi_rdma_conn *conn)
{
	kfree_sensitive(conn->guard);
	conn->guard = NULL;
}

static bool encrypts(const struct ssi_rdma_conn *conn)
{
	return conn->c.st->link.peer->node->security == SSI_DSM_SECURITY_TLS;
}

static int page_new(struct ssi_rdma_conn *conn, u32 slot)
{
	struct ssi_rdma_guard *guard = conn->guard;
	struct page *page = ssi_alloc_page_for(conn->c.st->link.peer->node->payer,
					       GFP_KERNEL);
	u64 dma;

	if (!page)
		return -ENOMEM;
	dma = ib_dma_map_page(conn->pd->device, page, 0, PAGE_SIZE,
			      DMA_TO_DEVICE);
	if (ib_dma_mapping_error(conn->pd->device, dma)) {
		__free_page(page);
		return -ENOMEM;
	}
	guard->pages[slot] = page;
	guard->pages_dma[slot] = dma;
	return 0;
}

int ssi_rdma_guard_setup(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_guard *guard = conn->guard;
	int ret = 0;
	u32 i;

	if (!guard)
		return 0;
	guard->tails = ssi_rdma_conn_wires_new(conn, SSI_RDMA_TX_DEPTH * TAIL_WIRES,
					       DMA_TO_DEVICE, &guard->tails_dma);
	if (!guard->tails)
		return -ENOMEM;
	/* One more try: tests let one in a few allocations fail. */
	for (i = 0; encrypts(conn) && !ret && i < SSI_RDMA_TX_DEPTH; i++)
		ret = page_new(conn, i) && page_new(conn, i) ? -ENOMEM : 0;
	return ret;
}

void ssi_rdma_guard_teardown(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_guard *guard = conn->guard;
	u32 i;

	if (!guard)
		return;
	cancel_work_sync(&guard->renew);
	for (i = 0; i < SSI_RDMA_TX_DEPTH && guard->pages[i]; i++) {
		ib_dma_unmap_page(conn->pd->device, guard->pages_dma[i],
				  PAGE_SIZE, DMA_TO_DEVICE);
		__free_page(guard->pages[i]);
	}
	ssi_rdma_conn_wires_free(conn, guard->tails, guard->tails_dma,
				 SSI_RDMA_TX_DEPTH * TAIL_WIRES, DMA_TO_DEVICE);
}

/* ---- the handshake ---- */

static void begin_transcript(struct ssi_keys_transcript *t,
			     const struct ssi_node *node, u32 qp_num,
			     const struct ssi_keys_request *request)
{
	static_assert(sizeof(t->cluster) == sizeof(node->cluster));

	*t = (struct ssi_keys_transcript){
		.protocol = SSI_KEYS_PROTOCOL,
		.security = cpu_to_le32(node->security),
		.qp[0] = cpu_to_le32(qp_num),
		.hello[0] = request->hello,
	};
	memcpy(t->cluster, node->cluster, sizeof(t->cluster));
	memcpy(t->nonce, request->nonce, sizeof(t->nonce));
}

static void end_transcript(struct ssi_keys_transcript *t, u32 qp_num,
			   const struct ssi_keys_answer *answer)
{
	t->qp[1] = cpu_to_le32(qp_num);
	t->hello[1] = answer->hello;
	memcpy(t->answer_nonce, answer->nonce, sizeof(t->answer_nonce));
}

static void init_seal(struct ssi_rdma_conn *conn, struct ssi_seal *seal,
		      enum ssi_keys_purpose purpose)
{
	u8 key[SSI_KEYS_LEN];

	ssi_keys_make(conn->guard->key, purpose, &conn->guard->t, key);
	ssi_seal_init(seal, key, encrypts(conn));
	memzero_explicit(key, sizeof(key));
}

/* The transcript is complete. */
static void make_keys(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_guard *guard = conn->guard;
	bool active = conn->c.st->active;

	ssi_keys_make(guard->key, SSI_KEYS_PROOF, &guard->t, guard->proof);
	init_seal(conn, active ? &guard->tx : &guard->rx, SSI_KEYS_CONNECTING);
	init_seal(conn, active ? &guard->rx : &guard->tx, SSI_KEYS_ACCEPTING);
	memzero_explicit(guard->key, sizeof(guard->key));
}

static void become_proved(struct ssi_rdma_guard *guard)
{
	/* Pairs with ssi_rdma_guard_proved(). */
	smp_store_release(&guard->proved, true);
}

int ssi_rdma_guard_request(struct ssi_rdma_conn *conn,
			   struct ssi_keys_request *request)
{
	struct ssi_rdma_guard *guard = conn->guard;
	u8 tag[SSI_KEYS_LEN];

	if (!ssi_stream_get_key(conn->c.st, guard->key))
		return -ENOKEY;
	get_random_bytes(request->nonce, sizeof(request->nonce));
	begin_transcript(&guard->t, conn->c.st->link.peer->node,
			 conn->qp->qp_num, request);
	ssi_keys_make(guard->key, SSI_KEYS_REQUEST, &guard->t, tag);
	memcpy(request->tag, tag, sizeof(request->tag));
	return 0;
}

bool ssi_rdma_guard_check(struct ssi_stream *st, struct ssi_rdma_ask *ask,
			  u32 qp_num)
{
	u8 tag[SSI_KEYS_LEN];

	if (!ssi_stream_get_key(st, ask->key))
		return false;
	begin_transcript(&ask->t, st->link.peer->node, qp_num, &ask->request);
	ssi_keys_make(ask->key, SSI_KEYS_REQUEST, &ask->t, tag);
	if (ssi_keys_match(ask->request.tag, tag, sizeof(ask->request.tag)))
		return true;
	atomic64_inc(&st->link.forged);
	return false;
}

void ssi_rdma_guard_answer(struct ssi_rdma_conn *conn, const struct ssi_rdma_ask *ask,
			   struct ssi_keys_answer *answer)
{
	struct ssi_rdma_guard *guard = conn->guard;

	memcpy(guard->key, ask->key, sizeof(guard->key));
	guard->t = ask->t;
	ssi_stream_set_key(conn->c.st, NULL);
	get_random_bytes(answer->nonce, sizeof(answer->nonce));
	end_transcript(&guard->t, conn->qp->qp_num, answer);
	ssi_keys_make(guard->key, SSI_KEYS_ANSWER, &guard->t, answer->tag);
	make_keys(conn);
}

/* Only the refusal differs from the transcript of the request. */
static void make_refusal_tag(const u8 *key, const struct ssi_keys_transcript *t,
			     const struct ssi_rdma_refusal *said, u8 *tag)
{
	struct ssi_keys_transcript refused = *t;

	refused.refusal = said->refusal;
	refused.mtu = said->mtu;
	ssi_keys_make(key, SSI_KEYS_REFUSAL, &refused, tag);
}

void ssi_rdma_guard_refuse(const struct ssi_rdma_ask *ask,
			   struct ssi_rdma_refusal_tagged *refusal)
{
	make_refusal_tag(ask->key, &ask->t, &refusal->said, refusal->tag);
}

bool ssi_rdma_guard_refused(const struct ssi_rdma_conn *conn,
			    const struct ssi_rdma_refusal_tagged *refusal)
{
	u8 tag[SSI_KEYS_LEN];

	/* Else the key is gone, and anybody can make the tag. */
	if (!conn->c.st->active || conn->guard->proved)
		return false;
	make_refusal_tag(conn->guard->key, &conn->guard->t, &refusal->said, tag);
	return ssi_keys_match(refusal->tag, tag, sizeof(tag));
}

bool ssi_rdma_guard_answered(struct ssi_rdma_conn *conn,
			     const struct ssi_keys_answer *answer, u32 qp_num)
{
	struct ssi_rdma_guard *guard = conn->guard;
	u8 tag[SSI_KEYS_LEN];

	end_transcript(&guard->t, qp_num, answer);
	ssi_keys_make(guard->key, SSI_KEYS_ANSWER, &guard->t, tag);
	if (!ssi_keys_match(answer->tag, tag, sizeof(tag))) {
		atomic64_inc(&conn->c.st->link.forged);
		return false;
	}
	ssi_stream_set_key(conn->c.st, NULL);
	make_keys(conn);
	become_proved(guard);
	return true;
}

bool ssi_rdma_guard_prove(struct ssi_rdma_conn *conn, const u8 *proof)
{
	struct ssi_rdma_guard *guard = conn->guard;

	if (conn->c.st->active ||
	    !ssi_keys_match(proof, guard->proof, sizeof(guard->proof)))
		return false;
	become_proved(guard);
	return true;
}

/* ---- new keys ---- */

static void ssi_rdma_guard_renew(struct work_struct *work)
{
	struct ssi_rdma_guard *guard = container_of(work, struct ssi_rdma_guard,
						    renew);

	ssi_stream_renew(guard->st);
}

/* Asks again from time to time until there is another connection. */
static void renew_keys(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_guard *guard = conn->guard;
	u64 used = max(READ_ONCE(guard->tx.counter), guard->rx.counter);

	if (!ssi_stream_must_renew(conn->c.st, used, guard->asked))
		return;
	guard->asked++;
	queue_work(ssi_conn_wq, &guard->renew);
}

/* ---- messages ---- */

void ssi_rdma_guard_seal(struct ssi_rdma_conn *conn, struct ssi_rdma_tx *tx, u32 nr,
			 struct ib_sge *sge)
{
	struct ssi_rdma_guard *guard = conn->guard;
	u32 slot = tx - conn->tx;
	u32 at = slot * TAIL_WIRES;
	struct ssi_wire *tail = &guard->tails[at];
	const struct ssi_seal_message m = {
		.head = &tx->wire[nr - 1],
		.front = tx->page ? page_address(tx->page) : tx->wire,
		.len = tx->page ? tx->len : (nr - 1) * SSI_STREAM_WIRE_LEN,
		.sealed_head = &tail[nr - 1],
		.sealed_front = tx->page && guard->pages[slot] ?
				page_address(guard->pages[slot]) : tail,
		.trailer = (struct ssi_seal_trailer *)&tail[nr],
	};

	lockdep_assert_held(&conn->c.st->lock);
	if (!guard->tx.encrypts)
		memcpy(tail, tx->wire, nr * SSI_STREAM_WIRE_LEN);
	ssi_seal_close(&guard->tx, &m);
	if (tx->page && guard->pages[slot]) {
		sge[0].addr = guard->pages_dma[slot];
		ib_dma_sync_single_for_device(conn->pd->device, sge[0].addr,
					      tx->len, DMA_TO_DEVICE);
	}
	sge[1].addr = guard->tails_dma + at * SSI_STREAM_WIRE_LEN;
	sge[1].length = nr * SSI_STREAM_WIRE_LEN + sizeof(*m.trailer);
	ib_dma_sync_single_for_device(conn->pd->device, sge[1].addr,
				      sge[1].length, DMA_TO_DEVICE);
}

void ssi_rdma_guard_forged(struct ssi_rdma_conn *conn)
{
	struct ssi_stream *st = conn->c.st;

	atomic64_inc(&st->link.forged);
	conn->c.rx_stopped = true;
	ssi_stream_fail(&conn->c, SSI_DSM_LINK_DOWN,
			"something on the way from node %u has forged, changed or repeated a message",
			st->link.peer->id);
}

bool ssi_rdma_guard_open(struct ssi_rdma_conn *conn, struct ssi_wire *head,
			 void *front, u32 len, struct ssi_seal_trailer *trailer)
{
	const struct ssi_seal_message m = {
		.head = head,
		.front = front,
		.len = len,
		.sealed_head = head,
		.sealed_front = front,
		.trailer = trailer,
	};

	if (ssi_seal_open(&conn->guard->rx, &m)) {
		renew_keys(conn);
		return true;
	}
	ssi_rdma_guard_forged(conn);
	return false;
}
