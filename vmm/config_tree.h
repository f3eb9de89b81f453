/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of a configuration file: are its keys those of the schema, and where in
 * the file is a value?
 */
#ifndef VMM_CONFIG_TREE_H
#define VMM_CONFIG_TREE_H

#include <cyaml/cyaml.h>
#include <stddef.h>

/**
 * config_tree_read() - parse a file, and check that it can be loaded
 * @path: its name, for sentences
 * @text: all of it
 * @size: bytes
 * @schema: the keys that are known, and the types of their values
 *
 * Ends the process with a sentence if it is not one YAML document, or has keys that
 * are unknown, missing, given twice or of another type.
 */
void config_tree_read(const char *path, const unsigned char *text, size_t size,
		      const cyaml_schema_value_t *schema);

/**
 * config_tree_keep_places() - note where each value of the file is
 * @data: what libcyaml has made of the text of config_tree_read(), by the same schema
 */
void config_tree_keep_places(const void *data);

/**
 * config_refuse() - end the process, since a value in the file is not valid
 * @value: a text, a mapping or a list as libcyaml has loaded it. NULL, or something
 *	else: the sentence begins without a place
 * @fmt: the sentence, which FILE:LINE:COLUMN is put in front of
 */
void config_refuse(const void *value, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

#endif /* VMM_CONFIG_TREE_H */
