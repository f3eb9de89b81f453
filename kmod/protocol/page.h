/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One page of a region on one node: its state, its data, when it came.
 *
 * Pure: compiled for userspace too (selftests/unit).
 */
#ifndef _SSI_PAGE_H
#define _SSI_PAGE_H

#include "protocol/portable.h"

/**
 * enum ssi_page_state - node side state of a page
 *
 * Stable: I, S, O, E. The others are on their way: a request is out (IS, IX, SX,
 * and with an A while acks are outstanding after the grant), or page work is
 * under way (ED downgrading, LI leaving, SXI leaving with a request out).
 */
enum ssi_page_state {
	SSI_PAGE_I,	/* not here */
	SSI_PAGE_S,	/* a read-only copy; another node is the owner */
	SSI_PAGE_O,	/* read-only, the owner of such copies */
	SSI_PAGE_E,	/* the only copy, writable */
	SSI_PAGE_IS,	/* copy requested */
	SSI_PAGE_IX,	/* page requested exclusively */
	SSI_PAGE_IXA,	/* the page came; acks are missing */
	SSI_PAGE_SX,	/* copy here, exclusive requested */
	SSI_PAGE_SXA,	/* granted; acks are missing */
	SSI_PAGE_ED,	/* E -> O: being write-protected for FWDS */
	SSI_PAGE_LI,	/* S, O or E -> I: being unmapped for FWDX or INV */
	SSI_PAGE_SXI,	/* SX -> IX: being unmapped for FWDX or INV */
	SSI_PAGE_STATES,
};

/**
 * struct ssi_page - eight bytes a page
 * @pfn: page frame number of the data; 0 in E: zero, not yet allocated
 * @state: enum ssi_page_state
 * @granted_at: when it was granted, in ticks of 2^SSI_PAGE_TICK_SHIFT ns, modulo 2^19
 * @migratory: last time it was read here and then written: ask for it
 *	exclusively at once
 */
struct ssi_page {
	u64 pfn   : 40;
	u64 state : 4;
	u64 granted_at : 19;
	u64 migratory : 1;
};

#define SSI_PAGE_TICK_SHIFT	16	/* 65.5 us */
#define SSI_PAGE_TICK_MASK	0x7ffffu

const char *ssi_page_state_name(enum ssi_page_state state);

/* Whether local loads, stores may be mapped in this state. */
static inline bool ssi_page_readable(enum ssi_page_state state)
{
	return state == SSI_PAGE_S || state == SSI_PAGE_O ||
	       state == SSI_PAGE_E || state == SSI_PAGE_SX || state == SSI_PAGE_SXA;
}

static inline bool ssi_page_writable(enum ssi_page_state state)
{
	return state == SSI_PAGE_E;
}

static inline u32 ssi_page_tick(u64 ns)
{
	return (ns >> SSI_PAGE_TICK_SHIFT) & SSI_PAGE_TICK_MASK;
}

/* Nanoseconds since the page came, as far as 19 bits tell (34 s). */
static inline u64 ssi_page_age_ns(const struct ssi_page *page, u64 now)
{
	u32 ticks = (ssi_page_tick(now) - page->granted_at) & SSI_PAGE_TICK_MASK;

	return (u64)ticks << SSI_PAGE_TICK_SHIFT;
}

#endif /* _SSI_PAGE_H */
