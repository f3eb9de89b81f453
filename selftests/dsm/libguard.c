// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a fake node over rdma does with a key.
 */
#include "libguard.h"

#include <endian.h>
#include <gnutls/crypto.h>
#include <linux/ssi_dsm_genl.h>
#include <string.h>
#include <sys/random.h>

#include "selftests/unit/tap.h"

#define HEAD	((uint32_t)sizeof(struct ssi_wire))
#define TAG	16u
#define ROOM	16384

static void must_random(void *to, size_t len)
{
	if (getrandom(to, len, 0) != (ssize_t)len)
		tap_bail("no random numbers");
}

/* ---- the handshake ---- */

static void begin(struct fake_guard *g, uint32_t qp)
{
	g->t = (struct ssi_keys_transcript){
		.protocol = SSI_KEYS_PROTOCOL,
		.security = htole32(g->security),
		.qp[0] = htole32(qp),
		.hello[0] = g->request.hello,
	};
	strcpy(g->t.cluster, g->cluster);
	memcpy(g->t.nonce, g->request.nonce, sizeof(g->t.nonce));
	memset(g->counters, 0, sizeof(g->counters));
	g->answered = false;
	g->on = false;
}

static void end(struct fake_guard *g, const struct ssi_keys_answer *answer,
		uint32_t qp, bool connects)
{
	g->t.qp[1] = htole32(qp);
	g->t.hello[1] = answer->hello;
	memcpy(g->t.answer_nonce, answer->nonce, sizeof(g->t.answer_nonce));
	ssi_keys_make(g->key, SSI_KEYS_CONNECTING, &g->t, g->keys[!connects]);
	ssi_keys_make(g->key, SSI_KEYS_ACCEPTING, &g->t, g->keys[connects]);
	ssi_keys_make(g->key, SSI_KEYS_PROOF, &g->t, g->proof);
}

void guard_request(struct fake_guard *g, const struct ssi_wire_hello *hello,
		   uint32_t qp)
{
	uint8_t tag[SSI_KEYS_LEN];

	if (g->fault == GUARD_REPLAYED)
		return;
	g->request.hello = *hello;
	must_random(g->request.nonce, sizeof(g->request.nonce));
	begin(g, qp + (g->fault == GUARD_WRONG_QP));
	ssi_keys_make(g->key, SSI_KEYS_REQUEST, &g->t, tag);
	memcpy(g->request.tag, tag, sizeof(g->request.tag));
	g->request.tag[0] ^= g->fault == GUARD_WRONG_TAG;
}

void guard_answered(struct fake_guard *g, const void *data, uint32_t len, uint32_t qp)
{
	struct ssi_keys_answer answer;
	uint8_t tag[SSI_KEYS_LEN];

	if (len < sizeof(answer))
		return;
	memcpy(&answer, data, sizeof(answer));
	end(g, &answer, qp, true);
	ssi_keys_make(g->key, SSI_KEYS_ANSWER, &g->t, tag);
	g->answered = !memcmp(tag, answer.tag, sizeof(tag));
	g->proof[0] ^= g->fault == GUARD_WRONG_PROOF;
}

bool guard_asked(struct fake_guard *g, const void *data, uint32_t len, uint32_t qp)
{
	uint8_t tag[SSI_KEYS_LEN];

	if (len < sizeof(g->request))
		return false;
	memcpy(&g->request, data, sizeof(g->request));
	begin(g, qp);
	ssi_keys_make(g->key, SSI_KEYS_REQUEST, &g->t, tag);
	return !memcmp(tag, g->request.tag, sizeof(g->request.tag));
}

void guard_answer(struct fake_guard *g, const struct ssi_wire_hello *hello,
		  uint32_t qp, struct ssi_keys_answer *answer)
{
	answer->hello = *hello;
	must_random(answer->nonce, sizeof(answer->nonce));
	end(g, answer, qp + (g->fault == GUARD_WRONG_QP), false);
	ssi_keys_make(g->key, SSI_KEYS_ANSWER, &g->t, answer->tag);
	answer->tag[0] ^= g->fault == GUARD_WRONG_TAG;
}

/* ---- messages ---- */

static gnutls_aead_cipher_hd_t cipher(const uint8_t *key)
{
	const gnutls_datum_t datum = { (uint8_t *)key, SSI_KEYS_LEN };
	gnutls_aead_cipher_hd_t handle;

	if (gnutls_aead_cipher_init(&handle, GNUTLS_CIPHER_CHACHA20_POLY1305,
				    &datum))
		tap_bail("no ChaCha20-Poly1305");
	return handle;
}

static void make_nonce(uint64_t counter, uint8_t nonce[12])
{
	uint64_t le = htole64(counter);

	memset(nonce, 0, 4);
	memcpy(nonce + 4, &le, sizeof(le));
}

/* The last header comes first. */
static void turn(uint8_t *to, const uint8_t *from, uint32_t len)
{
	memcpy(to, from + len - HEAD, HEAD);
	memcpy(to + HEAD, from, len - HEAD);
}

static void turn_back(uint8_t *to, const uint8_t *from, uint32_t len)
{
	memcpy(to, from + HEAD, len - HEAD);
	memcpy(to + len - HEAD, from, HEAD);
}

uint32_t guard_seal(struct fake_guard *g, uint8_t *data, uint32_t len)
{
	bool encrypts = g->security == SSI_DSM_SECURITY_TLS;
	gnutls_aead_cipher_hd_t handle = cipher(g->keys[0]);
	uint64_t counter = htole64(g->counters[0]);
	uint8_t text[ROOM], sealed[ROOM + TAG], nonce[12];
	size_t size = sizeof(sealed);

	make_nonce(g->counters[0]++, nonce);
	turn(text, data, len);
	if (gnutls_aead_cipher_encrypt(handle, nonce, sizeof(nonce), text,
				       encrypts ? 0 : len, TAG, text,
				       encrypts ? len : 0, sealed, &size))
		tap_bail("a message cannot be sealed");
	gnutls_aead_cipher_deinit(handle);
	if (encrypts)
		turn_back(data, sealed, len);
	memcpy(data + len, &counter, sizeof(counter));
	memcpy(data + len + sizeof(counter), sealed + size - TAG, TAG);
	return len + GUARD_TRAILER;
}

static bool has(const struct fake_guard *g, const uint8_t *data, uint32_t len)
{
	return g->look && memmem(data, len, g->look, strlen(g->look));
}

uint32_t guard_open(struct fake_guard *g, uint8_t *data, uint32_t len)
{
	bool encrypts = g->security == SSI_DSM_SECURITY_TLS;
	gnutls_aead_cipher_hd_t handle = cipher(g->keys[1]);
	uint8_t text[ROOM], opened[ROOM], nonce[12];
	uint32_t bytes = len - GUARD_TRAILER;
	size_t size = sizeof(opened);
	uint64_t counter;
	int ret;

	if (len < HEAD + GUARD_TRAILER)
		return 0;
	memcpy(&counter, data + bytes, sizeof(counter));
	make_nonce(g->counters[1], nonce);
	turn(text, data, bytes);
	memcpy(text + bytes, data + bytes + sizeof(counter), TAG);
	ret = gnutls_aead_cipher_decrypt(handle, nonce, sizeof(nonce), text,
					 encrypts ? 0 : bytes, TAG,
					 encrypts ? text : text + bytes,
					 encrypts ? bytes + TAG : TAG, opened, &size);
	gnutls_aead_cipher_deinit(handle);
	if (ret || le64toh(counter) != g->counters[1])
		return 0;
	g->counters[1]++;
	g->shown |= has(g, data, len);
	if (encrypts)
		turn_back(data, opened, bytes);
	g->opened |= has(g, data, bytes);
	return bytes;
}
