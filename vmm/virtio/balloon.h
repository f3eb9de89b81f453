/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that the guest does not need (virtio 1.2, 5.5). */
#ifndef VMM_VIRTIO_BALLOON_H
#define VMM_VIRTIO_BALLOON_H

#include <stdint.h>

/* Put it on this node's bus. */
void balloon_init(uint8_t bus, uint32_t window);

#endif /* VMM_VIRTIO_BALLOON_H */
