// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Numbers as users write them: decimal, or hexadecimal behind 0x.
 */

#include "number.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

const char *number_read(const char *text, uint64_t *value)
{
	bool hex = text[0] == '0' && tolower((unsigned char)text[1]) == 'x';
	char *end;

	if (hex && !isxdigit((unsigned char)text[2]))
		return NULL;
	if (!hex && (!isdigit((unsigned char)text[0]) ||
		     (text[0] == '0' && isdigit((unsigned char)text[1]))))
		return NULL;
	errno = 0;
	*value = strtoull(text, &end, hex ? 16 : 10);
	return errno ? NULL : end;
}

bool number_parse(const char *text, uint64_t max, uint64_t *value)
{
	const char *rest = number_read(text, value);

	return rest && !*rest && *value <= max;
}
