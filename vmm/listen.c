// SPDX-License-Identifier: GPL-2.0-or-later
/* Unix sockets that other programs connect to. */
#include "listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

int listen_at(const char *what, const char *path, int flags, int backlog)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	mode_t mask;
	int ret;

	if (strlen(path) >= sizeof(addr.sun_path))
		die(EXIT_USAGE, "The path of the %s, %s, is too long.", what,
		    path);
	strcpy(addr.sun_path, path);
	/* One that an ssi-vmm has left; a file is no socket, and stays. */
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) &&
	    errno == ECONNREFUSED)
		unlink(path);
	mask = umask(0177);
	ret = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&addr, sizeof(addr));
	umask(mask);
	if (ret || listen(fd, backlog))
		die(EXIT_HOST, "The %s %s cannot be made: %s.", what, path,
		    strerror(errno));
	return fd;
}
