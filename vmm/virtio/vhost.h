/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vhost-net: the host's kernel moves the packets of a card. */
#ifndef VMM_VIRTIO_VHOST_H
#define VMM_VIRTIO_VHOST_H

#include <stdint.h>

#include "queue.h"

#define VHOST_QUEUES	2	/* of one pair: receive, send */

/**
 * struct vhost - the kernel's side of a card
 * @name: of its interface, for the log
 * @fd: of /dev/vhost-net
 * @tap: of the interface
 * @kick_fds: eventfds that tell the kernel of buffers
 * @call_fds: eventfds by which the kernel asks for interrupts
 * @rings: the queues, as the driver has set them up
 * @bases: where the kernel goes on in each queue
 */
struct vhost {
	const char *name;
	int fd;
	int tap;
	int kick_fds[VHOST_QUEUES];
	int call_fds[VHOST_QUEUES];
	struct queue_setup rings[VHOST_QUEUES];
	uint16_t bases[VHOST_QUEUES];
};

/* Open it for a tap. Ends the process with a message on errors. */
struct vhost *vhost_open(const char *name, int tap);

/*
 * Let the kernel work with @vhost->rings, and stop it. When it has stopped, it touches
 * no guest memory. Return: 0, or -errno.
 */
int vhost_start(struct vhost *vhost, uint64_t features);
void vhost_stop(struct vhost *vhost);

/* The driver has buffers in a queue; from any thread. */
void vhost_kick(struct vhost *vhost, unsigned int queue);

#endif /* VMM_VIRTIO_VHOST_H */
