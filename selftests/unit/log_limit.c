// SPDX-License-Identifier: GPL-2.0-or-later
/* How often the log says the same sentence: vmm/log_limit.c. */
#include "../../vmm/log_limit.h"

#include "tap.h"

#define START_S		1000000u
#define FLOOD		5000u

static const char one[] = "The device %s is broken.";
static const char other[] = "The route %u is refused.";

int main(void)
{
	unsigned int allowed = 0, left_out;

	tap_plan(5);
	for (unsigned int i = 0; i < FLOOD; i++)
		allowed += log_limit(one, START_S + i * 59 / FLOOD, &left_out);
	tap_ok(allowed == LOG_LIMIT_BURST, "of %u in a minute, %u are logged",
	       FLOOD, allowed);
	tap_ok(log_limit(other, START_S + 59, &left_out) && !left_out,
	       "another sentence is not concerned");
	tap_ok(log_limit(one, START_S + 60, &left_out) &&
	       left_out == FLOOD - LOG_LIMIT_BURST,
	       "the next minute begins with how many were left out");
	tap_ok(log_limit(one, START_S + 61, &left_out) && !left_out,
	       "and tells that once");
	tap_ok(log_limit(one, START_S + 500, &left_out) && !left_out,
	       "a quiet minute leaves nothing out");
	return tap_exit();
}
