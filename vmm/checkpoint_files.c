// SPDX-License-Identifier: GPL-2.0-or-later
/* What is in the files of a checkpoint beside the memory: JSON. */
#include "checkpoint_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint_cpu.h"
#include "checkpoint_folder.h"
#include "devices.h"
#include "state_json.h"

static bool write_text(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t done = write(fd, text, len);

		if (done <= 0)
			return false;
		text += done;
		len -= done;
	}
	return !fdatasync(fd);
}

const char *checkpoint_write_json(int fd, const json_t *json,
				  unsigned char hash[CHECKPOINT_HASH])
{
	char *text = json ? json_dumps(json, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
	const char *why = NULL;
	size_t len;

	if (!text)
		return "there is no memory";
	len = strlen(text);
	if (!checkpoint_hash(text, len, hash))
		why = "the library does not make a hash";
	else if (!write_text(fd, text, len))
		why = "a file cannot be written";
	free(text);
	return why;
}

json_t *checkpoint_describe_node(const struct checkpoint_guest *guest,
				 json_t *blocks)
{
	return json_pack("{s:i, s:i, s:o, s:o, s:o, s:o}",
			 "version", CHECKPOINT_VERSION,
			 "node", (int)guest->options->self,
			 "devices", state_json_save(),
			 "cpus", checkpoint_cpu_save(guest->vcpus,
						     guest->layout->num_cpus),
			 "disks", devices_describe_disks(guest->options),
			 "blocks", blocks);
}

/* ---- the manifest ---- */

static bool has_root(const struct ssi_layout *layout, unsigned int node)
{
	for (unsigned int i = 0; i < layout->num_pci_roots; i++)
		if (layout->pci_roots[i].node == node)
			return true;
	return false;
}

static json_int_t count_cpus(const struct ssi_layout *layout, unsigned int node)
{
	json_int_t count = 0;

	for (unsigned int i = 0; i < layout->num_cpus; i++)
		count += layout->cpus[i].node == node;
	return count;
}

static json_int_t count_memory(const struct ssi_layout *layout,
			       unsigned int node)
{
	json_int_t size = 0;

	for (unsigned int i = 0; i < layout->num_memory; i++)
		if (layout->memory[i].node == node)
			size += layout->memory[i].size;
	return size;
}

/* The nodes that the guest sees, in its tables. */
static json_t *describe_shape(const struct checkpoint_guest *guest)
{
	json_t *nodes = json_array();

	for (unsigned int i = 0; i < guest->layout->nodes; i++) {
		json_t *entry = json_pack("{s:I, s:I, s:b}",
					  "cpus", count_cpus(guest->layout, i),
					  "memory", count_memory(guest->layout, i),
					  "devices", has_root(guest->layout, i));

		json_array_append_new(nodes, entry);
	}
	return nodes;
}

static json_t *describe_devices(const struct checkpoint_guest *guest)
{
	const struct device_options *devices = &guest->options->devices;
	json_t *disk_roots = json_array(), *net_roots = json_array();

	for (unsigned int i = 0; i < devices->num_disks; i++)
		json_array_append_new(disk_roots,
				      json_integer(devices->disks[i].root));
	for (unsigned int i = 0; i < devices->num_nets; i++)
		json_array_append_new(net_roots,
				      json_integer(devices->nets[i].root));
	return json_pack("{s:o, s:o, s:i, s:i, s:b, s:b, s:b, s:b, s:b}",
			 "disk-roots", disk_roots, "net-roots", net_roots,
			 "disks", (int)devices->num_disks,
			 "nets", (int)devices->num_nets,
			 "console", devices->console,
			 "rng", !devices->no_rng,
			 "free-page-reporting", devices->free_page_reporting,
			 "firmware", !!guest->options->firmware,
			 "pm-timer", guest->has_pm_timer);
}

static json_t *describe_files(const struct checkpoint_guest *guest,
			      const unsigned char hashes[][CHECKPOINT_HASH])
{
	json_t *files = json_array();
	char name[32], memory[32];
	json_t *file;

	for (unsigned int i = 0; i < guest->options->num_nodes; i++) {
		snprintf(name, sizeof(name), "node-%u.json", i);
		snprintf(memory, sizeof(memory), "memory-%u", i);
		file = json_pack("{s:s, s:o, s:s}", "file", name, "sha256",
				 state_json_bytes(hashes[i], CHECKPOINT_HASH),
				 "memory", memory);
		json_array_append_new(files, file);
	}
	return files;
}

json_t *checkpoint_describe(const struct checkpoint_guest *guest, uint64_t ticks,
			    const unsigned char hashes[][CHECKPOINT_HASH])
{
	const struct options *options = guest->options;

	return json_pack("{s:s, s:i, s:s, s:I, s:i, s:I, s:i, s:i, s:b, s:o, s:o, s:o, s:o}",
			 "format", CHECKPOINT_FORMAT,
			 "version", CHECKPOINT_VERSION,
			 "cluster", options->cluster ?: "",
			 "time", (json_int_t)time(NULL),
			 "tsc_khz", (int)guest->tsc_khz,
			 "tsc", (json_int_t)ticks,
			 "block", (int)CHECKPOINT_BLOCK,
			 "time-dilation", (int)options->time_dilation,
			 "invariant-tsc", options->invariant_tsc,
			 "features", state_json_bytes(guest->features,
						      sizeof(*guest->features)),
			 "nodes", describe_shape(guest),
			 "devices", describe_devices(guest),
			 "files", describe_files(guest, hashes));
}
