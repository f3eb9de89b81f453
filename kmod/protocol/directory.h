/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The home side of a page: owner, copyset, and the messages that a request
 * needs.
 *
 * Pure: compiled for userspace too (selftests/unit).
 */
#ifndef _SSI_DIRECTORY_H
#define _SSI_DIRECTORY_H

#include "protocol/portable.h"

/* Kinds of requests. */
enum ssi_dir_kind {
	SSI_DIR_GETS,		/* a copy */
	SSI_DIR_GETX,		/* exclusive page; the requester has no copy */
	SSI_DIR_UPGRADE,	/* exclusive page; the requester had a copy */
};

/* Home side state of a page. */
enum ssi_dir_state {
	SSI_DIR_UNTOUCHED,	/* no node has the page; it is zero */
	SSI_DIR_SHARED,		/* copies in the copyset; the owner supplies */
	SSI_DIR_EXCLUSIVE,	/* only the owner has the page */
	SSI_DIR_STATES,
};

/**
 * struct ssi_dir - directory entry, eight bytes per page
 * @copyset: nodes that may hold a copy, and the owner, which does hold the page
 * @owner: page owner: the node that supplies the data
 * @state: enum ssi_dir_state; while @busy, the state before the transaction
 * @busy: a transaction is in progress
 * @moves: how often another node became the owner; 255: that often or more. Not part
 *	of the protocol
 */
struct ssi_dir {
	u32 copyset;
	u8  owner;
	u8  state;
	u8  busy;
	u8  moves;
};

/**
 * struct ssi_dir_wire - a directory entry on its way to another home
 *
 * Fields as in struct ssi_dir. The entries of a block are one payload (HOME).
 */
struct ssi_dir_wire {
	__le32 copyset;
	__u8   owner;
	__u8   state;
	__u8   busy;
	__u8   moves;
};

static_assert(sizeof(struct ssi_dir_wire) == 8, "512 entries are one payload");

/**
 * struct ssi_dir_plan - the messages by which the home serves one request
 * @grant: send GRANT to the requester, with @acks
 * @forward: send FWDS (a copy) or FWDX (the page) to the owner; FWDX with @acks
 * @exclusive: true: FWDX, the requester gets the page exclusively; false: FWDS,
 *	it gets a copy
 * @zero: the page is untouched: the grant means a zero page in state E
 * @inv: nodes that get INV and send their ACK to the requester
 * @acks: number of nodes in @inv
 */
struct ssi_dir_plan {
	bool grant;
	bool forward;
	bool exclusive;
	bool zero;
	u32 inv;
	u32 acks;
};

/**
 * ssi_directory_begin() - begin the transaction of a request
 * @dir: directory entry of the page
 * @requester: node id
 * @kind: kind of the request
 * @plan: result: the messages to send
 *
 * Context: Any context; the caller protects @dir.
 * Return: 0; -EBUSY if a transaction is in progress (the caller queues the
 *	request); -EPROTO if the requester asks for a page that it has.
 */
int ssi_directory_begin(struct ssi_dir *dir, u32 requester,
			enum ssi_dir_kind kind, struct ssi_dir_plan *plan);

/**
 * ssi_directory_end() - end a transaction: UNBLOCK has arrived
 * @dir: directory entry of the page
 * @requester: node id
 * @kind: kind of the request, as in ssi_directory_begin()
 *
 * Context: Any context; the caller protects @dir.
 * Return: 0, or -EPROTO if no transaction is in progress.
 */
int ssi_directory_end(struct ssi_dir *dir, u32 requester,
		      enum ssi_dir_kind kind);

/**
 * ssi_directory_pack() - write a directory entry for another home
 * @dir: directory entry of the page
 * @wire: result
 *
 * Context: Any context; the caller protects @dir.
 */
void ssi_directory_pack(const struct ssi_dir *dir, struct ssi_dir_wire *wire);

/**
 * ssi_directory_unpack() - read and validate a directory entry of another home
 * @wire: as it was received
 * @members: bit mask of the nodes of the region
 * @dir: result
 *
 * Return: 0, or -EPROTO if no home can have such an entry.
 */
int ssi_directory_unpack(const struct ssi_dir_wire *wire, u32 members,
			 struct ssi_dir *dir);

/**
 * ssi_dir_state_name() - name of a state for traces
 * @state: the state
 *
 * Return: the name, or "?" if @state is out of range.
 */
const char *ssi_dir_state_name(enum ssi_dir_state state);

#endif /* _SSI_DIRECTORY_H */
