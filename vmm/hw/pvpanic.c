// SPDX-License-Identifier: GPL-2.0-or-later
/* pvpanic (QEMU, docs/specs/pvpanic.rst): a guest reports its crash there. */
#include "pvpanic.h"

#include "../bus.h"

#define PVPANIC_PANICKED	0x01

static void (*pvpanic_panic)(void);

/* The events that the device supports; a guest sends no others. */
static uint64_t pvpanic_read(uint64_t offset, unsigned int len)
{
	(void)offset;
	(void)len;
	return PVPANIC_PANICKED;
}

static void pvpanic_write(uint64_t offset, unsigned int len, uint64_t value)
{
	(void)offset;
	(void)len;
	if (value & PVPANIC_PANICKED)
		pvpanic_panic();
}

void pvpanic_init(uint16_t port, void (*panic)(void))
{
	static struct bus_device device = {
		.name = "pvpanic", .space = BUS_PORT, .size = 1,
		.read = pvpanic_read, .write = pvpanic_write,
	};

	pvpanic_panic = panic;
	device.base = port;
	bus_add(&device);
}
