// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tree of a configuration file: are its keys those of the schema, and where in
 * the file is a value?
 *
 * DOC: Theory of operation
 *
 * libcyaml loads a file into structs, but its errors have no place and do not say
 * what was meant. So libyaml reads the text first, and a walk compares the tree with
 * libcyaml's schema. After libcyaml has loaded the file without an error, a second
 * walk goes through the tree and the structs at the same time, and notes the place
 * of each text, list and mapping: config_refuse() finds it by the pointer.
 *
 * The schema says how deep a walk goes, so that a file whose aliases form a circle
 * does no harm.
 */
#include "config_tree.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "../lib/name.h"
#include "config_guess.h"
#include "config_old.h"
#include "log.h"

#define SENTENCE_MAX	768
#define PATH_MAX_LEN	128
#define WORD_MAX	96	/* of a key, in a sentence */

/* Where a value that libcyaml has loaded is in the file. */
struct place {
	const void *data;
	yaml_mark_t mark;
};

static struct {
	const char *path;
	const cyaml_schema_value_t *schema;
	yaml_document_t document;
	struct place *places;
	size_t count;
	size_t max;
} tree;

/**
 * struct spot - where a walk is
 * @path: for sentences: "nodes[1].cpus"
 * @kind: the same without numbers: "nodes[].cpus"
 */
struct spot {
	char path[PATH_MAX_LEN];
	char kind[PATH_MAX_LEN];
};

/* ---- errors ----------------------------------------------------------------- */

__attribute__((noreturn))
static void refuse_at(const yaml_mark_t *mark, const char *text)
{
	if (!mark)
		die(EXIT_USAGE, "%s", text);
	die(EXIT_USAGE, "%s:%zu:%zu: %s", tree.path, mark->line + 1,
	    mark->column + 1, text);
}

__attribute__((format(printf, 2, 3), noreturn))
static void refuse(yaml_mark_t mark, const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	yaml_document_delete(&tree.document);
	refuse_at(&mark, text);
}

/* The last one: a list and its first entry have one address. */
static const yaml_mark_t *find_place(const void *data)
{
	for (size_t i = tree.count; data && i--;)
		if (tree.places[i].data == data)
			return &tree.places[i].mark;
	return NULL;
}

void config_refuse(const void *value, const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	refuse_at(find_place(value), text);
}

__attribute__((noreturn))
static void die_of_memory(void)
{
	die(EXIT_HOST, "There is no memory for the configuration %s.",
	    tree.path);
}

/* ---- the text ---------------------------------------------------------------- */

static const char *printable(const yaml_node_t *node, char word[WORD_MAX])
{
	name_print((const char *)node->data.scalar.value, word, WORD_MAX);
	return word;
}

/* What libyaml says about a tab is a riddle for who does not see it. */
static bool is_tab_at(const unsigned char *text, size_t size, size_t line)
{
	const unsigned char *end = text + size;

	while (line-- && text) {
		text = memchr(text, '\n', end - text);
		text = text ? text + 1 : NULL;
	}
	while (text && text < end && (*text == ' ' || *text == '\t'))
		if (*text++ == '\t')
			return true;
	return false;
}

/* The place of a byte: the library has none for bytes that are no characters. */
static yaml_mark_t mark_of(const unsigned char *text, size_t offset)
{
	yaml_mark_t mark = { 0 };

	for (size_t i = 0; i < offset; i++) {
		/* not the second byte and so on of a character */
		mark.column += (text[i] & 0xc0) != 0x80;
		if (text[i] == '\n') {
			mark.line++;
			mark.column = 0;
		}
	}
	return mark;
}

__attribute__((noreturn))
static void refuse_syntax(const yaml_parser_t *parser, const unsigned char *text,
			  size_t size)
{
	yaml_mark_t mark = parser->problem_mark;

	if (parser->error == YAML_MEMORY_ERROR)
		die_of_memory();
	if (parser->error == YAML_READER_ERROR)
		refuse(mark_of(text, parser->problem_offset), "The file cannot be read from here on: %s; save it as text in UTF-8.",
		       parser->problem);
	if (is_tab_at(text, size, mark.line))
		refuse(mark, "This line begins with a tab, which YAML does not allow; use spaces.");
	if (parser->context)
		refuse(mark, "This is not YAML: %s (%s that begins in line %zu).",
		       parser->problem, parser->context,
		       parser->context_mark.line + 1);
	refuse(mark, "This is not YAML: %s.", parser->problem);
}

/* libcyaml ignores everything behind the first document. */
static void check_no_more(yaml_parser_t *parser, const unsigned char *text,
			  size_t size)
{
	yaml_document_t second;
	yaml_node_t *root;

	if (!yaml_parser_load(parser, &second))
		refuse_syntax(parser, text, size);
	root = yaml_document_get_root_node(&second);
	if (root)
		refuse(second.start_mark, "A second YAML document begins here; the file must have one document only.");
	yaml_document_delete(&second);
}

static void parse(const unsigned char *text, size_t size)
{
	yaml_parser_t parser;

	if (size >= 2 && (!memcmp(text, "\xff\xfe", 2) ||
			  !memcmp(text, "\xfe\xff", 2)))
		die(EXIT_USAGE, "The configuration %s is UTF-16; save it as UTF-8.",
		    tree.path);
	if (!yaml_parser_initialize(&parser))
		die_of_memory();
	yaml_parser_set_input_string(&parser, text, size);
	if (!yaml_parser_load(&parser, &tree.document))
		refuse_syntax(&parser, text, size);
	if (yaml_document_get_root_node(&tree.document))
		check_no_more(&parser, text, size);
	yaml_parser_delete(&parser);
}

/* ---- the walk through the tree ------------------------------------------------ */

static yaml_node_t *node_of(yaml_node_item_t item)
{
	return yaml_document_get_node(&tree.document, item);
}

static size_t pairs_of(const yaml_node_t *mapping)
{
	return mapping->data.mapping.pairs.top -
	       mapping->data.mapping.pairs.start;
}

static const yaml_node_t *key_at(const yaml_node_t *mapping, size_t i)
{
	return node_of(mapping->data.mapping.pairs.start[i].key);
}

static const yaml_node_t *value_at(const yaml_node_t *mapping, size_t i)
{
	return node_of(mapping->data.mapping.pairs.start[i].value);
}

static size_t length_of(const yaml_node_t *list)
{
	return list->data.sequence.items.top - list->data.sequence.items.start;
}

static const char *text_of(const yaml_node_t *scalar)
{
	return (const char *)scalar->data.scalar.value;
}

static struct spot below(const struct spot *spot, const char *key)
{
	const char *dot = *spot->path ? "." : "";
	struct spot below;

	/* keys of the schema, or cut off */
	if (snprintf(below.path, sizeof(below.path), "%.60s%s%.60s", spot->path,
		     dot, key) < 0 ||
	    snprintf(below.kind, sizeof(below.kind), "%.60s%s%.60s", spot->kind,
		     dot, key) < 0)
		die_of_memory();
	return below;
}

static struct spot entry(const struct spot *spot, size_t i)
{
	struct spot entry;

	if (snprintf(entry.path, sizeof(entry.path), "%.100s[%zu]", spot->path,
		     i) < 0 ||
	    snprintf(entry.kind, sizeof(entry.kind), "%.100s[]", spot->kind) < 0)
		die_of_memory();
	return entry;
}

static const cyaml_schema_field_t *
find_field(const cyaml_schema_value_t *schema, const yaml_node_t *key)
{
	const cyaml_schema_field_t *field = schema->mapping.fields;

	while (field->key && strcmp(field->key, text_of(key)))
		field++;
	return field->key ? field : NULL;
}

static void refuse_key(const struct spot *spot, const yaml_node_t *key,
		       const cyaml_schema_value_t *schema)
{
	struct spot where = below(spot, text_of(key));
	const char *advice = config_old_advice(where.kind);
	char word[WORD_MAX], guess[WORD_MAX];

	printable(key, word);
	if (advice)
		refuse(key->start_mark, "The key \"%s\" is from the prototype of this project; %s.",
		       word, advice);
	if (config_guess(text_of(key), schema, tree.schema, guess, sizeof(guess)))
		refuse(key->start_mark, "There is no key \"%s\" %s%s; did you mean %s?",
		       word, *spot->path ? "in " : "here", spot->path, guess);
	refuse(key->start_mark, "There is no key \"%s\" %s%s; ssi-vmm(8) lists the keys.",
	       word, *spot->path ? "in " : "here", spot->path);
}

static void check_key(const struct spot *spot, const yaml_node_t *mapping,
		      size_t i, const cyaml_schema_value_t *schema)
{
	const yaml_node_t *key = key_at(mapping, i);
	char word[WORD_MAX];

	if (key->type != YAML_SCALAR_NODE)
		refuse(key->start_mark, "A key must be a word.");
	if (strlen(text_of(key)) != key->data.scalar.length ||
	    !find_field(schema, key))
		refuse_key(spot, key, schema);
	for (size_t j = 0; j < i; j++)
		if (!strcmp(text_of(key), text_of(key_at(mapping, j))))
			refuse(key->start_mark, "The key \"%s\" is here a second time, after line %zu; remove one of them.",
			       printable(key, word),
			       key_at(mapping, j)->start_mark.line + 1);
}

static const yaml_node_t *find_value(const yaml_node_t *mapping, const char *key)
{
	for (size_t i = 0; i < pairs_of(mapping); i++)
		if (!strcmp(text_of(key_at(mapping, i)), key))
			return value_at(mapping, i);
	return NULL;
}

static void check_type(const struct spot *spot, const yaml_node_t *node,
		       yaml_node_type_t type)
{
	static const char *const names[] = {
		[YAML_SCALAR_NODE] = "one word or number",
		[YAML_SEQUENCE_NODE] = "a list",
		[YAML_MAPPING_NODE] = "a mapping, with keys of its own",
	};
	const char *advice = config_old_advice(spot->kind);

	if (node->type == type)
		return;
	if (advice && node->type == YAML_MAPPING_NODE)
		refuse(node->start_mark, "A mapping for \"%s\" is from the prototype of this project; %s.",
		       spot->path, advice);
	if (node->type == YAML_SCALAR_NODE && !node->data.scalar.length)
		refuse(node->start_mark, "The key \"%s\" has no value; it needs %s.",
		       spot->path, names[type]);
	refuse(node->start_mark, "The value of \"%s\" is %s; it must be %s.",
	       *spot->path ? spot->path : "the file", names[node->type],
	       names[type]);
}

static void check_text(const struct spot *spot, const yaml_node_t *node,
		       const cyaml_schema_value_t *schema)
{
	check_type(spot, node, YAML_SCALAR_NODE);
	/* A C string would end at the escape "\0". */
	if (strlen(text_of(node)) != node->data.scalar.length)
		refuse(node->start_mark, "The value of \"%s\" has a NUL character.",
		       spot->path);
	if (node->data.scalar.length < schema->string.min)
		refuse(node->start_mark, "The key \"%s\" has no value.",
		       spot->path);
}

static void check_value(const struct spot *spot, const yaml_node_t *node,
			const cyaml_schema_value_t *schema);

static void check_list(const struct spot *spot, const yaml_node_t *node,
		       const cyaml_schema_value_t *schema)
{
	size_t length;

	check_type(spot, node, YAML_SEQUENCE_NODE);
	length = length_of(node);
	if (length < schema->sequence.min || length > schema->sequence.max)
		refuse(node->start_mark, "The list \"%s\" has %zu entries; it must have %u to %u.",
		       spot->path, length, schema->sequence.min,
		       schema->sequence.max);
	for (size_t i = 0; i < length; i++) {
		struct spot one = entry(spot, i);

		check_value(&one, node_of(node->data.sequence.items.start[i]),
			    schema->sequence.entry);
	}
}

static void check_mapping(const struct spot *spot, const yaml_node_t *node,
			  const cyaml_schema_value_t *schema)
{
	const cyaml_schema_field_t *field = schema->mapping.fields;

	check_type(spot, node, YAML_MAPPING_NODE);
	for (size_t i = 0; i < pairs_of(node); i++)
		check_key(spot, node, i, schema);
	for (; field->key; field++) {
		const yaml_node_t *value = find_value(node, field->key);
		struct spot one = below(spot, field->key);

		if (value)
			check_value(&one, value, &field->value);
		else if (!(field->value.flags & CYAML_FLAG_OPTIONAL))
			refuse(node->start_mark, "The key \"%s\" is missing%s%s.",
			       field->key, *spot->path ? " in " : "",
			       spot->path);
	}
}

static void check_value(const struct spot *spot, const yaml_node_t *node,
			const cyaml_schema_value_t *schema)
{
	if (schema->type == CYAML_MAPPING)
		check_mapping(spot, node, schema);
	else if (schema->type == CYAML_SEQUENCE)
		check_list(spot, node, schema);
	else
		check_text(spot, node, schema);
}

void config_tree_read(const char *path, const unsigned char *text, size_t size,
		      const cyaml_schema_value_t *schema)
{
	const struct spot spot = { "", "" };
	const yaml_node_t *root;

	tree.path = path;
	tree.schema = schema;
	tree.count = 0;
	parse(text, size);
	root = yaml_document_get_root_node(&tree.document);
	if (!root)
		die(EXIT_USAGE, "The configuration %s is empty.", path);
	check_value(&spot, root, schema);
}

/* ---- the places of what was loaded --------------------------------------------- */

static void keep(const void *data, const yaml_node_t *node)
{
	if (tree.count == tree.max) {
		size_t max = tree.max ? 2 * tree.max : 64;
		struct place *more = realloc(tree.places, max * sizeof(*more));

		if (!more)
			die_of_memory();
		tree.places = more;
		tree.max = max;
	}
	tree.places[tree.count++] = (struct place) { data, node->start_mark };
}

/* What @at has: the value itself, or a pointer to it. */
static const void *follow(const void *at, const cyaml_schema_value_t *schema)
{
	return schema->flags & CYAML_FLAG_POINTER ? *(const void *const *)at :
						    at;
}

static void keep_value(const void *at, const yaml_node_t *node,
		       const cyaml_schema_value_t *schema)
{
	const cyaml_schema_value_t *one = schema->sequence.entry;
	const cyaml_schema_field_t *field = schema->mapping.fields;
	const char *data = follow(at, schema);

	keep(data, node);
	if (schema->type == CYAML_SEQUENCE) {
		size_t step = one->flags & CYAML_FLAG_POINTER ? sizeof(data) :
								one->data_size;

		for (size_t i = 0; i < length_of(node); i++)
			keep_value(data + i * step,
				   node_of(node->data.sequence.items.start[i]),
				   one);
	}
	for (; schema->type == CYAML_MAPPING && field->key; field++) {
		const yaml_node_t *value = find_value(node, field->key);

		if (value)
			keep_value(data + field->data_offset, value,
				   &field->value);
	}
}

void config_tree_keep_places(const void *data)
{
	const yaml_node_t *root = yaml_document_get_root_node(&tree.document);

	keep_value(&data, root, tree.schema);
	yaml_document_delete(&tree.document);
}
