/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel module says about a node, as JSON.
 */
#ifndef SSID_DSM_VIEW_H
#define SSID_DSM_VIEW_H

#include <jansson.h>

/**
 * dsm_view_links() - the links of a node
 * @cluster: name of its cluster
 * @node: its id
 *
 * Return: [ { peer, state, transport, security, reason? } ], empty without the module.
 */
json_t *dsm_view_links(const char *cluster, unsigned int node);

/* Its region: { state, reason?, map: [ { node, size } ] }, or NULL. */
json_t *dsm_view_region(const char *cluster, unsigned int node);

#endif /* SSID_DSM_VIEW_H */
