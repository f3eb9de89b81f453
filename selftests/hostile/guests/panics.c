// SPDX-License-Identifier: GPL-2.0-or-later
/* Events of pvpanic that are none, then a panic. */
#include "guest.h"

#define PORT	0x505
#define PANIC	1

void guest_main(void)
{
	inb(PORT);
	inw(PORT);
	inl(PORT - 3);
	outb(PORT, 0);
	guest_ok(true, "no event is none");
	outb(PORT, PANIC);
	guest_halt();
}
