/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the ssi-vmm of one cluster, over the module's channel.
 *
 * A message is a head and a payload, little-endian; each type has a fixed size. The
 * file that needs a type registers its handler. Handlers run on the reader thread
 * one after the other; messages of one node keep their order.
 */
#ifndef VMM_CLUSTER_H
#define VMM_CLUSTER_H

#include <stddef.h>
#include <stdint.h>

#include "cpufeatures.h"
#include "options.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "messages are copied as they are");

#define CLUSTER_VERSION	12	/* of all messages together */

enum cluster_type {
	CLUSTER_HELLO,		/* cluster.c: version, configuration, CPUs */
	CLUSTER_ARRIVED,	/* cluster.c: the sender is at the barrier */
	CLUSTER_GO,		/* cluster.c: all nodes are at the barrier */
	CLUSTER_STOP,		/* cluster.c: the guest has ended */
	CLUSTER_STOP_ACK,	/* cluster.c: STOP has arrived */
	CLUSTER_PING,		/* clock.c */
	CLUSTER_PONG,		/* clock.c */
	CLUSTER_CLOCK_LEAD,	/* clock.c: lead of the sender's clock */
	CLUSTER_CLOCK_STEP,	/* clock.c: step forward */
	CLUSTER_CPU_SIPI,	/* proxy.c: start your CPU */
	CLUSTER_CPU_STUB,	/* proxy.c: run the stub on your proxy of my CPU */
	CLUSTER_CPU_STUB_READY,	/* proxy.c: the proxy runs it */
	CLUSTER_CPU_PARKED,	/* proxy.c: my CPU is parked, let your proxy wait */
	CLUSTER_IRQ,		/* proxy.c: an interrupt for your CPU */
	CLUSTER_IRQ_DONE,	/* proxy.c: the interrupt was delivered */
	CLUSTER_IO,		/* forward.c: access your device */
	CLUSTER_IO_REPLY,	/* forward.c: the value that was read */
	CLUSTER_BAR,		/* route.c: address of a BAR of the sender */
	CLUSTER_MEASURED,	/* measure.c: latencies and bandwidths of the sender */
	CLUSTER_DISCARD,	/* discard.c: free this range of memory */
	CLUSTER_DISCARDED,	/* discard.c: done */
	CLUSTER_BUTTON,		/* button.c: press your power button */
	CLUSTER_TRIPLE_FAULT,	/* resets.c: my CPU has shut down, reset the guest */
	CLUSTER_ORDER,		/* orders.c: my keeper has an order for the guest */
	CLUSTER_PAUSE,		/* pause.c: all that is about a guest that stands still */
	CLUSTER_CHECKPOINT,	/* checkpoint.c: all that is about a checkpoint */
	CLUSTER_MOVE,		/* move.c: all that is about a CPU that moves */
	CLUSTER_MOVE_STATE,	/* move.c: a piece of the CPU's state */

	CLUSTER_TYPES,
};

/* Called with a payload of exactly the registered length. */
typedef void (*cluster_handler)(unsigned int node, const void *payload);

/* While setting up, before cluster_start(). */
void cluster_handle(enum cluster_type type, size_t len,
		    cluster_handler handler);

/* Send; the length is the registered one. A lost link is reported by the reader. */
void cluster_send(unsigned int node, enum cluster_type type,
		  const void *payload);
void cluster_send_others(enum cluster_type type, const void *payload);

/**
 * cluster_start() - start the reader, and compare settings with the other nodes
 * @options: the configuration, which must be the same on all nodes
 * @tsc_khz: in: speed of this host's TSC; out: of node 0's
 * @features: in: of this host's CPUs; out: what all hosts' have
 *
 * Ends the process with a message if a node does not answer or differs.
 */
void cluster_start(const struct options *options, uint32_t *tsc_khz,
		   struct cpufeatures *features);

/* Wait until all nodes have come here; ends the process if one does not. */
void cluster_barrier(void);

/*
 * Tell the others that the guest has ended, and wait a second for answers. If
 * another node has told this one, wait until it has gone, 2 seconds at most.
 */
void cluster_stop(void);

/* The number of nodes, and the id of this one; 1 and 0 without a cluster. */
unsigned int cluster_nodes(void);
unsigned int cluster_self(void);

#endif /* VMM_CLUSTER_H */
