/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ssictl: the objects of the command line and what they have in common.
 */
#ifndef SSICTL_H
#define SSICTL_H

/* Exit codes, as of ip(8). */
#define EXIT_SYNTAX	1
#define EXIT_KERNEL	2

/**
 * struct command - one command of an object
 * @name: what the user types, or the beginning of it
 * @run: gets what follows the command; returns the exit code
 */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);
};

/**
 * struct object - one noun
 * @name: what the user types, or the beginning of it
 * @usage: printed by "help"
 * @commands: ends with an entry without name; the first is the default
 */
struct object {
	const char *name;
	const char *usage;
	const struct command *commands;
};

extern const struct object object_node;
extern const struct object object_peer;
extern const struct object object_region;
extern const struct object object_policy;
extern const struct object object_page;
extern const struct object object_stats;
extern const struct object object_monitor;

#endif /* SSICTL_H */
