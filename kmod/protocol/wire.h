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
#define SSI_WIRE_VERSION	7
#define SSI_WIRE_PAYLOAD_MAX	4096
#define SSI_WIRE_BATCH		8	/* headers in one batch */

/**
 * enum ssi_wire_type - types of messages
 * @SSI_WIRE_CREDIT: transport: gives back receive credits
 * @SSI_WIRE_PING: link: the sender is alive
 * @SSI_WIRE_REGION: member: announces its instance of a region, the map hash is
 *	in arg
 * @SSI_WIRE_LEAVE: member: reports that it has lost the region
 * @SSI_WIRE_CHANNEL: from program to program, with a payload
 * @SSI_WIRE_GETS: requester to home: asks for a copy
 * @SSI_WIRE_GETX: requester to home: asks for the page exclusively
 * @SSI_WIRE_UPGRADE: requester to home: has a copy, asks for the page
 *	exclusively
 * @SSI_WIRE_PUT: owner to home: eviction hint, the owner lacks memory for the
 *	page
 * @SSI_WIRE_FWDS: home to owner: send a copy to the requester
 * @SSI_WIRE_FWDX: home to owner: send the page to the requester and keep no
 *	copy
 * @SSI_WIRE_INV: home to sharer: drop the copy and send ACK to the requester
 * @SSI_WIRE_OLDER: home to owner and sharers: priority hint, the requester
 *	waits for the page, too, and has been gathering for longer
 * @SSI_WIRE_DATAS: owner to requester: a copy
 * @SSI_WIRE_DATAX: owner to requester: the page exclusively, arg is the number
 *	of acks
 * @SSI_WIRE_GRANT: home to requester: its copy is valid, and is exclusive after
 *	arg acks
 * @SSI_WIRE_ZERO: home to requester: the page exclusively, it is zero
 * @SSI_WIRE_ACK: sharer to requester: the copy is dropped
 * @SSI_WIRE_UNBLOCK: requester to home: the requester tells the home that the
 *	transaction is complete; "unblock" in directory protocols
 * @SSI_WIRE_BYE: link: the sender closes it, this is its last message
 * @SSI_WIRE_MOVE: member to home: move the home of the block to another node
 * @SSI_WIRE_HOME: old home to new home: the directory of the block, as payload
 * @SSI_WIRE_UNDERWAY: old home to new home: a transaction that is under way
 * @SSI_WIRE_MOVED: new home to member: the sender is the home of the block
 * @SSI_WIRE_TYPES: number of types
 */
enum ssi_wire_type {
	SSI_WIRE_CREDIT,
	SSI_WIRE_PING,
	SSI_WIRE_REGION,
	SSI_WIRE_LEAVE,
	SSI_WIRE_CHANNEL,
	SSI_WIRE_GETS,
	SSI_WIRE_GETX,
	SSI_WIRE_UPGRADE,
	SSI_WIRE_PUT,
	SSI_WIRE_FWDS,
	SSI_WIRE_FWDX,
	SSI_WIRE_INV,
	SSI_WIRE_OLDER,
	SSI_WIRE_DATAS,
	SSI_WIRE_DATAX,
	SSI_WIRE_GRANT,
	SSI_WIRE_ZERO,
	SSI_WIRE_ACK,
	SSI_WIRE_UNBLOCK,
	SSI_WIRE_BYE,
	SSI_WIRE_MOVE,
	SSI_WIRE_HOME,
	SSI_WIRE_UNDERWAY,
	SSI_WIRE_MOVED,
	SSI_WIRE_TYPES,
};

/**
 * struct ssi_wire - the header: the last 64 bytes of each message
 * @type: enum ssi_wire_type
 * @src: sending node
 * @dst: receiving node
 * @requester: the node whose request this message is (GETS, GETX, UPGRADE,
 *	UNBLOCK, UNDERWAY) or serves (FWDS, FWDX, INV), the node that waits
 *	(OLDER), the node that lost the region (LEAVE), the node that becomes the
 *	home (MOVE), else 0
 * @len: number of bytes of payload in front of the header
 * @region: region id
 * @token: chosen by the requester; each message that serves the request has the
 *	same token
 * @index: page index in the region
 * @arg: depends on the type: number of acks to expect (DATAX, GRANT, FWDX), map
 *	hash (REGION), type of the request (UNDERWAY), number of UNDERWAY messages
 *	(HOME)
 * @size: region size in bytes (REGION)
 * @time: microseconds, depends on the type. GETS, GETX, UPGRADE, OLDER: time
 *	since the requester began to gather pages. FWDS, FWDX, INV: the longest
 *	such time of all nodes that wait for the page. DATAS, DATAX, ACK: time
 *	for which the holder made the requester wait
 * @credits: number of receive buffers given back; the transport uses this field
 * @life: life of the receiver's instance of the region, as far as the sender
 *	knows it, else 0. A message for an earlier life is dropped. See member.c
 * @own_life: life of the sender's instance of the region (REGION, LEAVE)
 * @version: of the home of the page's block: that which the sender knows (to a
 *	home), or that of the sender as a home (from a home)
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
	__le32 life;
	__le32 own_life;
	__le32 version;
	__u8   zero[4];
};
static_assert(sizeof(struct ssi_wire) == 64, "wire header is 64 bytes");
static_assert(offsetof(struct ssi_wire, index) == 16, "no padding");
static_assert(offsetof(struct ssi_wire, zero) == 60, "no padding");

/*
 * A page can be sent headerless if its header holds nothing but the type and
 * the token. Both are then in the 32 bits of immediate data. With an MTU of
 * 4096 bytes such a page is a single packet.
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
	u32 life;
	u32 own_life;
	u32 version;
};

/**
 * struct ssi_wire_hello - private data that both sides send to set up a link
 * @magic: SSI_WIRE_MAGIC
 * @version: SSI_WIRE_VERSION
 * @src: the node that sends the hello
 * @dst: the node at the other end
 * @cluster: ssi_wire_hash() of the name of the cluster
 * @credits: number of receive buffers posted for the other side
 * @zero: must be 0
 * @life: a random number, not 0, that tells this end of the link from earlier
 *	ones with the same node id
 * @peer_life: @life of the other end, 0 if this end has not heard of it
 * @received: number of messages that this end has received from the other end in
 *	their lives, over all connections; CREDIT not counted
 *
 * It is rdma_cm private data (at most 56 bytes), so it has no payload.
 */
struct ssi_wire_hello {
	__le32 magic;
	__le16 version;
	__u8   src;
	__u8   dst;
	__le64 cluster;
	__le32 credits;
	__le32 zero;
	__le32 life;
	__le32 peer_life;
	__le64 received;
};
static_assert(sizeof(struct ssi_wire_hello) == 40, "hello is 40 bytes");

/*
 * Reasons why a link is refused; sent in the private data of an rdma_cm reject, or
 * in struct ssi_wire_answer.
 */
enum ssi_refusal {
	SSI_REFUSED_NOT,
	SSI_REFUSED_MAGIC,	/* not our protocol */
	SSI_REFUSED_VERSION,
	SSI_REFUSED_CLUSTER,
	SSI_REFUSED_DST,	/* the hello is for another node id */
	SSI_REFUSED_SRC,	/* no peer has this node id */
	SSI_REFUSED_BUSY,	/* that node is already connected */
	SSI_REFUSED_ADDR,	/* not from the address of the peer */
	SSI_REFUSED_PORT,	/* not from a privileged port */
	SSI_REFUSED_LIFE,	/* the hello continues a link that is gone */
	SSI_REFUSED_LOST,	/* the link is lost */
	SSI_REFUSED_MTU,	/* the packets would be too long */
	SSI_REFUSED_MAX,
};

/**
 * struct ssi_wire_answer - tcp: answer to a hello
 * @magic: SSI_WIRE_MAGIC
 * @refusal: enum ssi_refusal
 * @hello: the hello of the node that answers; zero if it refuses
 */
struct ssi_wire_answer {
	__le32 magic;
	__le32 refusal;
	struct ssi_wire_hello hello;
};
static_assert(sizeof(struct ssi_wire_answer) == 48, "answer is 48 bytes");

/**
 * struct ssi_wire_confirm - tcp: the answer is right, messages follow
 * @magic: SSI_WIRE_MAGIC
 * @zero: must be 0
 */
struct ssi_wire_confirm {
	__le32 magic;
	__le32 zero;
};

/*
 * A hint: a link may drop it instead of queueing it, if it cannot send it at
 * once. No node waits for it, and its sender repeats it: an eviction hint (PUT)
 * for as long as memory is short, and then there is no memory for a queue either;
 * an order to move a home (MOVE) for as long as the home has not moved.
 */
static inline bool ssi_wire_is_hint(enum ssi_wire_type type)
{
	return type == SSI_WIRE_PUT || type == SSI_WIRE_MOVE;
}

/**
 * ssi_wire_hash() - FNV-1a hash
 * @seed: hash to continue from, 0 to begin
 * @data: the bytes
 * @len: number of bytes
 *
 * Return: the hash.
 */
u64 ssi_wire_hash(u64 seed, const void *data, size_t len);

/**
 * ssi_wire_encode() - convert a message to its form on the wire
 * @wire: result; credits is 0
 * @msg: the message
 */
void ssi_wire_encode(struct ssi_wire *wire, const struct ssi_msg *msg);

/**
 * ssi_wire_can_be_headerless() - whether a page can be sent without its header
 * @wire: the header
 * @imm: result: the immediate data in that case
 */
bool ssi_wire_can_be_headerless(const struct ssi_wire *wire, u32 *imm);

/**
 * ssi_wire_expand() - make the header of a headerless page
 * @wire: result; region, index and life are 0
 * @imm: the immediate data
 * @src: the node that sent it
 * @dst: the local node
 */
void ssi_wire_expand(struct ssi_wire *wire, u32 imm, u32 src, u32 dst);

/* Kernel-doc is in wire.c. */
int ssi_wire_parse(const struct ssi_wire *wire, u32 payload, u32 src, u32 dst,
		   struct ssi_msg *msg);

/**
 * ssi_wire_hello_encode() - make a hello
 * @hello: result
 * @cluster: hash of the name of the cluster
 * @src: the local node
 * @dst: the node at the other end
 * @credits: number of receive buffers posted for the other node
 *
 * ssi_wire_hello_continue() sets the other fields.
 */
void ssi_wire_hello_encode(struct ssi_wire_hello *hello, u64 cluster, u32 src,
			   u32 dst, u32 credits);

/**
 * ssi_wire_hello_continue() - complete a hello: which link it begins or continues
 * @hello: the hello
 * @life: of the local end, not 0
 * @peer_life: of the other end, or 0
 * @received: number of messages received
 */
void ssi_wire_hello_continue(struct ssi_wire_hello *hello, u32 life,
			     u32 peer_life, u64 received);

/* Kernel-doc is in wire.c. */
enum ssi_refusal ssi_wire_hello_check(const struct ssi_wire_hello *hello,
				      size_t len, u64 cluster, u32 dst);

/**
 * ssi_wire_refusal_text() - sentence for a refusal, from the view of the
 *	refused node
 * @refusal: the refusal; any value
 *
 * Return: the sentence.
 */
const char *ssi_wire_refusal_text(enum ssi_refusal refusal);

/**
 * ssi_wire_type_name() - name of a message type for traces
 * @type: the type
 *
 * Return: the name, or "?" if @type is out of range.
 */
const char *ssi_wire_type_name(enum ssi_wire_type type);

#endif /* _SSI_WIRE_H */
