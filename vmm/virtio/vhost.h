/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vhost-net: the host's kernel moves the packets of a pair of queues. */
#ifndef VMM_VIRTIO_VHOST_H
#define VMM_VIRTIO_VHOST_H

#include <stdint.h>

#include "queue.h"

#define VHOST_QUEUES	2	/* of one pair: receive, send */

/**
 * struct vhost - the kernel's side of a pair
 * @name: of its interface, for the log
 * @fd: of /dev/vhost-net
 * @tap: of the interface
 * @kick_fds: eventfds that tell the kernel of buffers
 * @call_fds: eventfds by which the kernel asks for interrupts
 * @rings: the queues, as the driver has set them up
 * @bases: where the kernel goes on in each queue
 * @places: the guest's addresses whose writes signal @kick_fds; 0: none
 */
struct vhost {
	const char *name;
	int fd;
	int tap;
	int kick_fds[VHOST_QUEUES];
	int call_fds[VHOST_QUEUES];
	struct queue_setup rings[VHOST_QUEUES];
	uint16_t bases[VHOST_QUEUES];
	uint64_t places[VHOST_QUEUES];
};

/* Open it for a queue of a tap. Ends the process with a message on errors. */
void vhost_open(struct vhost *vhost, const char *name, int tap);

/*
 * Let the kernel work with @vhost->rings, and stop it. When it has stopped, it touches
 * no guest memory. Return: 0, or -errno.
 */
int vhost_start(struct vhost *vhost, uint64_t features);
void vhost_stop(struct vhost *vhost);

/* The driver has buffers in a queue; from any thread. */
void vhost_kick(struct vhost *vhost, unsigned int queue);

/*
 * Let a write of the guest to @gpa do the same without this process; 0: no longer. With the
 * device lock held.
 */
void vhost_place(struct vhost *vhost, unsigned int queue, uint64_t gpa);

#endif /* VMM_VIRTIO_VHOST_H */
