/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in the files of a checkpoint beside the memory: JSON. */
#ifndef VMM_CHECKPOINT_FILES_H
#define VMM_CHECKPOINT_FILES_H

#include <jansson.h>

#include "checkpoint.h"
#include "checkpoint_memory.h"

/* Write a file that is empty. Return: NULL, or why that has failed, and its hash. */
const char *checkpoint_write_json(int fd, const json_t *json,
				  unsigned char hash[CHECKPOINT_HASH]);

/* What this node has, while the guest stands still. Return: NULL: no memory. */
json_t *checkpoint_describe_node(const struct checkpoint_guest *guest,
				 json_t *blocks);

/*
 * The manifest: what all nodes have in common, and the hash of each node's file.
 * @ticks: the guest's TSC. Return: NULL: no memory.
 */
json_t *checkpoint_describe(const struct checkpoint_guest *guest, uint64_t ticks,
			    const unsigned char hashes[][CHECKPOINT_HASH]);

#endif /* VMM_CHECKPOINT_FILES_H */
