/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the ssi-vmm of one cluster, over the module's channel.
 *
 * A message is a head and a payload of a fixed size a type, little-endian. The
 * files that need a type register what handles it; handlers run on the reader
 * thread one after the other, in the order of sending a node.
 */
#ifndef VMM_CLUSTER_H
#define VMM_CLUSTER_H

#include <stddef.h>
#include <stdint.h>

#include "cpufeatures.h"
#include "options.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "messages are copied as they are");

#define CLUSTER_VERSION	9	/* of all messages together */

enum cluster_type {
	CLUSTER_HELLO,		/* cluster.c: who I am */
	CLUSTER_ARRIVED,	/* cluster.c: I am at the barrier */
	CLUSTER_GO,		/* cluster.c: all are */
	CLUSTER_STOP,		/* cluster.c: the guest has ended */
	CLUSTER_STOP_ACK,	/* cluster.c: so have I */
	CLUSTER_PING,		/* clock.c */
	CLUSTER_PONG,		/* clock.c */
	CLUSTER_CLOCK_LEAD,	/* clock.c: so far ahead of you I am */
	CLUSTER_CLOCK_STEP,	/* clock.c: step forward */
	CLUSTER_CPU_SIPI,	/* proxy.c: your CPU was told to start */
	CLUSTER_CPU_STUB,	/* proxy.c: make your proxy of my CPU run */
	CLUSTER_CPU_STUB_READY,	/* proxy.c: it does */
	CLUSTER_CPU_PARKED,	/* proxy.c: make your proxy of my CPU wait */
	CLUSTER_IRQ,		/* proxy.c: your CPU was sent an interrupt */
	CLUSTER_IRQ_DONE,	/* proxy.c: it was given to it */
	CLUSTER_IO,		/* forward.c: access your device */
	CLUSTER_IO_REPLY,	/* forward.c: what it read */
	CLUSTER_BAR,		/* route.c: where a BAR of mine is */
	CLUSTER_MEASURED,	/* measure.c: how far the nodes are from me */
	CLUSTER_DISCARD,	/* discard.c: give memory back */
	CLUSTER_DISCARDED,	/* discard.c: done */
	CLUSTER_BUTTON,		/* button.c: press your power button */

	CLUSTER_TYPES,
};

/* Called with a payload of exactly the registered length. */
typedef void (*cluster_handler)(unsigned int node, const void *payload);

/* While setting up, before cluster_start(). */
void cluster_handle(enum cluster_type type, size_t len,
		    cluster_handler handler);

/* Send; the length is the registered one. A lost link is told elsewhere. */
void cluster_send(unsigned int node, enum cluster_type type,
		  const void *payload);
void cluster_send_others(enum cluster_type type, const void *payload);

/**
 * cluster_start() - begin to read, and agree with the others
 * @options: what all must agree on
 * @tsc_khz: in: speed of this host's TSC; out: of node 0's
 * @features: in: of this host's CPUs; out: what all hosts' have
 *
 * Ends the process with a sentence if a node does not answer or differs.
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

/* How many nodes, and which one this is; 1 and 0 without a cluster. */
unsigned int cluster_nodes(void);
unsigned int cluster_self(void);

#endif /* VMM_CLUSTER_H */
