// SPDX-License-Identifier: GPL-2.0-or-later
/* The header in front of each packet of a network card (virtio 1.2, 5.1.6). */
#include "net_header.h"

#include <linux/if_ether.h>
#include <linux/virtio_net.h>
#include <string.h>

#include "net.h"

_Static_assert(sizeof(struct virtio_net_hdr_v1) == NET_HEADER_SIZE,
	       "virtio 1.2, 5.1.6");

static bool has(uint64_t features, unsigned int feature)
{
	return features & 1ull << feature;
}

/* The checksum is of the bytes from csum_start on, and is stored in there. */
static bool is_checksum_inside(const struct virtio_net_hdr_v1 *header,
			       size_t len)
{
	size_t end = (size_t)header->csum_start + header->csum_offset +
		     sizeof(uint16_t);

	return header->csum_start >= ETH_HLEN && end <= len;
}

/* A packet that the host cuts into segments must have a checksum (5.1.6.2). */
static bool are_segments_possible(const struct virtio_net_hdr_v1 *header,
				  size_t len, uint64_t features)
{
	if (header->gso_type == VIRTIO_NET_HDR_GSO_TCPV4) {
		if (!has(features, VIRTIO_NET_F_HOST_TSO4))
			return false;
	} else if (header->gso_type == VIRTIO_NET_HDR_GSO_TCPV6) {
		if (!has(features, VIRTIO_NET_F_HOST_TSO6))
			return false;
	} else {
		return false;
	}
	return (header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) &&
	       header->gso_size && header->hdr_len <= len;
}

bool net_header_check(unsigned char *packet, size_t len, uint64_t features)
{
	struct virtio_net_hdr_v1 header;
	bool is_good = true;

	memcpy(&header, packet, sizeof(header));
	len -= sizeof(header);
	header.num_buffers = 0;
	/* Unknown bits are to be ignored. */
	header.flags &= has(features, VIRTIO_NET_F_CSUM) ?
			VIRTIO_NET_HDR_F_NEEDS_CSUM : 0;
	if (header.flags)
		is_good = is_checksum_inside(&header, len);
	else
		header.csum_start = header.csum_offset = 0;
	if (header.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		is_good = is_good &&
			  are_segments_possible(&header, len, features);
	else
		header.gso_size = header.hdr_len = 0;
	memcpy(packet, &header, sizeof(header));
	return is_good;
}

void net_header_prepare(unsigned char *packet, uint16_t buffers,
			uint64_t features)
{
	struct virtio_net_hdr_v1 header;

	memcpy(&header, packet, sizeof(header));
	header.num_buffers = buffers;
	/* The host's kernel may have checked it, which no such driver can know. */
	if (!has(features, VIRTIO_NET_F_GUEST_CSUM))
		header.flags = 0;
	memcpy(packet, &header, sizeof(header));
}
