// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of clusters: check a new one, print any.
 *
 * UTF-8 is as in RFC 3629, section 4: no surrogates, no character in more bytes
 * than it needs, none beyond U+10FFFF.
 */

#include "name.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <linux/ssi_dsm.h>

#define REPLACEMENT	"\xef\xbf\xbd"	/* U+FFFD */

/* Bytes of a character that begins with @first; 0: no character does. */
static size_t length_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* Return: bytes of the UTF-8 character at the start of @text; 0: no UTF-8. */
static size_t read_character(const char *text, uint32_t *character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *bytes = (const unsigned char *)text;
	size_t length = length_of(bytes[0]);

	*character = length > 1 ? bytes[0] & (0x7f >> length) : bytes[0];
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		*character = *character << 6 | (bytes[i] & 0x3f);
	}
	if (*character < least[length] || *character > 0x10ffff ||
	    (*character >= 0xd800 && *character <= 0xdfff))
		return 0;
	return length;
}

/* C0, DEL and C1. */
static bool is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

const char *name_check(const char *name)
{
	uint32_t character;
	size_t length;

	if (!*name)
		return "is empty";
	if (strlen(name) >= SSI_DSM_CLUSTER_LEN)
		return "has more than 31 bytes";
	for (; *name; name += length) {
		length = read_character(name, &character);
		if (!length)
			return "is not UTF-8";
		if (is_control(character))
			return "has a control character";
	}
	return NULL;
}

void name_print(const char *text, char *out, size_t size)
{
	char *end = out + size - 1;
	uint32_t character;

	while (*text) {
		size_t length = read_character(text, &character);
		bool good = length && !is_control(character);
		const char *from = good ? text : REPLACEMENT;
		size_t bytes = good ? length : strlen(REPLACEMENT);

		if (bytes > (size_t)(end - out))
			break;
		memcpy(out, from, bytes);
		out += bytes;
		text += length ? length : 1;
	}
	*out = '\0';
}
