/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/ssi_dsm: attach to a region, map it, and exchange messages with the
 * programs attached to the same region on other nodes.
 *
 * A cluster, its local nodes, their peers and regions are configured over
 * generic netlink (ssi_dsm_genl.h). This device only uses existing regions.
 *
 * Life of a file descriptor:
 *
 *   open            no region; mmap, read and SSI_DSM_SEND fail with ENOTCONN
 *   SSI_DSM_ATTACH  binds the file to one local node's instance of a region,
 *                   until close. Does not wait for the other nodes. One file
 *                   per region and node may have the channel (the first one
 *                   that attaches without SSI_DSM_ATTACH_NO_CHANNEL).
 *   read            one message per call, blocking unless O_NONBLOCK:
 *                   struct ssi_dsm_msg followed by its payload. If the buffer
 *                   is too small for the next message: EMSGSIZE, and the
 *                   message stays in the queue. A file that was attached with
 *                   SSI_DSM_ATTACH_BATCH gets all waiting SSI_DSM_MSG_DATA that
 *                   fit as a whole, each at a multiple of SSI_DSM_MSG_ALIGN
 *                   bytes from the beginning. The bytes between two messages
 *                   keep their values.
 *   poll            POLLIN when a message can be read.
 *   mmap            MAP_SHARED only; offset and length in the region, multiples
 *                   of the page size. Page faults wait until the region is
 *                   ready and this node has the page. If it cannot get the
 *                   page any more (the region is lost): SIGBUS.
 *   close           the last close leaves the region, and the other nodes are
 *                   notified.
 */
#ifndef _UAPI_LINUX_SSI_DSM_H
#define _UAPI_LINUX_SSI_DSM_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define SSI_DSM_DEVICE		"/dev/ssi_dsm"
#define SSI_DSM_CLUSTER_LEN	32	/* name with its terminating NUL */
#define SSI_DSM_MAX_NODES	32	/* node ids are 0 .. 31 */
#define SSI_DSM_MSG_MAX		4096	/* bytes of payload of one message */
#define SSI_DSM_MSG_ALIGN	8	/* of messages after the first of a read */

/**
 * struct ssi_dsm_attach - argument of SSI_DSM_ATTACH
 * @cluster: name of the cluster, NUL-terminated
 * @node: id of the local node, in the network namespace of the caller
 * @region: id of the region
 * @flags: SSI_DSM_ATTACH_*; unknown bits are EINVAL
 * @size: out: size of the region in bytes
 */
struct ssi_dsm_attach {
	__u8  cluster[SSI_DSM_CLUSTER_LEN];
	__u32 node;
	__u32 region;
	__u32 flags;
	__u32 reserved;		/* must be 0 */
	__u64 size;
};

#define SSI_DSM_ATTACH_NO_CHANNEL	(1u << 0)
#define SSI_DSM_ATTACH_BATCH		(1u << 1)	/* several messages a read */

/**
 * struct ssi_dsm_send - argument of SSI_DSM_SEND
 * @node: the receiving node's id; ENOTCONN when its link is down, or when it
 *	has not joined the region yet
 * @len: bytes of payload, 1 .. SSI_DSM_MSG_MAX
 * @data: user pointer to the payload
 *
 * Messages from one node to another arrive complete and in order. Otherwise
 * the link between them is lost, and the region with it.
 */
struct ssi_dsm_send {
	__u32 node;
	__u32 len;
	__u64 data;
};

/**
 * struct ssi_dsm_discard - argument of SSI_DSM_DISCARD
 * @offset: first byte in the region
 * @len: bytes; both are multiples of 4096
 * @discarded: out: bytes that became zero
 *
 * The caller no longer needs the data in this range. Pages that this node has
 * exclusively become zero, and their memory is freed. All other pages, and pages
 * that are in use, stay as they are. A 2 MiB folio is freed only if it is in the
 * range as a whole. A concurrent access sees a page as before or as after.
 */
struct ssi_dsm_discard {
	__u64 offset;
	__u64 len;
	__u64 discarded;
};

/**
 * struct ssi_dsm_owned - argument of SSI_DSM_OWNED
 * @offset: first byte in the region
 * @len: bytes; both are multiples of 2 MiB
 * @bits: user pointer to a bit for each page of the range, in words of 64 bits
 * @homes_given: out: how many homes of blocks this node has given to other nodes
 *
 * Sets the bits of the pages that this node owns, or that are on their way to or from
 * this node, unless they are zero and have no memory. The other bits stay as they are.
 *
 * For a copy of a region in which no program writes: each node calls it, and again when all
 * have returned from the first call. Then each page that is not zero has its bit set on
 * at least one node, if @homes_given of no node has changed meanwhile.
 */
struct ssi_dsm_owned {
	__u64 offset;
	__u64 len;
	__u64 bits;
	__u64 homes_given;
};

#define SSI_DSM_IOC_MAGIC	0xb5
#define SSI_DSM_ATTACH	_IOWR(SSI_DSM_IOC_MAGIC, 0x00, struct ssi_dsm_attach)
#define SSI_DSM_SEND	_IOW(SSI_DSM_IOC_MAGIC, 0x01, struct ssi_dsm_send)
#define SSI_DSM_DISCARD	_IOWR(SSI_DSM_IOC_MAGIC, 0x02, struct ssi_dsm_discard)
#define SSI_DSM_OWNED	_IOWR(SSI_DSM_IOC_MAGIC, 0x03, struct ssi_dsm_owned)

/**
 * enum ssi_dsm_msg_type - kinds of messages that read() returns
 * @SSI_DSM_MSG_DATA: a message from another node; payload as it was sent
 * @SSI_DSM_MSG_READY: all nodes of the map have joined this region; no payload
 * @SSI_DSM_MSG_LOST: the region is lost because of @node, and stays lost;
 *	payload is one sentence of text with the reason (no NUL)
 * @SSI_DSM_MSG_REFUSED: @node and this node have different maps of the region;
 *	payload is one sentence of text with the reason
 */
enum ssi_dsm_msg_type {
	SSI_DSM_MSG_DATA,
	SSI_DSM_MSG_READY,
	SSI_DSM_MSG_LOST,
	SSI_DSM_MSG_REFUSED,
};

/**
 * struct ssi_dsm_msg - header of a message that read() returns
 * @type: enum ssi_dsm_msg_type
 * @node: the node that has sent the message, or that it is about
 * @len: bytes of payload that follow
 */
struct ssi_dsm_msg {
	__u32 type;
	__u32 node;
	__u32 len;
	__u32 reserved;
	__u8  data[];
};

#endif /* _UAPI_LINUX_SSI_DSM_H */
