// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands from a file, with the grammar of "ip -batch".
 */
#include "batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "ssictl.h"

#define WORDS_MAX	64
#define SPACE		" \t\r\n"

/* A line with those that continue it. Return: false at the end of the file. */
static bool read_line(FILE *file, char **line, size_t *room, unsigned int *number)
{
	char *more = NULL;
	size_t more_room = 0;
	ssize_t len = getline(line, room, file);
	char *joined;

	if (len < 0)
		return false;
	++*number;
	while (len >= 2 && !strcmp(*line + len - 2, "\\\n")) {
		ssize_t got = getline(&more, &more_room, file);

		(*line)[len - 2] = '\0';
		if (got < 0)
			break;
		++*number;
		if (asprintf(&joined, "%s %s", *line, more) < 0)
			break;
		free(*line);
		*line = joined;
		*room = strlen(joined) + 1;
		len = strlen(joined);
	}
	free(more);
	return true;
}

/* Return: what follows the word, or NULL if its quote has no end. */
static char *take_word(char *at, char **word)
{
	char quote = *at, *end;

	if (quote == '"' || quote == '\'') {
		*word = at + 1;
		end = strchr(at + 1, quote);
		if (!end)
			return NULL;
	} else {
		*word = at;
		end = at + strcspn(at, SPACE);
	}
	if (*end)
		*end++ = '\0';
	return end;
}

/* Return: how many words, or -1 after error(). */
static int split(char *line, char **words)
{
	int count = 0;
	char *at = line;

	for (;;) {
		at += strspn(at, SPACE);
		if (!*at || *at == '#')
			return count;
		if (count == WORDS_MAX) {
			error_as("syntax", "the line has more than %d words",
				 WORDS_MAX);
			return -1;
		}
		at = take_word(at, &words[count++]);
		if (!at) {
			error_as("syntax", "a quote has no end");
			return -1;
		}
	}
}

static int run_line(char *line, int (*run)(int argc, char **argv))
{
	char *words[WORDS_MAX + 1] = { NULL };
	int count = split(line, words);

	if (count <= 0)
		return count ? EXIT_SYNTAX : 0;
	words[count] = NULL;
	return run(count, words);
}

static int run_file(FILE *file, const char *path, bool force,
		    int (*run)(int argc, char **argv))
{
	unsigned int number = 0;
	char *line = NULL;
	size_t room = 0;
	int code = 0;

	while ((force || !code) && read_line(file, &line, &room, &number)) {
		unsigned int first = number;

		if (!run_line(line, run))
			continue;
		error_as("batch", "Command failed %s:%u", path, first);
		code = EXIT_SYNTAX;
	}
	free(line);
	return code;
}

int batch_run(const char *path, bool force, int (*run)(int argc, char **argv))
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int code;

	if (!file) {
		error("the file %s cannot be read: %s", path, strerror(errno));
		return EXIT_SYNTAX;
	}
	code = run_file(file, path, force, run);
	if (file != stdin)
		fclose(file);
	return code;
}
