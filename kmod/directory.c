// SPDX-License-Identifier: GPL-2.0-only
/*
 * The home side of the coherence protocol: what a request needs, what it leaves.
 */
#include "directory.h"

#ifdef __KERNEL__
#include <linux/bitops.h>
#endif

#define NODE(id)	((u32)1 << (id))

static int plan_shared(const struct ssi_dir *dir, u32 requester,
		       struct ssi_dir_plan *plan)
{
	u32 self = NODE(requester);

	if (!plan->exclusive) {
		if (dir->copyset & self)
			return -EPROTO;
		plan->forward = true;
		return 0;
	}
	if (dir->copyset & self) {
		plan->grant = true;
		plan->inv = dir->copyset & ~self;
	} else {
		plan->forward = true;
		plan->inv = dir->copyset & ~NODE(dir->owner);
	}
	plan->acks = hweight32(plan->inv);
	return 0;
}

int ssi_directory_begin(struct ssi_dir *dir, u32 requester, bool exclusive,
			struct ssi_dir_plan *plan)
{
	int ret = 0;

	*plan = (struct ssi_dir_plan){ .exclusive = exclusive };
	if (dir->busy)
		return -EBUSY;
	switch (dir->state) {
	case SSI_DIR_UNTOUCHED:
		plan->grant = true;
		plan->zero = true;
		break;
	case SSI_DIR_SHARED:
		ret = plan_shared(dir, requester, plan);
		break;
	default:
		if (dir->owner == requester)
			return -EPROTO;
		plan->forward = true;
		break;
	}
	if (!ret)
		dir->busy = true;
	return ret;
}

int ssi_directory_end(struct ssi_dir *dir, u32 requester, bool exclusive)
{
	if (!dir->busy)
		return -EPROTO;
	dir->busy = false;
	if (exclusive || dir->state == SSI_DIR_UNTOUCHED) {
		dir->state = SSI_DIR_EXCLUSIVE;
		dir->owner = requester;
		dir->copyset = NODE(requester);
	} else {
		dir->state = SSI_DIR_SHARED;
		dir->copyset |= NODE(requester);
	}
	return 0;
}

static const char *const names[SSI_DIR_STATES] = {
	[SSI_DIR_UNTOUCHED] = "untouched",
	[SSI_DIR_SHARED] = "shared",
	[SSI_DIR_EXCLUSIVE] = "exclusive",
};

const char *ssi_dir_state_name(u32 state)
{
	return state < SSI_DIR_STATES ? names[state] : "?";
}
