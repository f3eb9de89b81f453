// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cluster's configuration file: YAML, the same on every node.
 *
 *   cluster: demo                  # name, at most 31 bytes
 *   transport: auto                # or rdma or tcp; or loop: all nodes in one
 *                                  # kernel
 *   timeout: 30                    # seconds to wait for the other nodes
 *   placement: advise              # optional: ssid moves CPUs and homes: off, advise
 *                                  # (log what it would do) or on
 *   amd-rogpt: true                # optional: on AMD hosts that can, let walks
 *                                  # of the guest's page tables read
 *   link-grace: 10                 # seconds until a node that cannot be reached
 *                                  # is lost
 *   tls:                           # nodes prove who they are, and encrypt
 *     ca: /etc/ssi/ca.pem          # the files are each host's own
 *     certificate: /etc/ssi/cert.pem
 *     key: /etc/ssi/key.pem
 *     crl: /etc/ssi/crl.pem        # optional: revoked certificates
 *     encrypt: true                # optional: false with transport rdma: only
 *                                  # prove who they are, and protect from changes
 *   insecure: true                 # instead of tls: they do neither
 *   nodes:                         # an address in numbers, or a host's name
 *     - { id: 0, address: "10.77.0.1:7471", cpus: 1, memory: 256M,
 *         name: a.example }        # with tls: the name in its certificate
 *     - { id: 1, address: "10.77.0.2:7471", cpus: 1, memory: 256M,
 *         cache: 64M,              # optional: limit for other nodes' memory
 *         vcpupin: "2-5",          # optional: CPUs of the host, one for each
 *         nodeset: "0",            # optional: NUMA nodes of the host for memory
 *         distances: [20, 10],     # optional row of the SLIT
 *         latencies: [9000, 100],  # optional rows of the HMAT: ns, and
 *         bandwidths: [400, 9000] }    # MB/s to the memory of each node
 *   guest:
 *     firmware: "/usr/share/OVMF/OVMF_CODE.fd,vars=vars.fd"    # optional
 *     kernel: /boot/vmlinuz        # bzImage; optional with firmware
 *     initrd: /boot/initrd.img     # optional
 *     append: "console=ttyS0"      # optional
 *     uuid: 3b241101-e2bb-4255-8caf-4136c566a962      # optional: as --uuid
 *     seed: /srv/seed              # optional: as --seed
 *     restore: /srv/checkpoint     # optional: as --restore
 *     invariant-tsc: true          # optional: tell the guest that its TSC is
 *                                  # invariant, even if CPUID does not say so
 *     pm-timer: true               # optional: as --pm-timer
 *     time-dilation: 1             # optional: seconds of a guest's second
 *     rng: true                    # optional: random numbers of node 0
 *     free-page-reporting: false   # optional: as --free-page-reporting
 *     disks:                       # optional
 *       - { file: /srv/disk.img, readonly: false, node: 0 }
 *     nets:                        # optional: user or tap each
 *       - { user: true, hostfwd: ["tcp:127.0.0.1:2222-:22"], node: 0 }
 *       - { tap: tap0, mac: "52:54:00:12:34:56", node: 1 }
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "../lib/name.h"
#include "../lib/number.h"
#include "../uapi/linux/ssi_dsm_genl.h"
#include "config_file.h"
#include "config_hosts.h"
#include "config_tree.h"
#include "log.h"

#define MEMORY_ALIGN	(2ull << 20)
#define OF_MAX		32
#define NODESET_MAX	63

const char *config_parse_size(const char *text, uint64_t *bytes)
{
	const char *unit = number_read(text, bytes);
	unsigned int shift = 20;

	if (!unit || (strcmp(unit, "") && strcmp(unit, "M") &&
		      strcmp(unit, "G")))
		return "is not a size like 256M or 2G";
	if (strcmp(unit, "G") == 0)
		shift = 30;
	if (*bytes > UINT64_MAX >> shift)
		return "is too large";
	*bytes <<= shift;
	return NULL;
}

static uint64_t take_size(const char *what, const char *of, const char *text,
			  bool may_be_none)
{
	uint64_t bytes = 0;
	const char *why = config_parse_size(text, &bytes);

	if (!why && !bytes && !may_be_none)
		why = "must be more than 0";
	if (why)
		config_refuse(text, "The %s of %s, \"%s\", %s.", what, of,
			      text, why);
	return bytes;
}

static uint32_t take_number(const char *what, const char *of, const char *text,
			    uint32_t max)
{
	uint64_t value;

	if (!number_parse(text, max, &value))
		config_refuse(text, "The %s of %s, \"%s\", is not a number from 0 to %u.",
			      what, of, text, max);
	return value;
}

static bool take_bool(const char *what, const char *of, const char *text)
{
	bool value = false;
	const char *why = device_parse_bool(text, &value);

	if (why)
		config_refuse(text, "The %s of %s, \"%s\", %s.", what, of,
			      text, why);
	return value;
}

/* A row of a matrix: one number for each node. Return: NULL if @texts is. */
static uint32_t *take_row(const char *what, const char *of, char **texts,
			  unsigned int found, unsigned int count)
{
	uint32_t *row;

	if (!texts)
		return NULL;
	if (found != count)
		config_refuse(texts, "The %s of %s are %u numbers; there must be %u, one for each node.",
			      what, of, found, count);
	row = calloc(count, sizeof(*row));
	if (!row)
		die(EXIT_HOST, "There is no memory for the configuration.");
	for (unsigned int i = 0; i < count; i++)
		row[i] = take_number(what, of, texts[i], UINT32_MAX);
	return row;
}

static uint8_t *take_distances(const char *of, const struct config_node *from,
			       unsigned int count)
{
	uint32_t *row = take_row("distances", of, from->distances,
				 from->distances_count, count);
	uint8_t *bytes = row ? malloc(count) : NULL;

	for (unsigned int i = 0; bytes && i < count; i++) {
		if (row[i] > UINT8_MAX)
			config_refuse(from->distances[i], "A distance of %s, %u, is larger than 254.",
				      of, row[i]);
		bytes[i] = row[i];
	}
	free(row);
	return bytes;
}

/* A host's name is looked up later, by config_find_addresses(). */
static void take_address(const char *of, const char *text,
			 struct node_options *node)
{
	const char *why = address_parse(text, &node->sockaddr,
					&node->sockaddr_len);

	node->address = text;
	if (!why)
		return;
	if (!address_is_name(text))
		config_refuse(text, "The address of %s, \"%s\", %s.", of, text,
			      why);
	node->sockaddr_len = 0;
}

static void refuse_if(const char *why, const char *what, const char *of,
		      const char *text)
{
	if (why)
		config_refuse(text, "The %s of %s, \"%s\", %s.", what, of,
			      text, why);
}

static void take_node(const struct config_node *from, uint32_t id,
		      unsigned int count, struct options *options)
{
	struct node_options *node = &options->nodes[id];
	char of[OF_MAX];

	snprintf(of, sizeof(of), "node %u", id);
	node->id = id;
	node->place = from;
	node->address = "";
	node->name = from->name;
	if (from->address || from->name)
		take_address(of, from->address ? from->address : from->name,
			     node);
	node->cpus = take_number("cpus", of, from->cpus, UINT16_MAX);
	node->memory = take_size("memory", of, from->memory, true);
	if (from->cache)
		node->cache = take_size("cache", of, from->cache, false);
	if (from->vcpupin)
		refuse_if(config_parse_vcpupin(from->vcpupin, node), "vcpupin",
			  of, from->vcpupin);
	if (from->nodeset)
		refuse_if(config_parse_nodeset(from->nodeset, node), "nodeset",
			  of, from->nodeset);
	node->distances = take_distances(of, from, count);
	node->latencies = take_row("latencies", of, from->latencies,
				   from->latencies_count, count);
	node->bandwidths = take_row("bandwidths", of, from->bandwidths,
				    from->bandwidths_count, count);
	if (!options->loop && count > 1 && !*node->address)
		config_refuse(from, "Node %u has no address; with all transports but loop each node needs one, or the name of its host.",
			      id);
}

static void take_nodes(const struct config_file *file, struct options *options)
{
	unsigned int count = file->nodes_count;
	bool taken[SSI_DSM_MAX_NODES] = { 0 };

	options->num_nodes = count;
	memset(options->nodes, 0, sizeof(options->nodes));
	for (unsigned int i = 0; i < count; i++) {
		uint32_t id = take_number("id", "a node", file->nodes[i].id,
					  UINT32_MAX);

		if (id >= count)
			config_refuse(file->nodes[i].id, "There are %u nodes, and one has the id %u; their ids must be 0 to %u.",
				      count, id, count - 1);
		if (taken[id])
			config_refuse(file->nodes[i].id, "There is node %u twice; give each node an id of its own.",
				      id);
		taken[id] = true;
		take_node(&file->nodes[i], id, count, options);
	}
	config_check_addresses(options);
}

/* Ascending numbers and ranges, as in /sys: set the bits of @cpus below @max. */
static bool parse_list(const char *text, unsigned int max, cpu_set_t *cpus)
{
	uint64_t first, last, least = 0;

	CPU_ZERO(cpus);
	do {
		text = number_read(text, &first);
		if (!text || first < least || first >= max)
			return false;
		last = first;
		if (*text == '-')
			text = number_read(text + 1, &last);
		if (!text || last < first || last >= max)
			return false;
		for (least = last + 1; first < least; first++)
			CPU_SET(first, cpus);
	} while (*text++ == ',');
	return !text[-1];
}

const char *config_parse_vcpupin(const char *text, struct node_options *node)
{
	return parse_list(text, CPU_SETSIZE, &node->vcpupin) ? NULL :
	       "is not a list of CPUs in ascending order like 0-3,8";
}

const char *config_parse_nodeset(const char *text, struct node_options *node)
{
	cpu_set_t nodes;

	if (!parse_list(text, NODESET_MAX, &nodes))
		return "is not a list of NUMA nodes below 63 in ascending order like 0,2-3";
	node->nodeset = 0;
	for (unsigned int i = 0; i < NODESET_MAX; i++)
		if (CPU_ISSET(i, &nodes))
			node->nodeset |= 1ull << i;
	return NULL;
}

const char *config_parse_uuid(const char *text, struct options *options)
{
	if (uuid_parse(text, options->uuid) || uuid_is_null(options->uuid))
		return "is not a UUID, as in 3b241101-e2bb-4255-8caf-4136c566a962";
	options->has_uuid = true;
	return NULL;
}

/* A path with a comma needs a symbolic link without one. */
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
		die(EXIT_USAGE, "The firmware \"%s\" is neither CODE nor CODE,vars=FILE.",
		    text);
	options->firmware = code;
	options->variables = rest ? rest + strlen(key) : NULL;
}

/* A property of a device: its key, and the text in the file or NULL. */
struct property {
	const char *key;
	const char *text;
};

static void take_disk(unsigned int number, const struct config_disk *from,
		      struct options *options)
{
	struct disk_options *disk = device_add_disk(&options->devices);
	const struct property properties[] = {
		{ "readonly", from->readonly },
		{ "logical-block-size", from->logical_block_size },
		{ "serial", from->serial },
		{ "cache", from->cache },
		{ "werror", from->werror },
		{ "node", from->node },
	};

	disk->file = from->file;
	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++) {
		const struct property *p = &properties[i];
		const char *why = p->text ?
			device_set_disk(disk, p->key, p->text) : NULL;

		if (why)
			config_refuse(p->text, "The %s of disk %u, \"%s\", %s.",
				      p->key, number + 1, p->text, why);
	}
}

static void set_net(struct net_options *net, unsigned int number,
		    const char *key, const char *text)
{
	const char *why = text ? device_set_net(net, key, text) : NULL;

	if (why)
		config_refuse(text, "The %s of network card %u, \"%s\", %s.",
			      key, number + 1, text, why);
}

static void take_net(unsigned int number, const struct config_net *from,
		     struct options *options)
{
	struct net_options *net = device_add_net(&options->devices);
	char of[OF_MAX];
	bool user = false;

	snprintf(of, sizeof(of), "network card %u", number + 1);
	if (from->user)
		user = take_bool("user", of, from->user);
	if (user == !!from->tap)
		config_refuse(from, "Network card %u must have either \"user: true\" or \"tap: NAME\".",
			      number + 1);
	net->tap = from->tap;
	set_net(net, number, "mac", from->mac);
	set_net(net, number, "mtu", from->mtu);
	set_net(net, number, "restrict", from->restricted);
	set_net(net, number, "vhost", from->vhost);
	set_net(net, number, "queues", from->queues);
	set_net(net, number, "node", from->node);
	for (unsigned int i = 0; i < from->hostfwd_count; i++)
		set_net(net, number, "hostfwd", from->hostfwd[i]);
}

static void take_devices(const struct config_guest *guest,
			 struct options *options)
{
	if (guest->rng)
		options->devices.no_rng = !take_bool("rng", "the guest",
						     guest->rng);
	if (guest->free_page_reporting)
		options->devices.free_page_reporting =
			take_bool("free-page-reporting", "the guest",
				  guest->free_page_reporting);
	for (unsigned int i = 0; i < guest->disks_count; i++)
		take_disk(i, &guest->disks[i], options);
	if (guest->seed)
		device_add_seed(&options->devices, guest->seed);
	for (unsigned int i = 0; i < guest->nets_count; i++)
		take_net(i, &guest->nets[i], options);
}

static void take_guest(const struct config_guest *guest,
		       struct options *options)
{
	if (guest->firmware)
		config_take_firmware(guest->firmware, options);
	options->kernel = guest->kernel;
	options->initrd = guest->initrd;
	options->append = guest->append;
	options->restore = guest->restore;
	if (guest->uuid)
		refuse_if(config_parse_uuid(guest->uuid, options), "uuid",
			  "the guest", guest->uuid);
	if (guest->invariant_tsc)
		options->invariant_tsc = take_bool("invariant-tsc", "the guest",
						   guest->invariant_tsc);
	if (guest->time_dilation)
		options->time_dilation = take_number("time-dilation",
						     "the guest",
						     guest->time_dilation,
						     OPTIONS_MAX_DILATION);
	if (guest->pm_timer)
		options->pm_timer = take_bool("pm-timer", "the guest",
					      guest->pm_timer) ?
				    PM_TIMER_ON : PM_TIMER_OFF;
}

static uint32_t take_transport(const char *text)
{
	static const char *const names[] = {
		[SSI_DSM_TRANSPORT_RDMA] = "rdma",
		[SSI_DSM_TRANSPORT_LOOP] = "loop",
		[SSI_DSM_TRANSPORT_TCP] = "tcp",
		[SSI_DSM_TRANSPORT_AUTO] = "auto",
	};

	for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(text, names[i]))
			return i;
	config_refuse(text, "The transport of the cluster, \"%s\", is none of auto, rdma, tcp and loop.",
		      text);
}

static const char *take_placement(const char *text)
{
	if (strcmp(text, "off") && strcmp(text, "advise") && strcmp(text, "on"))
		config_refuse(text, "The placement of the cluster, \"%s\", is none of off, advise and on.",
			      text);
	return text;
}

/* The ids are what the kernel goes by; a certificate must be of one node only. */
static void check_names(const struct options *options)
{
	for (unsigned int i = 0; i < options->num_nodes; i++) {
		if (!options->nodes[i].name)
			config_refuse(options->nodes[i].place, "Node %u has no name; with tls each node needs the name that is in its certificate.",
				      i);
		for (unsigned int j = 0; j < i; j++)
			if (!strcasecmp(options->nodes[i].name,
					options->nodes[j].name))
				config_refuse(options->nodes[i].name, "Nodes %u and %u have the same name, %s; give each node a name and a certificate of its own.",
					      j, i, options->nodes[i].name);
	}
}

static void take_tls(const struct config_tls *from, struct options *options)
{
	if (options->loop)
		config_refuse(from, "The cluster's tls needs the transport tcp, rdma or auto; with loop there is no network.");
	options->tls = true;
	if (!options->link_grace)
		config_refuse(from, "The cluster has tls and \"link-grace: 0\"; with tls it must be 1 at least, because connections are replaced by others with new keys.");
	options->tls_encrypt = !from->encrypt ||
			       take_bool("encrypt", "tls", from->encrypt);
	if (!options->tls_encrypt &&
	    options->transport != SSI_DSM_TRANSPORT_RDMA)
		config_refuse(from->encrypt, "The cluster's tls has \"encrypt: false\", which needs \"transport: rdma\"; over tcp all is encrypted.");
	options->tls_ca = from->ca;
	options->tls_certificate = from->certificate;
	options->tls_key = from->key;
	options->tls_crl = from->crl;
	check_names(options);
}

/* Between hosts, doing without must have been written down. */
static void take_security(const struct config_file *file,
			  struct options *options)
{
	bool insecure = file->insecure &&
			take_bool("insecure", "the cluster", file->insecure);

	if (file->tls && insecure)
		config_refuse(file->insecure, "The cluster has both tls and \"insecure: true\"; remove one of them.");
	if (file->tls)
		take_tls(file->tls, options);
	else if (!insecure && !options->loop && options->num_nodes > 1)
		config_refuse(file->insecure ? (const void *)file->insecure :
					       file->nodes,
			      "The cluster has no tls, so anybody on its network could read and change the guest's memory; add tls, or \"insecure: true\" if nobody else can reach that network.");
}

/* The file's data is not freed, since the options point to it. */
void config_load(const char *path, struct options *options)
{
	const struct config_file *file = config_file_read(path);
	const char *why = name_check(file->cluster);
	char printed[64];

	if (why) {
		name_print(file->cluster, printed, sizeof(printed));
		config_refuse(file->cluster, "The name of the cluster, \"%s\", %s.",
			      printed, why);
	}
	options->cluster = file->cluster;
	options->transport = file->transport ? take_transport(file->transport) :
					       SSI_DSM_TRANSPORT_AUTO;
	options->loop = options->transport == SSI_DSM_TRANSPORT_LOOP;
	if (file->amd_rogpt)
		options->amd_rogpt = take_bool("amd-rogpt", "the cluster",
					       file->amd_rogpt);
	options->placement = file->placement ? take_placement(file->placement) :
					       "off";
	if (file->timeout)
		options->timeout = take_number("timeout", "the cluster",
					       file->timeout,
					       OPTIONS_MAX_TIMEOUT);
	if (file->link_grace)
		options->link_grace = take_number("link-grace", "the cluster",
						  file->link_grace,
						  OPTIONS_MAX_LINK_GRACE);
	take_nodes(file, options);
	take_security(file, options);
	take_guest(&file->guest, options);
	take_devices(&file->guest, options);
}

static void need_value_range(unsigned int cpus)
{
	if (cpus < 1 || cpus > OPTIONS_MAX_CPUS)
		die(EXIT_USAGE, "The guest would have %u CPUs; it must have 1 to %u.",
		    cpus, OPTIONS_MAX_CPUS);
}

void config_check_nodes(const struct options *options)
{
	unsigned int cpus = 0;

	for (unsigned int i = 0; i < options->num_nodes; i++) {
		const struct node_options *node = &options->nodes[i];

		if (node->memory % MEMORY_ALIGN)
			config_refuse(node->place, "The memory of node %u, %llu MiB, is not a multiple of 2 MiB.",
				      i, (unsigned long long)node->memory >> 20);
		if (node->cpus > OPTIONS_MAX_CPUS)
			need_value_range(node->cpus);
		cpus += node->cpus;
	}
	need_value_range(cpus);
	if (!options->nodes[0].cpus)
		config_refuse(options->nodes[0].place, "Node 0 has no CPU; it needs at least one, since the guest boots there.");
}
