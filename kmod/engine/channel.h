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

/* If more messages than this are unread, the region is lost. */
#define SSI_CHANNEL_MAX	8192

/**
 * struct ssi_channel - messages that a program has not read yet
 * @lock: protects all but @wait; BH-safe
 * @queue: struct ssi_rx with CHANNEL messages
 * @len: entries of @queue
 * @busy: a file is attached to the channel
 * @notified: bit mask of enum ssi_dsm_msg_type: states that were read
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

/**
 * ssi_channel_init() - prepare the channel of a new region
 * @channel: the channel
 *
 * Context: any.
 */
void ssi_channel_init(struct ssi_channel *channel);

/**
 * ssi_channel_purge() - discard all unread messages
 * @channel: the channel
 *
 * Context: BH disabled or process context.
 */
void ssi_channel_purge(struct ssi_channel *channel);

/**
 * ssi_channel_acquire() - attach a file to the channel
 * @channel: the channel
 *
 * Context: BH disabled or process context.
 * Return: 0, or -EBUSY if another file is attached.
 */
int ssi_channel_acquire(struct ssi_channel *channel);

/**
 * ssi_channel_release() - detach the file from the channel
 * @channel: the channel
 *
 * Context: BH disabled or process context.
 */
void ssi_channel_release(struct ssi_channel *channel);

/**
 * ssi_channel_recv() - a message for the attached program came
 * @region: the region
 * @rx: the message; consumed, with its reference to @region
 *
 * If SSI_CHANNEL_MAX messages are unread already, the region is lost.
 *
 * Context: BH disabled or process context.
 */
void ssi_channel_recv(struct ssi_region *region, struct ssi_rx *rx);

/**
 * ssi_channel_send() - send a message to the program on another node
 * @region: the region
 * @send: the receiver, and the data in user memory
 *
 * Context: process, may sleep for memory.
 * Return: 0; -EMSGSIZE if the length is 0 or above SSI_DSM_MSG_MAX; -EINVAL if
 * the receiver is this node or not a valid id; -EFAULT; -EINTR if the caller is
 * being killed; -ENOTCONN if the receiver has not joined the region yet; or the
 * error of ssi_peer_send().
 */
int ssi_channel_send(struct ssi_region *region,
		     const struct ssi_dsm_send *send);

/**
 * ssi_channel_read() - read messages or a state of the region
 * @region: the region
 * @buf: user memory; gets a struct ssi_dsm_msg, then the data
 * @size: of @buf in bytes
 * @batch: read further messages that are there and fit; see SSI_DSM_ATTACH_BATCH
 * @nonblock: do not wait
 *
 * Context: process, sleeps unless @nonblock.
 * Return: bytes written; -EAGAIN if there is nothing to read and @nonblock;
 * -EMSGSIZE if @buf is too small, the message stays queued then; -EFAULT;
 * -ERESTARTSYS if a signal came.
 */
ssize_t ssi_channel_read(struct ssi_region *region, char __user *buf,
			 size_t size, bool batch, bool nonblock);

/**
 * ssi_channel_poll() - poll for messages and states to read
 * @region: the region
 * @file: the attached file
 * @table: from the poll call
 *
 * Context: process.
 * Return: EPOLLIN | EPOLLRDNORM if ssi_channel_read() would not wait, else 0.
 */
__poll_t ssi_channel_poll(struct ssi_region *region, struct file *file,
			  struct poll_table_struct *table);

#endif /* _SSI_CHANNEL_H */
