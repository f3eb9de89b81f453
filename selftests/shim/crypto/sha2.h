/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's SHA-256, made of nettle's, for files of the module that tests compile.
 */
#ifndef SHIM_CRYPTO_SHA2_H
#define SHIM_CRYPTO_SHA2_H

#include <nettle/sha2.h>

#undef sha256_init
#undef sha256_update

struct sha256_state {
	struct sha256_ctx nettle;
};

static inline void sha256_init(struct sha256_state *state)
{
	nettle_sha256_init(&state->nettle);
}

static inline void sha256_update(struct sha256_state *state, const void *data,
				 unsigned int len)
{
	nettle_sha256_update(&state->nettle, len, data);
}

static inline void sha256_final(struct sha256_state *state, unsigned char *out)
{
	nettle_sha256_digest(&state->nettle, SHA256_DIGEST_SIZE, out);
}

#endif /* SHIM_CRYPTO_SHA2_H */
