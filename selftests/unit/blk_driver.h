/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver of a virtio disk, for unit tests: one request at a time. */
#ifndef BLK_DRIVER_H
#define BLK_DRIVER_H

#include <linux/virtio_blk.h>

#include "virtio_driver.h"

#define HEADER_GPA	(RAM_GPA + 0x3000)
#define STATUS_GPA	(RAM_GPA + 0x3100)
#define DISK_SECTORS	2048u
#define BLK_FEATURES	(1u << VIRTIO_BLK_F_FLUSH)

static inline void put_header(uint32_t type, uint64_t sector)
{
	put(HEADER_GPA, type, 8);
	put(HEADER_GPA + 8, sector, 8);
	put(STATUS_GPA, 0xee, 1);
}

/* One request; @flags: WRITE if the device writes the data. Its status. */
static inline uint8_t request(uint32_t type, uint64_t sector, uint32_t len,
			      uint16_t flags)
{
	put_header(type, sector);
	put_desc(0, HEADER_GPA, 16, NEXT);
	put_desc(1, DATA_GPA, len, NEXT | flags);
	put_desc(2, STATUS_GPA, 1, WRITE);
	if (!len) {
		put_desc(0, HEADER_GPA, 16, NEXT);
		put_desc(1, STATUS_GPA, 1, WRITE);
	}
	offer(0);
	if (!wait_for_device())
		return 0xff;
	return *(uint8_t *)memory_at(STATUS_GPA, 1);
}

static inline void fill(unsigned char seed, size_t len)
{
	unsigned char *data = memory_at(DATA_GPA, len);

	for (size_t i = 0; i < len; i++)
		data[i] = seed + i * 7 + (i >> 9);
}

static inline bool is_filled(const unsigned char *data, unsigned char seed, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] != (unsigned char)(seed + i * 7 + (i >> 9)))
			return false;
	return true;
}

#endif /* BLK_DRIVER_H */
