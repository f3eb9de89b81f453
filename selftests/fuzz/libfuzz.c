// SPDX-License-Identifier: GPL-2.0-or-later
/* What fuzz targets share: die() ends the input, and not the program. */
#include "fuzz.h"

#include <stdarg.h>

#include "../../vmm/log.h"

jmp_buf fuzz_refused;

/* The sentence is made, as it would be shown, and has to be one. */
void die(enum exit_code code, const char *fmt, ...)
{
	char text[4096];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len <= 0)
		fuzz_fail("exit code %d without a sentence", code);
	if (getenv("FUZZ_VERBOSE"))
		fprintf(stderr, "%s\n", text);
	longjmp(fuzz_refused, 1);
}
