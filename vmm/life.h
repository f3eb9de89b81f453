/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the keeper knows of the guest, and tells other programs (control.c). */
#ifndef VMM_LIFE_H
#define VMM_LIFE_H

#include <stdbool.h>
#include <stdint.h>
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

/* A CPU has moved from @from to @node, and stood still for @ns. */
void life_moved(unsigned int cpu, unsigned int from, unsigned int node, uint64_t ns);

/* What has become of a CPU that was to move; each of any value, from an attacker. */
void life_move_result(uint32_t cpu, uint32_t node, uint32_t result, uint64_t ns);

/* ssi-vmm ends. */
void life_end(int code);

/* For control.h: objects of JSON. */
void life_print_state(FILE *to);
void life_print_statistics(FILE *to);

#endif /* VMM_LIFE_H */
