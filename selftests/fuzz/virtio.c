// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Drivers of the virtio devices: an input is a list of accesses to PCI config
 * space, BARs and rings. Afterwards a driver can reset each device and use it.
 */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "../../vmm/discard.h"
#include "../../vmm/pci.h"
#include "../../vmm/term.h"
#include "../../vmm/virtio/balloon.h"
#include "../../vmm/virtio/blk.h"
#include "../../vmm/virtio/console.h"
#include "../../vmm/virtio/net.h"
#include "../../vmm/virtio/rng.h"
#include "../unit/echo_link.h"
#include "../unit/libvmm.h"
#include "../unit/virtio_driver.h"
#include "fuzz.h"

#define DISK_SIZE	(1 << 20)
#define DEVICES		5
#define QUEUES		3
#define QUEUE_STRIDE	0x4000u	/* of rings in RAM */
#define DEVICE_STRIDE	(QUEUES * QUEUE_STRIDE)
#define AVAIL_AT	0x2000u
#define USED_AT		0x3000u
#define OPS_MAX		200
#define COMMAND		4
#define BAR		0x10

static unsigned char *ram;

/* ---- what the devices stand on ---------------------------------------------- */

void discard_memory(const void *host, uint64_t len)
{
	uint64_t at = (const unsigned char *)host - ram;

	if (at > RAM_SIZE || len > RAM_SIZE - at)
		fuzz_fail("%llu bytes at %llu are discarded",
			  (unsigned long long)len, (unsigned long long)at);
}

bool term_has_room(void)
{
	return true;
}

/* Reads all of it. */
void term_print(const unsigned char *data, size_t len)
{
	static volatile unsigned int sum;

	for (size_t i = 0; i < len; i++)
		sum += data[i];
}

/* ---- devices, in slots from 1 on -------------------------------------------- */

static void add_disk(void)
{
	struct disk_options disk = { .block_size = 512 };
	char path[] = "/tmp/ssi-fuzz-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || ftruncate(fd, DISK_SIZE))
		fuzz_fail("%s cannot be made", path);
	disk.file = strdup(path);
	blk_init(blk_open(&disk), 2, 0, SSI_ACPI_PCI_WINDOW);
	unlink(path);
	close(fd);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const uint8_t mac[6] = { 2 };

	(void)argc;
	(void)argv;
	ram = libvmm_make_ram(RAM_GPA, RAM_SIZE);
	pci_init(NULL);
	add_disk();
	net_init(&echo_link, mac, 0, SSI_ACPI_PCI_WINDOW);
	console_init(0, SSI_ACPI_PCI_WINDOW);
	rng_init(0, SSI_ACPI_PCI_WINDOW);
	balloon_init(0, SSI_ACPI_PCI_WINDOW);
	return 0;
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

static unsigned int take_len(struct fuzz_input *input)
{
	return 1u << fuzz_below(input, 4);
}

/* RAM of the guest, which devices read and write at the same time. */
static void put_ram(uint64_t gpa, const void *data, size_t len)
{
	const unsigned char *from = data;
	unsigned char *to = memory_at(gpa, len);

	for (size_t i = 0; to && i < len; i++)
		__atomic_store_n(to + i, from[i], __ATOMIC_RELAXED);
}

/* Where data is: in RAM, at its end, or nowhere. */
static uint64_t take_address(struct fuzz_input *input)
{
	switch (fuzz_below(input, 8)) {
	case 0:
		return fuzz_number(input, 8);
	case 1:
		return RAM_GPA + RAM_SIZE - fuzz_number(input, 2);
	default:
		return RAM_GPA + 0x40000 + fuzz_number(input, 2);
	}
}

static void put_descriptor(struct fuzz_input *input, uint64_t rings)
{
	struct {
		uint64_t addr;
		uint32_t len;
		uint16_t flags, next;
	} desc;
	unsigned int index = fuzz_below(input, 16);

	desc.addr = take_address(input);
	desc.len = fuzz_number(input, fuzz_below(input, 8) ? 2 : 4);
	desc.flags = fuzz_number(input, 1);
	desc.next = fuzz_number(input, 1);
	put_ram(rings + 16 * index, &desc, sizeof(desc));
}

/* A header of a disk's request, and three descriptors for it. */
static void put_request(struct fuzz_input *input, uint64_t rings)
{
	struct {
		uint64_t addr;
		uint32_t len;
		uint16_t flags, next;
	} chain[3] = {
		{ RAM_GPA + 0x80000, 16, NEXT, 1 },
		{ take_address(input), fuzz_below(input, 16) * 512,
		  NEXT | (fuzz_below(input, 2) ? WRITE : 0), 2 },
		{ RAM_GPA + 0x80020, 1, WRITE, 0 },
	};
	uint64_t header[2] = {
		fuzz_number(input, 1), fuzz_number(input, 2),
	};

	put_ram(RAM_GPA + 0x80000, header, sizeof(header));
	put_ram(rings, chain, sizeof(chain));
}

static void offer_heads(struct fuzz_input *input, unsigned int slot,
			unsigned int queue)
{
	uint64_t avail = rings_of(slot, queue) + AVAIL_AT;
	uint16_t *idx = memory_at(avail + 2, 2), head;
	unsigned int count = fuzz_below(input, 5);

	for (unsigned int i = 0; i < count; i++) {
		head = fuzz_number(input, 1);
		put_ram(avail + 4 + 2 * ((*idx + i) % 16), &head, sizeof(head));
	}
	if (!fuzz_below(input, 32))
		count = fuzz_number(input, 2);
	__atomic_fetch_add(idx, count, __ATOMIC_SEQ_CST);
	store(bar_of(slot) + NOTIFY + 4 * queue, 2, queue);
}

static void set_up(struct fuzz_input *input, unsigned int slot)
{
	uint64_t regs;
	uint32_t features = fuzz_number(input, 4);
	unsigned int shift = fuzz_below(input, 8);

	store(ecam(slot, COMMAND), 2, 6);
	regs = bar_of(slot);
	store(regs + STATUS, 1, 0);
	store(regs + STATUS, 1, ACKNOWLEDGE | DRIVER);
	store(regs + DRIVER_SELECT, 4, 0);
	store(regs + DEVICE_SELECT, 4, 0);
	store(regs + DRIVER_FEATURES, 4,
	      load(regs + DEVICE_FEATURES, 4) & features);
	store(regs + DRIVER_SELECT, 4, 1);
	store(regs + DRIVER_FEATURES, 4, VERSION_1);
	store(regs + STATUS, 1, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	for (unsigned int queue = 0; queue < QUEUES; queue++) {
		uint64_t rings = rings_of(slot, queue);

		memset(memory_at(rings + AVAIL_AT, 0x2000), 0, 0x2000);
		store(regs + QUEUE_SELECT, 2, queue);
		store(regs + QUEUE_SIZE, 2, 1u << shift);
		store(regs + QUEUE_DESC, 8, rings);
		store(regs + QUEUE_AVAIL, 8, rings + AVAIL_AT);
		store(regs + QUEUE_USED, 8, rings + USED_AT);
		store(regs + QUEUE_VECTOR, 2, queue);
		store(regs + QUEUE_ENABLE, 2, 1);
	}
	store(regs + STATUS, 1, READY);
}

static void access_register(struct fuzz_input *input, uint64_t base,
			    unsigned int size)
{
	uint64_t addr = base + fuzz_below(input, size);
	unsigned int len = take_len(input);

	if (fuzz_below(input, 4))
		store(addr, len, fuzz_number(input, len));
	else
		load(addr, len);
}

static void do_one(struct fuzz_input *input)
{
	unsigned int op = fuzz_below(input, 12);
	unsigned int slot = 1 + fuzz_below(input, DEVICES);
	unsigned int queue = fuzz_below(input, QUEUES);

	switch (op) {
	case 0:
		set_up(input, slot);
		break;
	case 1:
		access_register(input, bar_of(slot), 64);
		break;
	case 2:
		access_register(input, bar_of(slot), 0x4010);
		break;
	case 3:
		access_register(input, load(ecam(slot, BAR + 4), 4) & ~0xfull,
				0x1000);
		break;
	case 4:
		access_register(input, ecam(slot, 0), 0x110);
		break;
	case 5:
		put_request(input, rings_of(slot, queue));
		break;
	case 6:
	case 7:
	case 8:
		put_descriptor(input, rings_of(slot, queue));
		break;
	case 9: {
		unsigned char text[16];

		fuzz_take(input, text, sizeof(text));
		put_ram(take_address(input), text, sizeof(text));
		break;
	}
	default:
		offer_heads(input, slot, queue);
	}
}

/* The threads of the devices have a moment. */
static void let_work(void)
{
	static const struct timespec moment = { .tv_nsec = 200000 };

	nanosleep(&moment, NULL);
}

static void check_device(unsigned int slot)
{
	store(ecam(slot, COMMAND), 2, 2);
	store(ecam(slot, BAR), 4, SSI_ACPI_PCI_WINDOW + 0x1000000 * slot);
	store(ecam(slot, BAR + 4), 4,
	      SSI_ACPI_PCI_WINDOW + 0x1000000 * slot + 0x800000);
	use(slot);
	store(bar + STATUS, 1, 0);
	if (load(bar + STATUS, 1))
		fuzz_fail("the device in slot %u is not reset", slot);
	negotiate(0);
	if (load(bar + STATUS, 1) != (ACKNOWLEDGE | DRIVER | FEATURES_OK))
		fuzz_fail("the device in slot %u cannot be used", slot);
	store(bar + STATUS, 1, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };

	echo_len = 0;
	for (unsigned int i = 0; input.size && i < OPS_MAX; i++)
		do_one(&input);
	let_work();
	for (unsigned int slot = 1; slot <= DEVICES; slot++)
		check_device(slot);
	memset(ram, 0, RAM_SIZE);
	return 0;
}
