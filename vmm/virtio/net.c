// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Network cards (virtio 1.2, 5.1): one queue each way, one thread for both. A
 * packet goes through a buffer of the thread's, so that the link gets each packet
 * in one piece, and uses the guest's memory only for a copy.
 */
#include "net.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../log.h"
#include "net_header.h"
#include "pci.h"
#include "worker.h"

#define QUEUE_RX	0
#define QUEUE_TX	1
#define NUM_QUEUES	2
#define SOME_FDS	64	/* descriptors, to begin with */

struct net {
	struct virtio_device dev;
	struct net_config config;
	struct worker worker;
	struct net_link *link;
	/*
	 * Sending may bring an answer at once, so one for each way. A packet may
	 * need several receive buffers: @first is the one with the header.
	 */
	struct queue_chain chains[NUM_QUEUES];
	struct queue_chain first;
	struct queue_result filled[QUEUE_MAX_SIZE];
	unsigned char packet[NET_PACKET_MAX];
	struct pollfd *fds;	/* the first is the worker's */
	unsigned int max_fds;
};

static void send_packet(struct net *net, const struct queue_chain *chain)
{
	size_t len = queue_iov_len(chain->iov, chain->num_out);

	if (len <= NET_HEADER_SIZE || len > sizeof(net->packet))
		return;
	queue_copy_from(chain->iov, chain->num_out, 0, net->packet, len);
	if (!net_header_check(net->packet, len, net->dev.accepted)) {
		log_debug("The guest's driver of %s asks for what is not possible with a packet, which is lost.",
			  net->dev.name);
		return;
	}
	net->link->send(net->link, net->packet, len);
}

static int transmit(struct net *net)
{
	struct queue_chain *chain = &net->chains[QUEUE_TX];
	struct queue *queue = &net->dev.queues[QUEUE_TX];
	int err;

	if (!queue_is_started(queue))
		return 0;
	while ((err = queue_pop(queue, chain)) == 1) {
		send_packet(net, chain);
		queue_push(queue, chain->head, 0);
	}
	virtio_interrupt(&net->dev, queue);
	return err;
}

/* Return: bytes that one more buffer has taken, 0 if there is none, or -EPROTO. */
static int fill_buffer(struct net *net, unsigned int count, const void *data,
		       size_t len)
{
	struct queue_chain *chain = count ? &net->chains[QUEUE_RX] :
					    &net->first;
	int got = queue_pop(&net->dev.queues[QUEUE_RX], chain);
	const struct iovec *iov = chain->iov + chain->num_out;

	if (got != 1)
		return got;
	/* Each must have room for a header (5.1.6.3.1). */
	if (queue_iov_len(iov, chain->num_in) < NET_HEADER_SIZE)
		return -EPROTO;
	len = queue_copy_to(iov, chain->num_in, 0, data, len);
	net->filled[count] = (struct queue_result) { chain->head, len };
	return len;
}

/* A packet in as many buffers as it takes; it is lost if there are too few. */
static int receive_merged(struct net *net, unsigned char *packet, size_t len)
{
	struct queue *queue = &net->dev.queues[QUEUE_RX];
	unsigned int count = 0;
	size_t done = 0;
	int got;

	while (done < len) {
		got = count < queue->size ?
		      fill_buffer(net, count, packet + done, len - done) : 0;
		if (got < 0)
			return got;
		if (!got) {
			queue_unpop(queue, count);
			return 0;
		}
		done += got;
		count++;
	}
	net_header_prepare(packet, count, net->dev.accepted);
	queue_copy_to(net->first.iov + net->first.num_out, net->first.num_in, 0,
		      packet, NET_HEADER_SIZE);
	queue_push_all(queue, net->filled, count);
	return 0;
}

static int receive_single(struct net *net, unsigned char *packet, size_t len)
{
	struct queue_chain *chain = &net->chains[QUEUE_RX];
	struct queue *queue = &net->dev.queues[QUEUE_RX];
	const struct iovec *iov;
	int got = queue_pop(queue, chain);

	if (got != 1)
		return got;
	net_header_prepare(packet, 1, net->dev.accepted);
	iov = chain->iov + chain->num_out;
	/* A packet that does not fit is lost, as on any network. */
	if (queue_iov_len(iov, chain->num_in) < len)
		len = 0;
	queue_copy_to(iov, chain->num_in, 0, packet, len);
	queue_push(queue, chain->head, len);
	return 0;
}

void net_receive(struct net *net, unsigned char *packet, size_t len)
{
	struct queue *queue = &net->dev.queues[QUEUE_RX];
	int err;

	if (!queue_is_started(queue) || virtio_is_broken(&net->dev))
		return;
	err = virtio_has(&net->dev, VIRTIO_NET_F_MRG_RXBUF) ?
	      receive_merged(net, packet, len) :
	      receive_single(net, packet, len);
	if (err)
		virtio_break(&net->dev);
	virtio_interrupt(&net->dev, queue);
}

void net_lose_link(struct net *net)
{
	const uint16_t status = 0;

	virtio_change_config(&net->dev, &net->config.status, &status,
			     sizeof(status));
}

static bool has_room_for(struct net *net, unsigned int fds)
{
	struct pollfd *more;

	if (fds <= net->max_fds)
		return true;
	more = realloc(net->fds, fds * sizeof(*more));
	if (!more)
		return false;
	net->fds = more;
	net->max_fds = fds;
	return true;
}

/* Return: descriptors of the link; without memory, as many as there is room for. */
static unsigned int watch_link(struct net *net, int *timeout, bool room)
{
	struct net_link *link = net->link;
	unsigned int count, max;

	do {
		max = net->max_fds - 1;
		count = link->watch(link, net->fds + 1, max, timeout, room);
	} while (count > max && has_room_for(net, 2 * count));
	return count < max ? count : max;
}

static void wait_for_packets(struct net *net)
{
	struct queue *rx = &net->dev.queues[QUEUE_RX];
	struct queue *tx = &net->dev.queues[QUEUE_TX];
	unsigned int count;
	int timeout = -1;
	/* Kicks for new buffers are needed only while there are none. */
	bool room = queue_is_started(rx) && !queue_may_sleep(rx);

	if (room)
		queue_need_no_kicks(rx);
	if (queue_is_started(tx) && !queue_may_sleep(tx))
		timeout = 0;
	count = watch_link(net, &timeout, room);
	net->fds[0] = (struct pollfd) {
		.fd = net->worker.kick_fd, .events = POLLIN,
	};
	if (poll(net->fds, count + 1, timeout) < 0)
		return;		/* interrupted: the caller looks again */
	if (net->fds[0].revents & POLLIN)
		worker_wait(&net->worker);
	net->link->handle(net->link, net, net->fds + 1, count);
}

static void net_run(void *arg)
{
	struct net *net = arg;

	while (!worker_must_stop(&net->worker)) {
		if (transmit(net)) {
			virtio_break(&net->dev);
			return;
		}
		wait_for_packets(net);
		if (virtio_is_broken(&net->dev))
			return;
	}
}

static struct net *net_of(struct virtio_device *dev)
{
	return (void *)((char *)dev - offsetof(struct net, dev));
}

static void net_start(struct virtio_device *dev)
{
	struct net *net = net_of(dev);

	if (net->link->start)
		net->link->start(net->link, dev->accepted);
	worker_start(&net->worker);
}

static void net_stop(struct virtio_device *dev)
{
	worker_stop(&net_of(dev)->worker);
}

static void net_notify(struct virtio_device *dev, unsigned int queue)
{
	(void)queue;
	worker_kick(&net_of(dev)->worker);
}

static const struct virtio_ops net_ops = {
	.start = net_start, .stop = net_stop, .notify = net_notify,
};

void net_init(struct net_link *link, const uint8_t mac[6], uint8_t bus,
	      uint32_t window)
{
	struct net *net = calloc(1, sizeof(*net));

	if (!net || !has_room_for(net, SOME_FDS))
		die(EXIT_HOST, "There is no memory for a network card.");
	net->link = link;
	memcpy(net->config.mac, mac, sizeof(net->config.mac));
	net->config.status = VIRTIO_NET_S_LINK_UP;
	net->config.max_queue_pairs = 1;
	net->config.mtu = link->mtu;
	net->dev.name = link->name;
	net->dev.type = VIRTIO_NET;
	net->dev.class = PCI_CLASS_ETHERNET;
	net->dev.features = 1ull << VIRTIO_NET_F_MAC |
			    1ull << VIRTIO_NET_F_STATUS |
			    1ull << VIRTIO_NET_F_MRG_RXBUF | link->features;
	if (link->mtu)
		net->dev.features |= 1ull << VIRTIO_NET_F_MTU;
	net->dev.num_queues = NUM_QUEUES;
	net->dev.config = &net->config;
	net->dev.config_size = sizeof(net->config);
	net->dev.ops = &net_ops;
	worker_init(&net->worker, &net->dev.workers, link->filter, net_run, net);
	virtio_pci_add(&net->dev, bus, window);
}
