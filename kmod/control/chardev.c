// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/ssi_dsm: the file operations, with one function per ioctl.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/ssi_dsm.h>

#include "control/chardev.h"
#include "control/region_setup.h"
#include "engine/channel.h"
#include "engine/fault.h"
#include "memory/discard.h"
#include "memory/owned.h"
#include "memory/region.h"
#include "net/node.h"
#include "stats.h"

#define ATTACH_FLAGS	(SSI_DSM_ATTACH_NO_CHANNEL | SSI_DSM_ATTACH_BATCH)

/**
 * struct ssi_file - an open file
 * @region: set once by SSI_DSM_ATTACH, with a reference
 * @channel: this file has the channel of the region
 * @batch: a read of the channel returns several messages
 */
struct ssi_file {
	struct ssi_region *region;
	bool channel;
	bool batch;
};

static struct ssi_region *file_region(struct file *file)
{
	struct ssi_file *sf = file->private_data;

	return smp_load_acquire(&sf->region); /* pairs with ioctl_attach() */
}

static int ssi_chardev_open(struct inode *inode, struct file *file)
{
	struct ssi_file *sf = kzalloc(sizeof(*sf), GFP_KERNEL);

	if (!sf)
		return -ENOMEM;
	file->private_data = sf;
	return nonseekable_open(inode, file);
}

static int ssi_chardev_release(struct inode *inode, struct file *file)
{
	struct ssi_file *sf = file->private_data;

	if (sf->region) {
		ssi_region_detach(sf->region, sf->channel);
		ssi_region_put(sf->region);
	}
	kfree(sf);
	return 0;
}

/*
 * Find the region that @attach names; with a reference. ssi_nodes_lock held.
 */
static struct ssi_region *find_region(struct ssi_dsm_attach *attach)
{
	struct ssi_region *region;
	struct ssi_node *node;

	lockdep_assert_held(&ssi_nodes_lock);
	attach->cluster[SSI_DSM_CLUSTER_LEN - 1] = '\0';
	node = ssi_node_find(current->nsproxy->net_ns, attach->cluster,
			     attach->node);
	if (!node)
		return ERR_PTR(-ENOENT);
	region = ssi_region_get(node, attach->region);
	return region ? region : ERR_PTR(-ENOENT);
}

static int attach_region(struct file *file, struct ssi_region *region,
			 u32 flags)
{
	bool channel = !(flags & SSI_DSM_ATTACH_NO_CHANNEL);
	struct ssi_file *sf = file->private_data;
	int ret;

	if (sf->region)
		return -EISCONN;
	if (READ_ONCE(region->state) == SSI_DSM_REGION_LOST)
		return -EIO;
	ret = ssi_region_attach(region, channel);
	if (ret)
		return ret;
	sf->channel = channel;
	sf->batch = flags & SSI_DSM_ATTACH_BATCH;
	file->f_mapping = region->inode->i_mapping;
	smp_store_release(&sf->region, region); /* pairs with file_region() */
	return 0;
}

/*
 * This holds ssi_nodes_lock, so it must not touch memory of the calling
 * program.
 */
static int find_and_attach(struct file *file, struct ssi_dsm_attach *attach)
{
	struct ssi_region *region;
	int ret;

	mutex_lock(&ssi_nodes_lock);
	region = find_region(attach);
	ret = PTR_ERR_OR_ZERO(region);
	if (!ret) {
		attach->size = region->size;
		ret = attach_region(file, region, attach->flags);
		if (ret)
			ssi_region_put(region);
	}
	mutex_unlock(&ssi_nodes_lock);
	return ret;
}

/*
 * If the size cannot be copied to the program, the program gets -EFAULT, but
 * the file is attached. Such a file is of no use: the program should close it.
 */
static long ioctl_attach(struct file *file, void __user *arg)
{
	struct ssi_dsm_attach attach;
	int ret;

	if (copy_from_user(&attach, arg, sizeof(attach)))
		return -EFAULT;
	if (attach.reserved || (attach.flags & ~ATTACH_FLAGS))
		return -EINVAL;
	ret = find_and_attach(file, &attach);
	if (ret)
		return ret;
	return copy_to_user(arg, &attach, sizeof(attach)) ? -EFAULT : 0;
}

static long ioctl_send(struct file *file, void __user *arg)
{
	struct ssi_region *region = file_region(file);
	struct ssi_dsm_send send;

	if (!region)
		return -ENOTCONN;
	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (copy_from_user(&send, arg, sizeof(send)))
		return -EFAULT;
	return ssi_channel_send(region, &send);
}

static long ioctl_discard(struct file *file, void __user *arg)
{
	struct ssi_region *region = file_region(file);
	struct ssi_dsm_discard discard;

	if (!region)
		return -ENOTCONN;
	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (copy_from_user(&discard, arg, sizeof(discard)))
		return -EFAULT;
	if (!PAGE_ALIGNED(discard.offset) || !PAGE_ALIGNED(discard.len) ||
	    discard.offset > region->size ||
	    discard.len > region->size - discard.offset)
		return -EINVAL;
	if (READ_ONCE(region->state) == SSI_DSM_REGION_LOST)
		return -EIO;
	discard.discarded = ssi_discard(region, discard.offset >> PAGE_SHIFT,
					discard.len >> PAGE_SHIFT) << PAGE_SHIFT;
	return copy_to_user(arg, &discard, sizeof(discard)) ? -EFAULT : 0;
}

/* Add the bits of a block to those of the program. */
static int put_owned(struct ssi_region *region, u64 index, u64 __user *bits)
{
	u64 words[SSI_OWNED_WORDS], old[SSI_OWNED_WORDS];
	u32 i;

	if (copy_from_user(old, bits, sizeof(old)))
		return -EFAULT;
	ssi_owned(region, index, words);
	for (i = 0; i < SSI_OWNED_WORDS; i++)
		words[i] |= old[i];
	return copy_to_user(bits, words, sizeof(words)) ? -EFAULT : 0;
}

static long ioctl_owned(struct file *file, struct ssi_dsm_owned __user *arg)
{
	struct ssi_region *region = file_region(file);
	struct ssi_dsm_owned owned;
	u64 index, end;
	int ret = 0;

	if (!region)
		return -ENOTCONN;
	if (copy_from_user(&owned, arg, sizeof(owned)))
		return -EFAULT;
	if (!IS_ALIGNED(owned.offset | owned.len, SSI_REGION_ALIGN) ||
	    owned.offset > region->size ||
	    owned.len > region->size - owned.offset)
		return -EINVAL;
	index = owned.offset >> PAGE_SHIFT;
	end = index + (owned.len >> PAGE_SHIFT);
	for (; index < end && !ret; index += SSI_BLOCK_PAGES) {
		ret = put_owned(region, index, u64_to_user_ptr(owned.bits));
		owned.bits += SSI_OWNED_WORDS * sizeof(u64);
		if (fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	owned.homes_given = ssi_stats_total(region->stats, SSI_COUNT_HOMES_GIVEN);
	if (!ret && put_user(owned.homes_given, &arg->homes_given))
		ret = -EFAULT;
	return ret;
}

static long ssi_chardev_ioctl(struct file *file, unsigned int cmd,
			      unsigned long arg)
{
	switch (cmd) {
	case SSI_DSM_ATTACH:
		return ioctl_attach(file, (void __user *)arg);
	case SSI_DSM_SEND:
		return ioctl_send(file, (void __user *)arg);
	case SSI_DSM_DISCARD:
		return ioctl_discard(file, (void __user *)arg);
	case SSI_DSM_OWNED:
		return ioctl_owned(file, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

/* Only the file that has the channel may read. */
static struct ssi_region *channel_region(struct file *file)
{
	struct ssi_file *sf = file->private_data;
	struct ssi_region *region = file_region(file);

	return region && sf->channel ? region : NULL;
}

static ssize_t ssi_chardev_read(struct file *file, char __user *buf,
				size_t size, loff_t *pos)
{
	struct ssi_region *region = channel_region(file);
	struct ssi_file *sf = file->private_data;

	if (!region)
		return -ENOTCONN;
	return ssi_channel_read(region, buf, size, sf->batch,
				file->f_flags & O_NONBLOCK);
}

static __poll_t ssi_chardev_poll(struct file *file,
				 struct poll_table_struct *table)
{
	struct ssi_region *region = channel_region(file);

	if (!region)
		return EPOLLERR;
	return ssi_channel_poll(region, file, table);
}

static int ssi_chardev_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ssi_region *region = file_region(file);
	int ret;

	if (!region)
		return -ENOTCONN;
	ret = ssi_fault_mmap(region, vma);
	if (!ret)
		ssi_guest_time_take(&region->guest_time);
	return ret;
}

static const struct file_operations ssi_chardev_fops = {
	.owner = THIS_MODULE,
	.open = ssi_chardev_open,
	.release = ssi_chardev_release,
	.unlocked_ioctl = ssi_chardev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read = ssi_chardev_read,
	.poll = ssi_chardev_poll,
	.mmap = ssi_chardev_mmap,
	/*
	 * Mappings are aligned, so that 2 MiB folios can be mapped with one
	 * entry.
	 */
	.get_unmapped_area = thp_get_unmapped_area,
};

static struct miscdevice ssi_chardev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ssi_dsm",
	.mode = 0660,	/* root's group, until udev gives it another one */
	.fops = &ssi_chardev_fops,
};

int ssi_chardev_init(void)
{
	return misc_register(&ssi_chardev);
}

void ssi_chardev_exit(void)
{
	misc_deregister(&ssi_chardev);
}
