// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file with the end of what comes from a pipe.
 */
#include "tail.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TAIL_OLD_LEN	(sizeof(((struct tail *)0)->name) + 4)

/* Under another name first: a reader that finds it changed begins again. */
static void write_base(const struct tail *tail)
{
	char path[sizeof(tail->name) + 8], new[sizeof(tail->name) + 16];
	FILE *file;

	snprintf(path, sizeof(path), "%s.base", tail->name);
	snprintf(new, sizeof(new), "%s.new", path);
	file = fopen(new, "we");
	if (!file)
		return;
	fprintf(file, "%" PRIu64 "\n", tail->base);
	if (!fclose(file))
		rename(new, path);
}

static void open_file(struct tail *tail)
{
	write_base(tail);
	tail->fd = open(tail->name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			0600);
	tail->size = 0;
}

static void old_name(const struct tail *tail, char old[TAIL_OLD_LEN])
{
	snprintf(old, TAIL_OLD_LEN, "%s.old", tail->name);
}

void tail_open(struct tail *tail, const char *name, int from)
{
	char old[TAIL_OLD_LEN];

	*tail = (struct tail) { .from = from, .journal = -1 };
	snprintf(tail->name, sizeof(tail->name), "%s", name);
	fcntl(from, F_SETFL, O_NONBLOCK);
	old_name(tail, old);
	unlink(old);
	open_file(tail);
}

static void begin_again(struct tail *tail)
{
	char old[TAIL_OLD_LEN];

	old_name(tail, old);
	rename(tail->name, old);
	close(tail->fd);
	tail->base += tail->size;
	open_file(tail);
}

static void end_line(struct tail *tail)
{
	if (!tail->len)
		return;
	tail->line[0][tail->len] = '\0';
	memcpy(tail->line[1], tail->line[0], tail->len + 1);
	tail->len = 0;
}

/* Control characters and others than ASCII would not be fit for an error sentence. */
static void keep_line(struct tail *tail, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			end_line(tail);
		else if (text[i] >= ' ' && text[i] <= '~' &&
			 tail->len < TAIL_LINE - 1)
			tail->line[0][tail->len++] = text[i];
	}
}

ssize_t tail_take(struct tail *tail)
{
	char text[4096];
	ssize_t got = read(tail->from, text, sizeof(text)), written;

	if (got <= 0)
		return got;
	keep_line(tail, text, got);
	/* A journal that does not read must not stop the watcher. */
	if (tail->journal >= 0)
		send(tail->journal, text, got, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (tail->size + got > TAIL_MAX)
		begin_again(tail);
	/* A part if there is no room; the numbers of the bytes are those of the file. */
	written = write(tail->fd, text, got);
	if (written > 0)
		tail->size += written;
	return got;
}

const char *tail_last_line(const struct tail *tail)
{
	return tail->line[1];
}
