/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The coherence protocol as two tables: (state, event) -> (next state, action).
 *
 * No sleeping, no I/O, no allocation. Pure: compiled for userspace too
 * (selftests/unit walks every state and every event).
 */
#ifndef _SSI_COHERENCE_H
#define _SSI_COHERENCE_H

#include "protocol/directory.h"
#include "protocol/page.h"

/* What happens to a page on a node. */
enum ssi_event {
	SSI_EV_LOAD,	/* local read fault */
	SSI_EV_STORE,	/* local write fault */
	SSI_EV_FILLS,	/* DATAS came */
	SSI_EV_FILLX,	/* DATAX, GRANT or ZERO came, no ack outstanding */
	SSI_EV_FILLA,	/* DATAX or GRANT came, acks outstanding */
	SSI_EV_ACK,	/* an ack came, more to come or grant not here yet */
	SSI_EV_ACKED,	/* the last outstanding ack came, after the grant */
	SSI_EV_FWDS,	/* home wants a copy sent to the requester */
	SSI_EV_FWDX,	/* home wants the page handed to the requester */
	SSI_EV_INV,	/* home wants the copy dropped */
	SSI_EV_DROP,	/* the memory of a copy is wanted, no page table maps it */
	SSI_EV_LEFT,	/* page work is done */
	SSI_EVENTS,
};

/* What the node does about it. */
enum ssi_action {
	SSI_ACT_ERROR,	/* cannot happen: the peer broke the protocol */
	SSI_ACT_HIT,	/* map the page */
	SSI_ACT_WAIT,	/* join the request or work under way */
	SSI_ACT_GETS,	/* open a request, send GETS home */
	SSI_ACT_GETX,	/* open a request, send GETX home */
	SSI_ACT_UPGRADE,/* open a request, send UPGRADE home */
	SSI_ACT_COUNT,	/* only count the ack */
	SSI_ACT_KEEP,	/* keep the data that came; still waiting for acks */
	SSI_ACT_FINISH,	/* keep the data that came, send UNBLOCK, wake waiters */
	SSI_ACT_WORK,	/* start page work; LEFT follows */
	SSI_ACT_SUPPLY,	/* send a copy to the requester (DATAS) */
	SSI_ACT_ANSWER,	/* page work done: send what the message asked for */
	SSI_ACT_ACK,	/* the copy was dropped before: send ACK */
	SSI_ACT_DROP,	/* free the copy, tell nobody */
	SSI_ACTIONS,
};

/**
 * struct ssi_step - one entry of the node side table
 * @next: the state that the page goes into
 * @action: what to do
 */
struct ssi_step {
	enum ssi_page_state next;
	enum ssi_action action;
};

/* Any values; one that is out of range gives SSI_ACT_ERROR. */
struct ssi_step ssi_coherence_step(enum ssi_page_state state,
				   enum ssi_event event);

const char *ssi_event_name(enum ssi_event event);
const char *ssi_action_name(enum ssi_action action);

#endif /* _SSI_COHERENCE_H */
