// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that do not grow beyond a limit: they keep what was written last.
 *
 * The process that writes has no folders, so a file cannot be renamed: its newer
 * half moves to its beginning.
 */
#include "bounded.h"

#include <string.h>
#include <unistd.h>

#define PIECE	65536u

static const char notice[] = "ssi-vmm: older output was removed here.\n";

/* The first byte after a line's end, from @from on; @from if a line is too long. */
static uint64_t find_line(int fd, uint64_t from)
{
	char text[4096];
	ssize_t len = pread(fd, text, sizeof(text), from);
	const char *end = len > 0 ? memchr(text, '\n', len) : NULL;

	return end ? from + (end + 1 - text) : from;
}

/* From a place to one before it. Return: bytes that were moved. */
static uint64_t move(int fd, uint64_t from, uint64_t to)
{
	static char piece[PIECE];	/* the thread of one file only */
	uint64_t moved = 0;
	ssize_t len;

	while ((len = pread(fd, piece, sizeof(piece), from + moved)) > 0) {
		if (pwrite(fd, piece, len, to + moved) != len)
			return moved;
		moved += len;
	}
	return moved;
}

uint64_t bounded_shorten(int fd, uint64_t size)
{
	uint64_t from = find_line(fd, size / 2), kept = strlen(notice);

	if (from <= kept || pwrite(fd, notice, kept, 0) != (ssize_t)kept)
		return size;
	kept += move(fd, from, kept);
	if (ftruncate(fd, kept) || lseek(fd, kept, SEEK_SET) < 0)
		return size;
	return kept;
}
