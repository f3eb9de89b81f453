/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPUs, nodes and memory that the guest's kernel sees. */
#ifndef SSI_GUEST_MACHINE_H
#define SSI_GUEST_MACHINE_H

#include <stddef.h>
#include <stdint.h>

#define MAX_CPUS	256
#define MAX_NODES	32

/**
 * struct machine_cpu - one online CPU
 * @id: its number
 * @node: index into the nodes
 * @package: physical package id
 */
struct machine_cpu {
	int id;
	int node;
	int package;
};

/**
 * struct machine_node - one online NUMA node
 * @id: its number
 * @num_cpus: online CPUs on it
 * @total_kib: MemTotal, the memory that the kernel manages
 * @present_kib: RAM of the node; 0 if the kernel has no figure
 * @distances: to each online node
 * @num_distances: how many
 */
struct machine_node {
	int id;
	int num_cpus;
	uint64_t total_kib;
	uint64_t present_kib;
	int distances[MAX_NODES];
	int num_distances;
};

/**
 * struct machine - all of it
 * @cpus: ordered so that neighbours are on different nodes where possible
 * @num_cpus: how many
 * @nodes: in ascending id
 * @num_nodes: how many
 */
struct machine {
	struct machine_cpu cpus[MAX_CPUS];
	int num_cpus;
	struct machine_node nodes[MAX_NODES];
	int num_nodes;
};

/* Read sysfs. Return: 0, or -1 with a message on stderr. */
int machine_read(struct machine *machine);

/* Print the machine for a person to read. */
void machine_print(const struct machine *machine);

/**
 * struct machine_pair - two CPUs for a test between two
 * @cpus: of different nodes, or of the only one
 */
struct machine_pair {
	struct machine_cpu cpus[2];
};

#define MACHINE_MAX_PAIRS	(MAX_NODES * (MAX_NODES - 1) / 2)

/*
 * A pair of CPUs for each pair of nodes that have any, or one pair of the only
 * node. Return: how many; 0 if there is but one CPU.
 */
int machine_pairs(const struct machine *machine, struct machine_pair *pairs);

/* A value of /proc/meminfo in KiB; 0 if there is none. */
uint64_t machine_meminfo(const char *key);

/* Copy a one-line file without its newline; empty if it cannot be read. */
void machine_read_line(const char *path, char *line, size_t size);

/* Numbers of a list like "0-3,5"; at most max. Return: how many. */
int machine_parse_list(const char *text, int *numbers, int max);

/* Run the calling thread on one CPU only. Return: 0 or -1 with errno. */
int machine_pin(int cpu);

#endif /* SSI_GUEST_MACHINE_H */
