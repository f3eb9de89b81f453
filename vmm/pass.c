// SPDX-License-Identifier: GPL-2.0-or-later
/* Orders of the keeper on their way to the guest's process, some with descriptors. */
#include "pass.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for the descriptors, aligned as it must be. */
union rights {
	struct cmsghdr head;
	char room[CMSG_SPACE(PASS_FDS * sizeof(int))];
};

bool pass_order(int socket, const struct order *order, const int *fds)
{
	struct iovec iov = { (void *)order, sizeof(*order) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	union rights rights = { 0 };
	unsigned int count = 0;

	for (int i = 0; fds && i < PASS_FDS; i++)
		if (fds[i] >= 0)
			memcpy(CMSG_DATA(&rights.head) + count++ * sizeof(int),
			       &fds[i], sizeof(int));
	if (count) {
		rights.head.cmsg_level = SOL_SOCKET;
		rights.head.cmsg_type = SCM_RIGHTS;
		rights.head.cmsg_len = CMSG_LEN(count * sizeof(int));
		m.msg_control = &rights;
		m.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	return sendmsg(socket, &m, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	       sizeof(*order);
}

static void take_fds(struct msghdr *m, int fds[PASS_FDS])
{
	struct cmsghdr *head = CMSG_FIRSTHDR(m);
	size_t bytes;

	if (!head || head->cmsg_type != SCM_RIGHTS)
		return;
	bytes = head->cmsg_len - CMSG_LEN(0);
	if (bytes <= PASS_FDS * sizeof(int))
		memcpy(fds, CMSG_DATA(head), bytes);
}

bool pass_receive(int socket, struct order *order, int fds[PASS_FDS])
{
	struct iovec iov = { order, sizeof(*order) };
	union rights rights = { 0 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &rights,
		.msg_controllen = sizeof(rights),
	};

	for (int i = 0; i < PASS_FDS; i++)
		fds[i] = -1;
	if (recvmsg(socket, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) !=
	    sizeof(*order))
		return false;
	take_fds(&m, fds);
	return true;
}

void pass_close(int fds[PASS_FDS])
{
	for (int i = 0; i < PASS_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}
