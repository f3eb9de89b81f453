// SPDX-License-Identifier: GPL-2.0-or-later
/* What a user may have meant by a key that is not known. */
#include "config_guess.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX	32u	/* longer than all keys */

static char plain(char c)
{
	return c == '_' ? '-' : tolower((unsigned char)c);
}

static unsigned int least(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static bool is_swap(const char *a, const char *b)
{
	return plain(a[-1]) == plain(b[-2]) && plain(a[-2]) == plain(b[-1]);
}

/*
 * How many letters to add, remove, replace, or swap with the next one (optimal
 * string alignment); at most WORD_MAX.
 */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int d[WORD_MAX + 1][WORD_MAX + 1];
	unsigned int len_a = strlen(a), len_b = strlen(b);

	if (len_a > WORD_MAX || len_b > WORD_MAX)
		return WORD_MAX;
	for (unsigned int i = 0; i <= len_a; i++)
		for (unsigned int j = 0; j <= len_b; j++) {
			bool differs = i && j && plain(a[i - 1]) != plain(b[j - 1]);

			d[i][j] = i && j ? least(d[i - 1][j] + 1, d[i][j - 1] + 1,
						 d[i - 1][j - 1] + differs) : i + j;
			if (i > 1 && j > 1 && is_swap(a + i, b + j))
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1,
						WORD_MAX);
		}
	return d[len_a][len_b];
}

/* Letters that may differ: cpu and cpus, not id and ca. */
static unsigned int limit(const char *word)
{
	size_t third = strlen(word) / 3;

	return third < 3 ? third : 3;
}

static const char *find_near(const char *word, const cyaml_schema_value_t *here)
{
	unsigned int best = limit(word) + 1;
	const char *found = NULL;

	for (const cyaml_schema_field_t *f = here->mapping.fields; f->key; f++) {
		unsigned int far = distance(word, f->key);

		if (far < best) {
			best = far;
			found = f->key;
		}
	}
	return found;
}

/* The mapping of a value, or of each entry of a list; or NULL. */
static const cyaml_schema_value_t *mapping_of(const cyaml_schema_value_t *value)
{
	if (value->type == CYAML_SEQUENCE)
		value = value->sequence.entry;
	return value->type == CYAML_MAPPING ? value : NULL;
}

/* Is it a key of a mapping below this one? @parent: out: that mapping's key. */
static const char *find_below(const char *word, const cyaml_schema_value_t *here,
			      const char **parent)
{
	for (const cyaml_schema_field_t *f = here->mapping.fields; f->key; f++) {
		const cyaml_schema_value_t *below = mapping_of(&f->value);
		const char *found = NULL;

		if (!below)
			continue;
		*parent = f->key;
		for (const cyaml_schema_field_t *k = below->mapping.fields;
		     k->key && !found; k++)
			if (!distance(word, k->key))
				found = k->key;
		if (!found)
			found = find_below(word, below, parent);
		if (found)
			return found;
	}
	return NULL;
}

bool config_guess(const char *word, const cyaml_schema_value_t *here,
		  const cyaml_schema_value_t *root, char *guess, size_t size)
{
	const char *near = find_near(word, here), *parent = NULL;

	if (near) {
		snprintf(guess, size, "\"%s\"", near);
		return true;
	}
	near = find_below(word, root, &parent);
	if (near) {
		snprintf(guess, size, "\"%s\" of \"%s\"", near, parent);
		return true;
	}
	for (const cyaml_schema_field_t *f = root->mapping.fields; f->key; f++)
		if (!distance(word, f->key)) {
			snprintf(guess, size, "\"%s\", which is not indented",
				 f->key);
			return true;
		}
	return false;
}
