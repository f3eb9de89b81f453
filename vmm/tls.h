/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS 1.3 between the ssi-vmm of two nodes: certificates, the handshake, and the keys
 * for the kernel.
 */
#ifndef VMM_TLS_H
#define VMM_TLS_H

#include <stddef.h>

#include "options.h"

#define TLS_WHY_MAX	256	/* bytes of a reason with its NUL */

/*
 * Read the certificates, and check that the kernel has TLS for sockets. Ends the
 * process with a sentence if not. The options must stay.
 */
void tls_load(const struct options *options);

/**
 * tls_connect() - the handshake of the side that connects
 * @fd: a connected TCP socket, blocking
 * @node: the node that must be at the other end
 * @why: out: the reason of a failure, a sentence without full stop
 *
 * After this the kernel encrypts and decrypts what goes over @fd. Takes
 * a few seconds at most, whatever the other end does. Any thread.
 *
 * Return: 0 or -1.
 */
int tls_connect(int fd, unsigned int node, char why[TLS_WHY_MAX]);

/**
 * tls_accept() - the same of the side that accepts
 * @fd: as above
 * @why: out: as above
 *
 * Return: the node at the other end, which has a higher id than this one, or -1.
 */
int tls_accept(int fd, char why[TLS_WHY_MAX]);

#endif /* VMM_TLS_H */
