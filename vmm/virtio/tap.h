/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network card that is an interface of the host. */
#ifndef VMM_VIRTIO_TAP_H
#define VMM_VIRTIO_TAP_H

#include "../device_options.h"
#include "net.h"

/*
 * Connect to the interface @options->tap. Ends the process with a message on errors.
 */
struct net_link *tap_open(const struct net_options *options);

#endif /* VMM_VIRTIO_TAP_H */
