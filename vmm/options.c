// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line and the cluster's configuration file. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "../lib/number.h"
#include "config.h"
#include "config_hosts.h"
#include "log.h"
#include "term.h"

enum {
	OPT_CONFIG = 256, OPT_NODE, OPT_FIRMWARE, OPT_KERNEL, OPT_INITRD, OPT_APPEND,
	OPT_CPUS, OPT_MEMORY, OPT_SERIAL, OPT_CONSOLE, OPT_TIMEOUT, OPT_INVARIANT_TSC,
	OPT_PM_TIMER, OPT_TIME_DILATION, OPT_DISK, OPT_NET, OPT_RNG, OPT_REPORTING,
	OPT_NO_REBOOT, OPT_VCPUPIN, OPT_NODESET, OPT_LOG_LEVEL, OPT_LOG_TIME, OPT_UUID, OPT_SEED, OPT_USER, OPT_RESTORE, OPT_SANDBOX, OPT_CONTROL, OPT_VERSION,
};

/*
 * All options, in the order of --help. A tab begins a new line of the text.
 */
static const struct {
	const char *name;
	int opt;
	const char *argument;	/* NULL: the option has none */
	const char *text;
} option_table[] = {
	{ "kernel", OPT_KERNEL, "FILE", "bzImage or vmlinux to boot" },
	{ "firmware", OPT_FIRMWARE, "CODE[,vars=FILE]",
	  "boot through UEFI: OVMF_CODE.fd, and a copy of\t"
	  "OVMF_VARS.fd; the kernel may then be missing" },
	{ "initrd", OPT_INITRD, "FILE", "initial RAM disk of the kernel" },
	{ "append", OPT_APPEND, "TEXT", "command line of the kernel" },
	{ "cpus", OPT_CPUS, "N", "number of CPUs, without --config (1)" },
	{ "memory", OPT_MEMORY, "SIZE",
	  "memory, without --config (512M): a number with M\t"
	  "or G, or a number of MiB" },
	{ "disk", OPT_DISK, "FILE[,readonly][,logical-block-size=N][,serial=TEXT][,cache=MODE][,werror=enospc|stop|report][,node=ID]",
	  "add a disk: a raw image or a block device of the\t"
	  "node (node 0)" },
	{ "vcpupin", OPT_VCPUPIN, "LIST",
	  "CPUs of the host, one for each CPU that the guest has\t"
	  "on this node, like 2-5" },
	{ "nodeset", OPT_NODESET, "LIST",
	  "NUMA nodes of the host for the guest's memory" },
	{ "seed", OPT_SEED, "FOLDER",
	  "add a disk with these files for cloud-init: user-data\t"
	  "and, if there are, meta-data and network-config" },
	{ "net", OPT_NET, "user[,hostfwd=tcp:[ADDRESS]:PORT-:PORT][,restrict=on][,mac=ADDRESS][,mtu=N][,node=ID]",
	  "add a network card that needs no set-up on the host" },
	{ "net", OPT_NET, "tap=NAME[,vhost=on[,queues=N]][,mac=ADDRESS][,mtu=N][,node=ID]",
	  "add a network card that is the host's tap NAME" },
	{ "rng", OPT_RNG, "on|off", "give the guest random numbers from the host (on)" },
	{ "free-page-reporting", OPT_REPORTING, "on|off",
	  "give memory that the guest does not use back to the\t"
	  "hosts (off)" },
	{ "config", OPT_CONFIG, "FILE",
	  "cluster file: nodes and guest, the same on every node" },
	{ "node", OPT_NODE, "ID", "id of this node in the cluster file" },
	{ "timeout", OPT_TIMEOUT, "SECONDS",
	  "how long to wait for the other nodes (30)" },
	{ "console", OPT_CONSOLE, "serial|virtio",
	  "which console of the guest uses the terminal of\t"
	  "node 0 (serial)" },
	{ "serial", OPT_SERIAL, "WHERE",
	  "where the serial port goes: stdio, null, pty,\t"
	  "socket=PATH or file=PATH[,limit=SIZE] (stdio; null\t"
	  "with --console virtio)" },
	{ "invariant-tsc", OPT_INVARIANT_TSC, NULL,
	  "tell the guest that its TSC is invariant, even if\t"
	  "the host's CPUID does not say so" },
	{ "pm-timer", OPT_PM_TIMER, "on|off",
	  "give the guest an ACPI PM timer (on; see ssi-vmm(8)\t"
	  "for virtual hosts)" },
	{ "time-dilation", OPT_TIME_DILATION, "N",
	  "make one second of the guest last N seconds (1)" },
	{ "uuid", OPT_UUID, "UUID",
	  "UUID of the guest's machine (made from the cluster's\t"
	  "name)" },
	{ "no-reboot", OPT_NO_REBOOT, NULL,
	  "end when the guest resets itself, instead of\t"
	  "starting it again" },
	{ "restore", OPT_RESTORE, "FOLDER",
	  "go on from a checkpoint, instead of booting" },
	{ "user", OPT_USER, "NAME",
	  "user as which the guest's process runs, if ssi-vmm is\t"
	  "started by root (ssi, or else 65534)" },
	{ "sandbox", OPT_SANDBOX, "on|off",
	  "take all rights from the guest's process (on); off only\t"
	  "to look for an error" },
	{ "control", OPT_CONTROL, "PATH",
	  "listen for programs at this unix socket" },
	{ "log-level", OPT_LOG_LEVEL, "error|warning|info|debug",
	  "which messages are printed (info)" },
	{ "log-time", OPT_LOG_TIME, "on|off",
	  "begin each message with the time in UTC (off)" },
	{ "verbose", 'v', NULL, "the same as --log-level debug; also -v" },
	{ "help", 'h', NULL, "print this text; also -h" },
	{ "version", OPT_VERSION, NULL, "print the version" },
};

#define NUM_OPTIONS	(sizeof(option_table) / sizeof(option_table[0]))
#define TEXT_COLUMN	24

static const char help_before[] =
"Usage: ssi-vmm --kernel FILE [OPTION]...\n"
"       ssi-vmm --config FILE --node ID [OPTION]...\n"
"Run a Linux guest on this host, or together with other hosts as one machine.\n"
"\n";

static const char help_after[] =
"\n"
"On the terminal, Ctrl-A x ends the guest and Ctrl-A h lists the keys.\n"
"\n"
"The first SIGTERM or SIGINT presses the guest's power button; the second one\n"
"ends the guest at once.\n"
"\n"
"Exit code: 0 the guest powered off, or reset with --no-reboot; 1 usage or\n"
"configuration error; 2 host or kernel error; 3 the guest's kernel panicked;\n"
"4 a node was lost or did not answer; 5 triple fault with --no-reboot; 128+n ended\n"
"by signal n.\n"
"All nodes of a cluster end with the same code.\n";

static int next_option(int argc, char **argv)
{
	static struct option long_options[NUM_OPTIONS + 1];

	for (size_t i = 0; i < NUM_OPTIONS; i++)
		long_options[i] = (struct option) {
			option_table[i].name, option_table[i].argument ?
			required_argument : no_argument, NULL,
			option_table[i].opt,
		};
	return getopt_long(argc, argv, "vh", long_options, NULL);
}

static void print_text(int column, const char *text)
{
	for (;;) {
		int len = strcspn(text, "\t");

		printf("%*s%.*s\n", TEXT_COLUMN - column, "", len, text);
		if (!text[len])
			return;
		text += len + 1;
		column = 0;
	}
}

static void print_help(void)
{
	fputs(help_before, stdout);
	for (size_t i = 0; i < NUM_OPTIONS; i++) {
		const char *argument = option_table[i].argument;
		int column = printf("  --%s%s%s", option_table[i].name,
				    argument ? " " : "",
				    argument ? argument : "");

		if (column >= TEXT_COLUMN - 1) {
			putchar('\n');
			column = 0;
		}
		print_text(column, option_table[i].text);
	}
	fputs(help_after, stdout);
	exit(EXIT_GUEST_OFF);
}

static unsigned int parse_number(const char *name, const char *text,
				 unsigned int max)
{
	uint64_t value;

	if (!number_parse(text, max, &value))
		die(EXIT_USAGE, "--%s %s is not a number from 0 to %u.", name,
		    text, max);
	return value;
}

static bool parse_console(const char *text)
{
	if (strcmp(text, "serial") && strcmp(text, "virtio"))
		die(EXIT_USAGE, "--console %s is neither serial nor virtio.", text);
	return !strcmp(text, "virtio");
}

static enum log_level parse_level(const char *text)
{
	static const char *const names[] = {
		[LOG_LEVEL_ERROR] = "error",
		[LOG_LEVEL_WARNING] = "warning",
		[LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_DEBUG] = "debug",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(text, names[i]))
			return i;
	die(EXIT_USAGE, "--log-level %s is not error, warning, info or debug.",
	    text);
}

static uint64_t parse_memory(const char *text)
{
	uint64_t bytes;
	const char *why = config_parse_size(text, &bytes);

	if (why)
		die(EXIT_USAGE, "--memory %s %s.", text, why);
	return bytes;
}

static bool parse_switch(const char *name, const char *text)
{
	bool on = strcmp(text, "on") == 0;

	if (!on && strcmp(text, "off"))
		die(EXIT_USAGE, "--%s %s is neither on nor off.", name, text);
	return on;
}

static void take_uuid(const char *text, struct options *options)
{
	const char *why = config_parse_uuid(text, options);

	if (why)
		die(EXIT_USAGE, "--uuid %s %s.", text, why);
}

/* Which options the command line has. */
struct given {
	bool config, node, cpus, memory;
	const char *vcpupin, *nodeset;
};

/* Second pass: the command line overrides the file. */
static void take_option(int opt, struct options *options, struct given *given)
{
	switch (opt) {
	case OPT_NODE:
		options->self = parse_number("node", optarg, UINT16_MAX);
		given->node = true;
		break;
	case OPT_FIRMWARE:
		config_take_firmware(optarg, options);
		break;
	case OPT_KERNEL:
		options->kernel = optarg;
		break;
	case OPT_INITRD:
		options->initrd = optarg;
		break;
	case OPT_APPEND:
		options->append = optarg;
		break;
	case OPT_CPUS:
		options->nodes[0].cpus = parse_number("cpus", optarg,
						      UINT16_MAX);
		given->cpus = true;
		break;
	case OPT_MEMORY:
		options->nodes[0].memory = parse_memory(optarg);
		given->memory = true;
		break;
	case OPT_DISK:
		device_parse_disk(&options->devices, optarg);
		break;
	case OPT_VCPUPIN:
		given->vcpupin = optarg;
		break;
	case OPT_NODESET:
		given->nodeset = optarg;
		break;
	case OPT_SEED:
		device_add_seed(&options->devices, optarg);
		break;
	case OPT_NET:
		device_parse_net(&options->devices, optarg);
		break;
	case OPT_RNG:
		options->devices.no_rng = !parse_switch("rng", optarg);
		break;
	case OPT_REPORTING:
		options->devices.free_page_reporting =
			parse_switch("free-page-reporting", optarg);
		break;
	case OPT_CONSOLE:
		options->devices.console = parse_console(optarg);
		break;
	case OPT_SERIAL:
		options->serial = optarg;
		break;
	case OPT_TIMEOUT:
		options->timeout = parse_number("timeout", optarg,
						OPTIONS_MAX_TIMEOUT);
		break;
	case OPT_INVARIANT_TSC:
		options->invariant_tsc = true;
		break;
	case OPT_PM_TIMER:
		options->pm_timer = parse_switch("pm-timer", optarg) ?
				    PM_TIMER_ON : PM_TIMER_OFF;
		break;
	case OPT_TIME_DILATION:
		options->time_dilation = parse_number("time-dilation", optarg,
						      OPTIONS_MAX_DILATION);
		break;
	case OPT_UUID:
		take_uuid(optarg, options);
		break;
	case OPT_NO_REBOOT:
		options->no_reboot = true;
		break;
	case OPT_RESTORE:
		options->restore = optarg;
		break;
	case OPT_USER:
		options->user = optarg;
		break;
	case OPT_SANDBOX:
		options->no_sandbox = !parse_switch("sandbox", optarg);
		break;
	case OPT_CONTROL:
		options->control = optarg;
		break;
	case OPT_LOG_LEVEL:
		log_set_level(parse_level(optarg));
		break;
	case OPT_LOG_TIME:
		log_set_time(parse_switch("log-time", optarg));
		break;
	case 'v':
		log_set_level(LOG_LEVEL_DEBUG);
		break;
	}
}

/* First pass: read the file; --help and --version end the process. */
static void find_config(int argc, char **argv, struct options *options,
			struct given *given)
{
	int opt;

	while ((opt = next_option(argc, argv)) >= 0) {
		if (opt == OPT_CONFIG) {
			config_load(optarg, options);
			given->config = true;
		} else if (opt == 'h') {
			print_help();
		} else if (opt == OPT_VERSION) {
			puts("ssi-vmm 0.1");
			exit(EXIT_GUEST_OFF);
		} else if (opt == '?') {
			die(EXIT_USAGE, "Try ssi-vmm --help.");
		}
	}
	if (optind < argc)
		die(EXIT_USAGE, "\"%s\" is not an option; try ssi-vmm --help.",
		    argv[optind]);
}

/* Of this node, which the command line may name behind them. */
static void take_pins(struct options *options, const struct given *given)
{
	struct node_options *node = &options->nodes[options->self];
	const char *why = NULL;

	if (given->vcpupin)
		why = config_parse_vcpupin(given->vcpupin, node);
	if (why)
		die(EXIT_USAGE, "--vcpupin %s %s.", given->vcpupin, why);
	if (given->nodeset)
		why = config_parse_nodeset(given->nodeset, node);
	if (why)
		die(EXIT_USAGE, "--nodeset %s %s.", given->nodeset, why);
}

static void check_given(const struct options *options,
			const struct given *given)
{
	if (given->config && (given->cpus || given->memory))
		die(EXIT_USAGE, "--cpus and --memory cannot be used with --config; the configuration has the CPUs and the memory of each node.");
	if (!given->config && given->node)
		die(EXIT_USAGE, "--node needs --config.");
	if (given->config && !given->node && options->num_nodes > 1)
		die(EXIT_USAGE, "The configuration has %u nodes; say with --node ID which of them this one is.",
		    options->num_nodes);
	if (options->self >= options->num_nodes)
		die(EXIT_USAGE, "There is no node %u; the ids of the nodes are 0 to %u.",
		    options->self, options->num_nodes - 1);
	if (!options->time_dilation)
		die(EXIT_USAGE, "The time dilation must be at least 1.");
	if (!options->kernel && !options->firmware && options->self == 0)
		die(EXIT_USAGE, "There is nothing to boot; give a kernel with --kernel or in the configuration, or firmware with --firmware.");
	if (options->initrd && !options->kernel && options->self == 0)
		die(EXIT_USAGE, "An initrd needs a kernel; give one with --kernel.");
}

/* Available memory in bytes, as the kernel estimates; UINT64_MAX: unknown. */
static uint64_t available_memory(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long long kib = UINT64_MAX >> 10;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return (uint64_t)kib << 10;
}

static void check_own_memory(const struct options *options)
{
	uint64_t memory = options->nodes[options->self].memory;
	uint64_t host = (uint64_t)sysconf(_SC_PHYS_PAGES) *
			sysconf(_SC_PAGESIZE);
	uint64_t spare = available_memory();

	if (memory > host)
		die(EXIT_USAGE, "Node %u needs %llu MiB of memory, but this host has %llu MiB; give the node less memory.",
		    options->self, (unsigned long long)memory >> 20,
		    (unsigned long long)host >> 20);
	if (options->num_nodes > 1 && memory && spare < memory + host / 32)
		log_warn("Node %u gives the guest %llu MiB that cannot be swapped out, but only %llu MiB of this host are available; when the host runs out of memory, its kernel kills ssi-vmm. Give the node less memory.",
			 options->self, (unsigned long long)memory >> 20,
			 (unsigned long long)spare >> 20);
}

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	while (len--)
		hash = (hash ^ *bytes++) * 0x100000001b3ull;	/* FNV-1a */
	return hash;
}

/* The nodes must agree on which rows the file has: the rest is measured. */
static uint64_t hash_rows(uint64_t hash, const struct node_options *node,
			  unsigned int nodes)
{
	uint8_t given[] = {
		!!node->distances, !!node->latencies, !!node->bandwidths,
	};

	hash = hash_bytes(hash, given, sizeof(given));
	if (node->distances)
		hash = hash_bytes(hash, node->distances, nodes);
	return hash;
}

/*
 * The guest's files and command line are not included, since only node 0 needs
 * them. The nodes must agree on which of them have devices.
 */
static uint64_t hash_options(const struct options *options)
{
	uint64_t hash = 0xcbf29ce484222325ull;
	uint8_t flags[] = { options->transport, options->invariant_tsc,
			    options->devices.free_page_reporting, options->tls,
			    options->tls_encrypt, !!options->restore };

	if (options->cluster)
		hash = hash_bytes(hash, options->cluster,
				  strlen(options->cluster));
	hash = hash_bytes(hash, flags, sizeof(flags));
	hash = hash_bytes(hash, &options->time_dilation,
			  sizeof(options->time_dilation));
	for (unsigned int i = 0; i < options->num_nodes; i++) {
		const struct node_options *node = &options->nodes[i];

		hash = hash_bytes(hash, &node->cpus, sizeof(node->cpus));
		hash = hash_bytes(hash, &node->memory, sizeof(node->memory));
		hash = hash_bytes(hash, node->address, strlen(node->address));
		if (node->name)
			hash = hash_bytes(hash, node->name, strlen(node->name));
		flags[0] = device_is_on(&options->devices, i);
		hash = hash_bytes(hash, flags, 1);
		hash = hash_rows(hash, node, options->num_nodes);
	}
	return hash;
}

static void choose_console(struct options *options)
{
	bool virtio = options->devices.console;

	if (!options->append)
		options->append = virtio ? "console=ttyS0 console=hvc0" :
					   "console=ttyS0";
	if (!options->serial)
		options->serial = virtio ? "null" : "stdio";
}

/*
 * A UUID that stays: of the cluster's name, or of this host's name and the guest's
 * first disk. The name space is this program's own.
 */
static void choose_uuid(struct options *options)
{
	static const uuid_t space = {
		0x9f, 0x1c, 0x5b, 0x6e, 0x52, 0x0d, 0x4f, 0x0b,
		0x8d, 0x2f, 0x3a, 0x61, 0x27, 0xc4, 0x70, 0x19,
	};
	char host[65] = "", text[512];

	if (options->has_uuid)
		return;
	gethostname(host, sizeof(host) - 1);
	if (options->cluster)
		snprintf(text, sizeof(text), "cluster %s", options->cluster);
	else
		snprintf(text, sizeof(text), "host %s disk %s", host,
			 options->devices.num_disks ?
			 options->devices.disks[0].file : "");
	uuid_generate_sha1(options->uuid, space, text, strlen(text));
}

void options_parse(struct options *options, int argc, char **argv)
{
	struct given given = { 0 };
	int opt;

	*options = (struct options) {
		.num_nodes = 1, .timeout = OPTIONS_TIMEOUT, .time_dilation = 1,
		.link_grace = OPTIONS_LINK_GRACE,
		.nodes[0] = { .address = "", .cpus = 1, .memory = 512u << 20 },
	};
	optind = 0;	/* getopt() may have read them before */
	find_config(argc, argv, options, &given);
	optind = 0;
	while ((opt = next_option(argc, argv)) >= 0)
		take_option(opt, options, &given);
	check_given(options, &given);
	take_pins(options, &given);
	config_check_nodes(options);
	config_find_addresses(options);
	device_check(&options->devices, options->num_nodes);
	device_set_roots(&options->devices);
	check_own_memory(options);
	choose_console(options);
	choose_uuid(options);
	options->hash = hash_options(options);
}
