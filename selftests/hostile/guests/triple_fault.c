// SPDX-License-Identifier: GPL-2.0-or-later
/* A triple fault. */
#include "guest.h"

void guest_main(void)
{
	guest_ok(true, "a triple fault is next");
	guest_triple_fault();
}
