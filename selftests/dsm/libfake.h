/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fake node: user space that talks to the module over verbs or TCP, and sends
 * whatever a test needs.
 *
 * Functions that return int: 0 or a negative errno, -ETIMEDOUT if nothing came
 * in DEADLINE_MS and -ENOTCONN if the module has closed the connection.
 * An error of the machine itself ends the program.
 */
#ifndef LIBFAKE_H
#define LIBFAKE_H

#include <infiniband/verbs.h>
#include <rdma/rdma_cma.h>

#include "kmod/protocol/wire.h"
#include "libcluster.h"
#include "libguard.h"

#define FAKE_CREDITS	64	/* messages that the module may send unasked */
#define FAKE_SLOTS	(FAKE_CREDITS + 16)	/* 16 for its CREDIT messages */
#define FAKE_SENDS	512	/* messages posted at once */
#define FAKE_PAYLOAD	8192	/* bytes that one can send with a header, at most */
#define FAKE_LIFE	0xfa4eu	/* of its instances of regions */

/* The buffers that the device reads and writes. */
struct fake_memory {
	uint8_t in[FAKE_SLOTS][PAGE + sizeof(struct ssi_wire) + GUARD_TRAILER];
	uint8_t out[sizeof(struct ssi_wire) + FAKE_PAYLOAD + GUARD_TRAILER];
};

/**
 * struct fake - a fake node, with at most one connection
 * @id: its node id
 * @peer: the module's
 * @cluster: hash of the cluster's name
 * @tcp: it uses TCP, not verbs
 * @addr: its address
 * @ephemeral: it connects from a port that any user may bind, not from one
 *	below 1024
 * @peer_addr: address of the module's node
 * @events: of rdma_cm
 * @listener: listens at @addr, or NULL
 * @cm: the connection, or the request for one, or NULL
 * @pd: protection domain
 * @comp: reports completions
 * @cq: of both queues
 * @mr: @memory
 * @memory: buffers
 * @inbox: slots of received messages, in order, a ring
 * @bytes: of the message in each slot
 * @headerless: whether it came without a header, and its immediate data
 * @taken: headers taken from the next message
 * @arrived: how many messages were put into @inbox
 * @heard: how many were taken out
 * @sent: sends completed
 * @owed: credits to give back
 * @returned: credits given back
 * @link_life: its end of the link, as in hellos; 0 stands for 1
 * @got: messages taken out in that life, CREDIT not counted
 * @said: messages sent by fake_say() in that life
 * @broken: a completion reported that the connection is broken
 * @hello: the module's, from when it connected or accepted
 * @life: of the module's instance of the region that both have
 * @guard: its security over rdma, or NULL
 * @fd: TCP: the connection, if there is @memory
 * @listen_fd: TCP: listens at @addr, or 0
 * @asker: TCP: the address of the last connection there
 * @have: TCP: bytes of the next message that have arrived
 */
struct fake {
	uint32_t id;
	uint32_t peer;
	uint64_t cluster;
	bool tcp;
	const char *addr;
	bool ephemeral;
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
	uint32_t link_life;
	uint64_t got;
	uint64_t said;
	bool broken;
	struct ssi_wire_hello hello;
	uint32_t life;
	struct fake_guard *guard;
	int fd;
	int listen_fd;
	struct sockaddr_in asker;
	uint32_t have;
};

/* The hello that the module expects. */
struct ssi_wire_hello fake_hello(const struct fake *f);

/*
 * Connect with @len bytes of @hello. Returns 0, an enum ssi_refusal, or
 * -ECONNREFUSED if the module gave no reason.
 */
int fake_connect(struct fake *f, const void *hello, uint8_t len);

/* A source port below 1024, another one each time. */
uint16_t fake_next_port(void);

/* Ask for a connection and wait for the module's answer; do not complete it. */
void fake_connect_half(struct fake *f);

/* The same, but look at the answer: fake_reject() can follow. Not TCP. */
int fake_hear_answer(struct fake *f);

/* Connect, and say nothing. Only TCP. */
void fake_connect_mute(struct fake *f);

/* Listen; wait for the module's request (f->hello is its hello); answer it. */
void fake_listen(struct fake *f);
int fake_asked(struct fake *f);
/* The port that the request came from. */
uint16_t fake_asked_from(const struct fake *f);
int fake_accept(struct fake *f, const struct ssi_wire_hello *hello);
void fake_reject(struct fake *f, const void *data, uint8_t len);

/*
 * Send @len bytes, payload and header, @times times; wait until they are sent. Over
 * TCP, the header travels first, and a message without a payload as it is.
 */
int fake_send(struct fake *f, const void *data, uint32_t len, uint32_t times);

/* Send @len bytes as they are, also with security. Not TCP. */
int fake_send_raw(struct fake *f, const void *data, uint32_t len);

/* Send @len bytes, not more than a page, with @imm as immediate data. Not TCP. */
int fake_send_headerless(struct fake *f, uint32_t imm, uint32_t len);

/*
 * @msg with source, destination and, if it has none and its type needs one, the
 * life of the module's instance.
 */
struct ssi_msg fake_address(const struct fake *f, const struct ssi_msg *msg);

/* Send @msg as a node of the cluster would; its payload is bytes of 0x5a. */
int fake_say(struct fake *f, const struct ssi_msg *msg);

/* Wait for the next message, of any type; do not answer it. */
int fake_next(struct fake *f, struct ssi_msg *msg);

/* Wait for a message of this type; answer PINGs, ignore all others. */
int fake_hear(struct fake *f, uint32_t type, struct ssi_msg *msg);

/*
 * End the connection, but keep what has arrived: fake_next() returns it, and
 * then -ENOTCONN. fake_hang_up() comes after that.
 */
void fake_interrupt(struct fake *f);

/* Close the connection, or the request for one. The listener stays. */
void fake_hang_up(struct fake *f);

/* Hang up and free everything, the listener too. */
void fake_close(struct fake *f);

#endif /* LIBFAKE_H */
