// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The description of the REST interface that ssid serves: openapi.json, which is
 * assembled into the program.
 */
#include "openapi.h"

__asm__(".pushsection .rodata\n"
	"ssid_openapi:\n"
	".incbin \"tools/ssid/openapi.json\"\n"
	".byte 0\n"
	".popsection\n");

extern const char ssid_openapi[];

const char *openapi_text(void)
{
	return ssid_openapi;
}
