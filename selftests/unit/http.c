// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers that the client's side of HTTP, lib/http.c, takes or refuses. */
#include "../../lib/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

/* A server that sends a text in pieces, and then closes, fails or is silent. */
struct server {
	const char *text;
	size_t at, len;
	size_t piece;
	int end;
};

static ssize_t take(void *of, const void *data, size_t len)
{
	(void)of;
	(void)data;
	/* in pieces, too */
	return len > 7 ? 7 : (ssize_t)len;
}

static ssize_t give(void *of, void *data, size_t len)
{
	struct server *server = of;
	size_t left = server->len - server->at;

	if (!left)
		return server->end;
	if (len > server->piece)
		len = server->piece;
	if (len > left)
		len = left;
	memcpy(data, server->text + server->at, len);
	server->at += len;
	return len;
}

#define OK(length)	"HTTP/1.1 200 OK\r\nContent-Length: " length "\r\n\r\n"

static const struct test {
	const char *what;
	const char *text;
	int end;
	int status;	/* 0: refused */
	const char *body;
} tests[] = {
	{ "an answer", OK("5") "hello", 0, 200, "hello" },
	{ "an empty one", OK("0"), 0, 200, "" },
	{ "an error", "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}", 0, 404, "{}" },
	{ "HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 0, 200, "x" },
	{ "nothing", "", 0, 0, NULL },
	{ "no HTTP", "SSH-2.0-OpenSSH\r\n\r\n", 0, 0, NULL },
	{ "no end of the head", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n", 0, 0, NULL },
	{ "no length", "HTTP/1.1 200 OK\r\n\r\nx", 0, 0, NULL },
	{ "a body that is cut off", OK("6") "hello", 0, 0, NULL },
	{ "a body that is too long", OK("4") "hello", 0, 0, NULL },
	{ "a length that is none", OK("-1") "hello", 0, 0, NULL },
	{ "a length beyond all", OK("99999999999999999999") "hello", 0, 0, NULL },
	{ "a length in the body", "HTTP/1.1 200 OK\r\n\r\nContent-Length: 0\r\n\r\n", 0, 0, NULL },
	{ "a server that is silent", OK("6") "hello", -1, 0, NULL },
};

static void run(const struct test *test, size_t piece)
{
	struct server server = {
		.text = test->text, .len = strlen(test->text), .piece = piece,
		.end = test->end,
	};
	const struct http_stream stream = { take, give, &server };
	const struct http_request request = { "GET", "/", "x", "body", 4, 0 };
	struct http_answer answer = { 0 };
	char why[HTTP_WHY_MAX];
	int ret = http_exchange(&stream, &request, &answer, why);

	tap_ok(test->status ? !ret && (int)answer.status == test->status &&
	       !strcmp(answer.body, test->body) : ret && *why,
	       "%s, in pieces of %zu: %s", test->what, piece,
	       ret ? why : "taken");
	free(answer.body);
}

/* An answer without end must not take all memory. */
static void run_endless(void)
{
	size_t len = 64u << 20;
	struct server server = { .len = len, .piece = 65536 };
	const struct http_stream stream = { take, give, &server };
	const struct http_request request = { "GET", "/", "x", NULL, 0, 0 };
	struct http_answer answer = { 0 };
	char *text = calloc(1, len), why[HTTP_WHY_MAX];

	if (!text)
		tap_bail("no memory");
	memcpy(text, OK("5"), strlen(OK("5")));
	server.text = text;
	tap_ok(http_exchange(&stream, &request, &answer, why) &&
	       server.at <= 4 * HTTP_BODY_MAX, "an answer of 64 MiB: %s", why);
	free(text);
}

int main(void)
{
	tap_plan(2 * ARRAY_SIZE(tests) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		run(&tests[i], 1);
		run(&tests[i], 65536);
	}
	run_endless();
	return tap_exit();
}
