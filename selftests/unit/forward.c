// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The nodes that accesses go to, from each of three: vmm/forward.c and route.c.
 */
#include "../../vmm/forward.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "../../acpi/layout.h"
#include "../../vmm/cluster.h"
#include "../../vmm/log.h"
#include "../../vmm/route.h"
#include "../../vmm/stop.h"
#include "libvmm.h"
#include "tap.h"

#define NODES		3
#define CPU		2
#define HERE		0x11
#define THERE		0x22

/*
 * ---- substitutes for other files of the VMM ---------------------------------
 */

static unsigned int self;	/* the node that this is at the moment */
static int sent_to;		/* -1: nobody */
static uint64_t sent_addr;
static struct bar told;		/* of a BAR */
static atomic_uint accesses;	/* of the devices here */
static atomic_uint replies;	/* to other nodes */
static uint64_t replied;
static unsigned int sent_count, waited;
static uint8_t *written;	/* length of the access at an offset */
static pthread_mutex_t device = PTHREAD_MUTEX_INITIALIZER;
static cluster_handler handlers[CLUSTER_TYPES];

/* The beginning of forward.c's messages. */
struct message {
	uint64_t addr;
	uint64_t value;
	uint32_t cpu;
	uint8_t space, len, is_write, waits;
};

/* The beginning of route.c's message. */
struct bar {
	uint64_t base;
	uint64_t size;
	uint32_t bar;
	uint32_t reserved;
};

struct reply {
	uint64_t value;
	uint32_t cpu;
	uint32_t reserved;
};

unsigned int cluster_self(void)
{
	return self;
}

unsigned int cluster_nodes(void)
{
	return 2;
}

void cluster_handle(enum cluster_type type, size_t len, cluster_handler handler)
{
	(void)len;
	handlers[type] = handler;
}

/* The other node answers at once. */
void cluster_send(unsigned int node, enum cluster_type type,
		  const void *payload)
{
	const struct message *m = payload;
	struct reply reply = { .value = THERE };

	sent_to = node;
	if (type == CLUSTER_IO_REPLY) {
		replied = ((const struct reply *)payload)->value;
		atomic_fetch_add(&replies, 1);
	}
	if (type == CLUSTER_BAR)
		memcpy(&told, payload, sizeof(told));
	if (type != CLUSTER_IO)
		return;
	sent_addr = m->addr;
	sent_count++;
	waited += m->waits;
	if (written)
		written[m->addr - SSI_ACPI_PCI_WINDOW] = m->len;
	reply.cpu = m->cpu;
	if (m->waits)
		handlers[CLUSTER_IO_REPLY](node, &reply);
}

uint64_t bus_read(enum bus_space space, uint64_t addr, unsigned int len)
{
	(void)space;
	(void)len;
	pthread_mutex_lock(&device);
	sent_addr = addr;
	pthread_mutex_unlock(&device);
	atomic_fetch_add(&accesses, 1);
	return HERE;
}

void bus_write(enum bus_space space, uint64_t addr, unsigned int len,
	       uint64_t value)
{
	(void)value;
	bus_read(space, addr, len);
}

/* Wait until a counter has changed, 5 seconds at most. */
static void wait_for(atomic_uint *counter, unsigned int before)
{
	for (unsigned int ms = 0; ms < 5000 && *counter == before; ms++)
		usleep(1000);
}

/* A message of another node, and its answer. */
static void take_io(unsigned int node, const struct message *m)
{
	atomic_uint *counter = m->waits ? &replies : &accesses;
	unsigned int before = *counter, refused = libvmm_stops;

	handlers[CLUSTER_IO](node, m);
	if (libvmm_stops == refused)
		wait_for(counter, before);
}

/*
 * ---- accesses ---------------------------------------------------------------
 */

static struct ssi_layout layout;

static void make_cluster(void)
{
	struct ssi_layout_node nodes[NODES];

	for (unsigned int i = 0; i < NODES; i++)
		nodes[i] = (struct ssi_layout_node){ 1, 64 << 20 };
	ssi_layout_make(&layout, nodes, NODES);
	ssi_layout_add_pci_root(&layout, 2);
	forward_init(NODES);
	forward_serve();
	route_init();
	route_add_range(SSI_ACPI_PCI_ECAM +
			((uint64_t)layout.pci_roots[1].first_bus << 20),
			8 << 20, 2);
	route_add_range(layout.pci_roots[1].window,
			layout.pci_roots[1].window_size, 2);
}

/* Does a read from every node reach @node, and arrive at @arrives? */
static bool reaches(enum bus_space space, uint64_t addr, int node,
		    uint64_t arrives)
{
	bool right = true;

	for (self = 0; self < NODES; self++) {
		struct forward_access access = {
			.space = space, .addr = addr, .len = 1,
		};

		sent_to = -1;
		forward_access(CPU, &access);
		right &= sent_to == (node == (int)self ? -1 : node) &&
			 access.value == (node == (int)self ? HERE : THERE) &&
			 sent_addr == arrives;
	}
	return right;
}

/* The value of the address port is each node's own. */
static void set_address(uint32_t address)
{
	for (self = 0; self < NODES; self++) {
		struct forward_access access = {
			.space = BUS_PORT, .addr = SSI_ACPI_PCI_PORTS,
			.len = 4, .is_write = true, .value = address,
		};

		sent_to = -1;
		forward_access(CPU, &access);
		if (sent_to >= 0)
			tap_bail("the address port has left its node");
	}
}

static void test_places(void)
{
	const struct ssi_acpi_pci_root *far = &layout.pci_roots[1];
	uint64_t bus = SSI_ACPI_PCI_ECAM + ((uint64_t)far->first_bus << 20);
	uint64_t end = far->window + far->window_size;

	tap_ok(reaches(BUS_PORT, SSI_ACPI_SERIAL_PORT, 0, SSI_ACPI_SERIAL_PORT),
	       "the serial port is on node 0");
	tap_ok(reaches(BUS_PORT, 0xcf9, 0, 0xcf9), "so is the reset port");
	tap_ok(reaches(BUS_MMIO, SSI_ACPI_PCI_ECAM, 0, SSI_ACPI_PCI_ECAM) &&
	       reaches(BUS_MMIO, SSI_ACPI_PCI_WINDOW, 0, SSI_ACPI_PCI_WINDOW),
	       "so are the first bus and the first window");
	tap_ok(reaches(BUS_MMIO, far->window, 2, far->window) &&
	       reaches(BUS_MMIO, end - 1, 2, end - 1) &&
	       reaches(BUS_MMIO, end, 0, end),
	       "a window of node 2 is on node 2");
	tap_ok(reaches(BUS_MMIO, bus, 2, bus) &&
	       reaches(BUS_MMIO, bus - 1, 0, bus - 1),
	       "and so are its buses");
	set_address(0x80000000u | (uint32_t)far->first_bus << 16 | 3 << 11 | 8);
	tap_ok(reaches(BUS_PORT, 0xcfd, 2, bus + (3 << 15) + 9),
	       "the data port leads to the bus that the address names");
	set_address(0x80000000u | 0x1f << 11 | 0x40);
	tap_ok(reaches(BUS_PORT, 0xcfc, 0,
		       SSI_ACPI_PCI_ECAM + (0x1f << 15) + 0x40),
	       "be it one of node 0");
}

/*
 * From a CPU of node 1: the mock hangs if it waits for an answer that never
 * comes.
 */
static void test_writes(void)
{
	struct forward_access access = {
		.space = BUS_MMIO, .len = 4, .is_write = true,
		.addr = SSI_ACPI_PCI_ECAM + 0x10,
	};
	struct message m = {
		.addr = access.addr, .cpu = CPU, .len = 4, .is_write = 1,
		.space = BUS_MMIO, .waits = 1,
	};

	self = 1;
	waited = 0;
	forward_access(CPU, &access);
	tap_ok(sent_to == 0 && !libvmm_stops,
	       "a write to configuration space is answered");
	access.addr = SSI_ACPI_IOAPIC_BASE;
	forward_access(CPU, &access);
	tap_ok(waited == 2, "so is one to the IOAPIC");
	access.space = BUS_PORT;
	access.addr = SSI_ACPI_SERIAL_PORT;
	access.len = 1;
	forward_access(CPU, &access);
	tap_ok(waited == 3, "and one to a port");
	access.space = BUS_MMIO;
	access.addr = SSI_ACPI_PCI_WINDOW;
	access.len = 4;
	forward_access(CPU, &access);
	tap_ok(sent_to == 0 && waited == 3 && !libvmm_stops,
	       "one to PCI memory is posted");
	self = 0;
	sent_to = -1;
	take_io(1, &m);
	tap_ok(sent_to == 1 && replied == 0, "its node answers the one");
	sent_to = -1;
	m.addr = SSI_ACPI_PCI_WINDOW;
	m.waits = 0;
	take_io(1, &m);
	tap_ok(sent_to == -1, "and not the other");
}

/* A CPU that only writes: how many messages can wait at the other node? */
static void test_limit(void)
{
	struct forward_access access = {
		.space = BUS_MMIO, .len = 4, .is_write = true,
		.addr = SSI_ACPI_PCI_WINDOW,
	};

	self = 1;
	sent_count = 0;
	waited = 0;
	for (unsigned int i = 0; i < 160; i++)
		forward_access(CPU, &access);
	tap_ok(sent_count == 160 && waited == 10,
	       "every 16th of a CPU's writes waits for an answer");
}

/* KVM splits an access across pages into pieces of any length. */
static void test_odd_lengths(void)
{
	struct forward_access access = {
		.space = BUS_MMIO, .len = 3, .addr = SSI_ACPI_PCI_WINDOW + 0xffd,
		.is_write = true,
	};
	uint8_t lengths[0x2000] = { 0 };

	written = lengths;
	self = 1;
	forward_access(CPU, &access);
	tap_ok(lengths[0xffd] == 1 && lengths[0xffe] == 2,
	       "three bytes at the end of a page are one and two");
	access.addr = SSI_ACPI_PCI_WINDOW + 0x1000;
	access.len = 7;
	forward_access(CPU, &access);
	tap_ok(lengths[0x1000] == 4 && lengths[0x1004] == 2 &&
	       lengths[0x1006] == 1, "seven bytes are four, two and one");
	written = NULL;
	access.is_write = false;
	forward_access(CPU, &access);
	tap_ok(access.value == (THERE | (uint64_t)THERE << 32 |
				(uint64_t)THERE << 48),
	       "what they read is put together");
}

/* A slow device, as one that waits for a page. */
static void test_slow_device(void)
{
	struct message m = {
		.addr = SSI_ACPI_PCI_WINDOW, .cpu = CPU, .len = 4,
		.is_write = 1, .space = BUS_MMIO,
	};
	unsigned int before = accesses, refused = libvmm_stops;

	self = 0;
	pthread_mutex_lock(&device);
	for (unsigned int i = 0; i < 254 * 16; i++)
		handlers[CLUSTER_IO](1, &m);
	tap_ok(accesses == before && libvmm_stops == refused,
	       "messages are taken while a device is busy");
	handlers[CLUSTER_IO](1, &m);
	handlers[CLUSTER_IO](1, &m);
	tap_ok(libvmm_stops > refused, "but not more than CPUs may send");
	pthread_mutex_unlock(&device);
	while (accesses - before < 254 * 16)
		wait_for(&accesses, accesses);
}

/* A BAR of node 2; what it says goes to node 0. */
static void move_bar(uint64_t base, uint64_t size)
{
	memset(&told, 0xff, sizeof(told));
	sent_to = -1;
	self = 2;
	route_move_bar(7, base, size);
	self = 0;
	if (sent_to == 0)
		handlers[CLUSTER_BAR](2, &told);
}

static bool is_seen(uint64_t addr, unsigned int from, unsigned int node)
{
	self = from;
	return route_of(BUS_MMIO, addr) == node;
}

static void test_strays(void)
{
	const struct ssi_acpi_pci_root *far = &layout.pci_roots[1];
	const uint64_t at = SSI_ACPI_PCI_WINDOW + 0x4000;
	struct bar bad = { .base = 0x1000, .size = 0x1000, .bar = 7 };
	unsigned int before = libvmm_stops;

	move_bar(far->window, 0x4000);
	tap_ok(sent_to == -1, "nobody hears of a BAR in its window");
	move_bar(at, 0x4000);
	tap_ok(sent_to == 0 && told.base == at && told.size == 0x4000,
	       "node 0 hears of one that strays");
	tap_ok(is_seen(at, 0, 2) && is_seen(at + 0x3fff, 2, 2) &&
	       is_seen(at - 1, 0, 0) && is_seen(at + 0x4000, 0, 0),
	       "the two find it, and nothing beside it");
	move_bar(at, 0x4000);
	tap_ok(sent_to == -1, "nobody hears twice");
	move_bar(at + 0x10000, 0x4000);
	tap_ok(is_seen(at, 0, 0) && is_seen(at + 0x10000, 0, 2),
	       "it may move");
	move_bar(at + 0x10000, 0);
	tap_ok(told.size == 0 && is_seen(at + 0x10000, 0, 0) &&
	       is_seen(at + 0x10000, 2, 0), "or go");
	move_bar(at, 0x4000);
	move_bar(far->window, 0x4000);
	tap_ok(told.size == 0 && is_seen(at, 0, 0) && is_seen(at, 2, 0) &&
	       is_seen(far->window, 0, 2), "or go back");
	self = 0;
	handlers[CLUSTER_BAR](2, &bad);
	bad.base = SSI_ACPI_PCI_WINDOW;
	bad.size = UINT64_MAX;
	handlers[CLUSTER_BAR](2, &bad);
	tap_ok(libvmm_stops == before + 2 && is_seen(0x1000, 0, 0),
	       "one where no BAR can be is refused");
	for (uint32_t i = 0; i < 600; i++) {
		bad.base = SSI_ACPI_PCI_WINDOW + (uint64_t)i * 0x4000;
		bad.size = 0x4000;
		bad.bar = i;
		handlers[CLUSTER_BAR](2, &bad);
	}
	tap_ok(is_seen(SSI_ACPI_PCI_WINDOW + 511 * 0x4000, 0, 2) &&
	       is_seen(SSI_ACPI_PCI_WINDOW + 512 * 0x4000, 0, 0) &&
	       libvmm_stops == before + 2, "more than 512 are not followed");
}

static void test_bad_messages(void)
{
	struct message m = { .addr = layout.pci_roots[1].window, .len = 4,
			     .cpu = CPU, .space = BUS_MMIO, .waits = 1 };
	const struct reply reply = { .cpu = CPU };
	const struct reply far = { .cpu = NODES };

	unsigned int before = libvmm_stops;

	self = 2;
	take_io(1, &m);
	tap_ok(libvmm_stops == before && sent_to == 1 && replied == HERE,
	       "an access by message is answered");
	self = 0;
	take_io(1, &m);
	tap_ok(libvmm_stops == before && replied == UINT64_MAX,
	       "one to what has moved away reads all ones");
	self = 2;
	m.len = 3;
	handlers[CLUSTER_IO](1, &m);
	m.len = 4;
	m.cpu = NODES;
	handlers[CLUSTER_IO](1, &m);
	m.cpu = CPU;
	m.space = 9;
	handlers[CLUSTER_IO](1, &m);
	m.space = BUS_MMIO;
	m.waits = 0;
	handlers[CLUSTER_IO](1, &m);
	tap_ok(libvmm_stops == before + 4, "impossible values are refused");
	handlers[CLUSTER_IO_REPLY](1, &reply);
	handlers[CLUSTER_IO_REPLY](1, &far);
	tap_ok(libvmm_stops == before + 6, "and an answer that nobody waits for");
}

int main(void)
{
	tap_plan(32);
	make_cluster();
	test_places();
	test_writes();
	test_limit();
	test_odd_lengths();
	test_slow_device();
	test_bad_messages();
	test_strays();
	return tap_exit();
}
