/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Regions: how they are made, attached to, and deleted.
 */
#ifndef _SSI_REGION_SETUP_H
#define _SSI_REGION_SETUP_H

#include <linux/netlink.h>
#include <linux/types.h>

struct ssi_node;
struct ssi_region;

/**
 * struct ssi_map_entry - one part of a map as it is configured
 * @node: home of this part
 * @size: bytes, multiple of SSI_REGION_ALIGN; 0 for a member without memory
 */
struct ssi_map_entry {
	u32 node;
	u64 size;
};

/* ssi_config_lock held, may sleep. */
struct ssi_region *ssi_region_new(struct ssi_node *node, u32 id,
				  const struct ssi_map_entry *map, u32 entries,
				  struct netlink_ext_ack *extack);
void ssi_region_delete(struct ssi_region *region);

/*
 * A file attaches, or goes; the last one that goes leaves the region: members
 * are told, and it is lost here. Process context.
 */
int ssi_region_attach(struct ssi_region *region, bool channel);
void ssi_region_detach(struct ssi_region *region, bool channel);

/* @value is one that ssi_policy_allows(). Any context. */
void ssi_region_set_policy(struct ssi_region *region, u32 id, u64 value);

/* Before the first region is made; after the last one is freed. */
int ssi_region_setup_init(void);
void ssi_region_setup_exit(void);

#endif /* _SSI_REGION_SETUP_H */
