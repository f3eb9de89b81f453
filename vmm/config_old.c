// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys of the file of this project's prototype, and what is written instead. An
 * administrator who brings such a file is led through it, key by key.
 */
#include "config_old.h"

#include <stddef.h>
#include <string.h>

/* A mapping stands for all that is in it. */
static const struct {
	const char *path;
	const char *advice;
} old_keys[] = {
	{ "cluster", "write the name itself: \"cluster: NAME\"" },
	{ "guest.total_memory_gb",
	  "the guest has the memory of all nodes together; write \"memory: 16G\" for each node of \"nodes\"" },
	{ "guest.total_vcpus",
	  "the guest has the CPUs of all nodes together; write \"cpus: 4\" for each node of \"nodes\"" },
	{ "guest.numa_nodes",
	  "remove it: the guest has a NUMA node for each node of \"nodes\"" },
	{ "nodes[].node_id", "write \"id\"" },
	{ "nodes[].hostname",
	  "write \"address\", which may be a host name; with tls, \"name\" is the name in the node's certificate" },
	{ "nodes[].ip_address", "write \"address\"" },
	{ "nodes[].rdma",
	  "remove it: the RDMA device, its port and its GID are found by the node's \"address\", which may have a port number behind it: 10.77.0.1:7471" },
	{ "nodes[].resources",
	  "write \"cpus\", \"memory\" and \"cache\" of the node themselves" },
	{ "nodes[].numa",
	  "write \"distances\", \"latencies\" and \"bandwidths\" of the node themselves, or nothing: they are measured" },
	{ "acpi",
	  "remove it: ssi-vmm makes the tables from \"nodes\"; a node's \"distances\", \"latencies\" and \"bandwidths\" and the guest's \"pm-timer\" change them" },
	{ "pager",
	  "remove it: a node's \"cache\" limits the memory for pages of other nodes, and \"ssictl policy set\" changes the rest while the guest runs" },
	{ "rdma",
	  "write \"transport: rdma\", and \"link-grace\" for the time until a node is lost; devices are found by the nodes' \"address\"" },
	{ "telemetry",
	  "remove it: ssid has the metrics, at /metrics, and ssictl stats shows them" },
};

const char *config_old_advice(const char *path)
{
	for (size_t i = 0; i < sizeof(old_keys) / sizeof(old_keys[0]); i++)
		if (!strcmp(path, old_keys[i].path))
			return old_keys[i].advice;
	return NULL;
}
