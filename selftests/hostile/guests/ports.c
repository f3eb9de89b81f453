// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every port in every size, read and written, but those by which the machine
 * ends or that print.
 */
#include "guest.h"

static bool ends_or_prints(unsigned int port)
{
	return (port >= 0x3f5 && port < 0x400) ||	/* serial */
	       (port >= 0x505 - 3 && port <= 0x505) ||	/* pvpanic */
	       (port >= 0x604 - 3 && port < 0x608) ||	/* PM1 control */
	       (port >= 0xcf9 - 3 && port <= 0xcf9) ||	/* reset */
	       (port >= 0x64 - 3 && port <= 0x64) ||
	       (port >= 0x92 - 3 && port <= 0x92);
}

static void touch(unsigned int port)
{
	inb(port);
	inw(port);
	inl(port);
	outb(port, guest_random());
	outw(port, guest_odd_number());
	outl(port, guest_random());
}

void guest_main(void)
{
	for (unsigned int port = 0; port < 0x1000; port++)
		if (!ends_or_prints(port))
			touch(port);
	for (unsigned int i = 0; i < 2000; i++)
		touch(0x1000 + guest_below(0xf000));
	touch(0xffff);
	/* what is read only, or has no effect in such a size */
	outb(0x604, 0x34);
	outl(0x604, 0x3400);
	inb(0xcf9);
	guest_ok(true, "ports");
}
