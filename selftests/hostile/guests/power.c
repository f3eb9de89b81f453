// SPDX-License-Identifier: GPL-2.0-or-later
/* ACPI's registers, short of powering off; then that. */
#include "guest.h"

#define EVENT	0x600
#define CONTROL	0x604
#define TIMER	0x608
#define SLP_EN	0x2000

void guest_main(void)
{
	for (unsigned int i = 0; i < 12; i++) {
		inb(EVENT + i);
		inw(EVENT + i);
		inl(EVENT + i);
	}
	for (unsigned int i = 0; i < 200; i++) {
		outb(EVENT + guest_below(4), guest_random());
		outw(EVENT + guest_below(3), guest_random());
		outl(EVENT, guest_random());
		outl(TIMER, guest_random());
	}
	/* without the enable bit no type sleeps */
	for (unsigned int type = 0; type < 8; type++)
		outw(CONTROL, type << 10);
	guest_ok(inw(CONTROL) & 1, "ACPI stays on");
	/* sleep states that are not there */
	for (unsigned int type = 1; type < 5; type++)
		outw(CONTROL, SLP_EN | type << 10);
	outb(CONTROL + 1, (SLP_EN | 5 << 10) >> 8);
	guest_ok(true, "other sleep types have no effect");
}
