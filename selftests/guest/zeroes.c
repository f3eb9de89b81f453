// SPDX-License-Identifier: GPL-2.0-or-later
/* A disk writes zeroes on request, without their being sent, and keeps the room. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "checks.h"
#include "report.h"

#define LEN	(64 << 10)

static unsigned char buf[LEN] __attribute__((aligned(4096)));

static bool is_filled(const unsigned char *bytes, unsigned char value)
{
	return bytes[0] == value && !memcmp(bytes, bytes + 1, LEN - 1);
}

/* The first LEN bytes become zeroes, and the LEN bytes behind them stay. */
static const char *try(int fd)
{
	const uint64_t range[2] = { 0, LEN };

	memset(buf, 0x5a, LEN);
	if (pwrite(fd, buf, LEN, 0) != LEN || pwrite(fd, buf, LEN, LEN) != LEN)
		return "cannot be written";
	if (ioctl(fd, BLKZEROOUT, range))
		return "does not write zeroes";
	if (pread(fd, buf, LEN, 0) != LEN || !is_filled(buf, 0))
		return "has no zeroes where it has to";
	if (pread(fd, buf, LEN, LEN) != LEN || !is_filled(buf, 0x5a))
		return "has changed behind the range";
	return NULL;
}

/**
 * check_zeroes() - write zeroes on a disk
 * @machine: unused
 * @settings: the disk, whose first 128 KiB are overwritten
 *
 * Linux writes the zeroes itself if the disk does not offer that.
 */
void check_zeroes(const struct machine *machine, const struct settings *settings)
{
	int fd = open(settings->disk, O_RDWR | O_DIRECT);
	const char *wrong;

	(void)machine;
	if (fd < 0) {
		report_fail("%s cannot be opened: %s.", settings->disk,
			    strerror(errno));
		return;
	}
	wrong = try(fd);
	if (wrong)
		report_fail("%s %s: %s.", settings->disk, wrong,
			    strerror(errno));
	close(fd);
}
