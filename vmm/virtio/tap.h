/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network card that is an interface of the host. */
#ifndef VMM_VIRTIO_TAP_H
#define VMM_VIRTIO_TAP_H

#include <stdbool.h>

#include "../device_options.h"
#include "net.h"

/*
 * Connect to the interface @options->tap. Ends the process with a message on errors.
 */
struct net_link *tap_open(const struct net_options *options);

/* The features of virtio that the kernel's driver of the interface has. */
uint64_t tap_features(void);

/*
 * For a card whose packets the kernel moves: open the queues of the interface, as many as
 * @options has. Ends the process with a message on errors. Return: the MTU.
 */
uint16_t tap_open_queues(const struct net_options *options,
			 int fds[DEVICE_MAX_QUEUES]);

/* Leave to the guest what it has accepted. */
void tap_set_offload(int fd, const char *name, uint64_t features);

/* Let the kernel give packets to a queue of several, or not. Return: 0 or -errno. */
int tap_use_queue(int fd, bool use);

#endif /* VMM_VIRTIO_TAP_H */
