// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest that goes on from a checkpoint, instead of booting.
 *
 * The number of nodes may be another one: each node reads all files. It takes the CPUs and
 * devices that are its own now, and the memory whose home it is.
 */
#include "restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/member.h"
#include "checkpoint_cpu.h"
#include "checkpoint_folder.h"
#include "checkpoint_lazy.h"
#include "checkpoint_memory.h"
#include "devices.h"
#include "log.h"
#include "memory.h"
#include "pause.h"
#include "state_json.h"
#include "virtio/life.h"

#define TEXT_MAX	(1u << 30)

static struct {
	const char *path;
	json_t *manifest;
	json_t *nodes[SSI_DSM_MAX_NODES];	/* what each node has written */
	int memory[SSI_DSM_MAX_NODES];
	unsigned int num_files;
	bool is_lazy;
} restored;

bool restore_is_wanted(const struct options *options)
{
	return options->restore && !options->history;
}

__attribute__((format(printf, 1, 2), noreturn))
static void refuse(const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	die(EXIT_USAGE, "The checkpoint %s %s.", restored.path, text);
}

/* ---- files ---- */

/* Neither a name in the manifest nor a symbolic link may lead out of the folder. */
static int open_file(const char *name, struct stat *st)
{
	char *path;
	int fd;

	if (!*name || strchr(name, '/'))
		refuse("is damaged: \"%s\" is no name of a file", name);
	if (asprintf(&path, "%s/%s", restored.path, name) < 0)
		die(EXIT_HOST, "There is no memory for the checkpoint.");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT && !strcmp(name, CHECKPOINT_MANIFEST))
		refuse("is not complete, or is none: it has no file " CHECKPOINT_MANIFEST);
	if (fd < 0)
		refuse("cannot be read: %s: %s", path, strerror(errno));
	if (fstat(fd, st) || !S_ISREG(st->st_mode))
		refuse("is damaged: %s is not a file", path);
	free(path);
	return fd;
}

static char *read_text(const char *name, size_t *len)
{
	struct stat st;
	int fd = open_file(name, &st);
	size_t done = 0;
	char *text;

	if (st.st_size > TEXT_MAX)
		refuse("is damaged: %s is longer than 1 GiB", name);
	text = malloc(st.st_size + 1);
	if (!text)
		die(EXIT_HOST, "There is no memory for the checkpoint.");
	while (done < (size_t)st.st_size) {
		ssize_t got = read(fd, text + done, st.st_size - done);

		if (got <= 0)
			refuse("cannot be read: %s", name);
		done += got;
	}
	close(fd);
	*len = done;
	return text;
}

static json_t *parse(const char *name, const char *text, size_t len)
{
	json_error_t error;
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

	if (!json_is_object(json))
		refuse("is damaged: %s is cut, or no JSON (line %d: %s)", name,
		       error.line, error.text);
	return json;
}

static void check_version(const char *name, const json_t *json)
{
	json_int_t version = member_number(json, "version");

	if (version != CHECKPOINT_VERSION)
		refuse("has version %lld in %s, but this ssi-vmm needs version %d; restore it with the ssi-vmm that has made it",
		       (long long)version, name, CHECKPOINT_VERSION);
}

static void read_manifest(void)
{
	size_t len;
	char *text = read_text(CHECKPOINT_MANIFEST, &len);

	restored.manifest = parse(CHECKPOINT_MANIFEST, text, len);
	free(text);
	if (strcmp(member_text(restored.manifest, "format"), CHECKPOINT_FORMAT))
		refuse("is none: its manifest has not the format " CHECKPOINT_FORMAT);
	check_version(CHECKPOINT_MANIFEST, restored.manifest);
}

static uint64_t total_memory(void)
{
	uint64_t size = 0;
	json_t *node;
	size_t i;

	json_array_foreach(json_object_get(restored.manifest, "nodes"), i, node)
		size += member_number(node, "memory");
	return size;
}

static void read_node(const json_t *file)
{
	unsigned char hash[CHECKPOINT_HASH], expected[CHECKPOINT_HASH];
	const char *name = member_text(file, "file");
	unsigned int number = restored.num_files++;
	struct stat st;
	size_t len;
	char *text = read_text(name, &len);

	if (!state_json_read(json_object_get(file, "sha256"), expected,
			     sizeof(expected)) ||
	    !checkpoint_hash(text, len, hash) ||
	    memcmp(hash, expected, sizeof(hash)))
		refuse("is damaged: %s is not as it was written", name);
	restored.nodes[number] = parse(name, text, len);
	free(text);
	check_version(name, restored.nodes[number]);
	name = member_text(file, "memory");
	restored.memory[number] = open_file(name, &st);
	if ((uint64_t)st.st_size != total_memory())
		refuse("is damaged: %s has %lld bytes instead of %llu", name,
		       (long long)st.st_size,
		       (unsigned long long)total_memory());
}

static void read_nodes(void)
{
	json_t *files = json_object_get(restored.manifest, "files"), *file;
	size_t i;

	if (!json_array_size(files) ||
	    json_array_size(files) > SSI_DSM_MAX_NODES)
		refuse("is damaged: it has no list of files");
	json_array_foreach(files, i, file)
		read_node(file);
}

/* ---- does it fit the configuration? ---- */

static void check_size(const struct options *options)
{
	uint64_t memory = 0, cpus = 0, had_cpus = 0;
	json_t *node;
	size_t i;

	json_array_foreach(json_object_get(restored.manifest, "nodes"), i, node)
		had_cpus += member_number(node, "cpus");
	for (unsigned int j = 0; j < options->num_nodes; j++) {
		memory += options->nodes[j].memory;
		cpus += options->nodes[j].cpus;
	}
	if (memory != total_memory() || cpus != had_cpus)
		refuse("is of a guest with %llu CPUs and %llu MiB of memory, but the configuration gives it %llu CPUs and %llu MiB",
		       (unsigned long long)had_cpus,
		       (unsigned long long)total_memory() >> 20,
		       (unsigned long long)cpus,
		       (unsigned long long)memory >> 20);
}

static void check_count(const char *what, unsigned int has)
{
	const json_t *devices = json_object_get(restored.manifest, "devices");
	json_t *had = json_object_get(devices, what);
	json_int_t count = json_is_boolean(had) ? json_is_true(had) :
						  json_integer_value(had);

	if (count != has)
		refuse("is of a guest with %s: %lld, but in the configuration it is %u; a guest is restored with the devices that it had",
		       what, (long long)count, has);
}

static void check_devices(const struct options *options)
{
	const struct device_options *devices = &options->devices;

	check_count("disks", devices->num_disks);
	check_count("nets", devices->num_nets);
	check_count("console", devices->console);
	check_count("rng", !devices->no_rng);
	check_count("free-page-reporting", devices->free_page_reporting);
	check_count("firmware", !!options->firmware);
	check_count("pm-timer", restore_has_pm_timer());
}

static void check_time(const struct options *options)
{
	if (member_number(restored.manifest, "time-dilation") !=
	    options->time_dilation)
		refuse("is of a guest with a time dilation of %lld, but in the configuration it is %u",
		       (long long)member_number(restored.manifest,
						"time-dilation"),
		       options->time_dilation);
	if (restore_tsc_khz() < 1000)
		refuse("is damaged: the TSC's speed is not possible");
}

/* ---- what the guest sees ---- */

static void read_shape(struct options *options)
{
	static struct options_shape shape;
	json_t *nodes = json_object_get(restored.manifest, "nodes"), *node;
	size_t i;

	if (json_array_size(nodes) > SSI_DSM_MAX_NODES)
		refuse("is damaged: it has more than %u nodes", SSI_DSM_MAX_NODES);
	json_array_foreach(nodes, i, node) {
		uint64_t cpus = member_number(node, "cpus");
		uint64_t memory = member_number(node, "memory");

		if (cpus > OPTIONS_MAX_CPUS || memory > total_memory() ||
		    memory % CHECKPOINT_BLOCK)
			refuse("is damaged: its list of nodes is not possible");
		shape.cpus[i] = cpus;
		shape.memory[i] = memory;
		shape.has_root[i] = json_is_true(json_object_get(node, "devices"));
	}
	shape.num_nodes = json_array_size(nodes);
	options->shape = &shape;
}

static unsigned int read_root(const struct options *options, const char *list,
			      unsigned int number, unsigned int node)
{
	const json_t *devices = json_object_get(restored.manifest, "devices");
	json_t *root = json_array_get(json_object_get(devices, list), number);
	uint64_t value = json_integer_value(root);

	if (!root || value >= options->shape->num_nodes ||
	    (value && !options->shape->has_root[value]))
		refuse("is damaged: its list %s is not possible", list);
	if (!value && node)
		refuse("has a device at the PCI root of node 0, which must stay on node 0, but in the configuration it is on node %u",
		       node);
	return value;
}

static void check_root(const struct options *options, unsigned int root,
		       unsigned int node)
{
	if (device_root_node(&options->devices, root) != node)
		refuse("has devices at one PCI root, that of node %u, which are on different nodes in the configuration; put them on one node",
		       root);
}

static void read_roots(struct options *options)
{
	struct device_options *devices = &options->devices;

	for (unsigned int i = 0; i < devices->num_disks; i++)
		devices->disks[i].root = read_root(options, "disk-roots", i,
						   devices->disks[i].node);
	for (unsigned int i = 0; i < devices->num_nets; i++)
		devices->nets[i].root = read_root(options, "net-roots", i,
						  devices->nets[i].node);
	for (unsigned int i = 0; i < devices->num_disks; i++)
		check_root(options, devices->disks[i].root,
			   devices->disks[i].node);
	for (unsigned int i = 0; i < devices->num_nets; i++)
		check_root(options, devices->nets[i].root,
			   devices->nets[i].node);
}

void restore_open(struct options *options)
{
	restored.path = options->restore;
	read_manifest();
	read_nodes();
	read_shape(options);
	check_size(options);
	check_devices(options);
	check_time(options);
	read_roots(options);
}

/* ---- restoring ---- */

uint32_t restore_tsc_khz(void)
{
	return member_number(restored.manifest, "tsc_khz");
}

uint64_t restore_tsc(void)
{
	return member_number(restored.manifest, "tsc");
}

bool restore_has_pm_timer(void)
{
	const json_t *devices = json_object_get(restored.manifest, "devices");

	return json_is_true(json_object_get(devices, "pm-timer"));
}

void restore_features(struct cpufeatures *features)
{
	struct cpufeatures had;
	char missing[256];

	if (!state_json_read(json_object_get(restored.manifest, "features"),
			     &had, sizeof(had)))
		refuse("is damaged: it has no features of CPUs");
	if (memcmp(had.vendor, features->vendor, sizeof(had.vendor)) ||
	    cpufeatures_missing(features, &had, missing, sizeof(missing)))
		refuse("is of a guest whose CPUs have features that the hosts' CPUs lack (%s)",
		       missing);
	*features = had;
}

/* Members of the same object in the files of all nodes. */
static json_t *merge(const char *what)
{
	json_t *all = json_object();

	for (unsigned int i = 0; i < restored.num_files; i++)
		json_object_update(all, json_object_get(restored.nodes[i], what));
	return all;
}

void restore_open_memory(void)
{
	restored.is_lazy = !memory_may_move() && checkpoint_lazy_open();
}

static void start_lazily(void)
{
	static json_t *blocks[SSI_DSM_MAX_NODES];

	for (unsigned int i = 0; i < restored.num_files; i++)
		blocks[i] = json_object_get(restored.nodes[i], "blocks");
	checkpoint_lazy_start(restored.memory, blocks, restored.num_files);
}

static void read_memory(const struct options *options)
{
	uint64_t first = 0, end;
	char why[CHECKPOINT_WHY_MAX];

	for (unsigned int i = 0; i < options->self; i++)
		first += options->nodes[i].memory;
	end = first + options->nodes[options->self].memory;
	for (unsigned int i = 0; i < restored.num_files; i++) {
		const json_t *blocks = json_object_get(restored.nodes[i],
						       "blocks");

		if (!checkpoint_memory_read(restored.memory[i], blocks, first,
					    end, why))
			refuse("is damaged: memory of node %u: %s", i, why);
	}
}

void restore_guest(const struct checkpoint_guest *guest)
{
	json_t *disks = merge("disks"), *cpus = merge("cpus");
	json_t *devices = merge("devices");

	pause_restored(restore_tsc());
	devices_check_disks(guest->options, disks);
	if (restored.is_lazy)
		start_lazily();
	else
		read_memory(guest->options);
	checkpoint_cpu_restore(guest->vcpus, guest->layout->num_cpus, cpus);
	virtio_hold();
	state_json_restore(devices);
	json_decref(disks);
	json_decref(cpus);
	json_decref(devices);
	log_info("The guest goes on from the checkpoint %s.", restored.path);
}
