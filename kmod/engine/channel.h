/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages between the programs attached to a region on different nodes.
 */
#ifndef _SSI_CHANNEL_H
#define _SSI_CHANNEL_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

struct ssi_dsm_send;
struct ssi_region;
struct ssi_rx;

/* More than this unread is a program that does not read. */
#define SSI_CHANNEL_MAX	8192

/**
 * struct ssi_channel - what waits to be read
 * @lock: protects all but @wait; BH-safe
 * @queue: struct ssi_rx with CHANNEL messages
 * @len: entries of @queue
 * @busy: a file owns the channel
 * @notified: bit mask of enum ssi_dsm_msg_type: states already read
 * @wait: for readers and poll
 */
struct ssi_channel {
	spinlock_t lock;
	struct list_head queue;
	u32 len;
	bool busy;
	u32 notified;
	wait_queue_head_t wait;
};

void ssi_channel_init(struct ssi_channel *channel);
void ssi_channel_purge(struct ssi_channel *channel);

/* 0 or -EBUSY */
int ssi_channel_acquire(struct ssi_channel *channel);
void ssi_channel_release(struct ssi_channel *channel);

/*
 * A message came; takes @rx and its reference to @region. BH disabled or
 * process context.
 */
void ssi_channel_recv(struct ssi_region *region, struct ssi_rx *rx);

int ssi_channel_send(struct ssi_region *region,
		     const struct ssi_dsm_send *send);
ssize_t ssi_channel_read(struct ssi_region *region, char __user *buf,
			 size_t size, bool nonblock);
__poll_t ssi_channel_poll(struct ssi_region *region, struct file *file,
			  struct poll_table_struct *table);

#endif /* _SSI_CHANNEL_H */
