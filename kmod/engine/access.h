/* SPDX-License-Identifier: GPL-2.0-only */
/* Local loads and stores: look a page up, request it, wait for it. */
#ifndef _SSI_ACCESS_H
#define _SSI_ACCESS_H

#include "protocol/coherence.h"

struct page;
struct ssi_slot;

/**
 * ssi_access_page() - a local load or store
 * @slot: the page
 * @event: SSI_EV_LOAD or SSI_EV_STORE
 * @page: set to the page, with a reference, if it is on this node. It may be
 *	mapped only after ssi_access_still() returns true under the page lock.
 *
 * Context: process, may sleep for memory.
 * Return: 0; -EAGAIN if the page is on its way: call ssi_access_wait() and try
 * again; -EIO if the region is lost; -ENOMEM.
 */
int ssi_access_page(const struct ssi_slot *slot, enum ssi_event event,
		    struct page **page);

/**
 * ssi_access_still() - whether a page may be mapped
 * @slot: the page
 * @event: SSI_EV_LOAD or SSI_EV_STORE
 * @page: from ssi_access_page(); locked by the caller
 *
 * Context: process, page lock held.
 * Return: whether @page still is the data of @slot and its state allows @event.
 */
bool ssi_access_still(const struct ssi_slot *slot, enum ssi_event event,
		      struct page *page);

/**
 * ssi_access_is_settled() - whether no request for a page is under way
 * @slot: the page
 *
 * Context: process.
 * Return: false if a request is under way, or the region is not ready yet.
 */
bool ssi_access_is_settled(const struct ssi_slot *slot);

/**
 * ssi_access_wait() - wait until another attempt can succeed
 * @slot: the page
 * @event: SSI_EV_LOAD or SSI_EV_STORE
 * @limit: wait no longer than so many jiffies; MAX_SCHEDULE_TIMEOUT: no limit
 * @state: TASK_KILLABLE, or TASK_INTERRUPTIBLE: any signal ends the wait
 *
 * May spin for a short time first, as the setting SSI_DSM_POLICY_SPIN says.
 *
 * Context: process, may sleep. A fatal signal ends the wait.
 * Return: 0, also if the limit has passed; or -EINTR if a signal has ended the
 * wait.
 */
int ssi_access_wait(const struct ssi_slot *slot, enum ssi_event event,
		    long limit, unsigned int state);

#endif /* _SSI_ACCESS_H */
