// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Channel 2 of the interval timer (Intel 8254) and its gate and output at
 * port 0x61, which guests calibrate their TSC with. It counts once from the
 * value that was loaded (mode 0). Other modes, channels and interrupts are
 * missing.
 *
 * It runs in real time. Where an exit is slow (nested, emulated), a guest finds
 * that this clock is too coarse, and calibrates its TSC in another way.
 */
#include "pit.h"

#include <stdbool.h>
#include <stdint.h>

#include "../bus.h"
#include "../state.h"
#include "timebase.h"

#define PIT_HZ		1193182ull
#define PIT_BASE	0x40
#define CHANNEL_2	2	/* as offset of its data port */
#define CONTROL		3
#define GATE_PORT	0x61
#define GATE_ON		0x01
#define GATE_WRITABLE	0x03
#define GATE_OUTPUT	0x20
#define ACCESS_LATCH	0
#define ACCESS_HIGH	2
#define ACCESS_BOTH	3

static struct {
	uint64_t start_ns;
	uint16_t load;
	uint16_t latched;
	uint8_t access;
	uint8_t gate;
	bool is_latched;
	bool read_high, write_high;
} pit = { .access = ACCESS_BOTH };

static uint64_t elapsed_ticks(void)
{
	if (!pit.start_ns || !(pit.gate & GATE_ON))
		return 0;
	return (__uint128_t)(timebase_ns() - pit.start_ns) * PIT_HZ /
	       1000000000u;
}

static uint16_t current_count(void)
{
	return pit.load - elapsed_ticks();
}

/* Ends the latch after the last byte of the access mode. */
static uint8_t read_count(void)
{
	uint16_t count = pit.is_latched ? pit.latched : current_count();
	bool high = pit.access == ACCESS_HIGH ||
		    (pit.access == ACCESS_BOTH && pit.read_high);

	if (pit.access == ACCESS_BOTH)
		pit.read_high = !pit.read_high;
	if (pit.access != ACCESS_BOTH || high)
		pit.is_latched = false;
	return high ? count >> 8 : count & 0xff;
}

static void write_count(uint8_t value)
{
	bool high = pit.access == ACCESS_HIGH ||
		    (pit.access == ACCESS_BOTH && pit.write_high);

	if (high)
		pit.load = (pit.load & 0xff) | value << 8;
	else
		pit.load = (pit.load & 0xff00) | value;
	if (pit.access == ACCESS_BOTH)
		pit.write_high = !pit.write_high;
	/* Counting begins when the last byte has come. */
	pit.start_ns = pit.write_high ? 0 : timebase_ns();
}

static void write_control(uint8_t value)
{
	if (value >> 6 != CHANNEL_2)
		return;
	if ((value >> 4 & 3) == ACCESS_LATCH) {
		pit.latched = current_count();
		pit.is_latched = true;
		return;
	}
	pit.access = value >> 4 & 3;
	pit.read_high = false;
	pit.write_high = false;
	pit.is_latched = false;
	pit.start_ns = 0;
}

static uint64_t pit_read(uint64_t offset, unsigned int len)
{
	if (offset != CHANNEL_2 || len != 1)
		return UINT64_MAX;
	return read_count();
}

static void pit_write(uint64_t offset, unsigned int len, uint64_t value)
{
	if (len != 1)
		return;
	if (offset == CHANNEL_2)
		write_count(value);
	else if (offset == CONTROL)
		write_control(value);
}

static uint64_t gate_read(uint64_t offset, unsigned int len)
{
	bool out = pit.start_ns && elapsed_ticks() >= pit.load;

	(void)offset;
	(void)len;
	return pit.gate | (out ? GATE_OUTPUT : 0);
}

static void gate_write(uint64_t offset, unsigned int len, uint64_t value)
{
	(void)offset;
	(void)len;
	pit.gate = value & GATE_WRITABLE;
}

static const struct bus_device pit_device = {
	.name = "pit", .space = BUS_PORT, .base = PIT_BASE, .size = 4,
	.read = pit_read, .write = pit_write,
};

static const struct bus_device gate_device = {
	.name = "pit gate", .space = BUS_PORT, .base = GATE_PORT, .size = 1,
	.read = gate_read, .write = gate_write,
};

static const struct state_field pit_fields[] = {
	STATE_FIELD(pit, start_ns), STATE_FIELD(pit, load),
	STATE_FIELD(pit, latched), STATE_FIELD(pit, access),
	STATE_FIELD(pit, gate), STATE_FIELD(pit, is_latched),
	STATE_FIELD(pit, read_high), STATE_FIELD(pit, write_high),
};

void pit_init(void)
{
	static struct state_part state = {
		.name = "pit", .version = 1, STATE_FIELDS(pit_fields),
	};

	bus_add(&pit_device);
	bus_add(&gate_device);
	state_add(&state);
}
