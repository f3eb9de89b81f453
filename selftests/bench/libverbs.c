// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RDMA connections between two processes of a virtual host, and pages that one
 * sends when the other one asks for them.
 *
 * A request is a SEND of 64 bytes, a page a SEND of 4096 with its number as
 * immediate data.
 */
#include "libverbs.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <rdma/rdma_verbs.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "libbench.h"
#include "selftests/unit/tap.h"

#define PORT		"7600"
#define SENDS_EACH	32u	/* SENDs to the next one that has a completion */

#define POLLS		1000u	/* before another task gets the CPU */

/* inline: the request needs no memory that is registered */
struct request {
	uint32_t index;
	uint8_t pad[60];
};

static const char *addr_of_host(const char *name)
{
	const char *addr = getenv(name);

	if (!addr)
		tap_bail("%s is not set: this is no virtual host", name);
	return addr;
}

const char *verbs_server_addr(void)
{
	return addr_of_host("SSI_ADDR_0");
}

const char *verbs_client_addr(void)
{
	return addr_of_host("SSI_ADDR_1");
}

struct rdma_cm_id *verbs_endpoint(bool passive)
{
	struct rdma_addrinfo hints = {
		.ai_flags = passive ? RAI_PASSIVE : 0,
		.ai_port_space = RDMA_PS_TCP,
	};
	struct ibv_qp_init_attr attr = {
		.cap = {
			.max_send_wr = 2 * SENDS_EACH,
			.max_recv_wr = VERBS_ASKED_MAX,
			.max_send_sge = 1,
			.max_recv_sge = 1,
			.max_inline_data = sizeof(struct request),
		},
		.qp_type = IBV_QPT_RC,
	};
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct rdma_addrinfo *res;
	struct rdma_cm_id *ep;

	if (!passive) {
		inet_pton(AF_INET, verbs_client_addr(), &from.sin_addr);
		hints.ai_src_addr = (void *)&from;
		hints.ai_src_len = sizeof(from);
	}
	bench_must(!rdma_getaddrinfo(verbs_server_addr(), PORT, &hints, &res),
		   "rdma_getaddrinfo");
	bench_must(!rdma_create_ep(&ep, res, NULL, &attr), "rdma_create_ep");
	rdma_freeaddrinfo(res);
	return ep;
}

/*
 * The flags of the next SEND. One in SENDS_EACH has a completion; it is awaited
 * before the next such one, so the queue never overflows.
 */
static unsigned int send_flags(struct rdma_cm_id *id, uint32_t *sent)
{
	struct ibv_wc wc = { };

	if (++*sent % SENDS_EACH)
		return 0;
	while (*sent > SENDS_EACH && !ibv_poll_cq(id->send_cq, 1, &wc))
		;
	bench_must(wc.status == IBV_WC_SUCCESS, "the completion of a SEND");
	return IBV_SEND_SIGNALED;
}

/*
 * Polls until a completion comes. In between ksoftirqd gets the CPU, which would
 * otherwise wait for some milliseconds with the packets that this one needs.
 */
static int poll_received(struct rdma_cm_id *id, struct ibv_wc *wc)
{
	uint32_t tries;
	int n;

	for (tries = 1; ; tries++) {
		n = ibv_poll_cq(id->recv_cq, 1, wc);
		if (n)
			return n;
		if (!(tries % POLLS))
			sched_yield();
	}
}

static struct ibv_wc next_received(struct rdma_cm_id *id, bool polled)
{
	struct ibv_wc wc = { };
	int n = polled ? poll_received(id, &wc) : rdma_get_recv_comp(id, &wc);

	bench_must(n == 1 && wc.status == IBV_WC_SUCCESS,
		   "the completion of a RECV");
	return wc;
}

static void post_recv(struct rdma_cm_id *id, void *buffer, uint32_t size,
		      struct ibv_mr *mr)
{
	bench_must(!rdma_post_recv(id, buffer, buffer, size, mr),
		   "rdma_post_recv");
}

/* ---- the process that has pages ---- */

static void send_page(struct rdma_cm_id *id, uint8_t *page, uint32_t index,
		      struct ibv_mr *mr, uint32_t *sent)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)page,
		.length = PAGE,
		.lkey = mr->lkey,
	};
	struct ibv_send_wr wr = {
		.sg_list = &sge,
		.num_sge = 1,
		.opcode = IBV_WR_SEND_WITH_IMM,
		.send_flags = send_flags(id, sent),
		.imm_data = htonl(index),
	};
	struct ibv_send_wr *bad;

	bench_must(!ibv_post_send(id->qp, &wr, &bad), "ibv_post_send");
}

static void serve_requests(const struct verbs_server *server,
			   struct rdma_cm_id *id, struct ibv_mr *requests)
{
	struct ibv_mr *mr = rdma_reg_msgs(id, server->mem, server->size);
	struct request *request;
	uint32_t sent = 0, index;
	struct ibv_wc wc;

	bench_must(mr, "registering the memory");
	for (;;) {
		wc = next_received(id, server->polled);
		request = (void *)(uintptr_t)wc.wr_id;
		index = request->index;
		post_recv(id, request, sizeof(*request), requests);
		if (server->prepare)
			server->prepare(index);
		send_page(id, (uint8_t *)server->mem + (uint64_t)index * PAGE,
			  index, mr, &sent);
	}
}

void verbs_serve(const struct verbs_server *server, int ready)
{
	struct request *requests = bench_shared(VERBS_ASKED_MAX * sizeof(*requests));
	struct rdma_cm_id *listener = verbs_endpoint(true), *id;
	struct rdma_conn_param param = { .rnr_retry_count = 7 };
	struct ibv_mr *mr;
	uint32_t i;

	bench_must(!rdma_listen(listener, 1), "rdma_listen");
	bench_must(write(ready, "", 1) == 1, "telling that it listens");
	bench_must(!rdma_get_request(listener, &id), "rdma_get_request");
	mr = rdma_reg_msgs(id, requests, VERBS_ASKED_MAX * sizeof(*requests));
	bench_must(mr, "registering the requests");
	for (i = 0; i < VERBS_ASKED_MAX; i++)
		post_recv(id, &requests[i], sizeof(*requests), mr);
	bench_must(!rdma_accept(id, &param), "rdma_accept");
	serve_requests(server, id, mr);
}

/* ---- the process that asks ---- */

void verbs_connect(struct verbs_client *client)
{
	struct rdma_conn_param param = { .retry_count = 7, .rnr_retry_count = 7 };
	uint32_t i;

	client->id = verbs_endpoint(false);
	client->pages = bench_shared(VERBS_ASKED_MAX * PAGE);
	client->mr = rdma_reg_msgs(client->id, client->pages,
				   VERBS_ASKED_MAX * PAGE);
	bench_must(client->mr, "registering pages");
	for (i = 0; i < VERBS_ASKED_MAX; i++)
		verbs_put(client, client->pages + i * PAGE);
	bench_must(!rdma_connect(client->id, &param), "rdma_connect");
}

void verbs_ask(struct verbs_client *client, uint32_t index)
{
	struct request request = { .index = index };
	unsigned int flags = send_flags(client->id, &client->sent);

	bench_must(!rdma_post_send(client->id, NULL, &request, sizeof(request),
				   NULL, flags | IBV_SEND_INLINE),
		   "rdma_post_send");
}

uint8_t *verbs_get(struct verbs_client *client, uint32_t *index)
{
	struct ibv_wc wc = next_received(client->id, client->polled);

	*index = ntohl(wc.imm_data);
	return (uint8_t *)(uintptr_t)wc.wr_id;
}

void verbs_put(struct verbs_client *client, uint8_t *page)
{
	post_recv(client->id, page, PAGE, client->mr);
}
