// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket: other programs ask ssi-vmm, by HTTP over a unix socket, how the
 * guest does, and control it. In the keeper.
 *
 * The keeper has one thread and must not wait, so a request is taken as it comes,
 * by each of a few clients. One more client takes the place of the one that has been
 * there the longest: a silent program keeps no other out. An answer fits into the
 * socket's buffer. Each connection is for one request; a body is not read.
 *
 * A client of GET /events stays, and keeps its place until it closes its connection, or
 * does not read what it gets. A few places are always for requests. A client that has a
 * CPU move waits for the answer, and keeps its place, too; there is one at a time.
 */
#include "control.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listen.h"

#define REQUEST_MAX	2048
#define EVENT_MAX	2048
#define PATH_MAX_LEN	1536
#define LISTENERS_MAX	(CONTROL_CLIENTS / 2)

/**
 * struct client - a connection
 * @fd: its socket; 0: none
 * @since: number of the connection
 * @listens: to events; it has sent its request
 * @waits: for a CPU to move; the same
 * @len: bytes of @text
 * @text: the request so far
 * @query: of the request: what is behind the "?", or ""
 */
struct client {
	int fd;
	uint64_t since;
	bool listens;
	bool waits;
	size_t len;
	char text[REQUEST_MAX];
	const char *query;
};

static struct {
	const char *path;
	const struct control_ops *ops;
	int fd;			/* 0: there is no control socket */
	uint64_t connections;
	struct client clients[CONTROL_CLIENTS];
} control;

static void close_client(struct client *client)
{
	close(client->fd);
	client->fd = 0;
}

/* ---- answers ---- */

static const char *status_text(unsigned int status)
{
	switch (status) {
	case 200:
		return "200 OK";
	case 202:
		return "202 Accepted";
	case 400:
		return "400 Bad Request";
	case 404:
		return "404 Not Found";
	case 405:
		return "405 Method Not Allowed";
	case 409:
		return "409 Conflict";
	case 503:
		return "503 Service Unavailable";
	default:
		return "431 Request Header Fields Too Large";
	}
}

/* Return: whether all of it was sent. */
static bool send_text(struct client *client, const char *text, size_t len)
{
	return send(client->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	       (ssize_t)len;
}

static void answer(struct client *client, unsigned int status, const char *body)
{
	char head[256];
	int len = snprintf(head, sizeof(head),
			   "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
			   "Content-Length: %zu\r\nConnection: close\r\n\r\n",
			   status_text(status), strlen(body));

	if (send_text(client, head, len))
		send_text(client, body, strlen(body));
	close_client(client);
}

static void refuse(struct client *client, unsigned int status, const char *code,
		   const char *message)
{
	json_t *error = json_pack("{s:{s:s, s:s}}", "error", "code", code,
				  "message", message);
	char *body = error ? json_dumps(error, JSON_COMPACT) : NULL;

	answer(client, status, body ? body :
	       "{\"error\":{\"code\":\"bad_text\",\"message\":\"The request has bytes that are no text.\"}}");
	free(body);
	json_decref(error);
}

/* ---- requests ---- */

/* Return: what a function prints, to be freed, or NULL. */
static char *printed(void (*print)(FILE *to))
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		return NULL;
	print(to);
	if (!fclose(to))
		return text;
	free(text);
	return NULL;
}

static void answer_printed(struct client *client, void (*print)(FILE *to))
{
	char *body = printed(print);

	if (body)
		answer(client, 200, body);
	else
		refuse(client, 503, "host", "The host has no memory for the answer.");
	free(body);
}

static void get_state(struct client *client)
{
	answer_printed(client, control.ops->state);
}

static void get_statistics(struct client *client)
{
	answer_printed(client, control.ops->statistics);
}

static void give_order(struct client *client, enum order_type type)
{
	if (control.ops->order(type))
		answer(client, 202, "{}");
	else
		refuse(client, 409, "starting", "The guest does not run yet.");
}

static void post_button(struct client *client)
{
	give_order(client, ORDER_BUTTON);
}

static void post_reset(struct client *client)
{
	give_order(client, ORDER_RESET);
}

static void post_nmi(struct client *client)
{
	give_order(client, ORDER_NMI);
}

static void post_pause(struct client *client)
{
	give_order(client, ORDER_PAUSE);
}

static void post_resume(struct client *client)
{
	give_order(client, ORDER_RESUME);
}

static void get_checkpoint(struct client *client)
{
	answer_printed(client, control.ops->checkpoint_state);
}

/* "%2F" and the like, in place. Return: whether all of them are bytes of a text. */
static bool decode(char *text)
{
	char *to = text;

	for (; *text; text++) {
		unsigned int byte;
		int used = 0;

		if (*text != '%') {
			*to++ = *text;
			continue;
		}
		if (sscanf(text, "%%%2x%n", &byte, &used) != 1 || used != 3 ||
		    !byte)
			return false;
		*to++ = byte;
		text += 2;
	}
	*to = '\0';
	return true;
}

static void post_checkpoint(struct client *client)
{
	char path[PATH_MAX_LEN], why[FOLDER_WHY_MAX];

	if (strncmp(client->query, "dir=", 4)) {
		refuse(client, 400, "bad_request", "The folder is missing: POST /checkpoint?dir=/FOLDER.");
		return;
	}
	snprintf(path, sizeof(path), "%s", client->query + 4);
	if (!decode(path))
		refuse(client, 400, "bad_request", "A % of the folder's path is not followed by two hexadecimal digits.");
	else if (control.ops->checkpoint(path, why))
		answer(client, 202, "{}");
	else
		refuse(client, 409, "refused", why);
}

/* ---- a CPU moves ---- */

static struct client *find_waiting(void)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control.clients[i].fd && control.clients[i].waits)
			return &control.clients[i];
	return NULL;
}

static void post_move(struct client *client, uint32_t cpu, uint32_t node)
{
	if (find_waiting())
		refuse(client, 409, "busy", "Another CPU moves.");
	else if (control.ops->move(cpu, node))
		client->waits = true;
	else
		refuse(client, 409, "starting", "The guest does not run yet.");
}

void control_move_result(unsigned int status, const char *fmt, ...)
{
	struct client *client = find_waiting();
	char text[256];
	va_list args;

	if (!client)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	client->waits = false;
	if (status == 200)
		answer(client, status, text);
	else
		refuse(client, status, "cannot_move", text);
}

/* ---- the end ---- */

/* The answer comes first: what ends the guest may end this process. */
static void post_quit(struct client *client)
{
	answer(client, 202, "{}");
	control.ops->quit();
}

/* ---- events ---- */

static bool send_event(struct client *client, const char *event)
{
	char text[EVENT_MAX + 16];
	int len = snprintf(text, sizeof(text), "data: %s\n\n", event);

	return send_text(client, text, len);
}

void control_event(const char *fmt, ...)
{
	char event[EVENT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(event, sizeof(event), fmt, args);
	va_end(args);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *client = &control.clients[i];

		if (client->fd && client->listens && !send_event(client, event))
			close_client(client);
	}
}

static unsigned int count_listeners(void)
{
	unsigned int count = 0;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		count += control.clients[i].fd && control.clients[i].listens;
	return count;
}

/* The first event is the state, so that no change can be missed. */
static void get_events(struct client *client)
{
	static const char head[] = "HTTP/1.1 200 OK\r\n"
		"Content-Type: text/event-stream\r\nCache-Control: no-store\r\n"
		"Connection: close\r\n\r\n";
	char *state;

	if (count_listeners() == LISTENERS_MAX) {
		refuse(client, 503, "too_many", "Four programs listen to events already.");
		return;
	}
	state = printed(control.ops->state);
	client->listens = state && send_text(client, head, sizeof(head) - 1) &&
			  send_event(client, state);
	if (!client->listens)
		close_client(client);
	free(state);
}

/* ---- paths ---- */

static const struct {
	const char *method;
	const char *path;
	void (*run)(struct client *client);
} routes[] = {
	{ "GET", "/state", get_state },
	{ "GET", "/statistics", get_statistics },
	{ "GET", "/events", get_events },
	{ "GET", "/checkpoint", get_checkpoint },
	{ "POST", "/button", post_button },
	{ "POST", "/reset", post_reset },
	{ "POST", "/nmi", post_nmi },
	{ "POST", "/pause", post_pause },
	{ "POST", "/resume", post_resume },
	{ "POST", "/checkpoint", post_checkpoint },
	{ "POST", "/quit", post_quit },
};

#define NUM_ROUTES	(sizeof(routes) / sizeof(routes[0]))

static void run_request(struct client *client, const char *method,
			const char *path)
{
	bool is_path = false;
	uint32_t cpu, node;
	char more;

	if (!strcmp(method, "POST") &&
	    sscanf(path, "/move/%9u/%9u%c", &cpu, &node, &more) == 2) {
		post_move(client, cpu, node);
		return;
	}
	for (size_t i = 0; i < NUM_ROUTES; i++) {
		if (strcmp(path, routes[i].path))
			continue;
		is_path = true;
		if (!strcmp(method, routes[i].method)) {
			routes[i].run(client);
			return;
		}
	}
	if (is_path)
		refuse(client, 405, "bad_method", "This path has another method.");
	else
		refuse(client, 404, "no_path", "The paths are /state, /statistics, /events, /button, /reset, /nmi, /pause, /resume, /move/CPU/NODE, /checkpoint and /quit.");
}

/* Only the first line counts. */
static void take_request(struct client *client)
{
	char method[8], path[PATH_MAX_LEN], *query;
	int version;

	if (sscanf(client->text, "%7[A-Z] %1535[!-~] HTTP/1.%1d", method, path,
		   &version) != 3) {
		refuse(client, 400, "bad_request", "This is no HTTP request.");
		return;
	}
	query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	client->query = query ? query : "";
	run_request(client, method, path);
}

static void receive(struct client *client)
{
	size_t room = sizeof(client->text) - 1 - client->len;
	ssize_t got = recv(client->fd, client->text + client->len, room,
			   MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		close_client(client);
		return;
	}
	if (client->listens || client->waits)	/* what it says now is of no meaning */
		return;
	client->len += got;
	client->text[client->len] = '\0';
	/* A NUL ends the text, and so does not fit into a request. */
	if (strlen(client->text) != client->len)
		refuse(client, 400, "bad_request", "This is no HTTP request.");
	else if (strstr(client->text, "\r\n\r\n"))
		take_request(client);
	else if (client->len == sizeof(client->text) - 1)
		refuse(client, 431, "too_long", "The request is longer than 2 KiB.");
}

/* ---- connections ---- */

static struct client *place_for_client(void)
{
	struct client *oldest = NULL;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *client = &control.clients[i];

		if (!client->fd)
			return client;
		if (!client->listens && !client->waits &&
		    (!oldest || client->since < oldest->since))
			oldest = client;
	}
	close_client(oldest);
	return oldest;
}

static void accept_client(void)
{
	int fd = accept4(control.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client;

	if (fd < 0)
		return;
	client = place_for_client();
	client->fd = fd;
	client->since = ++control.connections;
	client->listens = false;
	client->waits = false;
	client->len = 0;
}

unsigned int control_poll(struct pollfd polled[CONTROL_FDS])
{
	unsigned int count = 0;

	if (!control.fd)
		return 0;
	polled[count++] = (struct pollfd) { .fd = control.fd, .events = POLLIN };
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control.clients[i].fd)
			polled[count++] = (struct pollfd) {
				.fd = control.clients[i].fd, .events = POLLIN,
			};
	return count;
}

void control_serve(const struct pollfd *polled, unsigned int count)
{
	for (unsigned int i = 1; i < count; i++)
		for (size_t j = 0; polled[i].revents && j < CONTROL_CLIENTS; j++)
			if (control.clients[j].fd == polled[i].fd) {
				receive(&control.clients[j]);
				break;
			}
	if (count && polled[0].revents)
		accept_client();
}

/* ---- the socket ---- */

void control_open(const char *path, const struct control_ops *ops)
{
	control.path = path;
	control.ops = ops;
	control.fd = listen_at("control socket", path, SOCK_NONBLOCK,
			       CONTROL_CLIENTS);
}

void control_close(void)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control.clients[i].fd)
			close_client(&control.clients[i]);
	if (control.fd)
		close(control.fd);
	control.fd = 0;
}

void control_remove(void)
{
	if (!control.fd)
		return;
	unlink(control.path);
	control_close();
}
