// SPDX-License-Identifier: GPL-2.0-or-later
/* Headers of packets, good and hostile ones: vmm/virtio/net_header.c. */
#include "../../vmm/virtio/net_header.h"

#include <linux/virtio_net.h>
#include <string.h>

#include "../../vmm/virtio/net.h"
#include "tap.h"

#define CSUM	(1ull << VIRTIO_NET_F_CSUM)
#define TSO4	(CSUM | 1ull << VIRTIO_NET_F_HOST_TSO4)
#define TSO6	(CSUM | 1ull << VIRTIO_NET_F_HOST_TSO6)
#define ALL	(TSO4 | TSO6)
#define NEEDED	VIRTIO_NET_HDR_F_NEEDS_CSUM

static const struct {
	const char *what;
	struct virtio_net_hdr_v1 header;
	size_t len;
	uint64_t features;
	bool good;
} trials[] = {
	{ "nothing", { 0 }, 60, 0, true },
	{ "a checksum", { .flags = NEEDED, .csum_start = 34, .csum_offset = 16 },
	  60, CSUM, true },
	{ "a checksum in the last bytes",
	  { .flags = NEEDED, .csum_start = 34, .csum_offset = 24 }, 60, CSUM,
	  true },
	{ "one that ends behind the packet",
	  { .flags = NEEDED, .csum_start = 34, .csum_offset = 25 }, 60, CSUM,
	  false },
	{ "one that begins behind it",
	  { .flags = NEEDED, .csum_start = 61 }, 60, CSUM, false },
	{ "offsets that wrap around",
	  { .flags = NEEDED, .csum_start = 65535, .csum_offset = 65535 }, 65000,
	  CSUM, false },
	{ "one in the Ethernet header",
	  { .flags = NEEDED, .csum_start = 13, .csum_offset = 2 }, 60, CSUM,
	  false },
	{ "segments", { .flags = NEEDED, .csum_start = 34, .csum_offset = 16,
	  .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1448,
	  .hdr_len = 54 }, 20000, TSO4, true },
	{ "segments of IPv6", { .flags = NEEDED, .csum_start = 54,
	  .csum_offset = 16, .gso_type = VIRTIO_NET_HDR_GSO_TCPV6,
	  .gso_size = 1428, .hdr_len = 74 }, 20000, TSO6, true },
	{ "segments without the feature", { .flags = NEEDED, .csum_start = 34,
	  .csum_offset = 16, .gso_type = VIRTIO_NET_HDR_GSO_TCPV6,
	  .gso_size = 1448 }, 20000, TSO4, false },
	{ "segments without a checksum", {
	  .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1448 }, 20000, ALL,
	  false },
	{ "segments of no size", { .flags = NEEDED, .csum_start = 34,
	  .csum_offset = 16, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4 }, 20000, ALL,
	  false },
	{ "a header longer than the packet", { .flags = NEEDED,
	  .csum_start = 34, .csum_offset = 16, .hdr_len = 61, .gso_size = 9,
	  .gso_type = VIRTIO_NET_HDR_GSO_TCPV4 }, 60, ALL, false },
	{ "segments of UDP", { .flags = NEEDED, .csum_start = 34,
	  .csum_offset = 6, .gso_type = VIRTIO_NET_HDR_GSO_UDP,
	  .gso_size = 1448 }, 20000, ALL, false },
	{ "ECN without the feature", { .flags = NEEDED, .csum_start = 34,
	  .csum_offset = 16, .gso_size = 1448, .gso_type =
	  VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN }, 20000, ALL,
	  false },
};

static void test_cases(void)
{
	unsigned char packet[65600];

	for (size_t i = 0; i < ARRAY_SIZE(trials); i++) {
		memset(packet, 0, sizeof(packet));
		memcpy(packet, &trials[i].header, NET_HEADER_SIZE);
		tap_ok(net_header_check(packet, NET_HEADER_SIZE + trials[i].len,
					trials[i].features) == trials[i].good,
		       "%s: %s", trials[i].what,
		       trials[i].good ? "sent" : "not sent");
	}
}

/* Fields that mean nothing reach nobody. */
static void test_cleaned(void)
{
	struct virtio_net_hdr_v1 header;
	unsigned char packet[100];

	memset(packet, 0xff, sizeof(packet));
	packet[1] = VIRTIO_NET_HDR_GSO_NONE;
	memset(&header, 0, sizeof(header));
	tap_ok(net_header_check(packet, sizeof(packet), 0) &&
	       !memcmp(packet, &header, sizeof(header)),
	       "a driver without features has an empty header");
	memset(packet, 0xff, sizeof(packet));
	net_header_prepare(packet, 3, 0);
	memcpy(&header, packet, sizeof(header));
	tap_ok(header.num_buffers == 3 && !header.flags,
	       "it gets packets without flags");
	packet[0] = VIRTIO_NET_HDR_F_DATA_VALID;
	net_header_prepare(packet, 1, 1ull << VIRTIO_NET_F_GUEST_CSUM);
	tap_ok(packet[0] == VIRTIO_NET_HDR_F_DATA_VALID, "others get them");
}

int main(void)
{
	tap_plan(ARRAY_SIZE(trials) + 3);
	test_cases();
	test_cleaned();
	return tap_exit();
}
