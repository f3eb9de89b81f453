// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of the cluster's tls that cannot be read: vmm/tls.c. The connector has a user of
 * its own. A file server that maps root to another user gives it no more than that user
 * may read, whatever capabilities it has: the same as for a user without them.
 */
#include "../../vmm/tls.h"

#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../vmm/log.h"
#include "tap.h"

#define USER	65533u

static const char *folder;
static char path_ca[64], path_certificate[64], path_key[64];

void die(enum exit_code code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vdprintf(STDERR_FILENO, fmt, args);
	va_end(args);
	_exit(code);
}

/* An empty file. */
static void make(char *path, const char *name, mode_t mode)
{
	int fd;

	snprintf(path, sizeof(path_ca), "%s/%s", folder, name);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, mode);
	if (fd < 0)
		tap_bail("%s cannot be made", path);
	close(fd);
}

/* What the connector's user is told, in @said; returns the exit code. */
static int load(const struct options *options, char *said, size_t size)
{
	int fds[2], status;
	size_t len = 0;
	ssize_t done;
	pid_t pid;

	if (pipe(fds))
		tap_bail("there is no pipe");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(fds[1], STDERR_FILENO);
		if (setgroups(0, NULL) || setresgid(USER, USER, USER) ||
		    setresuid(USER, USER, USER))
			_exit(EXIT_FAILURE);
		tls_load(options);
		_exit(EXIT_SUCCESS);
	}
	close(fds[1]);
	while ((done = read(fds[0], said + len, size - 1 - len)) > 0)
		len += done;
	said[len] = '\0';
	close(fds[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void refuses(const struct options *options, const char *sentence, const char *what)
{
	char said[1024];
	int code = load(options, said, sizeof(said));

	tap_ok(code == EXIT_USAGE && strstr(said, sentence), "%s", what);
	if (code != EXIT_USAGE || !strstr(said, sentence))
		tap_diag("exit code %d: %s", code, said);
}

int main(void)
{
	struct options options = {
		.transport = SSI_DSM_TRANSPORT_RDMA,
		.tls_ca = path_ca,
		.tls_certificate = path_certificate,
		.tls_key = path_key,
	};
	char sentence[256], template[] = "/tmp/ssi-tls-XXXXXX";

	if (geteuid())
		tap_skip_all("only root can become another user");
	folder = mkdtemp(template);
	if (!folder || chmod(folder, 0755))
		tap_bail("there is no folder");
	make(path_ca, "ca.pem", 0644);
	make(path_certificate, "node.pem", 0644);
	make(path_key, "node.key", 0400);
	tap_plan(2);
	snprintf(sentence, sizeof(sentence),
		 "the key of the cluster's tls, %s, cannot be read by user %u: Permission denied; let this user read it: a file server (NFS: root_squash) heeds no capability of this host.",
		 path_key, USER);
	refuses(&options, sentence, "a key that the connector's user may not read");
	unlink(path_ca);
	snprintf(sentence, sizeof(sentence),
		 "the ca of the cluster's tls, %s, cannot be read by user %u: No such file or directory.",
		 path_ca, USER);
	refuses(&options, sentence, "a file that is not there");
	unlink(path_certificate);
	unlink(path_key);
	rmdir(folder);
	return tap_exit();
}
