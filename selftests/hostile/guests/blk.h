/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of a disk, one at a time. */
#ifndef HOSTILE_BLK_H
#define HOSTILE_BLK_H

#include "virtio.h"

#define T_IN		0
#define T_OUT		1
#define S_OK		0
#define S_IOERR		1
#define NO_ANSWER	0xee
#define F_BLK_SIZE	(1u << 6)
#define CONFIG_BLK_SIZE	20	/* offset in the device configuration */

/* Negotiate and set up the queue. */
void blk_start(struct virtio *v, uint32_t features);

/* Return: its status; NO_ANSWER if there is none. */
uint8_t blk_request(struct virtio *v, uint32_t type, uint64_t sector,
		    void *data, uint32_t len);

#endif /* HOSTILE_BLK_H */
