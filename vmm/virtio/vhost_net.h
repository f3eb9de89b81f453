/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network cards whose packets the host's kernel moves (virtio 1.2, 5.1). */
#ifndef VMM_VIRTIO_VHOST_NET_H
#define VMM_VIRTIO_VHOST_NET_H

#include <stdint.h>

#include "../device_options.h"

struct vhost_net;

/* Open interface and kernel. Ends the process with a message on errors. */
struct vhost_net *vhost_net_open(const struct net_options *options);

/* Put the card on the bus of a node. */
void vhost_net_init(struct vhost_net *net, const uint8_t mac[6], uint8_t bus,
		    uint32_t window);

#endif /* VMM_VIRTIO_VHOST_NET_H */
