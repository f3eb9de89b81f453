/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A node of this kernel for fake nodes to talk to, and a neighbour whose
 * region with it must outlive whatever they do.
 */
#ifndef LIBVICTIM_H
#define LIBVICTIM_H

#include "libfake.h"

#define CLUSTER		"link"
#define OTHER_REGION	2u	/* of the victim and the neighbour */
#define PART		(2 * MIB)	/* memory of each node, in all regions */
#define PART_PAGES	(PART / PAGE)

/* Node ids. Of two nodes the one with the higher id connects. */
enum {
	LOW,		/* fake; the victim connects to it */
	VICTIM,
	NEIGHBOUR,
	HIGH,		/* fake; it connects to the victim */
};

/* Begins with conf_need(); skips the program where there is no network. */
void victim_make(void);
void victim_delete(void);

/* A page goes there and back between victim and neighbour, coherently. */
bool neighbour_is_well(void);

/* A fake node, LOW or HIGH, not connected. */
struct fake fake_node(uint32_t id);

/* The victim gets to know @f and REGION, which they share; and forgets both. */
void victim_meet(const struct fake *f);
void victim_part(const struct fake *f);

/*
 * Connected, HIGH with @credits, and REGION is READY. False, and why, if not.
 * fake_join() is the second half of it.
 */
bool fake_befriend(struct fake *f, uint32_t credits);
bool fake_join(struct fake *f);

/* The victim has lost @f, and REGION with it, because of @reason. */
bool victim_lost(const struct fake *f, const char *reason);

/* A program on the victim that writes page @index of REGION. Its pid. */
int victim_write(uint64_t index);
/* It ends since that was SIGBUS. */
bool victim_got_sigbus(int pid);

#endif /* LIBVICTIM_H */
