// SPDX-License-Identifier: GPL-2.0-or-later
/* The state of devices, for checkpoints: the list of all. */
#include "state.h"

static struct state_part *state_first;

void state_add(struct state_part *part)
{
	part->next = state_first;
	state_first = part;
}

struct state_part *state_parts(void)
{
	return state_first;
}
