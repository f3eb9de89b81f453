// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Virtio 1.x devices as PCI functions (virtio 1.2, 4.1).
 *
 * DOC: Theory of operation
 *
 * BAR 0 has four pages: common configuration, ISR, device configuration and
 * notifications; BAR 1 has MSI-X. Common configuration is a struct that each
 * access makes anew from the device's state: a read copies a part of it, a write
 * copies into it and then applies the fields that it touched.
 *
 * The effects of the status and of the bus master bit are in life.c. Registers that
 * a driver must not change while the device runs keep their values then.
 *
 * A driver that breaks the rules gets NEEDS_RESET and a configuration
 * interrupt; its device does nothing more until the reset.
 */
#include "pci.h"

#include <stdio.h>
#include <string.h>

#include "life.h"

#define VENDOR		0x1af4
#define DEVICE_BASE	0x1040
#define REVISION	1	/* not transitional */

#define CAP_VENDOR	0x09
#define CAP_LEN		16
#define CAP_NOTIFY_LEN	20
#define CAP_ACCESS_LEN	20
#define CAP_BAR		4	/* offsets in a capability (4.1.4) */
#define CAP_OFFSET	8
#define CAP_LENGTH	12
#define CAP_DATA	16	/* of PART_ACCESS */
#define NOTIFY_MULTIPLIER	4

/* Types of capabilities (4.1.4), which are also in this order in the BAR. */
enum part {
	PART_COMMON = 1, PART_NOTIFY, PART_ISR, PART_DEVICE,
	PART_ACCESS,	/* is in no BAR */
};

#define BAR_PARTS	0
#define BAR_MSIX	1
#define PART_SHIFT	12
#define PART_SIZE	(1u << PART_SHIFT)
#define BAR_SIZE	(4 * PART_SIZE)

#define F_INDIRECT	28
#define F_EVENT_IDX	29
#define F_VERSION_1	32
#define FEATURES	(1ull << F_INDIRECT | 1ull << F_EVENT_IDX | \
			 1ull << F_VERSION_1)

/* Common configuration (4.1.4.3). */
struct common {
	uint32_t device_select;
	uint32_t device_features;
	uint32_t driver_select;
	uint32_t driver_features;
	uint16_t config_vector;
	uint16_t num_queues;
	uint8_t status;
	uint8_t generation;
	uint16_t queue_select;
	uint16_t queue_size;
	uint16_t queue_vector;
	uint16_t queue_enable;
	uint16_t queue_notify;
	uint64_t queue_desc;
	uint64_t queue_avail;
	uint64_t queue_used;
};

_Static_assert(sizeof(struct common) == 56, "virtio 1.2, 4.1.4.3");

/* A place in a BAR. */
struct window {
	unsigned int bar;
	uint32_t offset;
	uint32_t len;
};

static struct virtio_device *device_of(struct pci_function *fn)
{
	return (void *)((char *)fn - offsetof(struct virtio_device, fn));
}

static uint64_t offered(const struct virtio_device *dev)
{
	return dev->features | FEATURES;
}

/* The registers of the selected queue, or NULL. */
static struct queue_setup *selected(struct virtio_device *dev)
{
	return dev->queue_select < dev->num_queues ?
	       &dev->setups[dev->queue_select] : NULL;
}

static uint32_t half(uint64_t features, uint32_t select)
{
	return select > 1 ? 0 : features >> 32 * select;
}

static void make_common(struct virtio_device *dev, struct common *c)
{
	const struct queue_setup *setup = selected(dev);

	*c = (struct common) {
		.device_select = dev->device_select,
		.device_features = half(offered(dev), dev->device_select),
		.driver_select = dev->driver_select,
		.driver_features = half(dev->driver_features,
					dev->driver_select),
		.config_vector = atomic_load(&dev->config_vector),
		.num_queues = dev->num_queues,
		.status = virtio_get_status(dev),
		.generation = dev->generation,
		.queue_select = dev->queue_select,
	};
	if (!setup)
		return;
	c->queue_size = setup->size;
	c->queue_vector = atomic_load(&dev->vectors[dev->queue_select]);
	c->queue_enable = setup->enabled;
	c->queue_notify = dev->queue_select;
	c->queue_desc = setup->desc;
	c->queue_avail = setup->avail;
	c->queue_used = setup->used;
}

/* Feature bits are settled by FEATURES_OK. */
static void take_features(struct virtio_device *dev, const struct common *c)
{
	unsigned int shift = 32 * c->driver_select;

	if (c->driver_select > 1 ||
	    (dev->status & VIRTIO_STATUS_FEATURES_OK))
		return;
	dev->driver_features &= ~(0xffffffffull << shift);
	dev->driver_features |= (uint64_t)c->driver_features << shift;
}

static uint16_t check_vector(const struct virtio_device *dev, uint16_t vector)
{
	return vector < dev->msix.count ? vector : VIRTIO_NO_VECTOR;
}

static void tell_place(struct virtio_device *dev)
{
	if (dev->ops->placed)
		dev->ops->placed(dev);
}

/* Queues are checked when the device starts, so they are settled by then. */
static void take_queue(struct virtio_device *dev, const struct common *c)
{
	struct queue_setup *setup = selected(dev);

	if (!setup)
		return;
	atomic_store(&dev->vectors[dev->queue_select],
		     check_vector(dev, c->queue_vector));
	tell_place(dev);
	if (setup->enabled || (dev->status & VIRTIO_STATUS_DRIVER_OK))
		return;
	setup->size = c->queue_size;
	setup->desc = c->queue_desc;
	setup->avail = c->queue_avail;
	setup->used = c->queue_used;
	setup->enabled = c->queue_enable == 1;
}

/* FEATURES_OK stays only if all features of the driver were offered. */
static bool accepts_features(const struct virtio_device *dev)
{
	return !(dev->driver_features & ~offered(dev)) &&
	       (dev->driver_features & 1ull << F_VERSION_1);
}

static void take_status(struct virtio_device *dev, uint8_t status)
{
	if (!status) {
		virtio_reset(dev);
		return;
	}
	if (!(dev->status & VIRTIO_STATUS_FEATURES_OK) &&
	    !accepts_features(dev))
		status &= ~VIRTIO_STATUS_FEATURES_OK;
	/* Bits are only ever added; NEEDS_RESET is not the driver's. */
	dev->status |= status & ~VIRTIO_STATUS_NEEDS_RESET;
	virtio_settle(dev);
}

/* Does an access touch a field? */
#define TOUCHES(offset, len, field)					\
	((offset) < offsetof(struct common, field) +			\
		    sizeof(((struct common *)0)->field) &&		\
	 (offset) + (len) > offsetof(struct common, field))

/* The fields from queue_size on, but for the notification address. */
static bool touches_queue(uint64_t offset, unsigned int len)
{
	return offset + len > offsetof(struct common, queue_size);
}

static void write_common(struct virtio_device *dev, uint64_t offset,
			 unsigned int len, uint64_t value)
{
	struct common c;

	if (offset + len > sizeof(c))
		return;
	make_common(dev, &c);
	memcpy((char *)&c + offset, &value, len);
	dev->device_select = c.device_select;
	dev->driver_select = c.driver_select;
	if (TOUCHES(offset, len, driver_features))
		take_features(dev, &c);
	if (TOUCHES(offset, len, config_vector))
		atomic_store(&dev->config_vector,
			     check_vector(dev, c.config_vector));
	if (touches_queue(offset, len))
		take_queue(dev, &c);
	dev->queue_select = c.queue_select;
	if (TOUCHES(offset, len, status))
		take_status(dev, c.status);
}

static uint64_t copy_part(const void *from, size_t size, uint64_t offset,
			  unsigned int len)
{
	uint64_t value = 0;

	if (offset + len <= size)
		memcpy(&value, (const char *)from + offset, len);
	return value;
}

static uint64_t virtio_parts_read(struct pci_function *fn, uint64_t offset,
				  unsigned int len)
{
	struct virtio_device *dev = device_of(fn);
	enum part part = (offset >> PART_SHIFT) + 1;
	struct common c;

	offset %= PART_SIZE;
	switch (part) {
	case PART_COMMON:
		make_common(dev, &c);
		return copy_part(&c, sizeof(c), offset, len);
	case PART_ISR:
		/* Reading it acknowledges. */
		return offset ? 0 : atomic_exchange(&dev->isr, 0);
	case PART_DEVICE:
		return copy_part(dev->config, dev->config_size, offset, len);
	default:
		return 0;
	}
}

static void virtio_parts_write(struct pci_function *fn, uint64_t offset,
			       unsigned int len, uint64_t value)
{
	struct virtio_device *dev = device_of(fn);
	enum part part = (offset >> PART_SHIFT) + 1;
	unsigned int queue = offset % PART_SIZE / NOTIFY_MULTIPLIER;

	if (part == PART_COMMON)
		write_common(dev, offset % PART_SIZE, len, value);
	else if (part == PART_NOTIFY && queue < dev->num_queues &&
		 queue_is_started(&dev->queues[queue]))
		dev->ops->notify(dev, queue);
}

static uint64_t virtio_msix_read(struct pci_function *fn, uint64_t offset,
				 unsigned int len)
{
	return msix_read(&device_of(fn)->msix, offset, len);
}

static void virtio_msix_write(struct pci_function *fn, uint64_t offset,
			      unsigned int len, uint64_t value)
{
	msix_write(&device_of(fn)->msix, offset, len, value);
}

/*
 * Does an access touch the window into the BARs that configuration space has
 * (4.1.4.9), and is the window at a place that a driver may choose?
 * Return: where in which BAR, and how many bytes.
 */
static bool find_window(const struct virtio_device *dev, unsigned int offset,
			unsigned int len, struct window *window)
{
	unsigned int at = dev->access_capability;

	if (offset >= at + CAP_ACCESS_LEN || offset + len <= at + CAP_DATA)
		return false;
	window->bar = pci_get(&dev->fn, at + CAP_BAR, 1);
	window->offset = pci_get(&dev->fn, at + CAP_OFFSET, 4);
	window->len = pci_get(&dev->fn, at + CAP_LENGTH, 4);
	return window->bar < PCI_BARS &&
	       (window->len == 1 || window->len == 2 || window->len == 4) &&
	       !(window->offset % window->len) &&
	       window->offset < dev->fn.bars[window->bar].size;
}

static void virtio_config_read(struct pci_function *fn, unsigned int offset,
			       unsigned int len)
{
	struct virtio_device *dev = device_of(fn);
	struct window window;
	uint32_t value;

	if (!find_window(dev, offset, len, &window))
		return;
	value = fn->bars[window.bar].ops->read(fn, window.offset, window.len);
	memcpy(fn->config + dev->access_capability + CAP_DATA, &value,
	       window.len);
}

static void virtio_config_written(struct pci_function *fn, unsigned int offset,
				  unsigned int len)
{
	struct virtio_device *dev = device_of(fn);
	unsigned int data = dev->access_capability + CAP_DATA;
	struct window window;

	if (find_window(dev, offset, len, &window))
		fn->bars[window.bar].ops->write(fn, window.offset, window.len,
						pci_get(fn, data, window.len));
	msix_config_written(&dev->msix, fn);
	tell_place(dev);
	virtio_settle(dev);
}

uint64_t virtio_notify_address(const struct virtio_device *dev, unsigned int queue)
{
	uint64_t base = pci_bar_address(&dev->fn, BAR_PARTS);

	return base ? base + ((PART_NOTIFY - 1) << PART_SHIFT) +
		      queue * NOTIFY_MULTIPLIER : 0;
}

static void add_part(struct pci_function *fn, enum part part, uint32_t size)
{
	unsigned int len = part == PART_NOTIFY ? CAP_NOTIFY_LEN : CAP_LEN;
	unsigned int at = pci_add_capability(fn, CAP_VENDOR, len);

	pci_set(fn, at + 2, 1, len, 0);
	pci_set(fn, at + 3, 1, part, 0);
	pci_set(fn, at + CAP_BAR, 1, BAR_PARTS, 0);
	pci_set(fn, at + CAP_OFFSET, 4, (part - 1) << PART_SHIFT, 0);
	pci_set(fn, at + CAP_LENGTH, 4, size, 0);
	if (part == PART_NOTIFY)
		pci_set(fn, at + 16, 4, NOTIFY_MULTIPLIER, 0);
}

static void add_access(struct virtio_device *dev)
{
	unsigned int at = pci_add_capability(&dev->fn, CAP_VENDOR,
					     CAP_ACCESS_LEN);

	pci_set(&dev->fn, at + 2, 1, CAP_ACCESS_LEN, 0);
	pci_set(&dev->fn, at + 3, 1, PART_ACCESS, 0);
	pci_set(&dev->fn, at + CAP_BAR, 1, 0, 0xff);
	pci_set(&dev->fn, at + CAP_OFFSET, 4, 0, UINT32_MAX);
	pci_set(&dev->fn, at + CAP_LENGTH, 4, 0, UINT32_MAX);
	pci_set(&dev->fn, at + CAP_DATA, 4, 0, UINT32_MAX);
	dev->access_capability = at;
}

static void init_function(struct virtio_device *dev)
{
	static const struct pci_bar_ops parts = {
		virtio_parts_read, virtio_parts_write,
	};
	static const struct pci_bar_ops msix = {
		virtio_msix_read, virtio_msix_write,
	};
	const struct pci_identity identity = {
		.vendor = VENDOR, .device = DEVICE_BASE + dev->type,
		.class = dev->class, .revision = REVISION,
	};
	struct pci_function *fn = &dev->fn;

	pci_function_init(fn, &identity);
	pci_set(fn, PCI_SUBSYSTEM_VENDOR, 2, VENDOR, 0);
	pci_set(fn, PCI_SUBSYSTEM, 2, DEVICE_BASE + dev->type, 0);
	pci_add_bar(fn, BAR_PARTS, BAR_SIZE, &parts);
	pci_add_bar(fn, BAR_MSIX, MSIX_BAR_SIZE, &msix);
	add_part(fn, PART_COMMON, sizeof(struct common));
	add_part(fn, PART_NOTIFY, dev->num_queues * NOTIFY_MULTIPLIER);
	add_part(fn, PART_ISR, 1);
	if (dev->config_size)
		add_part(fn, PART_DEVICE, dev->config_size);
	msix_init(&dev->msix, fn, BAR_MSIX, dev->num_queues + 1);
	add_access(dev);
	fn->config_read = virtio_config_read;
	fn->config_written = virtio_config_written;
}

/* ---- checkpoints ---- */

/* No thread of the device runs. */
static void virtio_save(void *of)
{
	struct virtio_device *dev = of;

	for (unsigned int i = 0; i < dev->num_queues; i++) {
		bool is_started = queue_is_started(&dev->queues[i]);

		dev->taken[i] = is_started ? queue_taken(&dev->queues[i]) : 0;
		dev->done[i] = is_started ? queue_done(&dev->queues[i]) : 0;
	}
	if (dev->ops->save)
		dev->ops->save(dev);
}

/* Are these registers that a driver could have written? */
static bool are_possible(struct virtio_device *dev)
{
	for (unsigned int i = 0; i < dev->num_queues; i++) {
		unsigned char enabled;

		memcpy(&enabled, &dev->setups[i].enabled, 1);
		if (enabled > 1 || check_vector(dev, dev->vectors[i]) !=
				   dev->vectors[i])
			return false;
	}
	if (dev->status & VIRTIO_STATUS_FEATURES_OK && !accepts_features(dev))
		return false;
	return check_vector(dev, dev->config_vector) == dev->config_vector;
}

static bool virtio_restored(void *of)
{
	struct virtio_device *dev = of;

	return are_possible(dev) && virtio_continue(dev);
}

static void add_state(struct virtio_device *dev)
{
	const struct state_field fields[] = {
		STATE_FIELD(*dev, driver_features),
		STATE_FIELD(*dev, device_select),
		STATE_FIELD(*dev, driver_select),
		STATE_FIELD(*dev, queue_select), STATE_FIELD(*dev, generation),
		STATE_FIELD(*dev, status), STATE_FIELD(*dev, setups),
		STATE_FIELD(*dev, config_vector), STATE_FIELD(*dev, vectors),
		STATE_FIELD(*dev, isr), STATE_FIELD(*dev, broken),
		STATE_FIELD(*dev, started), STATE_FIELD(*dev, taken),
		STATE_FIELD(*dev, done), STATE_FIELD(*dev, msix.enabled),
		STATE_FIELD(*dev, msix.masked), STATE_FIELD(*dev, msix.is_master),
		STATE_FIELD(*dev, msix.pending), STATE_FIELD(*dev, msix.sent),
		STATE_FIELD(*dev, msix.entries),
	};

	_Static_assert(sizeof(fields) == sizeof(dev->fields), "as many");
	memcpy(dev->fields, fields, sizeof(fields));
	snprintf(dev->state_name, sizeof(dev->state_name), "virtio-%02x:%02x",
		 dev->fn.bus, dev->fn.devfn);
	dev->state = (struct state_part) {
		.name = dev->state_name, .version = 1,
		STATE_FIELDS(dev->fields),
		.save = virtio_save, .restored = virtio_restored, .of = dev,
	};
	state_add(&dev->state);
}

void virtio_pci_add(struct virtio_device *dev, uint8_t bus, uint32_t window)
{
	static unsigned int slot;
	static uint8_t last_bus;
	uint32_t place;

	if (bus != last_bus)
		slot = 0;
	last_bus = bus;
	place = slot++ * 2 * BAR_SIZE;
	dev->fn.name = dev->name;
	dev->fn.bus = bus;
	dev->fn.devfn = PCI_DEVFN(slot, 0);	/* slot 0 is the host bridge's */
	init_function(dev);
	virtio_begin_life(dev);
	pci_add(&dev->fn, window + place);
	add_state(dev);
}
