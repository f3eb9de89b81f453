/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file with the end of what comes from a pipe.
 */
#ifndef SSID_TAIL_H
#define SSID_TAIL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TAIL_MAX	(1u << 20)	/* at least so many bytes are kept */
#define TAIL_LINE	512

/**
 * struct tail - the file and its pipe
 * @from: the pipe
 * @fd: the file
 * @name: of the file; what it had before it was full is in NAME.old
 * @base: bytes that came before those of the file; it is in NAME.base, too
 * @size: of the file
 * @line: the line that is being written, and the last whole one
 * @len: bytes of @line[0]
 * @journal: a socket that gets everything, too, or -1
 */
struct tail {
	int from;
	int fd;
	char name[64];
	uint64_t base;
	size_t size;
	char line[2][TAIL_LINE];
	size_t len;
	int journal;
};

/* @from is not waited for. A file that cannot be written stays empty. */
void tail_open(struct tail *tail, const char *name, int from);

/* Take what is in the pipe. Return: bytes; 0 at its end, -1 if there is nothing. */
ssize_t tail_take(struct tail *tail);

/* The last line that is not empty. */
const char *tail_last_line(const struct tail *tail);

#endif /* SSID_TAIL_H */
