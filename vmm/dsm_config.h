/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This node's part of the cluster, in the kernel module. For the keeper. */
#ifndef VMM_DSM_CONFIG_H
#define VMM_DSM_CONFIG_H

#include <stddef.h>

#include "options.h"

/* Connect to the module. Ends the process if that is not possible. */
void dsm_config_open(const struct options *options);

/*
 * Create the node, its peers and the region. They belong to this connection. If the
 * module refuses, ends the process with the module's reason. Does not wait for other
 * nodes.
 */
void dsm_config_create(void);

/* Close the connection: the module deletes all of it before this returns. */
void dsm_config_close(void);

/**
 * dsm_config_link() - why is there no link to a node?
 * @node: the node
 * @text: out: a part of a sentence
 * @size: of @text
 *
 * Return: 1 if there is no link, 0 if there is, or -errno.
 */
int dsm_config_link(unsigned int node, char *text, size_t size);

#endif /* VMM_DSM_CONFIG_H */
