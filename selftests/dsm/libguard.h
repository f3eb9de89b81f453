/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a fake node over rdma does with a key: it proves who it is, and seals messages,
 * with another library than the module's. And what it can do wrong.
 */
#ifndef LIBGUARD_H
#define LIBGUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "kmod/net/keys.h"

#define GUARD_TRAILER	24u	/* bytes behind a sealed message */

/* What a fake node does wrong while it connects. */
enum guard_fault {
	GUARD_RIGHT,
	GUARD_WRONG_TAG,	/* of the request, or of the answer */
	GUARD_WRONG_QP,		/* the tag is for another queue pair */
	GUARD_WRONG_PROOF,
	GUARD_NO_PROOF,		/* it begins with a message */
	GUARD_REPLAYED,		/* the request of the last time */
};

/**
 * struct fake_guard - the security of a fake node
 * @key: of the handshake
 * @security: enum ssi_dsm_security
 * @cluster: name
 * @fault: what it does wrong
 * @request: the last request
 * @t: the transcript
 * @keys: of its own messages, and of the module's
 * @counters: of the next messages
 * @answered: the module's answer has the right tag
 * @proof: the proof
 * @on: messages are sealed
 * @look: a text to look for in the module's messages, or NULL
 * @shown: it was in one as it arrived
 * @opened: it was in one that was opened
 */
struct fake_guard {
	uint8_t key[SSI_KEYS_LEN];
	uint32_t security;
	const char *cluster;
	enum guard_fault fault;
	struct ssi_keys_request request;
	struct ssi_keys_transcript t;
	uint8_t keys[2][SSI_KEYS_LEN];
	uint64_t counters[2];
	bool answered;
	uint8_t proof[SSI_KEYS_LEN];
	bool on;
	const char *look;
	bool shown;
	bool opened;
};

/* The fake node connects: its request, and the module's answer. */
void guard_request(struct fake_guard *g, const struct ssi_wire_hello *hello,
		   uint32_t qp);
void guard_answered(struct fake_guard *g, const void *data, uint32_t len, uint32_t qp);

/* The module connects: its request (false: the tag is wrong), and the answer. */
bool guard_asked(struct fake_guard *g, const void *data, uint32_t len, uint32_t qp);
void guard_answer(struct fake_guard *g, const struct ssi_wire_hello *hello,
		  uint32_t qp, struct ssi_keys_answer *answer);

/* Seal @len bytes of @data, which has room for GUARD_TRAILER more: the new length. */
uint32_t guard_seal(struct fake_guard *g, uint8_t *data, uint32_t len);

/* Open @len bytes of @data in place: the new length, or 0 if they are wrong. */
uint32_t guard_open(struct fake_guard *g, uint8_t *data, uint32_t len);

#endif /* LIBGUARD_H */
