/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the keeper knows of the guest, and tells other programs (control.c). */
#ifndef VMM_LIFE_H
#define VMM_LIFE_H

#include <stdbool.h>
#include <stdio.h>

#include "options.h"
#include "resets.h"

/* Both stay where they are. */
void life_init(const struct options *options,
	       const struct resets_history *history);

/* A process of the guest begins; @again: since the guest has reset itself. */
void life_begin(bool again);

/* The guest's process has told that the guest runs, or stands still. */
void life_set(bool paused);

/* Has it told that in this life of the guest? */
bool life_runs(void);

/* ssi-vmm ends. */
void life_end(int code);

/* For control.h: objects of JSON. */
void life_print_state(FILE *to);
void life_print_statistics(FILE *to);

#endif /* VMM_LIFE_H */
