/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RDMA connections between two processes of a virtual host, and pages that one
 * sends when the other one asks for them.
 *
 * All functions bail out when something fails.
 */
#ifndef LIBVERBS_H
#define LIBVERBS_H

#include <rdma/rdma_cma.h>
#include <stdbool.h>
#include <stdint.h>

#define VERBS_ASKED_MAX	32u	/* pages that are asked for at a time */

/* The process that has pages listens at the first address, others use the second. */
const char *verbs_server_addr(void);
const char *verbs_client_addr(void);

/* An id for a connection, with a queue pair; it listens if @passive. */
struct rdma_cm_id *verbs_endpoint(bool passive);

/**
 * struct verbs_server - sends pages
 * @mem: where the pages are
 * @size: of it, in bytes
 * @prepare: NULL, or what must be done before page @index is sent
 * @polled: polls for requests; else sleeps until one comes
 */
struct verbs_server {
	void *mem;
	uint64_t size;
	void (*prepare)(uint64_t index);
	bool polled;
};

/* Accepts a connection and serves it for ever. Writes a byte to @ready first. */
void verbs_serve(const struct verbs_server *server, int ready);

/**
 * struct verbs_client - asks for pages
 * @polled: polls for pages; else sleeps until one comes
 * @id: the connection
 * @pages: where the pages arrive
 * @mr: of @pages
 * @sent: requests
 */
struct verbs_client {
	bool polled;
	struct rdma_cm_id *id;
	uint8_t *pages;
	struct ibv_mr *mr;
	uint32_t sent;
};

/* @client with all but polled zero. */
void verbs_connect(struct verbs_client *client);

/* Sends a request of 64 bytes for page @index. */
void verbs_ask(struct verbs_client *client, uint32_t index);

/*
 * Waits for the next page that was asked for. Its place is free for another page
 * after verbs_put().
 */
uint8_t *verbs_get(struct verbs_client *client, uint32_t *index);
void verbs_put(struct verbs_client *client, uint8_t *page);

#endif /* LIBVERBS_H */
