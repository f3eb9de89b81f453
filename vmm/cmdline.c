// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line of the guest's kernel, read as the kernel does (Linux,
 * lib/cmdline.c: next_arg(), and kernel/params.c: parse_args()): words between
 * spaces, which may have double quotes in them, until a word "--".
 */
#include "cmdline.h"

#include <ctype.h>
#include <string.h>

/* Skips spaces. Return: the next word; its length is 0 at the end. */
static const char *next_word(const char *at, size_t *len)
{
	bool quoted = false;

	while (isspace((unsigned char)*at))
		at++;
	for (*len = 0; at[*len]; ++*len) {
		if (isspace((unsigned char)at[*len]) && !quoted)
			break;
		if (at[*len] == '"')
			quoted = !quoted;
	}
	return at;
}

static bool is_end(const char *word, size_t len)
{
	return !len || (len == 2 && !memcmp(word, "--", 2));
}

/* To the kernel, - and _ are the same in the name of an option. */
static bool begins(const char *word, const char *option)
{
	for (; *option; word++, option++)
		if (*word != *option && !(*word == '-' && *option == '_'))
			return false;
	return true;
}

bool cmdline_has(const char *line, const char *option)
{
	size_t len;

	for (line = next_word(line, &len); !is_end(line, len);
	     line = next_word(line + len, &len))
		if (begins(line, option))
			return true;
	return false;
}

bool cmdline_add(char *line, size_t size, const char *option)
{
	size_t len, added = strlen(option) + 1, length = strlen(line);
	const char *word = next_word(line, &len);
	char *at;

	if (added >= size || length >= size - added)
		return false;
	while (!is_end(word, len))
		word = next_word(word + len, &len);
	at = line + (word - line);
	if (len) {	/* "--": in front of it */
		memmove(at + added, at, length - (at - line) + 1);
		at[added - 1] = ' ';
	} else {
		at = line + length;
		*at++ = ' ';
		at[added - 1] = '\0';
	}
	memcpy(at, option, added - 1);
	return true;
}
