/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers of the host (virtio 1.2, 5.4). */
#ifndef VMM_VIRTIO_RNG_H
#define VMM_VIRTIO_RNG_H

#include <stdint.h>

/* Put the device on the bus of a node. */
void rng_init(uint8_t bus, uint32_t window);

#endif /* VMM_VIRTIO_RNG_H */
