// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtio devices that this node has. */
#include "devices.h"

#include <stdio.h>

#include "../lib/member.h"
#include "log.h"
#include "seed.h"
#include "virtio/balloon.h"
#include "virtio/blk.h"
#include "virtio/console.h"
#include "virtio/image.h"
#include "virtio/net.h"
#include "virtio/rng.h"
#include "virtio/tap.h"
#include "virtio/usernet.h"
#include "virtio/vhost_net.h"

#define LOCK_AFTER_RESET_MS	10000

static struct blk *devices_blks[DEVICE_MAX_DISKS];
/* A card has one of them. */
static struct net_link *devices_links[DEVICE_MAX_NETS];
static struct vhost_net *devices_vhosts[DEVICE_MAX_NETS];

static void open_net(const struct net_options *net, unsigned int card)
{
	if (net->vhost)
		devices_vhosts[card] = vhost_net_open(net);
	else
		devices_links[card] = net->tap ? tap_open(net) : usernet_open(net);
}

/* The image has no name but for its descriptor, which stays open. */
static struct blk *open_seed(const struct options *options,
			     const struct disk_options *seed)
{
	struct disk_options disk = *seed;
	char *path;

	if (asprintf(&path, "/proc/self/fd/%d",
		     seed_make(seed->file, options->uuid)) < 0)
		die(EXIT_HOST, "There is no memory for the seed.");
	disk.file = path;
	return blk_open(&disk);
}

void devices_open(const struct options *options)
{
	const struct device_options *devices = &options->devices;

	/*
	 * The kernel ends a ring some time after the process that had it, and lets go
	 * of the disk then. So the guest's process before a reset may still have it.
	 */
	if (options->history)
		image_wait_for_lock(LOCK_AFTER_RESET_MS);
	for (unsigned int i = 0; i < devices->num_disks; i++)
		if (devices->disks[i].node == options->self)
			devices_blks[i] = devices->disks[i].is_seed ?
				open_seed(options, &devices->disks[i]) :
				blk_open(&devices->disks[i]);
	for (unsigned int i = 0; i < devices->num_nets; i++)
		if (devices->nets[i].node == options->self)
			open_net(&devices->nets[i], i);
}

static void create_net(const struct options *options, unsigned int card,
		       const struct ssi_acpi_pci_root *root)
{
	uint8_t mac[DEVICE_MAC_SIZE];

	device_get_mac(&options->devices, card, options->cluster, mac);
	if (devices_vhosts[card])
		vhost_net_init(devices_vhosts[card], mac, root->first_bus,
			       root->window);
	else
		net_init(devices_links[card], mac, root->first_bus,
			 root->window);
}

/* Slots are taken from 1 on, in the order in which create_on() fills them. */
unsigned int devices_disk_slot(const struct device_options *devices,
			       unsigned int disk)
{
	unsigned int slot = 1;

	for (unsigned int i = 0; i < disk; i++)
		slot += devices->disks[i].root == devices->disks[disk].root;
	return slot;
}

unsigned int devices_net_slot(const struct device_options *devices,
			      unsigned int card)
{
	unsigned int root = devices->nets[card].root;
	unsigned int slot = 1;

	for (unsigned int i = 0; i < devices->num_disks; i++)
		slot += devices->disks[i].root == root;
	for (unsigned int i = 0; i < card; i++)
		slot += devices->nets[i].root == root;
	return slot;
}

/* ---- checkpoints ---- */

bool devices_may_save(char why[DEVICES_WHY_MAX])
{
	for (unsigned int i = 0; i < DEVICE_MAX_DISKS; i++) {
		if (!devices_blks[i] || !blk_has_held(devices_blks[i]))
			continue;
		snprintf(why, DEVICES_WHY_MAX, "writes to disk %u wait for room on the host",
			 i);
		return false;
	}
	return true;
}

static json_t *describe(const struct disk_options *disk,
			const struct blk_mark *mark)
{
	return json_pack("{s:s, s:I, s:I}", "file", disk->file,
			 "size", (json_int_t)mark->size,
			 "mtime", (json_int_t)mark->mtime);
}

json_t *devices_describe_disks(const struct options *options)
{
	const struct device_options *devices = &options->devices;
	json_t *disks = json_object();
	struct blk_mark mark;
	char name[16];

	for (unsigned int i = 0; i < devices->num_disks; i++) {
		if (!devices_blks[i] || devices->disks[i].is_seed)
			continue;
		snprintf(name, sizeof(name), "%u", i);
		if (blk_mark(devices_blks[i], &mark) &&
		    !json_object_set_new(disks, name,
					 describe(&devices->disks[i], &mark)))
			continue;
		json_decref(disks);
		return NULL;
	}
	return disks;
}

static void check_disk(const char *file, struct blk *blk, const json_t *disk,
		       unsigned int number)
{
	struct blk_mark mark;

	if (!disk)
		die(EXIT_USAGE, "The checkpoint has no disk %u, which is %s here.",
		    number, file);
	if (!blk_mark(blk, &mark))
		die(EXIT_HOST, "The disk %s cannot be inspected.", file);
	if (member_number(disk, "size") != (json_int_t)mark.size)
		die(EXIT_USAGE, "The disk %s has %llu bytes, but the checkpoint was made with a disk of %lld bytes.",
		    file, (unsigned long long)mark.size,
		    (long long)member_number(disk, "size"));
	if (member_number(disk, "mtime") != (json_int_t)mark.mtime)
		die(EXIT_USAGE, "The disk %s was written since the checkpoint: what the guest has in its memory would not fit, and destroy it. Restore the disk as it was then.",
		    file);
}

void devices_check_disks(const struct options *options, const json_t *disks)
{
	const struct device_options *devices = &options->devices;
	char name[16];

	for (unsigned int i = 0; i < devices->num_disks; i++) {
		snprintf(name, sizeof(name), "%u", i);
		if (devices_blks[i] && !devices->disks[i].is_seed)
			check_disk(devices->disks[i].file, devices_blks[i],
				   json_object_get(disks, name), i);
	}
}

/* ---- the buses ---- */

static void create_on(const struct options *options,
		      const struct ssi_acpi_pci_root *root, unsigned int cpus)
{
	const struct device_options *devices = &options->devices;

	for (unsigned int i = 0; i < devices->num_disks; i++)
		if (devices_blks[i] && devices->disks[i].root == root->node)
			blk_init(devices_blks[i], cpus, root->first_bus,
				 root->window);
	for (unsigned int i = 0; i < devices->num_nets; i++)
		if ((devices_links[i] || devices_vhosts[i]) &&
		    devices->nets[i].root == root->node)
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
		if (device_root_node(&options->devices,
				     layout->pci_roots[i].node) == options->self)
			create_on(options, &layout->pci_roots[i],
				  layout->num_cpus);
	blk_watch();
}
