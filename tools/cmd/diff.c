// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl diff: what is different between a file and that of the running cluster?
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "../daemon.h"
#include "../describe.h"
#include "../output.h"
#include "../ssictl.h"

#define EXIT_DIFFERENT	3
#define DEPTH_MAX	16
#define PATH_LEN	256

static const char usage[] =
	"Usage: ssictl diff FILE\n"
	"\n"
	"Prints the values in which FILE is different from the file of the running cluster.\n"
	"The exit code is 0 if there are none, 3 if there are some.\n";

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

static unsigned int differences;

static void show_value(const char *key, const char *format, const json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) :
			     NULL;

	output_string(key, format, text ? text : "nothing");
	free(text);
}

static void show_difference(const char *path, const json_t *old,
			    const json_t *new)
{
	differences++;
	output_begin_object(NULL);
	output_string("key", "%s: ", path);
	show_value("running", "%s -> ", old);
	show_value("file", "%s\n", new);
	output_end();
}

static void compare(const char *path, json_t *old, json_t *new);

static void compare_arrays(const char *path, json_t *old, json_t *new)
{
	size_t i, count = json_array_size(old);
	char name[PATH_LEN];

	if (json_array_size(new) > count)
		count = json_array_size(new);
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s[%zu]", path, i);
		compare(name, json_array_get(old, i), json_array_get(new, i));
	}
}

static void compare_objects(const char *path, json_t *old, json_t *new)
{
	char name[PATH_LEN];
	const char *key;
	json_t *value;

	json_object_foreach(old, key, value) {
		snprintf(name, sizeof(name), "%s%s%s", path, *path ? "." : "", key);
		compare(name, value, json_object_get(new, key));
	}
	json_object_foreach(new, key, value) {
		snprintf(name, sizeof(name), "%s%s%s", path, *path ? "." : "", key);
		if (!json_object_get(old, key))
			compare(name, NULL, value);
	}
}

static void compare(const char *path, json_t *old, json_t *new)
{
	if (json_is_object(old) && json_is_object(new))
		compare_objects(path, old, new);
	else if (json_is_array(old) && json_is_array(new))
		compare_arrays(path, old, new);
	else if (!old || !new || !json_equal(old, new))
		show_difference(path, old, new);
}

static int compare_texts(const char *running, const char *file)
{
	json_t *old = parse(running), *new = parse(file);

	output_begin_array(NULL);
	compare("", old, new);
	output_end();
	output_flush();
	json_decref(old);
	json_decref(new);
	return differences ? EXIT_DIFFERENT : 0;
}

static int run(int argc, char **argv)
{
	char why[DESCRIBE_WHY_MAX], *running, *file;
	int code = EXIT_KERNEL;
	json_t *plan;

	if (argc != 1) {
		error("\"diff\" needs one file");
		return EXIT_SYNTAX;
	}
	plan = describe_file(NULL, argv[0], false, why);
	if (!plan) {
		error("%s", why);
		return EXIT_SYNTAX;
	}
	json_decref(plan);
	file = daemon_read_file(argv[0]);
	if (!file)
		return EXIT_SYNTAX;
	running = daemon_text("GET", "/cluster/file");
	if (running)
		code = compare_texts(running, file);
	free(running);
	free(file);
	return code;
}

const struct object object_diff = { "diff", usage, NULL, run };
