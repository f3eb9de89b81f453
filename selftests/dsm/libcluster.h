/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cluster of several nodes in this kernel, and programs attached to it.
 */
#ifndef LIBCLUSTER_H
#define LIBCLUSTER_H

#include "libconf.h"

#define PAGE		4096u
#define REGION		1u	/* the region that clusters here have */
#define NODES_MAX	8u	/* addresses a virtual host has for itself */
#define DEADLINE_MS	(20000 * slower())	/* for a state that must come */

/**
 * struct cluster - nodes 0 .. @nodes - 1, all in this kernel
 * @name: of the cluster
 * @transport: enum ssi_dsm_transport
 * @nodes: how many
 * @each: bytes of memory of each node
 * @delay_us: loop: messages take up to four times this, each link its own time
 * @cache: bytes of other nodes' pages that each node may cache; 0: no limit
 * @fail_nth: one in so many of the module's allocations fails; 0: none
 * @break_nth: not loop: one in so many messages breaks its connection; 0: none
 */
struct cluster {
	const char *name;
	uint32_t transport;
	uint32_t nodes;
	uint64_t each;
	uint32_t delay_us;
	uint64_t cache;
	uint32_t fail_nth;
	uint32_t break_nth;
};

/* A message as read; the payload of a state message is a sentence. */
struct message {
	struct ssi_dsm_msg head;
	uint8_t data[SSI_DSM_MSG_MAX + 1];
};

/*
 * [loop|rdma|tcp|tls|tls-chacha|rdma-tls|rdma-auth|auto [NODES [DELAY_US [CACHE_MIB [FAIL_NTH
 * [BREAK_NTH]]]]]]; bails out on others.
 */
void cluster_args(struct cluster *c, int argc, char **argv);

/* Has the cluster use tcp with tls; see secure_begin(). */
void cluster_use_tls(struct cluster *c, bool chacha);

/* Has the cluster use rdma with keys, and this enum ssi_dsm_security. */
void cluster_use_keys(struct cluster *c, uint32_t security);

/* Makes nodes, peers and region. Bails out when the kernel refuses. */
void cluster_make(const struct cluster *c);
void cluster_delete(const struct cluster *c);

/* The address of node @n, or NULL over loop. */
const char *cluster_addr(const struct cluster *c, uint32_t n);

/*
 * Waits until the region is READY on all nodes. Returns false, and prints the
 * reason, if it does not become READY.
 */
bool cluster_wait_ready(const struct cluster *c);
uint64_t cluster_size(const struct cluster *c);

/*
 * Waits until a link or a region is in @state with @reason; NULL is any reason.
 * Returns false, and prints the present state, if that does not happen.
 */
bool wait_peer(const char *cluster, uint32_t node, uint32_t peer,
	       uint32_t state, const char *reason);
bool wait_region(const char *cluster, uint32_t node, uint32_t region,
		 uint32_t state, const char *reason);

/* An attached file, or a negative errno. */
int attach(const char *cluster, uint32_t node, uint32_t flags);
int attach_region(const char *cluster, uint32_t node, uint32_t region,
		  uint32_t flags);

/* The whole region, or NULL with errno set. */
void *map_region(int fd, uint64_t size);

/* Accesses one byte of mapped memory. Returns whether that gave SIGBUS. */
bool is_sigbus(volatile uint8_t *addr, bool write);

/* Reads one message, for at most @ms; 0, -ETIMEDOUT, or a negative errno. */
int read_message(int fd, struct message *m, int ms);
int send_message(int fd, uint32_t node, const void *data, uint32_t len);

/* The end of the kernel's log. */
int kernel_log(void);
/* Whether the kernel has said @what since then. */
bool kernel_says(int fd, const char *what);

uint64_t now_ms(void);
/* 0 if the child ended with 0 in time; else kills it and prints that. */
int reap(int pid, uint64_t deadline_ms, const char *who);

#endif /* LIBCLUSTER_H */
