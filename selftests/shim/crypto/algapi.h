/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What files of the module that tests compile need of the kernel's crypto/algapi.h.
 */
#ifndef SHIM_CRYPTO_ALGAPI_H
#define SHIM_CRYPTO_ALGAPI_H

#include <nettle/memops.h>
#include <string.h>

#define __packed		__attribute__((packed))
#define memzero_explicit	explicit_bzero

static inline int crypto_memneq(const void *a, const void *b, size_t len)
{
	return !nettle_memeql_sec(a, b, len);
}

#endif /* SHIM_CRYPTO_ALGAPI_H */
