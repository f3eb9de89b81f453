/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory that the guest does not need, on all nodes. */
#ifndef VMM_DISCARD_H
#define VMM_DISCARD_H

#include "options.h"

/* Register the messages; before cluster_start(). */
void discard_init(const struct options *options);

/**
 * discard_memory() - let all nodes give memory of the guest back
 * @host: where it is here; whole pages of it go
 * @len: bytes
 *
 * It reads as zero then, or as before. The guest must not use it until this
 * returns: what it writes may be lost. One thread calls, on the node that has the
 * balloon.
 */
void discard_memory(const void *host, uint64_t len);

#endif /* VMM_DISCARD_H */
