/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's side of HTTP/1.1: one request on a connection, one answer.
 *
 * It is for answers of ssid, which have a length and come in one piece.
 */
#ifndef LIB_HTTP_H
#define LIB_HTTP_H

#include <stddef.h>
#include <sys/types.h>

#define HTTP_WHY_MAX	512
#define HTTP_BODY_MAX	(4u << 20)

/**
 * struct http_stream - a connection
 * @send: like send(2), and may send less; negative for an error
 * @receive: like recv(2): 0 at the end, negative for an error or if time is up
 * @of: for both
 */
struct http_stream {
	ssize_t (*send)(void *of, const void *data, size_t len);
	ssize_t (*receive)(void *of, void *data, size_t len);
	void *of;
};

/**
 * struct http_request - what is asked
 * @method: for example "GET"
 * @path: with the query, if there is one
 * @host: for the header "Host"
 * @body: or NULL
 * @len: bytes of @body
 * @limit_s: the longest wait for a part of the answer, of http_unix(); 0: 60 s
 */
struct http_request {
	const char *method;
	const char *path;
	const char *host;
	const void *body;
	size_t len;
	unsigned int limit_s;
};

/**
 * struct http_answer - what came back
 * @status: for example 200
 * @body: ends with a NUL that @len does not count; the caller frees it
 * @len: bytes of @body
 */
struct http_answer {
	unsigned int status;
	char *body;
	size_t len;
};

/**
 * http_exchange() - send a request and receive the whole answer
 * @stream: the connection; it is of no more use afterwards
 * @request: the request
 * @answer: out
 * @why: out: the reason of a failure, as the end of a sentence
 *
 * Return: 0 or -1.
 */
int http_exchange(const struct http_stream *stream,
		  const struct http_request *request,
		  struct http_answer *answer, char why[HTTP_WHY_MAX]);

/**
 * http_unix() - the same over a unix socket
 * @path: of the socket
 * @request: the request
 * @answer: out
 * @why: out: the reason of a failure, as the end of a sentence
 *
 * Return: 0 or -1.
 */
int http_unix(const char *path, const struct http_request *request,
	      struct http_answer *answer, char why[HTTP_WHY_MAX]);

#endif /* LIB_HTTP_H */
