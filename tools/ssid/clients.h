/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connections to the server: who is at the other end, and who takes too long.
 */
#ifndef SSID_CLIENTS_H
#define SSID_CLIENTS_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "caller.h"

struct client;

/* Start the thread that closes connections of clients that take too long. */
void clients_init(void);

/*
 * A new connection; @session is NULL without TLS. @web: it is of the loopback listener.
 * Return: NULL without memory.
 */
struct client *client_begin(int fd, gnutls_session_t session, bool web);

/* Is it of the loopback listener? Its requests need the token. */
bool client_is_web(const struct client *client);

/* Before the socket is closed. */
void client_end(struct client *client);

/* Do we wait for a request of the client? Else the client waits for an answer. */
void client_waits(struct client *client, bool waits);

/* NULL if it has shown no valid certificate, and needs one. */
const struct caller *client_caller(const struct client *client);

#endif /* SSID_CLIENTS_H */
