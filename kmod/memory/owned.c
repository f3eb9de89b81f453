// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages this node has to write into a checkpoint.
 *
 * DOC: Theory of operation
 *
 * Each page that was ever written has an owner, or is on its way to one, whose state
 * says so: any state but I and S. So at each moment at least one node reports the page.
 *
 * The nodes report at different moments. While the guest stands still, no node
 * requests a page but its home, when an owner is short of memory: a page moves once,
 * to its home. So each node reports twice, the second time after all have reported
 * once. A page that has moved before its owner reported is then at its home when that
 * reports for the second time. A page that is reported by both has the same content.
 *
 * If a home moves between its two reports, a page could go on to the new home behind the
 * back of both. So the program compares how many homes the node has given away.
 */
#include <linux/bits.h>
#include <linux/string.h>

#include "memory/owned.h"
#include "memory/pages.h"

static bool is_owned(const struct ssi_slot *slot)
{
	bool owned;

	spin_lock_bh(&slot->bucket->lock);
	switch (slot->entry->state) {
	case SSI_PAGE_I:
	case SSI_PAGE_S:
		owned = false;
		break;
	case SSI_PAGE_E:
		owned = ssi_pages_data(slot->entry);
		break;
	default:
		owned = true;
	}
	spin_unlock_bh(&slot->bucket->lock);
	return owned;
}

void ssi_owned(struct ssi_region *region, u64 index, u64 words[SSI_OWNED_WORDS])
{
	struct ssi_slot slot;
	u32 i;

	memset(words, 0, SSI_OWNED_WORDS * sizeof(*words));
	for (i = 0; i < SSI_BLOCK_PAGES; i++) {
		if (!ssi_pages_find(region, index + i, 0, &slot))
			return;
		if (is_owned(&slot))
			words[i / 64] |= BIT_ULL(i % 64);
	}
}
