/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What two nodes with a shared key say to each other before the first message, and
 * the keys of their messages.
 */
#ifndef _SSI_KEYS_H
#define _SSI_KEYS_H

#include <linux/ssi_dsm.h>
#include "protocol/wire.h"

#define SSI_KEYS_LEN		32	/* bytes of a key, and of a whole tag */
#define SSI_KEYS_SHORT		8	/* bytes of the tag of a request */
#define SSI_KEYS_PROTOCOL	"ssi_dsm rdma 1"

/**
 * struct ssi_keys_request - private data of an rdma_cm request
 * @hello: the hello of the side that connects
 * @nonce: random
 * @tag: the first bytes of the tag SSI_KEYS_REQUEST: 56 bytes have no room for more
 */
struct ssi_keys_request {
	struct ssi_wire_hello hello;
	__u8 nonce[SSI_KEYS_SHORT];
	__u8 tag[SSI_KEYS_SHORT];
};

static_assert(sizeof(struct ssi_keys_request) == 56, "rdma_cm takes no more");

/**
 * struct ssi_keys_answer - private data of an rdma_cm reply
 * @hello: the hello of the side that accepts
 * @nonce: random
 * @tag: SSI_KEYS_ANSWER
 */
struct ssi_keys_answer {
	struct ssi_wire_hello hello;
	__u8 nonce[SSI_KEYS_LEN];
	__u8 tag[SSI_KEYS_LEN];
};

static_assert(sizeof(struct ssi_keys_answer) == 104, "no padding");

/**
 * struct ssi_keys_transcript - all that both sides must agree on
 * @protocol: SSI_KEYS_PROTOCOL
 * @cluster: its name, the rest is 0
 * @security: enum ssi_dsm_security
 * @refusal: in a refusal: enum ssi_refusal, else 0
 * @mtu: in a refusal: as in struct ssi_rdma_refusal, else 0
 * @qp: number of the queue pair of the side that connects, and of the other one
 * @zero: must be 0
 * @hello: of the side that connects, and of the other one
 * @nonce: of the side that connects
 * @answer_nonce: of the other side
 *
 * In a request and in a refusal all that the side that accepts adds is 0.
 */
struct ssi_keys_transcript {
	char   protocol[16];
	char   cluster[SSI_DSM_CLUSTER_LEN];
	__le32 security;
	__le32 refusal;
	__le32 mtu;
	__le32 qp[2];
	__le32 zero;
	struct ssi_wire_hello hello[2];
	__u8   nonce[SSI_KEYS_SHORT];
	__u8   answer_nonce[SSI_KEYS_LEN];
};

static_assert(sizeof(struct ssi_keys_transcript) == 192, "no padding");

/**
 * enum ssi_keys_purpose - what ssi_keys_make() makes
 * @SSI_KEYS_REQUEST: tag: the request is from a node with the key
 * @SSI_KEYS_REFUSAL: tag: so is the refusal
 * @SSI_KEYS_ANSWER: tag: so is the answer
 * @SSI_KEYS_PROOF: tag: the side that connects has seen the answer
 * @SSI_KEYS_CONNECTING: key of the messages of the side that connects
 * @SSI_KEYS_ACCEPTING: key of the messages of the other side
 */
enum ssi_keys_purpose {
	SSI_KEYS_REQUEST,
	SSI_KEYS_REFUSAL,
	SSI_KEYS_ANSWER,
	SSI_KEYS_PROOF,
	SSI_KEYS_CONNECTING,
	SSI_KEYS_ACCEPTING,
};

/**
 * ssi_keys_hmac() - HMAC-SHA256 (RFC 2104)
 * @key: SSI_KEYS_LEN bytes
 * @data: the bytes
 * @len: number of bytes
 * @out: result, SSI_KEYS_LEN bytes
 */
void ssi_keys_hmac(const u8 *key, const void *data, u32 len, u8 *out);

/**
 * ssi_keys_make() - make a tag or a key from the key of the handshake
 * @key: the key, SSI_KEYS_LEN bytes, that only the two nodes have
 * @purpose: what it is for
 * @transcript: what both sides must agree on
 * @out: result, SSI_KEYS_LEN bytes
 *
 * HKDF-Expand (RFC 5869) with the purpose and the transcript as info. There is no
 * HKDF-Extract, because the key is random already: a TLS exporter has made it.
 */
void ssi_keys_make(const u8 *key, enum ssi_keys_purpose purpose,
		   const struct ssi_keys_transcript *transcript, u8 *out);

/**
 * ssi_keys_match() - whether a tag is right
 * @tag: the tag that came
 * @right: the right one
 * @len: number of bytes
 *
 * Takes the same time whatever the bytes are.
 */
bool ssi_keys_match(const u8 *tag, const u8 *right, u32 len);

#endif /* _SSI_KEYS_H */
