// SPDX-License-Identifier: GPL-2.0-only
/*
 * What two nodes with a shared key say to each other before the first message, and
 * the keys of their messages.
 *
 * Tests compile this file too. HMAC is made here of SHA-256: the kernel's own needs
 * memory and a lock, and here it runs in softirqs.
 */
#include <crypto/algapi.h>
#include <crypto/sha2.h>

#include "net/keys.h"

#define PURPOSE_LEN	16

static const char purposes[][PURPOSE_LEN] = {
	[SSI_KEYS_REQUEST] = "request",
	[SSI_KEYS_REFUSAL] = "refusal",
	[SSI_KEYS_ANSWER] = "answer",
	[SSI_KEYS_PROOF] = "proof",
	[SSI_KEYS_CONNECTING] = "connecting key",
	[SSI_KEYS_ACCEPTING] = "accepting key",
};

/* The info of HKDF-Expand, and the number of the only block of its output. */
struct info {
	char purpose[PURPOSE_LEN];
	struct ssi_keys_transcript transcript;
	u8 block;
} __packed;

static void begin_hash(struct sha256_state *state, const u8 *key, u8 pad)
{
	u8 block[SHA256_BLOCK_SIZE];
	u32 i;

	memset(block, pad, sizeof(block));
	for (i = 0; i < SSI_KEYS_LEN; i++)
		block[i] ^= key[i];
	sha256_init(state);
	sha256_update(state, block, sizeof(block));
	memzero_explicit(block, sizeof(block));
}

void ssi_keys_hmac(const u8 *key, const void *data, u32 len, u8 *out)
{
	struct sha256_state state;
	u8 inner[SSI_KEYS_LEN];

	begin_hash(&state, key, 0x36);
	sha256_update(&state, data, len);
	sha256_final(&state, inner);
	begin_hash(&state, key, 0x5c);
	sha256_update(&state, inner, sizeof(inner));
	sha256_final(&state, out);
	memzero_explicit(inner, sizeof(inner));
}

void ssi_keys_make(const u8 *key, enum ssi_keys_purpose purpose,
		   const struct ssi_keys_transcript *transcript, u8 *out)
{
	struct info info = {
		.transcript = *transcript,
		.block = 1,
	};

	memcpy(info.purpose, purposes[purpose], PURPOSE_LEN);
	ssi_keys_hmac(key, &info, sizeof(info), out);
}

bool ssi_keys_match(const u8 *tag, const u8 *right, u32 len)
{
	return !crypto_memneq(tag, right, len);
}
