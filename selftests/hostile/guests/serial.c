// SPDX-License-Identifier: GPL-2.0-or-later
/* The serial port: every register, every size, loops, and strings. */
#include "guest.h"

#define PORT	0x3f8
#define DATA	PORT
#define IER	(PORT + 1)
#define FCR	(PORT + 2)
#define LCR	(PORT + 3)
#define MCR	(PORT + 4)
#define LSR	(PORT + 5)
#define SCRATCH	(PORT + 7)
#define LOOP	0x10
#define FIFO	64

static unsigned char page[8192] __attribute__((aligned(4096)));

/* As after a reset. */
static void restore(void)
{
	outb(LCR, 3);
	outb(MCR, 0);
	outb(IER, 0);
	outb(FCR, 7);
}

static void test_loop(void)
{
	unsigned int got = 0;

	outb(MCR, LOOP);
	for (unsigned int i = 0; i < 4 * FIFO; i++)
		outb(DATA, i);
	while ((inb(LSR) & 1) && got < 4 * FIFO) {
		inb(DATA);
		got++;
	}
	restore();
	guest_ok(got > 0 && got <= FIFO, "a loop of %u characters brings %u",
		 4 * FIFO, got);
}

static void test_registers(void)
{
	for (unsigned int value = 0; value < 256; value++) {
		outb(MCR, LOOP);	/* so that nothing is printed */
		outb(SCRATCH, value);
		outb(FCR, value);
		outb(IER, value);
		outb(LCR, value | 0x80);
		outb(DATA, value);
		outb(IER, value);
		for (unsigned int i = 0; i < 8; i++)
			inb(PORT + i);
	}
	restore();
	guest_ok(inb(SCRATCH) == 255, "every value in every register");
}

static void test_sizes(void)
{
	outb(MCR, LOOP);
	for (unsigned int i = 0; i < 12; i++) {
		outl(PORT - 4 + i, 0);
		outw(PORT - 2 + i, 0);
		inl(PORT - 4 + i);
		inw(PORT - 2 + i);
	}
	restore();
	guest_ok(true, "accesses of two and four bytes");
}

/* Strings across pages, into and out of memory. */
static void test_strings(void)
{
	unsigned char *at = page + 4096 - 100;
	unsigned long count = 3000;

	outb(MCR, LOOP);
	__asm__ volatile("rep outsb" : "+S" (at), "+c" (count) :
			 "d" ((uint16_t)DATA) : "memory");
	at = page + 4096 - 100;
	count = 3000;
	__asm__ volatile("rep insb" : "+D" (at), "+c" (count) :
			 "d" ((uint16_t)DATA) : "memory");
	at = page + 1;
	count = 1000;
	__asm__ volatile("rep insl" : "+D" (at), "+c" (count) :
			 "d" ((uint16_t)DATA) : "memory");
	restore();
	guest_ok(true, "strings of thousands of characters");
}

void guest_main(void)
{
	test_loop();
	test_registers();
	test_sizes();
	test_strings();
}
