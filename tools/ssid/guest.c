// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The processes of the guest's nodes on this host, as ssid sees them.
 */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "watcher.h"
#include "settings.h"
#include "tail.h"

#define END_TRIES	150	/* of 100 ms */
#define FORGET_TRIES	20
#define UNKNOWN_CODE	255	/* of a node whose end was not written down */

void guest_path(unsigned int id, const char *what, char path[GUEST_PATH_LEN])
{
	snprintf(path, GUEST_PATH_LEN, "%s/%u.%s", settings.state, id, what);
}

/* Return: the process that has the lock, or 0. */
static pid_t lock_holder(unsigned int id)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[GUEST_PATH_LEN];
	int fd, ret;

	guest_path(id, "lock", path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ret = fcntl(fd, F_GETLK, &lock);
	close(fd);
	return !ret && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

bool guest_runs(unsigned int id)
{
	return lock_holder(id);
}

bool guest_was_up(unsigned int id)
{
	char path[GUEST_PATH_LEN];

	guest_path(id, "up", path);
	return !access(path, F_OK);
}

void guest_is_up(unsigned int id)
{
	char path[GUEST_PATH_LEN];
	int fd;

	guest_path(id, "up", path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
}

/* The id may be of another process meanwhile: look again when it cannot change. */
static bool send_signal(unsigned int id, int sig)
{
	pid_t pid = lock_holder(id);
	int fd = pid ? pidfd_open(pid, 0) : -1;
	bool sent = false;

	if (fd < 0)
		return false;
	if (lock_holder(id) == pid)
		sent = !pidfd_send_signal(fd, sig, NULL, 0);
	close(fd);
	return sent;
}

bool guest_press(unsigned int id)
{
	return send_signal(id, WATCHER_PRESS);
}

void guest_end(unsigned int id)
{
	for (int i = 0; i < END_TRIES && guest_runs(id); i++) {
		if (i % 20 == 0)
			send_signal(id, i < END_TRIES / 2 ? WATCHER_END : WATCHER_KILL);
		usleep(100000);
	}
}

void guest_forget(unsigned int id)
{
	static const char *const files[] = { "exit", "lock", "control", "input",
					      "up" };
	char path[GUEST_PATH_LEN];

	for (int i = 0; i < 5; i++) {
		guest_path(id, files[i], path);
		unlink(path);
	}
}

json_t *guest_exit(unsigned int id)
{
	char path[GUEST_PATH_LEN];
	json_t *ended;

	guest_path(id, "exit", path);
	ended = json_load_file(path, 0, NULL);
	guest_path(id, "lock", path);
	if (!ended && !access(path, F_OK) && !guest_runs(id))
		ended = json_pack("{s:i, s:s, s:s}", "code", UNKNOWN_CODE,
				  "cause", "unknown", "reason",
				  "its watcher was killed, or could not write down why");
	return ended;
}

/* Return: 0, or another value and the reason in @output. */
static int start_child(unsigned int id, char *output)
{
	char number[16];
	const char *const argv[] = {
		"/proc/self/exe", WATCHER_OPTION, settings.state, number,
		settings.vmm, NULL,
	};

	snprintf(number, sizeof(number), "%u", id);
	return child_run(argv, output);
}

/* A unit that has failed before would be refused after some starts. */
static int start_unit(unsigned int id, char *output)
{
	char unit[128];
	const char *const reset[] = { "systemctl", "reset-failed", unit, NULL };
	const char *const start[] = { "systemctl", "start", unit, NULL };

	snprintf(unit, sizeof(unit), "%s%u.service", settings.unit, id);
	child_run(reset, output);
	return child_run(start, output);
}

/* A watcher whose ssi-vmm cannot be executed ends a little later, and writes that down. */
static void forget_start(unsigned int id)
{
	for (int i = 0; i < FORGET_TRIES && guest_runs(id); i++)
		usleep(100000);
	if (!guest_runs(id))
		guest_forget(id);
}

int guest_start(unsigned int id, struct failure *failure)
{
	char output[CHILD_OUTPUT_MAX];
	int ret;

	guest_forget(id);
	ret = settings.unit ? start_unit(id, output) : start_child(id, output);
	if (!ret)
		return 0;
	forget_start(id);
	return rest_fail(failure, 500, "host", "ssi-vmm of node %u cannot be started: %s",
			 id, output);
}

/* A NUL would be the end of the text. */
static size_t read_text(const char *path, char *text, size_t room)
{
	FILE *file = fopen(path, "re");
	size_t len;

	if (!file)
		return 0;
	len = fread(text, 1, room, file);
	fclose(file);
	for (size_t i = 0; i < len; i++)
		if (!text[i])
			text[i] = ' ';
	return len;
}

char *guest_output(unsigned int id, bool console)
{
	const char *name = console ? "console" : "log";
	char path[GUEST_PATH_LEN], *text = malloc(2 * TAIL_MAX + 1);
	char old[16];
	size_t len;

	if (!text)
		return NULL;
	snprintf(old, sizeof(old), "%s.old", name);
	guest_path(id, old, path);
	len = read_text(path, text, TAIL_MAX);
	guest_path(id, name, path);
	len += read_text(path, text + len, TAIL_MAX);
	text[len] = '\0';
	if (len)
		return text;
	free(text);
	return NULL;
}
