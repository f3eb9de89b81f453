// SPDX-License-Identifier: GPL-2.0-only
/*
 * The home side of the coherence protocol: the messages that a request needs,
 * and the directory entry after it.
 */
#include "protocol/directory.h"

#ifdef __KERNEL__
#include <linux/bitops.h>
#endif

#define NODE(id)	((u32)1 << (id))

/*
 * The requester had a copy when it sent the UPGRADE, but that copy may be
 * invalidated by now; then the requester is not in the copyset any more. If it
 * is still in the copyset, it still has the copy: a node does not drop a copy
 * while its UPGRADE is outstanding.
 */
static int plan_shared(const struct ssi_dir *dir, u32 requester,
		       enum ssi_dir_kind kind, struct ssi_dir_plan *plan)
{
	bool upgrade = kind == SSI_DIR_UPGRADE &&
		       (dir->copyset & NODE(requester));
	u32 others = dir->copyset & ~NODE(requester);

	if (dir->owner == requester && !upgrade)
		return -EPROTO;
	plan->grant = upgrade;
	plan->forward = !upgrade;
	if (upgrade)
		plan->inv = others;
	else if (plan->exclusive)
		plan->inv = others & ~NODE(dir->owner);
	plan->acks = hweight32(plan->inv);
	return 0;
}

int ssi_directory_begin(struct ssi_dir *dir, u32 requester,
			enum ssi_dir_kind kind, struct ssi_dir_plan *plan)
{
	int ret = 0;

	*plan = (struct ssi_dir_plan){ .exclusive = kind != SSI_DIR_GETS };
	if (dir->busy)
		return -EBUSY;
	switch (dir->state) {
	case SSI_DIR_UNTOUCHED:
		if (kind == SSI_DIR_UPGRADE)
			return -EPROTO;
		plan->grant = true;
		plan->zero = true;
		break;
	case SSI_DIR_SHARED:
		ret = plan_shared(dir, requester, kind, plan);
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

int ssi_directory_end(struct ssi_dir *dir, u32 requester,
		      enum ssi_dir_kind kind)
{
	if (!dir->busy)
		return -EPROTO;
	dir->busy = false;
	if (kind != SSI_DIR_GETS || dir->state == SSI_DIR_UNTOUCHED) {
		dir->state = SSI_DIR_EXCLUSIVE;
		dir->owner = requester;
		dir->copyset = NODE(requester);
	} else {
		dir->state = SSI_DIR_SHARED;
		dir->copyset |= NODE(requester);
	}
	return 0;
}

void ssi_directory_pack(const struct ssi_dir *dir, struct ssi_dir_wire *wire)
{
	*wire = (struct ssi_dir_wire){
		.copyset = cpu_to_le32(dir->copyset),
		.owner = dir->owner,
		.state = dir->state,
		.busy = dir->busy,
		.moves = dir->moves,
	};
}

int ssi_directory_unpack(const struct ssi_dir_wire *wire, u32 members,
			 struct ssi_dir *dir)
{
	*dir = (struct ssi_dir){
		.copyset = le32_to_cpu(wire->copyset),
		.owner = wire->owner,
		.state = wire->state,
		.busy = wire->busy,
		.moves = wire->moves,
	};
	if (dir->busy > 1 || dir->state >= SSI_DIR_STATES || dir->copyset & ~members)
		return -EPROTO;
	if (dir->state == SSI_DIR_UNTOUCHED)
		return dir->copyset || dir->owner ? -EPROTO : 0;
	if (dir->owner >= 32 || !(dir->copyset & NODE(dir->owner)))
		return -EPROTO;
	if (dir->state == SSI_DIR_EXCLUSIVE && dir->copyset != NODE(dir->owner))
		return -EPROTO;
	return 0;
}

static const char *const names[SSI_DIR_STATES] = {
	[SSI_DIR_UNTOUCHED] = "untouched",
	[SSI_DIR_SHARED] = "shared",
	[SSI_DIR_EXCLUSIVE] = "exclusive",
};

const char *ssi_dir_state_name(enum ssi_dir_state state)
{
	return state < SSI_DIR_STATES ? names[state] : "?";
}
