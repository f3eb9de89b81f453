// SPDX-License-Identifier: GPL-2.0-or-later
/* vmm/landlock.c: which files a process can open afterwards. */
#include "../../vmm/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define NO_LANDLOCK	100	/* exit codes of a child; or errno */

static char folder[PATH_MAX] = "/tmp/landlock-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, "x", 1) != 1)
		tap_bail("%s: %s", name, strerror(errno));
	close(fd);
}

static int try_open(const char *name, int flags)
{
	int fd = open(path_of(name), flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* Return: 0 or errno of open() in a process that sees only @only and what is beside it. */
static int open_with(const char *only, const char *name, int flags)
{
	const char *paths[2] = { NULL, NULL };
	int status;
	pid_t pid = fork();

	if (!pid) {
		paths[1] = only ? strdup(path_of(only)) : NULL;
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		_exit(landlock_only(paths, ARRAY_SIZE(paths)) ?
		      try_open(name, flags) : NO_LANDLOCK);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void is(int expected, const char *only, const char *name, int flags,
	       const char *what)
{
	int err = open_with(only, name, flags);

	tap_ok(err == expected, "%s: %s", what, strerror(err));
}

static void make_files(void)
{
	if (!mkdtemp(folder))
		tap_bail("there is no folder");
	mkdir(path_of("keys"), 0700);
	mkdir(path_of("archive"), 0700);
	mkdir(path_of("other"), 0700);
	write_file("keys/one");
	write_file("archive/1");
	write_file("archive/2");
	write_file("other/secret");
	if (symlink("../archive/1", path_of("keys/link")))
		tap_bail("there is no link");
}

static void remove_files(void)
{
	static const char *const names[] = {
		"keys/one", "keys/link", "keys/new", "archive/1", "archive/2",
		"other/secret",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unlink(path_of(names[i]));
	rmdir(path_of("keys"));
	rmdir(path_of("archive"));
	rmdir(path_of("other"));
	rmdir(folder);
}

int main(void)
{
	make_files();
	if (open_with(NULL, "keys/one", O_RDONLY) == NO_LANDLOCK) {
		remove_files();
		tap_skip_all("this host's kernel has no Landlock");
	}
	tap_plan(9);
	is(EACCES, NULL, "keys/one", O_RDONLY, "without files none can be read");
	is(0, "keys/one", "keys/one", O_RDONLY, "the file can be read");
	is(EACCES, "keys/one", "keys/one", O_WRONLY, "and not be written");
	is(EACCES, "keys/one", "keys/one", O_RDONLY | O_TRUNC, "nor be cut off");
	is(EACCES, "keys/one", "keys/new", O_WRONLY | O_CREAT, "no file can be made");
	is(EACCES, "keys/one", "other/secret", O_RDONLY,
	   "a file of another folder cannot be read");
	is(EACCES, "keys/one", "archive/1", O_RDONLY, "nor one that is not named");
	is(0, "keys/link", "keys/link", O_RDONLY, "a link can be followed");
	is(0, "keys/link", "archive/2", O_RDONLY, "also to a newer file");
	remove_files();
	return tap_exit();
}
