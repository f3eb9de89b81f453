/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A flash chip that keeps the firmware's variables. */
#ifndef VMM_HW_PFLASH_H
#define VMM_HW_PFLASH_H

#include <stddef.h>
#include <stdint.h>

#define PFLASH_BLOCK	4096u	/* what one command erases */

/**
 * struct pflash_ops - what is behind the chip
 * @show_array: reads find the contents
 * @show_status: reads find this byte, wherever
 * @store: contents have changed; returns 0 or -errno
 * @commit: what was stored has to survive now; returns 0 or -errno
 *
 * All are called with the device lock held.
 */
struct pflash_ops {
	void (*show_array)(void);
	void (*show_status)(uint8_t status);
	int (*store)(uint64_t offset, size_t len);
	int (*commit)(void);
};

/**
 * pflash_init() - add the chip to the bus
 * @base: its address
 * @contents: they must stay, and nobody else writes there
 * @size: bytes, a multiple of PFLASH_BLOCK
 * @ops: what is behind it
 */
void pflash_init(uint64_t base, unsigned char *contents, uint64_t size,
		 const struct pflash_ops *ops);

#endif /* VMM_HW_PFLASH_H */
