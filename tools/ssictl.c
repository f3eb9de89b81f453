// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl: configures ssi_dsm and shows its state, with the grammar of ip(8).
 */

#include "ssictl.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "output.h"

#ifndef SSI_VERSION
#define SSI_VERSION "0.1"
#endif

static const char usage[] =
	"Usage: ssictl [ OPTIONS ] OBJECT { COMMAND | help }\n"
	"       ssictl [ OPTIONS ] { up FILE | down | status | check FILE | diff FILE | checkpoint FOLDER | console | top }\n"
	"       ssictl [ -force ] -batch FILE\n"
	"where  OBJECT := { node | peer | region | policy | page | home | stats | monitor | cert | guest | link |\n"
	"                    heat | placement }\n"
	"       OPTIONS := { -s[tatistics] | -d[etails] | -j[son] | -p[retty] | -V[ersion] | -h[elp] }\n";

bool ssictl_statistics;
bool ssictl_details;

static const struct object *const objects[] = {
	&object_node,
	&object_peer,
	&object_region,
	&object_policy,
	&object_page,
	&object_home,
	&object_stats,
	&object_monitor,
	&object_up,
	&object_down,
	&object_status,
	&object_check,
	&object_diff,
	&object_cert,
	&object_guest,
	&object_checkpoint,
	&object_cpu,
	&object_console,
	&object_link,
	&object_heat,
	&object_placement,
	&object_top,
	NULL,
};

static const struct option options[] = {
	{ "batch", required_argument, NULL, 'b' },
	{ "details", no_argument, NULL, 'd' },
	{ "force", no_argument, NULL, 'f' },
	{ "json", no_argument, NULL, 'j' },
	{ "pretty", no_argument, NULL, 'p' },
	{ "statistics", no_argument, NULL, 's' },
	{ "stats", no_argument, NULL, 's' },
	{ "Version", no_argument, NULL, 'V' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

/* As in ip(8): the first entry that begins with the word. */
static int begins(const char *name, const char *word)
{
	return *word && !strncmp(name, word, strlen(word));
}

static const struct object *find_object(const char *word)
{
	const struct object *const *object;

	for (object = objects; *object; object++)
		if (begins((*object)->name, word))
			return *object;
	return NULL;
}

static const struct command *find_command(const struct object *object,
					  const char *word)
{
	const struct command *command;

	for (command = object->commands; command->name; command++)
		if (begins(command->name, word))
			return command;
	return NULL;
}

static int run_object(const struct object *object, int argc, char **argv)
{
	const struct command *command = object->commands;

	/* A verb may have a file that is called "h". */
	if (argc && (object->run ? !strcmp("help", argv[0]) :
				   begins("help", argv[0]))) {
		fputs(object->usage, stdout);
		return 0;
	}
	if (object->run)
		return object->run(argc, argv);
	if (!argc || (argv[0][0] == '-' && !object->other))
		return command->run(argc, argv);
	command = find_command(object, argv[0]);
	if (!command && object->other)
		return object->other(argc, argv);
	if (!command) {
		error_as("syntax", "Command \"%s\" is unknown, try \"ssictl %s help\"",
			 argv[0], object->name);
		return EXIT_SYNTAX;
	}
	return command->run(argc - 1, argv + 1);
}

/* For a program the whole usage would be no sentence. */
static int refuse_usage(const char *why)
{
	if (output_is_json())
		error_as("syntax", "%s; try \"ssictl help\"", why);
	else
		fputs(usage, stderr);
	return EXIT_SYNTAX;
}

int ssictl_refuse_word(const char *word)
{
	error_as("syntax", "\"%s\" is not a keyword of this command", word);
	return EXIT_SYNTAX;
}

static int run(int argc, char **argv)
{
	const struct object *object;

	if (!argc)
		return refuse_usage("an object is missing");
	if (begins("help", argv[0])) {
		fputs(usage, stdout);
		return 0;
	}
	object = find_object(argv[0]);
	if (!object) {
		error_as("syntax", "Object \"%s\" is unknown, try \"ssictl help\"",
			 argv[0]);
		return EXIT_SYNTAX;
	}
	return run_object(object, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	const char *batch = NULL;
	bool force = false, known = true;
	bool pretty = false;
	bool json = false;
	int opt;

	/* It may come after a wrong option, whose error is to be JSON, too. */
	for (int i = 1; i < argc && argv[i][0] == '-'; i++)
		json = json || !strcmp(argv[i], "-j") || !strcmp(argv[i], "-json");
	opterr = !json;
	/* '+': options end at the object. long_only: -json as in ip(8). */
	while ((opt = getopt_long_only(argc, argv, "+b:dfjpsVh", options,
				       NULL)) != -1) {
		switch (opt) {
		case 'b':
			batch = optarg;
			break;
		case 'd':
			ssictl_details = true;
			break;
		case 'f':
			force = true;
			break;
		case 'j':
			json = true;
			break;
		case 'p':
			pretty = true;
			break;
		case 's':
			ssictl_statistics = true;
			break;
		case 'V':
			printf("ssictl %s\n", SSI_VERSION);
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			known = false;
		}
	}
	output_init(json, pretty);
	if (!known)
		return refuse_usage("an option is unknown");
	if (batch)
		return batch_run(batch, force, run);
	return run(argc - optind, argv + optind);
}
