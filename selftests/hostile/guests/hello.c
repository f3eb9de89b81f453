// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Not hostile: shows that guests of this kind run here at all, and that one has
 * an end.
 */
#include "guest.h"

void guest_main(void)
{
	uint64_t before = guest_us();

	guest_wait_us(1000);
	guest_ok(guest_us() - before < 1000000, "a guest of a few KiB runs");
}
