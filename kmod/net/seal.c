// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages that cannot be changed, repeated or read on their way.
 */

/**
 * DOC: Theory of operation
 *
 * ChaCha20-Poly1305 (RFC 8439). The nonce is the number of the message, and each
 * direction of each connection has a key of its own, so no nonce is used twice. The
 * text of the cipher is the last header, then all that stands before it: the receiver
 * knows where the last header is before it knows anything else. If the message is not
 * encrypted, the same bytes are the associated data, and there is no text.
 *
 * The functions of the kernel's library that do all of this need the bytes in one
 * piece, or in place. Here they are in two pieces, and the sender must not change the
 * page, which belongs to the guest: so it is encrypted from one page to another.
 */
#include <crypto/chacha.h>
#include <crypto/poly1305.h>

#include "net/seal.h"

#define HEAD_LEN	((u32)sizeof(struct ssi_wire))

struct ssi_seal_run {
	u32 chacha[CHACHA_STATE_WORDS];
	struct poly1305_desc_ctx poly;
};

void ssi_seal_init(struct ssi_seal *seal, const u8 *key, bool encrypts)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(seal->key); i++)
		seal->key[i] = get_unaligned_le32(key + i * 4);
	seal->counter = 0;
	seal->encrypts = encrypts;
}

/* The first block of the key stream is the key of Poly1305. */
static void begin(struct ssi_seal_run *run, const struct ssi_seal *seal)
{
	u8 block[CHACHA_BLOCK_SIZE];
	u8 iv[CHACHA_IV_SIZE] = { };

	put_unaligned_le64(seal->counter, iv + 8);
	chacha_init(run->chacha, seal->key, iv);
	chacha20_block(run->chacha, block);
	poly1305_init(&run->poly, block);
	memzero_explicit(block, sizeof(block));
}

static void make_tag(struct ssi_seal_run *run, const struct ssi_seal *seal,
		     const void *head, const void *front, u32 len, u8 *tag)
{
	static const u8 zeros[POLY1305_BLOCK_SIZE];
	u64 all = HEAD_LEN + len;
	const __le64 lengths[2] = {
		cpu_to_le64(seal->encrypts ? 0 : all),
		cpu_to_le64(seal->encrypts ? all : 0),
	};

	poly1305_update(&run->poly, head, HEAD_LEN);
	if (len)
		poly1305_update(&run->poly, front, len);
	if (len % POLY1305_BLOCK_SIZE)
		poly1305_update(&run->poly, zeros,
				POLY1305_BLOCK_SIZE - len % POLY1305_BLOCK_SIZE);
	poly1305_update(&run->poly, (const u8 *)lengths, sizeof(lengths));
	poly1305_final(&run->poly, tag);
}

void ssi_seal_close(struct ssi_seal *seal, const struct ssi_seal_message *m)
{
	const void *front = m->front;
	struct ssi_seal_run run;

	begin(&run, seal);
	if (seal->encrypts) {
		chacha20_crypt(run.chacha, m->sealed_head, m->head, HEAD_LEN);
		chacha20_crypt(run.chacha, m->sealed_front, m->front, m->len);
		front = m->sealed_front;
	} else if (m->sealed_head != m->head) {
		memcpy(m->sealed_head, m->head, HEAD_LEN);
	}
	m->trailer->counter = cpu_to_le64(seal->counter);
	make_tag(&run, seal, m->sealed_head, front, m->len, m->trailer->tag);
	memzero_explicit(&run, sizeof(run));
	seal->counter++;
}

bool ssi_seal_open(struct ssi_seal *seal, const struct ssi_seal_message *m)
{
	u8 tag[POLY1305_DIGEST_SIZE];
	struct ssi_seal_run run;
	bool right;

	if (le64_to_cpu(m->trailer->counter) != seal->counter)
		return false;
	begin(&run, seal);
	make_tag(&run, seal, m->head, m->front, m->len, tag);
	right = ssi_keys_match(m->trailer->tag, tag, sizeof(tag));
	if (right && seal->encrypts) {
		chacha20_crypt(run.chacha, m->head, m->head, HEAD_LEN);
		chacha20_crypt(run.chacha, m->front, m->front, m->len);
	}
	memzero_explicit(&run, sizeof(run));
	seal->counter += right;
	return right;
}
