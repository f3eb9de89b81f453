// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When the threads of virtio devices stop and go on: vmm/virtio/life.c, with
 * the balloon, which waits for other nodes, and the random number generator.
 *
 * Another thread plays a CPU that resets the device, and the main thread the one
 * that reads the other nodes' messages: it brings the answer that the balloon
 * waits for, and may not wait for the device lock.
 */
#include <pthread.h>
#include <stdarg.h>
#include <unistd.h>

#include "../../vmm/cluster.h"
#include "../../vmm/discard.h"
#include "../../vmm/irq.h"
#include "../../vmm/log.h"
#include "../../vmm/pci.h"
#include "../../vmm/stop.h"
#include "../../vmm/virtio/balloon.h"
#include "../../vmm/virtio/rng.h"
#include "libvmm.h"
#include "virtio_driver.h"

#define REPORTING	(1u << 5)
#define REPORTS		2	/* the queue's number */
#define PAGE		4096u
#define NODES		2
#define QUIET_NS	20000000	/* enough for a thread to do something */
#define COMMAND		4		/* in configuration space */
#define COMMAND_MEMORY	2
#define COMMAND_MASTER	4

/* ---- what the files under test stand on ------------------------------------ */

static atomic_uint num_asked;
static atomic_uint_least64_t asked_offset;
static cluster_handler handle_discarded;

void memory_discard(uint64_t offset, uint64_t len)
{
	(void)offset;
	(void)len;
}

unsigned int cluster_nodes(void)
{
	return NODES;
}

void cluster_handle(enum cluster_type type, size_t len, cluster_handler handler)
{
	(void)len;
	if (type == CLUSTER_DISCARDED)
		handle_discarded = handler;
}

void cluster_send(unsigned int node, enum cluster_type type,
		  const void *payload)
{
	(void)node;
	(void)type;
	(void)payload;
}

/* The balloon asks node 1, which answers when a test lets it. */
void cluster_send_others(enum cluster_type type, const void *payload)
{
	uint64_t offset;

	(void)type;
	memcpy(&offset, payload, sizeof(offset));
	asked_offset = offset;
	num_asked++;
}

static void answer(void)
{
	uint64_t offset = asked_offset;

	handle_discarded(1, &offset);
}

void stop_ask(enum exit_code code, const char *fmt, ...)
{
	(void)fmt;
	tap_bail("the machine is stopped with %d", code);
}

/* ---- helpers ---------------------------------------------------------------- */

static void be_quiet(void)
{
	const struct timespec quiet = { .tv_nsec = QUIET_NS };

	nanosleep(&quiet, NULL);
}

static void wait_for_question(unsigned int number)
{
	const struct timespec tick = { .tv_nsec = 100000 };

	while (num_asked < number)	/* alarm() ends this */
		nanosleep(&tick, NULL);
}

/* A report of four pages is under way: the balloon waits for node 1. */
static void begin_report(void)
{
	unsigned int before = num_asked;

	start(REPORTING);
	put_desc(0, DATA_GPA, 4 * PAGE, WRITE);
	offer(0);
	wait_for_question(before + 1);
}

/* ---- the balloon ------------------------------------------------------------ */

static atomic_bool written;

static void *play_cpu(void *unused)
{
	store(bar + STATUS, 1, 0);
	written = true;
	return unused;
}

static void test_reset(void)
{
	pthread_t cpu;

	begin_report();
	pthread_create(&cpu, NULL, play_cpu, NULL);
	be_quiet();
	tap_ok(load(bar + STATUS, 1) == READY && !written,
	       "a CPU waits in its reset, without the device lock");
	answer();
	pthread_join(cpu, NULL);
	tap_ok(!load(bar + STATUS, 1), "until the balloon has its answer");
}

/* Another CPU that does not wait for the end of the reset. */
static void *play_impatient_cpu(void *unused)
{
	store(bar + STATUS, 1, ACKNOWLEDGE | DRIVER);
	store(bar + DRIVER_FEATURES, 4, REPORTING);
	store(bar + DRIVER_SELECT, 4, 1);
	store(bar + DRIVER_FEATURES, 4, VERSION_1);
	memset(memory_at(DESC_GPA + OTHER_RINGS, 0x3000), 0, 0x3000);
	put(DESC_GPA + OTHER_RINGS, DATA_GPA + 8 * PAGE, 8);
	put(DESC_GPA + OTHER_RINGS + 8, PAGE, 4);
	put(DESC_GPA + OTHER_RINGS + 12, WRITE, 2);
	put(AVAIL_GPA + OTHER_RINGS + 2, 1, 2);
	set_queue(DESC_GPA + OTHER_RINGS, AVAIL_GPA + OTHER_RINGS,
		  USED_GPA + OTHER_RINGS);
	store(bar + STATUS, 1, READY);
	return unused;
}

static void test_impatient_driver(void)
{
	unsigned int before = num_asked;
	pthread_t cpu, second;

	begin_report();
	pthread_create(&cpu, NULL, play_cpu, NULL);
	be_quiet();
	pthread_create(&second, NULL, play_impatient_cpu, NULL);
	be_quiet();
	tap_ok(num_asked == before + 1,
	       "a device whose threads have not ended can be set up");
	answer();
	wait_for_question(before + 2);
	tap_ok(asked_offset == DATA_GPA - RAM_GPA + 8 * PAGE,
	       "when they have, it works with the new queues");
	answer();
	while (!*(_Atomic uint16_t *)memory_at(USED_GPA + OTHER_RINGS + 2, 2))
		be_quiet();
	tap_ok(true, "and answers there");
	pthread_join(cpu, NULL);
	pthread_join(second, NULL);
	store(bar + STATUS, 1, 0);
}

/* ---- the bus master bit ----------------------------------------------------- */

static void set_command(unsigned int slot, uint16_t command)
{
	store(ecam(slot, COMMAND), 2, command);
}

static void ask_for_numbers(void)
{
	memset(memory_at(DATA_GPA, 64), 0, 64);
	put_desc(0, DATA_GPA, 64, WRITE);
	offer(0);
}

static bool has_numbers(void)
{
	unsigned char sum = 0;

	for (unsigned int i = 0; i < 64; i++)
		sum |= *(unsigned char *)memory_at(DATA_GPA + i, 1);
	return sum;
}

static void test_master(unsigned int slot)
{
	unsigned int before;

	start(0);
	ask_for_numbers();
	wait_for_device();
	be_quiet();
	before = libvmm_interrupts;
	set_command(slot, COMMAND_MEMORY);
	ask_for_numbers();
	store(bar + QUEUE_SELECT, 2, 0);
	be_quiet();
	tap_ok(used_idx() == 1 && !has_numbers() && libvmm_interrupts == before,
	       "a device that is no bus master leaves memory alone");
	set_command(slot, COMMAND_MEMORY | COMMAND_MASTER);
	wait_for_device();
	be_quiet();
	tap_ok(used_idx() == 2 && has_numbers() && libvmm_interrupts > before,
	       "and goes on where it was when it is one again");
	set_command(slot, COMMAND_MEMORY);
	store(bar + STATUS, 1, 0);
	tap_ok(!load(bar + STATUS, 1), "it can be reset meanwhile");
	start(0);
	ask_for_numbers();
	be_quiet();
	tap_ok(!used_idx() && load(bar + STATUS, 1) == READY,
	       "and does not begin before it is bus master");
	set_command(slot, COMMAND_MEMORY | COMMAND_MASTER);
	tap_ok(wait_for_device() && has_numbers(), "but then");
	store(bar + STATUS, 1, 0);
}

int main(void)
{
	struct options options = { .num_nodes = NODES };

	tap_plan(10);
	alarm(DEADLINE_S);
	libvmm_make_ram(RAM_GPA, RAM_SIZE);
	discard_init(&options);
	pci_init(NULL);
	balloon_init(0, SSI_ACPI_PCI_WINDOW);
	rng_init(0, SSI_ACPI_PCI_WINDOW);
	use(1);
	queue_number = REPORTS;
	test_reset();
	test_impatient_driver();
	use(2);
	test_master(2);
	fflush(stdout);
	/* Threads of the devices are asleep: leave without them. */
	_exit(tap_exit());
}
