/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel module: the guest's memory and the channel. */
#ifndef VMM_DSM_H
#define VMM_DSM_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

#define DSM_REGION	1	/* id; a cluster has one guest */

/**
 * dsm_join() - have the keeper create this node and its region; map the memory
 * @options: the cluster
 *
 * Ends the process if the memory cannot be attached. Does not wait for other nodes.
 *
 * Return: the memory, which faults until all nodes have joined.
 */
void *dsm_join(const struct options *options);

/*
 * Give the memory of the pages in a range back that only this node has; they are
 * zero then. See SSI_DSM_DISCARD.
 */
void dsm_discard(uint64_t offset, uint64_t len);

/*
 * Set the bits of the pages in a range that this node owns, see SSI_DSM_OWNED; the other
 * bits stay. @offset and @len are multiples of 2 MiB. @homes_given: out: how many homes of
 * memory this node has given away. Return: false if the module refuses.
 */
bool dsm_owned(uint64_t offset, uint64_t len, uint64_t *bits,
	       uint64_t *homes_given);

/* Send on the channel, from any thread. Return: 0 or -errno. */
int dsm_send(unsigned int node, const void *data, size_t len);

/*
 * The next message, which stays until the next call. One thread calls this.
 * Return: 0 or -errno.
 */
int dsm_read(const struct ssi_dsm_msg **message);

#endif /* VMM_DSM_H */
