// SPDX-License-Identifier: GPL-2.0-or-later
/* ssi-check: one line for each check of a guest that lives on several nodes. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "checks.h"
#include "machine.h"
#include "report.h"
#include "settings.h"

static const struct {
	const char *name;
	void (*run)(const struct machine *machine,
		    const struct settings *settings);
	bool on_request;	/* it measures more than it checks */
} checks[] = {
	{ .name = "topology", .run = check_topology },
	{ .name = "pci", .run = check_pci },
	{ .name = "clock", .run = check_clock },
	{ .name = "ipi", .run = check_ipi },
	{ .name = "atomics", .run = check_atomics },
	{ .name = "litmus", .run = check_litmus },
	{ .name = "memory", .run = check_memory },
	{ .name = "latency", .run = check_latency, .on_request = true },
	{ .name = "zeroes", .run = check_zeroes, .on_request = true },
	/* last: one that fails leaves a CPU off */
	{ .name = "hotplug", .run = check_hotplug },
};

#define NUM_CHECKS	(sizeof(checks) / sizeof(checks[0]))

static bool list_has(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; at; at = strchr(at, ',')) {
		if (*at == ',')
			at++;
		if (!strncmp(at, name, len) && (!at[len] || at[len] == ','))
			return true;
	}
	return false;
}

/* A misspelt name must not look like a check that passed. */
static bool names_known(const char *list)
{
	size_t known = 0, names = 1;

	for (size_t i = 0; i < NUM_CHECKS; i++)
		known += list_has(list, checks[i].name);
	for (const char *at = list; *at; at++)
		names += *at == ',';
	return known == names;
}

int main(int argc, char **argv)
{
	static struct machine machine;
	static struct settings settings;
	unsigned int passed = 0, failed = 0;

	settings_read(&settings, argc, argv);
	if (settings.checks && !names_known(settings.checks)) {
		fprintf(stderr, "ssi-check: check=%s names a check twice or one that does not exist; see ssi-check --help.\n",
			settings.checks);
		return 2;
	}
	if (machine_read(&machine))
		return 2;
	machine_print(&machine);
	for (size_t i = 0; i < NUM_CHECKS; i++) {
		if (settings.checks ?
		    !list_has(settings.checks, checks[i].name) :
		    checks[i].on_request)
			continue;
		report_begin(checks[i].name);
		checks[i].run(&machine, &settings);
		if (report_end())
			passed++;
		else
			failed++;
	}
	printf("SSI-CHECK-DONE %u ok, %u failed\n", passed, failed);
	return failed ? 1 : 0;
}
