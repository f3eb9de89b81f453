// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtio devices that this node has. */
#include "devices.h"

#include <string.h>
#include <unistd.h>

#include "virtio/balloon.h"
#include "virtio/blk.h"
#include "virtio/console.h"
#include "virtio/net.h"
#include "virtio/rng.h"
#include "virtio/tap.h"
#include "virtio/usernet.h"

#define MAC_LOCAL	0x02	/* nobody's, and not a group's */

static struct blk *devices_blks[DEVICE_MAX_DISKS];
static struct net_link *devices_links[DEVICE_MAX_NETS];

static struct net_link *open_link(const struct net_options *net)
{
	return net->tap ? tap_open(net->tap) :
			  usernet_open(net->forwards, net->num_forwards);
}

void devices_open(const struct options *options)
{
	const struct device_options *devices = &options->devices;

	for (unsigned int i = 0; i < devices->num_disks; i++)
		if (devices->disks[i].node == options->self)
			devices_blks[i] = blk_open(devices->disks[i].file,
						   devices->disks[i].readonly);
	for (unsigned int i = 0; i < devices->num_nets; i++)
		if (devices->nets[i].node == options->self)
			devices_links[i] = open_link(&devices->nets[i]);
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	while (*text)
		hash = (hash ^ (unsigned char)*text++) * 0x100000001b3ull;
	return hash;
}

/* The same whenever this guest runs here, and another for each card. */
static void make_mac(const struct options *options, unsigned int card,
		     uint8_t mac[6])
{
	const char *tap = options->devices.nets[card].tap;
	uint64_t hash = 0xcbf29ce484222325ull;	/* FNV-1a */
	char host[65] = "";

	gethostname(host, sizeof(host) - 1);
	hash = hash_text(hash, host);
	hash = hash_text(hash, options->cluster ? options->cluster : "");
	hash = hash_text(hash, tap ? tap : "");
	hash += card;
	memcpy(mac, &hash, 6);
	mac[0] = MAC_LOCAL;
}

static void create_net(const struct options *options, unsigned int card,
		       const struct ssi_acpi_pci_root *root)
{
	uint8_t mac[6];

	make_mac(options, card, mac);
	net_init(devices_links[card], mac, root->first_bus, root->window);
}

/* Slots are taken from 1 on, in the order in which create_on() fills them. */
unsigned int devices_disk_slot(const struct device_options *devices,
			       unsigned int disk)
{
	unsigned int slot = 1;

	for (unsigned int i = 0; i < disk; i++)
		slot += devices->disks[i].node == devices->disks[disk].node;
	return slot;
}

unsigned int devices_net_slot(const struct device_options *devices,
			      unsigned int card)
{
	unsigned int node = devices->nets[card].node;
	unsigned int slot = 1;

	for (unsigned int i = 0; i < devices->num_disks; i++)
		slot += devices->disks[i].node == node;
	for (unsigned int i = 0; i < card; i++)
		slot += devices->nets[i].node == node;
	return slot;
}

static void create_on(const struct options *options,
		      const struct ssi_acpi_pci_root *root, unsigned int cpus)
{
	const struct device_options *devices = &options->devices;

	for (unsigned int i = 0; i < devices->num_disks; i++)
		if (devices_blks[i])
			blk_init(devices_blks[i], cpus, root->first_bus,
				 root->window);
	for (unsigned int i = 0; i < devices->num_nets; i++)
		if (devices_links[i])
			create_net(options, i, root);
	if (!root->node && devices->console)
		console_init(root->first_bus, root->window);
	if (!root->node && !devices->no_rng)
		rng_init(root->first_bus, root->window);
	if (!root->node && devices->free_page_reporting)
		balloon_init(root->first_bus, root->window);
}

void devices_create(const struct options *options,
		    const struct ssi_layout *layout)
{
	for (unsigned int i = 0; i < layout->num_pci_roots; i++)
		if (layout->pci_roots[i].node == options->self)
			create_on(options, &layout->pci_roots[i],
				  layout->num_cpus);
}
