// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does a CPU that was taken offline come back, also at once? The check tries
 * the last one of each node, unless it is CPU 0, which a kernel may not allow.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"
#include "report.h"
#include "workers.h"

#define ROUNDS	3

static const struct machine_cpu *last_of_node(const struct machine *machine,
					      int node)
{
	const struct machine_cpu *last = NULL;

	for (int i = 0; i < machine->num_cpus; i++)
		if (machine->cpus[i].node == node && machine->cpus[i].id)
			last = &machine->cpus[i];
	return last;
}

static bool set_online(const struct machine_cpu *cpu, bool online)
{
	char path[64];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online",
		 cpu->id);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, online ? "1" : "0", 1) != 1)
		err = errno;
	if (fd >= 0)
		close(fd);
	if (err)
		report_fail("CPU %d does not go %s: %s.", cpu->id,
			    online ? "online" : "offline", strerror(err));
	return !err;
}

static void tell_cpu(int index, void *arg)
{
	(void)index;
	*(int *)arg = sched_getcpu();
}

/* A thread runs there, which also takes interrupts to wake it. */
static bool runs(const struct machine_cpu *cpu)
{
	int found = -1;

	if (workers_run(cpu, 1, tell_cpu, &found))
		return false;
	if (found != cpu->id)
		report_fail("A thread for CPU %d ran on CPU %d.", cpu->id,
			    found);
	return found == cpu->id;
}

static double replug(const struct machine_cpu *cpu)
{
	double slowest = 0;

	for (int round = 0; round < ROUNDS; round++) {
		double begun = report_now();

		if (!set_online(cpu, false) || !set_online(cpu, true) ||
		    !runs(cpu))
			break;
		if (report_now() - begun > slowest)
			slowest = report_now() - begun;
	}
	return slowest;
}

void check_hotplug(const struct machine *machine,
		   const struct settings *settings)
{
	double slowest = 0;
	int count = 0;

	(void)settings;
	for (int node = 0; node < machine->num_nodes; node++) {
		const struct machine_cpu *cpu = last_of_node(machine, node);
		double seconds;

		if (!cpu)
			continue;
		seconds = replug(cpu);
		if (seconds > slowest)
			slowest = seconds;
		count++;
	}
	if (count)
		report_key("cpus=%d rounds=%d slowest_s=%.2f", count, ROUNDS,
			   slowest);
	else
		report_skip("hotplug");
}
