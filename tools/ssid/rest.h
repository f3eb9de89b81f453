/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests and answers, without the library that transports them.
 */
#ifndef SSID_REST_H
#define SSID_REST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define REST_BODY_MAX	(1u << 20)
#define REST_WHY_MAX	1024

struct caller;

/**
 * struct request - what is asked
 * @method: for example "GET"
 * @path: without the query, as the client wrote it
 * @body: ends with a NUL that @len does not count
 * @len: bytes of @body
 * @caller: whose request it is
 * @query: the value of a key of the query, "" if it has none, NULL without the key
 * @of: for @query
 */
struct request {
	const char *method;
	const char *path;
	const char *body;
	size_t len;
	const struct caller *caller;
	const char *(*query)(void *of, const char *key);
	void *of;
};

/**
 * struct answer - what is answered
 * @status: HTTP's
 * @type: content type
 * @text: allocated; the server frees it
 * @len: bytes of @text
 * @allow: value of the header "Allow", or NULL
 * @policy: the Content-Security-Policy of a page, or NULL
 * @read: instead of @text: fill a buffer with the next bytes, and wait for them;
 *	return their number, or -1 at the end
 * @end: called once when no more is read
 * @of: for @read and @end
 */
struct answer {
	unsigned int status;
	const char *type;
	char *text;
	size_t len;
	const char *allow;
	const char *policy;
	ssize_t (*read)(void *of, char *buffer, size_t max);
	void (*end)(void *of);
	void *of;
};

/* An error before it has an answer: a stable code, and a sentence without full stop. */
struct failure {
	unsigned int status;
	const char *code;
	char why[REST_WHY_MAX];
};

/* Answer with an object; releases @body. */
void rest_answer(struct answer *answer, unsigned int status, json_t *body);

/* Answer with a text, which is freed later. */
void rest_answer_text(struct answer *answer, const char *type, char *text);

/* Answer with { error: { code, message } }. */
void rest_refuse(struct answer *answer, const struct failure *failure);

/**
 * rest_fail() - fill a failure
 * @failure: out
 * @status: of HTTP
 * @code: a word that programs compare; it stays the same in later versions
 * @fmt: the sentence without full stop; an argument may be @failure's own sentence
 *
 * Return: -1.
 */
int rest_fail(struct failure *failure, unsigned int status, const char *code,
	      const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Is @key in the query, with another value than 0? */
bool rest_flag(const struct request *request, const char *key);

#endif /* SSID_REST_H */
