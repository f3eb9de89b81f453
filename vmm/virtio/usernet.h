/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network card without an interface of the host: its network is libslirp. */
#ifndef VMM_VIRTIO_USERNET_H
#define VMM_VIRTIO_USERNET_H

#include "../device_options.h"
#include "net.h"

/*
 * Make a network with the guest as 10.0.2.15. Ends the process with a message if a
 * port cannot be forwarded.
 */
struct net_link *usernet_open(const struct net_options *options);

#endif /* VMM_VIRTIO_USERNET_H */
