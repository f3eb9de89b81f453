// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's console: what it has printed, and what is typed.
 */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/ssi_dsm.h>

#include "guest.h"

#define PART_MAX	(256u * 1024)	/* bytes of one answer */
#define LOOK_US		30000
#define TRIES		20		/* while the watcher begins a new file */
#define LEASE_S		10
#define WORD_MAX	32

/* Who types at each node; terminal_mutex protects them. */
static struct {
	char word[WORD_MAX + 1];
	time_t until;
} writers[SSI_DSM_MAX_NODES];

static pthread_mutex_t terminal_mutex = PTHREAD_MUTEX_INITIALIZER;

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* ---- what it has printed ---- */

/**
 * struct tail_files - the two files of tail.c
 * @fds: the older one, and the one that grows; -1 if it is not there
 * @sizes: of both
 * @base: number of the first byte of the one that grows
 */
struct tail_files {
	int fds[2];
	size_t sizes[2];
	uint64_t base;
};

static int read_base(unsigned int id, uint64_t *base)
{
	char path[GUEST_PATH_LEN];
	FILE *file;
	int found;

	guest_path(id, "console.base", path);
	file = fopen(path, "re");
	if (!file)
		return -1;
	found = fscanf(file, "%" SCNu64, base);
	fclose(file);
	return found == 1 ? 0 : -1;
}

static void close_files(struct tail_files *files)
{
	for (int i = 0; i < 2; i++)
		if (files->fds[i] >= 0)
			close(files->fds[i]);
}

static void open_one(unsigned int id, const char *what, struct tail_files *files,
		     int which)
{
	char path[GUEST_PATH_LEN];
	struct stat status;

	guest_path(id, what, path);
	files->fds[which] = open(path, O_RDONLY | O_CLOEXEC);
	files->sizes[which] = 0;
	if (files->fds[which] >= 0 && !fstat(files->fds[which], &status))
		files->sizes[which] = status.st_size;
}

/* Return: 0 if the files are of one moment. */
static int try_open(unsigned int id, struct tail_files *files)
{
	uint64_t again;

	if (read_base(id, &files->base))
		return -1;
	open_one(id, "console.old", files, 0);
	open_one(id, "console", files, 1);
	if (files->fds[1] >= 0 && !read_base(id, &again) &&
	    again == files->base && files->sizes[0] <= files->base)
		return 0;
	close_files(files);
	return -1;
}

static int open_files(unsigned int id, struct tail_files *files)
{
	for (int i = 0; i < TRIES; i++) {
		if (!try_open(id, files))
			return 0;
		usleep(1000);
	}
	return -1;
}

static size_t read_from(const struct tail_files *files, uint64_t from, char *to,
			size_t room)
{
	uint64_t old = files->base - files->sizes[0];
	size_t len = 0;
	ssize_t got;

	if (from < files->base) {
		len = files->base - from < room ? files->base - from : room;
		got = pread(files->fds[0], to, len, from - old);
		return got > 0 ? got : 0;
	}
	got = pread(files->fds[1], to, room, from - files->base);
	return got > 0 ? got : 0;
}

/* Return: bytes; @from: the first of them, which may be later than what was wanted. */
static size_t read_part(unsigned int id, uint64_t *from, char *to)
{
	struct tail_files files;
	uint64_t first, end;
	size_t len;

	if (open_files(id, &files)) {
		*from = *from == UINT64_MAX ? 0 : *from;
		return 0;
	}
	first = files.base - files.sizes[0];
	end = files.base + files.sizes[1];
	/* Another guest has begun, or what is wanted is not kept any more. */
	if (*from > end || *from < first)
		*from = first;
	len = read_from(&files, *from, to, PART_MAX);
	close_files(&files);
	return len;
}

static json_t *encode(const char *data, size_t len)
{
	const gnutls_datum_t raw = { (unsigned char *)data, len };
	gnutls_datum_t text;
	json_t *value;

	if (!len)
		return json_string("");
	if (gnutls_base64_encode2(&raw, &text))
		return NULL;
	value = json_stringn((char *)text.data, text.size);
	gnutls_free(text.data);
	return value;
}

/* Bounds the time of those who type, too. */
static void renew(unsigned int id, const char *writer)
{
	pthread_mutex_lock(&terminal_mutex);
	if (writer && !strcmp(writers[id].word, writer) &&
	    writers[id].until >= now_s())
		writers[id].until = now_s() + LEASE_S;
	pthread_mutex_unlock(&terminal_mutex);
}

json_t *terminal_read(unsigned int id, const struct terminal_ask *ask,
		      struct failure *failure)
{
	unsigned int looks = ask->wait_ms * 1000 / LOOK_US;
	char *data = malloc(PART_MAX);
	uint64_t from = ask->from;
	json_t *view = NULL;
	bool runs;
	size_t len;

	renew(id, ask->writer);
	if (!data) {
		rest_fail(failure, 500, "host", "The host has no memory for the console");
		return NULL;
	}
	do {
		/* Before the bytes: what it prints last is in them. */
		runs = guest_runs(id);
		len = read_part(id, &from, data);
		if (len || !runs || !looks)
			break;
		usleep(LOOK_US);
	} while (looks--);
	view = json_pack("{s:I, s:I, s:b, s:o}", "from", (json_int_t)from,
			 "next", (json_int_t)(from + len), "ended",
			 !runs && !len, "data", encode(data, len));
	free(data);
	if (!view)
		rest_fail(failure, 500, "host", "The host has no memory for the console");
	return view;
}

/* ---- what is typed ---- */

static int take_lease(unsigned int id, const char *writer,
		      struct failure *failure)
{
	int ret = 0;

	pthread_mutex_lock(&terminal_mutex);
	if (writers[id].until >= now_s() && strcmp(writers[id].word, writer)) {
		ret = rest_fail(failure, 409, "console_taken", "Another terminal types at the console; ssictl console --read-only watches it");
	} else {
		snprintf(writers[id].word, sizeof(writers[id].word), "%s",
			 writer);
		writers[id].until = now_s() + LEASE_S;
	}
	pthread_mutex_unlock(&terminal_mutex);
	return ret;
}

static void leave(unsigned int id, const char *writer)
{
	pthread_mutex_lock(&terminal_mutex);
	if (!strcmp(writers[id].word, writer))
		writers[id].until = 0;
	pthread_mutex_unlock(&terminal_mutex);
}

static int type(unsigned int id, const gnutls_datum_t *data,
		struct failure *failure)
{
	char path[GUEST_PATH_LEN];
	ssize_t written;
	int fd;

	guest_path(id, "input", path);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return rest_fail(failure, 409, "not_running", "Node %u does not run on this host",
				 id);
	written = write(fd, data->data, data->size);
	close(fd);
	if (written == (ssize_t)data->size)
		return 0;
	return rest_fail(failure, 409, "console_full", "The guest does not read what is typed at its console");
}

int terminal_type(unsigned int id, const struct terminal_ask *ask,
		  const char *text, struct failure *failure)
{
	const char *writer = ask->writer;
	const gnutls_datum_t encoded = { (unsigned char *)text, strlen(text) };
	gnutls_datum_t data = { 0 };
	int ret;

	if (!writer || !*writer || strlen(writer) > WORD_MAX)
		return rest_fail(failure, 400, "bad_writer", "A request that types needs a word of at most %d characters, writer=WORD",
				 WORD_MAX);
	if (encoded.size && (gnutls_base64_decode2(&encoded, &data) ||
			     data.size > TERMINAL_INPUT_MAX)) {
		gnutls_free(data.data);
		return rest_fail(failure, 400, "bad_input", "What is typed must be base64, of at most %d bytes",
				 TERMINAL_INPUT_MAX);
	}
	ret = take_lease(id, writer, failure);
	if (!ret && data.size)
		ret = type(id, &data, failure);
	gnutls_free(data.data);
	if (!ret && ask->leaves)
		leave(id, writer);
	return ret;
}
