// SPDX-License-Identifier: GPL-2.0-or-later
/* The CPUs, nodes and memory that the guest's kernel sees. */
#include "machine.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define NODE_DIR	"/sys/devices/system/node"
#define CPU_DIR		"/sys/devices/system/cpu"

void machine_read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");

	line[0] = '\0';
	if (!file)
		return;
	if (!fgets(line, size, file))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	fclose(file);
}

int machine_parse_list(const char *text, int *numbers, int max)
{
	int count = 0;

	while (*text) {
		char *end;
		long first = strtol(text, &end, 10), last = first;

		if (end == text)
			break;
		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		while (first <= last && count < max)
			numbers[count++] = first++;
		text = *end ? end + 1 : end;
	}
	return count;
}

int machine_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static uint64_t find_number(const char *path, const char *key)
{
	char line[256];
	uint64_t value = 0;
	FILE *file = fopen(path, "re");

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		const char *found = strstr(line, key);

		if (found) {
			value = strtoull(found + strlen(key), NULL, 10);
			break;
		}
	}
	fclose(file);
	return value;
}

uint64_t machine_meminfo(const char *key)
{
	char pattern[64];

	snprintf(pattern, sizeof(pattern), "%s:", key);
	return find_number("/proc/meminfo", pattern);
}

/* The zones of a node name the RAM that firmware reported, in pages. */
static uint64_t present_kib(int node)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	unsigned long long pages, sum = 0;
	char line[256];
	int current = -1;

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Node %d,", &current) == 1)
			continue;
		if (current == node &&
		    sscanf(line, " present %llu", &pages) == 1)
			sum += pages;
	}
	fclose(file);
	return sum * 4;
}

static void read_node(struct machine_node *node, int id)
{
	char path[128], line[256];

	node->id = id;
	snprintf(path, sizeof(path), NODE_DIR "/node%d/meminfo", id);
	node->total_kib = find_number(path, "MemTotal:");
	node->present_kib = present_kib(id);
	snprintf(path, sizeof(path), NODE_DIR "/node%d/distance", id);
	machine_read_line(path, line, sizeof(line));
	node->num_distances = machine_parse_list(line, node->distances,
						 MAX_NODES);
}

static int read_nodes(struct machine *machine)
{
	int ids[MAX_NODES];
	char line[256];

	machine_read_line(NODE_DIR "/online", line, sizeof(line));
	machine->num_nodes = machine_parse_list(line, ids, MAX_NODES);
	for (int i = 0; i < machine->num_nodes; i++)
		read_node(&machine->nodes[i], ids[i]);
	if (machine->num_nodes)
		return 0;
	fprintf(stderr, "ssi-check: No NUMA node is listed in %s/online.\n",
		NODE_DIR);
	return -1;
}

static void add_cpu(struct machine *machine, int id, int node)
{
	struct machine_cpu *cpu = &machine->cpus[machine->num_cpus++];
	char path[128], line[64];

	cpu->id = id;
	cpu->node = node;
	snprintf(path, sizeof(path),
		 CPU_DIR "/cpu%d/topology/physical_package_id", id);
	machine_read_line(path, line, sizeof(line));
	cpu->package = line[0] ? atoi(line) : -1;
}

/* Round by round, one CPU of each node. */
static int read_cpus(struct machine *machine)
{
	static int ids[MAX_NODES][MAX_CPUS];
	char path[128], line[256];
	bool added = true;

	for (int i = 0; i < machine->num_nodes; i++) {
		snprintf(path, sizeof(path), NODE_DIR "/node%d/cpulist",
			 machine->nodes[i].id);
		machine_read_line(path, line, sizeof(line));
		machine->nodes[i].num_cpus =
			machine_parse_list(line, ids[i], MAX_CPUS);
	}
	for (int round = 0; added; round++) {
		added = false;
		for (int i = 0; i < machine->num_nodes; i++) {
			if (round >= machine->nodes[i].num_cpus ||
			    machine->num_cpus == MAX_CPUS)
				continue;
			add_cpu(machine, ids[i][round], i);
			added = true;
		}
	}
	if (machine->num_cpus)
		return 0;
	fprintf(stderr, "ssi-check: No node of %s has a CPU.\n", NODE_DIR);
	return -1;
}

int machine_read(struct machine *machine)
{
	memset(machine, 0, sizeof(*machine));
	if (read_nodes(machine))
		return -1;
	return read_cpus(machine);
}

/* The order of the CPUs puts the first one of each node in front. */
int machine_pairs(const struct machine *machine, struct machine_pair *pairs)
{
	int first = 1, count = 0;

	while (first < machine->num_cpus &&
	       machine->cpus[first].node > machine->cpus[first - 1].node)
		first++;
	for (int i = 0; i < first; i++) {
		for (int j = i + 1; j < first; j++) {
			pairs[count].cpus[0] = machine->cpus[i];
			pairs[count++].cpus[1] = machine->cpus[j];
		}
	}
	if (first == 1 && machine->num_cpus > 1) {
		pairs[count].cpus[0] = machine->cpus[0];
		pairs[count++].cpus[1] = machine->cpus[1];
	}
	return count;
}

static void print_cpuinfo(const char *key)
{
	char line[256];
	FILE *file = fopen("/proc/cpuinfo", "re");

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		const char *value = strchr(line, ':');

		if (value && !strncmp(line, key, strlen(key))) {
			printf("%-20s%s", key, value + 2);
			break;
		}
	}
	fclose(file);
}

static void print_file(const char *title, const char *path)
{
	char line[256];

	machine_read_line(path, line, sizeof(line));
	if (line[0])
		printf("%-20s%s\n", title, line);
}

static void print_node(const struct machine_node *node)
{
	char path[128], line[256];

	snprintf(path, sizeof(path), NODE_DIR "/node%d/cpulist", node->id);
	machine_read_line(path, line, sizeof(line));
	printf("NUMA node%-2d         CPUs %s, %llu MiB, distances", node->id,
	       line[0] ? line : "none",
	       (unsigned long long)node->total_kib >> 10);
	for (int i = 0; i < node->num_distances; i++)
		printf(" %d", node->distances[i]);
	putchar('\n');
}

void machine_print(const struct machine *machine)
{
	struct utsname name;

	if (!uname(&name))
		printf("%-20s%s\n", "Kernel", name.release);
	print_cpuinfo("vendor_id");
	print_cpuinfo("model name");
	print_file("On-line CPUs", CPU_DIR "/online");
	printf("%-20s%llu MiB\n", "Memory",
	       (unsigned long long)machine_meminfo("MemTotal") >> 10);
	printf("%-20s%d\n", "NUMA nodes", machine->num_nodes);
	for (int i = 0; i < machine->num_nodes; i++)
		print_node(&machine->nodes[i]);
	print_file("NUMA balancing", "/proc/sys/kernel/numa_balancing");
	print_file("Clock source",
		   "/sys/devices/system/clocksource/clocksource0/current_clocksource");
	fflush(stdout);
}
