/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line and the cluster's configuration file. */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "../lib/address.h"
#include "../uapi/linux/ssi_dsm.h"
#include "device_options.h"

#define OPTIONS_MAX_CPUS	254	/* the destination in an MSI has 8 bits */

/* How long a node waits for the others by default, in seconds. */
#define OPTIONS_TIMEOUT		30
#define OPTIONS_MAX_TIMEOUT	86400
#define OPTIONS_LINK_GRACE	10
#define OPTIONS_MAX_LINK_GRACE	3600
#define OPTIONS_MAX_DILATION	65535
#define OPTIONS_UUID_SIZE	16

/**
 * struct node_options - what one node gives to the guest
 * @place: of it in the file, for config_refuse(); NULL: there is no file
 * @id: its id; ids are 0 .. count - 1
 * @address: with all transports but loop, the text from the file; with loop, empty
 * @sockaddr: @address in binary form
 * @sockaddr_len: bytes of @sockaddr in use; 0: no address
 * @name: with tls: the name in its certificate
 * @cpus: CPUs of the guest that run here
 * @memory: bytes of guest memory whose home is here
 * @cache: limit for copies of other nodes' memory, in bytes; 0: no limit
 * @vcpupin: CPUs of the host for the node's CPUs, one for each; empty: any
 * @nodeset: NUMA nodes of the host for the node's memory, as bits; 0: any
 * @distances: SLIT row, one entry for each node; NULL: to be measured
 * @latencies: HMAT row, nanoseconds to the memory of each node; NULL: to be
 *	measured
 * @bandwidths: HMAT row, MB/s; NULL: to be measured
 */
struct node_options {
	const void *place;
	uint32_t id;
	const char *address;
	struct sockaddr_storage sockaddr;
	socklen_t sockaddr_len;
	const char *name;
	uint32_t cpus;
	uint64_t memory;
	uint64_t cache;
	cpu_set_t vcpupin;
	uint64_t nodeset;
	const uint8_t *distances;
	const uint32_t *latencies;
	const uint32_t *bandwidths;
};

/**
 * struct options_shape - the nodes that the guest sees, if they are not the hosts
 * @num_nodes: how many
 * @cpus: of each
 * @memory: of each, in bytes
 * @has_root: whether it has a PCI root
 */
struct options_shape {
	unsigned int num_nodes;
	unsigned int cpus[SSI_DSM_MAX_NODES];
	uint64_t memory[SSI_DSM_MAX_NODES];
	bool has_root[SSI_DSM_MAX_NODES];
};

struct resets_history;

/**
 * struct options - the command line and the configuration file
 * @cluster: name; NULL: one node, no cluster and no module
 * @loop: the transport is loop: the nodes have no addresses
 * @transport: enum ssi_dsm_transport
 * @tls: nodes prove who they are by certificates, and TLS encrypts
 * @tls_encrypt: with rdma: encrypt, too; tcp with tls always does
 * @tls_ca: PEM file of the authority that signs the certificates
 * @tls_certificate: PEM file of this host's certificate
 * @tls_key: PEM file of its private key
 * @tls_crl: PEM file of the authority's list of revoked certificates, or NULL
 * @nodes: the nodes, sorted by id
 * @num_nodes: how many
 * @self: id of this node
 * @shape: what a restored guest sees of nodes; NULL: @nodes
 * @firmware: path of UEFI firmware; NULL: the kernel is booted without
 * @variables: path of the firmware's variable store; NULL: it has none
 * @kernel: bzImage; NULL only with firmware
 * @initrd: or NULL
 * @append: kernel command line
 * @serial: where the serial port goes
 * @control: path of the control socket, or NULL
 * @uuid: of the machine, in the order of its text
 * @has_uuid: the user has given one
 * @invariant_tsc: tell the guest that its TSC is invariant, even if the host's
 *	CPUID does not say so
 * @pm_timer: give the guest an ACPI PM timer
 * @time_dilation: how many seconds one second of the guest lasts
 * @restore: folder of a checkpoint that the guest goes on from; NULL: it boots
 * @no_reboot: end when the guest resets itself
 * @history: the guest starts again after a reset; NULL: it starts for the first time
 * @user: user of the guest's process; NULL: the default
 * @no_sandbox: no process gives up rights
 * @timeout: seconds to wait for the other nodes
 * @placement: of ssid: "off", "advise" or "on"
 * @amd_rogpt: on AMD hosts that can, let walks of the guest's page tables read
 * @link_grace: seconds until a node is lost to which the link is interrupted
 * @devices: disks and network cards
 * @hash: of all values that must be the same on all nodes
 */
struct options {
	const char *cluster;
	bool loop;
	uint32_t transport;
	bool tls;
	bool tls_encrypt;
	const char *tls_ca;
	const char *tls_certificate;
	const char *tls_key;
	const char *tls_crl;
	struct node_options nodes[SSI_DSM_MAX_NODES];
	unsigned int num_nodes;
	unsigned int self;
	const struct options_shape *shape;
	const char *firmware;
	const char *variables;
	const char *kernel;
	const char *initrd;
	const char *append;
	const char *serial;
	const char *control;
	uint8_t uuid[OPTIONS_UUID_SIZE];
	bool has_uuid;
	bool invariant_tsc;
	enum { PM_TIMER_AUTO, PM_TIMER_ON, PM_TIMER_OFF } pm_timer;
	unsigned int time_dilation;
	const char *restore;
	bool no_reboot;
	const char *user;
	bool no_sandbox;
	const struct resets_history *history;
	unsigned int timeout;
	bool amd_rogpt;
	const char *placement;
	unsigned int link_grace;
	struct device_options devices;
	uint64_t hash;
};

/* Parse and check all options; ends the process with an error. */
void options_parse(struct options *options, int argc, char **argv);

#endif /* VMM_OPTIONS_H */
