/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of JSON objects. */
#ifndef MEMBER_H
#define MEMBER_H

#include <jansson.h>

/* A member that is a text, or "". */
static inline const char *member_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key)) ?: "";
}

/* A member that is an integer, or 0. */
static inline json_int_t member_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

#endif /* MEMBER_H */
