// SPDX-License-Identifier: GPL-2.0-or-later
/* The IOAPIC: every register, and pins that send anything anywhere. */
#include "apic.h"

#define BASE		0xfec00000ull
#define SELECT		BASE
#define WINDOW		(BASE + 0x10)
#define EOI		(BASE + 0x40)
#define TABLE		0x10
#define PINS		24
#define SERIAL_PIN	4
#define MASKED		0x10000u
#define LEVEL		0x8000u
#define VECTOR		0x61

static void set(unsigned int reg, uint32_t value)
{
	MMIO32(SELECT) = reg;
	MMIO32(WINDOW) = value;
}

static uint32_t get(unsigned int reg)
{
	MMIO32(SELECT) = reg;
	return MMIO32(WINDOW);
}

/* The serial port's line is high, and goes low. */
static void raise_line(void)
{
	outb(0x3f9, 2);
	inb(0x3fa);
	outb(0x3f9, 0);
}

static void test_registers(void)
{
	for (unsigned int reg = 0; reg < 256; reg++) {
		set(reg, reg >= TABLE ? MASKED : 0xffffffff);
		get(reg);
	}
	for (unsigned int at = 0; at < 0x108; at++) {
		(void)MMIO8(BASE + at);
		(void)MMIO16(BASE + at);
		(void)MMIO64(BASE + at);
		if (at >= 0x14) {
			MMIO8(BASE + at) = 0xff;
			MMIO64(BASE + at) = UINT64_MAX;
		}
	}
	guest_ok((get(1) & 0xff) == 0x20 && get(1) >> 16 == PINS - 1,
		 "every register in every size");
}

/* Destinations that are not there, and delivery modes that are none. */
static void test_entries(void)
{
	for (unsigned int i = 0; i < 300; i++) {
		uint32_t low = guest_random() & 0xfffe07ff;

		/* not an SMI, NMI or INIT, which would end this guest */
		set(TABLE + 2 * SERIAL_PIN + 1, guest_random());
		set(TABLE + 2 * SERIAL_PIN, (low & ~0x700u) | guest_below(2) << 8);
		raise_line();
		MMIO32(EOI) = guest_random();
		set(TABLE + 2 * guest_below(PINS) + 1, guest_random());
	}
	guest_ok(true, "random entries");
}

static void test_delivery(void)
{
	set(TABLE + 2 * SERIAL_PIN, MASKED);
	MMIO32(EOI) = VECTOR;
	set(TABLE + 2 * SERIAL_PIN + 1, 0);
	set(TABLE + 2 * SERIAL_PIN, VECTOR);
	raise_line();
	guest_ok(apic_has_raised(VECTOR, 1000000), "an interrupt gets through");
}

/* Level-triggered routes by hundreds: each is an entry of KVM's table. */
static void test_routes(void)
{
	for (unsigned int round = 0; round < 10; round++)
		for (unsigned int pin = 0; pin < PINS; pin++)
			set(TABLE + 2 * pin, LEVEL | MASKED | (round + pin));
	for (unsigned int pin = 0; pin < PINS; pin++)
		set(TABLE + 2 * pin, MASKED);
	guest_ok(true, "all pins level-triggered, again and again");
}

void guest_main(void)
{
	apic_enable();
	outb(0x3fc, 8);		/* lets the line through */
	test_registers();
	test_entries();
	test_routes();
	test_delivery();
}
