// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events of ssi-vmm of this host's nodes.
 *
 * One thread has a connection to the control socket of each node that runs, and connects
 * again when a node is started again: not at once, since an ssi-vmm may have no place for
 * a program that listens, and its keeper has one thread.
 */
#include "guest_events.h"

#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <linux/ssi_dsm.h>

#include "events.h"
#include "guest.h"
#include "plan.h"
#include "say.h"
#include "settings.h"

#define LOOK_MS		1000	/* for nodes that are started */
#define AGAIN_S		1
#define TEXT_MAX	2048	/* of an event, and of the head of the answer */

/**
 * struct source - ssi-vmm of a node
 * @fd: connection to its control socket; -1: none
 * @tried: when it was connected to, in s of the monotonic clock
 * @len: bytes of @text
 * @text: what has come and is not used yet
 */
struct source {
	int fd;
	time_t tried;
	size_t len;
	char text[TEXT_MAX];
};

static struct source guest_events_sources[SSI_DSM_MAX_NODES];

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void connect_to(unsigned int id, struct source *source)
{
	static const char request[] = "GET /events HTTP/1.1\r\nHost: x\r\n\r\n";
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int len = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%u.control",
			   settings.state, id);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	source->tried = now_s();
	if (fd < 0)
		return;
	if (len >= (int)sizeof(addr.sun_path) ||
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    send(fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
		close(fd);
		return;
	}
	source->fd = fd;
	source->len = 0;
}

static void disconnect(struct source *source)
{
	close(source->fd);
	source->fd = -1;
}

/* A whole part of the answer: its head, or an event. */
static void take_part(unsigned int id, const char *part, size_t len)
{
	static const char begin[] = "data: ";
	json_t *event;

	if (len < strlen(begin) || memcmp(part, begin, strlen(begin)))
		return;
	event = json_loadb(part + strlen(begin), len - strlen(begin), 0, NULL);
	if (!json_is_object(event)) {
		json_decref(event);
		return;
	}
	json_object_set_new(event, "node", json_integer(id));
	events_add("guest", event);
}

/* An empty line ends each part; the lines of the head end with "\r\n". */
static char *find_end(struct source *source, size_t *skip)
{
	char *end = strstr(source->text, "\n\n");
	char *head = strstr(source->text, "\r\n\r\n");

	*skip = head && (!end || head < end) ? 4 : 2;
	return *skip == 4 ? head : end;
}

static void take(unsigned int id, struct source *source)
{
	ssize_t got = recv(source->fd, source->text + source->len,
			   TEXT_MAX - 1 - source->len, 0);
	size_t skip;
	char *end;

	if (got <= 0) {
		disconnect(source);
		return;
	}
	source->len += got;
	source->text[source->len] = '\0';
	while ((end = find_end(source, &skip))) {
		take_part(id, source->text, end - source->text);
		source->len -= end + skip - source->text;
		memmove(source->text, end + skip, source->len + 1);
	}
	if (source->len == TEXT_MAX - 1)	/* no event is so long */
		disconnect(source);
}

static bool is_due(const struct source *source)
{
	return source->fd < 0 && now_s() - source->tried >= AGAIN_S;
}

static void look(void)
{
	json_t *plan = plan_get(), *node;
	size_t i;

	json_array_foreach(json_object_get(plan, "nodes"), i, node) {
		unsigned int id = plan_node_id(node);

		if (id < SSI_DSM_MAX_NODES && is_due(&guest_events_sources[id]) &&
		    plan_is_here(node) && guest_runs(id))
			connect_to(id, &guest_events_sources[id]);
	}
	json_decref(plan);
}

static void *listen_to_all(void *unused)
{
	struct pollfd polled[SSI_DSM_MAX_NODES];

	for (;;) {
		look();
		for (int id = 0; id < SSI_DSM_MAX_NODES; id++)
			polled[id] = (struct pollfd){
				.fd = guest_events_sources[id].fd, .events = POLLIN,
			};
		poll(polled, SSI_DSM_MAX_NODES, LOOK_MS);
		for (int id = 0; id < SSI_DSM_MAX_NODES; id++)
			if (polled[id].fd >= 0 && polled[id].revents)
				take(id, &guest_events_sources[id]);
	}
	return unused;
}

void guest_events_start(void)
{
	pthread_t thread;

	for (int id = 0; id < SSI_DSM_MAX_NODES; id++)
		guest_events_sources[id].fd = -1;
	if (pthread_create(&thread, NULL, listen_to_all, NULL))
		say_and_end("The host gives no thread.");
	pthread_detach(thread);
}
