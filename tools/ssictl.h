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
 * @run: instead of @commands, if it is a verb: gets what follows it
 */
struct object {
	const char *name;
	const char *usage;
	const struct command *commands;
	int (*run)(int argc, char **argv);
};

extern const struct object object_node;
extern const struct object object_peer;
extern const struct object object_region;
extern const struct object object_policy;
extern const struct object object_page;
extern const struct object object_stats;
extern const struct object object_monitor;
extern const struct object object_up;
extern const struct object object_down;
extern const struct object object_status;
extern const struct object object_check;
extern const struct object object_diff;
extern const struct object object_cert;

#endif /* SSICTL_H */
