// SPDX-License-Identifier: GPL-2.0-or-later
/* The checks to run, their length, and the expected machine. */
#include "settings.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CMDLINE_PREFIX	"ssi."

static const char usage[] =
"Usage: ssi-check [--NAME=VALUE ...]\n"
"Checks that one guest on several nodes behaves as one machine. Each setting\n"
"can also be given on the kernel's command line, as ssi.NAME=VALUE.\n"
"\n"
"  check=A,B          of topology, pci, clock, ipi, atomics, litmus, memory,\n"
"                     hotplug (all of these), latency, zeroes\n"
"  memory_percent=N   the memory check fills more than that share (90)\n"
"  litmus_runs=N      runs of each litmus test and layout (20000)\n"
"  seconds=N          the longest that each timed part runs (5)\n"
"  disk=FILE          the zeroes check overwrites its first 128 KiB (/dev/vda)\n"
"\n"
"What the machine must be; what is not given is only reported:\n"
"\n"
"  nodes=N            number of NUMA nodes\n"
"  cpus=N,N           CPUs of each node\n"
"  memory=N,N         MiB of each node\n"
"  distances=N,N,...  the matrix, row by row\n"
"  uuid=UUID          of the machine, as SMBIOS has it\n"
"  clocksource=NAME   the clock source, or any (tsc)\n";

static bool parse_int(const char *text, int *value)
{
	char *end;
	long parsed = strtol(text, &end, 10);

	if (end == text || *end || parsed < 1 || parsed > 1000000000)
		return false;
	*value = parsed;
	return true;
}

static bool parse_numbers(const char *text, int *numbers, int max, int *count)
{
	*count = machine_parse_list(text, numbers, max);
	return *count > 0;
}

static bool set_expected(struct settings *s, const char *name,
			 const char *value)
{
	if (!strcmp(name, "nodes"))
		return parse_int(value, &s->nodes);
	if (!strcmp(name, "cpus"))
		return parse_numbers(value, s->cpus, MAX_NODES, &s->num_cpus);
	if (!strcmp(name, "memory"))
		return parse_numbers(value, s->memory, MAX_NODES,
				     &s->num_memory);
	if (!strcmp(name, "distances"))
		return parse_numbers(value, s->distances, MAX_NODES * MAX_NODES,
				     &s->num_distances);
	if (!strcmp(name, "clocksource")) {
		s->clocksource = strdup(value);
		return true;
	}
	if (!strcmp(name, "uuid")) {
		s->uuid = strdup(value);
		return true;
	}
	return false;
}

static bool set(struct settings *s, const char *name, const char *value)
{
	int seconds;

	if (!strcmp(name, "check")) {
		s->checks = strdup(value);
		return true;
	}
	if (!strcmp(name, "disk")) {
		s->disk = strdup(value);
		return true;
	}
	if (!strcmp(name, "memory_percent"))
		return parse_int(value, &s->memory_percent);
	if (!strcmp(name, "litmus_runs"))
		return parse_int(value, &s->litmus_runs);
	if (!strcmp(name, "seconds")) {
		if (!parse_int(value, &seconds))
			return false;
		s->seconds = seconds;
		return true;
	}
	return set_expected(s, name, value);
}

/* Other words of the kernel's command line are not for this program. */
static void read_cmdline(struct settings *s)
{
	static char line[4096];
	char *save, *word;

	machine_read_line("/proc/cmdline", line, sizeof(line));
	for (word = strtok_r(line, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');

		if (strncmp(word, CMDLINE_PREFIX, strlen(CMDLINE_PREFIX)) ||
		    !value)
			continue;
		*value++ = '\0';
		word += strlen(CMDLINE_PREFIX);
		if (!strcmp(word, "end") || !strcmp(word, "online") ||
		    !strcmp(word, "stream"))
			continue;	/* for init */
		if (!set(s, word, value)) {
			fprintf(stderr, "ssi-check: The kernel's command line has ssi.%s=%s, which is not a setting.\n",
				word, value);
			exit(2);
		}
	}
}

void settings_read(struct settings *settings, int argc, char **argv)
{
	*settings = (struct settings) {
		.memory_percent = 90,
		.litmus_runs = 20000,
		.seconds = 5,
		.clocksource = "tsc",
		.disk = "/dev/vda",
	};
	read_cmdline(settings);
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!strcmp(argv[i], "--help")) {
			fputs(usage, stdout);
			exit(0);
		}
		if (!strncmp(argv[i], "--", 2) && value) {
			*value++ = '\0';
			if (set(settings, argv[i] + 2, value))
				continue;
			value[-1] = '=';
		}
		fprintf(stderr, "ssi-check: \"%s\" is not a setting; see ssi-check --help.\n",
			argv[i]);
		exit(2);
	}
}
