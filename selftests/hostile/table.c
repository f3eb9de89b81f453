// SPDX-License-Identifier: GPL-2.0-or-later
/* What is tried. */
#include "hostile.h"

#include <stddef.h>

const struct hostile hostile_table[] = {
	{
		.name = "a guest of a few KiB",
		.guest = "hello",
	}, {
		.name = "the same as firmware",
		.guest = "hello", .firmware = true, .options = ",vars=vars.fd",
	},
	{ 0 },
};
