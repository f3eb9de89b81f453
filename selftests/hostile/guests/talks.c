// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes to the serial port for ever. */
#include "guest.h"

void guest_main(void)
{
	for (;;)
		guest_say("0123456789abcdef0123456789abcdef0123456789abcdef");
}
