/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A node that is none: speaks to the module over verbs from user space, and
 * says whatever a test wants it to.
 *
 * Functions that return int: 0 or a negative errno, -ETIMEDOUT if nothing came
 * in DEADLINE_MS and -ENOTCONN if the module has closed the connection.
 * What cannot fail but for the machine ends the program.
 */
#ifndef LIBFAKE_H
#define LIBFAKE_H

#include <infiniband/verbs.h>
#include <rdma/rdma_cma.h>

#include "kmod/wire.h"
#include "libcluster.h"

#define FAKE_CREDITS	64	/* messages that the module may send ahead */
#define FAKE_SLOTS	(FAKE_CREDITS + 16)	/* some for its CREDITs */
#define FAKE_SENDS	512	/* messages posted at once */
#define FAKE_PAYLOAD	8192	/* the most that one can send with a header */

/* Where the device reads and writes. */
struct fake_memory {
	uint8_t in[FAKE_SLOTS][PAGE + sizeof(struct ssi_wire)];
	uint8_t out[sizeof(struct ssi_wire) + FAKE_PAYLOAD];
};

/**
 * struct fake - the node, with one connection at most
 * @id: its node id
 * @peer: the module's
 * @cluster: hash of the cluster's name
 * @addr: its address
 * @peer_addr: the module's node's
 * @events: of rdma_cm
 * @listener: listens at @addr, or NULL
 * @cm: the connection, or the request for one, or NULL
 * @pd: protection domain
 * @comp: tells of completions
 * @cq: of both queues
 * @mr: @memory
 * @memory: buffers
 * @inbox: slots of messages that came, in order, a ring
 * @bytes: of the message in each slot
 * @headerless: whether it came without a header, and what it said
 * @taken: headers taken from the message that is next
 * @arrived: how many were put there
 * @heard: how many were taken out
 * @sent: sends completed
 * @owed: credits to give back
 * @returned: credits given back
 * @broken: a completion said that the connection is broken
 * @hello: what the module said when it connected or accepted
 */
struct fake {
	uint32_t id;
	uint32_t peer;
	uint64_t cluster;
	const char *addr;
	const char *peer_addr;
	struct rdma_event_channel *events;
	struct rdma_cm_id *listener;
	struct rdma_cm_id *cm;
	struct ibv_pd *pd;
	struct ibv_comp_channel *comp;
	struct ibv_cq *cq;
	struct ibv_mr *mr;
	struct fake_memory *memory;
	uint32_t inbox[FAKE_SLOTS];
	uint32_t bytes[FAKE_SLOTS];
	struct {
		bool is;
		uint32_t says;
	} headerless[FAKE_SLOTS];
	uint32_t taken;
	uint32_t arrived;
	uint32_t heard;
	uint32_t sent;
	uint32_t owed;
	uint32_t returned;
	bool broken;
	struct ssi_wire_hello hello;
};

/* The hello that the module expects. */
struct ssi_wire_hello fake_hello(const struct fake *f);

/*
 * Connect and show @len bytes of @hello. 0, an enum ssi_refusal, or
 * -ECONNREFUSED if the module told no reason.
 */
int fake_connect(struct fake *f, const void *hello, uint8_t len);

/* Ask for it, wait until the module has answered, and leave it at that. */
void fake_connect_half(struct fake *f);

/* Listen, wait for the module to ask (its hello is then f->hello), answer. */
void fake_listen(struct fake *f);
int fake_asked(struct fake *f);
int fake_accept(struct fake *f, const struct ssi_wire_hello *hello);
void fake_reject(struct fake *f, const void *data, uint8_t len);

/* Send @len bytes, a header and what precedes it, @times times, and wait. */
int fake_send(struct fake *f, const void *data, uint32_t len, uint32_t times);

/* Send @len bytes, not more than a page, with @imm as immediate data. */
int fake_send_headerless(struct fake *f, uint32_t imm, uint32_t len);

/* Send what @msg says, as a node of the cluster would; its payload is 0x5a. */
int fake_say(struct fake *f, const struct ssi_msg *msg);

/* Wait for the next message; nobody answers it. */
int fake_next(struct fake *f, struct ssi_msg *msg);

/* Wait for a message of this type; PINGs are answered, others ignored. */
int fake_hear(struct fake *f, uint32_t type, struct ssi_msg *msg);

/* Without a word; what was asked for is forgotten. The listener stays. */
void fake_hang_up(struct fake *f);

/* All of it goes. */
void fake_close(struct fake *f);

#endif /* LIBFAKE_H */
