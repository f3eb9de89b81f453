// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages between the programs attached to a region on different nodes.
 *
 * A reader also gets the region's states as messages: READY before all others,
 * LOST and REFUSED after them.
 */
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/ssi_dsm.h>

#include "alloc.h"
#include "engine/channel.h"
#include "engine/member.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/transport.h"

void ssi_channel_init(struct ssi_channel *channel)
{
	spin_lock_init(&channel->lock);
	INIT_LIST_HEAD(&channel->queue);
	init_waitqueue_head(&channel->wait);
}

void ssi_channel_purge(struct ssi_channel *channel)
{
	struct ssi_rx *rx, *next;
	LIST_HEAD(queue);

	spin_lock_bh(&channel->lock);
	list_splice_init(&channel->queue, &queue);
	channel->len = 0;
	spin_unlock_bh(&channel->lock);
	list_for_each_entry_safe(rx, next, &queue, list)
		ssi_rx_free(rx);
}

int ssi_channel_acquire(struct ssi_channel *channel)
{
	int ret = -EBUSY;

	spin_lock_bh(&channel->lock);
	if (!channel->busy) {
		channel->busy = true;
		ret = 0;
	}
	spin_unlock_bh(&channel->lock);
	return ret;
}

void ssi_channel_release(struct ssi_channel *channel)
{
	spin_lock_bh(&channel->lock);
	channel->busy = false;
	spin_unlock_bh(&channel->lock);
}

void ssi_channel_recv(struct ssi_region *region, struct ssi_rx *rx)
{
	struct ssi_channel *channel = &region->channel;
	bool full;

	/* A queued message must not keep the region alive. */
	rx->region = NULL;
	spin_lock_bh(&channel->lock);
	full = channel->len >= SSI_CHANNEL_MAX;
	if (!full) {
		list_add_tail(&rx->list, &channel->queue);
		channel->len++;
	}
	spin_unlock_bh(&channel->lock);
	if (full) {
		ssi_region_lose(region, region->node->id,
				"the program on node %u does not read its messages (%u wait)",
				region->node->id, SSI_CHANNEL_MAX);
		ssi_rx_free(rx);
	} else {
		wake_up_interruptible(&channel->wait);
	}
	ssi_region_put(region);
}

int ssi_channel_send(struct ssi_region *region,
		     const struct ssi_dsm_send *send)
{
	struct ssi_msg msg = {
		.type = SSI_WIRE_CHANNEL,
		.len = send->len,
		.region = region->id,
	};
	struct page *page;
	int ret;

	if (!send->len || send->len > SSI_DSM_MSG_MAX)
		return -EMSGSIZE;
	if (send->node >= SSI_DSM_MAX_NODES || send->node == region->node->id)
		return -EINVAL;
	msg.life = ssi_member_life(region, send->node);
	if (!msg.life)
		return -ENOTCONN;
	while (!(page = ssi_alloc_page(GFP_KERNEL_ACCOUNT)))
		if (ssi_alloc_pause())
			return -EINTR;
	if (copy_from_user(page_address(page), u64_to_user_ptr(send->data),
			   send->len)) {
		put_page(page);
		return -EFAULT;
	}
	local_bh_disable();
	ret = ssi_peer_send(region->node, send->node, &msg, page, 0);
	local_bh_enable();
	return ret;
}

/* A state of the region that the program has not read yet, or -1. */
static int untold_state(struct ssi_region *region, bool before_messages)
{
	u32 state = READ_ONCE(region->state);
	int type;

	if (state == SSI_DSM_REGION_READY && before_messages)
		type = SSI_DSM_MSG_READY;
	else if (state == SSI_DSM_REGION_LOST && !before_messages)
		type = SSI_DSM_MSG_LOST;
	else if (state == SSI_DSM_REGION_REFUSED && !before_messages)
		type = SSI_DSM_MSG_REFUSED;
	else
		return -1;
	return region->channel.notified & BIT(type) ? -1 : type;
}

/* Messages of nodes that became READY earlier wait until this node is READY. */
static bool may_read_messages(struct ssi_region *region)
{
	return READ_ONCE(region->state) != SSI_DSM_REGION_WAITING &&
	       untold_state(region, true) < 0;
}

static bool has_something(struct ssi_region *region)
{
	return (!list_empty(&region->channel.queue) &&
		may_read_messages(region)) || untold_state(region, true) >= 0 ||
	       untold_state(region, false) >= 0;
}

static ssize_t copy_out(char __user *buf, size_t size, u32 type, u32 node,
			const void *data, u32 len)
{
	struct ssi_dsm_msg head = { .type = type, .node = node, .len = len };

	if (size < sizeof(head) + len)
		return -EMSGSIZE;
	if (copy_to_user(buf, &head, sizeof(head)) ||
	    copy_to_user(buf + sizeof(head), data, len))
		return -EFAULT;
	return sizeof(head) + len;
}

static ssize_t read_state(struct ssi_region *region, int type,
			  char __user *buf, size_t size)
{
	char reason[sizeof(region->reason)] = "";
	ssize_t ret;
	u32 culprit;

	spin_lock_bh(&region->lock);
	if (type != SSI_DSM_MSG_READY)
		strscpy(reason, region->reason, sizeof(reason));
	culprit = region->culprit;
	spin_unlock_bh(&region->lock);
	ret = copy_out(buf, size, type, culprit, reason, strlen(reason));
	if (ret >= 0)
		region->channel.notified |= BIT(type);
	return ret;
}

static ssize_t read_message(struct ssi_channel *channel, struct ssi_rx *rx,
			    char __user *buf, size_t size)
{
	ssize_t ret = copy_out(buf, size, SSI_DSM_MSG_DATA, rx->msg.src,
			       page_address(rx->page), rx->len);

	if (ret < 0) {
		spin_lock_bh(&channel->lock);
		list_add(&rx->list, &channel->queue);
		channel->len++;
		spin_unlock_bh(&channel->lock);
		return ret;
	}
	ssi_rx_free(rx);
	return ret;
}

static struct ssi_rx *take_message(struct ssi_channel *channel)
{
	struct ssi_rx *rx;

	spin_lock_bh(&channel->lock);
	rx = list_first_entry_or_null(&channel->queue, struct ssi_rx, list);
	if (rx) {
		list_del_init(&rx->list);
		channel->len--;
	}
	spin_unlock_bh(&channel->lock);
	return rx;
}

/* @done bytes were read. Return: the bytes after as many messages as fit. */
static ssize_t read_more(struct ssi_channel *channel, char __user *buf,
			 size_t size, size_t done)
{
	for (;;) {
		size_t at = ALIGN(done, SSI_DSM_MSG_ALIGN);
		struct ssi_rx *rx = NULL;
		ssize_t len;

		if (at < size && !signal_pending(current))
			rx = take_message(channel);
		if (!rx)
			return done;
		len = read_message(channel, rx, buf + at, size - at);
		if (len < 0)
			return done;	/* the message waits for the next read */
		done = at + len;
		cond_resched();
	}
}

ssize_t ssi_channel_read(struct ssi_region *region, char __user *buf,
			 size_t size, bool batch, bool nonblock)
{
	struct ssi_channel *channel = &region->channel;
	struct ssi_rx *rx;
	ssize_t len;
	int type, ret;

	for (;;) {
		type = untold_state(region, true);
		if (type >= 0)
			return read_state(region, type, buf, size);
		rx = may_read_messages(region) ? take_message(channel) : NULL;
		if (rx) {
			len = read_message(channel, rx, buf, size);
			return batch && len > 0 ?
			       read_more(channel, buf, size, len) : len;
		}
		type = untold_state(region, false);
		if (type >= 0)
			return read_state(region, type, buf, size);
		if (nonblock)
			return -EAGAIN;
		ret = wait_event_interruptible(channel->wait,
					       has_something(region));
		if (ret)
			return ret;
	}
}

__poll_t ssi_channel_poll(struct ssi_region *region, struct file *file,
			  struct poll_table_struct *table)
{
	poll_wait(file, &region->channel.wait, table);
	return has_something(region) ? EPOLLIN | EPOLLRDNORM : 0;
}
