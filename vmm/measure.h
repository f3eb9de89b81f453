/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far it is from each node to the memory of each. */
#ifndef VMM_MEASURE_H
#define VMM_MEASURE_H

#include "options.h"

/* Register the message; before cluster_start(). */
void measure_init(void);

/**
 * measure_nodes() - fill in what the user did not say of the nodes' distances
 * @options: the cluster; on node 0 rows that nobody gave are set
 *
 * Does nothing where all is said, or there is one node. On all nodes at the
 * same time, with the memory mapped and the guest not yet in it: it may only
 * be zeroes. Waits for the others. A node that another one cannot be measured
 * to, since it gives no memory, keeps the usual distance.
 */
void measure_nodes(struct options *options);

#endif /* VMM_MEASURE_H */
