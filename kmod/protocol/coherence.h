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

/* Events of a page on a node. */
enum ssi_event {
	SSI_EV_LOAD,	/* local read fault */
	SSI_EV_STORE,	/* local write fault */
	SSI_EV_FILLS,	/* DATAS arrived */
	SSI_EV_FILLX,	/* DATAX, GRANT or ZERO arrived, no ack outstanding */
	SSI_EV_FILLA,	/* DATAX or GRANT arrived, acks outstanding */
	SSI_EV_ACK,	/* an ack arrived; more acks or the grant are missing */
	SSI_EV_ACKED,	/* the last outstanding ack arrived, after the grant */
	SSI_EV_FWDS,	/* home: send a copy to the requester */
	SSI_EV_FWDX,	/* home: send the page to the requester, keep nothing */
	SSI_EV_INV,	/* home: drop the copy */
	SSI_EV_DROP,	/* free the memory of a copy that no page table maps */
	SSI_EV_LEFT,	/* page work is complete */
	SSI_EVENTS,
};

/* Actions of the node. */
enum ssi_action {
	SSI_ACT_ERROR,	/* cannot happen: the peer broke the protocol */
	SSI_ACT_HIT,	/* map the page */
	SSI_ACT_WAIT,	/* wait for the request or page work in progress */
	SSI_ACT_GETS,	/* open a request, send GETS home */
	SSI_ACT_GETX,	/* open a request, send GETX home */
	SSI_ACT_UPGRADE,/* open a request, send UPGRADE home */
	SSI_ACT_COUNT,	/* only count the ack */
	SSI_ACT_KEEP,	/* keep the data, wait for the missing acks */
	SSI_ACT_FINISH,	/* keep the data, send UNBLOCK, wake the waiters */
	SSI_ACT_WORK,	/* start page work; event LEFT follows */
	SSI_ACT_SUPPLY,	/* send a copy to the requester (DATAS) */
	SSI_ACT_ANSWER,	/* page work complete: send DATAS, DATAX or ACK */
	SSI_ACT_ACK,	/* the copy was dropped earlier: send ACK */
	SSI_ACT_DROP,	/* free the copy, send no message */
	SSI_ACTIONS,
};

/**
 * struct ssi_step - one entry of the node side table
 * @next: the next state of the page
 * @action: the action of the node
 */
struct ssi_step {
	enum ssi_page_state next;
	enum ssi_action action;
};

/**
 * ssi_coherence_step() - look up one entry of the node side table
 * @state: state of the page
 * @event: the event
 *
 * A @state or @event that is out of range gives SSI_ACT_ERROR.
 *
 * Context: Any context.
 * Return: next state and action.
 */
struct ssi_step ssi_coherence_step(enum ssi_page_state state,
				   enum ssi_event event);

/**
 * ssi_event_name() - name of an event for traces
 * @event: the event
 *
 * Return: the name, or "?" if @event is out of range.
 */
const char *ssi_event_name(enum ssi_event event);

/**
 * ssi_action_name() - name of an action for traces
 * @action: the action
 *
 * Return: the name, or "?" if @action is out of range.
 */
const char *ssi_action_name(enum ssi_action action);

#endif /* _SSI_COHERENCE_H */
