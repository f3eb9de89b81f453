// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What ssi-vmm says at its start of the host's TSC and of its walks, for each kind of
 * host. The file is included, so that the test can say what host it is.
 */
#include "../../vmm/host.c"

#include <stdarg.h>

#include "tap.h"

static char said[1024];	/* all warnings and remarks since the last test */

static void note(const char *fmt, va_list args)
{
	size_t used = strlen(said);

	vsnprintf(said + used, sizeof(said) - used, fmt, args);
}

void log_warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	note(fmt, args);
	va_end(args);
}

void log_info(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	note(fmt, args);
	va_end(args);
}

static const struct trial {
	const char *name;
	unsigned int nodes;
	bool asked;	/* "amd-rogpt: true" */
	const char *says, *advises;
	const char *clocksources, *eptad, *rogpt;
	bool is_amd, has_rogpt;
} trials[] = {
	{ .name = "Intel with eptad=1", .nodes = 2, .eptad = "Y\n",
	  .says = "eptad=1: each walk", .advises = "load kvm_intel with eptad=0." },
	{ .name = "Intel with eptad=0", .nodes = 2, .eptad = "N\n" },
	{ .name = "Intel, one node", .nodes = 1, .eptad = "Y\n" },
	{ .name = "AMD before Zen 4", .nodes = 2, .asked = true, .is_amd = true,
	  .rogpt = "Y\n", .says = "no ROGPT", .advises = "from Zen 4 on" },
	{ .name = "Zen 4", .nodes = 2, .is_amd = true, .has_rogpt = true,
	  .rogpt = "Y\n", .says = "which is not used",
	  .advises = "\"amd-rogpt: true\"" },
	{ .name = "Zen 4, forbidden", .nodes = 2, .asked = true, .is_amd = true,
	  .has_rogpt = true, .rogpt = "N\n", .says = "amd_rogpt=0",
	  .advises = "load it with amd_rogpt=1." },
	{ .name = "Zen 4, used", .nodes = 2, .asked = true, .is_amd = true,
	  .has_rogpt = true, .rogpt = "Y\n",
	  .says = "page tables read on this host", .advises = "(ROGPT)" },
	{ .name = "AMD, one node", .nodes = 1, .is_amd = true, .rogpt = "Y\n" },
	{ .name = "an unstable TSC", .nodes = 1, .clocksources = "hpet acpi_pm\n",
	  .says = "marked the TSC as unstable", .advises = "tsc=reliable" },
	{ .name = "a stable TSC", .nodes = 1, .clocksources = "tsc hpet acpi_pm\n" },
};

static void set(char *line, size_t size, const char *text)
{
	snprintf(line, size, "%s", text ? text : "");
}

static void try(const struct trial *trial)
{
	bool ok;

	set(host.clocksources, sizeof(host.clocksources), trial->clocksources);
	set(host.eptad, sizeof(host.eptad), trial->eptad);
	set(host.rogpt, sizeof(host.rogpt), trial->rogpt);
	host.is_amd = trial->is_amd;
	host.has_rogpt = trial->has_rogpt;
	said[0] = '\0';
	host_check(trial->nodes, trial->asked);
	ok = trial->says ? strstr(said, trial->says) &&
			   strstr(said, trial->advises) : !said[0];
	if (!tap_ok(ok, "%s: %s", trial->name,
		    trial->says ? trial->says : "no word"))
		tap_diag("said: %s", said);
}

/* The real files and the real CPU: ROGPT is AMD's only. */
static void try_this_host(void)
{
	host_read();
	tap_ok(host.is_amd || !host.has_rogpt, "this host is read");
}

int main(void)
{
	tap_plan(ARRAY_SIZE(trials) + 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(trials); i++)
		try(&trials[i]);
	try_this_host();
	return tap_exit();
}
