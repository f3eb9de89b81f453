// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Find the node of the device at an address.
 *
 * DOC: Theory of operation
 *
 * Each node with PCI devices has buses and a window for BARs of its own
 * (acpi/layout.c), so the address alone tells the node. Linux keeps BARs in the
 * windows. OVMF treats all windows as one, and puts the BARs of any node at its
 * beginning: these BARs are strays, outside of their node's window. OVMF runs on
 * FORWARD_DEVICE_NODE, which is told the addresses of strays and looks there
 * first; so does the node that has them. Linux moves them back.
 *
 * (A file of fw_cfg, etc/hardware-info, could describe the windows to OVMF. With
 * it Debian's OVMF, 2022.11, uses variables that it has not initialised, and finds
 * no room for any BAR.)
 */
#include "route.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "../acpi/ssi_acpi.h"
#include "cluster.h"
#include "forward.h"
#include "log.h"
#include "stop.h"

#define MAX_RANGES	(2 * SSI_DSM_MAX_NODES)
#define MAX_STRAYS	512

/* Payload of CLUSTER_BAR. */
struct bar_message {
	uint64_t base;
	uint64_t size;		/* 0: it is in its window, or nowhere */
	uint32_t bar;
	uint32_t reserved;
};

_Static_assert(sizeof(struct bar_message) == 24, "no holes");

/* Memory of devices that are not on FORWARD_DEVICE_NODE. */
static struct {
	uint64_t base;
	uint64_t size;
	unsigned int node;
} route_ranges[MAX_RANGES];

/* Strays; one of size 0 is free. route_lock protects them. */
static struct {
	uint64_t base;
	uint64_t size;
	unsigned int node;
	uint32_t bar;
} route_strays[MAX_STRAYS];

static unsigned int route_num_ranges;
static atomic_uint route_num_strays;
static pthread_mutex_t route_lock = PTHREAD_MUTEX_INITIALIZER;

void route_add_range(uint64_t base, uint64_t size, unsigned int node)
{
	if (route_num_ranges == MAX_RANGES)
		die(EXIT_USAGE, "More than 32 nodes have disks or network cards.");
	route_ranges[route_num_ranges].base = base;
	route_ranges[route_num_ranges].size = size;
	route_ranges[route_num_ranges++].node = node;
}

static unsigned int fixed_node(uint64_t addr)
{
	for (unsigned int i = 0; i < route_num_ranges; i++)
		if (addr >= route_ranges[i].base &&
		    addr - route_ranges[i].base < route_ranges[i].size)
			return route_ranges[i].node;
	return FORWARD_DEVICE_NODE;
}

/* Return: the node of a stray there, or -1. */
static int stray_node(uint64_t addr)
{
	int node = -1;

	if (!atomic_load(&route_num_strays))
		return -1;
	pthread_mutex_lock(&route_lock);
	for (unsigned int i = 0; i < MAX_STRAYS; i++)
		if (addr >= route_strays[i].base &&
		    addr - route_strays[i].base < route_strays[i].size)
			node = route_strays[i].node;
	pthread_mutex_unlock(&route_lock);
	return node;
}

unsigned int route_of(enum bus_space space, uint64_t addr)
{
	int node;

	if (space != BUS_MMIO)
		return FORWARD_DEVICE_NODE;
	node = stray_node(addr);
	return node >= 0 ? (unsigned int)node : fixed_node(addr);
}

/* The entry of a BAR, or a free one; MAX_STRAYS: none. route_lock held. */
static unsigned int find_place(unsigned int node, uint32_t bar)
{
	unsigned int free = MAX_STRAYS;

	for (unsigned int i = 0; i < MAX_STRAYS; i++) {
		if (!route_strays[i].size)
			free = free < i ? free : i;
		else if (route_strays[i].node == node &&
			 route_strays[i].bar == bar)
			return i;
	}
	return free;
}

/* Return: true if this is a change. */
static bool set_stray(unsigned int node, const struct bar_message *m)
{
	bool changes = false;
	unsigned int i;

	pthread_mutex_lock(&route_lock);
	i = find_place(node, m->bar);
	if (i == MAX_STRAYS) {
		log_warn("More than 512 BARs are outside of the windows of their nodes; accesses to further ones go to node 0.");
	} else if (m->size != route_strays[i].size ||
		   (m->size && m->base != route_strays[i].base)) {
		if (!m->size)
			atomic_fetch_sub(&route_num_strays, 1);
		else if (!route_strays[i].size)
			atomic_fetch_add(&route_num_strays, 1);
		route_strays[i].base = m->base;
		route_strays[i].size = m->size;
		route_strays[i].node = node;
		route_strays[i].bar = m->bar;
		changes = true;
	}
	pthread_mutex_unlock(&route_lock);
	return changes;
}

void route_move_bar(uint32_t bar, uint64_t base, uint64_t size)
{
	struct bar_message m = { .base = base, .size = size, .bar = bar };

	if (cluster_self() == FORWARD_DEVICE_NODE)
		return;
	if (fixed_node(base) == cluster_self())
		m.size = 0;
	if (set_stray(cluster_self(), &m))
		cluster_send(FORWARD_DEVICE_NODE, CLUSTER_BAR, &m);
}

static void handle_bar(unsigned int node, const void *payload)
{
	const struct bar_message *m = payload;

	if (m->size && (m->base < SSI_ACPI_PCI_WINDOW ||
			m->size > SSI_ACPI_PCI_WINDOW_SIZE ||
			m->base - SSI_ACPI_PCI_WINDOW >
			SSI_ACPI_PCI_WINDOW_SIZE - m->size)) {
		stop_ask(EXIT_NODE_LOST, "Node %u has reported a BAR outside of the address range for PCI devices.",
			 node);
		return;
	}
	set_stray(node, m);
}

void route_init(void)
{
	cluster_handle(CLUSTER_BAR, sizeof(struct bar_message), handle_bar);
}
