/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks to run, their length, and the expected machine. */
#ifndef SSI_GUEST_SETTINGS_H
#define SSI_GUEST_SETTINGS_H

#include "machine.h"

/**
 * struct settings - from the kernel's command line, then from our own
 * @checks: names with commas between; NULL: all
 * @memory_percent: share of MemTotal of which the memory check fills more
 * @litmus_runs: of each litmus test and layout
 * @seconds: the longest that each timed part of a check runs
 * @disk: which the zeroes check may overwrite
 * @clocksource: the one expected, or "any"
 * @uuid: the one expected of the machine; NULL: not given
 * @nodes: number of nodes expected; 0: not given, nothing is compared
 * @cpus: expected CPUs of each node
 * @num_cpus: entries of @cpus
 * @memory: expected MiB of each node
 * @num_memory: entries of @memory
 * @distances: expected matrix, row by row
 * @num_distances: entries of @distances
 */
struct settings {
	char *checks;
	int memory_percent;
	int litmus_runs;
	double seconds;
	const char *disk;
	const char *clocksource;
	const char *uuid;
	int nodes;
	int cpus[MAX_NODES];
	int num_cpus;
	int memory[MAX_NODES];
	int num_memory;
	int distances[MAX_NODES * MAX_NODES];
	int num_distances;
};

/* Fill in defaults, /proc/cmdline and arguments; exits on bad arguments. */
void settings_read(struct settings *settings, int argc, char **argv);

#endif /* SSI_GUEST_SETTINGS_H */
