// SPDX-License-Identifier: GPL-2.0-or-later
/* An exception without a handler, without a handler for that. */
#include "guest.h"

#define NOT_MAPPED	0x4000000000ull

void guest_main(void)
{
	const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) nothing = { 0, 0 };

	guest_ok(true, "a triple fault is next");
	__asm__ volatile("lidt %0" : : "m" (nothing));
	MMIO32(NOT_MAPPED) = 0;
}
