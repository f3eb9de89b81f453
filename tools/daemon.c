// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests of ssictl to ssid of this host.
 */
#include "daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/http.h"
#include "../lib/member.h"
#include "output.h"

#define SOCKET_PATH	"/run/ssi/ssid.sock"
#define FILE_MAX	(1u << 20)

static const char *socket_path(void)
{
	return getenv("SSID_SOCKET") ?: SOCKET_PATH;
}

static int call_quietly(const char *method, const char *path, const char *body,
			struct http_answer *answer, char *why)
{
	const struct http_request request = {
		method, path, "localhost", body, body ? strlen(body) : 0, 0,
	};

	return http_unix(socket_path(), &request, answer, why);
}

static int call(const char *method, const char *path, const char *body,
		struct http_answer *answer)
{
	char why[HTTP_WHY_MAX];

	if (!call_quietly(method, path, body, answer, why))
		return 0;
	error_as("no_daemon", "ssid of this host cannot be asked (%s: %s); start it with systemctl start ssid",
		 socket_path(), why);
	return -1;
}

json_t *daemon_try(const char *method, const char *path, const char *body,
		   unsigned int *status)
{
	struct http_answer answer;
	char why[HTTP_WHY_MAX];
	json_t *object;

	*status = 0;
	if (call_quietly(method, path, body, &answer, why))
		return NULL;
	*status = answer.status;
	object = json_loadb(answer.body, answer.len, 0, NULL);
	free(answer.body);
	return object;
}

/* ssid's own sentence, if there is one. */
static void refuse(const struct http_answer *answer)
{
	json_t *body = json_loadb(answer->body, answer->len, 0, NULL);
	json_t *refusal = json_object_get(body, "error");
	const char *message = member_text(refusal, "message");

	if (*message)
		error_as(member_text(refusal, "code"), "%s", message);
	else
		error("ssid refused the request with the HTTP status %u",
		      answer->status);
	json_decref(body);
}

json_t *daemon_call(const char *method, const char *path, const char *body)
{
	struct http_answer answer;
	json_t *object = NULL;

	if (call(method, path, body, &answer))
		return NULL;
	if (answer.status >= 300)
		refuse(&answer);
	else
		object = json_loadb(answer.body, answer.len, 0, NULL);
	if (!object && answer.status < 300)
		error("ssid gave an answer that is not JSON");
	free(answer.body);
	return object;
}

char *daemon_text(const char *method, const char *path)
{
	struct http_answer answer;

	if (call(method, path, NULL, &answer))
		return NULL;
	if (answer.status < 300)
		return answer.body;
	refuse(&answer);
	free(answer.body);
	return NULL;
}

char *daemon_read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, FILE_MAX + 1);
	size_t len = file && text ? fread(text, 1, FILE_MAX, file) : 0;

	if (!file || !text || ferror(file))
		error("the file %s cannot be read: %s", path, strerror(errno));
	else if (len == FILE_MAX || strlen(text) != len)
		error("the file %s is not a configuration: it is larger than 1 MiB, or has a NUL character",
		      path);
	else
		len++;	/* so that it is not 0 */
	if (file)
		fclose(file);
	if (len && text && strlen(text) == len - 1)
		return text;
	free(text);
	return NULL;
}
