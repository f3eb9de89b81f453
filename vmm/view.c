// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the guest's process sees of the host: an empty folder for its root, and no
 * network. It works with what is open.
 *
 * The library of a user network makes sockets in the host's network, and asks the
 * name servers in /etc/resolv.conf. So there is a copy of that file, as it is at the
 * start.
 */
#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"

#define RESOLV_CONF	"/etc/resolv.conf"
#define RESOLV_MAX	4096
#define ROOT_FLAGS	(MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define ROOT		"/dev"	/* a folder that each host has, to mount over */

static void must(int ret, const char *what)
{
	if (ret < 0)
		die(EXIT_HOST, "The guest's process cannot leave the host's files: %s: %s; with --sandbox off it stays.",
		    what, strerror(errno));
}

/* Return: bytes. A host without the file has no name servers. */
static size_t read_servers(char *text)
{
	int fd = open(RESOLV_CONF, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, RESOLV_MAX);

	if (fd >= 0)
		close(fd);
	return len > 0 ? len : 0;
}

/* In the new root, which is the working directory. */
static void write_servers(const char *text, size_t len)
{
	int fd;

	must(mkdir("etc", 0755), "mkdir");
	fd = open("." RESOLV_CONF, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	must(fd, RESOLV_CONF);
	if (write(fd, text, len) != (ssize_t)len)
		must(-1, RESOLV_CONF);
	close(fd);
}

/*
 * The working directory becomes the root, and the host's root goes. The first root of
 * a kernel, an initramfs, can only be covered.
 */
static void change_root(void)
{
	if (!syscall(SYS_pivot_root, ".", ".")) {
		must(umount2(".", MNT_DETACH), "umount");
	} else {
		must(mount(".", "/", NULL, MS_MOVE, NULL), "mount --move");
		must(chroot("."), "chroot");
	}
	must(chdir("/"), "chdir");
}

/* The files are what counts: a kernel may have no namespaces of the others. */
static int unshare_host(int network)
{
	int ret = unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | network);

	return ret && errno == EINVAL ? unshare(CLONE_NEWNS | network) : ret;
}

void view_leave_host(bool usernet)
{
	int network = usernet ? 0 : CLONE_NEWNET;
	char servers[RESOLV_MAX];
	size_t len = usernet ? read_servers(servers) : 0;

	if (unshare_host(network)) {
		log_warn("The guest's process still sees the host's files and networks: %s. It may open none of them.",
			 strerror(errno));
		return;
	}
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
	must(mount("ssi-guest", ROOT, "tmpfs", ROOT_FLAGS,
		   "mode=755,size=64k"), "mount");
	must(chdir(ROOT), "chdir");
	if (usernet)
		write_servers(servers, len);
	must(mount(NULL, ".", NULL, MS_REMOUNT | MS_RDONLY | ROOT_FLAGS, NULL),
	     "remount");
	change_root();
}
