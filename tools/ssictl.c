// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl: configures ssi_dsm and shows its state, with the grammar of ip(8).
 */

#include "ssictl.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"

#ifndef SSI_VERSION
#define SSI_VERSION "0.1"
#endif

static const char usage[] =
	"Usage: ssictl [ OPTIONS ] OBJECT { COMMAND | help }\n"
	"       ssictl [ OPTIONS ] { up FILE | down | status | check FILE | diff FILE }\n"
	"where  OBJECT := { node | peer | region | policy | page | stats | monitor | cert }\n"
	"       OPTIONS := { -j[son] | -p[retty] | -V[ersion] | -h[elp] }\n";

static const struct object *const objects[] = {
	&object_node,
	&object_peer,
	&object_region,
	&object_policy,
	&object_page,
	&object_stats,
	&object_monitor,
	&object_up,
	&object_down,
	&object_status,
	&object_check,
	&object_diff,
	&object_cert,
	NULL,
};

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "pretty", no_argument, NULL, 'p' },
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
	if (!argc || argv[0][0] == '-')
		return command->run(argc, argv);
	command = find_command(object, argv[0]);
	if (!command) {
		fprintf(stderr,
			"Command \"%s\" is unknown, try \"ssictl %s help\".\n",
			argv[0], object->name);
		return EXIT_SYNTAX;
	}
	return command->run(argc - 1, argv + 1);
}

static int run(int argc, char **argv)
{
	const struct object *object;

	if (!argc) {
		fputs(usage, stderr);
		return EXIT_SYNTAX;
	}
	if (begins("help", argv[0])) {
		fputs(usage, stdout);
		return 0;
	}
	object = find_object(argv[0]);
	if (!object) {
		fprintf(stderr,
			"Object \"%s\" is unknown, try \"ssictl help\".\n",
			argv[0]);
		return EXIT_SYNTAX;
	}
	return run_object(object, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	bool pretty = false;
	bool json = false;
	int opt;

	/* '+': options end at the object. long_only: -json as in ip(8). */
	while ((opt = getopt_long_only(argc, argv, "+jpVh", options,
				       NULL)) != -1) {
		switch (opt) {
		case 'j':
			json = true;
			break;
		case 'p':
			pretty = true;
			break;
		case 'V':
			printf("ssictl %s\n", SSI_VERSION);
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return EXIT_SYNTAX;
		}
	}
	output_init(json, pretty);
	return run(argc - optind, argv + optind);
}
