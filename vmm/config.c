// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cluster's configuration file: YAML, the same on every node.
 *
 *   cluster: demo                  # name, at most 31 characters
 *   transport: rdma                # or loop: all nodes in one kernel
 *   timeout: 30                    # seconds to wait for the other nodes
 *   nodes:
 *     - { id: 0, address: "10.77.0.1:7471", cpus: 1, memory: 256M }
 *     - { id: 1, address: "10.77.0.2:7471", cpus: 1, memory: 256M,
 *         cache: 64M,              # optional: at most that of the others'
 *         distances: [20, 10],     # optional row of the SLIT
 *         latencies: [9000, 100],  # optional rows of the HMAT: ns, and
 *         bandwidths: [400, 9000] }    # MB/s to the memory of each node
 *   guest:
 *     firmware: "/usr/share/OVMF/OVMF_CODE.fd,vars=vars.fd"    # optional
 *     kernel: /boot/vmlinuz        # bzImage; optional with firmware
 *     initrd: /boot/initrd.img     # optional
 *     append: "console=ttyS0"      # optional
 *     invariant-tsc: true          # optional: the host's TSC is, though its
 *                                  # CPUID does not say so
 *     pm-timer: true               # optional: as --pm-timer
 *     time-dilation: 1             # optional: seconds that its second takes
 *     rng: true                    # optional: random numbers of node 0's host
 *     free-page-reporting: false   # optional: as --free-page-reporting
 *     disks:                       # optional
 *       - { file: /srv/disk.img, readonly: false, node: 0 }
 *     nets:                        # optional: of one kind each
 *       - { user: true, hostfwd: ["tcp:127.0.0.1:2222-:22"], node: 0 }
 *       - { tap: tap0, node: 1 }
 */
#include "config.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define STRING_MAX	256
#define MEMORY_ALIGN	(2ull << 20)

struct config_node {
	uint32_t id;
	char *address;
	uint32_t cpus;
	char *memory;
	char *cache;
	uint8_t *distances;
	unsigned int distances_count;
	uint32_t *latencies;
	unsigned int latencies_count;
	uint32_t *bandwidths;
	unsigned int bandwidths_count;
};

struct config_disk {
	char *file;
	bool readonly;
	uint32_t node;
};

struct config_net {
	bool user;
	char *tap;
	char **hostfwd;
	unsigned int hostfwd_count;
	uint32_t node;
};

struct config_guest {
	char *firmware;
	char *kernel;
	char *initrd;
	char *append;
	bool *invariant_tsc;
	bool *pm_timer;
	unsigned int *time_dilation;
	bool *rng;
	bool *free_page_reporting;
	struct config_disk *disks;
	unsigned int disks_count;
	struct config_net *nets;
	unsigned int nets_count;
};

struct config_file {
	char *cluster;
	int transport;
	unsigned int *timeout;
	struct config_node *nodes;
	unsigned int nodes_count;
	struct config_guest guest;
};

static const cyaml_schema_value_t distance_schema = {
	CYAML_VALUE_UINT(CYAML_FLAG_DEFAULT, uint8_t),
};

static const cyaml_schema_value_t performance_schema = {
	CYAML_VALUE_UINT(CYAML_FLAG_DEFAULT, uint32_t),
};

static const cyaml_schema_field_t node_fields[] = {
	CYAML_FIELD_UINT("id", CYAML_FLAG_DEFAULT, struct config_node, id),
	CYAML_FIELD_STRING_PTR("address", CYAML_FLAG_POINTER |
			       CYAML_FLAG_OPTIONAL, struct config_node,
			       address, 0, CYAML_UNLIMITED),
	CYAML_FIELD_UINT("cpus", CYAML_FLAG_DEFAULT, struct config_node, cpus),
	CYAML_FIELD_STRING_PTR("memory", CYAML_FLAG_POINTER,
			       struct config_node, memory, 1,
			       CYAML_UNLIMITED),
	CYAML_FIELD_STRING_PTR("cache", CYAML_FLAG_POINTER |
			       CYAML_FLAG_OPTIONAL, struct config_node,
			       cache, 1, CYAML_UNLIMITED),
	CYAML_FIELD_SEQUENCE("distances", CYAML_FLAG_POINTER |
			     CYAML_FLAG_OPTIONAL, struct config_node,
			     distances, &distance_schema, 0,
			     SSI_DSM_MAX_NODES),
	CYAML_FIELD_SEQUENCE("latencies", CYAML_FLAG_POINTER |
			     CYAML_FLAG_OPTIONAL, struct config_node,
			     latencies, &performance_schema, 0,
			     SSI_DSM_MAX_NODES),
	CYAML_FIELD_SEQUENCE("bandwidths", CYAML_FLAG_POINTER |
			     CYAML_FLAG_OPTIONAL, struct config_node,
			     bandwidths, &performance_schema, 0,
			     SSI_DSM_MAX_NODES),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t node_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_node,
			    node_fields),
};

static const cyaml_schema_field_t disk_fields[] = {
	CYAML_FIELD_STRING_PTR("file", CYAML_FLAG_POINTER, struct config_disk,
			       file, 1, CYAML_UNLIMITED),
	CYAML_FIELD_BOOL("readonly", CYAML_FLAG_OPTIONAL, struct config_disk,
			 readonly),
	CYAML_FIELD_UINT("node", CYAML_FLAG_OPTIONAL, struct config_disk,
			 node),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t disk_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_disk,
			    disk_fields),
};

static const cyaml_schema_value_t forward_schema = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, CYAML_UNLIMITED),
};

static const cyaml_schema_field_t net_fields[] = {
	CYAML_FIELD_BOOL("user", CYAML_FLAG_OPTIONAL, struct config_net, user),
	CYAML_FIELD_STRING_PTR("tap", CYAML_FLAG_POINTER |
			       CYAML_FLAG_OPTIONAL, struct config_net, tap, 1,
			       CYAML_UNLIMITED),
	CYAML_FIELD_SEQUENCE("hostfwd", CYAML_FLAG_POINTER |
			     CYAML_FLAG_OPTIONAL, struct config_net, hostfwd,
			     &forward_schema, 0, DEVICE_MAX_FORWARDS),
	CYAML_FIELD_UINT("node", CYAML_FLAG_OPTIONAL, struct config_net, node),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t net_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_net, net_fields),
};

static const cyaml_schema_field_t guest_fields[] = {
	CYAML_FIELD_STRING_PTR("firmware", CYAML_FLAG_POINTER |
			       CYAML_FLAG_OPTIONAL, struct config_guest,
			       firmware, 1, CYAML_UNLIMITED),
	CYAML_FIELD_STRING_PTR("kernel", CYAML_FLAG_POINTER |
			       CYAML_FLAG_OPTIONAL, struct config_guest,
			       kernel, 1, CYAML_UNLIMITED),
	CYAML_FIELD_STRING_PTR("initrd", CYAML_FLAG_POINTER |
			       CYAML_FLAG_OPTIONAL, struct config_guest,
			       initrd, 1, CYAML_UNLIMITED),
	CYAML_FIELD_STRING_PTR("append", CYAML_FLAG_POINTER |
			       CYAML_FLAG_OPTIONAL, struct config_guest,
			       append, 0, CYAML_UNLIMITED),
	CYAML_FIELD_BOOL_PTR("invariant-tsc", CYAML_FLAG_POINTER |
			     CYAML_FLAG_OPTIONAL, struct config_guest,
			     invariant_tsc),
	CYAML_FIELD_BOOL_PTR("pm-timer", CYAML_FLAG_POINTER |
			     CYAML_FLAG_OPTIONAL, struct config_guest,
			     pm_timer),
	CYAML_FIELD_UINT_PTR("time-dilation", CYAML_FLAG_POINTER |
			     CYAML_FLAG_OPTIONAL, struct config_guest,
			     time_dilation),
	CYAML_FIELD_BOOL_PTR("rng", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
			     struct config_guest, rng),
	CYAML_FIELD_BOOL_PTR("free-page-reporting", CYAML_FLAG_POINTER |
			     CYAML_FLAG_OPTIONAL, struct config_guest,
			     free_page_reporting),
	CYAML_FIELD_SEQUENCE("disks", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
			     struct config_guest, disks, &disk_schema, 0,
			     CYAML_UNLIMITED),
	CYAML_FIELD_SEQUENCE("nets", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
			     struct config_guest, nets, &net_schema, 0,
			     CYAML_UNLIMITED),
	CYAML_FIELD_END,
};

static const cyaml_strval_t transport_names[] = {
	{ "rdma", 0 },
	{ "loop", 1 },
};

static const cyaml_schema_field_t file_fields[] = {
	CYAML_FIELD_STRING_PTR("cluster", CYAML_FLAG_POINTER,
			       struct config_file, cluster, 1,
			       SSI_DSM_CLUSTER_LEN - 1),
	CYAML_FIELD_ENUM("transport", CYAML_FLAG_OPTIONAL |
			 CYAML_FLAG_STRICT, struct config_file, transport,
			 transport_names, CYAML_ARRAY_LEN(transport_names)),
	CYAML_FIELD_UINT_PTR("timeout", CYAML_FLAG_POINTER |
			     CYAML_FLAG_OPTIONAL, struct config_file, timeout),
	CYAML_FIELD_SEQUENCE("nodes", CYAML_FLAG_POINTER, struct config_file,
			     nodes, &node_schema, 1, SSI_DSM_MAX_NODES),
	CYAML_FIELD_MAPPING("guest", CYAML_FLAG_OPTIONAL, struct config_file,
			    guest, guest_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t file_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config_file,
			    file_fields),
};

/* Keep the library's first complaint; the rest is its way there. */
static void keep_complaint(cyaml_log_t level, void *ctx, const char *fmt,
			   va_list args)
{
	char *text = ctx;
	size_t len;

	if (level < CYAML_LOG_ERROR || text[0])
		return;
	vsnprintf(text, STRING_MAX, fmt, args);
	len = strcspn(text, "\n");
	/* Some of its sentences have a full stop, and ours gets one. */
	text[len && text[len - 1] == '.' ? len - 1 : len] = '\0';
}

static struct config_file *load_file(const char *path)
{
	char complaint[STRING_MAX] = "";
	const cyaml_config_t config = {
		.log_fn = keep_complaint, .log_ctx = complaint,
		.mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR,
	};
	struct config_file *file = NULL;
	cyaml_err_t err;

	if (access(path, R_OK))
		die(EXIT_USAGE, "The configuration %s cannot be read: %s.",
		    path, strerror(errno));
	err = cyaml_load_file(path, &config, &file_schema,
			      (cyaml_data_t **)&file, NULL);
	if (err == CYAML_OK && !file)
		die(EXIT_USAGE, "The configuration %s is empty.", path);
	if (err != CYAML_OK)
		die(EXIT_USAGE, "The configuration %s is not right: %s.", path,
		    complaint[0] ? complaint : cyaml_strerror(err));
	return file;
}

const char *config_parse_size(const char *text, uint64_t *bytes)
{
	unsigned int shift = 20;
	char *end;

	errno = 0;
	*bytes = strtoull(text, &end, 10);
	if (end == text || text[0] == '-' || errno)
		return "is not a size like 256M or 2G";
	if (strcmp(end, "G") == 0)
		shift = 30;
	else if (strcmp(end, "") != 0 && strcmp(end, "M") != 0)
		return "is not a size like 256M or 2G";
	if (*bytes > UINT64_MAX >> shift)
		return "is too large";
	*bytes <<= shift;
	return NULL;
}

static uint64_t take_size(uint32_t id, const char *what, const char *text,
			  bool may_be_none)
{
	uint64_t bytes = 0;
	const char *why = config_parse_size(text, &bytes);

	if (!why && !bytes && !may_be_none)
		why = "is no memory at all";
	if (why)
		die(EXIT_USAGE, "The %s of node %u, \"%s\", %s.", what, id,
		    text, why);
	return bytes;
}

static void check_row(const struct config_node *node, const char *what,
		      unsigned int found, unsigned int count)
{
	if (found != count)
		die(EXIT_USAGE, "Node %u has %u %s; there must be one to each of the %u nodes.",
		    node->id, found, what, count);
}

static void take_node(const char *path, const struct config_node *from,
		      unsigned int count, struct options *options)
{
	struct node_options *node;

	if (from->id >= count)
		die(EXIT_USAGE, "The configuration %s has a node %u; with %u nodes the ids are 0 to %u.",
		    path, from->id, count, count - 1);
	node = &options->nodes[from->id];
	if (node->memory)
		die(EXIT_USAGE, "The configuration %s has node %u twice.", path,
		    from->id);
	node->memory = take_size(from->id, "memory", from->memory, true);
	if (from->cache)
		node->cache = take_size(from->id, "cache", from->cache,
					false);
	node->id = from->id;
	node->address = from->address ? from->address : "";
	node->cpus = from->cpus;
	node->distances = from->distances;
	node->latencies = from->latencies;
	node->bandwidths = from->bandwidths;
	if (from->distances)
		check_row(from, "distances", from->distances_count, count);
	if (from->latencies)
		check_row(from, "latencies", from->latencies_count, count);
	if (from->bandwidths)
		check_row(from, "bandwidths", from->bandwidths_count, count);
	if (!options->loop && count > 1 && !node->address[0])
		die(EXIT_USAGE, "Node %u has no address, which the transport rdma needs.",
		    from->id);
}

/* A path with a comma in it can be had by a link to it. */
void config_take_firmware(const char *text, struct options *options)
{
	static const char key[] = "vars=";
	char *code = strdup(text), *rest;

	if (!code)
		die(EXIT_HOST, "There is no memory for the path of the firmware.");
	rest = strchr(code, ',');
	if (rest)
		*rest++ = '\0';
	if (!code[0] || (rest && (strncmp(rest, key, strlen(key)) ||
				  !rest[strlen(key)])))
		die(EXIT_USAGE, "The firmware \"%s\" is not CODE or CODE,vars=FILE.",
		    text);
	options->firmware = code;
	options->variables = rest ? rest + strlen(key) : NULL;
}

static void take_disk(const struct config_disk *from, struct options *options)
{
	struct disk_options *disk = device_add_disk(&options->devices);

	disk->file = from->file;
	disk->readonly = from->readonly;
	disk->node = from->node;
}

static void take_net(const char *path, const struct config_net *from,
		     struct options *options)
{
	struct net_options *net = device_add_net(&options->devices);

	if (from->user == !!from->tap || (from->tap && from->hostfwd_count))
		die(EXIT_USAGE, "The configuration %s has a network card that is not of one kind: it is \"user: true\", with or without hostfwd, or \"tap: NAME\".",
		    path);
	net->tap = from->tap;
	net->node = from->node;
	for (unsigned int i = 0; i < from->hostfwd_count; i++)
		device_add_forward(net, from->hostfwd[i]);
}

static void take_devices(const char *path, const struct config_guest *guest,
			 struct options *options)
{
	if (guest->rng)
		options->devices.no_rng = !*guest->rng;
	if (guest->free_page_reporting)
		options->devices.free_page_reporting =
			*guest->free_page_reporting;
	for (unsigned int i = 0; i < guest->disks_count; i++)
		take_disk(&guest->disks[i], options);
	for (unsigned int i = 0; i < guest->nets_count; i++)
		take_net(path, &guest->nets[i], options);
}

static void take_guest(const struct config_guest *guest,
		       struct options *options)
{
	if (guest->firmware)
		config_take_firmware(guest->firmware, options);
	if (guest->kernel)
		options->kernel = guest->kernel;
	if (guest->initrd)
		options->initrd = guest->initrd;
	if (guest->append)
		options->append = guest->append;
	if (guest->invariant_tsc)
		options->invariant_tsc = *guest->invariant_tsc;
	if (guest->time_dilation)
		options->time_dilation = *guest->time_dilation;
	if (guest->pm_timer)
		options->pm_timer = *guest->pm_timer ? PM_TIMER_ON :
						       PM_TIMER_OFF;
}

/* The file's data stays: the options point into it. */
void config_load(const char *path, struct options *options)
{
	const struct config_file *file = load_file(path);

	options->cluster = file->cluster;
	options->loop = file->transport;
	if (file->timeout)
		options->timeout = *file->timeout;
	options->num_nodes = file->nodes_count;
	memset(options->nodes, 0, sizeof(options->nodes));
	for (unsigned int i = 0; i < file->nodes_count; i++)
		take_node(path, &file->nodes[i], file->nodes_count, options);
	take_guest(&file->guest, options);
	take_devices(path, &file->guest, options);
}

static void need_value_range(unsigned int cpus)
{
	if (cpus < 1 || cpus > OPTIONS_MAX_CPUS)
		die(EXIT_USAGE, "A guest has 1 to %u CPUs, not %u.",
		    OPTIONS_MAX_CPUS, cpus);
}

void config_check_nodes(const struct options *options)
{
	unsigned int cpus = 0;

	for (unsigned int i = 0; i < options->num_nodes; i++) {
		const struct node_options *node = &options->nodes[i];

		if (node->memory % MEMORY_ALIGN)
			die(EXIT_USAGE, "The memory of node %u, %llu MiB, is not a multiple of 2 MiB.",
			    i, (unsigned long long)node->memory >> 20);
		if (node->cpus > OPTIONS_MAX_CPUS)
			need_value_range(node->cpus);
		cpus += node->cpus;
	}
	need_value_range(cpus);
	if (!options->nodes[0].cpus)
		die(EXIT_USAGE, "Node 0 has no CPU, and the guest boots there.");
}
