// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The CMOS clock (Motorola MC146818): has the host's time of day in UTC, and a few
 * bytes of memory. It has no interrupts; setting the time has no effect.
 */
#include "rtc.h"

#include <time.h>

#include "../bus.h"
#include "../state.h"
#include "timebase.h"

#define RTC_BYTES	128

enum {
	RTC_SECONDS = 0x00, RTC_MINUTES = 0x02, RTC_HOURS = 0x04,
	RTC_WEEKDAY = 0x06, RTC_DAY = 0x07, RTC_MONTH = 0x08, RTC_YEAR = 0x09,
	RTC_A = 0x0a, RTC_B = 0x0b, RTC_C = 0x0c, RTC_D = 0x0d,
	RTC_CENTURY = 0x32,
};

#define A_DIVIDER	0x26	/* 32 kHz; no update in progress */
#define B_24_HOURS	0x02
#define D_VALID		0x80

static struct {
	uint8_t index;
	uint8_t bytes[RTC_BYTES];
} rtc;

static uint8_t to_bcd(int value)
{
	return value / 10 << 4 | value % 10;
}

static uint8_t read_time(unsigned int reg)
{
	time_t now = timebase_wall();
	struct tm tm;

	gmtime_r(&now, &tm);
	switch (reg) {
	case RTC_SECONDS:
		return to_bcd(tm.tm_sec);
	case RTC_MINUTES:
		return to_bcd(tm.tm_min);
	case RTC_HOURS:
		return to_bcd(tm.tm_hour);
	case RTC_WEEKDAY:
		return to_bcd(tm.tm_wday + 1);
	case RTC_DAY:
		return to_bcd(tm.tm_mday);
	case RTC_MONTH:
		return to_bcd(tm.tm_mon + 1);
	case RTC_YEAR:
		return to_bcd(tm.tm_year % 100);
	default:
		return to_bcd(tm.tm_year / 100 + 19);
	}
}

static uint64_t rtc_read(uint64_t offset, unsigned int len)
{
	(void)len;
	if (offset == 0)
		return UINT64_MAX;	/* the index cannot be read */
	switch (rtc.index) {
	case RTC_SECONDS:
	case RTC_MINUTES:
	case RTC_HOURS:
	case RTC_WEEKDAY ... RTC_YEAR:
	case RTC_CENTURY:
		return read_time(rtc.index);
	case RTC_A:
		return A_DIVIDER;
	case RTC_B:
		return B_24_HOURS;
	case RTC_C:
		return 0;
	case RTC_D:
		return D_VALID;
	default:
		return rtc.bytes[rtc.index];
	}
}

static void rtc_write(uint64_t offset, unsigned int len, uint64_t value)
{
	(void)len;
	if (offset == 0)
		rtc.index = value % RTC_BYTES;	/* bit 7 masks NMIs on a PC */
	else
		rtc.bytes[rtc.index] = value;
}

static bool rtc_restored(void *unused)
{
	(void)unused;
	return rtc.index < RTC_BYTES;
}

static const struct state_field rtc_fields[] = {
	STATE_FIELD(rtc, index), STATE_FIELD(rtc, bytes),
};

void rtc_init(uint16_t port)
{
	static struct bus_device device = {
		.name = "rtc", .space = BUS_PORT, .size = 2,
		.read = rtc_read, .write = rtc_write,
	};
	static struct state_part state = {
		.name = "rtc", .version = 1, STATE_FIELDS(rtc_fields),
		.restored = rtc_restored,
	};

	device.base = port;
	bus_add(&device);
	state_add(&state);
}
