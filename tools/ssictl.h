/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ssictl: the objects of the command line and what they have in common.
 */
#ifndef SSICTL_H
#define SSICTL_H

#include <stdbool.h>

/* Exit codes, as of ip(8). */
#define EXIT_SYNTAX	1
#define EXIT_KERNEL	2

/* The option -s: statistics, too. -d: details. */
extern bool ssictl_statistics;
extern bool ssictl_details;

/* A word that a command does not know. Return: EXIT_SYNTAX, after error(). */
int ssictl_refuse_word(const char *word);

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
 * @other: or NULL: gets what follows the object if that is no command
 */
struct object {
	const char *name;
	const char *usage;
	const struct command *commands;
	int (*run)(int argc, char **argv);
	int (*other)(int argc, char **argv);
};

extern const struct object object_node;
extern const struct object object_peer;
extern const struct object object_region;
extern const struct object object_policy;
extern const struct object object_page;
extern const struct object object_home;
extern const struct object object_stats;
extern const struct object object_monitor;
extern const struct object object_up;
extern const struct object object_down;
extern const struct object object_status;
extern const struct object object_check;
extern const struct object object_diff;
extern const struct object object_cert;
extern const struct object object_guest;
extern const struct object object_checkpoint;
extern const struct object object_cpu;
extern const struct object object_console;
extern const struct object object_link;
extern const struct object object_heat;
extern const struct object object_placement;
extern const struct object object_top;

#endif /* SSICTL_H */
