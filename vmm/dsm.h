/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel module: this node's part of the cluster, memory and channel. */
#ifndef VMM_DSM_H
#define VMM_DSM_H

#include <stddef.h>

#include "options.h"

/* struct ssi_dsm_msg with room for any payload. */

/**
 * dsm_join() - create this node, its peers and the region; map the memory
 * @options: the cluster
 *
 * The kernel removes all of it when this process ends. If the kernel refuses, ends
 * the process with the kernel's reason. Does not wait for other nodes.
 *
 * Return: the memory, which faults until all nodes have joined.
 */
void *dsm_join(const struct options *options);

/*
 * Give the memory of the pages in a range back that only this node has; they are
 * zero then. See SSI_DSM_DISCARD.
 */
void dsm_discard(uint64_t offset, uint64_t len);

/* Send on the channel, from any thread. Return: 0 or -errno. */
int dsm_send(unsigned int node, const void *data, size_t len);

/*
 * The next message, which stays until the next call. One thread calls this.
 * Return: 0 or -errno.
 */
int dsm_read(const struct ssi_dsm_msg **message);

/**
 * dsm_link_problem() - why is there no link to a node?
 * @node: the node
 * @text: out: a part of a sentence
 * @size: of @text
 *
 * Not from several threads at once.
 * Return: 1 if there is no link, 0 if there is, or -errno.
 */
int dsm_link_problem(unsigned int node, char *text, size_t size);

#endif /* VMM_DSM_H */
