/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cluster's configuration file as it is written: every value is a text.
 *
 * The YAML library would read 1.5 as 1, 010 as 8, and any word as true; so it
 * reads no numbers and no truth values here. A key that is not in the file is
 * NULL, or a list without entries.
 */
#ifndef VMM_CONFIG_FILE_H
#define VMM_CONFIG_FILE_H

struct config_node {
	char *id;
	char *address;
	char *name;
	char *cpus;
	char *memory;
	char *cache;
	char *vcpupin;
	char *nodeset;
	char **distances;
	unsigned int distances_count;
	char **latencies;
	unsigned int latencies_count;
	char **bandwidths;
	unsigned int bandwidths_count;
};

struct config_disk {
	char *file;
	char *readonly;
	char *logical_block_size;
	char *serial;
	char *cache;
	char *werror;
	char *node;
};

struct config_net {
	char *user;
	char *tap;
	char *mac;
	char *mtu;
	char *restricted;
	char *vhost;
	char *queues;
	char **hostfwd;
	unsigned int hostfwd_count;
	char *node;
};

struct config_guest {
	char *firmware;
	char *kernel;
	char *initrd;
	char *append;
	char *uuid;
	char *seed;
	char *restore;
	char *invariant_tsc;
	char *pm_timer;
	char *time_dilation;
	char *rng;
	char *free_page_reporting;
	struct config_disk *disks;
	unsigned int disks_count;
	struct config_net *nets;
	unsigned int nets_count;
};

struct config_tls {
	char *ca;
	char *certificate;
	char *key;
	char *crl;
	char *encrypt;
};

struct config_file {
	char *cluster;
	char *transport;
	char *timeout;
	char *amd_rogpt;
	char *link_grace;
	char *placement;
	struct config_tls *tls;
	char *insecure;
	struct config_node *nodes;
	unsigned int nodes_count;
	struct config_guest guest;
};

/*
 * Read it. Ends the process with a sentence if it is not one YAML document with
 * the keys that are known.
 */
const struct config_file *config_file_read(const char *path);

#endif /* VMM_CONFIG_FILE_H */
