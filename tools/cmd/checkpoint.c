// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl checkpoint: write all that the guest is into a folder.
 */

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/member.h"
#include "../daemon.h"
#include "../output.h"
#include "../ssictl.h"

#define DIR_MAX		1024
#define PATH_MAX_LEN	(3 * DIR_MAX + 64)
#define LOOK_US		100000

static const char usage[] =
	"Usage: ssictl checkpoint FOLDER\n"
	"       ssictl checkpoint show\n"
	"\n"
	"Writes the memory, the CPUs and the devices of the guest into FOLDER, on each host, and\n"
	"waits until they are complete. The guest stands still meanwhile, and goes on then. The\n"
	"path begins with a slash. FOLDER is created if it does not exist; one with a checkpoint is\n"
	"refused. To go on from there on other hosts, all of them need all files of all hosts.\n"
	"\"show\" tells what became of the last one.\n";

/* As it must be in a query. */
static void print_path(char path[PATH_MAX_LEN], const char *dir)
{
	char *to = stpcpy(path, "/guest/checkpoint?dir=");

	for (; *dir; dir++)
		to += isalnum((unsigned char)*dir) || *dir == '-' || *dir == '_' ||
		      *dir == '.' ? sprintf(to, "%c", *dir) :
				    sprintf(to, "%%%02X", (unsigned char)*dir);
	*to = '\0';
}

static void show_view(const json_t *view)
{
	output_begin_object(NULL);
	output_string("state", "%s", member_text(view, "state"));
	if (json_object_get(view, "dir"))
		output_string("dir", " %s", member_text(view, "dir"));
	if (json_object_get(view, "message"))
		output_string("message", ": %s", member_text(view, "message"));
	output_end();
	if (!output_is_json())
		putchar('\n');
	output_flush();
}

static int show(int argc, char **argv)
{
	json_t *view;

	if (argc)
		return ssictl_refuse_word(argv[0]);
	view = daemon_call("GET", "/guest/checkpoint", NULL);
	if (!view)
		return EXIT_KERNEL;
	show_view(view);
	json_decref(view);
	return 0;
}

static int wait_for_end(void)
{
	json_t *view;
	int code;

	for (;;) {
		view = daemon_call("GET", "/guest/checkpoint", NULL);
		if (!view)
			return EXIT_KERNEL;
		if (strcmp(member_text(view, "state"), "running"))
			break;
		json_decref(view);
		usleep(LOOK_US);
	}
	code = strcmp(member_text(view, "state"), "complete") ? EXIT_KERNEL : 0;
	if (code)
		error("The checkpoint has failed: %s. The guest goes on as before",
		      member_text(view, "message"));
	else
		show_view(view);
	json_decref(view);
	return code;
}

static int make(int argc, char **argv)
{
	char path[PATH_MAX_LEN];
	json_t *answer;

	if (argc != 1 || argv[0][0] != '/' || strlen(argv[0]) >= DIR_MAX) {
		error_as("syntax", "\"checkpoint\" needs one folder, whose path begins with a slash");
		return EXIT_SYNTAX;
	}
	print_path(path, argv[0]);
	answer = daemon_call("POST", path, NULL);
	if (!answer)
		return EXIT_KERNEL;
	json_decref(answer);
	return wait_for_end();
}

static const struct command commands[] = {
	{ "show", show },
	{ }
};

const struct object object_checkpoint = { "checkpoint", usage, commands, NULL, make };
