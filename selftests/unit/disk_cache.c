// SPDX-License-Identifier: GPL-2.0-or-later
/* cache= and serial= of disks. The disk is a file in the current folder. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../../vmm/log.h"
#include "../../vmm/memory.h"
#include "../../vmm/virtio/blk.h"
#include "../../vmm/virtio/blk_queue.h"
#include "../../vmm/virtio/pci.h"
#include "libvmm.h"
#include "blk_driver.h"

#define RESULTS		6	/* of a mode */
#define LONG_PART	0xe0000u
#define LONG_PARTS	13u

static bool may_move;

/* Is RAM a region of several nodes? As the test says. */
bool memory_may_move(void)
{
	return may_move;
}

/* At an address that no storage can use itself. */
static uint8_t request_at(uint32_t type, uint64_t gpa, uint32_t len,
			  uint16_t flags)
{
	put_header(type, 8);
	put_desc(0, HEADER_GPA, 16, NEXT);
	put_desc(1, gpa, 512, NEXT | flags);
	put_desc(2, gpa + 512, len - 512, NEXT | flags);
	put_desc(3, STATUS_GPA, 1, WRITE);
	offer(0);
	if (!wait_for_device())
		return 0xff;
	return *(uint8_t *)memory_at(STATUS_GPA, 1);
}

static bool moves_at(int fd, uint64_t gpa, uint32_t len)
{
	unsigned char back[8192], *there = memory_at(gpa, len);

	fill(9, 4096);
	memmove(there, memory_at(DATA_GPA, len), len);
	if (request_at(VIRTIO_BLK_T_OUT, gpa, len, 0) ||
	    pread(fd, back, len, 8 * 512) != len || memcmp(back, there, len))
		return false;
	memset(there, 0, len);
	return !request_at(VIRTIO_BLK_T_IN, gpa, len, WRITE) &&
	       !memcmp(back, there, len);
}

static bool offers_flush(void)
{
	store(bar + DEVICE_SELECT, 4, 0);
	return load(bar + DEVICE_FEATURES, 4) & 1u << VIRTIO_BLK_F_FLUSH;
}

static void test_requests(int fd, const char *mode)
{
	unsigned char back[65536];

	fill(1, sizeof(back));
	tap_ok(!request(VIRTIO_BLK_T_OUT, 64, sizeof(back), 0) &&
	       pread(fd, back, sizeof(back), 64 * 512) == sizeof(back) &&
	       is_filled(back, 1, sizeof(back)), "%s: what is written is there",
	       mode);
	fill(2, sizeof(back));
	tap_ok(!request(VIRTIO_BLK_T_IN, 64, sizeof(back), WRITE) &&
	       is_filled(memory_at(DATA_GPA, 1), 1, sizeof(back)),
	       "%s: and is read", mode);
	tap_ok(moves_at(fd, DATA_GPA + 0x2004, 4096) &&
	       moves_at(fd, DATA_GPA + 0x2200, 1024),
	       "%s: at each address in memory", mode);
	put(DATA_GPA, 64, 8);
	put(DATA_GPA + 8, 8, 8);
	tap_ok(!request(VIRTIO_BLK_T_WRITE_ZEROES, 0, 16, 0) &&
	       pread(fd, back, 4096, 64 * 512) == 4096 && !back[0] &&
	       !memcmp(back, back + 1, 4095), "%s: zeroes", mode);
}

/* Another disk for each mode, since a device stays. */
static void test_mode(enum disk_cache cache, bool moves, const char *mode)
{
	static unsigned int slot;
	bool direct = cache == DISK_NONE || cache == DISK_DIRECTSYNC;
	bool through = cache == DISK_WRITETHROUGH || cache == DISK_DIRECTSYNC;
	char path[] = "ssi-disk-XXXXXX";
	struct disk_options options = { .file = path, .cache = cache };
	int fd = mkstemp(path), same;
	struct blk *blk;

	if (fd < 0 || ftruncate(fd, DISK_SECTORS * 512))
		tap_bail("no file: %s", strerror(errno));
	same = open(path, O_RDWR | O_DIRECT);
	if (direct && same < 0) {
		for (unsigned int i = 0; i < RESULTS; i++)
			tap_ok(true, "%s # SKIP this file system has no O_DIRECT", mode);
		unlink(path);
		return;
	}
	close(same);
	blk = blk_open(&options);
	unlink(path);
	may_move = moves;
	blk_init(blk, 1, 0, SSI_ACPI_PCI_WINDOW);
	use(++slot);
	tap_ok(!!(fcntl(blk->image.fd, F_GETFL) & O_DIRECT) == direct,
	       "%s: the page cache is %sused", mode, direct ? "not " : "");
	tap_ok(offers_flush() == !through, "%s: the guest sees %s cache", mode,
	       through ? "no" : "a");
	start(through ? 0 : BLK_FEATURES);
	test_requests(fd, mode);
	store(bar + STATUS, 1, 0);
	close(fd);
}

/* The same buffer many times: more than is copied at once. */
static uint8_t request_long(uint32_t type, uint16_t flags)
{
	put_header(type, 0);
	put_desc(0, HEADER_GPA, 16, NEXT);
	for (unsigned int i = 1; i <= LONG_PARTS; i++)
		put_desc(i, DATA_GPA, LONG_PART, NEXT | flags);
	put_desc(LONG_PARTS + 1, STATUS_GPA, 1, WRITE);
	offer(0);
	if (!wait_for_device())
		return 0xff;
	return *(uint8_t *)memory_at(STATUS_GPA, 1);
}

static bool is_written(int fd)
{
	static unsigned char back[LONG_PART];

	for (unsigned int i = 0; i < LONG_PARTS; i++)
		if (pread(fd, back, LONG_PART, i * LONG_PART) != LONG_PART ||
		    memcmp(back, memory_at(DATA_GPA, LONG_PART), LONG_PART))
			return false;
	return true;
}

static void test_long(void)
{
	char path[] = "ssi-disk-XXXXXX";
	struct disk_options options = { .file = path, .cache = DISK_NONE };
	int fd = mkstemp(path), same;
	unsigned char last = 77;

	if (fd < 0 || ftruncate(fd, 16 << 20))
		tap_bail("no file: %s", strerror(errno));
	same = open(path, O_RDWR | O_DIRECT);
	if (same < 0) {
		tap_ok(true, "long accesses # SKIP this file system has no O_DIRECT");
		unlink(path);
		return;
	}
	close(same);
	may_move = true;
	blk_init(blk_open(&options), 1, 0, SSI_ACPI_PCI_WINDOW);
	unlink(path);
	use(7);
	start(BLK_FEATURES);
	fill(3, LONG_PART);
	tap_ok(!request_long(VIRTIO_BLK_T_OUT, 0) && is_written(fd) &&
	       pwrite(fd, &last, 1, LONG_PART * LONG_PARTS - 1) == 1 &&
	       !request_long(VIRTIO_BLK_T_IN, WRITE) &&
	       ((uint8_t *)memory_at(DATA_GPA, LONG_PART))[LONG_PART - 1] == last,
	       "accesses that are too long to copy are made in pieces");
	store(bar + STATUS, 1, 0);
	close(fd);
}

/* A guest may name one buffer so often that the host has no memory for copies. */
static void test_limit(void)
{
	static unsigned char buffer[1 << 20], piece[IMAGE_PIECE];
	struct iovec iov[64];
	struct image_access access = { .op = IMAGE_WRITE, .iov = iov, .count = 64 };
	struct image_io io = {
		.fd = open("/dev/null", O_WRONLY), .align = 512,
		.bounces = true, .piece = piece,
	};

	io.last = &io.first;
	for (unsigned int i = 0; i < 64; i++)
		iov[i] = (struct iovec) { buffer, sizeof(buffer) };
	image_io_add(&io, &access);
	tap_ok(!access.bounce.iov_base && image_io_done(&io) == &access &&
	       access.result == IMAGE_PIECE && !io.bounced,
	       "no 64 MiB are copied for a guest at once");
	close(io.fd);
}

static void test_serial(void)
{
	char path[] = "ssi-disk-XXXXXX";
	struct disk_options disk = { .file = path };
	int fd = mkstemp(path);

	if (fd < 0 || ftruncate(fd, DISK_SECTORS * 512))
		tap_bail("no file: %s", strerror(errno));
	tap_ok(device_set_disk(&disk, "serial", "") &&
	       device_set_disk(&disk, "serial", "123456789012345678901") &&
	       device_set_disk(&disk, "serial", "a b") &&
	       device_set_disk(&disk, "serial", "\xc3\xa4"),
	       "a serial number is 1 to 20 signs of ASCII");
	device_set_disk(&disk, "serial", "12345678901234567890");
	blk_init(blk_open(&disk), 1, 0, SSI_ACPI_PCI_WINDOW);
	unlink(path);
	close(fd);
	use(6);
	start(BLK_FEATURES);
	tap_ok(!request(VIRTIO_BLK_T_GET_ID, 0, 20, WRITE) &&
	       !memcmp(memory_at(DATA_GPA, 20), "12345678901234567890", 20),
	       "the guest sees the one that was given");
	store(bar + STATUS, 1, 0);
}

int main(void)
{
	tap_plan(5 * RESULTS + 4);
	libvmm_make_ram(RAM_GPA, RAM_SIZE);
	pci_init(NULL);
	test_mode(DISK_WRITEBACK, false, "writeback");
	test_mode(DISK_WRITETHROUGH, false, "writethrough");
	test_mode(DISK_NONE, false, "none");
	test_mode(DISK_DIRECTSYNC, false, "directsync");
	test_mode(DISK_NONE, true, "none, in a region of several nodes");
	test_serial();
	test_long();
	test_limit();
	fflush(stdout);
	/* Threads of the devices are asleep: leave without them. */
	_exit(tap_exit());
}
