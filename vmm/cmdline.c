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

/*
 * Options with which Linux needs parts of a PC that this machine does not have:
 * a timer with an interrupt of its own, and wires for the interrupts of devices.
 */
static const struct {
	const char *option;
	const char *value;	/* one of several, with commas; NULL: none */
	const char *shown;
	const char *missing;
} limits[] = {
	{ "acpi", "off", "acpi=off",
	  "CPUs, PCI devices and the power button are found by ACPI only" },
	{ "nolapic", NULL, "nolapic",
	  "the local APIC has the only timer" },
	{ "noapic", NULL, "noapic",
	  "the serial port and the power button interrupt by the IOAPIC" },
	{ "nolapic_timer", NULL, "nolapic_timer",
	  "the local APIC has the only timer" },
	{ "lapic", "notscdeadline", "lapic=notscdeadline",
	  "the speed of the APIC's timer cannot be measured without another timer" },
	{ "pci", "nomsi", "pci=nomsi",
	  "PCI devices interrupt by MSI-X only" },
};

#define NUM_LIMITS	(sizeof(limits) / sizeof(limits[0]))

/* Is one of the words between commas in @len bytes @value? */
static bool has_value(const char *at, size_t len, const char *value)
{
	size_t wanted = strlen(value), word;

	for (const char *end = at + len; at < end; at += word + 1) {
		word = 0;
		while (at + word < end && at[word] != ',')
			word++;
		if (word == wanted && !memcmp(at, value, word))
			return true;
	}
	return false;
}

static bool is_limit(const char *word, size_t len, unsigned int limit)
{
	const char *value = limits[limit].value;
	size_t name = strlen(limits[limit].option);

	if (len < name || !begins(word, limits[limit].option))
		return false;
	if (!value)
		return len == name;
	return len > name && word[name] == '=' &&
	       has_value(word + name + 1, len - name - 1, value);
}

const char *cmdline_find_limit(const char *line, const char **option)
{
	size_t len;

	for (line = next_word(line, &len); !is_end(line, len);
	     line = next_word(line + len, &len))
		for (unsigned int i = 0; i < NUM_LIMITS; i++) {
			if (!is_limit(line, len, i))
				continue;
			*option = limits[i].shown;
			return limits[i].missing;
		}
	return NULL;
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
