// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fake node: connections, and messages of any content.
 */
#include "libfake.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libfaketcp.h"
#include "selftests/unit/tap.h"

#define RESOLVE_MS	2000
#define ROOT_PORTS	1024	/* below this only root may bind */
#define HEAD		((uint32_t)sizeof(struct ssi_wire))
#define SEND_ID		UINT64_MAX	/* as wr_id; receives have their slot */
#define NOTHING		(-EAGAIN)	/* no event that matters */

static void need(bool ok, const char *what)
{
	if (!ok)
		tap_bail("the fake node: %s: %s", what, strerror(errno));
}

struct ssi_wire_hello fake_hello(const struct fake *f)
{
	struct ssi_wire_hello hello;

	ssi_wire_hello_encode(&hello, f->cluster, f->id, f->peer, FAKE_CREDITS);
	ssi_wire_hello_continue(&hello, f->link_life ?: 1, le32toh(f->hello.life),
				f->got);
	return hello;
}

static struct sockaddr_in address(const char *text, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

	need(text && inet_pton(AF_INET, text, &sin.sin_addr) == 1, "an address");
	return sin;
}

/* ---- events of rdma_cm ---- */

static void need_channel(struct fake *f)
{
	int fd;

	if (f->events)
		return;
	f->events = rdma_create_event_channel();
	need(f->events, "rdma_create_event_channel (is rdma_ucm loaded?)");
	fd = f->events->fd;
	need(!fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), "fcntl");
}

/* The module's request or answer. */
static void take_private_data(struct fake *f, const struct rdma_conn_param *param,
			      bool is_request)
{
	if (is_request && !guard_asked(f->guard, param->private_data,
				       param->private_data_len, param->qp_num))
		tap_diag("the tag of the module's request is wrong");
	/* The accepting side gets this event without data. */
	if (!is_request && param->private_data_len)
		guard_answered(f->guard, param->private_data,
			       param->private_data_len, param->qp_num);
}

static void take_hello(struct fake *f, const struct rdma_conn_param *param)
{
	memset(&f->hello, 0, sizeof(f->hello));
	if (param->private_data_len >= sizeof(f->hello))
		memcpy(&f->hello, param->private_data, sizeof(f->hello));
}

/* 0, or the refusal that a reject contains. */
static int told_refusal(const struct rdma_conn_param *param)
{
	uint32_t data[2];	/* of struct ssi_rdma_refusal */

	if (param->private_data_len < sizeof(data))
		return -ECONNREFUSED;
	memcpy(data, param->private_data, sizeof(data));
	if (le32toh(data[0]) != SSI_WIRE_MAGIC)
		return -ECONNREFUSED;
	if (!data[1])	/* with security: try again */
		return -EBUSY;
	return (int)le32toh(data[1]);
}

/* The result of an event for a caller that waits for @want. */
static int judge_event(struct fake *f, const struct rdma_cm_event *event,
		       enum rdma_cm_event_type want)
{
	if (event->event == RDMA_CM_EVENT_CONNECT_REQUEST) {
		if (want != event->event || f->cm) {
			rdma_destroy_id(event->id);
			return NOTHING;
		}
		f->cm = event->id;
	} else if (event->id != f->cm) {
		return NOTHING;
	}
	switch (event->event) {
	case RDMA_CM_EVENT_REJECTED:
		return told_refusal(&event->param.conn);
	case RDMA_CM_EVENT_DISCONNECTED:
		return -ENOTCONN;
	case RDMA_CM_EVENT_TIMEWAIT_EXIT:
		return NOTHING;
	case RDMA_CM_EVENT_CONNECT_REQUEST:
	case RDMA_CM_EVENT_CONNECT_RESPONSE:
	case RDMA_CM_EVENT_ESTABLISHED:
		take_hello(f, &event->param.conn);
		if (f->guard)
			take_private_data(f, &event->param.conn, event->event ==
					  RDMA_CM_EVENT_CONNECT_REQUEST);
		break;
	default:
		break;
	}
	if (event->event == want)
		return 0;
	tap_diag("the fake node got %s", rdma_event_str(event->event));
	return -EPROTO;
}

/* One event if there is one. */
static int take_event(struct fake *f, enum rdma_cm_event_type want)
{
	struct rdma_cm_event *event, copy;
	uint8_t data[256];

	if (rdma_get_cm_event(f->events, &event))
		return NOTHING;
	/* An id can only be destroyed when its events are acknowledged. */
	copy = *event;
	copy.param.conn.private_data = data;
	if (event->param.conn.private_data)
		memcpy(data, event->param.conn.private_data,
		       event->param.conn.private_data_len);
	rdma_ack_cm_event(event);
	return judge_event(f, &copy, want);
}

static bool wait_readable(int fd, int other, uint64_t until)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN }, { .fd = other, .events = POLLIN },
	};
	int64_t left = (int64_t)(until - now_ms());

	return left > 0 && poll(fds, 2, (int)left) > 0;
}

static int await_event(struct fake *f, enum rdma_cm_event_type want)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	int ret;

	do {
		ret = take_event(f, want);
		if (ret != NOTHING)
			return ret;
	} while (wait_readable(f->events->fd, -1, until));
	return -ETIMEDOUT;
}

/* ---- buffers ---- */

static void post_slot(struct fake *f, uint32_t slot)
{
	struct ibv_sge sge = { (uintptr_t)f->memory->in[slot],
			       sizeof(f->memory->in[slot]), f->mr->lkey };
	struct ibv_recv_wr wr = { .wr_id = slot, .sg_list = &sge, .num_sge = 1 };
	struct ibv_recv_wr *bad;

	if (ibv_post_recv(f->cm->qp, &wr, &bad))
		f->broken = true;
}

static void make_queues(struct fake *f)
{
	struct ibv_qp_init_attr attr = {
		.cap = {
			.max_send_wr = FAKE_SENDS,
			.max_recv_wr = FAKE_SLOTS,
			.max_send_sge = 1,
			.max_recv_sge = 1,
		},
		.qp_type = IBV_QPT_RC,
		.sq_sig_all = 1,
	};
	struct ibv_context *verbs = f->cm->verbs;
	uint32_t i;

	f->memory = calloc(1, sizeof(*f->memory));
	f->pd = ibv_alloc_pd(verbs);
	f->comp = ibv_create_comp_channel(verbs);
	need(f->memory && f->pd && f->comp, "verbs");
	f->cq = ibv_create_cq(verbs, FAKE_SENDS + FAKE_SLOTS, NULL, f->comp, 0);
	f->mr = ibv_reg_mr(f->pd, f->memory, sizeof(*f->memory),
			   IBV_ACCESS_LOCAL_WRITE);
	need(f->cq && f->mr && !ibv_req_notify_cq(f->cq, 0), "verbs");
	attr.send_cq = f->cq;
	attr.recv_cq = f->cq;
	need(!rdma_create_qp(f->cm, f->pd, &attr), "rdma_create_qp");
	f->arrived = 0;
	f->heard = 0;
	f->taken = 0;
	f->sent = 0;
	f->owed = 0;
	f->returned = 0;
	f->broken = false;
	for (i = 0; i < FAKE_SLOTS; i++)
		post_slot(f, i);
}

static void free_queues(struct fake *f)
{
	if (!f->pd)
		return;
	rdma_destroy_qp(f->cm);
	ibv_destroy_cq(f->cq);
	ibv_destroy_comp_channel(f->comp);
	ibv_dereg_mr(f->mr);
	ibv_dealloc_pd(f->pd);
	free(f->memory);
	f->pd = NULL;
}

/* ---- connections ---- */

static struct rdma_conn_param conn_param(const void *data, uint8_t len)
{
	return (struct rdma_conn_param){
		.private_data = data,
		.private_data_len = len,
		.retry_count = 6,
		.rnr_retry_count = 7,	/* for ever: the module sets the pace */
	};
}

/* Another one each time: the last connection may still have its own. */
uint16_t fake_next_port(void)
{
	static uint16_t port = ROOT_PORTS;

	if (--port < ROOT_PORTS / 2)
		port = ROOT_PORTS - 1;
	return port;
}

/* The ports of other programs' last connections may still be in use. */
static bool resolve(struct fake *f)
{
	struct sockaddr_in to = address(f->peer_addr, SSI_DSM_PORT);
	struct sockaddr_in from;
	uint32_t tries;

	for (tries = 0; tries < ROOT_PORTS / 2; tries++) {
		from = address(f->addr, f->ephemeral ? 0 : fake_next_port());
		if (!rdma_resolve_addr(f->cm, (struct sockaddr *)&from,
				       (struct sockaddr *)&to, RESOLVE_MS))
			return true;
		if (errno != EADDRINUSE)
			return false;
	}
	return false;
}

static struct rdma_conn_param prepare(struct fake *f, const void *hello,
				      uint8_t len)
{
	struct rdma_conn_param param = conn_param(hello, len);

	need_channel(f);
	need(!rdma_create_id(f->events, &f->cm, f, RDMA_PS_TCP),
	     "rdma_create_id");
	need(resolve(f) && !await_event(f, RDMA_CM_EVENT_ADDR_RESOLVED),
	     "the address");
	need(!rdma_resolve_route(f->cm, RESOLVE_MS) &&
	     !await_event(f, RDMA_CM_EVENT_ROUTE_RESOLVED), "the route");
	make_queues(f);
	if (f->guard && len == sizeof(struct ssi_wire_hello)) {
		guard_request(f->guard, hello, f->cm->qp->qp_num);
		param = conn_param(&f->guard->request, sizeof(f->guard->request));
	}
	return param;
}

static void ask(struct fake *f, const void *hello, uint8_t len)
{
	struct rdma_conn_param param = prepare(f, hello, len);

	need(!rdma_connect(f->cm, &param), "rdma_connect");
}

static int say_proof(struct fake *f)
{
	if (!f->guard->answered)
		return -EACCES;
	f->guard->on = true;
	if (f->guard->fault == GUARD_NO_PROOF)
		return 0;
	return fake_send_raw(f, f->guard->proof, sizeof(f->guard->proof));
}

int fake_connect(struct fake *f, const void *hello, uint8_t len)
{
	int ret;

	if (f->tcp)
		return fake_tcp_connect(f, hello, len);
	ask(f, hello, len);
	ret = await_event(f, RDMA_CM_EVENT_ESTABLISHED);
	if (!ret && f->guard)
		ret = say_proof(f);
	if (ret)
		fake_hang_up(f);
	return ret;
}

int fake_hear_answer(struct fake *f)
{
	const struct ssi_wire_hello hello = fake_hello(f);
	struct rdma_conn_param param = prepare(f, &hello, sizeof(hello));
	struct ibv_qp *qp = f->cm->qp;
	int ret;

	/* If the library knows the queue pair, it confirms the answer by itself. */
	param.qp_num = qp->qp_num;
	f->cm->qp = NULL;
	need(!rdma_connect(f->cm, &param), "rdma_connect");
	ret = await_event(f, RDMA_CM_EVENT_CONNECT_RESPONSE);
	f->cm->qp = qp;
	if (ret)
		fake_hang_up(f);
	return ret;
}

void fake_connect_mute(struct fake *f)
{
	fake_tcp_connect_mute(f);
}

void fake_connect_half(struct fake *f)
{
	struct ssi_wire_hello hello = fake_hello(f);

	if (f->tcp) {
		fake_tcp_connect_half(f);
		return;
	}
	ask(f, &hello, sizeof(hello));
	need(wait_readable(f->events->fd, -1, now_ms() + DEADLINE_MS),
	     "the module does not answer");
}

void fake_listen(struct fake *f)
{
	struct sockaddr_in at = address(f->addr, SSI_DSM_PORT);

	if (f->tcp) {
		fake_tcp_listen(f);
		return;
	}
	need_channel(f);
	need(!rdma_create_id(f->events, &f->listener, f, RDMA_PS_TCP),
	     "rdma_create_id");
	need(!rdma_bind_addr(f->listener, (struct sockaddr *)&at) &&
	     !rdma_listen(f->listener, 8), "rdma_listen");
}

int fake_asked(struct fake *f)
{
	if (f->tcp)
		return fake_tcp_asked(f);
	return await_event(f, RDMA_CM_EVENT_CONNECT_REQUEST);
}

uint16_t fake_asked_from(const struct fake *f)
{
	return ntohs(f->tcp ? f->asker.sin_port : rdma_get_dst_port(f->cm));
}

int fake_accept(struct fake *f, const struct ssi_wire_hello *hello)
{
	struct rdma_conn_param param = conn_param(hello, sizeof(*hello));
	struct ssi_keys_answer answer;

	if (f->tcp)
		return fake_tcp_accept(f, hello);
	make_queues(f);
	if (f->guard) {
		guard_answer(f->guard, hello, f->cm->qp->qp_num, &answer);
		param = conn_param(&answer, sizeof(answer));
	}
	need(!rdma_accept(f->cm, &param), "rdma_accept");
	return await_event(f, RDMA_CM_EVENT_ESTABLISHED);
}

void fake_reject(struct fake *f, const void *data, uint8_t len)
{
	if (f->tcp) {
		fake_tcp_reject(f, data, len);
		return;
	}
	need(!rdma_reject(f->cm, data, len), "rdma_reject");
	fake_hang_up(f);
}

void fake_interrupt(struct fake *f)
{
	if (f->tcp) {
		fake_tcp_interrupt(f);
		return;
	}
	need(!rdma_disconnect(f->cm), "rdma_disconnect");
	f->broken = true;
}

void fake_hang_up(struct fake *f)
{
	if (f->tcp)
		fake_tcp_hang_up(f);
	if (!f->cm)
		return;
	if (f->cm->qp)
		rdma_disconnect(f->cm);
	free_queues(f);
	rdma_destroy_id(f->cm);
	f->cm = NULL;
}

void fake_close(struct fake *f)
{
	fake_hang_up(f);
	if (f->listener)
		rdma_destroy_id(f->listener);
	f->listener = NULL;
	if (f->listen_fd)
		close(f->listen_fd);
	f->listen_fd = 0;
	if (f->events)
		rdma_destroy_event_channel(f->events);
	f->events = NULL;
}

/* ---- messages ---- */

/* The module's proof; after it, its messages are sealed. True: it was the proof. */
static bool take_proof(struct fake *f, uint32_t slot, uint32_t bytes)
{
	if (f->guard->on)
		return false;
	if (bytes != SSI_KEYS_LEN ||
	    memcmp(f->memory->in[slot], f->guard->proof, SSI_KEYS_LEN))
		tap_bail("the module's proof is wrong");
	f->guard->on = true;
	post_slot(f, slot);
	return true;
}

static uint32_t open_slot(struct fake *f, uint32_t slot, uint32_t bytes)
{
	if (!f->guard)
		return bytes;
	bytes = guard_open(f->guard, f->memory->in[slot], bytes);
	if (!bytes)
		tap_bail("the module sent a message that is sealed wrongly");
	return bytes;
}

static void put_in_box(struct fake *f, const struct ibv_wc *wc)
{
	uint32_t slot = (uint32_t)wc->wr_id;

	if (f->guard && take_proof(f, slot, wc->byte_len))
		return;
	f->inbox[f->arrived++ % FAKE_SLOTS] = slot;
	f->bytes[slot] = open_slot(f, slot, wc->byte_len);
	f->headerless[slot].is = wc->wc_flags & IBV_WC_WITH_IMM;
	f->headerless[slot].says = be32toh(wc->imm_data);
}

static void take_completions(struct fake *f)
{
	struct ibv_wc wc;

	if (f->tcp)
		fake_tcp_take(f);
	while (!f->tcp && ibv_poll_cq(f->cq, 1, &wc) > 0) {
		if (wc.status != IBV_WC_SUCCESS)
			f->broken = true;
		else if (wc.wr_id == SEND_ID)
			f->sent++;
		else
			put_in_box(f, &wc);
	}
}

/* Completions, or the end of the connection, before which some may have come. */
static int await_completion(struct fake *f, uint64_t until)
{
	struct ibv_cq *cq;
	void *context;

	if (f->tcp)
		return fake_tcp_await(f, until);
	if (!wait_readable(f->comp->fd, f->events->fd, until))
		return -ETIMEDOUT;
	if (take_event(f, RDMA_CM_EVENT_DISCONNECTED) != NOTHING) {
		f->broken = true;
		take_completions(f);
		return 0;
	}
	if (!wait_readable(f->comp->fd, -1, now_ms() + 1))
		return 0;
	need(!ibv_get_cq_event(f->comp, &cq, &context), "ibv_get_cq_event");
	ibv_ack_cq_events(cq, 1);
	need(!ibv_req_notify_cq(f->cq, 0), "ibv_req_notify_cq");
	take_completions(f);
	return 0;
}

/* Send f->memory->out as @opcode says; @imm is the immediate data. */
static int post(struct fake *f, uint32_t len, uint32_t times,
		enum ibv_wr_opcode opcode, uint32_t imm)
{
	struct ibv_sge sge = { (uintptr_t)f->memory->out, len, f->mr->lkey };
	struct ibv_send_wr wr = {
		.wr_id = SEND_ID,
		.sg_list = &sge,
		.num_sge = len ? 1 : 0,
		.opcode = opcode,
		.imm_data = htobe32(imm),
	};
	uint64_t until = now_ms() + DEADLINE_MS;
	uint32_t all = f->sent + times;
	struct ibv_send_wr *bad;
	int ret = 0;

	while (times--)
		if (ibv_post_send(f->cm->qp, &wr, &bad))
			return -ENOTCONN;
	take_completions(f);
	while (!ret && f->sent != all)
		ret = f->broken ? -ENOTCONN : await_completion(f, until);
	return ret;
}

/* Over TCP the header travels before its payload. */
static int send_tcp(struct fake *f, const uint8_t *data, uint32_t len,
		    uint32_t times)
{
	uint8_t out[HEAD + FAKE_PAYLOAD];
	struct ssi_wire wire = { };
	int ret = 0;

	memcpy(out, data, len);
	if (len > HEAD)
		memcpy(&wire, data + len - HEAD, HEAD);
	if (wire.len) {
		memcpy(out, &wire, HEAD);
		memcpy(out + HEAD, data, len - HEAD);
	}
	while (!ret && times--)
		ret = fake_tcp_send(f, out, len);
	return ret;
}

int fake_send_raw(struct fake *f, const void *data, uint32_t len)
{
	memcpy(f->memory->out, data, len);
	return post(f, len, 1, IBV_WR_SEND, 0);
}

/* The next one is sealed when the last one was sent. */
static int send_sealed(struct fake *f, const void *data, uint32_t len,
		       uint32_t times)
{
	int ret = 0;

	while (!ret && times--) {
		memcpy(f->memory->out, data, len);
		ret = post(f, guard_seal(f->guard, f->memory->out, len), 1,
			   IBV_WR_SEND, 0);
	}
	return ret;
}

int fake_send(struct fake *f, const void *data, uint32_t len, uint32_t times)
{
	if (f->tcp)
		return send_tcp(f, data, len, times);
	if (f->guard)
		return send_sealed(f, data, len, times);
	memcpy(f->memory->out, data, len);
	return post(f, len, times, IBV_WR_SEND, 0);
}

int fake_send_headerless(struct fake *f, uint32_t imm, uint32_t len)
{
	return post(f, len, 1, IBV_WR_SEND_WITH_IMM, imm);
}

struct ssi_msg fake_address(const struct fake *f, const struct ssi_msg *msg)
{
	struct ssi_msg full = *msg;

	full.src = f->id;
	full.dst = f->peer;
	if (full.type >= SSI_WIRE_CHANNEL && full.type != SSI_WIRE_BYE && !full.life)
		full.life = f->life;
	if (!full.requester && (full.type == SSI_WIRE_UNBLOCK ||
				(full.type >= SSI_WIRE_GETS && full.type <= SSI_WIRE_UPGRADE)))
		full.requester = f->id;
	return full;
}

int fake_say(struct fake *f, const struct ssi_msg *msg)
{
	struct ssi_msg full = fake_address(f, msg);
	uint8_t out[HEAD + FAKE_PAYLOAD];
	struct ssi_wire wire;

	ssi_wire_encode(&wire, &full);
	wire.credits = htole32(f->owed);
	f->returned += f->owed;
	f->owed = 0;
	memset(out, 0x5a, full.len);
	memcpy(out + full.len, &wire, HEAD);
	f->said++;
	return fake_send(f, out, HEAD + full.len, 1);
}

static void done_with_slot(struct fake *f, uint32_t slot)
{
	f->heard++;
	f->taken = 0;
	if (!f->tcp)
		post_slot(f, slot);
}

/* A page that came without a header, for the request with this token. */
static void take_headerless(struct fake *f, uint32_t slot, struct ssi_msg *msg)
{
	struct ssi_wire wire;

	if (f->bytes[slot] != PAGE)
		tap_bail("the module sent a page without a header that is no page");
	ssi_wire_expand(&wire, f->headerless[slot].says, f->peer, f->id);
	ssi_wire_parse(&wire, PAGE, f->peer, f->id, msg);
	done_with_slot(f, slot);
	f->owed++;
	f->got++;
}

/* The next header of a message that has no payload, or the only one. */
static void take_message(struct fake *f, struct ssi_msg *msg)
{
	uint32_t slot = f->inbox[f->heard % FAKE_SLOTS];
	uint32_t bytes = f->bytes[slot], payload, at;
	struct ssi_wire wire;

	if (f->headerless[slot].is)
		return take_headerless(f, slot, msg);
	memcpy(&wire, f->memory->in[slot] + bytes - HEAD, HEAD);
	payload = wire.len ? bytes - HEAD : 0;
	at = payload ? payload : f->taken++ * HEAD;
	memcpy(&wire, f->memory->in[slot] + at, HEAD);
	if (ssi_wire_parse(&wire, payload, f->peer, f->id, msg))
		tap_bail("the module sent a malformed message");
	f->got += msg->type != SSI_WIRE_CREDIT;
	if (at + HEAD < bytes)
		return;
	done_with_slot(f, slot);
	if (msg->type != SSI_WIRE_CREDIT)
		f->owed++;
}

int fake_next(struct fake *f, struct ssi_msg *msg)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	int ret = 0;

	take_completions(f);
	while (f->heard == f->arrived && !ret)
		ret = f->broken ? -ENOTCONN : await_completion(f, until);
	if (!ret)
		take_message(f, msg);
	return ret;
}

int fake_hear(struct fake *f, uint32_t type, struct ssi_msg *msg)
{
	static const struct ssi_msg ping = { .type = SSI_WIRE_PING };
	int ret;

	do {
		ret = fake_next(f, msg);
		if (!ret && msg->type == type)
			return 0;
		/* What has arrived is heard, even if nothing can be said. */
		if (!ret && msg->type == SSI_WIRE_PING)
			fake_say(f, &ping);
	} while (!ret);
	tap_diag("the fake node waits for %s: %s", ssi_wire_type_name(type),
		 strerror(-ret));
	return ret;
}
