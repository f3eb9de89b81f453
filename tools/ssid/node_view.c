// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The view of a node: what its host says of it.
 *
 * Another host may say anything. ssid keeps views for a while, and programs and the page
 * rely on their form.
 */
#include "node_view.h"

#include <stdbool.h>
#include <string.h>

#include <linux/ssi_dsm.h>

#include "../../lib/name.h"

#define TEXT_MAX	512

/**
 * struct field - a key that an object may have
 * @key: NULL at the end of a list
 * @type: of its value; JSON_REAL: any number
 * @fields: of its value if that is an object, or of the elements of a list of objects
 */
struct field {
	const char *key;
	json_type type;
	const struct field *fields;
};

static const struct field link_fields[] = {
	{ "peer", JSON_INTEGER, NULL },
	{ "state", JSON_STRING, NULL },
	{ "transport", JSON_STRING, NULL },
	{ "security", JSON_STRING, NULL },
	{ "reason", JSON_STRING, NULL },
	{ "rx_messages", JSON_INTEGER, NULL },
	{ "tx_messages", JSON_INTEGER, NULL },
	{ "rx_bytes", JSON_INTEGER, NULL },
	{ "tx_bytes", JSON_INTEGER, NULL },
	{ }
};

static const struct field map_fields[] = {
	{ "node", JSON_INTEGER, NULL },
	{ "size", JSON_INTEGER, NULL },
	{ }
};

static const struct field region_fields[] = {
	{ "state", JSON_STRING, NULL },
	{ "reason", JSON_STRING, NULL },
	{ "map", JSON_ARRAY, map_fields },
	{ }
};

static const struct field exit_fields[] = {
	{ "code", JSON_INTEGER, NULL },
	{ "cause", JSON_STRING, NULL },
	{ "reason", JSON_STRING, NULL },
	{ }
};

static const struct field view_fields[] = {
	{ "state", JSON_STRING, NULL },
	{ "cluster", JSON_STRING, NULL },
	{ "time", JSON_REAL, NULL },
	{ "links", JSON_ARRAY, link_fields },
	{ "region", JSON_OBJECT, region_fields },
	{ "exit", JSON_OBJECT, exit_fields },
	{ }
};

/* ---- another host's ---- */

static bool is_state(const char *text)
{
	static const char *const states[] = {
		"none", "starting", "running", "ending", "ended",
	};

	for (int i = 0; text && i < 5; i++)
		if (!strcmp(text, states[i]))
			return true;
	return false;
}

static json_t *clean_text(const char *text)
{
	char printed[TEXT_MAX];

	name_print(text, printed, sizeof(printed));
	return json_string(printed);
}

static json_t *clean_object(const json_t *from, const struct field *fields);

static json_t *clean_list(const json_t *from, const struct field *fields)
{
	json_t *list = json_array(), *one;
	size_t i;

	json_array_foreach(from, i, one)
		if (json_is_object(one) && i < SSI_DSM_MAX_NODES)
			json_array_append_new(list, clean_object(one, fields));
	return list;
}

/* Return: NULL for a value of another type. */
static json_t *clean_value(json_t *value, const struct field *field)
{
	if (field->type == JSON_REAL)
		return json_is_number(value) ? json_incref(value) : NULL;
	if (!value || json_typeof(value) != field->type)
		return NULL;
	switch (field->type) {
	case JSON_STRING:
		return clean_text(json_string_value(value));
	case JSON_ARRAY:
		return clean_list(value, field->fields);
	case JSON_OBJECT:
		return clean_object(value, field->fields);
	default:
		return json_incref(value);
	}
}

static json_t *clean_object(const json_t *from, const struct field *fields)
{
	json_t *object = json_object(), *value;

	for (; fields->key; fields++) {
		value = clean_value(json_object_get(from, fields->key), fields);
		if (value)
			json_object_set_new(object, fields->key, value);
	}
	return object;
}

json_t *node_view_clean(const json_t *answer, unsigned int id)
{
	json_t *view;

	if (!is_state(json_string_value(json_object_get(answer, "state"))))
		return NULL;
	view = clean_object(answer, view_fields);
	json_object_set_new(view, "id", json_integer(id));
	if (!json_object_get(view, "links"))
		json_object_set_new(view, "links", json_array());
	return view;
}

/* ---- news ---- */

json_t *node_view_steady(const json_t *view)
{
	static const char *const counters[] = {
		"rx_messages", "tx_messages", "rx_bytes", "tx_bytes",
	};
	json_t *copy = json_deep_copy(view), *link;
	size_t i;

	json_object_del(copy, "skew");
	json_array_foreach(json_object_get(copy, "links"), i, link)
		for (int c = 0; c < 4; c++)
			json_object_del(link, counters[c]);
	return copy;
}
