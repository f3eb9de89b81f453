/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold at every step: who may read and write, and what is read.
 */
#ifndef SIM_ORACLE_H
#define SIM_ORACLE_H

#include "sim.h"

struct ssi_region;

#define SIM_BLOCK	512	/* pages of a home */

enum oracle_kind {
	ORACLE_LOAD,
	ORACLE_STORE,	/* of the next number, to the second word */
	ORACLE_ADD,	/* of one, to the first word */
};

/* Thread @thread of a program does this to page @index, at @words, now. */
void oracle_access(u32 thread, u64 index, u64 *words, enum oracle_kind kind);

/* A PTE lets the programs of @region's node read, or write, too. */
void oracle_mapped(struct ssi_region *region, u64 index, bool write);

/* Somebody on node @id takes, or gives back, a reference to read, or write. */
void oracle_pinned(u32 id, u64 index, bool write, int change);

/* Everything about the pages that something happened to in the last step. */
void oracle_check_step(void);

/* When nothing is under way: no value is lost, no thread saw time go back. */
void oracle_check_end(bool lost);

/* All pages are zero again; no thread has seen anything. */
void oracle_forget(void);

/* Loads, stores and adds that were done. */
u64 oracle_accesses(void);

/* Who has the page; for reports. */
void oracle_show(u64 index);

#endif /* SIM_ORACLE_H */
