// SPDX-License-Identifier: GPL-2.0-or-later
/* The clock source that the kernel has chosen. */
#include "clocksource.h"

#include <string.h>
#include <time.h>

#include "machine.h"
#include "report.h"

#define CURRENT \
	"/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define SETTLE_SECONDS	30.0

/*
 * Linux runs on "tsc-early" until it has refined the frequency, about a second
 * after boot.
 */
void clocksource_check(const char *expected)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	double deadline = report_now() + SETTLE_SECONDS;
	char name[64];

	machine_read_line(CURRENT, name, sizeof(name));
	while (!strcmp(name, "tsc-early") && report_now() < deadline) {
		nanosleep(&pause, NULL);
		machine_read_line(CURRENT, name, sizeof(name));
	}
	report_key("clocksource=%s", name);
	if (strcmp(expected, "any") && strcmp(name, expected))
		report_fail("The clock source is %s instead of %s.", name,
			    expected);
}
