// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's memory in a checkpoint: sparse files, with a hash for each block. */
#include "checkpoint_memory.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "state_json.h"

#define BLOCK_PAGES	(CHECKPOINT_BLOCK / CHECKPOINT_PAGE)

bool checkpoint_hash(const void *data, size_t len,
		     unsigned char hash[CHECKPOINT_HASH])
{
	return !gnutls_hash_fast(GNUTLS_DIG_SHA256, data, len, hash);
}

static bool is_zero(const unsigned char *page)
{
	return !page[0] && !memcmp(page, page + 1, CHECKPOINT_PAGE - 1);
}

static bool is_owned(const uint64_t *owned, uint64_t page)
{
	return !owned || owned[page / 64] & 1ull << page % 64;
}

/* ---- writing ---- */

/* Return: whether any page of the block is not zero. */
static bool gather_block(uint64_t number, const uint64_t *owned,
			 unsigned char *block)
{
	const unsigned char *from = (unsigned char *)memory_host() +
				    number * CHECKPOINT_BLOCK;
	bool any = false;

	for (unsigned int i = 0; i < BLOCK_PAGES; i++) {
		size_t at = i * CHECKPOINT_PAGE;

		if (is_owned(owned, number * BLOCK_PAGES + i) &&
		    !is_zero(from + at)) {
			memcpy(block + at, from + at, CHECKPOINT_PAGE);
			any = true;
		} else {
			memset(block + at, 0, CHECKPOINT_PAGE);
		}
	}
	return any;
}

/* Return: 0 or -errno. */
static int write_all(int fd, const unsigned char *data, size_t len, off_t at)
{
	while (len) {
		ssize_t done = pwrite(fd, data, len, at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -EIO;
		data += done;
		len -= done;
		at += done;
	}
	return 0;
}

/* Only pages that are not zero. Return: 0 or -errno. */
static int write_block(int fd, uint64_t number, const unsigned char *block)
{
	size_t at = 0, end;
	int err = 0;

	while (!err && at < CHECKPOINT_BLOCK) {
		for (end = at; end < CHECKPOINT_BLOCK && !is_zero(block + end);)
			end += CHECKPOINT_PAGE;
		if (end > at)
			err = write_all(fd, block + at, end - at,
					number * CHECKPOINT_BLOCK + at);
		at = end + CHECKPOINT_PAGE;
	}
	return err;
}

/* Return: 0 or -errno. */
static int add_block(json_t *blocks, uint64_t number, const unsigned char *block)
{
	unsigned char hash[CHECKPOINT_HASH];
	json_t *entry;

	if (!checkpoint_hash(block, CHECKPOINT_BLOCK, hash))
		return -EIO;
	entry = json_pack("[I, o]", (json_int_t)number,
			  state_json_bytes(hash, sizeof(hash)));
	return json_array_append_new(blocks, entry) ? -ENOMEM : 0;
}

static int write_blocks(int fd, const uint64_t *owned, json_t *blocks)
{
	unsigned char *block = malloc(CHECKPOINT_BLOCK);
	int err = block && blocks ? 0 : -ENOMEM;

	for (uint64_t i = 0; !err && i < memory_size() / CHECKPOINT_BLOCK; i++) {
		if (!gather_block(i, owned, block))
			continue;
		err = write_block(fd, i, block);
		if (!err)
			err = add_block(blocks, i, block);
	}
	free(block);
	return err;
}

json_t *checkpoint_memory_write(int fd, const uint64_t *owned,
				char why[CHECKPOINT_WHY_MAX])
{
	json_t *blocks = json_array();
	int err = write_blocks(fd, owned, blocks);

	if (!err && (ftruncate(fd, memory_size()) || fdatasync(fd)))
		err = -errno;
	if (!err)
		return blocks;
	json_decref(blocks);
	snprintf(why, CHECKPOINT_WHY_MAX, "the guest's memory cannot be written: %s",
		 strerror(-err));
	return NULL;
}

/* ---- reading ---- */

static bool read_block(int fd, uint64_t number, unsigned char *block)
{
	size_t done = 0;

	while (done < CHECKPOINT_BLOCK) {
		ssize_t got = pread(fd, block + done, CHECKPOINT_BLOCK - done,
				    number * CHECKPOINT_BLOCK + done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		done += got;
	}
	return true;
}

bool checkpoint_memory_add(int fd, const json_t *entry, uint64_t number,
			   unsigned char *block)
{
	unsigned char expected[CHECKPOINT_HASH], hash[CHECKPOINT_HASH];
	unsigned char *from = malloc(CHECKPOINT_BLOCK);
	bool good = from && state_json_read(json_array_get(entry, 1), expected,
					    sizeof(expected)) &&
		    read_block(fd, number, from) &&
		    checkpoint_hash(from, CHECKPOINT_BLOCK, hash) &&
		    !memcmp(hash, expected, sizeof(hash));

	for (size_t at = 0; good && at < CHECKPOINT_BLOCK; at += CHECKPOINT_PAGE)
		if (!is_zero(from + at))
			memcpy(block + at, from + at, CHECKPOINT_PAGE);
	free(from);
	return good;
}

bool checkpoint_memory_read(int fd, const json_t *blocks, uint64_t first,
			    uint64_t end, char why[CHECKPOINT_WHY_MAX])
{
	const uint64_t count = memory_size() / CHECKPOINT_BLOCK;
	unsigned char *memory = memory_host();
	bool good = true;
	json_t *entry;
	size_t i;

	json_array_foreach(blocks, i, entry) {
		uint64_t number = json_integer_value(json_array_get(entry, 0));

		if (!good)
			break;
		if (number < count && (number * CHECKPOINT_BLOCK < first ||
				       number * CHECKPOINT_BLOCK >= end))
			continue;
		good = number < count &&
		       checkpoint_memory_add(fd, entry, number,
					     memory + number * CHECKPOINT_BLOCK);
		if (!good)
			snprintf(why, CHECKPOINT_WHY_MAX, "block %llu of 2 MiB is not as it was written",
				 (unsigned long long)number);
	}
	return good;
}
