/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracepoints; in tracefs they are in events/ssi_dsm/.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ssi_dsm

#if !defined(_SSI_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SSI_TRACE_H

#include <linux/tracepoint.h>
#include "protocol/coherence.h"
#include "protocol/rules.h"
#include "protocol/wire.h"

TRACE_EVENT(ssi_page_state,
	TP_PROTO(u32 node, u32 region, u64 index, enum ssi_page_state from,
		 enum ssi_page_state to),
	TP_ARGS(node, region, index, from, to),
	TP_STRUCT__entry(
		__field(u32, node)
		__field(u32, region)
		__field(u64, index)
		__field(u32, from)
		__field(u32, to)
	),
	TP_fast_assign(
		__entry->node = node;
		__entry->region = region;
		__entry->index = index;
		__entry->from = from;
		__entry->to = to;
	),
	TP_printk("node=%u region=%u page=%llu %s -> %s", __entry->node,
		  __entry->region, __entry->index,
		  ssi_page_state_name(__entry->from),
		  ssi_page_state_name(__entry->to))
);

/* The home of a block is another one from now on, as far as this node knows. */
TRACE_EVENT(ssi_home,
	TP_PROTO(u32 node, u32 region, u64 index, u32 home, u32 version),
	TP_ARGS(node, region, index, home, version),
	TP_STRUCT__entry(
		__field(u32, node)
		__field(u32, region)
		__field(u64, index)
		__field(u32, home)
		__field(u32, version)
	),
	TP_fast_assign(
		__entry->node = node;
		__entry->region = region;
		__entry->index = index;
		__entry->home = home;
		__entry->version = version;
	),
	TP_printk("node=%u region=%u page=%llu home=%u version=%u",
		  __entry->node, __entry->region, __entry->index,
		  __entry->home, __entry->version)
);

DECLARE_EVENT_CLASS(ssi_message_class,
	TP_PROTO(u32 node, const struct ssi_msg *msg),
	TP_ARGS(node, msg),
	TP_STRUCT__entry(
		__field(u32, node)
		__field(u32, src)
		__field(u32, type)
		__field(u32, requester)
		__field(u32, token)
		__field(u64, index)
		__field(u32, time)
	),
	TP_fast_assign(
		__entry->node = node;
		__entry->src = msg->src;
		__entry->type = msg->type;
		__entry->requester = msg->requester;
		__entry->token = msg->token;
		__entry->index = msg->index;
		__entry->time = msg->time;
	),
	TP_printk("node=%u %s from=%u page=%llu requester=%u token=%u time=%u us",
		  __entry->node, ssi_wire_type_name(__entry->type),
		  __entry->src, __entry->index, __entry->requester,
		  __entry->token, __entry->time)
);

/* A message was received; the module has not handled it yet. */
DEFINE_EVENT(ssi_message_class, ssi_message,
	TP_PROTO(u32 node, const struct ssi_msg *msg),
	TP_ARGS(node, msg)
);

/* A message for an earlier life of a region, or for none, was dropped. */
DEFINE_EVENT(ssi_message_class, ssi_message_stale,
	TP_PROTO(u32 node, const struct ssi_msg *msg),
	TP_ARGS(node, msg)
);

/* The link has accepted a message. */
DEFINE_EVENT(ssi_message_class, ssi_message_sent,
	TP_PROTO(u32 node, const struct ssi_msg *msg),
	TP_ARGS(node, msg)
);

/*
 * The memory management core asks for a page; the fault handler returns the
 * page, VM_FAULT_RETRY, or an error.
 */
DECLARE_EVENT_CLASS(ssi_fault_class,
	TP_PROTO(u32 node, u32 region, u64 index, u32 flags),
	TP_ARGS(node, region, index, flags),
	TP_STRUCT__entry(
		__field(u32, node)
		__field(u32, region)
		__field(u64, index)
		__field(u32, flags)
	),
	TP_fast_assign(
		__entry->node = node;
		__entry->region = region;
		__entry->index = index;
		__entry->flags = flags;
	),
	TP_printk("node=%u region=%u page=%llu flags=%#x", __entry->node,
		  __entry->region, __entry->index, __entry->flags)
);

/* flags: FAULT_FLAG_* */
DEFINE_EVENT(ssi_fault_class, ssi_fault_enter,
	TP_PROTO(u32 node, u32 region, u64 index, u32 flags),
	TP_ARGS(node, region, index, flags)
);

/* flags: VM_FAULT_* */
DEFINE_EVENT(ssi_fault_class, ssi_fault_leave,
	TP_PROTO(u32 node, u32 region, u64 index, u32 flags),
	TP_ARGS(node, region, index, flags)
);

TRACE_EVENT(ssi_verdict,
	TP_PROTO(u32 node, u64 index, u32 requester,
		 enum ssi_verdict verdict, u64 window,
		 const struct ssi_contest *contest),
	TP_ARGS(node, index, requester, verdict, window, contest),
	TP_STRUCT__entry(
		__field(u32, node)
		__field(u64, index)
		__field(u32, requester)
		__field(u32, verdict)
		__field(u64, window)
		__field_struct(struct ssi_contest, contest)
	),
	TP_fast_assign(
		__entry->node = node;
		__entry->index = index;
		__entry->requester = requester;
		__entry->verdict = verdict;
		__entry->window = window;
		__entry->contest = *contest;
	),
	TP_printk("node=%u page=%llu requester=%u %s window=%llu age=%llu copy=%d outstanding=%u running=%d since_done=%llu ours=%llu theirs=%llu (ns)",
		  __entry->node, __entry->index, __entry->requester,
		  ssi_verdict_name(__entry->verdict), __entry->window,
		  __entry->contest.page_age, __entry->contest.copy,
		  __entry->contest.outstanding, __entry->contest.running,
		  __entry->contest.since_done, __entry->contest.our_age,
		  __entry->contest.their_age)
);

/* The kernel asks for memory. How many: it may scan, and what came of it. */
TRACE_EVENT(ssi_shrink,
	TP_PROTO(u32 node, u32 region, u64 to_scan, u64 scanned, u64 zapped,
		 u64 dropped, u64 offered),
	TP_ARGS(node, region, to_scan, scanned, zapped, dropped, offered),
	TP_STRUCT__entry(
		__field(u32, node)
		__field(u32, region)
		__field(u64, to_scan)
		__field(u64, scanned)
		__field(u64, zapped)
		__field(u64, dropped)
		__field(u64, offered)
	),
	TP_fast_assign(
		__entry->node = node;
		__entry->region = region;
		__entry->to_scan = to_scan;
		__entry->scanned = scanned;
		__entry->zapped = zapped;
		__entry->dropped = dropped;
		__entry->offered = offered;
	),
	TP_printk("node=%u region=%u to_scan=%llu scanned=%llu zapped=%llu dropped=%llu offered=%llu",
		  __entry->node, __entry->region, __entry->to_scan,
		  __entry->scanned, __entry->zapped, __entry->dropped,
		  __entry->offered)
);

#endif /* _SSI_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
