// SPDX-License-Identifier: GPL-2.0-or-later
/* ssi-acpi: writes the ACPI tables that a guest would get to files. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layout.h"
#include "ssi_acpi.h"

#define PROGRAM		"ssi-acpi"
#define TABLES_GPA	0xe0000u

static const char usage[] =
"Usage: ssi-acpi --node cpus=N,memory=SIZE ... [options] -o DIR\n"
"Writes the ACPI tables of a guest with these nodes to DIR/*.aml.\n"
"\n"
"  -n, --node cpus=N,memory=SIZE  one node of the guest; repeat for more\n"
"  -d, --distances D,D,...        node by node, each row \"from\" (10 and 20)\n"
"  -o, --output DIR               where to write; made if it does not exist\n"
"  -h, --help                     this text\n"
"\n"
"SIZE may end in K, M or G and is a multiple of 2 MiB.\n";

struct options {
	struct ssi_layout_node nodes[SSI_ACPI_MAX_NODES];
	unsigned int num_nodes;
	const char *distances;
	const char *output;
};

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs(PROGRAM ": ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static unsigned long long parse_size(const char *text)
{
	static const char units[] = "KMG";
	unsigned long long value;
	const char *unit;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || !isdigit((unsigned char)*text))
		die("\"%s\" is not a size; write for example 256M.", text);
	if (!*end)
		return value;
	unit = strchr(units, toupper((unsigned char)*end));
	if (!unit || end[1] || value >> 33)
		die("\"%s\" is not a size; write for example 256M.", text);
	return value << (10 * (unit - units + 1));
}

static void parse_node(struct options *options, char *text)
{
	static char *const keys[] = { "cpus", "memory", NULL };
	struct ssi_layout_node *node;
	char *value;

	if (options->num_nodes == SSI_ACPI_MAX_NODES)
		die("More than %d nodes were given.", SSI_ACPI_MAX_NODES);
	node = &options->nodes[options->num_nodes++];
	while (*text) {
		int key = getsubopt(&text, keys, &value);

		if (key < 0 || !value)
			die("--node takes cpus=N,memory=SIZE, not \"%s\".",
			    value ? value : keys[key]);
		if (key == 0)
			node->cpus = parse_size(value);
		else
			node->memory = parse_size(value);
	}
}

static void parse_options(struct options *options, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "node", required_argument, NULL, 'n' },
		{ "distances", required_argument, NULL, 'd' },
		{ "output", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "n:d:o:h", longs, NULL)) != -1) {
		switch (option) {
		case 'n':
			parse_node(options, optarg);
			break;
		case 'd':
			options->distances = optarg;
			break;
		case 'o':
			options->output = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			exit(1);
		}
	}
	if (optind < argc)
		die("The argument \"%s\" is not an option.", argv[optind]);
	if (!options->num_nodes)
		die("No node was given; use --node cpus=N,memory=SIZE.");
	if (!options->output)
		die("No output directory was given; use -o DIR.");
}

static void parse_distances(const char *text, uint8_t *distances, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		unsigned long value;
		char *end;

		value = strtoul(text, &end, 10);
		if (end == text || value > 255 ||
		    *end != (i + 1 < count ? ',' : '\0'))
			die("--distances takes %zu numbers up to 255 with commas between them.",
			    count);
		distances[i] = value;
		text = end + 1;
	}
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
		die("Cannot create %s/%s: %m.", dir_name, name);
	written = write(fd, data, len);
	if (written >= 0 && (size_t)written < len)
		errno = ENOSPC;
	if ((size_t)written != len || close(fd))
		die("Cannot write %s/%s: %m.", dir_name, name);
}

static void write_tables(const char *dir_name, const uint8_t *tables,
			 const struct ssi_acpi_map *map)
{
	int dir;

	if (mkdir(dir_name, 0777) && errno != EEXIST)
		die("Cannot create the directory %s: %m.", dir_name);
	dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		die("Cannot open the directory %s: %m.", dir_name);
	for (unsigned int i = 0; i < map->count; i++) {
		const struct ssi_acpi_table *table = &map->tables[i];
		char name[9];

		table_file_name(table, name);
		write_file(dir, dir_name, name, tables + table->offset,
			   table->size);
	}
	close(dir);
}

int main(int argc, char **argv)
{
	static uint8_t distances[SSI_ACPI_MAX_NODES * SSI_ACPI_MAX_NODES];
	static uint8_t tables[SSI_ACPI_MAX_SIZE] __attribute__((aligned(64)));
	static struct ssi_layout layout;
	struct options options = { .num_nodes = 0 };
	struct ssi_acpi_config config = { SSI_ACPI_CONFIG_DEFAULTS };
	struct ssi_acpi_map map;
	const char *why;

	parse_options(&options, argc, argv);
	why = ssi_layout_make(&layout, options.nodes, options.num_nodes);
	if (why)
		die("Such a guest cannot be: %s.", why);
	ssi_layout_apply(&layout, &config);
	if (options.distances) {
		parse_distances(options.distances, distances,
				config.nodes * config.nodes);
		config.distances = distances;
	}
	why = ssi_acpi_check(&config);
	if (why)
		die("Such a guest cannot be: %s.", why);
	if (ssi_acpi_build_map(&config, TABLES_GPA, tables, sizeof(tables),
			       &map))
		die("The tables of this guest do not fit into %zu bytes.",
		    sizeof(tables));
	write_tables(options.output, tables, &map);
	return 0;
}
