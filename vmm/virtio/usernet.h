/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network card without an interface of the host: its network is libslirp. */
#ifndef VMM_VIRTIO_USERNET_H
#define VMM_VIRTIO_USERNET_H

#include "net.h"

/**
 * usernet_open() - make a network with the guest as 10.0.2.15
 * @forwards: "tcp:[ADDRESS]:PORT-:PORT", or udp
 * @count: how many
 *
 * Ends the process with a message if a port cannot be forwarded.
 */
struct net_link *usernet_open(const char *const *forwards, unsigned int count);

#endif /* VMM_VIRTIO_USERNET_H */
