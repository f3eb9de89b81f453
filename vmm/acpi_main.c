// SPDX-License-Identifier: GPL-2.0-or-later
/* ssi-acpi: writes the ACPI tables of a guest to files. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/number.h"
#include "config.h"
#include "loader_linux.h"
#include "log.h"
#include "output.h"
#include "tables.h"

static const char usage[] =
"Usage: ssi-acpi CONFIG -o DIR\n"
"       ssi-acpi --node cpus=N,memory=SIZE ... [--distances D,D,...] -o DIR\n"
"Write the ACPI tables of a guest to DIR/*.aml.\n"
"\n"
"  CONFIG                         cluster file, as for ssi-vmm\n"
"  -n, --node cpus=N,memory=SIZE  one node of the guest; repeat for more\n"
"  -d, --distances D,D,...        distances, row by row; a row has the\n"
"                                 distances from one node (10 and 20)\n"
"  -o, --output DIR               folder for the tables; created if missing\n"
"  -h, --help                     print this text\n"
"\n"
"SIZE is a number with M or G, or a number of MiB, and a multiple of 2 MiB.\n";

/**
 * struct arguments - the command line
 * @config: the cluster's file; NULL: the nodes are options
 * @distances: as given, or NULL
 * @output: directory
 * @guest: what the tables are of
 */
struct arguments {
	const char *config;
	const char *distances;
	const char *output;
	struct options guest;
};

static uint64_t parse_memory(const char *text)
{
	uint64_t bytes;
	const char *why = config_parse_size(text, &bytes);

	if (why)
		die(EXIT_USAGE, "The memory \"%s\" %s.", text, why);
	return bytes;
}

static uint32_t parse_cpus(const char *text)
{
	uint64_t value;

	if (!number_parse(text, UINT16_MAX, &value))
		die(EXIT_USAGE, "\"%s\" is not a number of CPUs.", text);
	return value;
}

static void parse_node(struct options *guest, char *text)
{
	static char *const keys[] = { "cpus", "memory", NULL };
	struct node_options *node;
	char *value;

	if (guest->num_nodes == SSI_DSM_MAX_NODES)
		die(EXIT_USAGE, "A guest has at most %d nodes.",
		    SSI_DSM_MAX_NODES);
	node = &guest->nodes[guest->num_nodes++];
	while (*text) {
		int key = getsubopt(&text, keys, &value);

		if (key < 0 || !value)
			die(EXIT_USAGE, "--node needs cpus=N,memory=SIZE; it does not know \"%s\".",
			    value ? value : keys[key]);
		if (key == 0)
			node->cpus = parse_cpus(value);
		else
			node->memory = parse_memory(value);
	}
}

static void take_argument(struct arguments *arguments, int option)
{
	switch (option) {
	case 'n':
		parse_node(&arguments->guest, optarg);
		break;
	case 'd':
		arguments->distances = optarg;
		break;
	case 'o':
		arguments->output = optarg;
		break;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		exit(EXIT_USAGE);
	}
}

static void parse_arguments(struct arguments *arguments, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "node", required_argument, NULL, 'n' },
		{ "distances", required_argument, NULL, 'd' },
		{ "output", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "n:d:o:h", longs, NULL)) != -1)
		take_argument(arguments, option);
	if (optind < argc)
		arguments->config = argv[optind++];
	if (optind < argc)
		die(EXIT_USAGE, "The argument \"%s\" is not expected; there is one CONFIG at most.",
		    argv[optind]);
	if (arguments->config &&
	    (arguments->guest.num_nodes || arguments->distances))
		die(EXIT_USAGE, "--node and --distances cannot be used with a CONFIG, which has the nodes and their distances.");
	if (!arguments->config && !arguments->guest.num_nodes)
		die(EXIT_USAGE, "No node was given; give a CONFIG, or use --node cpus=N,memory=SIZE.");
	if (!arguments->output)
		die(EXIT_USAGE, "No output directory was given; use -o DIR.");
}

static void parse_distances(const char *text, struct options *guest)
{
	static uint8_t distances[SSI_DSM_MAX_NODES * SSI_DSM_MAX_NODES];
	unsigned int nodes = guest->num_nodes, count = nodes * nodes;

	for (unsigned int i = 0; i < count; i++) {
		uint64_t value;
		const char *end = number_read(text, &value);

		if (!end || value > 255 ||
		    *end != (i + 1 < count ? ',' : '\0'))
			die(EXIT_USAGE, "--distances needs %u numbers up to 255 with commas between them.",
			    count);
		distances[i] = value;
		text = end + 1;
	}
	for (unsigned int i = 0; i < nodes; i++)
		guest->nodes[i].distances = &distances[i * nodes];
}

/* "FACP" is written to facp.aml; the RSDP's "RSD " to rsdp.aml. */
static void table_file_name(const struct ssi_acpi_table *table, char name[9])
{
	memcpy(name, table->signature, 4);
	if (!memcmp(name, "RSD ", 4))
		name[3] = 'P';
	for (int i = 0; i < 4; i++)
		name[i] = tolower((unsigned char)name[i]);
	memcpy(name + 4, ".aml", 5);
}

static void write_file(int dir, const char *dir_name, const char *name,
		       const void *data, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			0666);
	ssize_t written;

	if (fd < 0)
		die(EXIT_HOST, "Cannot create %s/%s: %m.", dir_name, name);
	written = write(fd, data, len);
	if (written >= 0 && (size_t)written < len)
		errno = ENOSPC;
	if ((size_t)written != len || close(fd))
		die(EXIT_HOST, "Cannot write %s/%s: %m.", dir_name, name);
}

static void write_tables(const char *dir_name, const uint8_t *tables,
			 const struct ssi_acpi_map *map)
{
	int dir;

	if (mkdir(dir_name, 0777) && errno != EEXIST)
		die(EXIT_HOST, "Cannot create the directory %s: %m.", dir_name);
	dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		die(EXIT_HOST, "Cannot open the directory %s: %m.", dir_name);
	for (unsigned int i = 0; i < map->count; i++) {
		const struct ssi_acpi_table *table = &map->tables[i];
		char name[9];

		table_file_name(table, name);
		write_file(dir, dir_name, name, tables + table->offset,
			   table->size);
	}
	close(dir);
}

/* ssi-vmm must accept a cluster; nodes from the command line may be larger. */
static const char *place(const struct arguments *arguments,
			 struct ssi_layout *layout)
{
	const char *why = tables_place(&arguments->guest, layout);

	if (!why && arguments->config)
		why = tables_check_cpus(layout);
	return why;
}

static void read_guest(struct arguments *arguments)
{
	if (arguments->config) {
		config_load(arguments->config, &arguments->guest);
		config_check_nodes(&arguments->guest);
		return;
	}
	arguments->guest.pm_timer = PM_TIMER_ON;
	if (arguments->distances)
		parse_distances(arguments->distances, &arguments->guest);
}

int main(int argc, char **argv)
{
	static uint8_t tables[SSI_ACPI_MAX_SIZE] __attribute__((aligned(64)));
	static struct arguments arguments;
	static struct ssi_layout layout;
	struct ssi_acpi_config config;
	struct ssi_acpi_map map;
	const char *why;

	output_claim_descriptors();
	log_set_program("ssi-acpi");
	parse_arguments(&arguments, argc, argv);
	read_guest(&arguments);
	why = place(&arguments, &layout);
	if (!why)
		why = tables_describe(&arguments.guest, &layout,
				      tables_have_pm_timer(&arguments.guest),
				      &config);
	if (why)
		die(EXIT_USAGE, "This guest configuration is not possible: %s.", why);
	if (ssi_acpi_build_map(&config, LOADER_ACPI_GPA, tables,
			       sizeof(tables), &map))
		die(EXIT_USAGE, "The tables of this guest do not fit into %zu bytes.",
		    sizeof(tables));
	write_tables(arguments.output, tables, &map);
	return 0;
}
