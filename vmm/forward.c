// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Port and MMIO accesses go to the node that has the device. A CPU's accesses
 * to one node keep their order, since the channel does; only reads and writes
 * to configuration space wait.
 */
#include "forward.h"

#include <pthread.h>
#include <stddef.h>

#include "../acpi/ssi_acpi.h"
#include "cluster.h"
#include "pci_ports.h"
#include "route.h"
#include "stop.h"

/* Payload of CLUSTER_IO. */
struct io_message {
	uint64_t addr;
	uint64_t value;
	uint32_t cpu;
	uint8_t space;
	uint8_t len;
	uint8_t is_write;
	uint8_t reserved;
};

/* Payload of CLUSTER_IO_REPLY. */
struct io_reply {
	uint64_t value;
	uint32_t cpu;
	uint32_t reserved;
};

_Static_assert(sizeof(struct io_message) == 24, "no holes");
_Static_assert(sizeof(struct io_reply) == 16, "no holes");

/* What a CPU's thread waits for; forward_lock protects all of them. */
static struct {
	bool waiting;
	unsigned int node;	/* that is to answer */
	uint64_t value;
	pthread_cond_t done;
} forward_cpus[OPTIONS_MAX_CPUS];

static unsigned int forward_num_cpus;
static pthread_mutex_t forward_lock = PTHREAD_MUTEX_INITIALIZER;

/*
 * A write to configuration space ends when it has been done, as on PCI Express
 * (2.4.1 there): what it moves is elsewhere then.
 */
static bool is_answered(enum bus_space space, uint64_t addr, bool is_write)
{
	return !is_write || (space == BUS_MMIO && addr >= SSI_ACPI_PCI_ECAM &&
			     addr - SSI_ACPI_PCI_ECAM < SSI_ACPI_PCI_ECAM_SIZE);
}

static void access_here(struct forward_access *access)
{
	if (access->is_write)
		bus_write(access->space, access->addr, access->len,
			  access->value);
	else
		access->value = bus_read(access->space, access->addr,
					 access->len);
}

static void handle_io(unsigned int node, const void *payload)
{
	const struct io_message *m = payload;
	struct forward_access access = {
		.space = m->space, .addr = m->addr, .len = m->len,
		.is_write = m->is_write, .value = m->value,
	};
	struct io_reply reply = { .cpu = m->cpu };

	if (m->space > BUS_MMIO || m->is_write > 1 || m->cpu >= forward_num_cpus ||
	    (m->len != 1 && m->len != 2 && m->len != 4 && m->len != 8) ||
	    cluster_self() != route_of(m->space, m->addr)) {
		stop_ask(EXIT_NODE_LOST, "Node %u sent an access to a device that makes no sense.",
			 node);
		return;
	}
	access_here(&access);
	if (!is_answered(access.space, access.addr, access.is_write))
		return;
	reply.value = access.value;
	cluster_send(node, CLUSTER_IO_REPLY, &reply);
}

static void refuse_reply(unsigned int node)
{
	stop_ask(EXIT_NODE_LOST, "Node %u answered an access that nobody made.",
		 node);
}

static void handle_reply(unsigned int node, const void *payload)
{
	const struct io_reply *reply = payload;
	bool expected;

	if (reply->cpu >= forward_num_cpus) {
		refuse_reply(node);
		return;
	}
	pthread_mutex_lock(&forward_lock);
	expected = forward_cpus[reply->cpu].waiting &&
		   forward_cpus[reply->cpu].node == node;
	if (expected) {
		forward_cpus[reply->cpu].value = reply->value;
		forward_cpus[reply->cpu].waiting = false;
		pthread_cond_signal(&forward_cpus[reply->cpu].done);
	}
	pthread_mutex_unlock(&forward_lock);
	if (!expected)
		refuse_reply(node);
}

static uint64_t wait_for_reply(unsigned int cpu)
{
	uint64_t value;

	pthread_mutex_lock(&forward_lock);
	while (forward_cpus[cpu].waiting)
		pthread_cond_wait(&forward_cpus[cpu].done, &forward_lock);
	value = forward_cpus[cpu].value;
	pthread_mutex_unlock(&forward_lock);
	return value;
}

static void access_there(unsigned int cpu, unsigned int node,
			 struct forward_access *access)
{
	const struct io_message m = {
		.addr = access->addr, .value = access->value, .cpu = cpu,
		.space = access->space, .len = access->len,
		.is_write = access->is_write,
	};
	bool waits = is_answered(access->space, access->addr, access->is_write);

	pthread_mutex_lock(&forward_lock);
	forward_cpus[cpu].waiting = waits;
	forward_cpus[cpu].node = node;
	pthread_mutex_unlock(&forward_lock);
	cluster_send(node, CLUSTER_IO, &m);
	if (waits)
		access->value = wait_for_reply(cpu);
}

void forward_access(unsigned int cpu, struct forward_access *access)
{
	unsigned int node;

	if (pci_ports_access(access))
		return;
	node = route_of(access->space, access->addr);
	if (cluster_self() == node)
		access_here(access);
	else
		access_there(cpu, node, access);
}

void forward_init(unsigned int cpus)
{
	forward_num_cpus = cpus;
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		pthread_cond_init(&forward_cpus[cpu].done, NULL);
	cluster_handle(CLUSTER_IO, sizeof(struct io_message), handle_io);
	cluster_handle(CLUSTER_IO_REPLY, sizeof(struct io_reply), handle_reply);
}
