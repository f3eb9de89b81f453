// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The debug port of Bochs and QEMU (isa-debugcon): firmware that is built for
 * debugging writes text there. The text goes to the log, a line at a time.
 */
#include "debugcon.h"

#include <stddef.h>

#include "../bus.h"
#include "../log.h"

#define IS_THERE	0xe9	/* OVMF checks this value before it writes */
#define LINE_MAX	160

static char debugcon_line[LINE_MAX + 1];
static size_t debugcon_len;

static uint64_t debugcon_read(uint64_t offset, unsigned int len)
{
	(void)offset;
	(void)len;
	return IS_THERE;
}

static void end_line(void)
{
	debugcon_line[debugcon_len] = '\0';
	if (debugcon_len)
		log_debug("Firmware: %s", debugcon_line);
	debugcon_len = 0;
}

static void debugcon_write(uint64_t offset, unsigned int len, uint64_t value)
{
	char c = value;

	(void)offset;
	(void)len;
	if (c == '\n') {
		end_line();
	} else if (c == '\t' || (c >= ' ' && c <= '~')) {
		debugcon_line[debugcon_len++] = c;
		if (debugcon_len == LINE_MAX)
			end_line();
	}
}

void debugcon_init(uint16_t port)
{
	static struct bus_device device = {
		.name = "debug port", .space = BUS_PORT, .size = 1,
		.read = debugcon_read, .write = debugcon_write,
	};

	device.base = port;
	bus_add(&device);
}
