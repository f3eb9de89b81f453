/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nodes of the cluster that are on this host.
 */
#ifndef SSID_NODES_H
#define SSID_NODES_H

#include "rest.h"

/**
 * nodes_view() - how a node of this host does
 * @plan: the cluster
 * @id: the node
 *
 * Return: { id, cluster, state, exit?, links, region? }; state is one of
 *	none (not started), starting, running, ending, ended.
 */
json_t *nodes_view(const json_t *plan, unsigned int id);

/* Start a node of this host. Return: 0 or -1. */
int nodes_start(json_t *plan, unsigned int id, struct failure *failure);

/* End it, and clean up if it was the last one of this host. Return: 0 or -1. */
int nodes_end(unsigned int id, struct failure *failure);

/* Give it another file while it runs, see change_node(). Return: 0 or -1. */
int nodes_change(json_t *plan, unsigned int id, struct failure *failure);

/* Does ssi-vmm of any node of @plan run on this host? */
bool nodes_any_runs(const json_t *plan);

#endif /* SSID_NODES_H */
