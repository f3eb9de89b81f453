// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client's side of HTTP/1.1: one request on a connection, one answer.
 */
#include "http.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "number.h"

#define HEAD_MAX	16384
#define UNIX_TIMEOUT_S	60	/* an answer may wait for other hosts */

__attribute__((format(printf, 2, 3)))
static int fail(char *why, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, HTTP_WHY_MAX, fmt, args);
	va_end(args);
	return -1;
}

static int send_all(const struct http_stream *stream, const void *data,
		    size_t len, char *why)
{
	const char *at = data;

	while (len) {
		ssize_t sent = stream->send(stream->of, at, len);

		if (sent <= 0)
			return fail(why, "the request could not be sent");
		at += sent;
		len -= sent;
	}
	return 0;
}

static int send_request(const struct http_stream *stream,
			const struct http_request *request, char *why)
{
	char head[1024];
	int len = snprintf(head, sizeof(head),
			   "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
			   "Content-Length: %zu\r\n\r\n",
			   request->method, request->path, request->host,
			   request->len);

	if (len >= (int)sizeof(head))
		return fail(why, "the path of the request is too long");
	if (send_all(stream, head, len, why))
		return -1;
	return send_all(stream, request->body, request->len, why);
}

/* Everything until the end of the connection, as a string. */
static char *receive_all(const struct http_stream *stream, size_t *len,
			 char *why)
{
	size_t room = HEAD_MAX;
	char *text = malloc(room + 1), *more;
	ssize_t got = -1;

	for (*len = 0; text;) {
		got = stream->receive(stream->of, text + *len, room - *len);
		if (got <= 0)
			break;
		*len += got;
		if (*len < room)
			continue;
		room *= 2;
		more = room > 2 * HTTP_BODY_MAX ? NULL : realloc(text, room + 1);
		if (!more)
			break;
		text = more;
	}
	if (text && !got && *len) {
		text[*len] = '\0';
		return text;
	}
	free(text);
	fail(why, got < 0 ? "no answer came in time" : "the connection was closed without an answer");
	return NULL;
}

/* The value of the header "Content-Length", or -1. */
static long long content_length(const char *head)
{
	static const char name[] = "\r\nContent-Length: ";
	const char *at = strcasestr(head, name);
	uint64_t value;

	if (!at || !number_read(at + strlen(name), &value) ||
	    value > HTTP_BODY_MAX)
		return -1;
	return value;
}

/* Takes @text, which becomes the body. */
static int take_answer(char *text, size_t len, struct http_answer *answer,
		       char *why)
{
	char *body = strstr(text, "\r\n\r\n");
	long long expected;

	if (sscanf(text, "HTTP/1.%*1[01] %3u", &answer->status) != 1 || !body) {
		free(text);
		return fail(why, "the answer is not HTTP");
	}
	body[2] = '\0';
	body += 4;
	answer->len = len - (body - text);
	expected = content_length(text);
	if (expected != (long long)answer->len) {
		free(text);
		return fail(why, "the answer is not complete");
	}
	memmove(text, body, answer->len);
	text[answer->len] = '\0';
	answer->body = text;
	return 0;
}

int http_exchange(const struct http_stream *stream,
		  const struct http_request *request,
		  struct http_answer *answer, char why[HTTP_WHY_MAX])
{
	char *text;
	size_t len;

	why[0] = '\0';
	/* A server may answer, and close, before it has read the whole request. */
	if (send_request(stream, request, why) && errno != EPIPE)
		return -1;
	text = receive_all(stream, &len, why);
	return text ? take_answer(text, len, answer, why) : -1;
}

/* ---- over a unix socket ---- */

static ssize_t send_socket(void *of, const void *data, size_t len)
{
	return send(*(int *)of, data, len, MSG_NOSIGNAL);
}

static ssize_t receive_socket(void *of, void *data, size_t len)
{
	return recv(*(int *)of, data, len, 0);
}

static int connect_unix(const char *path, unsigned int limit_s, char *why)
{
	struct timeval limit = { .tv_sec = limit_s ? limit_s : UNIX_TIMEOUT_S };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return fail(why, "the path of the socket is too long");
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(why, "%s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		fail(why, "%s", strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

int http_unix(const char *path, const struct http_request *request,
	      struct http_answer *answer, char why[HTTP_WHY_MAX])
{
	int fd = connect_unix(path, request->limit_s, why);
	const struct http_stream stream = { send_socket, receive_socket, &fd };
	int ret;

	if (fd < 0)
		return -1;
	ret = http_exchange(&stream, request, answer, why);
	close(fd);
	return ret;
}
