// SPDX-License-Identifier: GPL-2.0-or-later
/* Output whose reader is slow or has stopped: vmm/output.c. */
#include "../../vmm/output.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define PIECE	1000u
#define PIECES	3000u		/* three times what is kept */

static int reader, writer;	/* a pipe */
static atomic_uint rooms;

static void count_room(void)
{
	atomic_fetch_add(&rooms, 1);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void make_pipe(void)
{
	int fds[2];

	if (pipe(fds) || fcntl(fds[1], F_SETPIPE_SZ, 4096) < 0)
		tap_bail("there is no pipe");
	reader = fds[0];
	writer = fds[1];
}

/* Read a character, a buffer at a time. */
static char next(void)
{
	static char data[4096];
	static ssize_t count, at;

	if (at == count) {
		count = read(reader, data, sizeof(data));
		at = 0;
		if (count <= 0)
			tap_bail("the output has ended");
	}
	return data[at++];
}

static void read_line(char *line, size_t size)
{
	size_t len = 0;

	while (len < size - 1 && (line[len] = next()) != '\n')
		len++;
	line[len] = '\0';
}

/* Return: bytes that were written or, as lines say, dropped. */
static size_t read_all(size_t until, unsigned int *lines)
{
	unsigned long long dropped;
	size_t count = 0;
	char line[200];

	while (count < until) {
		if (next() == 'x') {
			count++;
			continue;
		}
		read_line(line, sizeof(line));
		if (sscanf(line, "ssi-vmm: %llu bytes", &dropped) != 1)
			tap_bail("a strange line: %s", line);
		count += dropped;
		(*lines)++;
	}
	return count;
}

static void test_slow_reader(struct output *out)
{
	double start = seconds();
	unsigned int lines = 0;
	char piece[PIECE];

	memset(piece, 'x', sizeof(piece));
	tap_ok(output_has_room(out), "there is room at first");
	for (unsigned int i = 0; i < PIECES; i++)
		output_write(out, piece, sizeof(piece));
	tap_ok(seconds() - start < 5, "writing does not wait for the reader");
	tap_ok(!output_has_room(out) && !rooms, "there is no room now");
	start = seconds();
	output_flush();
	tap_ok(seconds() - start < 5, "neither does the end for long");
	tap_ok(read_all(PIECE * PIECES, &lines) == PIECE * PIECES && lines,
	       "lines tell how much was dropped");
	output_flush();
	tap_ok(output_has_room(out) && rooms == 1,
	       "the source was told once that there is room");
}

static void test_same_file(struct output *out)
{
	char line[100];
	int copy = dup(writer);

	tap_ok(output_to(copy) == out, "one file has one output");
	output_write(out, "first ", 6);
	output_write(output_to(copy), "second\n", 7);
	read_line(line, sizeof(line));
	tap_ok(!strcmp(line, "first second"), "which keeps the order");
}

static void test_no_reader(struct output *out)
{
	double start = seconds();

	close(reader);
	output_write(out, "unread", 6);
	output_flush();
	tap_ok(seconds() - start < 0.5, "what nobody can read is thrown away");
}

/* ---- a file without room ------------------------------------------------------- */

/* As on a full disk. SIGXFSZ is blocked where ssi-vmm writes. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit))
		tap_bail("no limit of files");
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	if (setrlimit(RLIMIT_FSIZE, &limit))
		tap_bail("no limit of files");
}

static void put(struct output *out, const char *text)
{
	output_write(out, text, strlen(text));
	output_flush();
}

static void test_full(FILE *file, struct output *out)
{
	static const char expected[] =
		"first.\nssi-vmm: 14 bytes of output were lost here: the file had no room.\nlast\n";
	char text[256] = "";

	put(out, "first.");
	limit_files(6);
	put(out, "second ");
	put(out, "third.\n");
	limit_files(RLIM_INFINITY);
	put(out, "last\n");
	if (pread(fileno(file), text, sizeof(text) - 1, 0) < 0)
		tap_bail("the file cannot be read");
	tap_ok(!strcmp(text, expected), "a line tells what a full disk did not take");
	if (strcmp(text, expected))
		tap_diag("%s", text);
	if (ftruncate(fileno(file), 0) || lseek(fileno(file), 0, SEEK_SET))
		tap_bail("the file stays");
}

/* ---- a file with a limit ------------------------------------------------------- */

#define LIMIT		(1u << 20)
#define LINES		100000u		/* three times as much */

static bool begins_with(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static void test_limit(FILE *file, struct output *out)
{
	static const char notice[] = "ssi-vmm: older output was removed here.\n";
	static char text[2 * LIMIT];
	unsigned int number, before = 0;
	char line[64], *at;
	bool in_order = true;
	ssize_t len;

	output_set_limit(out, LIMIT);
	for (unsigned int i = 0; i < LINES; i++) {
		snprintf(line, sizeof(line), "this is the line %08u of many\n", i);
		output_write(out, line, strlen(line));
		if (i % 1000 == 0)
			output_flush();
	}
	output_flush();
	len = pread(fileno(file), text, sizeof(text) - 1, 0);
	tap_ok(len > (ssize_t)LIMIT / 2 && len <= (ssize_t)LIMIT + 4096,
	       "a file does not grow beyond its limit: %zd", len);
	tap_ok(begins_with(text, notice), "it begins with a remark");
	for (at = text + strlen(notice); in_order && *at; at = strchr(at, '\n') + 1) {
		in_order = sscanf(at, "this is the line %u of many", &number) == 1 &&
			   (!before || number == before + 1);
		before = number;
	}
	tap_ok(in_order && before == LINES - 1,
	       "whole lines follow, to the last one: %u", before);
}

int main(void)
{
	struct output *out, *to_file;
	FILE *file = tmpfile();

	tap_plan(13);
	signal(SIGPIPE, SIG_IGN);
	make_pipe();
	if (!output_start())
		tap_bail("there is no thread");
	out = output_to(writer);
	output_set_room(out, count_room);
	to_file = file ? output_to(fileno(file)) : NULL;
	if (!to_file)
		tap_bail("there is no file");
	test_slow_reader(out);
	test_same_file(out);
	test_no_reader(out);
	test_full(file, to_file);
	test_limit(file, to_file);
	return tap_exit();
}
