// SPDX-License-Identifier: GPL-2.0-or-later
/* Words, time, chance, and the end. */
#include "guest.h"

#define SERIAL		0x3f8
#define PM1_CONTROL	0x604
#define POWER_OFF	(0x2000 | 5 << 10)	/* SLP_EN, _S5 */
#define CMD_LINE_PTR	0x228			/* in the boot parameters */
#define KHZ_UNKNOWN	2000000			/* firmware is not told */

static const char *command_line = "";
static uint64_t khz;
static uint64_t chance;

/* In one instruction each: some KVMs interpret all others one by one. */
void *memset(void *to, int c, size_t len)
{
	void *at = to;

	__asm__ volatile("rep stosb" : "+D" (at), "+c" (len) : "a" (c) :
			 "memory");
	return to;
}

void *memcpy(void *to, const void *from, size_t len)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D" (at), "+S" (from), "+c" (len) : :
			 "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const unsigned char *one = a, *other = b;

	for (size_t i = 0; i < len; i++)
		if (one[i] != other[i])
			return one[i] - other[i];
	return 0;
}

/* ---- words ------------------------------------------------------------------ */

static void put_text(const char *text)
{
	while (*text)
		outb(SERIAL, *text++);
}

static void put_number(uint64_t value, unsigned int base)
{
	char digits[24];
	unsigned int at = sizeof(digits);

	digits[--at] = '\0';
	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	put_text(digits + at);
}

static void put_signed(int64_t value)
{
	if (value < 0)
		outb(SERIAL, '-');
	put_number(value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
}

static uint64_t take_number(va_list *args, bool is_long)
{
	return is_long ? va_arg(*args, unsigned long) :
			 va_arg(*args, unsigned int);
}

/* Return: what is behind the conversion at @fmt. */
static const char *put_conversion(const char *fmt, va_list *args)
{
	bool is_long = false;

	for (; *fmt == 'l'; fmt++)
		is_long = true;
	switch (*fmt) {
	case 's':
		put_text(va_arg(*args, const char *));
		break;
	case 'c':
		outb(SERIAL, va_arg(*args, int));
		break;
	case 'x':
		put_number(take_number(args, is_long), 16);
		break;
	case 'u':
		put_number(take_number(args, is_long), 10);
		break;
	case 'd':
		put_signed(is_long ? va_arg(*args, long) : va_arg(*args, int));
		break;
	default:
		outb(SERIAL, *fmt);
	}
	return fmt + 1;
}

static void say(const char *fmt, va_list *args)
{
	while (*fmt) {
		if (*fmt == '%')
			fmt = put_conversion(fmt + 1, args);
		else
			outb(SERIAL, *fmt++);
	}
	put_text("\r\n");
}

void guest_say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, &args);
	va_end(args);
}

bool guest_ok(bool pass, const char *fmt, ...)
{
	va_list args;

	put_text(pass ? "ok " : "not ok ");
	va_start(args, fmt);
	say(fmt, &args);
	va_end(args);
	return pass;
}

/* ---- the command line, time and chance -------------------------------------- */

/* Return: what is behind @name at the beginning of a word, or NULL. */
static const char *find_option(const char *name)
{
	for (const char *at = command_line; *at; at++) {
		const char *text = at, *wanted = name;

		if (at != command_line && at[-1] != ' ')
			continue;
		while (*wanted && *text == *wanted) {
			text++;
			wanted++;
		}
		if (!*wanted)
			return text;
	}
	return NULL;
}

uint64_t guest_number(const char *name, uint64_t otherwise)
{
	const char *text = find_option(name);
	uint64_t value = 0;

	if (!text)
		return otherwise;
	while (*text >= '0' && *text <= '9')
		value = value * 10 + *text++ - '0';
	return value;
}

uint64_t guest_us(void)
{
	return rdtsc() / (khz / 1000);
}

void guest_wait_us(uint64_t us)
{
	uint64_t end = guest_us() + us;

	while (guest_us() < end)
		__asm__ volatile("pause");
}

/* Marsaglia's xorshift64*. */
uint32_t guest_random(void)
{
	chance ^= chance >> 12;
	chance ^= chance << 25;
	chance ^= chance >> 27;
	return chance * 0x2545f4914f6cdd1dull >> 32;
}

uint32_t guest_below(uint32_t limit)
{
	return guest_random() % limit;
}

uint64_t guest_odd_number(void)
{
	uint64_t number = 1ull << guest_below(64);

	switch (guest_below(4)) {
	case 0:
		return guest_below(300);
	case 1:
		return number - guest_below(3);
	case 2:
		return -number + guest_below(3);
	default:
		return (uint64_t)guest_random() << 32 | guest_random();
	}
}

/* ---- begin and end ---------------------------------------------------------- */

void guest_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* An exception without a handler, without a handler for that. */
void guest_triple_fault(void)
{
	const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) nothing = { 0, 0 };

	__asm__ volatile("lidt %0" : : "m" (nothing));
	__asm__ volatile("ud2");
	guest_halt();
}

void guest_power_off(void)
{
	outw(PM1_CONTROL, POWER_OFF);
	guest_halt();
}

void guest_end(void)
{
	put_text("end\r\n");
	guest_power_off();
}

void guest_begin(const unsigned char *params);

void guest_begin(const unsigned char *params)
{
	if (params)
		command_line = (const char *)(uintptr_t)
			       MMIO32(params + CMD_LINE_PTR);
	khz = guest_number("tsc_early_khz=", KHZ_UNKNOWN);
	chance = guest_number("seed=", 1) * 0x9e3779b97f4a7c15ull | 1;
	guest_main();
	guest_end();
}
