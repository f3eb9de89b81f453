// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The keys of the cluster's configuration file, and how it is read.
 */
#include "config_file.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../uapi/linux/ssi_dsm.h"
#include "config_tree.h"
#include "device_options.h"
#include "log.h"

#define COMPLAINT_MAX	256
#define FILE_MAX	(1u << 20)

/* A required and an optional value: texts of at least @min bytes. */
#define NEED(key, type, member, min)					\
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, type, member,	\
			       min, CYAML_UNLIMITED)
#define MAY(key, type, member, min)					\
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER |		\
			       CYAML_FLAG_OPTIONAL, type, member, min,	\
			       CYAML_UNLIMITED)
#define LIST(key, type, member, schema, min, max)			\
	CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER |			\
			     CYAML_FLAG_OPTIONAL, type, member, schema,	\
			     min, max)

static const cyaml_schema_value_t text_schema = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, CYAML_UNLIMITED),
};

static const cyaml_schema_field_t node_fields[] = {
	NEED("id", struct config_node, id, 1),
	MAY("address", struct config_node, address, 1),
	MAY("name", struct config_node, name, 1),
	NEED("cpus", struct config_node, cpus, 1),
	NEED("memory", struct config_node, memory, 1),
	MAY("cache", struct config_node, cache, 1),
	MAY("vcpupin", struct config_node, vcpupin, 1),
	MAY("nodeset", struct config_node, nodeset, 1),
	LIST("distances", struct config_node, distances, &text_schema, 1,
	     SSI_DSM_MAX_NODES),
	LIST("latencies", struct config_node, latencies, &text_schema, 1,
	     SSI_DSM_MAX_NODES),
	LIST("bandwidths", struct config_node, bandwidths, &text_schema, 1,
	     SSI_DSM_MAX_NODES),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t node_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_node,
			    node_fields),
};

static const cyaml_schema_field_t disk_fields[] = {
	NEED("file", struct config_disk, file, 1),
	MAY("readonly", struct config_disk, readonly, 0),
	MAY("logical-block-size", struct config_disk, logical_block_size, 0),
	MAY("serial", struct config_disk, serial, 1),
	MAY("cache", struct config_disk, cache, 1),
	MAY("werror", struct config_disk, werror, 0),
	MAY("node", struct config_disk, node, 0),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t disk_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_disk,
			    disk_fields),
};

static const cyaml_schema_field_t net_fields[] = {
	MAY("user", struct config_net, user, 0),
	MAY("tap", struct config_net, tap, 1),
	MAY("mac", struct config_net, mac, 1),
	MAY("mtu", struct config_net, mtu, 1),
	MAY("vhost", struct config_net, vhost, 0),
	MAY("queues", struct config_net, queues, 0),
	MAY("restrict", struct config_net, restricted, 0),
	LIST("hostfwd", struct config_net, hostfwd, &text_schema, 0,
	     DEVICE_MAX_FORWARDS),
	MAY("node", struct config_net, node, 0),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t net_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_net, net_fields),
};

static const cyaml_schema_field_t guest_fields[] = {
	MAY("firmware", struct config_guest, firmware, 1),
	MAY("kernel", struct config_guest, kernel, 1),
	MAY("initrd", struct config_guest, initrd, 1),
	MAY("append", struct config_guest, append, 0),
	MAY("uuid", struct config_guest, uuid, 1),
	MAY("seed", struct config_guest, seed, 1),
	MAY("restore", struct config_guest, restore, 1),
	MAY("invariant-tsc", struct config_guest, invariant_tsc, 0),
	MAY("pm-timer", struct config_guest, pm_timer, 0),
	MAY("time-dilation", struct config_guest, time_dilation, 0),
	MAY("rng", struct config_guest, rng, 0),
	MAY("free-page-reporting", struct config_guest, free_page_reporting, 0),
	LIST("disks", struct config_guest, disks, &disk_schema, 0,
	     CYAML_UNLIMITED),
	LIST("nets", struct config_guest, nets, &net_schema, 0,
	     CYAML_UNLIMITED),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t tls_fields[] = {
	NEED("ca", struct config_tls, ca, 1),
	NEED("certificate", struct config_tls, certificate, 1),
	NEED("key", struct config_tls, key, 1),
	MAY("crl", struct config_tls, crl, 1),
	MAY("encrypt", struct config_tls, encrypt, 0),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t file_fields[] = {
	NEED("cluster", struct config_file, cluster, 0),
	MAY("transport", struct config_file, transport, 0),
	MAY("timeout", struct config_file, timeout, 0),
	MAY("amd-rogpt", struct config_file, amd_rogpt, 0),
	MAY("link-grace", struct config_file, link_grace, 0),
	MAY("placement", struct config_file, placement, 0),
	CYAML_FIELD_MAPPING_PTR("tls", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
				struct config_file, tls, tls_fields),
	MAY("insecure", struct config_file, insecure, 0),
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

/* Read all of it at once: it is parsed twice and may be a pipe. */
static unsigned char *read_all(const char *path, size_t *size)
{
	FILE *file = fopen(path, "re");
	unsigned char *text = malloc(FILE_MAX);

	if (!text)
		die(EXIT_HOST, "There is no memory for the configuration %s.",
		    path);
	*size = file ? fread(text, 1, FILE_MAX, file) : 0;
	if (!file || ferror(file))
		die(EXIT_USAGE, "The configuration %s cannot be read: %s.",
		    path, strerror(errno));
	if (*size == FILE_MAX)
		die(EXIT_USAGE, "The configuration %s is larger than 1 MiB.",
		    path);
	fclose(file);
	return text;
}

/* Keep the library's first message; the next ones are the path to the error. */
static void keep_complaint(cyaml_log_t level, void *ctx, const char *fmt,
			   va_list args)
{
	char *text = ctx;
	size_t len;

	if (level < CYAML_LOG_ERROR || text[0])
		return;
	vsnprintf(text, COMPLAINT_MAX, fmt, args);
	len = strcspn(text, "\n");
	/* Remove the full stop: ours is added. */
	text[len && text[len - 1] == '.' ? len - 1 : len] = '\0';
}

const struct config_file *config_file_read(const char *path)
{
	char complaint[COMPLAINT_MAX] = "";
	const cyaml_config_t config = {
		.log_fn = keep_complaint, .log_ctx = complaint,
		.mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR,
	};
	struct config_file *file = NULL;
	size_t size;
	unsigned char *text = read_all(path, &size);
	cyaml_err_t err;

	config_tree_read(path, text, size, &file_schema);
	err = cyaml_load_data(text, size, &config, &file_schema,
			      (cyaml_data_t **)&file, NULL);
	if (err != CYAML_OK || !file)
		die(EXIT_USAGE, "The configuration %s has an error: %s.", path,
		    complaint[0] ? complaint : cyaml_strerror(err));
	config_tree_keep_places(file);
	free(text);
	return file;
}
