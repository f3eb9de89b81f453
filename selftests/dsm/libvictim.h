/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The victim, a node of this kernel that fake nodes talk to; and its neighbour,
 * a node whose region with it must survive all that fake nodes do.
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

/*
 * Begins with conf_need(); skips the program where there is no network.
 * @transport: rdma, tcp, or NULL, that is rdma
 */
void victim_make(const char *transport);
bool victim_uses_tcp(void);
void victim_delete(void);

/* Whether a page goes from the victim to the neighbour and back, coherently. */
bool neighbour_is_well(void);

/* A fake node, LOW or HIGH, not connected. */
struct fake fake_node(uint32_t id);

/*
 * Makes the peer @f at the victim, and REGION, which they share; deletes both.
 */
void victim_meet(const struct fake *f);
/* With a grace period; without, the link is lost with its connection. */
void victim_meet_grace(const struct fake *f, uint32_t grace_ms);
void victim_part(const struct fake *f);

/*
 * Connects HIGH, which grants @credits, and waits until REGION is READY.
 * Returns false, and prints the reason, if that fails. fake_join() is its
 * second half.
 */
bool fake_befriend(struct fake *f, uint32_t credits);
bool fake_join(struct fake *f);

/* Whether the victim has lost @f, and REGION with it, because of @reason. */
bool victim_lost(const struct fake *f, const char *reason);

/* Starts a program on the victim that writes page @index of REGION: its pid. */
int victim_write(uint64_t index);
/* Whether that program ends because the write gave SIGBUS. */
bool victim_got_sigbus(int pid);

#endif /* LIBVICTIM_H */
