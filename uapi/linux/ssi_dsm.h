/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/ssi_dsm: attach to a region, map it, and exchange messages with the
 * programs attached to the same region on other nodes.
 *
 * A cluster, its local nodes, their peers and regions are configured over
 * generic netlink (ssi_dsm_genl.h); this device only uses what exists.
 *
 * Life of a file descriptor:
 *
 *   open            no region; mmap, read and SSI_DSM_SEND fail with ENOTCONN
 *   SSI_DSM_ATTACH  binds the file to one local node's instance of a region,
 *                   for good. Does not wait for the other nodes. One file
 *                   per region and node may own the channel (the first one,
 *                   without SSI_DSM_ATTACH_NO_CHANNEL).
 *   read            one message per call, blocking unless O_NONBLOCK:
 *                   struct ssi_dsm_msg followed by its payload. A buffer that
 *                   is too small for the next message: EMSGSIZE, nothing lost.
 *   poll            POLLIN when a message waits.
 *   mmap            MAP_SHARED only; offset and length in the region, multiples
 *                   of the page size. Page faults wait until the region is
 *                   ready and the page is here. A page that can never come
 *                   (its owner is lost) is SIGBUS.
 *   close           the last close leaves the region; the other nodes are told.
 */
#ifndef _UAPI_LINUX_SSI_DSM_H
#define _UAPI_LINUX_SSI_DSM_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define SSI_DSM_DEVICE		"/dev/ssi_dsm"
#define SSI_DSM_CLUSTER_LEN	32	/* name with its terminating NUL */
#define SSI_DSM_MAX_NODES	32	/* node ids are 0 .. 31 */
#define SSI_DSM_MSG_MAX		4096	/* bytes of payload of one message */

/**
 * struct ssi_dsm_attach - argument of SSI_DSM_ATTACH
 * @cluster: name of the cluster, NUL-terminated
 * @node: id of the local node
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

/**
 * struct ssi_dsm_send - argument of SSI_DSM_SEND
 * @node: the receiving node's id; ENOTCONN when its link is down
 * @len: bytes of payload, 1 .. SSI_DSM_MSG_MAX
 * @data: user pointer to the payload
 *
 * Messages from one node to another arrive complete and in order, or the
 * link between them is lost and the region with it.
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
 * What is in this range is not needed any more. Pages of it that only this node
 * has become zero and give their memory back; others, and those that
 * somebody uses just now, stay as they are. Blocks in one piece go only if they
 * are in the range as a whole. Accesses at the same time see a page before or after
 * that.
 */
struct ssi_dsm_discard {
	__u64 offset;
	__u64 len;
	__u64 discarded;
};

#define SSI_DSM_IOC_MAGIC	0xb5
#define SSI_DSM_ATTACH	_IOWR(SSI_DSM_IOC_MAGIC, 0x00, struct ssi_dsm_attach)
#define SSI_DSM_SEND	_IOW(SSI_DSM_IOC_MAGIC, 0x01, struct ssi_dsm_send)
#define SSI_DSM_DISCARD	_IOWR(SSI_DSM_IOC_MAGIC, 0x02, struct ssi_dsm_discard)

/**
 * enum ssi_dsm_msg_type - what read() returned
 * @SSI_DSM_MSG_DATA: a message of another node; payload as it was sent
 * @SSI_DSM_MSG_READY: all nodes of the map have joined this region; no payload
 * @SSI_DSM_MSG_LOST: @node is gone for good, and the region with it; payload
 *	is one sentence of text that says why (no NUL)
 * @SSI_DSM_MSG_REFUSED: @node and we do not agree (cluster, region map,
 *	protocol version); payload is one sentence of text that says on what
 */
enum ssi_dsm_msg_type {
	SSI_DSM_MSG_DATA,
	SSI_DSM_MSG_READY,
	SSI_DSM_MSG_LOST,
	SSI_DSM_MSG_REFUSED,
};

/**
 * struct ssi_dsm_msg - head of what read() returns
 * @type: enum ssi_dsm_msg_type
 * @node: the node it comes from or speaks of
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
