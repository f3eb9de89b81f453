/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules: pure decisions from counters, for example how long a page stays and
 * how long a CPU spins.
 *
 * Pure: compiled for userspace too (selftests/unit).
 */
#ifndef _SSI_RULES_H
#define _SSI_RULES_H

#include "protocol/portable.h"

#define SSI_RULES_STREAMS	16	/* streams followed at a time */

/**
 * struct ssi_contest - a page that arrived recently and that another node asks
 *	for
 * @page_age: ns since the page was granted
 * @copy: the other node only needs the copy of this node to be dropped (INV)
 * @outstanding: number of pages that this node still waits for
 * @running: a task of this node that gathered pages recently is still running
 * @since_done: ns since this node got the last page that it asked for
 * @our_age: ns since this node began to gather pages
 * @their_age: ns since the other node began to gather pages
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
	SSI_VERDICT_HOLD,	/* keep the page, ask again later */
	SSI_VERDICT_YIELD,	/* the other node is older: let the page go */
	SSI_VERDICT_RELEASE,	/* our turn is over: let the page go */
	SSI_VERDICTS,
};

/**
 * ssi_verdict_name() - name of a verdict for traces
 * @verdict: the verdict
 *
 * Return: the name, or "?" if @verdict is out of range.
 */
const char *ssi_verdict_name(enum ssi_verdict verdict);

/**
 * ssi_rules_judge() - decide whether a page stays or goes
 * @window: the hold window in ns
 * @contest: the page and the two nodes
 * @wait_ns: result for HOLD only: ns until it is useful to ask again
 *
 * Context: Any context.
 * Return: the verdict.
 */
enum ssi_verdict ssi_rules_judge(u64 window, const struct ssi_contest *contest,
				 u64 *wait_ns);

/**
 * ssi_rules_asks_running() - whether a verdict depends on @contest->running
 * @window: the hold window in ns
 * @contest: the page and the two nodes; @running need not be set
 *
 * To find out whether tasks run takes long.
 *
 * Context: Any context.
 * Return: false if ssi_rules_judge() decides the same for both values.
 */
bool ssi_rules_asks_running(u64 window, const struct ssi_contest *contest);

/**
 * ssi_rules_gathers_anew() - whether the age of a node begins again
 * @window: the hold window in ns
 * @us: the state of this node
 *
 * The question is asked when the node begins a request. If the result is true,
 * the previous turn is over and the age is zero now.
 *
 * Context: Any context.
 */
bool ssi_rules_gathers_anew(u64 window, const struct ssi_contest *us);

/**
 * ssi_rules_hold_ns() - length of the hold window
 * @hold_us: the policy in microseconds, or SSI_DSM_POLICY_AUTO
 * @service_ns: the average service time of a request in ns; used for AUTO
 * @walks_write: from ssi_rules_walks_write(); used for AUTO
 *
 * Context: Any context.
 * Return: the hold window in ns.
 */
u64 ssi_rules_hold_ns(u64 hold_us, u64 service_ns, bool walks_write);

/**
 * ssi_rules_spin_ns() - how long a fault spins before it sleeps
 * @spin_us: the policy in microseconds, or SSI_DSM_POLICY_AUTO
 * @service_ns: the average service time of a request in ns; used for AUTO
 *
 * With AUTO a fault spins for as long as most requests take.
 *
 * Context: Any context.
 * Return: the spin time in ns.
 */
u64 ssi_rules_spin_ns(u64 spin_us, u64 service_ns);

/**
 * ssi_rules_walks() - follow whether walks of page tables read or write
 * @walks: what is known, 0 at first
 * @writes: a walk has faulted, and its access counts as a write
 *
 * Context: Any context.
 * Return: what is known then, for ssi_rules_walks_write().
 */
u32 ssi_rules_walks(u32 walks, bool writes);

/**
 * ssi_rules_walks_write() - whether most walks of late have counted as writes
 * @walks: from ssi_rules_walks()
 *
 * Context: Any context.
 * Return: whether they have.
 */
bool ssi_rules_walks_write(u32 walks);

/**
 * struct ssi_stream - faults that follow each other
 * @next: index of the page that would continue the stream
 * @ahead: index of the first page that was not requested ahead yet
 * @run: number of faults so far
 * @depth: number of pages to request ahead
 */
struct ssi_stream {
	u64 next;
	u64 ahead;
	u32 run;
	u32 depth;
};

/**
 * ssi_rules_read_ahead() - which pages to request ahead after a fault
 * @streams: array of SSI_RULES_STREAMS, zeroed at first
 * @oldest: counter that selects the stream to replace, 0 at first
 * @index: page index of the fault
 * @most: limit of the pages ahead; 0 turns read-ahead off
 * @first: result: index of the first page to request
 *
 * Context: Any context; the caller protects @streams.
 * Return: number of pages to request.
 */
u32 ssi_rules_read_ahead(struct ssi_stream *streams, u32 *oldest, u64 index,
			 u32 most, u64 *first);

/**
 * ssi_rules_service_ns() - update the moving average of the service time
 * @average: the average before, 0 at first
 * @ns: duration of the last request
 *
 * Context: Any context.
 * Return: the new average in ns.
 */
u64 ssi_rules_service_ns(u64 average, u64 ns);

#endif /* _SSI_RULES_H */
