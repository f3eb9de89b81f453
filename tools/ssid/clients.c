// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The connections to the server: who is at the other end, and who takes too long.
 *
 * The library's time limit is for silence: a client that sends a byte now and then
 * would keep its connection for ever.
 */
#include "clients.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "say.h"
#include "tls.h"

#define REQUEST_S	10

/**
 * struct client - a connection
 * @next: of all connections
 * @fd: its socket
 * @session: TLS; NULL on the unix socket
 * @late: time of the monotonic clock when it is closed; 0: it is not
 * @caller: the other end
 * @is_known: @caller is valid
 */
struct client {
	struct client *next;
	int fd;
	gnutls_session_t session;
	time_t late;
	struct caller caller;
	bool is_known;
};

/* Protects the list and @late. */
static pthread_mutex_t clients_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct client *clients;

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* The socket stays open until client_end(), which waits for the lock. */
static void *close_late(void *unused)
{
	struct client *client;

	for (;; sleep(1)) {
		pthread_mutex_lock(&clients_mutex);
		for (client = clients; client; client = client->next)
			if (client->late && now_s() > client->late)
				shutdown(client->fd, SHUT_RDWR);
		pthread_mutex_unlock(&clients_mutex);
	}
	return unused;
}

void clients_init(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, close_late, NULL))
		say_and_end("The host gives no thread.");
	pthread_detach(thread);
}

/* Called during the handshake; another value than 0 ends it. */
static int check_certificate(gnutls_session_t session)
{
	struct client *found;
	gnutls_x509_crt_t certificate;
	char why[256];

	if (tls_check_peer(session, GNUTLS_KP_TLS_WWW_CLIENT, &certificate, why)) {
		say("A client was refused: %s.", why);
		return GNUTLS_E_CERTIFICATE_ERROR;
	}
	pthread_mutex_lock(&clients_mutex);
	for (found = clients; found; found = found->next)
		if (found->session == session)
			break;
	if (found && !found->is_known) {
		found->caller.certificate = certificate;
		found->is_known = true;
		certificate = NULL;
	}
	pthread_mutex_unlock(&clients_mutex);
	if (certificate)
		gnutls_x509_crt_deinit(certificate);
	return found ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

static uid_t user_of(int fd)
{
	struct ucred user = { .uid = -1 };
	socklen_t len = sizeof(user);

	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &len);
	return user.uid;
}

bool client_is_web(const struct client *client)
{
	return client && client->caller.viewer;
}

struct client *client_begin(int fd, gnutls_session_t session, bool web)
{
	struct client *client = calloc(1, sizeof(*client));

	if (session) {
		gnutls_certificate_server_set_request(session,
						      GNUTLS_CERT_REQUIRE);
		gnutls_session_set_verify_function(session, check_certificate);
	}
	if (!client) {
		shutdown(fd, SHUT_RDWR);
		return NULL;
	}
	client->fd = fd;
	client->session = session;
	client->late = now_s() + REQUEST_S;
	client->is_known = !session;
	client->caller.viewer = web;
	client->caller.local = !session && !web;
	if (client->caller.local)
		client->caller.uid = user_of(fd);
	pthread_mutex_lock(&clients_mutex);
	client->next = clients;
	clients = client;
	pthread_mutex_unlock(&clients_mutex);
	return client;
}

void client_end(struct client *client)
{
	struct client **at;

	if (!client)
		return;
	pthread_mutex_lock(&clients_mutex);
	for (at = &clients; *at; at = &(*at)->next)
		if (*at == client) {
			*at = client->next;
			break;
		}
	pthread_mutex_unlock(&clients_mutex);
	if (client->caller.certificate)
		gnutls_x509_crt_deinit(client->caller.certificate);
	free(client);
}

void client_waits(struct client *client, bool waits)
{
	pthread_mutex_lock(&clients_mutex);
	client->late = waits ? now_s() + REQUEST_S : 0;
	pthread_mutex_unlock(&clients_mutex);
}

const struct caller *client_caller(const struct client *client)
{
	return client && client->is_known ? &client->caller : NULL;
}
