// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests of a disk, one at a time. */
#include "blk.h"

static struct ring ring;
static struct {
	uint32_t type, reserved;
	uint64_t sector;
} header;
static volatile uint8_t status;
static uint16_t returned;

void blk_start(struct virtio *v, uint32_t features)
{
	virtio_negotiate(v, features);
	virtio_use_ring(v, 0, &ring, 16);
	virtio_set_status(v, READY);
	returned = 0;
}

uint8_t blk_request(struct virtio *v, uint32_t type, uint64_t sector,
		    void *data, uint32_t len)
{
	header.type = type;
	header.sector = sector;
	status = NO_ANSWER;
	ring_describe(&ring, 0, &header, sizeof(header), DESC_NEXT);
	ring_describe(&ring, 1, data, len,
		      DESC_NEXT | (type == T_IN ? DESC_WRITE : 0));
	ring_describe(&ring, 2, (const void *)&status, 1, DESC_WRITE);
	ring_offer(&ring, 0);
	virtio_notify(v, 0);
	return ring_wait(v, &ring, ++returned) ? status : NO_ANSWER;
}
