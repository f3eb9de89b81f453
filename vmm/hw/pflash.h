/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A flash chip that keeps the firmware's variables. */
#ifndef VMM_HW_PFLASH_H
#define VMM_HW_PFLASH_H

#include <stddef.h>
#include <stdint.h>

#define PFLASH_BLOCK	4096u	/* bytes that one command erases */

/**
 * struct pflash_ops - the storage behind the chip
 * @show_array: reads return the contents from now on
 * @show_status: reads return this byte from now on, at any address
 * @store: write changed contents to the file; returns 0 or -errno
 * @commit: make the stored contents durable; returns 0 or -errno
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
 * @contents: must remain valid; only the chip writes there
 * @size: bytes, a multiple of PFLASH_BLOCK
 * @ops: the storage
 */
void pflash_init(uint64_t base, unsigned char *contents, uint64_t size,
		 const struct pflash_ops *ops);

#endif /* VMM_HW_PFLASH_H */
