/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The home side of a page: owner, copyset, and what a request needs.
 *
 * Pure: compiled for userspace too (selftests/unit).
 */
#ifndef _SSI_DIRECTORY_H
#define _SSI_DIRECTORY_H

#include "protocol/portable.h"

/* What a request asks for. */
enum ssi_dir_kind {
	SSI_DIR_GETS,		/* a copy */
	SSI_DIR_GETX,		/* the page alone; the requester has no copy */
	SSI_DIR_UPGRADE,	/* the page alone; it had a copy when it asked */
};

/* Home side state of a page. */
enum ssi_dir_state {
	SSI_DIR_UNTOUCHED,	/* nobody has it; it is zero */
	SSI_DIR_SHARED,		/* the copyset has it, the owner supplies it */
	SSI_DIR_EXCLUSIVE,	/* the owner has it alone */
	SSI_DIR_STATES,
};

/**
 * struct ssi_dir - eight bytes a page
 * @copyset: nodes that may hold a copy, and the owner, who does
 * @owner: who supplies the data
 * @state: enum ssi_dir_state; while busy, as it was before
 * @busy: a transaction is under way
 */
struct ssi_dir {
	u32 copyset;
	u8  owner;
	u8  state;
	u8  busy;
	u8  reserved;
};

/**
 * struct ssi_dir_plan - how the home serves one request
 * @grant: send GRANT to the requester, with @acks
 * @forward: send FWDS (copy) or FWDX to the owner; FWDX with @acks
 * @exclusive: which of the two, and what the requester gets
 * @zero: the page is untouched: the grant means zero and exclusive
 * @inv: nodes that get INV and ack to the requester
 * @acks: hweight of @inv
 */
struct ssi_dir_plan {
	bool grant;
	bool forward;
	bool exclusive;
	bool zero;
	u32 inv;
	u32 acks;
};

/*
 * Begin the transaction of @requester. 0, -EBUSY when one is under way (queue
 * it), -EPROTO when the requester asks for what it has.
 */
int ssi_directory_begin(struct ssi_dir *dir, u32 requester,
			enum ssi_dir_kind kind, struct ssi_dir_plan *plan);

/* The requester is done. @kind as it asked. 0, or -EPROTO: none is under way. */
int ssi_directory_end(struct ssi_dir *dir, u32 requester,
		      enum ssi_dir_kind kind);

const char *ssi_dir_state_name(enum ssi_dir_state state);

#endif /* _SSI_DIRECTORY_H */
