/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's memory in a checkpoint: sparse files, with a hash for each block. */
#ifndef VMM_CHECKPOINT_MEMORY_H
#define VMM_CHECKPOINT_MEMORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECKPOINT_BLOCK	(2u << 20)
#define CHECKPOINT_PAGE		4096u
#define CHECKPOINT_HASH		32	/* bytes of SHA-256 */
#define CHECKPOINT_WHY_MAX	160

/**
 * checkpoint_memory_write() - write pages at their places in the guest's memory
 * @fd: of a file that is empty
 * @owned: a bit for each page that this node writes; NULL: all
 * @why: out: the reason of a failure, the end of a sentence
 *
 * Pages that are zero become holes. No CPU or device of the guest may write meanwhile.
 *
 * Return: an array with an entry for each block that is not zero: its number and its hash.
 * NULL: it has failed.
 */
json_t *checkpoint_memory_write(int fd, const uint64_t *owned,
				char why[CHECKPOINT_WHY_MAX]);

/**
 * checkpoint_memory_read() - read the blocks of a file into the guest's memory
 * @fd: the file
 * @blocks: what checkpoint_memory_write() has returned
 * @first: first byte of the memory that is wanted, a multiple of a block
 * @end: the byte behind the last
 * @why: out: the reason of a failure, the end of a sentence
 *
 * Several files may have different pages of a block: a page that is zero in a file is not
 * touched. The memory must be zero before.
 *
 * Return: whether all blocks are those that were written.
 */
bool checkpoint_memory_read(int fd, const json_t *blocks, uint64_t first,
			    uint64_t end, char why[CHECKPOINT_WHY_MAX]);

/*
 * Read a block of a file, whose @entry is of that array, and add its pages that are not zero
 * to @block. Any thread. Return: whether it is the one that was written.
 */
bool checkpoint_memory_add(int fd, const json_t *entry, uint64_t number,
			   unsigned char *block);

/* SHA-256 of some bytes. Return: false: the library has failed. */
bool checkpoint_hash(const void *data, size_t len,
		     unsigned char hash[CHECKPOINT_HASH]);

#endif /* VMM_CHECKPOINT_MEMORY_H */
