/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The distance of each node to the memory of each. */
#ifndef VMM_MEASURE_H
#define VMM_MEASURE_H

#include "options.h"

/* Register the message; before cluster_start(). */
void measure_init(void);

/**
 * measure_nodes() - measure the distances that are not in the configuration
 * @options: the cluster; on node 0 missing rows are filled in
 *
 * Does nothing if no row is missing, or there is one node. Must be called on all
 * nodes at the same time, with the memory mapped and all zero, before the guest is
 * loaded. Waits for the other nodes. Distances to a node without memory cannot be
 * measured and keep their usual value.
 */
void measure_nodes(struct options *options);

#endif /* VMM_MEASURE_H */
