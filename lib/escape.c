// SPDX-License-Identifier: GPL-2.0-or-later
/* The escape key of a terminal, Ctrl-A. */
#include "escape.h"

size_t escape_filter(unsigned char *keys, size_t len, bool enabled,
		     bool (*take)(unsigned char key))
{
	static bool escaped;
	size_t kept = 0;

	for (size_t i = 0; i < len; i++) {
		if (escaped) {
			escaped = false;
			if (take(keys[i]))
				keys[kept++] = keys[i];
		} else if (enabled && keys[i] == ESCAPE_KEY) {
			escaped = true;
		} else {
			keys[kept++] = keys[i];
		}
	}
	return kept;
}
