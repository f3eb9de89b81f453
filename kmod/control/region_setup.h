/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Regions: creation, attaching of files, deletion.
 */
#ifndef _SSI_REGION_SETUP_H
#define _SSI_REGION_SETUP_H

#include <linux/netlink.h>
#include <linux/types.h>

struct ssi_node;
struct ssi_region;

/**
 * struct ssi_map_entry - one entry of a placement map, as configured
 * @node: the home of the pages of this entry
 * @size: size in bytes, a multiple of SSI_REGION_ALIGN; 0 for a member without
 *	memory
 */
struct ssi_map_entry {
	u32 node;
	u64 size;
};

/* Kernel-doc is in region_setup.c. ssi_config_lock held, may sleep. */
struct ssi_region *ssi_region_new(struct ssi_node *node, u32 id,
				  const struct ssi_map_entry *map, u32 entries,
				  struct netlink_ext_ack *extack);

/**
 * ssi_region_delete() - first phase of the deletion of a region
 * @region: the region; the reference of the node's list is dropped
 *
 * Members are told, and the region is LOST on this node.
 *
 * Context: ssi_config_lock held, may sleep.
 */
void ssi_region_delete(struct ssi_region *region);

/**
 * ssi_region_attach() - count a file that attaches to a region
 * @region: the region
 * @channel: the file also takes the channel of the region
 *
 * Context: Process context.
 * Return: 0, or -EBUSY if another file has the channel.
 */
int ssi_region_attach(struct ssi_region *region, bool channel);

/**
 * ssi_region_detach() - undo ssi_region_attach()
 * @region: the region
 * @channel: the file has the channel
 *
 * When the last file detaches, this node leaves the region: members are told,
 * and the region is LOST on this node.
 *
 * Context: Process context.
 */
void ssi_region_detach(struct ssi_region *region, bool channel);

/**
 * ssi_region_set_policy() - set a policy of a region
 * @region: the region
 * @id: enum ssi_dsm_policy
 * @value: a value that ssi_policy_allows()
 *
 * Context: Any context.
 */
void ssi_region_set_policy(struct ssi_region *region, u32 id, u64 value);

/**
 * ssi_region_setup_init() - mount the file system of region inodes
 *
 * Context: May sleep; before the first region is made.
 * Return: 0 or a negative errno.
 */
int ssi_region_setup_init(void);

/**
 * ssi_region_setup_exit() - undo ssi_region_setup_init()
 *
 * Context: May sleep; after the last region is freed.
 */
void ssi_region_setup_exit(void);

#endif /* _SSI_REGION_SETUP_H */
