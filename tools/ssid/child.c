// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs that ssid runs and waits for.
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int spawn(const char *const *argv, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
					 O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	err = posix_spawnp(pid, argv[0], &actions, NULL, (char **)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

/* Reads to the end, so that the program need not wait. */
static void read_output(int fd, char *output)
{
	char rest[256];
	size_t len = 0;
	ssize_t got = 1;

	while (got > 0 || (got < 0 && errno == EINTR)) {
		size_t room = CHILD_OUTPUT_MAX - 1 - len;

		got = room ? read(fd, output + len, room) :
			     read(fd, rest, sizeof(rest));
		len += room && got > 0 ? got : 0;
	}
	while (len && output[len - 1] == '\n')
		len--;
	output[len] = '\0';
}

int child_run(const char *const *argv, char output[CHILD_OUTPUT_MAX])
{
	int pipes[2], err, status = -1;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC)) {
		snprintf(output, CHILD_OUTPUT_MAX, "%s", strerror(errno));
		return -1;
	}
	err = spawn(argv, pipes[1], &pid);
	close(pipes[1]);
	if (err)
		snprintf(output, CHILD_OUTPUT_MAX, "%s: %s", argv[0],
			 strerror(err));
	else
		read_output(pipes[0], output);
	close(pipes[0]);
	if (err)
		return -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
