// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The three ports by which a PC resets itself: the chipset's reset control
 * register, a keyboard controller that knows only the reset command, and port
 * 0x92, where firmware also reads whether address line 20 is on. It is.
 */
#include "reset.h"

#include "../bus.h"
#include "../state.h"

#define RESET_CPU	0x04	/* on a change from 0; Intel ICH9, 13.7.5 */
#define FAST_PORT	0x92
#define FAST_RESET	0x01
#define FAST_A20	0x02
#define KEYBOARD_PORT	0x64
#define KEYBOARD_PULSE	0xfe

static void (*reset_guest)(void);

static struct {
	uint8_t control;
} reset;

static uint64_t control_read(uint64_t offset, unsigned int len)
{
	(void)offset;
	(void)len;
	return reset.control;
}

static void control_write(uint64_t offset, unsigned int len, uint64_t value)
{
	(void)offset;
	if (len != 1)
		return;
	if ((value & RESET_CPU) && !(reset.control & RESET_CPU))
		reset_guest();
	reset.control = value;
}

/* Never busy: a guest waits for that before it sends the command. */
static uint64_t keyboard_read(uint64_t offset, unsigned int len)
{
	(void)offset;
	(void)len;
	return 0;
}

static void keyboard_write(uint64_t offset, unsigned int len, uint64_t value)
{
	(void)offset;
	(void)len;
	if ((value & 0xff) == KEYBOARD_PULSE)
		reset_guest();
}

static uint64_t fast_read(uint64_t offset, unsigned int len)
{
	(void)offset;
	(void)len;
	return FAST_A20;
}

static void fast_write(uint64_t offset, unsigned int len, uint64_t value)
{
	(void)offset;
	(void)len;
	if (value & FAST_RESET)
		reset_guest();
}

static const struct state_field reset_fields[] = {
	STATE_FIELD(reset, control),
};

void reset_init(uint16_t port, void (*call)(void))
{
	static struct state_part state = {
		.name = "reset", .version = 1, STATE_FIELDS(reset_fields),
	};
	static struct bus_device control = {
		.name = "reset", .space = BUS_PORT, .size = 1,
		.read = control_read, .write = control_write,
	};
	static const struct bus_device keyboard = {
		.name = "keyboard reset", .space = BUS_PORT,
		.base = KEYBOARD_PORT, .size = 1,
		.read = keyboard_read, .write = keyboard_write,
	};
	static const struct bus_device fast = {
		.name = "fast reset", .space = BUS_PORT,
		.base = FAST_PORT, .size = 1,
		.read = fast_read, .write = fast_write,
	};

	reset_guest = call;
	control.base = port;
	bus_add(&control);
	bus_add(&fast);
	bus_add(&keyboard);
	state_add(&state);
}
