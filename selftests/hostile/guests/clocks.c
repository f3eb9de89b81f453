// SPDX-License-Identifier: GPL-2.0-or-later
/* RTC and PIT: every register, every mode; time goes on. */
#include "guest.h"

#define RTC	0x70
#define PIT	0x40
#define GATE	0x61

static uint8_t rtc(uint8_t reg)
{
	outb(RTC, reg);
	return inb(RTC + 1);
}

static bool is_bcd(uint8_t value, uint8_t most)
{
	return (value & 15) < 10 && value <= most;
}

static void test_rtc(void)
{
	for (unsigned int reg = 0; reg < 256; reg++) {
		outb(RTC, reg);
		outb(RTC + 1, 0xff);
		outw(RTC, 0xffff);
		inb(RTC + 1);
		inw(RTC);
		inl(RTC);
	}
	guest_ok(is_bcd(rtc(0), 0x59) && is_bcd(rtc(2), 0x59) &&
		 is_bcd(rtc(4), 0x23) && is_bcd(rtc(7), 0x31) &&
		 is_bcd(rtc(8), 0x12), "what was written is no time");
}

static void test_pit(void)
{
	for (unsigned int command = 0; command < 256; command++) {
		outb(PIT + 3, command);
		for (unsigned int i = 0; i < 3; i++) {
			outb(PIT + i, command);
			inb(PIT + i);
			inb(PIT + 2);
			outw(PIT + i, command);
			inl(PIT + i);
		}
		outb(GATE, command);
		inb(GATE);
	}
	guest_ok(true, "every command of the PIT");
}

/* Mode 0 from the smallest count, and from the greatest. */
static void test_counts(void)
{
	uint64_t end = guest_us() + 2000000;

	outb(GATE, 1);
	outb(PIT + 3, 0xb0);
	outb(PIT + 2, 0);
	outb(PIT + 2, 0);
	while (!(inb(GATE) & 0x20) && guest_us() < end)
		;
	guest_ok(inb(GATE) & 0x20, "a count of 0 ends");
	outb(PIT + 3, 0xb0);
	outb(PIT + 2, 1);
	outb(PIT + 2, 0);
	end = guest_us() + 2000000;
	while (!(inb(GATE) & 0x20) && guest_us() < end)
		;
	guest_ok(inb(GATE) & 0x20, "a count of 1 ends");
}

void guest_main(void)
{
	test_rtc();
	test_pit();
	test_counts();
}
