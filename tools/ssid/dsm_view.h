/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel module says about a node, as JSON.
 */
#ifndef SSID_DSM_VIEW_H
#define SSID_DSM_VIEW_H

#include <jansson.h>
#include <stdint.h>

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

/* The map of the memory that a node of this host has, or NULL. */
json_t *dsm_view_map(const json_t *plan);

/* The size of that memory in bytes; 0 if no node of @plan runs here. */
uint64_t dsm_view_size(const json_t *plan);

#endif /* SSID_DSM_VIEW_H */
