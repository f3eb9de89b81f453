// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Network cards whose packets the host's kernel moves (virtio 1.2, 5.1), in one or
 * several pairs of queues.
 *
 * DOC: Theory of operation
 *
 * Each pair has a queue of the tap and a thread of the kernel (vhost.c). The driver's
 * notifications signal eventfds without leaving KVM_RUN, and the kernel's eventfds
 * raise interrupts. The card's own thread has the rest: the control queue, by which the
 * driver says how many pairs it uses; interrupts of a vector that is masked; and the
 * end of the interface. Pairs that the driver does not use get no packets, since their
 * queue of the tap is detached.
 */
#include "vhost_net.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../log.h"
#include "net.h"
#include "pci.h"
#include "tap.h"
#include "vhost.h"
#include "worker.h"

#define MAX_PAIRS	DEVICE_MAX_QUEUES
#define CONTROL_LEN	4	/* class, command, number of pairs (5.1.6.5.6.1) */
#define FD_KICK		0
#define FD_TAP		1
#define FD_CALLS	2	/* and behind: two of each pair */
#define MAX_FDS		(FD_CALLS + VHOST_QUEUES * MAX_PAIRS)

_Static_assert(VHOST_QUEUES * MAX_PAIRS + 1 <= VIRTIO_MAX_QUEUES,
	       "the control queue is the last");

/**
 * struct vhost_net - a card
 * @dev: the device
 * @config: what the driver reads
 * @worker: its thread
 * @name: the interface
 * @max: pairs that it has
 * @pairs: the kernel's sides
 * @used: pairs that the driver uses; the thread's
 * @gone: the interface was deleted; the thread's
 * @runs: the driver is ready; the device lock protects it
 * @chain: a request of the control queue
 * @state_name: of @state
 * @state: what a checkpoint has beside that of @dev
 * @state_field: of @state: @used
 */
struct vhost_net {
	struct virtio_device dev;
	struct net_config config;
	struct worker worker;
	const char *name;
	unsigned int max;
	struct vhost pairs[MAX_PAIRS];
	unsigned int used;
	bool gone;
	bool runs;
	struct queue_chain chain;
	char state_name[STATE_NAME_MAX];
	struct state_part state;
	struct state_field state_field;
};

static struct vhost_net *net_of(struct virtio_device *dev)
{
	return (void *)((char *)dev - offsetof(struct vhost_net, dev));
}

/* ---- pairs of queues -------------------------------------------------------- */

static int start_pair(struct vhost_net *net, unsigned int i)
{
	int err = vhost_start(&net->pairs[i], net->dev.accepted);

	if (err)
		log_warn("The host's vhost-net does not take the queues of %s: %s.",
			 net->name, strerror(-err));
	return err;
}

static int use_pair(struct vhost_net *net, unsigned int i)
{
	int err = tap_use_queue(net->pairs[i].tap, true);

	if (!err)
		return start_pair(net, i);
	log_warn("The interface %s cannot use %u queues: %s.", net->name, i + 1,
		 strerror(-err));
	return err;
}

static void leave_pair(struct vhost_net *net, unsigned int i)
{
	vhost_stop(&net->pairs[i]);
	tap_use_queue(net->pairs[i].tap, false);
}

/* Return: whether so many are used. */
static bool use_pairs(struct vhost_net *net, unsigned int count)
{
	while (net->used > count)
		leave_pair(net, --net->used);
	while (net->used < count && !use_pair(net, net->used))
		net->used++;
	return net->used == count;
}

/* ---- the control queue ------------------------------------------------------ */

/* It is behind the pairs that the driver could use (5.1.2). */
static struct queue *control_queue(struct vhost_net *net)
{
	bool many = virtio_has(&net->dev, VIRTIO_NET_F_MQ);

	if (!virtio_has(&net->dev, VIRTIO_NET_F_CTRL_VQ))
		return NULL;
	return &net->dev.queues[VHOST_QUEUES * (many ? net->max : 1)];
}

static uint8_t obey(struct vhost_net *net, const struct queue_chain *chain)
{
	uint8_t order[CONTROL_LEN];
	unsigned int count;

	if (queue_copy_from(chain->iov, chain->num_out, 0, order,
			    sizeof(order)) != sizeof(order))
		return VIRTIO_NET_ERR;
	count = order[2] | order[3] << 8;
	if (order[0] != VIRTIO_NET_CTRL_MQ ||
	    order[1] != VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET ||
	    !virtio_has(&net->dev, VIRTIO_NET_F_MQ) ||
	    !count || count > net->max)
		return VIRTIO_NET_ERR;
	return use_pairs(net, count) ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
}

static int take_orders(struct vhost_net *net)
{
	struct queue_chain *chain = &net->chain;
	struct queue *queue = control_queue(net);
	uint8_t ack;
	int got;

	if (!queue || !queue_is_started(queue))
		return 0;
	do {
		while ((got = queue_pop(queue, chain)) == 1) {
			ack = obey(net, chain);
			queue_push(queue, chain->head,
				   queue_copy_to(chain->iov + chain->num_out,
						 chain->num_in, 0, &ack, 1));
		}
		virtio_interrupt(&net->dev, queue);
	} while (!got && !queue_may_sleep(queue));
	return got;
}

/* ---- the thread ------------------------------------------------------------- */

static void pass_interrupts(struct vhost_net *net, const struct pollfd *calls)
{
	uint64_t count;

	for (unsigned int i = 0; i < VHOST_QUEUES * net->max; i++)
		if ((calls[i].revents & POLLIN) &&
		    read(calls[i].fd, &count, sizeof(count)) > 0)
			virtio_interrupt_queue(&net->dev, i);
}

static void lose_link(struct vhost_net *net)
{
	const uint16_t status = 0;

	net->gone = true;
	log_warn("The host's interface %s was deleted; the guest's network card has no link until ssi-vmm is started again.",
		 net->name);
	virtio_change_config(&net->dev, &net->config.status, &status,
			     sizeof(status));
}

static void wait_for_events(struct vhost_net *net)
{
	struct pollfd fds[MAX_FDS] = {
		[FD_KICK] = { .fd = net->worker.kick_fd, .events = POLLIN },
		[FD_TAP] = { .fd = net->gone ? -1 : net->pairs[0].tap },
	};
	unsigned int calls = VHOST_QUEUES * net->max;

	for (unsigned int i = 0; i < calls; i++)
		fds[FD_CALLS + i] = (struct pollfd) {
			.fd = net->pairs[i / VHOST_QUEUES].call_fds[i % VHOST_QUEUES],
			.events = POLLIN,
		};
	if (poll(fds, FD_CALLS + calls, -1) < 0)
		return;		/* interrupted: the caller looks again */
	if (fds[FD_KICK].revents & POLLIN)
		worker_wait(&net->worker);
	if (fds[FD_TAP].revents)
		lose_link(net);
	pass_interrupts(net, fds + FD_CALLS);
}

static void vhost_net_run(void *arg)
{
	struct vhost_net *net = arg;
	unsigned int started = 0;

	while (started < net->used && !start_pair(net, started))
		started++;
	if (started < net->used)
		virtio_break(&net->dev);
	while (!virtio_is_broken(&net->dev) && !worker_must_stop(&net->worker)) {
		if (take_orders(net))
			virtio_break(&net->dev);
		else
			wait_for_events(net);
	}
	for (unsigned int i = 0; i < net->used; i++)
		vhost_stop(&net->pairs[i]);
}

/* ---- the device ------------------------------------------------------------- */

static void vhost_net_placed(struct virtio_device *dev)
{
	struct vhost_net *net = net_of(dev);

	for (unsigned int i = 0; i < VHOST_QUEUES * net->max; i++) {
		struct vhost *pair = &net->pairs[i / VHOST_QUEUES];
		unsigned int queue = i % VHOST_QUEUES;
		bool on = net->runs && pair->rings[queue].enabled;

		vhost_place(pair, queue, on ? virtio_notify_address(dev, i) : 0);
		msix_bind(&dev->msix, on ? atomic_load(&dev->vectors[i]) :
			  VIRTIO_NO_VECTOR, pair->call_fds[queue]);
	}
}

/* Where there is no pair, there may be the control queue. */
static void take_rings(struct vhost_net *net)
{
	unsigned int pairs = virtio_has(&net->dev, VIRTIO_NET_F_MQ) ? net->max : 1;

	for (unsigned int i = 0; i < net->max; i++) {
		if (i < pairs)
			memcpy(net->pairs[i].rings,
			       net->dev.setups + VHOST_QUEUES * i,
			       sizeof(net->pairs[i].rings));
		else
			memset(net->pairs[i].rings, 0,
			       sizeof(net->pairs[i].rings));
	}
}

static void vhost_net_start(struct virtio_device *dev)
{
	struct vhost_net *net = net_of(dev);

	tap_set_offload(net->pairs[0].tap, net->name, dev->accepted);
	take_rings(net);
	net->runs = true;
	vhost_net_placed(dev);
	worker_start(&net->worker);
}

static void vhost_net_stop(struct virtio_device *dev)
{
	struct vhost_net *net = net_of(dev);

	net->runs = false;
	vhost_net_placed(dev);
	worker_stop(&net->worker);
}

static void vhost_net_notify(struct virtio_device *dev, unsigned int queue)
{
	struct vhost_net *net = net_of(dev);

	if (&dev->queues[queue] == control_queue(net))
		worker_kick(&net->worker);
	else if (queue < VHOST_QUEUES * net->max)
		vhost_kick(&net->pairs[queue / VHOST_QUEUES],
			   queue % VHOST_QUEUES);
}

static void vhost_net_reset(struct virtio_device *dev)
{
	struct vhost_net *net = net_of(dev);

	net->runs = false;
	vhost_net_placed(dev);
	for (unsigned int i = 0; i < net->max; i++) {
		memset(net->pairs[i].bases, 0, sizeof(net->pairs[i].bases));
		if (i && i < net->used)
			tap_use_queue(net->pairs[i].tap, false);
	}
	net->used = 1;
}

/* Queues of pairs; behind them there may be the control queue. */
static unsigned int count_rings(const struct vhost_net *net)
{
	return VHOST_QUEUES *
	       (virtio_has(&net->dev, VIRTIO_NET_F_MQ) ? net->max : 1);
}

/* The kernel has the place in each queue, and the pairs that the driver uses. */
static void vhost_net_save(struct virtio_device *dev)
{
	struct vhost_net *net = net_of(dev);

	for (unsigned int i = 0; i < count_rings(net); i++)
		dev->taken[i] = net->pairs[i / VHOST_QUEUES].bases[i % VHOST_QUEUES];
}

static void vhost_net_restored(struct virtio_device *dev)
{
	struct vhost_net *net = net_of(dev);

	for (unsigned int i = 0; i < count_rings(net); i++)
		net->pairs[i / VHOST_QUEUES].bases[i % VHOST_QUEUES] = dev->taken[i];
}

static bool vhost_net_pairs_restored(void *of)
{
	struct vhost_net *net = of;

	if (!net->used || net->used > net->max)
		return false;
	for (unsigned int i = 1; i < net->used; i++)
		tap_use_queue(net->pairs[i].tap, true);
	return true;
}

static void add_pairs_state(struct vhost_net *net)
{
	const struct state_field field = STATE_FIELD(*net, used);

	snprintf(net->state_name, sizeof(net->state_name), "vhost-%02x:%02x",
		 net->dev.fn.bus, net->dev.fn.devfn);
	net->state_field = field;
	net->state = (struct state_part) {
		.name = net->state_name, .version = 1,
		.fields = &net->state_field, .num_fields = 1,
		.restored = vhost_net_pairs_restored, .of = net,
	};
	state_add(&net->state);
}

static const struct virtio_ops vhost_net_ops = {
	.start = vhost_net_start, .stop = vhost_net_stop,
	.notify = vhost_net_notify, .reset = vhost_net_reset,
	.placed = vhost_net_placed,
	.save = vhost_net_save, .restored = vhost_net_restored,
};

struct vhost_net *vhost_net_open(const struct net_options *options)
{
	struct vhost_net *net = calloc(1, sizeof(*net));
	int taps[MAX_PAIRS];

	if (!net)
		die(EXIT_HOST, "There is no memory for a network card.");
	net->name = options->tap;
	net->max = options->queues ? options->queues : 1;
	net->used = 1;
	net->config.mtu = tap_open_queues(options, taps);
	for (unsigned int i = 0; i < net->max; i++) {
		vhost_open(&net->pairs[i], net->name, taps[i]);
		if (i)
			tap_use_queue(taps[i], false);
	}
	return net;
}

void vhost_net_init(struct vhost_net *net, const uint8_t mac[6], uint8_t bus,
		    uint32_t window)
{
	struct virtio_device *dev = &net->dev;

	memcpy(net->config.mac, mac, sizeof(net->config.mac));
	net->config.status = VIRTIO_NET_S_LINK_UP;
	net->config.max_queue_pairs = net->max;
	dev->name = net->name;
	dev->type = VIRTIO_NET;
	dev->class = PCI_CLASS_ETHERNET;
	dev->features = 1ull << VIRTIO_NET_F_MAC | 1ull << VIRTIO_NET_F_STATUS |
			1ull << VIRTIO_NET_F_MRG_RXBUF | tap_features();
	if (net->config.mtu)
		dev->features |= 1ull << VIRTIO_NET_F_MTU;
	if (net->max > 1)
		dev->features |= 1ull << VIRTIO_NET_F_CTRL_VQ |
				 1ull << VIRTIO_NET_F_MQ;
	dev->num_queues = VHOST_QUEUES * net->max + (net->max > 1);
	dev->config = &net->config;
	dev->config_size = sizeof(net->config);
	dev->ops = &vhost_net_ops;
	worker_init(&net->worker, &dev->workers, FILTER_TAP, vhost_net_run, net);
	virtio_pci_add(dev, bus, window);
	add_pairs_state(net);
}
