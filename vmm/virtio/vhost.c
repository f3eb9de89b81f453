// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vhost-net: the host's kernel moves packets between a queue of a tap and the
 * guest's memory (Linux, drivers/vhost/net.c).
 *
 * The kernel's thread uses this process's memory like one of its threads. Only guests
 * of one node have it: in a region of several nodes that thread would wait for
 * pages of other nodes, which it cannot be interrupted in.
 */
#include "vhost.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../log.h"
#include "../memory.h"
#include "../vm.h"

#define DEVICE		"/dev/vhost-net"
#define NO_BACKEND	(-1)
#define USED_ENTRY	8u	/* virtio 1.2, 2.7.8 */

/* Those that concern the kernel; the others are between driver and card. */
#define FEATURES	(1ull << VIRTIO_NET_F_MRG_RXBUF | 1ull << 28 | \
			 1ull << 29 | 1ull << 32)

static void need_features(const struct vhost *vhost)
{
	uint64_t features;

	if (ioctl(vhost->fd, VHOST_GET_FEATURES, &features) ||
	    (features & FEATURES) != FEATURES)
		die(EXIT_HOST, "The host's vhost-net has not all features that the card of %s needs; use vhost=off.",
		    vhost->name);
}

void vhost_open(struct vhost *vhost, const char *name, int tap)
{
	vhost->name = name;
	vhost->tap = tap;
	vhost->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (vhost->fd < 0)
		die(EXIT_HOST, DEVICE " cannot be opened: %s; load the module vhost_net, or use vhost=off.",
		    strerror(errno));
	need_features(vhost);
	for (unsigned int i = 0; i < VHOST_QUEUES; i++) {
		vhost->kick_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		vhost->call_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (vhost->kick_fds[i] < 0 || vhost->call_fds[i] < 0)
			die(EXIT_HOST, "The host gives no descriptors for a network card: %s.",
			    strerror(errno));
	}
	/* The memory of this process is what the kernel works with from now on. */
	if (ioctl(vhost->fd, VHOST_SET_OWNER))
		die(EXIT_HOST, "The host's vhost-net does not work for %s: %s.",
		    name, strerror(errno));
}

static void put_region(struct vhost_memory *memory, uint64_t gpa, uint64_t size)
{
	memory->regions[memory->nregions++] = (struct vhost_memory_region) {
		.guest_phys_addr = gpa, .memory_size = size,
		.userspace_addr = (uintptr_t)memory_at(gpa, size),
	};
}

static int set_memory(const struct vhost *vhost)
{
	struct {
		struct vhost_memory memory;
		struct vhost_memory_region regions[2];
	} table = { 0 };
	uint64_t low = memory_low_size();

	put_region(&table.memory, 0, low);
	if (memory_size() > low)
		put_region(&table.memory, MEMORY_HOLE_END, memory_size() - low);
	return ioctl(vhost->fd, VHOST_SET_MEM_TABLE, &table);
}

static uint64_t host_address(uint64_t gpa, uint64_t len)
{
	return (uintptr_t)memory_at(gpa, len);
}

static int start_ring(const struct vhost *vhost, unsigned int i)
{
	const struct queue_setup *ring = &vhost->rings[i];
	struct vhost_vring_state size = { .index = i, .num = ring->size };
	struct vhost_vring_state base = { .index = i, .num = vhost->bases[i] };
	struct vhost_vring_file kick = { .index = i, .fd = vhost->kick_fds[i] };
	struct vhost_vring_file call = { .index = i, .fd = vhost->call_fds[i] };
	struct vhost_vring_addr addr = {
		.index = i,
		/* checked when the device was started: they are RAM */
		.desc_user_addr = host_address(ring->desc, 16u * ring->size),
		.avail_user_addr = host_address(ring->avail, 6 + 2u * ring->size),
		.used_user_addr = host_address(ring->used, 6 + USED_ENTRY * ring->size),
	};

	if (ioctl(vhost->fd, VHOST_SET_VRING_NUM, &size) ||
	    ioctl(vhost->fd, VHOST_SET_VRING_BASE, &base) ||
	    ioctl(vhost->fd, VHOST_SET_VRING_ADDR, &addr) ||
	    ioctl(vhost->fd, VHOST_SET_VRING_KICK, &kick) ||
	    ioctl(vhost->fd, VHOST_SET_VRING_CALL, &call))
		return -1;
	return 0;
}

static int set_backend(const struct vhost *vhost, unsigned int i, int fd)
{
	struct vhost_vring_file backend = { .index = i, .fd = fd };

	return ioctl(vhost->fd, VHOST_NET_SET_BACKEND, &backend);
}

int vhost_start(struct vhost *vhost, uint64_t features)
{
	features &= FEATURES;
	if (ioctl(vhost->fd, VHOST_SET_FEATURES, &features) || set_memory(vhost))
		return -errno;
	for (unsigned int i = 0; i < VHOST_QUEUES; i++)
		if (vhost->rings[i].enabled &&
		    (start_ring(vhost, i) || set_backend(vhost, i, vhost->tap)))
			return -errno;
	/* Buffers may have come before. */
	for (unsigned int i = 0; i < VHOST_QUEUES; i++)
		vhost_kick(vhost, i);
	return 0;
}

void vhost_stop(struct vhost *vhost)
{
	for (unsigned int i = 0; i < VHOST_QUEUES; i++) {
		struct vhost_vring_state base = { .index = i };

		if (!vhost->rings[i].enabled)
			continue;
		set_backend(vhost, i, NO_BACKEND);
		if (!ioctl(vhost->fd, VHOST_GET_VRING_BASE, &base))
			vhost->bases[i] = base.num;
	}
}

void vhost_kick(struct vhost *vhost, unsigned int queue)
{
	const uint64_t one = 1;

	/* It fails only if the counter is full, and then a kick is pending. */
	if (write(vhost->kick_fds[queue], &one, sizeof(one)) < 0)
		return;
}

void vhost_place(struct vhost *vhost, unsigned int queue, uint64_t gpa)
{
	uint64_t *place = &vhost->places[queue];

	if (*place == gpa)
		return;
	if (*place)
		vm_listen(*place, vhost->kick_fds[queue], false);
	/* Without it the write ends KVM_RUN, and the device kicks. */
	*place = gpa && !vm_listen(gpa, vhost->kick_fds[queue], true) ? gpa : 0;
}
