/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pure decisions from counters: how long a page stays, how long a CPU spins.
 *
 * Pure: compiled for userspace too (selftests/unit).
 */
#ifndef _SSI_POLICY_H
#define _SSI_POLICY_H

#include "protocol/portable.h"

#define SSI_POLICY_STREAMS	16	/* followed at a time */

/**
 * struct ssi_policy - something that can be set; see enum ssi_dsm_policy
 * @initial: its default
 * @min: the least it can be
 * @max: the most
 * @can_be_auto: it can be SSI_DSM_POLICY_AUTO, too
 * @refusal: one sentence for a value that it cannot have
 */
struct ssi_policy {
	u64 initial;
	u64 min;
	u64 max;
	bool can_be_auto;
	const char *refusal;
};

/* By enum ssi_dsm_policy. */
extern const struct ssi_policy ssi_policies[];

bool ssi_policy_allows(u32 id, u64 value);

/**
 * struct ssi_contest - a page that came lately, and another node that wants it
 * @page_age: ns since the page came
 * @copy: what they want gone is only a copy
 * @outstanding: pages this node is still waiting for
 * @running: whether anybody here who gathered them is still running
 * @since_done: ns since it got the last one
 * @our_age: ns since this node began to gather pages
 * @their_age: ns since the other node did
 */
struct ssi_contest {
	u64 page_age;
	bool copy;
	u32 outstanding;
	bool running;
	u64 since_done;
	u64 our_age;
	u64 their_age;
};

enum ssi_verdict {
	SSI_VERDICT_HOLD,	/* ask again later */
	SSI_VERDICT_YIELD,	/* the other has waited longer: let it go */
	SSI_VERDICT_RELEASE,	/* we have had our turn: let it go */
	SSI_VERDICTS,
};

const char *ssi_verdict_name(enum ssi_verdict verdict);

/* @wait_ns: for HOLD, when the question is worth asking again. */
enum ssi_verdict ssi_policy_judge(u64 window, const struct ssi_contest *contest,
				  u64 *wait_ns);

/* Whether a node that begins a request now begins to gather anew. */
bool ssi_policy_gathers_anew(u64 window, const struct ssi_contest *us);

/* The hold window in ns: @hold_us, or from the service time if it is AUTO. */
u64 ssi_policy_hold_ns(u64 hold_us, u64 service_ns);

/*
 * How long a fault spins before it sleeps, in ns: @spin_us, or, if that is AUTO,
 * as long as most requests take here.
 */
u64 ssi_policy_spin_ns(u64 spin_us, u64 service_ns);

/**
 * struct ssi_stream - faults that follow each other
 * @next: page index that would go on with it
 * @ahead: first one that has not been asked for ahead
 * @run: faults so far
 * @depth: pages to be ahead
 */
struct ssi_stream {
	u64 next;
	u64 ahead;
	u32 run;
	u32 depth;
};

/*
 * A fault at page @index: which pages to ask for ahead, @first and as many as
 * is returned, @most of them being on their way at a time. @streams are
 * SSI_POLICY_STREAMS, zeroed at first; @oldest counts.
 */
u32 ssi_policy_read_ahead(struct ssi_stream *streams, u32 *oldest, u64 index,
			  u32 most, u64 *first);

/* The moving average of the service time after a request that took @ns. */
u64 ssi_policy_service_ns(u64 average, u64 ns);

#endif /* _SSI_POLICY_H */
