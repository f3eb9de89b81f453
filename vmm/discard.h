/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory that the guest does not need, on all nodes. */
#ifndef VMM_DISCARD_H
#define VMM_DISCARD_H

#include "options.h"

/* Register the messages; before cluster_start(). */
void discard_init(const struct options *options);

/**
 * discard_memory() - free memory of the guest on all nodes
 * @host: its address on this host; only whole pages are discarded
 * @len: bytes
 *
 * The memory reads as zero then, or as before. The guest must not use it until this
 * returns, or its writes may be lost. Only one thread calls this, on the node that
 * has the balloon.
 */
void discard_memory(const void *host, uint64_t len);

#endif /* VMM_DISCARD_H */
