// SPDX-License-Identifier: GPL-2.0-or-later
/* The devices of vmm/virtio, used well and badly. The disk is a file in /tmp. */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_net.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../vmm/irq.h"
#include "../../vmm/log.h"
#include "../../vmm/virtio/blk.h"
#include "../../vmm/virtio/net.h"
#include "../../vmm/virtio/pci.h"
#include "../../vmm/virtio/rng.h"
#include "no_io_uring.h"
#include "libvmm.h"
#include "blk_driver.h"

/* ---- disks ------------------------------------------------------------------ */

static void test_negotiation(void)
{
	tap_ok(load(ecam(1, 0), 4) == 0x10421af4, "the disk is a disk");
	tap_ok(load(bar + NUM_QUEUES, 2) == 2 &&
	       load(bar + CONFIG, 8) == DISK_SECTORS,
	       "it tells its queues and its size");
	negotiate(1u << 31);
	tap_ok(!(load(bar + STATUS, 1) & FEATURES_OK),
	       "a feature that is not offered is not accepted");
	negotiate(BLK_FEATURES);
	tap_ok(load(bar + STATUS, 1) & FEATURES_OK, "those offered are");
	set_queue(RAM_GPA, RAM_GPA + RAM_SIZE, USED_GPA);
	store(bar + STATUS, 1, READY);
	tap_ok(load(bar + STATUS, 1) & NEEDS_RESET,
	       "a ring that is not in memory breaks the device");
	start(BLK_FEATURES);
	tap_ok(load(bar + STATUS, 1) == READY, "and a reset heals it");
}

/* Point the window in configuration space at a register of the disk. */
static uint64_t move_window(unsigned int at, uint32_t offset, uint32_t len)
{
	store(ecam(1, at + 4), 1, 0);
	store(ecam(1, at + 8), 4, offset);
	store(ecam(1, at + 12), 4, len);
	return ecam(1, at + 16);
}

static void test_window(void)
{
	unsigned int at = load(ecam(1, 0x34), 1);
	uint64_t window;

	while (at && (load(ecam(1, at), 1) != 9 ||
		      load(ecam(1, at + 3), 1) != 5))
		at = load(ecam(1, at + 1), 1);
	tap_ok(at, "there is a capability to reach the BARs without memory");
	store(ecam(1, 4), 2, 4);
	window = move_window(at, NUM_QUEUES, 2);
	tap_ok(load(window, 2) == 2, "it reads");
	window = move_window(at, STATUS, 1);
	store(window, 1, 0);
	store(window, 1, ACKNOWLEDGE);
	tap_ok(load(window, 1) == ACKNOWLEDGE, "and writes");
	window = move_window(at, 0x4000 - 2, 4);
	store(window, 4, UINT32_MAX);
	window = move_window(at, UINT32_MAX - 3, 4);
	store(window, 4, UINT32_MAX);
	window = move_window(at, STATUS, 3);
	store(window, 1, 0);
	tap_ok(load(move_window(at, STATUS, 1), 1) == ACKNOWLEDGE,
	       "but not where no driver may");
	store(ecam(1, 4), 2, 6);
	start(BLK_FEATURES);
}

static void test_disk(int fd)
{
	unsigned char back[65536];
	unsigned int before = libvmm_interrupts;

	fill(1, sizeof(back));
	tap_ok(request(VIRTIO_BLK_T_OUT, 64, sizeof(back), 0) == 0 &&
	       pread(fd, back, sizeof(back), 64 * 512) == sizeof(back) &&
	       is_filled(back, 1, sizeof(back)), "what is written is there");
	tap_ok(libvmm_interrupts > before && (load(bar + ISR, 1) & 1) &&
	       !load(bar + ISR, 1), "with an interrupt");
	fill(2, sizeof(back));
	tap_ok(request(VIRTIO_BLK_T_IN, 64, sizeof(back), WRITE) == 0 &&
	       is_filled(memory_at(DATA_GPA, 1), 1, sizeof(back)),
	       "what is read is what was written");
	tap_ok(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0) == 0, "a flush");
	put(DATA_GPA, 64, 8);
	put(DATA_GPA + 8, 8, 8);
	tap_ok(request(VIRTIO_BLK_T_DISCARD, 0, 16, 0) == 0 &&
	       pread(fd, back, 4096, 64 * 512) == 4096 && !back[0] &&
	       !memcmp(back, back + 1, 4095), "a discard makes a hole");
	put(DATA_GPA, 72, 8);
	put(DATA_GPA + 8, 8, 8);
	tap_ok(request(VIRTIO_BLK_T_WRITE_ZEROES, 0, 16, 0) == 0 &&
	       pread(fd, back, 4096, 72 * 512) == 4096 && !back[0] &&
	       !memcmp(back, back + 1, 4095), "zeroes are written");
	tap_ok(request(VIRTIO_BLK_T_GET_ID, 0, 20, WRITE) == 0 &&
	       !memcmp(memory_at(DATA_GPA, 8), "ssi-disk", 8),
	       "it tells its name");
}

static void test_bad_requests(void)
{
	tap_ok(request(VIRTIO_BLK_T_IN, DISK_SECTORS, 512, WRITE) ==
	       VIRTIO_BLK_S_IOERR, "reading behind the end fails");
	tap_ok(request(VIRTIO_BLK_T_OUT, DISK_SECTORS - 1, 1024, 0) ==
	       VIRTIO_BLK_S_IOERR, "writing across the end fails");
	tap_ok(request(VIRTIO_BLK_T_IN, UINT64_MAX / 512 + 1, 512, WRITE) ==
	       VIRTIO_BLK_S_IOERR, "a sector that wraps around fails");
	tap_ok(request(VIRTIO_BLK_T_IN, 0, 100, WRITE) == VIRTIO_BLK_S_IOERR,
	       "a part of a sector fails");
	tap_ok(request(77, 0, 512, WRITE) == VIRTIO_BLK_S_UNSUPP,
	       "a request that is none is not supported");
	put(DATA_GPA, DISK_SECTORS - 1, 8);
	put(DATA_GPA + 8, 8, 8);
	tap_ok(request(VIRTIO_BLK_T_DISCARD, 0, 16, 0) == VIRTIO_BLK_S_IOERR,
	       "a discard across the end fails");
	put(DATA_GPA + 8, 1ull << 32 | 1, 8);
	tap_ok(request(VIRTIO_BLK_T_DISCARD, 0, 16, 0) == VIRTIO_BLK_S_UNSUPP,
	       "a discard with flags is not supported");
}

static void breaks(const char *what)
{
	bool broken;

	wait_for_device();
	broken = load(bar + STATUS, 1) & NEEDS_RESET;
	start(BLK_FEATURES);
	tap_ok(broken && request(VIRTIO_BLK_T_IN, 0, 512, WRITE) == 0,
	       "breaks only the device, until its reset: %s", what);
}

static void test_broken_driver(void)
{
	put_desc(0, HEADER_GPA, 16, 0);
	offer(0);
	breaks("a request without a status");
	put_desc(0, HEADER_GPA, 8, NEXT);
	put_desc(1, STATUS_GPA, 1, WRITE);
	offer(0);
	breaks("a request without all of its header");
	put_desc(0, RAM_GPA + RAM_SIZE, 16, NEXT);
	offer(0);
	breaks("a request that is not in memory");
	offer(SIZE);
	breaks("a head that does not exist");
}

/* What breaks a device in one queue ends the others, too (2.1.2). */
static void test_broken_queues(void)
{
	const struct timespec quiet = { .tv_nsec = 20000000 };

	start(BLK_FEATURES);
	store(bar + STATUS, 1, 0);
	negotiate(BLK_FEATURES);
	set_queue(DESC_GPA, AVAIL_GPA, USED_GPA);
	queue_number = 1;
	memset(memory_at(DESC_GPA + OTHER_RINGS, 0x3000), 0, 0x3000);
	set_queue(DESC_GPA + OTHER_RINGS, AVAIL_GPA + OTHER_RINGS,
		  USED_GPA + OTHER_RINGS);
	store(bar + STATUS, 1, READY);
	put(AVAIL_GPA + OTHER_RINGS + 2, SIZE + 1, 2);
	store(bar + NOTIFY + 4, 2, 1);
	avail_idx = 0xffff;	/* nothing will come */
	wait_for_device();
	queue_number = 0;
	avail_idx = 0;
	put_header(VIRTIO_BLK_T_IN, 0);
	put_desc(0, HEADER_GPA, 16, NEXT);
	put_desc(1, DATA_GPA, 512, NEXT | WRITE);
	put_desc(2, STATUS_GPA, 1, WRITE);
	offer(0);
	nanosleep(&quiet, NULL);
	tap_ok(!used_idx() && (load(bar + STATUS, 1) & NEEDS_RESET),
	       "a device that one queue has broken works in none");
	start(BLK_FEATURES);
}

/* Resets while requests are in flight: none is answered afterwards. */
static void test_reset_in_flight(void)
{
	uint16_t idx;

	for (unsigned int i = 0; i < 200; i++) {
		start(BLK_FEATURES);
		put_header(VIRTIO_BLK_T_OUT, 0);
		put_desc(0, HEADER_GPA, 16, NEXT);
		put_desc(1, DATA_GPA, 65536, NEXT);
		put_desc(2, STATUS_GPA, 1, WRITE);
		offer(0);
		store(bar + STATUS, 1, 0);
		idx = used_idx();
		if (load(bar + STATUS, 1) || idx > 1)
			break;
		memset(memory_at(USED_GPA, 64), 0xa5, 64);
		if (used_idx() != 0xa5a5)
			break;
	}
	start(BLK_FEATURES);
	tap_ok(request(VIRTIO_BLK_T_IN, 0, 512, WRITE) == 0,
	       "200 resets with a request in flight");
}

static void test_disk_noise(void)
{
	static const uint32_t types[] = { 0, 1, 4, 8, 11, 13, 99 };

	srandom(1);
	for (unsigned int i = 0; i < 3000; i++) {
		unsigned int count = 1 + random() % 4;

		put_header(types[random() % 7], random() % (DISK_SECTORS + 9));
		put_desc(0, HEADER_GPA, 16, NEXT);
		for (unsigned int d = 1; d <= count; d++)
			put_desc(d, DATA_GPA + random() % 4096,
				 random() % 5 ? 512 * (random() % 9) + 16 : 16,
				 NEXT | (random() % 3 ? WRITE : 0));
		put_desc(count + 1, STATUS_GPA, random() % 2, WRITE);
		offer(random() % 10 ? 0 : random() % SIZE);
		if (!wait_for_device())
			start(random() % 2 ? BLK_FEATURES : 0);
	}
	start(BLK_FEATURES);
	tap_ok(request(VIRTIO_BLK_T_IN, 0, 512, WRITE) == 0,
	       "3,000 random requests");
}

/* The result of blk_open() for @path, in a process of its own. */
static int open_status(const char *path, bool readonly)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		blk_open(&(struct disk_options){
			.file = path, .readonly = readonly,
		});
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_images(const char *path)
{
	char odd[] = "/tmp/ssi-disk-odd-XXXXXX";
	int fd = mkstemp(odd);

	tap_ok(open_status("/tmp/ssi-disk-nowhere", false) == EXIT_USAGE,
	       "a missing image is refused");
	tap_ok(open_status("/tmp", true) == EXIT_USAGE, "so is a folder");
	tap_ok(open_status(odd, false) == EXIT_USAGE, "an empty image");
	if (fd < 0 || ftruncate(fd, 1000))
		tap_bail("no file");
	tap_ok(open_status(odd, false) == EXIT_USAGE, "one of 1000 bytes");
	tap_ok(open_status(path, false) == EXIT_USAGE &&
	       open_status(path, true) == EXIT_USAGE,
	       "one that another process uses");
	if (ftruncate(fd, 1024))
		tap_bail("no file");
	tap_ok(open_status(odd, false) == 0, "one of 1024 bytes is not");
	close(fd);
	unlink(odd);
}

/* Put another disk on the bus, in the next slot, and use it. */
static unsigned int disk_slot = 3;	/* the disk, the numbers, the card */
static struct blk *last_disk;

static void use_disk(struct blk *blk)
{
	blk_init(blk, 1, 0, SSI_ACPI_PCI_WINDOW);
	use(++disk_slot);
	last_disk = blk;
}

/* Make an image of @size bytes in @folder. Return: its descriptor. */
static int make_image(char *path, size_t max, const char *folder, off_t size)
{
	int fd;

	snprintf(path, max, "%s/ssi-disk-XXXXXX", folder);
	fd = mkstemp(path);
	if (fd < 0 || ftruncate(fd, size))
		tap_bail("no file: %s", strerror(errno));
	return fd;
}

/* ---- blocks ----------------------------------------------------------------- */

static void test_given_blocks(void)
{
	struct disk_options options = { .block_size = 4096 };
	char path[64];
	int fd = make_image(path, sizeof(path), "/tmp", 65536 + 512), status;
	pid_t pid;

	options.file = path;
	pid = fork();
	if (!pid) {
		blk_open(&options);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_USAGE,
	       "an image that ends within a block is refused");
	if (ftruncate(fd, 65536))
		tap_bail("no file");
	use_disk(blk_open(&options));
	unlink(path);
	close(fd);
	start(BLK_FEATURES | 1u << VIRTIO_BLK_F_BLK_SIZE);
	tap_ok(load(bar + CONFIG + 20, 4) == 4096 && load(bar + CONFIG, 8) == 128,
	       "a file has the blocks that the user gives");
	tap_ok(request(VIRTIO_BLK_T_OUT, 8, 4096, 0) == 0 &&
	       request(VIRTIO_BLK_T_IN, 8, 8192, WRITE) == 0,
	       "whole blocks are written and read");
	tap_ok(request(VIRTIO_BLK_T_IN, 8, 512, WRITE) == VIRTIO_BLK_S_IOERR &&
	       request(VIRTIO_BLK_T_OUT, 9, 4096, 0) == VIRTIO_BLK_S_IOERR,
	       "parts of blocks are not");
	put(DATA_GPA, 9, 8);
	put(DATA_GPA + 8, 8, 8);
	tap_ok(request(VIRTIO_BLK_T_WRITE_ZEROES, 0, 16, 0) ==
	       VIRTIO_BLK_S_IOERR, "nor is a range that begins in a block");
	start(BLK_FEATURES);
	tap_ok(request(VIRTIO_BLK_T_IN, 9, 512, WRITE) == 0,
	       "a driver that does not know of blocks reads sectors");
	store(bar + STATUS, 1, 0);
}

/* ---- other sizes ------------------------------------------------------------ */

static void test_sizes(void)
{
	struct disk_options options = { 0 };
	unsigned int before, generation;
	char path[64];
	int fd = make_image(path, sizeof(path), "/tmp", 65536);
	struct blk *blk;

	options.file = path;
	blk = blk_open(&options);
	use_disk(blk);
	start(BLK_FEATURES);
	generation = load(bar + GENERATION, 1);
	blk_look(blk);
	blk_look(blk);
	tap_ok(request(VIRTIO_BLK_T_IN, 128, 512, WRITE) == VIRTIO_BLK_S_IOERR &&
	       load(bar + GENERATION, 1) == generation,
	       "a disk has the size that it has");
	if (ftruncate(fd, 131072 + 100))
		tap_bail("no file");
	load(bar + ISR, 1);
	blk_look(blk);
	tap_ok(load(bar + CONFIG, 8) == 128, "an image that grows is left alone");
	blk_look(blk);
	tap_ok(load(bar + CONFIG, 8) == 256 && (load(bar + ISR, 1) & 2) &&
	       load(bar + GENERATION, 1) != generation,
	       "the driver is told the new size when it has grown");
	tap_ok(request(VIRTIO_BLK_T_IN, 255, 512, WRITE) == 0,
	       "and there it can be read");
	before = libvmm_warnings;
	if (ftruncate(fd, 65536))
		tap_bail("no file");
	for (unsigned int i = 0; i < 4; i++)
		blk_look(blk);
	tap_ok(load(bar + CONFIG, 8) == 256 && libvmm_warnings == before + 1,
	       "the user, not the driver, is told once of one that has shrunk");
	tap_ok(request(VIRTIO_BLK_T_IN, 200, 512, WRITE) == VIRTIO_BLK_S_IOERR &&
	       request(VIRTIO_BLK_T_IN, 0, 512, WRITE) == 0,
	       "only what is cut off cannot be read");
	store(bar + STATUS, 1, 0);
	unlink(path);
	close(fd);
}

/* ---- a file system that is full --------------------------------------------- */

#define FULL_RESULTS	6

/* Mount one of 1 MiB. Return: whether that is possible. */
static bool make_small_folder(char *folder)
{
	return mkdtemp(folder) && !unshare(CLONE_NEWNS) &&
	       !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("none", folder, "tmpfs", 0, "size=1m");
}

/* Fill the rest with a file. Return: its descriptor. */
static int fill_folder(const char *folder)
{
	static const unsigned char data[4096];
	char path[64];
	int fd = make_image(path, sizeof(path), folder, 0);

	while (write(fd, data, sizeof(data)) > 0)
		;
	return fd;
}

static bool has_answer(void)
{
	const struct timespec quiet = { .tv_nsec = 20000000 };

	nanosleep(&quiet, NULL);
	return used_idx() == avail_idx;
}

static uint8_t status(void)
{
	return *(volatile uint8_t *)memory_at(STATUS_GPA, 1);
}

/* A write without waiting; the status says when it is done. */
static void begin_write(uint64_t sector)
{
	put_header(VIRTIO_BLK_T_OUT, sector);
	put_desc(0, HEADER_GPA, 16, NEXT);
	put_desc(1, DATA_GPA, 8192, NEXT);
	put_desc(2, STATUS_GPA, 1, WRITE);
	offer(0);
}

static void test_held(struct blk *blk, int filler)
{
	unsigned int before = libvmm_warnings;

	start(BLK_FEATURES);
	begin_write(64);
	tap_ok(!has_answer() && libvmm_warnings == before + 1,
	       "without room a write waits, and the user is told");
	blk_look(blk);
	tap_ok(!has_answer() && libvmm_warnings == before + 1,
	       "it is tried again");
	store(bar + STATUS, 1, 0);
	tap_ok(!load(bar + STATUS, 1), "a reset does not wait for it");
	blk_look(blk);
	start(BLK_FEATURES);
	begin_write(64);
	has_answer();
	store(ecam(disk_slot, 4), 2, 2);
	store(ecam(disk_slot, 4), 2, 6);
	if (ftruncate(filler, 0))
		tap_bail("the file cannot be emptied");
	blk_look(blk);
	tap_ok(wait_for_device() && !status(),
	       "it is written when there is room, also after a rest of the device");
}

static void test_full(void)
{
	char folder[] = "/tmp/ssi-full-XXXXXX", path[64];
	struct disk_options options = { .file = path };
	unsigned char data[512];
	int filler, fd;

	if (!make_small_folder(folder)) {
		for (unsigned int i = 0; i < FULL_RESULTS; i++)
			tap_ok(true, "a full file system # SKIP none can be mounted");
		return;
	}
	fd = make_image(path, sizeof(path), folder, 512 << 10);
	use_disk(blk_open(&options));
	filler = fill_folder(folder);
	fill(5, 8192);
	test_held(last_disk, filler);
	tap_ok(pread(fd, data, sizeof(data), 64 * 512) == sizeof(data) &&
	       is_filled(data, 5, sizeof(data)), "what was to be written is there");
	close(fd);
	close(filler);
	fd = make_image(path, sizeof(path), folder, 512 << 10);
	options.werror = DISK_WERROR_REPORT;
	use_disk(blk_open(&options));
	fill_folder(folder);
	start(BLK_FEATURES);
	tap_ok(request(VIRTIO_BLK_T_OUT, 64, 8192, 0) == VIRTIO_BLK_S_IOERR,
	       "with werror=report the guest gets the error");
	store(bar + STATUS, 1, 0);
	umount2(folder, MNT_DETACH);
	rmdir(folder);
}

/* ---- without io_uring ------------------------------------------------------- */

static void test_without_ring(void)
{
	struct disk_options options = { 0 };
	char path[64];
	int fd = make_image(path, sizeof(path), "/tmp", DISK_SECTORS * 512);

	options.file = path;
	if (!forbid_io_uring())
		tap_bail("io_uring cannot be forbidden: %s", strerror(errno));
	use_disk(blk_open(&options));
	start(BLK_FEATURES);
	tap_diag("without io_uring:");
	test_disk(fd);
	test_bad_requests();
	test_reset_in_flight();
	test_disk_noise();
	start(0);
	tap_ok(request(VIRTIO_BLK_T_OUT, 0, 4096, 0) == 0,
	       "a write through to the storage");
	store(bar + STATUS, 1, 0);
	unlink(path);
	close(fd);
}

#define LOSETUP	"PATH=$PATH:/usr/sbin:/sbin losetup "

/* A disk with blocks of 4096 bytes, of the same image, where there are loops. */
static void test_large_blocks(const char *path)
{
	char command[128], name[64] = "";
	struct blk *blk;
	FILE *pipe;

	snprintf(command, sizeof(command), LOSETUP "-b 4096 -f --show %s 2>&-",
		 path);
	pipe = popen(command, "r");
	if (!pipe || fscanf(pipe, "%63s", name) != 1 || pclose(pipe)) {
		tap_ok(true, "a disk tells its block size # SKIP no loop device");
		return;
	}
	blk = blk_open(&(struct disk_options){
		.file = name, .readonly = true,
	});
	snprintf(command, sizeof(command), LOSETUP "-d %s", name);
	if (system(command))	/* it goes with the last descriptor */
		tap_diag("%s stays", name);
	use_disk(blk);
	tap_ok(load(bar + CONFIG + 20, 4) == 4096 &&
	       load(bar + CONFIG, 8) == DISK_SECTORS,
	       "a disk tells its block size");
}

/* ---- random numbers --------------------------------------------------------- */

static void test_rng(void)
{
	unsigned char *data = memory_at(DATA_GPA, 64);
	unsigned char sum = 0;

	use(2);
	start(0);
	memset(data, 0, 64);
	put_desc(0, DATA_GPA, 64, WRITE);
	offer(0);
	wait_for_device();
	for (unsigned int i = 0; i < 64; i++)
		sum |= data[i];
	tap_ok(sum, "there are random numbers");
	store(bar + STATUS, 1, 0);
	memset(data, 0, 64);
	store(bar + NOTIFY, 2, 0);
	tap_ok(!load(bar + STATUS, 1) && !data[0], "and none after a reset");
}

/* A queue that is enabled after DRIVER_OK was never checked: it stays off. */
static void test_late_queue(void)
{
	negotiate(0);
	memset(memory_at(DESC_GPA, 0x3000), 0, 0x3000);
	avail_idx = 0;
	store(bar + STATUS, 1, READY);
	set_queue(DESC_GPA, AVAIL_GPA, USED_GPA);
	tap_ok(!load(bar + QUEUE_ENABLE, 2),
	       "a queue cannot be enabled after DRIVER_OK");
	put_desc(0, DATA_GPA, 64, WRITE);
	offer(0);
	start(0);
	put_desc(0, DATA_GPA, 64, WRITE);
	offer(0);
	tap_ok(wait_for_device(), "and does no harm until the reset");
	store(bar + STATUS, 1, 0);
}

/* ---- a network card --------------------------------------------------------- */

#define TX_DATA_GPA	(DATA_GPA + 0x4000)

/* A link that sends each packet back, twice. */
static unsigned char echoed[NET_PACKET_MAX];
static size_t echo_len;
static atomic_uint echo_rounds;

static void echo_send(struct net_link *link, const unsigned char *packet,
		      size_t len)
{
	(void)link;
	memcpy(echoed, packet, len);
	echo_len = len;
}

static unsigned int echo_fds;		/* more than a card has room for at first */
static atomic_uint echo_handled;
static struct net *echo_net;

static unsigned int echo_watch(struct net_link *link, struct pollfd *fds,
			       unsigned int max, int *timeout, int room)
{
	(void)link;
	(void)room;
	echo_rounds++;
	for (unsigned int i = 0; i < echo_fds && i < max; i++)
		fds[i] = (struct pollfd) { .fd = -1 };
	if (echo_len)
		*timeout = 0;
	return echo_fds;
}

static void echo_handle(struct net_link *link, struct net *net,
			const struct pollfd *fds, unsigned int count)
{
	(void)link;
	(void)fds;
	echo_net = net;
	echo_handled = count;
	if (!echo_len)
		return;
	net_receive(net, echoed, echo_len);
	net_receive(net, echoed, echo_len);
	echo_len = 0;
}

/* The two queues of a card are each other's: both can be enabled too late. */
static void test_late_net(void)
{
	negotiate(0);
	store(bar + STATUS, 1, READY);
	set_queue(DESC_GPA, AVAIL_GPA, USED_GPA);
	store(bar + QUEUE_SELECT, 2, 1);
	store(bar + QUEUE_ENABLE, 2, 1);
	store(bar + NOTIFY, 2, 0);
	store(bar + NOTIFY + 4, 2, 0);
	tap_ok(load(bar + STATUS, 1) == READY && !load(bar + QUEUE_ENABLE, 2),
	       "nor can those of a card");
	store(bar + STATUS, 1, 0);
}

#define IDLE_MS	20

/* A link without descriptors: only the driver's kicks end the wait. */
static void test_idle_net(void)
{
	const struct timespec tick = { .tv_nsec = IDLE_MS * 1000000 };
	unsigned int before;

	store(bar + NOTIFY + 4, 2, 0);
	before = echo_rounds;
	nanosleep(&tick, NULL);
	tap_ok(echo_rounds - before < 5, "a card that has nothing to do waits");
}

static void start_net(uint32_t features)
{
	negotiate(features);
	memset(memory_at(DESC_GPA, OTHER_RINGS + 0x3000), 0, OTHER_RINGS + 0x3000);
	avail_idx = 0;
	set_queue(DESC_GPA, AVAIL_GPA, USED_GPA);
	store(bar + QUEUE_SELECT, 2, 1);
	store(bar + QUEUE_SIZE, 2, SIZE);
	store(bar + QUEUE_DESC, 8, DESC_GPA + OTHER_RINGS);
	store(bar + QUEUE_AVAIL, 8, AVAIL_GPA + OTHER_RINGS);
	store(bar + QUEUE_USED, 8, USED_GPA + OTHER_RINGS);
	store(bar + QUEUE_ENABLE, 2, 1);
	store(bar + STATUS, 1, READY);
}

static void send_packet(uint32_t len)
{
	uint16_t idx = *(uint16_t *)memory_at(AVAIL_GPA + OTHER_RINGS + 2, 2);

	put(DESC_GPA + OTHER_RINGS, TX_DATA_GPA, 8);
	put(DESC_GPA + OTHER_RINGS + 8, len, 4);
	atomic_thread_fence(memory_order_release);
	put(AVAIL_GPA + OTHER_RINGS + 2, idx + 1, 2);
	store(bar + NOTIFY + 4, 2, 0);
}

static void test_net(void)
{
	static struct net_link echo = {
		.name = "an echo", .mtu = 9000, .send = echo_send, .watch = echo_watch,
		.handle = echo_handle,
	};
	static const uint8_t mac[6] = { 2, 1, 2, 3, 4, 5 };
	unsigned char *got = memory_at(DATA_GPA, 0x4000);

	echo_fds = 700;
	net_init(&echo, mac, 0, SSI_ACPI_PCI_WINDOW);
	use(3);
	tap_ok(load(bar + CONFIG, 4) == 0x03020102 &&
	       load(bar + CONFIG + 6, 2) == 1, "a card tells its address");
	test_late_net();
	start_net(0);
	test_idle_net();
	put_desc(0, DATA_GPA, 2000, WRITE);
	put_desc(1, DATA_GPA + 2048, 100, WRITE);
	offer(0);
	offer(1);
	memset(memory_at(TX_DATA_GPA, 12), 0, 12);
	memset(memory_at(TX_DATA_GPA + 12, 1500), 0x5a, 1500);
	send_packet(1512);
	wait_for_device();
	tap_ok(got[10] == 1 && !got[11] && got[12] == 0x5a &&
	       got[1511] == 0x5a && get_used_len(0) == 1512,
	       "a packet goes out and comes back");
	tap_ok(get_used_len(1) == 0 && !got[2048],
	       "one without room for it is lost");
	tap_ok(echo_handled == echo_fds, "any number of descriptors is watched");
	send_packet(0x20000);
	send_packet(5);
	put(AVAIL_GPA + OTHER_RINGS + 2, 99, 2);
	store(bar + NOTIFY + 4, 2, 0);
	avail_idx++;	/* nothing will come */
	tap_ok(!wait_for_device(), "packets of no size, and a broken ring");
	store(bar + STATUS, 1, 0);
}

/* Receive buffers of @each bytes. */
static void offer_buffers(unsigned int first, unsigned int count, uint32_t each)
{
	for (unsigned int i = first; i < first + count; i++) {
		put_desc(i, DATA_GPA + i * 0x400, each, WRITE);
		offer(i);
	}
}

/* A packet of 1500 bytes that the link sends back. Return: buffers used. */
static unsigned int bounce(unsigned int wanted)
{
	unsigned int rounds = echo_rounds;
	uint16_t before = used_idx();

	memset(memory_at(TX_DATA_GPA, 12), 0, 12);
	for (unsigned int i = 0; i < 1500; i++)
		put(TX_DATA_GPA + 12 + i, i % 251, 1);
	send_packet(1512);
	for (unsigned int ms = 0; ms < 2000; ms++) {
		const struct timespec tick = { .tv_nsec = 1000000 };

		if ((uint16_t)(used_idx() - before) >= wanted &&
		    echo_rounds > rounds + 1 && ms > 20)
			break;
		nanosleep(&tick, NULL);
	}
	return (uint16_t)(used_idx() - before);
}

static bool is_bounced(unsigned int first, unsigned int each)
{
	for (unsigned int i = 0; i < 1500; i++) {
		unsigned int at = 12 + i;
		uint64_t gpa = DATA_GPA + (first + at / each) * 0x400 + at % each;

		if (*(unsigned char *)memory_at(gpa, 1) != i % 251)
			return false;
	}
	return true;
}

#define MERGE_RESULTS	5

/* The link sends each packet back twice, if it can. */
static void test_merged(void)
{
	start_net(1u << VIRTIO_NET_F_MRG_RXBUF);
	offer_buffers(0, 3, 600);
	tap_ok(bounce(3) == 3 && is_bounced(0, 600) &&
	       *(uint16_t *)memory_at(DATA_GPA + 10, 2) == 3,
	       "a packet takes three buffers and says so");
	tap_ok(get_used_len(0) == 600 && get_used_len(1) == 600 &&
	       get_used_len(2) == 312, "each tells its bytes");
	offer_buffers(3, 2, 600);
	tap_ok(!bounce(0), "without buffers for all of it, it is lost");
	offer_buffers(5, 2, 600);
	tap_ok(bounce(3) == 3 && is_bounced(3, 600), "the buffers are not");
	store(bar + STATUS, 1, 0);
	start_net(1u << VIRTIO_NET_F_MRG_RXBUF);
	offer_buffers(0, 1, 11);
	bounce(0);
	tap_ok(load(bar + STATUS, 1) & NEEDS_RESET,
	       "a buffer without room for a header breaks the device");
	store(bar + STATUS, 1, 0);
}

static void test_net_config(struct net *net)
{
	store(bar + DEVICE_SELECT, 4, 0);
	tap_ok((load(bar + DEVICE_FEATURES, 4) & 1u << VIRTIO_NET_F_MTU) &&
	       load(bar + CONFIG + 10, 2) == 9000, "it tells its link's MTU");
	start_net(0);
	load(bar + ISR, 1);
	net_lose_link(net);
	tap_ok(!load(bar + CONFIG + 6, 2) && load(bar + ISR, 1) == 2,
	       "and that the link has gone");
	store(bar + STATUS, 1, 0);
}

int main(void)
{
	char path[] = "/tmp/ssi-disk-XXXXXX";
	int fd = mkstemp(path);
	struct blk *blk;

	if (fd < 0 || ftruncate(fd, DISK_SECTORS * 512))
		tap_bail("no file: %s", strerror(errno));
	tap_plan(51 + 6 + 6 + FULL_RESULTS + 17 + MERGE_RESULTS);
	libvmm_make_ram(RAM_GPA, RAM_SIZE);
	pci_init(NULL);
	blk = blk_open(&(struct disk_options){ .file = path });
	blk_init(blk, 2, 0, SSI_ACPI_PCI_WINDOW);
	rng_init(0, SSI_ACPI_PCI_WINDOW);
	use(1);
	test_negotiation();
	test_window();
	test_disk(fd);
	test_bad_requests();
	test_broken_driver();
	test_broken_queues();
	test_reset_in_flight();
	test_disk_noise();
	store(bar + STATUS, 1, 0);
	test_images(path);
	test_rng();
	test_late_queue();
	test_net();
	test_merged();
	test_net_config(echo_net);
	test_large_blocks(path);
	unlink(path);
	test_given_blocks();
	test_sizes();
	test_full();
	test_without_ring();
	fflush(stdout);
	/* Threads of the devices are asleep: leave without them. */
	_exit(tap_exit());
}
