// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In which values are two cluster files different?
 */
#include "difference.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX	16
#define PATH_LEN	256

/* ---- YAML to JSON: every value is a text, as the parser of ssi-vmm has it ---- */

static json_t *convert(yaml_document_t *document, int index, int depth);

static json_t *convert_sequence(yaml_document_t *document,
				const yaml_node_t *node, int depth)
{
	json_t *array = json_array();
	yaml_node_item_t *item;

	for (item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++)
		json_array_append_new(array, convert(document, *item, depth));
	return array;
}

static json_t *convert_mapping(yaml_document_t *document,
			       const yaml_node_t *node, int depth)
{
	json_t *object = json_object();
	yaml_node_pair_t *pair;

	for (pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = yaml_document_get_node(document, pair->key);

		if (key->type == YAML_SCALAR_NODE)
			json_object_set_new(object, (char *)key->data.scalar.value,
					    convert(document, pair->value, depth));
	}
	return object;
}

/* The file is valid, so it is not deep; aliases can make no circle then. */
static json_t *convert(yaml_document_t *document, int index, int depth)
{
	yaml_node_t *node = yaml_document_get_node(document, index);

	if (!node || depth > DEPTH_MAX)
		return json_null();
	if (node->type == YAML_SEQUENCE_NODE)
		return convert_sequence(document, node, depth + 1);
	if (node->type == YAML_MAPPING_NODE)
		return convert_mapping(document, node, depth + 1);
	return json_string((char *)node->data.scalar.value);
}

static json_t *parse(const char *text)
{
	yaml_document_t document;
	yaml_parser_t parser;
	json_t *tree = NULL;

	if (!yaml_parser_initialize(&parser))
		return NULL;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text,
				     strlen(text));
	if (yaml_parser_load(&parser, &document)) {
		tree = convert(&document, 1, 0);
		yaml_document_delete(&document);
	}
	yaml_parser_delete(&parser);
	return tree;
}

/* ---- the differences ---- */

static json_t *value_text(const json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) :
			     NULL;
	json_t *string = json_string(text ? text : "nothing");

	free(text);
	return string;
}

static void add(json_t *list, const char *path, const json_t *old,
		const json_t *new)
{
	json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "key", path,
					      "running", value_text(old), "file",
					      value_text(new)));
}

static void compare(json_t *list, const char *path, json_t *old, json_t *new);

static void compare_arrays(json_t *list, const char *path, json_t *old, json_t *new)
{
	size_t i, count = json_array_size(old);
	char name[PATH_LEN];

	if (json_array_size(new) > count)
		count = json_array_size(new);
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s[%zu]", path, i);
		compare(list, name, json_array_get(old, i),
			json_array_get(new, i));
	}
}

static void compare_objects(json_t *list, const char *path, json_t *old, json_t *new)
{
	char name[PATH_LEN];
	const char *key;
	json_t *value;

	json_object_foreach(old, key, value) {
		snprintf(name, sizeof(name), "%s%s%s", path, *path ? "." : "", key);
		compare(list, name, value, json_object_get(new, key));
	}
	json_object_foreach(new, key, value) {
		snprintf(name, sizeof(name), "%s%s%s", path, *path ? "." : "", key);
		if (!json_object_get(old, key))
			compare(list, name, NULL, value);
	}
}

static void compare(json_t *list, const char *path, json_t *old, json_t *new)
{
	if (json_is_object(old) && json_is_object(new))
		compare_objects(list, path, old, new);
	else if (json_is_array(old) && json_is_array(new))
		compare_arrays(list, path, old, new);
	else if (!old || !new || !json_equal(old, new))
		add(list, path, old, new);
}

json_t *difference_list(const char *running, const char *file)
{
	json_t *old = parse(running), *new = parse(file), *list = json_array();

	compare(list, "", old, new);
	json_decref(old);
	json_decref(new);
	return list;
}

/* ---- what can be applied ---- */

static bool is_applicable(const char *key)
{
	const char *end;

	if (!strcmp(key, "amd-rogpt") || !strcmp(key, "timeout") ||
	    !strcmp(key, "placement"))
		return true;
	end = strncmp(key, "nodes[", 6) ? NULL : strchr(key, ']');
	return end && !strcmp(end, "].cache");
}

void difference_refused(const json_t *list, char *names, size_t size)
{
	size_t len = 0, i;
	json_t *one;

	names[0] = '\0';
	json_array_foreach(list, i, one) {
		const char *key = json_string_value(json_object_get(one, "key"));

		if (!is_applicable(key) && len < size)
			len += snprintf(names + len, size - len, "%s%s",
					len ? ", " : "", key);
	}
}
