// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Disk images: raw files and block devices of the host.
 *
 * An image is locked as long as this process lives, so that no other ssi-vmm and no
 * other program that uses locks writes to it.
 */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../deadline.h"
#include "../log.h"

#define LOCK_RETRY_US	5000

static unsigned int image_lock_ms;

/* Bytes of the first sector, as in QEMU's block drivers. */
static const struct {
	const char *name;
	unsigned int at;
	unsigned int len;
	const char *magic;
} formats[] = {
	{ "qcow2", 0, 4, "QFI\xfb" },
	{ "qed", 0, 4, "QED\0" },
	{ "vmdk", 0, 4, "KDMV" },
	{ "vhdx", 0, 8, "vhdxfile" },
	{ "vpc", 0, 8, "conectix" },
	{ "vdi", 64, 4, "\x7f\x10\xda\xbe" },
};

/*
 * Warn if a disk begins like an image of another format. It is a raw disk all
 * the same: what a guest writes there must not change how the host reads it.
 */
static void check_raw(const struct image *image)
{
	unsigned char start[4096] __attribute__((aligned(4096))) = { 0 };

	if (pread(image->fd, start, sizeof(start), 0) < 0)
		return;	/* the guest gets the error when it reads */
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!memcmp(start + formats[i].at, formats[i].magic,
			    formats[i].len))
			log_warn("The disk %s begins like a %s image, but the guest sees its bytes as they are; qemu-img convert -O raw makes a raw image of it.",
				 image->path, formats[i].name);
}

static void open_file(struct image *image)
{
	image->fd = open(image->path, (image->readonly ? O_RDONLY : O_RDWR) |
				      (image->direct ? O_DIRECT : 0) | O_CLOEXEC);
	if (image->fd >= 0)
		return;
	if (image->direct && errno == EINVAL)
		die(EXIT_USAGE, "The disk %s is on a file system without direct accesses (O_DIRECT); use cache=writeback or cache=writethrough.",
		    image->path);
	if (!image->readonly && (errno == EACCES || errno == EROFS))
		die(EXIT_USAGE, "The disk %s cannot be opened for writing: %s; add readonly to let the guest read it.",
		    image->path, strerror(errno));
	die(EXIT_USAGE, "The disk %s cannot be opened: %s.", image->path,
	    strerror(errno));
}

static void find_size(struct image *image)
{
	struct stat st;

	if (fstat(image->fd, &st))
		die(EXIT_USAGE, "The disk %s cannot be inspected: %s.",
		    image->path, strerror(errno));
	image->size = st.st_size;
	if (S_ISBLK(st.st_mode) && ioctl(image->fd, BLKGETSIZE64, &image->size))
		die(EXIT_USAGE, "The size of the disk %s cannot be read: %s.",
		    image->path, strerror(errno));
	if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
		die(EXIT_USAGE, "The disk %s is neither a file nor a block device.",
		    image->path);
	if (!image->size)
		die(EXIT_USAGE, "The disk %s is empty; truncate -s SIZE gives it one.",
		    image->path);
}

/* Partition tables count in blocks of a block device; files have none. */
static void find_block_size(struct image *image, uint32_t given)
{
	unsigned int size;

	if (given)
		image->block_size = given;
	else if (ioctl(image->fd, BLKSSZGET, &size) || size < IMAGE_SECTOR)
		image->block_size = IMAGE_SECTOR;
	else
		image->block_size = size;
	if (image->size % image->block_size)
		die(EXIT_USAGE, "The disk %s has %llu bytes, which is not a multiple of %u%s.",
		    image->path, (unsigned long long)image->size,
		    image->block_size, image->block_size > IMAGE_SECTOR ?
		    ", the size of its logical blocks" : "");
}

/*
 * What direct accesses must be multiples of: linux/stat.h, since Linux 6.1. Where
 * the file system does not say, blocks of the guest will do.
 */
static void find_align(struct image *image)
{
	struct statx st = { 0 };
	uint32_t offsets = image->block_size;

	if (!image->direct)
		return;
	image->align = image->block_size;
	if (!statx(image->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &st) &&
	    (st.stx_mask & STATX_DIOALIGN) && st.stx_dio_offset_align) {
		offsets = st.stx_dio_offset_align;
		if (st.stx_dio_mem_align > image->align)
			image->align = st.stx_dio_mem_align;
	}
	if (offsets > image->block_size)
		die(EXIT_USAGE, "The disk %s is on storage with blocks of %u bytes, which accesses past the page cache must have; use cache=writeback, or give the guest such blocks with logical-block-size=%u.",
		    image->path, offsets, offsets);
}

/* Return: whether the lock was taken. */
static bool try_lock(const struct image *image)
{
	struct timespec until = deadline_in(image_lock_ms);
	struct flock lock = {
		.l_type = image->readonly ? F_RDLCK : F_WRLCK,
		.l_whence = SEEK_SET,
	};

	while (fcntl(image->fd, F_OFD_SETLK, &lock)) {
		if ((errno != EAGAIN && errno != EACCES) ||
		    !deadline_left_ms(&until))
			return false;
		usleep(LOCK_RETRY_US);
	}
	return true;
}

static void lock_file(const struct image *image)
{
	if (try_lock(image))
		return;
	if (errno == EAGAIN || errno == EACCES)
		die(EXIT_USAGE, "The disk %s is in use by another process; a second guest would destroy it.",
		    image->path);
	die(EXIT_HOST, "The disk %s cannot be locked: %s.", image->path,
	    strerror(errno));
}

void image_wait_for_lock(unsigned int ms)
{
	image_lock_ms = ms;
}

void image_open(struct image *image, uint32_t block_size)
{
	open_file(image);
	find_size(image);
	find_block_size(image, block_size);
	find_align(image);
	lock_file(image);
	check_raw(image);
}

bool image_size(const struct image *image, uint64_t *size)
{
	struct stat st;

	if (!ioctl(image->fd, BLKGETSIZE64, size))
		return true;
	if (fstat(image->fd, &st) || !S_ISREG(st.st_mode))
		return false;
	*size = st.st_size;
	return true;
}
