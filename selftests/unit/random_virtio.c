// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random drivers of the virtio devices: two CPUs, and the thread that carries
 * out what other nodes' CPUs do, use all of them at once, well enough that they
 * start, and then as no driver may, while the rings change below them.
 *
 * Whatever they do, each access has an end, and in the end each device can be
 * reset and negotiated with.
 */
#include <string.h>
#include <sys/mman.h>

#include "../../vmm/discard.h"
#include "../../vmm/irq.h"
#include "../../vmm/pci.h"
#include "../../vmm/term.h"
#include "../../vmm/virtio/balloon.h"
#include "../../vmm/virtio/blk.h"
#include "../../vmm/virtio/console.h"
#include "../../vmm/virtio/net.h"
#include "../../vmm/virtio/rng.h"
#include "echo_link.h"
#include "libvmm.h"
#include "random.h"
#include "virtio_driver.h"

#define SECONDS		16
#define DISK_SIZE	(1 << 20)
#define DEVICES		5
#define QUEUES		3
#define THREADS		3
#define QUEUE_STRIDE	0x4000u	/* of rings in RAM */
#define DEVICE_STRIDE	(QUEUES * QUEUE_STRIDE)
#define AVAIL_AT	0x2000u
#define USED_AT		0x3000u
#define COMMAND		4
#define BAR		0x10

static unsigned char *ram;
static atomic_ullong num_characters;

/* ---- what the devices stand on ---------------------------------------------- */

/* The guest sees zeroes, or what was there. */
void discard_memory(const void *host, uint64_t len)
{
	unsigned char *at = ram + ((const unsigned char *)host - ram);

	if (len)
		at[random_below(len)] = 0;
}

bool term_has_room(void)
{
	return random_below(4);
}

void term_print(const unsigned char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		atomic_fetch_add(&num_characters, data[i] & 1);
}

/* ---- devices, in slots from 1 on -------------------------------------------- */

static struct blk *blk;
static char disk_path[64];

static void add_disk(void)
{
	struct disk_options disk = { .block_size = 512 << random_below(4) };
	char path[] = "/tmp/ssi-random-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || ftruncate(fd, DISK_SIZE))
		tap_bail("%s cannot be made", path);
	disk.file = strdup(path);
	blk = blk_open(&disk);
	blk_init(blk, 2, 0, SSI_ACPI_PCI_WINDOW);
	snprintf(disk_path, sizeof(disk_path), "/proc/self/fd/%d", fd);
	unlink(path);
}

/* The image grows and shrinks meanwhile. */
static void *resize(void *unused)
{
	const struct timespec rest = { .tv_nsec = 10000000 };

	random_state = random_run.seed + 2000;
	for (;;) {
		if (!random_below(4) &&
		    truncate(disk_path, DISK_SIZE / 2 * (1 + random_below(4))))
			tap_bail("%s cannot be resized", disk_path);
		blk_look(blk);
		nanosleep(&rest, NULL);
	}
	return unused;
}

static void add_devices(void)
{
	static const uint8_t mac[6] = { 2 };

	pci_init(NULL);
	add_disk();
	net_init(&echo_link, mac, 0, SSI_ACPI_PCI_WINDOW);
	console_init(0, SSI_ACPI_PCI_WINDOW);
	rng_init(0, SSI_ACPI_PCI_WINDOW);
	balloon_init(0, SSI_ACPI_PCI_WINDOW);
}

/* Characters for the console; waits while it takes none. */
static void *type(void *unused)
{
	random_state = random_run.seed + 1000;
	for (;;) {
		unsigned char text[300];

		memset(text, 'x', sizeof(text));
		console_input(text, 1 + random_below(sizeof(text)));
	}
	return unused;
}

/* ---- a driver --------------------------------------------------------------- */

static uint64_t bar_of(unsigned int slot)
{
	return load(ecam(slot, BAR), 4) & ~0xfull;
}

static uint64_t rings_of(unsigned int slot, unsigned int queue)
{
	return RAM_GPA + (slot - 1) * DEVICE_STRIDE + queue * QUEUE_STRIDE;
}

static uint64_t random_address(void)
{
	switch (random_below(8)) {
	case 0:
		return random_odd();
	case 1:
		return RAM_GPA + RAM_SIZE - random_below(600);
	default:
		return RAM_GPA + random_below(RAM_SIZE);
	}
}

/* RAM of the guest, which devices read and write at the same time. */
static void put_ram(uint64_t gpa, const void *data, size_t len)
{
	const unsigned char *from = data;
	unsigned char *to = memory_at(gpa, len);

	for (size_t i = 0; to && i < len; i++)
		__atomic_store_n(to + i, from[i], __ATOMIC_RELAXED);
}

static void scribble_desc(unsigned int slot, unsigned int queue)
{
	struct {
		uint64_t addr;
		uint32_t len;
		uint16_t flags, next;
	} desc = {
		.addr = random_address(),
		.len = random_below(8) ? random_below(2048) : random_odd(),
		.flags = random_below(8) ? random_below(4) : random_bits(),
		.next = random_below(16) ? random_below(16) : random_bits(),
	};

	put_ram(rings_of(slot, queue) + 16 * random_below(16), &desc,
		sizeof(desc));
}

/* A request as disks have them: header, data, status. */
static void put_request(unsigned int slot, unsigned int queue)
{
	static const uint8_t types[] = { 0, 1, 4, 8, 11, 13, 99 };
	uint64_t at = RAM_GPA + 0xe0000 + 64 * random_below(64);
	struct {
		uint64_t addr;
		uint32_t len;
		uint16_t flags, next;
	} chain[3] = {
		{ at, 16, NEXT, 1 },
		{ random_address(), random_below(9) * 512,
		  NEXT | (random_below(2) ? WRITE : 0), 2 },
		{ at + 32, 1, WRITE, 0 },
	};
	uint64_t header[2] = {
		types[random_below(sizeof(types))],
		random_below(8) ? random_below(DISK_SIZE / 512) : random_odd(),
	};

	put_ram(at, header, sizeof(header));
	put_ram(rings_of(slot, queue), chain, sizeof(chain));
}

/* Announce some entries, now and then more than there can be. */
static void offer_some(unsigned int slot, unsigned int queue)
{
	uint64_t avail = rings_of(slot, queue) + AVAIL_AT;
	uint16_t *idx = memory_at(avail + 2, 2), head, more;

	for (unsigned int i = 0; i < 4; i++) {
		head = random_below(32) ? random_below(16) : random_bits();
		put_ram(avail + 4 + 2 * random_below(16), &head, sizeof(head));
	}
	more = random_below(64) ? random_below(5) : random_bits();
	__atomic_fetch_add(idx, more, __ATOMIC_SEQ_CST);
	store(bar_of(slot) + NOTIFY + 4 * queue, 2, queue);
}

static void set_up(unsigned int slot)
{
	uint64_t regs, rings;

	store(ecam(slot, COMMAND), 2, 6);
	regs = bar_of(slot);
	store(regs + STATUS, 1, 0);
	store(regs + STATUS, 1, ACKNOWLEDGE | DRIVER);
	store(regs + DRIVER_SELECT, 4, 0);
	store(regs + DRIVER_FEATURES, 4, load(regs + DEVICE_FEATURES, 4) &
	      (random_below(2) ? UINT32_MAX : random_bits()));
	store(regs + DRIVER_SELECT, 4, 1);
	store(regs + DRIVER_FEATURES, 4, VERSION_1);
	store(regs + STATUS, 1, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	for (unsigned int queue = 0; queue < QUEUES; queue++) {
		rings = random_below(32) ? rings_of(slot, queue) :
					   random_address();
		if (!random_below(8))
			continue;
		memset(memory_at(rings_of(slot, queue) + AVAIL_AT, 0x2000), 0,
		       0x2000);
		store(regs + QUEUE_SELECT, 2, queue);
		store(regs + QUEUE_SIZE, 2, random_below(32) ? 16 : random_odd());
		store(regs + QUEUE_DESC, 8, rings);
		store(regs + QUEUE_AVAIL, 8, rings + AVAIL_AT);
		store(regs + QUEUE_USED, 8, rings + USED_AT);
		store(regs + QUEUE_VECTOR, 2, random_below(4));
		store(regs + QUEUE_ENABLE, 2, 1);
	}
	store(regs + STATUS, 1, READY);
}

/* Registers of PCI: bus mastering, MSI-X, and BARs over one another. */
static void touch_pci(unsigned int slot)
{
	uint32_t place = SSI_ACPI_PCI_WINDOW + 0x8000 * random_below(16);

	switch (random_below(6)) {
	case 0:
		store(ecam(slot, BAR + 4 * random_below(2)), 4, place);
		break;
	case 1:
		store(ecam(slot, COMMAND), 2, random_bits());
		break;
	case 2:
		store(ecam(slot, random_below(256)), random_len(), random_odd());
		break;
	case 3:
		store(ecam(slot, COMMAND), 2, 6);
		break;
	default:
		store((load(ecam(slot, BAR + 4), 4) & ~0xfull) +
		      random_below(4096), random_len(), random_odd());
	}
}

static void do_anything(void)
{
	unsigned int slot = 1 + random_below(DEVICES);
	unsigned int queue = random_below(QUEUES);
	uint64_t regs = bar_of(slot);

	switch (random_below(16)) {
	case 0:
		set_up(slot);
		break;
	case 1:
		store(regs + random_below(0x4010), random_len(), random_odd());
		break;
	case 2:
		load(regs + random_below(0x4010), random_len());
		break;
	case 3:
		store(regs + STATUS, 1, random_below(2) ? 0 : random_bits());
		break;
	case 4:
		store(regs + QUEUE_SELECT, 2, queue);
		store(regs + QUEUE_SIZE + random_below(32), random_len(),
		      random_odd());
		store(regs + QUEUE_ENABLE, 2, 1);
		store(regs + NOTIFY + 4 * queue, 2, queue);
		break;
	case 5:
		touch_pci(slot);
		break;
	case 6:
	case 7:
		put_request(slot, queue);
		offer_some(slot, queue);
		break;
	case 8:
	case 9:
	case 10:
		scribble_desc(slot, queue);
		break;
	default:
		offer_some(slot, queue);
	}
}

static void *drive(void *arg)
{
	uintptr_t number = (uintptr_t)arg;

	random_state = random_run.seed + number;
	do {
		do_anything();
	} while (random_goes_on());
	return NULL;
}

/* Can a driver use the device, after all that? */
static bool is_well(unsigned int slot)
{
	static const uint32_t ids[DEVICES] = {
		0x10421af4, 0x10411af4, 0x10431af4, 0x10441af4, 0x10451af4,
	};
	double end = random_now() + RANDOM_STALL_S;

	/* out of the way of all others */
	store(ecam(slot, BAR), 4, SSI_ACPI_PCI_WINDOW + 0x1000000 * slot);
	store(ecam(slot, BAR + 4), 4, SSI_ACPI_PCI_WINDOW + 0x1000000 * slot +
	      0x800000);
	use(slot);
	store(bar + STATUS, 1, 0);
	while (load(bar + STATUS, 1) && random_now() < end)
		;
	negotiate(0);
	return load(ecam(slot, 0), 4) == ids[slot - 1] &&
	       load(bar + STATUS, 1) == (ACKNOWLEDGE | DRIVER | FEATURES_OK);
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS], typist, resizer;

	tap_plan(DEVICES + 1);
	random_begin(argc, argv, SECONDS);
	ram = libvmm_make_ram(RAM_GPA, RAM_SIZE);
	add_devices();
	if (pthread_create(&typist, NULL, type, NULL) ||
	    pthread_create(&resizer, NULL, resize, NULL))
		tap_bail("there is no thread");
	for (uintptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, drive, (void *)i))
			tap_bail("there is no thread");
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	tap_ok(libvmm_interrupts, "%llu operations, %u interrupts, %llu characters",
	       (unsigned long long)random_run.done,
	       libvmm_interrupts, (unsigned long long)num_characters);
	for (unsigned int slot = 1; slot <= DEVICES; slot++)
		tap_ok(is_well(slot), "the device in slot %u can be used", slot);
	fflush(stdout);
	_exit(tap_exit());	/* threads of devices run on */
}
