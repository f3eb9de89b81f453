/* SPDX-License-Identifier: GPL-2.0-only */
/* Tokens: numbers by which a node tells its requests from each other. */
#ifndef _SSI_TOKEN_H
#define _SSI_TOKEN_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/types.h>

#ifndef SSI_TOKENS_SHIFT	/* the simulator has few, to run out of them */
#define SSI_TOKENS_SHIFT	17
#define SSI_TOKENS_CHUNK	512	/* their bits are in one cache line */
#endif
#define SSI_TOKENS		BIT(SSI_TOKENS_SHIFT)

/**
 * struct ssi_tokens - the numbers of a node
 * @next: source of chunks of SSI_TOKENS_CHUNK numbers
 * @mine: by CPU: the next number of its chunk; a multiple of SSI_TOKENS_CHUNK if
 *	the chunk is used up
 * @used: bit mask of the numbers that are in use
 *
 * A CPU takes a chunk of numbers at a time, so that CPUs do not write the same
 * cache lines for each request.
 */
struct ssi_tokens {
	atomic_t next;
	u32 __percpu *mine;
	unsigned long *used;
};

/**
 * ssi_token_init() - allocate the numbers of a node
 * @tokens: all zero
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int ssi_token_init(struct ssi_tokens *tokens);

/**
 * ssi_token_exit() - free the numbers of a node
 * @tokens: from ssi_token_init()
 *
 * Context: may sleep.
 */
void ssi_token_exit(struct ssi_tokens *tokens);

/**
 * ssi_token_take() - take a number that is not in use
 * @tokens: the numbers
 *
 * Numbers that were put a short time ago are not taken yet: all other chunks
 * have their turn first.
 *
 * Context: BH disabled.
 * Return: the number, below SSI_TOKENS; or SSI_TOKENS or more if the next
 * numbers are all in use. Such a number is not unique, and is not put.
 */
u32 ssi_token_take(struct ssi_tokens *tokens);

/**
 * ssi_token_put() - the number is no longer in use
 * @tokens: the numbers
 * @number: from ssi_token_take(), below SSI_TOKENS
 *
 * Context: any.
 */
void ssi_token_put(struct ssi_tokens *tokens, u32 number);

#endif /* _SSI_TOKEN_H */
