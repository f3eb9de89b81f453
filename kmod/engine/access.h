/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Local loads and stores: look a page up, ask for it, wait for it.
 */
#ifndef _SSI_ACCESS_H
#define _SSI_ACCESS_H

#include "protocol/coherence.h"

struct page;
struct ssi_slot;

/**
 * ssi_access_page() - a local load or store
 * @slot: the page
 * @event: SSI_EV_LOAD or SSI_EV_STORE
 * @page: set to the page, with a reference, if it is here; it may be mapped only
 *	after ssi_access_still() says so under the page lock
 *
 * Context: process, may sleep for memory.
 * Return: 0; -EAGAIN when the page is on its way: ssi_access_wait(), and again;
 * -EIO when it can never come; -ENOMEM.
 */
int ssi_access_page(const struct ssi_slot *slot, enum ssi_event event,
		    struct page **page);

/* Is @page, which is locked, still the data of @slot, and @event allowed? */
bool ssi_access_still(const struct ssi_slot *slot, enum ssi_event event,
		      struct page *page);

/*
 * Wait until @event is worth another try. 0, or -EINTR when the caller is
 * being killed. May sleep.
 */
int ssi_access_wait(const struct ssi_slot *slot, enum ssi_event event);

#endif /* _SSI_ACCESS_H */
