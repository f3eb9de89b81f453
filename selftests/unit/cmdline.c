// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of the guest's kernel, vmm/cmdline.c. */
#include "../../vmm/cmdline.h"

#include <string.h>

#include "tap.h"

static const struct {
	const char *line;
	const char *with;	/* the line with "tsc=reliable" added */
} lines[] = {
	{ "", " tsc=reliable" },
	{ "quiet", "quiet tsc=reliable" },
	{ "a -- single", "a tsc=reliable -- single" },
	{ "-- single", "tsc=reliable -- single" },
	{ "a --", "a tsc=reliable --" },
	{ "a -- b -- c", "a tsc=reliable -- b -- c" },
	{ "a=\"x -- y\" b", "a=\"x -- y\" b tsc=reliable" },
	{ "a=\"x -- y\" -- b", "a=\"x -- y\" tsc=reliable -- b" },
	{ "a --b c", "a --b c tsc=reliable" },
	{ "a\t--\tb", "a\ttsc=reliable --\tb" },
};

static const struct {
	const char *line;
	bool has;		/* "tsc_early_khz=" */
} options[] = {
	{ "", false },
	{ "tsc_early_khz=1", true },
	{ "quiet tsc_early_khz=1 a", true },
	{ "quiet\ttsc-early-khz=1", true },
	{ "xtsc_early_khz=1", false },
	{ "tsc_early_khz", false },
	{ "a=\"b tsc_early_khz=1\"", false },
	{ "a -- tsc_early_khz=1", false },
};

static const struct {
	const char *line;
	const char *option;	/* that is found; NULL: none */
} limited[] = {
	{ "acpi=off", "acpi=off" }, { "acpi=force", NULL }, { "acpi", NULL },
	{ "quiet noapic", "noapic" }, { "noapictimer", NULL },
	{ "nolapic", "nolapic" }, { "nolapic_timer", "nolapic_timer" },
	{ "nolapic-timer", "nolapic_timer" },
	{ "lapic=notscdeadline", "lapic=notscdeadline" }, { "lapic", NULL },
	{ "pci=nomsi", "pci=nomsi" }, { "pci=noaer,nomsi", "pci=nomsi" },
	{ "pci=noaer,nomsi,realloc", "pci=nomsi" }, { "pci=nomsix", NULL },
	{ "pci=", NULL }, { "pci", NULL }, { "a -- noapic", NULL },
	{ "", NULL },
};

static void test_limits(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(limited); i++) {
		const char *option = NULL, *missing, *wanted = limited[i].option;

		missing = cmdline_find_limit(limited[i].line, &option);
		tap_ok(!missing == !wanted && (!wanted || !strcmp(option, wanted)),
		       "'%s' has %s", limited[i].line,
		       wanted ? wanted : "no such option");
	}
}

static void test_room(void)
{
	char line[16] = "a -- b";	/* 6 bytes, and 13 are added */

	tap_ok(!cmdline_add(line, sizeof(line), "tsc=reliable") &&
	       !strcmp(line, "a -- b"), "a line without room stays as it is");
	tap_ok(cmdline_add(line, sizeof(line), "12345678") &&
	       !strcmp(line, "a 12345678 -- b"), "all room can be used");
}

int main(void)
{
	char line[64];

	tap_plan(ARRAY_SIZE(lines) + ARRAY_SIZE(options) + 2 +
		 ARRAY_SIZE(limited));
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		snprintf(line, sizeof(line), "%s", lines[i].line);
		tap_ok(cmdline_add(line, sizeof(line), "tsc=reliable") &&
		       !strcmp(line, lines[i].with), "'%s' becomes '%s'",
		       lines[i].line, line);
	}
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		tap_ok(cmdline_has(options[i].line, "tsc_early_khz=") ==
		       options[i].has, "'%s' %s it", options[i].line,
		       options[i].has ? "has" : "does not have");
	test_room();
	test_limits();
	return tap_exit();
}
