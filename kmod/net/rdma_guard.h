/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One RDMA connection of a node with security: both sides prove that they have the key
 * of the handshake, and all messages are sealed.
 */
#ifndef _SSI_RDMA_GUARD_H
#define _SSI_RDMA_GUARD_H

#include "net/rdma_cm.h"
#include "net/seal.h"

/* What stands behind the front of a sealed message. */
#define SSI_RDMA_TAIL	((u32)(SSI_STREAM_WIRE_LEN + sizeof(struct ssi_seal_trailer)))

/**
 * struct ssi_rdma_ask - a request to connect to a node with security
 * @request: the private data
 * @t: the transcript so far
 * @key: the key of the handshake with the node that it claims to be from
 */
struct ssi_rdma_ask {
	struct ssi_keys_request request;
	struct ssi_keys_transcript t;
	u8 key[SSI_KEYS_LEN];
};

/**
 * struct ssi_rdma_refusal_tagged - private data of a reject of a node with security
 * @said: the refusal; its reason is SSI_REFUSED_NOT if the other side shall try again
 * @tag: SSI_KEYS_REFUSAL
 */
struct ssi_rdma_refusal_tagged {
	struct ssi_rdma_refusal said;
	u8 tag[SSI_KEYS_LEN];
};

static_assert(sizeof(struct ssi_rdma_refusal_tagged) == 44);

/**
 * struct ssi_rdma_guard - the security of one connection
 * @st: the link
 * @key: of the handshake; zero when both sides have proved that they have it
 * @t: the transcript
 * @proof: the proof of the side that connects
 * @proved: the other side has proved who it is: its messages can be opened. Set
 *	once; the fields above do not change after that
 * @established: accepting side: rdma_cm says that the connection is established
 * @tx: messages to the other side; protected by st->lock
 * @rx: messages from the other side; only the code that receives uses it
 * @tails: for each slot of the send queue, what stands behind the payload
 * @tails_dma: the device's address of @tails
 * @pages: for each slot of the send queue, the encrypted payload; NULL entries if
 *	messages are not encrypted
 * @pages_dma: the device's addresses of @pages
 * @confirmed: messages that took a credit which the other side has given back,
 *	since the last one that is gone from the send queue; protected by st->lock
 * @asked: how often user space was asked for a connection with new keys
 * @renew: work that asks
 */
struct ssi_rdma_guard {
	struct ssi_stream *st;
	u8 key[SSI_KEYS_LEN];
	struct ssi_keys_transcript t;
	u8 proof[SSI_KEYS_LEN];
	bool proved;
	bool established;
	struct ssi_seal tx;
	struct ssi_seal rx;
	struct ssi_wire *tails;
	u64 tails_dma;
	struct page *pages[SSI_RDMA_TX_DEPTH];
	u64 pages_dma[SSI_RDMA_TX_DEPTH];
	u32 confirmed;
	u32 asked;
	struct work_struct renew;
};

/* ---- the handshake ---- */

/**
 * ssi_rdma_guard_new() - allocate the security of a connection
 * @conn: the connection
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM. 0 without an allocation if the node has no security.
 */
int ssi_rdma_guard_new(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_guard_free() - wipe and free it
 * @conn: the connection
 */
void ssi_rdma_guard_free(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_guard_setup() - allocate the buffers for sealed messages
 * @conn: the connection; its pd exists
 *
 * Undone by ssi_rdma_guard_teardown(), also after an error.
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int ssi_rdma_guard_setup(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_guard_teardown() - free the buffers
 * @conn: the connection; its queue pair is destroyed
 *
 * Context: May sleep.
 */
void ssi_rdma_guard_teardown(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_guard_request() - connecting side: make the request
 * @conn: the connection; it has a queue pair
 * @request: result; @hello of it is set
 *
 * Return: 0, or -ENOKEY if the key has been wiped meanwhile.
 */
int ssi_rdma_guard_request(struct ssi_rdma_conn *conn,
			   struct ssi_keys_request *request);

/**
 * ssi_rdma_guard_check() - accepting side: whether a request is from the peer
 * @st: the link of the peer that it claims to be from
 * @ask: @request of it is set, the rest is the result
 * @qp_num: number of the queue pair of the other side
 *
 * Context: May sleep, the node's accept_lock held.
 * Return: true if it has the key of the handshake.
 */
bool ssi_rdma_guard_check(struct ssi_stream *st, struct ssi_rdma_ask *ask,
			  u32 qp_num);

/**
 * ssi_rdma_guard_answer() - accepting side: make the answer
 * @conn: the connection; it has a queue pair
 * @ask: the request
 * @answer: result; @hello of it is set
 */
void ssi_rdma_guard_answer(struct ssi_rdma_conn *conn, const struct ssi_rdma_ask *ask,
			   struct ssi_keys_answer *answer);

/**
 * ssi_rdma_guard_refuse() - accepting side: make the tag of a refusal
 * @ask: the request
 * @refusal: its @said is set
 */
void ssi_rdma_guard_refuse(const struct ssi_rdma_ask *ask,
			   struct ssi_rdma_refusal_tagged *refusal);

/**
 * ssi_rdma_guard_refused() - connecting side: whether a refusal is from the peer
 * @conn: the connection
 * @refusal: the refusal
 */
bool ssi_rdma_guard_refused(const struct ssi_rdma_conn *conn,
			    const struct ssi_rdma_refusal_tagged *refusal);

/**
 * ssi_rdma_guard_answered() - connecting side: whether an answer is from the peer
 * @conn: the connection
 * @answer: the answer
 * @qp_num: number of the queue pair of the other side
 *
 * If it is, messages can be sealed and opened, and the proof is made.
 */
bool ssi_rdma_guard_answered(struct ssi_rdma_conn *conn,
			     const struct ssi_keys_answer *answer, u32 qp_num);

/**
 * ssi_rdma_guard_prove() - accepting side: whether a proof is right
 * @conn: the connection
 * @proof: the proof
 *
 * If it is, messages can be sealed and opened.
 *
 * Context: Softirq.
 */
bool ssi_rdma_guard_prove(struct ssi_rdma_conn *conn, const u8 *proof);

/**
 * ssi_rdma_guard_proved() - whether the other side has proved who it is
 * @guard: the security of a connection
 *
 * Context: Any context.
 */
static inline bool ssi_rdma_guard_proved(const struct ssi_rdma_guard *guard)
{
	/* Pairs with become_proved(): the keys are there. */
	return smp_load_acquire(&guard->proved);
}

/* ---- messages ---- */

/**
 * ssi_rdma_guard_seal() - seal the messages of a slot of the send queue
 * @conn: the connection
 * @tx: the slot: its headers, and the payload if there is one
 * @nr: number of headers
 * @sge: result: two pieces, where the device reads the payload and the rest
 *
 * The address of a payload that is not encrypted is not set.
 *
 * Context: Any context, st->lock held.
 */
void ssi_rdma_guard_seal(struct ssi_rdma_conn *conn, struct ssi_rdma_tx *tx, u32 nr,
			 struct ib_sge *sge);

/**
 * ssi_rdma_guard_open() - check and decrypt a message
 * @conn: the connection
 * @head: its last header, out: decrypted
 * @front: what stands before the header, which is decrypted in place
 * @len: number of bytes of @front
 * @trailer: the trailer
 *
 * Context: Softirq.
 * Return: false if it is not the next message of the other side. Then the
 *	connection has failed, and the message must be dropped.
 */
bool ssi_rdma_guard_open(struct ssi_rdma_conn *conn, struct ssi_wire *head,
			 void *front, u32 len, struct ssi_seal_trailer *trailer);

/**
 * ssi_rdma_guard_forged() - a message is not from the other side: end the connection
 * @conn: the connection
 *
 * Context: The code that receives.
 */
void ssi_rdma_guard_forged(struct ssi_rdma_conn *conn);

#endif /* _SSI_RDMA_GUARD_H */
