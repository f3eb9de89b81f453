// SPDX-License-Identifier: GPL-2.0-only
/* Tokens: numbers by which a node tells its requests from each other. */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "net/token.h"

#define TRIES	16	/* numbers in use that are skipped at a time */

void ssi_token_exit(struct ssi_tokens *tokens)
{
	free_percpu(tokens->mine);
	kvfree(tokens->used);
}

int ssi_token_init(struct ssi_tokens *tokens)
{
	tokens->used = kvcalloc(BITS_TO_LONGS(SSI_TOKENS), sizeof(long),
				GFP_KERNEL);
	tokens->mine = alloc_percpu(u32);
	if (tokens->used && tokens->mine)
		return 0;
	ssi_token_exit(tokens);
	return -ENOMEM;
}

u32 ssi_token_take(struct ssi_tokens *tokens)
{
	u32 *mine = this_cpu_ptr(tokens->mine);
	u32 number = 0, i;

	for (i = 0; i < TRIES; i++) {
		if (*mine % SSI_TOKENS_CHUNK == 0)
			*mine = atomic_inc_return(&tokens->next) *
				SSI_TOKENS_CHUNK;
		number = (*mine)++;
		if (!test_and_set_bit(number % SSI_TOKENS, tokens->used))
			return number % SSI_TOKENS;
	}
	return number | SSI_TOKENS;
}

void ssi_token_put(struct ssi_tokens *tokens, u32 number)
{
	clear_bit(number, tokens->used);
}
