/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS 1.3 between the ssi-vmm of two nodes: certificates, the handshake, and the keys
 * for the kernel.
 */
#ifndef VMM_TLS_H
#define VMM_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/ssi_dsm_genl.h>

#include "options.h"

#define TLS_WHY_MAX	256	/* bytes of a reason with its NUL */

/**
 * struct tls_link - how two nodes are connected
 * @tcp: this node can use the TCP connection of the handshake itself
 * @rdma: this node can make an RDMA connection with a key of the handshake
 * @node: the node at the other end; out, on the side that accepts
 * @has_key: out: it is RDMA, and there is @key; else it is the TCP connection, which
 *	the kernel encrypts and decrypts from now on
 * @key: out: what both ends have from the handshake, and nothing else has
 *
 * If both sides can do both, it is RDMA.
 */
struct tls_link {
	bool tcp, rdma;
	unsigned int node;
	bool has_key;
	uint8_t key[SSI_DSM_KEY_LEN];
};

/* Gives a key to the kernel module before the other side can use it: 0 or -1. */
typedef int (*tls_key_fn)(const struct tls_link *link);

/*
 * Read the certificates, and check that the kernel has TLS for sockets if it may need
 * it. Ends the process with a sentence if not. The options must stay.
 */
void tls_load(const struct options *options);

/**
 * tls_connect() - the handshake of the side that connects
 * @fd: a connected TCP socket, blocking
 * @link: what this node can, and the node that must be at the other end; out: the
 *	result, with a key that the caller wipes
 * @why: out: the reason of a failure, a sentence without full stop
 *
 * Takes a few seconds at most, whatever the other end does. Any thread.
 *
 * Return: 0 or -1.
 */
int tls_connect(int fd, struct tls_link *link, char why[TLS_WHY_MAX]);

/**
 * tls_accept() - the same of the side that accepts
 * @fd: as above
 * @link: as above; out: the node at the other end, too, which has a higher id than
 *	this one
 * @give: called if there is a key
 * @why: out: as above
 *
 * Return: 0 or -1.
 */
int tls_accept(int fd, struct tls_link *link, tls_key_fn give,
	       char why[TLS_WHY_MAX]);

#endif /* VMM_TLS_H */
