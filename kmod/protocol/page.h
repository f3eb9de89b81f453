/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One page of a region on one node: its state, its data, the time of its grant.
 *
 * Pure: compiled for userspace too (selftests/unit).
 */
#ifndef _SSI_PAGE_H
#define _SSI_PAGE_H

#include "protocol/portable.h"

/**
 * enum ssi_page_state - node side state of a page
 *
 * The stable states are those of MOESI: E is M and E of MOESI (a page in E may
 * be dirty), O is O, S is S, I is I. The other states are transient. Either a
 * request is outstanding: IS, IX, SX, and IXA and SXA while acks are missing
 * after the grant. Or page work is in progress: ED write-protects, LI unmaps,
 * SXI unmaps while a request is outstanding.
 */
enum ssi_page_state {
	SSI_PAGE_I,	/* no data on this node */
	SSI_PAGE_S,	/* a read-only copy; another node is the owner */
	SSI_PAGE_O,	/* read-only; this node is the owner */
	SSI_PAGE_E,	/* the only copy, writable; M or E of MOESI */
	SSI_PAGE_IS,	/* a copy is requested */
	SSI_PAGE_IX,	/* the page is requested exclusively */
	SSI_PAGE_IXA,	/* the page arrived; acks are missing */
	SSI_PAGE_SX,	/* a copy is here, the page is requested exclusively */
	SSI_PAGE_SXA,	/* granted; acks are missing */
	SSI_PAGE_ED,	/* E -> O: page work write-protects for FWDS */
	SSI_PAGE_LI,	/* S, O or E -> I: page work unmaps for FWDX or INV */
	SSI_PAGE_SXI,	/* SX -> IX: page work unmaps for FWDX or INV */
	SSI_PAGE_STATES,
};

/**
 * struct ssi_page - a page on this node, eight bytes per page
 * @pfn: page frame number of the data; 0 in E means a zero page that is not
 *	allocated yet
 * @state: enum ssi_page_state
 * @granted_at: time of the grant, in ticks of 2^SSI_PAGE_TICK_SHIFT ns, modulo
 *	2^19
 * @migratory: last time this node read the page and then wrote it: the next
 *	request asks for it exclusively at once
 */
struct ssi_page {
	u64 pfn   : 40;
	u64 state : 4;
	u64 granted_at : 19;
	u64 migratory : 1;
};

#define SSI_PAGE_TICK_SHIFT	16	/* 65.5 us */
#define SSI_PAGE_TICK_MASK	0x7ffffu

/**
 * ssi_page_state_name() - name of a state for traces
 * @state: the state
 *
 * Return: the name, or "?" if @state is out of range.
 */
const char *ssi_page_state_name(enum ssi_page_state state);

/* Whether a page in this state may be mapped for loads, or for stores. */
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

/*
 * Nanoseconds since the grant of the page, modulo the 34 s that 19 bits can
 * hold.
 */
static inline u64 ssi_page_age_ns(const struct ssi_page *page, u64 now)
{
	u32 ticks = (ssi_page_tick(now) - page->granted_at) & SSI_PAGE_TICK_MASK;

	return (u64)ticks << SSI_PAGE_TICK_SHIFT;
}

#endif /* _SSI_PAGE_H */
