/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HTTP server: a unix socket for this host, TLS for others.
 *
 * DOC: Theory of operation
 *
 * libmicrohttpd runs a thread for each connection, so that a function that
 * answers may wait. These are the limits:
 *
 *	connections	256 on the unix socket, 64 over TLS
 *	of one address	8 over TLS
 *	a request	must be complete within 10 s of the connection's beginning or of
 *			the answer before; else the connection is closed
 *	its body	1 MiB
 *	its head	32 KiB
 *
 * Over TLS, a client needs a certificate. libmicrohttpd only requests one and
 * verifies nothing. So the function that it calls for a new connection makes the
 * session require one and sets a function that verifies it during the handshake;
 * a handshake that fails ends the connection. A request is answered only if this
 * function has left a verified certificate in the connection.
 */
#ifndef SSID_SERVER_H
#define SSID_SERVER_H

/* Begin to answer. Ends the process with an error if that is not possible. */
void server_start(void);

/* Stop, and remove the socket. */
void server_stop(void);

#endif /* SSID_SERVER_H */
