/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A TCP connection between two processes, from the second of our addresses. */
#ifndef LIBTCP_H
#define LIBTCP_H

/*
 * Listens, writes a byte to @ready, accepts one connection. Returns its socket, as
 * does tcp_to_server(). Both bail out on errors, and set TCP_NODELAY.
 */
int tcp_serve_one(int ready);
int tcp_to_server(void);

#endif /* LIBTCP_H */
