// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which CPUs and which memory of the host the guest uses.
 *
 * Memory has the policy of the process (set_mempolicy(2)), which its threads inherit.
 * So it is that of a guest of one node, and of pages that a thread of this process
 * takes for a region; pages that the module takes for other nodes come from where the
 * module's worker runs.
 */
#include "pin.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config_tree.h"
#include "log.h"

static const struct node_options *own(const struct options *options)
{
	return &options->nodes[options->self];
}

/* A cgroup, or the affinity of ssi-vmm itself, may forbid some CPUs. */
static void check_cpus(const struct node_options *node)
{
	unsigned int count = CPU_COUNT(&node->vcpupin);
	cpu_set_t usable, wanted;

	if (!count)
		return;
	if (count != node->cpus)
		config_refuse(node->place, "The vcpupin of node %u has %u CPUs of the host, and the guest has %u CPUs there; name one for each.",
			      node->id, count, node->cpus);
	if (sched_getaffinity(0, sizeof(usable), &usable))
		die(EXIT_HOST, "The host does not tell which CPUs ssi-vmm may use: %s.",
		    strerror(errno));
	CPU_AND(&wanted, &usable, &node->vcpupin);
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &node->vcpupin) && !CPU_ISSET(cpu, &wanted))
			config_refuse(node->place, "The vcpupin of node %u has CPU %u, which this host does not have, or ssi-vmm may not use.",
				      node->id, cpu);
}

static void bind_memory(const struct node_options *node)
{
	unsigned long mask = node->nodeset;

	if (!mask)
		return;
	if (syscall(SYS_set_mempolicy, MPOL_BIND, &mask, sizeof(mask) * 8 + 1))
		config_refuse(node->place, "The guest's memory on node %u cannot come from the NUMA nodes of nodeset: %s; numactl -H lists those of this host.",
			      node->id, strerror(errno));
}

void pin_prepare(const struct options *options)
{
	check_cpus(own(options));
	bind_memory(own(options));
}

int pin_next(const struct options *options)
{
	static int last = -1;

	if (!CPU_COUNT(&own(options)->vcpupin))
		return -1;
	for (last++; last < CPU_SETSIZE; last++)
		if (CPU_ISSET(last, &own(options)->vcpupin))
			return last;
	return -1;
}

void pin_here(int cpu)
{
	cpu_set_t one;

	if (cpu < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		log_warn("A CPU of the guest cannot stay on CPU %d of the host: %s.",
			 cpu, strerror(errno));
}
