// SPDX-License-Identifier: GPL-2.0-or-later
/* The firmware's debug port, vmm/hw/debugcon.c. */
#include "../../vmm/hw/debugcon.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../vmm/bus.h"
#include "../../vmm/log.h"
#include "tap.h"

static const struct bus_device *device;
static char said[512];
static unsigned int lines;

void bus_add(const struct bus_device *added)
{
	device = added;
}

void log_debug(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(said, sizeof(said), fmt, args);
	va_end(args);
	lines++;
}

static void write_all(const char *text)
{
	while (*text)
		device->write(0, 1, (unsigned char)*text++);
}

int main(void)
{
	char longest[200];

	tap_plan(6);
	debugcon_init(DEBUGCON_PORT);
	tap_ok(device->base == 0x402 && device->size == 1 &&
	       device->space == BUS_PORT, "the port is at the address that firmware uses");
	tap_ok(device->read(0, 1) == 0xe9, "a read of the port says that there is a listener");
	write_all("Hello, \tPEI");
	tap_ok(!lines, "nothing is printed before the end of a line");
	write_all(" core\r\n\r\n");
	tap_ok(lines == 1 && !strcmp(said, "Firmware: Hello, \tPEI core"),
	       "a line is printed without its end, an empty line is not printed");
	write_all("\033[2J\x80%s%n\n");
	tap_ok(lines == 2 && !strcmp(said, "Firmware: [2J%s%n"),
	       "control characters are left out");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	write_all(longest);
	tap_ok(lines == 3 && strlen(said) == strlen("Firmware: ") + 160,
	       "a line without an end is cut");
	return tap_exit();
}
