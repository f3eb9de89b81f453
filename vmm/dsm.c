// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel module: the guest's memory and the channel. */
#include "dsm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ask.h"
#include "log.h"

static int dsm_fd = -1;

/* Messages that one read() has brought. */
static struct {
	_Alignas(SSI_DSM_MSG_ALIGN) unsigned char bytes[64 << 10];
	size_t len;
	size_t next;	/* where the first is that dsm_read() has not returned */
} dsm_batch;

static void attach(const struct options *options)
{
	struct ssi_dsm_attach arg = {
		.node = options->self, .region = DSM_REGION,
		.flags = SSI_DSM_ATTACH_BATCH,
	};

	snprintf((char *)arg.cluster, sizeof(arg.cluster), "%s",
		 options->cluster);
	dsm_fd = open(SSI_DSM_DEVICE, O_RDWR | O_CLOEXEC);
	if (dsm_fd < 0)
		die(EXIT_HOST, SSI_DSM_DEVICE " cannot be opened: %s; run as root.",
		    strerror(errno));
	if (ioctl(dsm_fd, SSI_DSM_ATTACH, &arg))
		die(EXIT_HOST, "The kernel does not attach to the guest's memory: %s.",
		    strerror(errno));
}

void *dsm_join(const struct options *options)
{
	uint64_t size = 0;
	void *host;

	for (unsigned int i = 0; i < options->num_nodes; i++)
		size += options->nodes[i].memory;
	ask_join();
	attach(options);
	host = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, dsm_fd, 0);
	if (host == MAP_FAILED)
		die(EXIT_HOST, "The guest's memory cannot be mapped: %s.",
		    strerror(errno));
	return host;
}

void dsm_discard(uint64_t offset, uint64_t len)
{
	struct ssi_dsm_discard arg = { .offset = offset, .len = len };

	/* A lost node is reported by the channel, and nothing depends on this. */
	if (ioctl(dsm_fd, SSI_DSM_DISCARD, &arg))
		log_debug("Memory at %#llx could not be discarded: %s.",
			  (unsigned long long)offset, strerror(errno));
}

bool dsm_owned(uint64_t offset, uint64_t len, uint64_t *bits,
	       uint64_t *homes_given)
{
	struct ssi_dsm_owned arg = {
		.offset = offset, .len = len, .bits = (uintptr_t)bits,
	};

	if (ioctl(dsm_fd, SSI_DSM_OWNED, &arg))
		return false;
	*homes_given = arg.homes_given;
	return true;
}

int dsm_send(unsigned int node, const void *data, size_t len)
{
	struct ssi_dsm_send arg = {
		.node = node, .len = len, .data = (uintptr_t)data,
	};

	while (ioctl(dsm_fd, SSI_DSM_SEND, &arg) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Return: 0 or -errno. */
static int fill_batch(void)
{
	ssize_t len;

	do {
		len = read(dsm_fd, dsm_batch.bytes, sizeof(dsm_batch.bytes));
	} while (len < 0 && errno == EINTR);
	if (len < 0)
		return -errno;
	dsm_batch.len = len;
	dsm_batch.next = 0;
	return 0;
}

/* Under load many messages wait, and one call of the kernel brings them. */
int dsm_read(const struct ssi_dsm_msg **message)
{
	const struct ssi_dsm_msg *head;
	size_t left, used;
	int err;

	if (dsm_batch.next >= dsm_batch.len) {
		err = fill_batch();
		if (err)
			return err;
	}
	left = dsm_batch.len - dsm_batch.next;
	head = (const void *)(dsm_batch.bytes + dsm_batch.next);
	if (left < sizeof(*head) || left - sizeof(*head) < head->len)
		return -EPROTO;
	used = sizeof(*head) + head->len + SSI_DSM_MSG_ALIGN - 1;
	dsm_batch.next += used & ~(size_t)(SSI_DSM_MSG_ALIGN - 1);
	*message = head;
	return 0;
}
