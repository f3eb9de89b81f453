// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A slow write through a reference to a page.
 *
 * process_vm_writev() takes the reference, then copies from memory whose faults
 * this file answers, by userfaultfd.
 */
#include "libslow.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "libcluster.h"
#include "selftests/unit/tap.h"

static void *write_slowly(void *arg)
{
	struct slow *slow = arg;
	struct iovec here = { slow->source, sizeof(*slow->source) };
	struct iovec there = { (void *)slow->to, sizeof(*slow->source) };
	ssize_t got = process_vm_writev(getpid(), &here, 1, &there, 1, 0);

	if (got < 0 && errno != EFAULT)
		tap_bail("process_vm_writev: %s", strerror(errno));
	slow->written = got == sizeof(*slow->source);
	return NULL;
}

static int fault_by_hand(void *area)
{
	struct uffdio_register range = {
		.range = { (uintptr_t)area, PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &range))
		tap_bail("userfaultfd: %s", strerror(errno));
	return fd;
}

void slow_begin(struct slow *slow, volatile uint64_t *to)
{
	struct uffd_msg event;

	*slow = (struct slow){ .to = to };
	slow->source = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	slow->fd = fault_by_hand(slow->source);
	pthread_create(&slow->thread, NULL, write_slowly, slow);
	if (read(slow->fd, &event, sizeof(event)) != sizeof(event))
		tap_bail("userfaultfd: %s", strerror(errno));
}

bool slow_end(struct slow *slow, uint64_t value)
{
	static uint64_t words[PAGE / sizeof(uint64_t)];
	struct uffdio_copy copy = {
		.dst = (uintptr_t)slow->source,
		.src = (uintptr_t)words,
		.len = PAGE,
	};

	words[0] = value;
	if (ioctl(slow->fd, UFFDIO_COPY, &copy))
		tap_bail("UFFDIO_COPY: %s", strerror(errno));
	pthread_join(slow->thread, NULL);
	close(slow->fd);
	munmap(slow->source, PAGE);
	return slow->written;
}
