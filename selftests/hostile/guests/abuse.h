/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What no driver may do, and any can, whatever the device. */
#ifndef HOSTILE_ABUSE_H
#define HOSTILE_ABUSE_H

#include "virtio.h"

/* All that is below, with a result for each. */
void abuse_device(struct virtio *v);

/* Queues that are not where or as large as a queue can be. */
void abuse_places(struct virtio *v);

/* Chains in @queue that are none. */
void abuse_chains(struct virtio *v, unsigned int queue);

/* Registers at moments and in sizes in which drivers do not touch them. */
void abuse_registers(struct virtio *v);

/* Resets while the device is busy. */
void abuse_resets(struct virtio *v);

/* For a while, any of it in any order. */
void abuse_at_random(struct virtio *v);

#endif /* HOSTILE_ABUSE_H */
