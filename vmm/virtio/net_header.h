/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The header in front of each packet of a network card (virtio 1.2, 5.1.6). */
#ifndef VMM_VIRTIO_NET_HEADER_H
#define VMM_VIRTIO_NET_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * net_header_check() - check the header of a packet that the guest sends
 * @packet: the header and the packet; the header is put into order
 * @len: bytes of both, at least a header and one byte
 * @features: those that the driver has accepted
 *
 * The host's kernel gets only what a driver may ask for, and only offsets that are
 * inside of the packet.
 *
 * Return: false if the packet must not be sent.
 */
bool net_header_check(unsigned char *packet, size_t len, uint64_t features);

/*
 * Put the header of a packet for the guest into order; it uses @buffers receive
 * buffers.
 */
void net_header_prepare(unsigned char *packet, uint16_t buffers,
			uint64_t features);

#endif /* VMM_VIRTIO_NET_HEADER_H */
