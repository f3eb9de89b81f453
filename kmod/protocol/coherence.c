// SPDX-License-Identifier: GPL-2.0-only
/*
 * The node side of the coherence protocol: one const table.
 *
 * DOC: Theory of operation
 *
 * The protocol is a directory protocol with the states of MOESI (page.h). Each
 * page has a home, which serialises the transactions of the page. From the
 * request until the UNBLOCK of the requester the directory entry is busy, and
 * further requests wait in a queue. The requester sends UNBLOCK only when the
 * data and all acks have arrived. Hence, when the home begins a transaction,
 * no message about this page is in flight except requests, and the home knows
 * exactly which node is the owner. All other nodes that have a copy are in the
 * copyset. The copyset can also contain a node that has dropped its copy,
 * because a node drops a copy without a message. That is why the table is
 * small: a FWDS or FWDX can only arrive at the owner, an INV can arrive at a
 * page in any state in which it does not wait for acks, and a grant can only
 * arrive at a page that waits for it. The protocol does not depend on the
 * order in which messages of different links arrive.
 *
 * At any time a page has a single writer or many readers. A node answers FWDX
 * (with DATAX) or INV (with ACK) only after its page work, that is when no
 * page table maps the page any more and no user holds a reference to it. The
 * requester enters E only with the data and all acks. A node in E answers FWDS
 * only after the page is write-protected in all page tables.
 *
 * An entry that is not listed cannot happen between nodes that follow the
 * protocol. If it happens, the link to the peer goes to LOST.
 */
#include "protocol/coherence.h"

#define STEP(state, event, to, act)					\
	[SSI_PAGE_##state][SSI_EV_##event] = {				\
		.next = SSI_PAGE_##to, .action = SSI_ACT_##act }

/* An entry that is not listed is { I, ERROR }: both are 0. */
static const struct ssi_step steps[SSI_PAGE_STATES][SSI_EVENTS] = {
	STEP(I,   LOAD,  IS,  GETS),
	STEP(I,   STORE, IX,  GETX),
	STEP(I,   INV,   I,   ACK),

	STEP(S,   LOAD,  S,   HIT),
	STEP(S,   STORE, SX,  UPGRADE),
	STEP(S,   INV,   LI,  WORK),
	STEP(S,   DROP,  I,   DROP),

	STEP(O,   LOAD,  O,   HIT),
	STEP(O,   STORE, SX,  UPGRADE),
	STEP(O,   FWDS,  O,   SUPPLY),
	STEP(O,   FWDX,  LI,  WORK),
	STEP(O,   INV,   LI,  WORK),

	STEP(E,   LOAD,  E,   HIT),
	STEP(E,   STORE, E,   HIT),
	STEP(E,   FWDS,  ED,  WORK),
	STEP(E,   FWDX,  LI,  WORK),

	STEP(IS,  LOAD,  IS,  WAIT),
	STEP(IS,  STORE, IS,  WAIT),
	STEP(IS,  FILLS, S,   FINISH),
	STEP(IS,  FILLX, E,   FINISH),	/* first touch */
	STEP(IS,  INV,   IS,  ACK),	/* the INV is for an earlier copy */

	STEP(IX,  LOAD,  IX,  WAIT),
	STEP(IX,  STORE, IX,  WAIT),
	STEP(IX,  FILLX, E,   FINISH),
	STEP(IX,  FILLA, IXA, KEEP),
	STEP(IX,  ACK,   IX,  COUNT),
	STEP(IX,  INV,   IX,  ACK),

	STEP(IXA, LOAD,  IXA, WAIT),
	STEP(IXA, STORE, IXA, WAIT),
	STEP(IXA, ACK,   IXA, COUNT),
	STEP(IXA, ACKED, E,   FINISH),

	STEP(SX,  LOAD,  SX,  HIT),
	STEP(SX,  STORE, SX,  WAIT),
	STEP(SX,  FILLX, E,   FINISH),
	STEP(SX,  FILLA, SXA, KEEP),
	STEP(SX,  ACK,   SX,  COUNT),
	STEP(SX,  FWDS,  SX,  SUPPLY),
	STEP(SX,  FWDX,  SXI, WORK),	/* another node wrote first */
	STEP(SX,  INV,   SXI, WORK),

	STEP(SXA, LOAD,  SXA, HIT),
	STEP(SXA, STORE, SXA, WAIT),
	STEP(SXA, ACK,   SXA, COUNT),
	STEP(SXA, ACKED, E,   FINISH),

	STEP(ED,  LOAD,  ED,  WAIT),
	STEP(ED,  STORE, ED,  WAIT),
	STEP(ED,  LEFT,  O,   ANSWER),

	STEP(LI,  LOAD,  LI,  WAIT),
	STEP(LI,  STORE, LI,  WAIT),
	STEP(LI,  LEFT,  I,   ANSWER),

	STEP(SXI, LOAD,  SXI, WAIT),
	STEP(SXI, STORE, SXI, WAIT),
	STEP(SXI, LEFT,  IX,  ANSWER),
};

struct ssi_step ssi_coherence_step(enum ssi_page_state state,
				   enum ssi_event event)
{
	static const struct ssi_step error = { .action = SSI_ACT_ERROR };

	if (state >= SSI_PAGE_STATES || event >= SSI_EVENTS)
		return error;
	return steps[state][event];
}

static const char *const events[SSI_EVENTS] = {
	[SSI_EV_LOAD] = "LOAD",
	[SSI_EV_STORE] = "STORE",
	[SSI_EV_FILLS] = "FILLS",
	[SSI_EV_FILLX] = "FILLX",
	[SSI_EV_FILLA] = "FILLA",
	[SSI_EV_ACK] = "ACK",
	[SSI_EV_ACKED] = "ACKED",
	[SSI_EV_FWDS] = "FWDS",
	[SSI_EV_FWDX] = "FWDX",
	[SSI_EV_INV] = "INV",
	[SSI_EV_DROP] = "DROP",
	[SSI_EV_LEFT] = "LEFT",
};

const char *ssi_event_name(enum ssi_event event)
{
	return event < SSI_EVENTS ? events[event] : "?";
}

static const char *const actions[SSI_ACTIONS] = {
	[SSI_ACT_ERROR] = "ERROR",
	[SSI_ACT_HIT] = "HIT",
	[SSI_ACT_WAIT] = "WAIT",
	[SSI_ACT_GETS] = "GETS",
	[SSI_ACT_GETX] = "GETX",
	[SSI_ACT_UPGRADE] = "UPGRADE",
	[SSI_ACT_COUNT] = "COUNT",
	[SSI_ACT_KEEP] = "KEEP",
	[SSI_ACT_FINISH] = "FINISH",
	[SSI_ACT_WORK] = "WORK",
	[SSI_ACT_SUPPLY] = "SUPPLY",
	[SSI_ACT_ANSWER] = "ANSWER",
	[SSI_ACT_ACK] = "ACK",
	[SSI_ACT_DROP] = "DROP",
};

const char *ssi_action_name(enum ssi_action action)
{
	return action < SSI_ACTIONS ? actions[action] : "?";
}
