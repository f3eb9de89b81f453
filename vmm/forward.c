// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Port and MMIO accesses go to the node that has the device.
 *
 * DOC: Theory of operation
 *
 * A CPU's accesses to one node keep their order, since the channel does and one
 * thread there does them one after the other. An access waits for an answer: a
 * CPU goes on after a write when the device has the value, and may tell another
 * CPU, which is nearer to the device. Only writes to PCI memory are posted, as PCI
 * does it; drivers know that. But every POSTED_MAX-th of a CPU to a node waits: so
 * the messages that wait at a node are limited, however slow its devices are, and
 * however fast the CPUs write.
 *
 * A device may take long: it waits for a page of another node, or for a disk.
 * The reader of the channel must not wait with it, since pages and answers may
 * depend on further messages. So it only puts accesses into a queue, which has
 * room for all that CPUs may have under way; more of them are a violation.
 */
#include "forward.h"

#include <pthread.h>
#include <stddef.h>

#include "../acpi/ssi_acpi.h"
#include "cluster.h"
#include "log.h"
#include "pci_ports.h"
#include "route.h"
#include "stop.h"

#define POSTED_MAX	16	/* posted writes, of a CPU to a node */
#define QUEUE_MAX	(OPTIONS_MAX_CPUS * POSTED_MAX)

/* Payload of CLUSTER_IO. */
struct io_message {
	uint64_t addr;
	uint64_t value;
	uint32_t cpu;
	uint8_t space;
	uint8_t len;
	uint8_t is_write;
	uint8_t waits;		/* the sender waits for an answer */
};

/* Payload of CLUSTER_IO_REPLY. */
struct io_reply {
	uint64_t value;
	uint32_t cpu;
	uint32_t reserved;
};

_Static_assert(sizeof(struct io_message) == 24, "no holes");
_Static_assert(sizeof(struct io_reply) == 16, "no holes");

/* The answer that a CPU's thread waits for; forward_lock protects all of them. */
static struct {
	bool waiting;
	unsigned int node;	/* that is to answer */
	uint64_t value;
	pthread_cond_t done;
} forward_cpus[OPTIONS_MAX_CPUS];

/* Posted writes since the last answer; by the CPU's thread only. */
static uint8_t forward_posted[OPTIONS_MAX_CPUS][SSI_DSM_MAX_NODES];

/* Accesses of other nodes' CPUs that were not done yet, a ring. */
static struct {
	pthread_mutex_t lock;	/* protects what follows */
	pthread_cond_t filled;	/* @count is not 0 any more */
	struct {
		unsigned int node;
		struct io_message m;
	} accesses[QUEUE_MAX];
	unsigned int first;
	unsigned int count;
} forward_queue = {
	.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER,
};

static unsigned int forward_num_cpus;
static pthread_mutex_t forward_lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_pci_memory(const struct forward_access *access)
{
	return access->space == BUS_MMIO &&
	       access->addr >= SSI_ACPI_PCI_WINDOW &&
	       access->addr - SSI_ACPI_PCI_WINDOW < SSI_ACPI_PCI_WINDOW_SIZE;
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

/*
 * The sender may have looked up its node before a BAR was moved; then nothing
 * is at the address, as far as this access is concerned.
 */
static void serve_access(unsigned int node, const struct io_message *m)
{
	struct forward_access access = {
		.space = m->space, .addr = m->addr, .len = m->len,
		.is_write = m->is_write, .value = m->value,
	};
	struct io_reply reply = { .value = UINT64_MAX, .cpu = m->cpu };

	if (cluster_self() == route_of(m->space, m->addr)) {
		access_here(&access);
		reply.value = access.value;
	} else {
		log_debug("Node %u has sent an access to 0x%llx, which is not on this node any more.",
			  node, (unsigned long long)m->addr);
	}
	if (m->waits)
		cluster_send(node, CLUSTER_IO_REPLY, &reply);
}

static void *serve_accesses(void *unused)
{
	struct io_message m;
	unsigned int node;

	for (;;) {
		pthread_mutex_lock(&forward_queue.lock);
		while (!forward_queue.count)
			pthread_cond_wait(&forward_queue.filled,
					  &forward_queue.lock);
		m = forward_queue.accesses[forward_queue.first].m;
		node = forward_queue.accesses[forward_queue.first].node;
		forward_queue.first = (forward_queue.first + 1) % QUEUE_MAX;
		forward_queue.count--;
		pthread_mutex_unlock(&forward_queue.lock);
		serve_access(node, &m);
	}
	return unused;
}

/* Return: there was room for it. */
static bool queue_access(unsigned int node, const struct io_message *m)
{
	bool has_room;
	unsigned int last;

	pthread_mutex_lock(&forward_queue.lock);
	has_room = forward_queue.count < QUEUE_MAX;
	if (has_room) {
		last = (forward_queue.first + forward_queue.count) % QUEUE_MAX;
		forward_queue.accesses[last].m = *m;
		forward_queue.accesses[last].node = node;
		forward_queue.count++;
		pthread_cond_signal(&forward_queue.filled);
	}
	pthread_mutex_unlock(&forward_queue.lock);
	return has_room;
}

static void handle_io(unsigned int node, const void *payload)
{
	const struct io_message *m = payload;

	if (m->space > BUS_MMIO || m->is_write > 1 || m->waits > 1 ||
	    (!m->is_write && !m->waits) || m->cpu >= forward_num_cpus ||
	    (m->len != 1 && m->len != 2 && m->len != 4 && m->len != 8)) {
		stop_ask(EXIT_NODE_LOST, "Node %u has sent an access to a device with impossible values.",
			 node);
		return;
	}
	if (!queue_access(node, m))
		stop_ask(EXIT_NODE_LOST, "Node %u has sent more than %u accesses to devices without waiting for answers.",
			 node, QUEUE_MAX);
}

static void refuse_reply(unsigned int node)
{
	stop_ask(EXIT_NODE_LOST, "Node %u has answered an access that this node did not send.",
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

/* Does this access wait for an answer? */
static bool waits(unsigned int cpu, unsigned int node,
		  const struct forward_access *access)
{
	uint8_t *posted = &forward_posted[cpu][node];

	if (access->is_write && is_pci_memory(access) &&
	    ++*posted < POSTED_MAX)
		return false;
	*posted = 0;	/* what was sent before is done before */
	return true;
}

static void access_there(unsigned int cpu, unsigned int node,
			 struct forward_access *access)
{
	const struct io_message m = {
		.addr = access->addr, .value = access->value, .cpu = cpu,
		.space = access->space, .len = access->len,
		.is_write = access->is_write, .waits = waits(cpu, node, access),
	};

	pthread_mutex_lock(&forward_lock);
	forward_cpus[cpu].waiting = m.waits;
	forward_cpus[cpu].node = node;
	pthread_mutex_unlock(&forward_lock);
	cluster_send(node, CLUSTER_IO, &m);
	if (m.waits)
		access->value = wait_for_reply(cpu);
}

static void access_part(unsigned int cpu, struct forward_access *access)
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

/* The largest aligned access at the beginning of a range. */
static unsigned int first_part(uint64_t addr, unsigned int len)
{
	unsigned int part = 4;

	while (part > len || addr % part)
		part /= 2;
	return part;
}

void forward_access(unsigned int cpu, struct forward_access *access)
{
	uint64_t value = 0;
	struct forward_access part;

	if (!(access->len & (access->len - 1))) {
		access_part(cpu, access);
		return;
	}
	/* KVM splits what crosses a page: 4 bytes are 3 and 1 then. */
	for (unsigned int done = 0; done < access->len; done += part.len) {
		part = *access;
		part.addr += done;
		part.len = first_part(part.addr, access->len - done);
		part.value >>= 8 * done;
		access_part(cpu, &part);
		value |= (part.value & ((1ull << 8 * part.len) - 1)) <<
			 8 * done;
	}
	access->value = value;
}

/* A read of nothing: the writes that were sent before are done before. */
void forward_settle(unsigned int cpu)
{
	for (unsigned int node = 0; node < cluster_nodes(); node++) {
		struct forward_access nothing = {
			.space = BUS_MMIO, .addr = UINT64_MAX, .len = 1,
		};

		if (forward_posted[cpu][node])
			access_there(cpu, node, &nothing);
	}
}

void forward_init(unsigned int cpus)
{
	forward_num_cpus = cpus;
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		pthread_cond_init(&forward_cpus[cpu].done, NULL);
	cluster_handle(CLUSTER_IO, sizeof(struct io_message), handle_io);
	cluster_handle(CLUSTER_IO_REPLY, sizeof(struct io_reply), handle_reply);
}

void forward_serve(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, serve_accesses, NULL))
		die(EXIT_HOST, "The host gives no thread for the accesses of other nodes.");
	pthread_detach(thread);
}
