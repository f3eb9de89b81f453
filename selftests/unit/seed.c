// SPDX-License-Identifier: GPL-2.0-or-later
/* A seed for cloud-init: vmm/seed.c. bsdtar and blkid read the image. */
#include "../../vmm/seed.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../vmm/log.h"
#include "tap.h"

#define TOOLS	"PATH=$PATH:/usr/sbin:/sbin "

static const uint8_t uuid[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

static char folder[32];

__attribute__((format(printf, 1, 2)))
static bool run(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	return !system(command);
}

/* The exit code of a process that makes a seed of a folder. */
static int try_folder(const char *name)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		seed_make(name, uuid);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_files(void)
{
	int fd = seed_make(folder, uuid), pid = getpid();

	tap_ok(run(TOOLS "blkid -p -s LABEL -o value /proc/%d/fd/%d | grep -qix cidata",
		   pid, fd), "blkid sees the label");
	tap_ok(run("mkdir %s.out && bsdtar -xf /proc/%d/fd/%d -C %s.out", folder, pid,
		   fd, folder) &&
	       run("cd %s.out && cat meta-data | grep -qx 'instance-id: 01020304-0506-0708-090a-0b0c0d0e0f10'",
		   folder), "without meta-data the machine's UUID is the instance");
	tap_ok(run("rm %s.out/meta-data; rmdir %s/sub; diff -r %s %s.out", folder,
		   folder, folder, folder), "all files are equal");
	close(fd);
	tap_ok(run("echo 'instance-id: mine' >%s/meta-data", folder) &&
	       (fd = seed_make(folder, uuid)) >= 0 &&
	       run("bsdtar -xOf /proc/%d/fd/%d meta-data | cmp - %s/meta-data", pid,
		   fd, folder), "meta-data that is there is taken");
}

static void test_links(void)
{
	tap_ok(run("ln -s user-data %s/inside && mkfifo %s/fifo", folder, folder) &&
	       try_folder(folder) == 0,
	       "a link to a file of the folder is taken, a pipe is left out");
	tap_ok(run("ln -s /etc/hostname %s/outside", folder) &&
	       try_folder(folder) == EXIT_USAGE &&
	       run("rm %s/outside && ln -s ../../etc/hostname %s/outside", folder,
		   folder) && try_folder(folder) == EXIT_USAGE,
	       "one that leads out of the folder is refused");
	run("rm %s/outside", folder);
}

static void test_refused(void)
{
	tap_ok(try_folder("/tmp/ssi-seed-nowhere") == EXIT_USAGE,
	       "a folder that is not there is refused");
	tap_ok(run("truncate -s 16M %s/large", folder) &&
	       try_folder(folder) == EXIT_USAGE, "so is one with too much");
	tap_ok(run("rm %s/large %s/user-data", folder, folder) &&
	       try_folder(folder) == EXIT_USAGE, "and one without user-data");
}

int main(void)
{
	if (!run("bsdtar --version >/dev/null 2>&1"))
		tap_skip_all("there is no bsdtar");
	strcpy(folder, "/tmp/ssi-seed-XXXXXX");
	if (!mkdtemp(folder) ||
	    !run("cd %s && echo '#cloud-config' >user-data && : >vendor-data && mkdir sub && head -c 9999 /dev/urandom >A-name.that_is-longer-than-iso-9660-has",
		 folder))
		tap_bail("no folder");
	tap_plan(9);
	test_files();
	test_links();
	test_refused();
	run("rm -r %s %s.out", folder, folder);
	return tap_exit();
}
