/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages between nodes: fixed-size, little-endian, validated before use.
 *
 * Pure: compiled for userspace too (selftests/unit).
 */
#ifndef _SSI_WIRE_H
#define _SSI_WIRE_H

#include "protocol/portable.h"
#include <linux/ssi_dsm.h>

#define SSI_WIRE_MAGIC		0x44495353u	/* "SSID" */
#define SSI_WIRE_VERSION	5
#define SSI_WIRE_PAYLOAD_MAX	4096
#define SSI_WIRE_BATCH		8	/* headers that travel together */

enum ssi_wire_type {
	SSI_WIRE_CREDIT,	/* transport: returns receive credits */
	SSI_WIRE_PING,		/* link: a sign of life */
	SSI_WIRE_REGION,	/* member: I have this region, map hash in arg */
	SSI_WIRE_LEAVE,		/* member: this region is lost for me */
	SSI_WIRE_CHANNEL,	/* program to program, payload follows */
	SSI_WIRE_GETS,		/* requester -> home: a copy, please */
	SSI_WIRE_GETX,		/* requester -> home: the page alone, please */
	SSI_WIRE_UPGRADE,	/* requester -> home: I have a copy, now alone */
	SSI_WIRE_PUT,		/* owner -> home: take the page, I lack memory */
	SSI_WIRE_FWDS,		/* home -> owner: send a copy to requester */
	SSI_WIRE_FWDX,		/* home -> owner: hand over to requester */
	SSI_WIRE_INV,		/* home -> sharer: drop it, ack to requester */
	SSI_WIRE_OLDER,		/* home -> owner, sharer: requester waits for it,
				 * too, and has been gathering for longer */
	SSI_WIRE_DATAS,		/* owner -> requester: a copy */
	SSI_WIRE_DATAX,		/* owner -> requester: the page, arg = acks */
	SSI_WIRE_GRANT,		/* home -> requester: your copy is good, and
				 * yours alone after arg acks */
	SSI_WIRE_ZERO,		/* home -> requester: yours, it is zero */
	SSI_WIRE_ACK,		/* sharer -> requester: dropped */
	SSI_WIRE_UNBLOCK,		/* requester -> home: transaction complete */
	SSI_WIRE_TYPES,
};

/**
 * struct ssi_wire - the 64 bytes every message ends with
 * @type: enum ssi_wire_type
 * @src: sending node
 * @dst: receiving node
 * @requester: the node whose request this serves (FWDS, FWDX, INV) or speaks of
 *	(OLDER), or whose loss this tells of (LEAVE), else 0
 * @len: bytes of payload before them
 * @region: region id
 * @token: chosen by the requester, echoed by everybody who serves it
 * @index: page index in the region
 * @arg: by type: acks to expect (DATAX, GRANT), map hash (REGION)
 * @size: region size in bytes (REGION)
 * @time: microseconds, by type: how long the requester has been gathering pages
 *	(GETS, GETX, UPGRADE, OLDER), or the one of all who wait for the page who has for
 *	the longest (FWDS, FWDX, INV); how long the holder kept the requester
 *	waiting (DATAS, DATAX, ACK)
 * @credits: receive buffers given back; the transport's own field
 * @zero: must be 0
 */
struct ssi_wire {
	__u8   type;
	__u8   src;
	__u8   dst;
	__u8   requester;
	__le32 len;
	__le32 region;
	__le32 token;
	__le64 index;
	__le64 arg;
	__le64 size;
	__le32 credits;
	__le32 time;
	__u8   zero[16];
};
static_assert(sizeof(struct ssi_wire) == 64, "wire header is 64 bytes");
static_assert(offsetof(struct ssi_wire, index) == 16, "no padding");
static_assert(offsetof(struct ssi_wire, zero) == 48, "no padding");

/*
 * A page whose header would say nothing but its type and token travels without
 * one, so that it is one packet where packets are of 4096 bytes: both are in
 * the 32 bits of immediate data then.
 */
#define SSI_WIRE_IMM_DATAX	0x80000000u	/* else DATAS */
#define SSI_WIRE_TOKEN_MAX	0x7fffffffu

/**
 * struct ssi_msg - a validated message in host byte order
 *
 * Fields as in struct ssi_wire.
 */
struct ssi_msg {
	u8  type;
	u8  src;
	u8  dst;
	u8  requester;
	u32 len;
	u32 region;
	u32 token;
	u64 index;
	u64 arg;
	u64 size;
	u32 time;
};

/**
 * struct ssi_wire_hello - what both sides show when a link is set up
 *
 * Travels as rdma_cm private data (at most 56 bytes), so it has no payload.
 */
struct ssi_wire_hello {
	__le32 magic;
	__le16 version;
	__u8   src;
	__u8   dst;
	__le64 cluster;		/* ssi_wire_hash() of the cluster's name */
	__le32 credits;		/* receive buffers posted for the other side */
	__le32 zero;
};
static_assert(sizeof(struct ssi_wire_hello) == 24, "hello is 24 bytes");

/* Why a link was refused; travels in rdma_cm reject private data. */
enum ssi_refusal {
	SSI_REFUSED_NOT,
	SSI_REFUSED_MAGIC,	/* not one of us */
	SSI_REFUSED_VERSION,
	SSI_REFUSED_CLUSTER,
	SSI_REFUSED_DST,	/* I am not the node you look for */
	SSI_REFUSED_SRC,	/* I do not know you, or you are me */
	SSI_REFUSED_BUSY,	/* that node is already connected */
	SSI_REFUSED_ADDR,	/* not from the address of that node */
	SSI_REFUSED_PORT,	/* not from a privileged port */
	SSI_REFUSED_MAX,
};

/*
 * A wish, which a link may drop that cannot send it at once: nobody waits for
 * it, it is repeated as often as memory is short, and just then nothing is to be
 * had to queue it in.
 */
static inline bool ssi_wire_is_hint(enum ssi_wire_type type)
{
	return type == SSI_WIRE_PUT;
}

u64 ssi_wire_hash(u64 seed, const void *data, size_t len);

void ssi_wire_encode(struct ssi_wire *wire, const struct ssi_msg *msg);
bool ssi_wire_can_be_headerless(const struct ssi_wire *wire, u32 *imm);
void ssi_wire_expand(struct ssi_wire *wire, u32 imm, u32 src, u32 dst);
int ssi_wire_parse(const struct ssi_wire *wire, u32 payload, u32 src, u32 dst,
		   struct ssi_msg *msg);

void ssi_wire_hello_encode(struct ssi_wire_hello *hello, u64 cluster, u32 src,
			   u32 dst, u32 credits);
enum ssi_refusal ssi_wire_hello_check(const struct ssi_wire_hello *hello,
				      size_t len, u64 cluster, u32 dst);
const char *ssi_wire_refusal_text(enum ssi_refusal refusal);
const char *ssi_wire_type_name(enum ssi_wire_type type);

#endif /* _SSI_WIRE_H */
