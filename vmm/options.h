/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line and the cluster's configuration file. */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../lib/address.h"
#include "../uapi/linux/ssi_dsm.h"
#include "device_options.h"

#define OPTIONS_MAX_CPUS	254	/* what 8 bits of an MSI can name */

/* Who waits how long for the others when nothing else is said, in seconds. */
#define OPTIONS_TIMEOUT		30
#define OPTIONS_MAX_TIMEOUT	86400
#define OPTIONS_MAX_DILATION	65535

/**
 * struct node_options - what one node gives to the guest
 * @id: its id; ids are 0 .. count - 1
 * @address: for rdma, as the user wrote it; empty for loop
 * @sockaddr: the same, read
 * @sockaddr_len: how much of @sockaddr is used; 0: there is none
 * @cpus: CPUs of the guest that run here
 * @memory: bytes of guest memory whose home is here
 * @cache: bytes that it may have of the other nodes' memory; 0: no limit
 * @distances: SLIT row, one entry a node; NULL: not said
 * @latencies: HMAT row, nanoseconds to the memory of each node; NULL: not said
 * @bandwidths: HMAT row, MB/s; NULL: not said
 */
struct node_options {
	uint32_t id;
	const char *address;
	struct sockaddr_storage sockaddr;
	socklen_t sockaddr_len;
	uint32_t cpus;
	uint64_t memory;
	uint64_t cache;
	const uint8_t *distances;
	const uint32_t *latencies;
	const uint32_t *bandwidths;
};

/**
 * struct options - everything the user can say
 * @cluster: name; NULL: one node, no cluster and no module
 * @loop: the transport is loop, not rdma
 * @nodes: the nodes, sorted by id
 * @num_nodes: how many
 * @self: the id of the node that this is
 * @firmware: path of UEFI firmware; NULL: the kernel is booted without
 * @variables: path of the firmware's variable store; NULL: it has none
 * @kernel: bzImage; NULL only with firmware
 * @initrd: or NULL
 * @append: kernel command line
 * @serial: where the serial port goes
 * @invariant_tsc: tell the guest that its TSC is, even if the host does not
 * @pm_timer: give the guest an ACPI PM timer
 * @time_dilation: how many seconds a second of the guest takes
 * @no_reboot: a guest that resets itself is at its end
 * @restarted: it has, and this is the same process
 * @timeout: seconds to wait for the other nodes
 * @devices: disks and network cards
 * @hash: of what all nodes have to agree on
 */
struct options {
	const char *cluster;
	bool loop;
	struct node_options nodes[SSI_DSM_MAX_NODES];
	unsigned int num_nodes;
	unsigned int self;
	const char *firmware;
	const char *variables;
	const char *kernel;
	const char *initrd;
	const char *append;
	const char *serial;
	bool invariant_tsc;
	enum { PM_TIMER_AUTO, PM_TIMER_ON, PM_TIMER_OFF } pm_timer;
	unsigned int time_dilation;
	bool no_reboot;
	bool restarted;
	unsigned int timeout;
	struct device_options devices;
	uint64_t hash;
};

/* In the environment of a process that begins again with another guest. */
#define OPTIONS_RESTARTED	"SSI_VMM_RESTARTED"

/* Parse and check; ends the process with a sentence if something is wrong. */
void options_parse(struct options *options, int argc, char **argv);

#endif /* VMM_OPTIONS_H */
