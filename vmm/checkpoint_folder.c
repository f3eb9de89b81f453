// SPDX-License-Identifier: GPL-2.0-or-later
/* The folder of a checkpoint that is being made. */
#include "checkpoint_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST_NEW	CHECKPOINT_MANIFEST ".new"
#define NAME_MAX_LEN	32

static struct {
	int fd;			/* 0: none is open */
	bool is_new;
	char path[1024];
	unsigned int node;
	char names[CHECKPOINT_FILES][NAME_MAX_LEN];
} folder;

static bool refuse(char why[FOLDER_WHY_MAX], const char *path, const char *what)
{
	snprintf(why, FOLDER_WHY_MAX, "The folder %s %s: %s.", path, what,
		 strerror(errno));
	return false;
}

static void close_files(int fds[CHECKPOINT_FILES])
{
	for (int i = 0; i < CHECKPOINT_FILES; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static bool open_folder(const char *path, char why[FOLDER_WHY_MAX])
{
	if (path[0] != '/' || strlen(path) >= sizeof(folder.path)) {
		snprintf(why, FOLDER_WHY_MAX, "The path of a checkpoint's folder begins with a slash, and has less than %zu bytes.",
			 sizeof(folder.path));
		return false;
	}
	folder.is_new = !mkdir(path, 0700);
	if (!folder.is_new && errno != EEXIST)
		return refuse(why, path, "cannot be created");
	folder.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder.fd < 0) {
		folder.fd = 0;
		return refuse(why, path, "cannot be opened");
	}
	strcpy(folder.path, path);
	if (faccessat(folder.fd, CHECKPOINT_MANIFEST, F_OK, 0))
		return true;
	snprintf(why, FOLDER_WHY_MAX, "The folder %s has a checkpoint already; give an empty one, or one that does not exist.",
		 path);
	return false;
}

static bool create_files(int fds[CHECKPOINT_FILES])
{
	int count = folder.node ? CHECKPOINT_LAST : CHECKPOINT_FILES;

	for (int i = 0; i < count; i++) {
		/* a file that is there may belong to somebody else */
		unlinkat(folder.fd, folder.names[i], 0);
		fds[i] = openat(folder.fd, folder.names[i], O_RDWR | O_CREAT |
				O_EXCL | O_CLOEXEC, 0600);
		if (fds[i] < 0)
			return false;
	}
	return true;
}

static void close_folder(void)
{
	close(folder.fd);
	folder.fd = 0;
}

static void remove_files(void)
{
	int count = folder.node ? CHECKPOINT_LAST : CHECKPOINT_FILES;

	for (int i = 0; i < count; i++)
		unlinkat(folder.fd, folder.names[i], 0);
	if (folder.is_new)
		rmdir(folder.path);	/* other nodes may have files there */
}

bool checkpoint_folder_open(const char *path, unsigned int node,
			    int fds[CHECKPOINT_FILES], char why[FOLDER_WHY_MAX])
{
	if (!open_folder(path, why)) {
		if (folder.fd)
			close_folder();
		return false;
	}
	folder.node = node;
	snprintf(folder.names[CHECKPOINT_MEMORY], NAME_MAX_LEN, "memory-%u", node);
	snprintf(folder.names[CHECKPOINT_NODE], NAME_MAX_LEN, "node-%u.json", node);
	strcpy(folder.names[CHECKPOINT_LAST], MANIFEST_NEW);
	fds[0] = fds[1] = fds[2] = -1;
	if (create_files(fds))
		return true;
	refuse(why, path, "takes no files");
	close_files(fds);
	checkpoint_folder_end(false);
	return false;
}

bool checkpoint_folder_is_open(void)
{
	return folder.fd;
}

int checkpoint_folder_end(bool complete)
{
	int err = 0;

	if (!folder.fd)
		return -EINVAL;
	if (complete && !folder.node &&
	    renameat(folder.fd, MANIFEST_NEW, folder.fd, CHECKPOINT_MANIFEST))
		err = -errno;
	if (complete && !err && fsync(folder.fd))
		err = -errno;
	if (err)
		unlinkat(folder.fd, CHECKPOINT_MANIFEST, 0);
	if (!complete || err)
		remove_files();
	close_folder();
	return err;
}
