/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's memory as a map: who owns which part of it, and where pages move.
 */
#ifndef SSID_HEAT_H
#define SSID_HEAT_H

#include "rest.h"

/**
 * heat_view() - the map
 * @request: the query "cells" has the number of cells, 1024 without it
 * @home: only the part whose home is this node of this host; -1: all, asks all hosts
 * @failure: out
 *
 * Return: { size, cell_size, moves, shared, owned: [ { node, pages } ] }, or NULL. "moves",
 *	"shared" and "pages" have a number for each cell: changes of the owner of a page,
 *	pages that several nodes may have, pages that the node owns.
 */
json_t *heat_view(const struct request *request, int home,
		  struct failure *failure);

#endif /* SSID_HEAT_H */
