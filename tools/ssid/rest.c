// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests and answers, without the library that transports them.
 */
#include "rest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/name.h"

void rest_answer_text(struct answer *answer, const char *type, char *text)
{
	answer->status = 200;
	answer->type = type;
	answer->text = text;
	answer->len = text ? strlen(text) : 0;
}

void rest_answer(struct answer *answer, unsigned int status, json_t *body)
{
	rest_answer_text(answer, "application/json",
			 body ? json_dumps(body, JSON_COMPACT) : NULL);
	answer->status = answer->text ? status : 500;
	json_decref(body);
}

void rest_refuse(struct answer *answer, const struct failure *failure)
{
	char sentence[REST_WHY_MAX + 2];

	snprintf(sentence, sizeof(sentence), "%s.", failure->why);
	rest_answer(answer, failure->status,
		    json_pack("{s:{s:s, s:s}}", "error", "code", failure->code,
			      "message", sentence));
}

int rest_fail(struct failure *failure, unsigned int status, const char *code,
	      const char *fmt, ...)
{
	char text[REST_WHY_MAX];
	va_list args;
	size_t len;

	failure->status = status;
	failure->code = code;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	/* What a library or another program says may have one. */
	len = strlen(text);
	while (len && strchr(" .\n", text[len - 1]))
		text[--len] = '\0';
	/* It may not be UTF-8, or be cut inside of a character. */
	name_print(text, failure->why, sizeof(failure->why));
	return -1;
}

bool rest_flag(const struct request *request, const char *key)
{
	const char *value = request->query(request->of, key);

	return value && strcmp(value, "0");
}
