/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Generic netlink family "ssi_dsm": nodes, peers, regions, policies, statistics.
 *
 * The tree of attributes, request (>) and reply (<):
 *
 *   NODE_NEW    > CLUSTER NODE_ID [ADDR] [TRANSPORT] [SOCKET_OWNER] [SECURITY]  admin
 *   NODE_DEL    > CLUSTER NODE_ID                                admin
 *   NODE_GET    > [CLUSTER NODE_ID]                              do, dump
 *               < CLUSTER NODE_ID ADDR TRANSPORT SECURITY
 *   PEER_NEW    > CLUSTER NODE_ID PEER_ID [ADDR] [LINK_DELAY] [LINK_GRACE]  admin
 *   PEER_DEL    > CLUSTER NODE_ID PEER_ID                        admin
 *   PEER_GET    > [CLUSTER NODE_ID PEER_ID]                      do, dump
 *               < CLUSTER NODE_ID PEER_ID ADDR LINK_DELAY LINK_GRACE TRANSPORT
 *                 LINK_STATE REASON RX_MSGS TX_MSGS RX_BYTES TX_BYTES SECURITY
 *                 FORGED QUEUED INTERRUPTIONS
 *   PEER_CONNECT > CLUSTER NODE_ID PEER_ID SOCKET|KEY|REASON     admin
 *   REGION_NEW  > CLUSTER NODE_ID REGION_ID MAP...               admin
 *                   MAP { MAP_NODE MAP_SIZE }   in ascending offset,
 *                                               sizes multiples of 2 MiB
 *   REGION_DEL  > CLUSTER NODE_ID REGION_ID                      admin
 *   REGION_GET  > [CLUSTER NODE_ID REGION_ID]                    do, dump
 *               < CLUSTER NODE_ID REGION_ID SIZE MAP... REGION_STATE REASON
 *                 PAGES_SHARED PAGES_EXCLUSIVE DIRECTORY_PAGES METADATA
 *                 PAGES_CACHED DROPPED PUT BLOCKS_HUGE BLOCKS_SPLIT
 *                 HOMES_GIVEN HOMES_TAKEN PASSED_ON
 *   STATS_GET   > [CLUSTER NODE_ID REGION_ID]                    do, dump, admin
 *               < CLUSTER NODE_ID REGION_ID GUEST_NS CLASS...
 *                   CLASS { CLASS_ID CLASS_COUNT CLASS_SUM_NS BUCKETS }
 *   POLICY_SET  > CLUSTER NODE_ID REGION_ID POLICY...            admin
 *                   POLICY { POLICY_ID POLICY_VALUE }
 *   POLICY_GET  > [CLUSTER NODE_ID REGION_ID]                    do, dump
 *               < CLUSTER NODE_ID REGION_ID POLICY...
 *                   POLICY { POLICY_ID POLICY_VALUE POLICY_DEFAULT
 *                            POLICY_MIN POLICY_MAX [POLICY_AUTO] }
 *   PAGE_GET    > [CLUSTER NODE_ID REGION_ID]                    do, dump, admin
 *               < CLUSTER NODE_ID REGION_ID PAGE...
 *                   PAGE { PAGE_INDEX PAGE_MOVES PAGE_ERROR PAGE_NODES }
 *   PAGE_LOOK   > CLUSTER NODE_ID REGION_ID PAGE_INDEX           do, admin
 *               < CLUSTER NODE_ID REGION_ID PAGE_INDEX HOME [PAGE_OWNER]
 *                 [PAGE_SHARERS PAGE_MOVES]
 *                 HOME as the local node knows it; the rest only if it is the
 *                 local node; at most 255 moves
 *   HOME_MOVE   > CLUSTER NODE_ID REGION_ID PAGE_INDEX [PAGE_COUNT] HOME  admin
 *                 orders that the homes of the blocks with these pages move to
 *                 node HOME; PAGE_LOOK tells when they have. An order may get
 *                 lost: repeat it
 *   HEAT_GET    > [CLUSTER NODE_ID REGION_ID]                    dump, admin
 *               < CLUSTER NODE_ID REGION_ID BLOCK...
 *                   BLOCK { BLOCK_INDEX BLOCK_MOVES BLOCK_SHARED BLOCK_OWNERS }
 *                 the touched blocks whose home is the local node; several
 *                 messages for each region
 *   TOUCH_GET   > [CLUSTER NODE_ID REGION_ID]                    dump, admin
 *               < CLUSTER NODE_ID REGION_ID HEAT_CLOCK TOUCH... SERVED...
 *                   TOUCH { [TOUCH_CPU] BLOCK_INDEX BLOCK_HOME TOUCH_READS
 *                           TOUCH_WRITES TOUCH_GUESSES }
 *                   SERVED { [TOUCH_CPU] PEER_ID TOUCH_READS }
 *                 the remote faults of the local node, with decay; several
 *                 messages for each region
 *   event group "events": PEER_GET and REGION_GET replies on state changes;
 *                 PEER_CONNECT with CLUSTER, NODE_ID, PEER_ID and TRANSPORT: the
 *                 link of a node with SECURITY needs a connection (tcp), a key
 *                 (rdma), or either (auto); sent again and again until it has one
 *
 * The attributes in square brackets of a GET filter a dump.
 *
 * A node with SECURITY over tcp neither listens nor connects. User space does both,
 * and gives the module each connection with PEER_CONNECT: a TCP socket whose two
 * directions are encrypted by kernel TLS 1.3. The handshake must have proved that
 * the other end is the node PEER_ID. PEER_CONNECT with REASON says why there is no
 * connection.
 *
 * A node with SECURITY over rdma listens and connects, but only with a KEY: the same
 * random bytes that the handshake has given to both ends, and to nothing else. The
 * node with the lower id must have it first. A key makes one connection.
 *
 * ADDR is a binary struct sockaddr_in or sockaddr_in6. All integers are in
 * host byte order. A local node is named by CLUSTER and NODE_ID: a kernel
 * can hold several nodes, of one cluster or of several.
 */
#ifndef _UAPI_LINUX_SSI_DSM_GENL_H
#define _UAPI_LINUX_SSI_DSM_GENL_H

#define SSI_DSM_GENL_NAME	"ssi_dsm"
#define SSI_DSM_GENL_VERSION	1
#define SSI_DSM_GENL_EVENTS	"events"

/* Default port: of TCP, and of rdma_cm's own port space (RDMA_PS_TCP). */
#define SSI_DSM_PORT		7471

enum ssi_dsm_cmd {
	SSI_DSM_CMD_UNSPEC,
	SSI_DSM_CMD_NODE_NEW,
	SSI_DSM_CMD_NODE_DEL,
	SSI_DSM_CMD_NODE_GET,
	SSI_DSM_CMD_PEER_NEW,
	SSI_DSM_CMD_PEER_DEL,
	SSI_DSM_CMD_PEER_GET,
	SSI_DSM_CMD_REGION_NEW,
	SSI_DSM_CMD_REGION_DEL,
	SSI_DSM_CMD_REGION_GET,
	SSI_DSM_CMD_STATS_GET,
	SSI_DSM_CMD_POLICY_SET,
	SSI_DSM_CMD_POLICY_GET,
	SSI_DSM_CMD_PAGE_GET,
	SSI_DSM_CMD_PEER_CONNECT,
	SSI_DSM_CMD_PAGE_LOOK,
	SSI_DSM_CMD_HEAT_GET,
	SSI_DSM_CMD_TOUCH_GET,
	SSI_DSM_CMD_HOME_MOVE,

	__SSI_DSM_CMD_MAX,
	SSI_DSM_CMD_MAX = __SSI_DSM_CMD_MAX - 1,
};

enum ssi_dsm_attr {
	SSI_DSM_A_UNSPEC,
	SSI_DSM_A_PAD,
	SSI_DSM_A_CLUSTER,		/* string, at most 31 bytes */
	SSI_DSM_A_NODE_ID,		/* u32, 0 .. 31 */
	SSI_DSM_A_PEER_ID,		/* u32, 0 .. 31 */
	SSI_DSM_A_REGION_ID,		/* u32 */
	SSI_DSM_A_ADDR,			/* binary, sockaddr_in or sockaddr_in6 */
	SSI_DSM_A_TRANSPORT,		/* u32, enum ssi_dsm_transport */
	SSI_DSM_A_SOCKET_OWNER,		/* flag: the node is deleted when this
					 * netlink socket is closed */
	SSI_DSM_A_LINK_DELAY,		/* u32, microseconds, loop only */
	SSI_DSM_A_LINK_STATE,		/* u32, enum ssi_dsm_link_state */
	SSI_DSM_A_REASON,		/* string: reason for the state of a link
					 * or region; absent if there is none */
	SSI_DSM_A_RX_MSGS,		/* u64 */
	SSI_DSM_A_TX_MSGS,		/* u64 */
	SSI_DSM_A_RX_BYTES,		/* u64 */
	SSI_DSM_A_TX_BYTES,		/* u64 */
	SSI_DSM_A_SIZE,			/* u64, bytes */
	SSI_DSM_A_MAP,			/* nest, repeated: MAP_NODE, MAP_SIZE */
	SSI_DSM_A_MAP_NODE,		/* u32: home of this part */
	SSI_DSM_A_MAP_SIZE,		/* u64, bytes */
	SSI_DSM_A_REGION_STATE,		/* u32, enum ssi_dsm_region_state */
	SSI_DSM_A_PAGES_SHARED,		/* u64, pages in S or O on this node */
	SSI_DSM_A_PAGES_EXCLUSIVE,	/* u64, pages in state E on this node */
	SSI_DSM_A_DIRECTORY_PAGES,	/* u64, touched pages with this home */
	SSI_DSM_A_METADATA,		/* u64, bytes of bookkeeping */
	SSI_DSM_A_PAGES_CACHED,		/* u64, pages on this node whose home
					 * is another node */
	SSI_DSM_A_DROPPED,		/* u64, copies dropped to free memory */
	SSI_DSM_A_PUT,			/* u64, eviction hints sent for that */
	SSI_DSM_A_CLASS,		/* nest, repeated: CLASS_* */
	SSI_DSM_A_CLASS_ID,		/* u32, enum ssi_dsm_class */
	SSI_DSM_A_CLASS_COUNT,		/* u64 */
	SSI_DSM_A_CLASS_SUM_NS,		/* u64 */
	SSI_DSM_A_BUCKETS,		/* binary, u64[SSI_DSM_BUCKETS]: events
					 * by time, see there */
	SSI_DSM_A_POLICY,		/* nest, repeated: POLICY_* */
	SSI_DSM_A_POLICY_ID,		/* u32, enum ssi_dsm_policy */
	SSI_DSM_A_POLICY_VALUE,		/* u64, or SSI_DSM_POLICY_AUTO */
	SSI_DSM_A_POLICY_DEFAULT,	/* u64, or SSI_DSM_POLICY_AUTO */
	SSI_DSM_A_POLICY_MIN,		/* u64 */
	SSI_DSM_A_POLICY_MAX,		/* u64 */
	SSI_DSM_A_POLICY_AUTO,		/* flag: may be SSI_DSM_POLICY_AUTO */
	SSI_DSM_A_PAGE,			/* nest, repeated: PAGE_* */
	SSI_DSM_A_PAGE_INDEX,		/* u64, in the region */
	SSI_DSM_A_PAGE_MOVES,		/* u64, recent changes of the owner */
	SSI_DSM_A_PAGE_NODES,		/* u32, bit mask of nodes that had it */
	SSI_DSM_A_BLOCKS_HUGE,		/* u64, 2 MiB folios */
	SSI_DSM_A_BLOCKS_SPLIT,		/* u64, 2 MiB folios that were split */
	SSI_DSM_A_PAGE_ERROR,		/* u64, so many of PAGE_MOVES may be of
					 * another page */
	SSI_DSM_A_LINK_GRACE,		/* u32, milliseconds until an interrupted
					 * link is lost, 0: at once; not for
					 * loop, the default is 10000 */
	SSI_DSM_A_SECURITY,		/* u32, enum ssi_dsm_security */
	SSI_DSM_A_SOCKET,		/* u32, file descriptor of a connection */
	SSI_DSM_A_KEY,			/* binary, SSI_DSM_KEY_LEN bytes; no reply
					 * has it */
	SSI_DSM_A_FORGED,		/* u64: messages and requests that were
					 * dropped because something else than
					 * the peer has made, changed or repeated
					 * them */
	SSI_DSM_A_QUEUED,		/* u32: messages that wait to be sent */
	SSI_DSM_A_INTERRUPTIONS,	/* u32: how often the link was interrupted
					 * or lost */
	SSI_DSM_A_GUEST_NS,		/* u64: time that the guest's CPUs have
					 * run on the node */
	SSI_DSM_A_PAGE_OWNER,		/* u32: the node that supplies the page;
					 * absent if no node has touched it */
	SSI_DSM_A_PAGE_SHARERS,		/* u32, bit mask of the nodes that may have
					 * a copy, and of the owner */
	SSI_DSM_A_BLOCK,		/* nest, repeated: BLOCK_* */
	SSI_DSM_A_BLOCK_INDEX,		/* u64: of 2 MiB, in the region */
	SSI_DSM_A_BLOCK_MOVES,		/* u32: changes of the owner of its pages;
					 * it wraps around */
	SSI_DSM_A_BLOCK_SHARED,		/* u32: pages that several nodes may have */
	SSI_DSM_A_BLOCK_OWNERS,		/* binary, u16[32]: pages that each node
					 * owns */
	SSI_DSM_A_HEAT_CLOCK,		/* u32: time of the counts, in ticks of
					 * 2^SSI_DSM_HEAT_SHIFT ns, modulo 2^16 */
	SSI_DSM_A_TOUCH,		/* nest, repeated: TOUCH_*: remote faults of
					 * a CPU at a block */
	SSI_DSM_A_SERVED,		/* nest, repeated: remote faults of a CPU
					 * that the node PEER_ID has served */
	SSI_DSM_A_TOUCH_CPU,		/* u32: APIC id; absent: not of a CPU */
	SSI_DSM_A_TOUCH_READS,		/* u32: copies; at most 65535 */
	SSI_DSM_A_TOUCH_WRITES,		/* u32: exclusive, for a store */
	SSI_DSM_A_TOUCH_GUESSES,	/* u32: exclusive, for a load */
	SSI_DSM_A_BLOCK_HOME,		/* u32: as the local node knows it */
	SSI_DSM_A_HOME,			/* u32: the home of a block, 0 .. 31 */
	SSI_DSM_A_PAGE_COUNT,		/* u64: at most SSI_DSM_MOVE_MAX blocks, 1
					 * if it is absent */
	SSI_DSM_A_HOMES_GIVEN,		/* u64: blocks whose home went to another
					 * node */
	SSI_DSM_A_HOMES_TAKEN,		/* u64: blocks whose home came to this
					 * node */
	SSI_DSM_A_PASSED_ON,		/* u64: messages sent on to a home that has
					 * moved */

	__SSI_DSM_A_MAX,
	SSI_DSM_A_MAX = __SSI_DSM_A_MAX - 1,
};

/*
 * Bucket i of a histogram has the events that took less than its limit, and not less
 * than that of the bucket before. The limits are 128, 256, 512 and 1024 ns; then four
 * for each power of two: (5 + i % 4) << (i / 4 + 7) ns. The last bucket, from 2^34 ns
 * (17 s) on, has no limit.
 */
#define SSI_DSM_BUCKETS		101
#define SSI_DSM_KEY_LEN		32
/*
 * Counts of TOUCH and SERVED: at each tick of 2^SSI_DSM_HEAT_SHIFT ns, an eighth of
 * each count, rounded up, is taken away.
 */
#define SSI_DSM_HEAT_SHIFT	30
#define SSI_DSM_MOVE_MAX	512	/* blocks of 2 MiB in one HOME_MOVE */
#define SSI_DSM_POLICY_AUTO	0xffffffffffffffffull	/* the module decides */

/* Settings of a region on a node; they can be set at any time. */
enum ssi_dsm_policy {
	SSI_DSM_POLICY_HOLD,	/* us: hold window; AUTO follows the service time */
	SSI_DSM_POLICY_SPIN,	/* us: time that a fault spins before it sleeps;
				 * AUTO follows the service time */
	SSI_DSM_POLICY_AHEAD,	/* pages: limit of the read-ahead */
	SSI_DSM_POLICY_CACHE,	/* bytes: limit for pages whose home is another
				 * node; AUTO is what the host can spare */
	SSI_DSM_POLICY_HUGE,	/* 0 or 1: the home takes an untouched block as
				 * one 2 MiB folio */
	SSI_DSM_POLICY_ROGPT,	/* 0 or 1: AMD: walks of guest page tables count
				 * as reads, by a bit in KVM's VMCBs */
	__SSI_DSM_POLICY_MAX,
};

enum ssi_dsm_transport {
	SSI_DSM_TRANSPORT_RDMA,
	SSI_DSM_TRANSPORT_LOOP,
	SSI_DSM_TRANSPORT_TCP,
	SSI_DSM_TRANSPORT_AUTO,	/* rdma where both nodes can, else tcp */
};

/* How nodes prove who they are, and how their messages are protected. */
enum ssi_dsm_security {
	SSI_DSM_SECURITY_NONE,	/* by address and privileged port; not protected */
	SSI_DSM_SECURITY_TLS,	/* TLS 1.3, or keys from its handshake; encrypted */
	SSI_DSM_SECURITY_AUTHENTICATED,	/* rdma: the same, but not encrypted */
};

enum ssi_dsm_link_state {
	SSI_DSM_LINK_DOWN,
	SSI_DSM_LINK_CONNECTING,
	SSI_DSM_LINK_UP,
	SSI_DSM_LINK_REFUSED,	/* cluster, node id or version differs */
	SSI_DSM_LINK_LOST,	/* was up; never comes up again */
	SSI_DSM_LINK_INTERRUPTED, /* was up; is being connected again */
};

enum ssi_dsm_region_state {
	SSI_DSM_REGION_WAITING,	/* for the other nodes */
	SSI_DSM_REGION_READY,
	SSI_DSM_REGION_REFUSED,	/* the nodes' maps differ */
	SSI_DSM_REGION_LOST,	/* a node is lost; faults end with SIGBUS */
};

/* Classes of faults and of protocol work, each with a latency histogram. */
enum ssi_dsm_class {
	SSI_DSM_CLASS_LOCAL,		/* fault, the node had the page */
	SSI_DSM_CLASS_FIRST_TOUCH,	/* fault, no node had it: zero page */
	SSI_DSM_CLASS_READ_REMOTE,	/* fault, a copy was fetched */
	SSI_DSM_CLASS_WRITE_REMOTE,	/* fault, page fetched exclusively */
	SSI_DSM_CLASS_UPGRADE,		/* fault, had a copy; no data moved */
	SSI_DSM_CLASS_INVALIDATION,	/* copy dropped, another node writes */
	SSI_DSM_CLASS_FORWARDED,	/* page supplied to another node */
	SSI_DSM_CLASS_WALK_READ,	/* fault of a vCPU's walk, of all above */
	SSI_DSM_CLASS_WALK_WRITE,	/* the same, and the walk counts as a write */

	__SSI_DSM_CLASS_MAX,
};

#endif /* _UAPI_LINUX_SSI_DSM_GENL_H */
