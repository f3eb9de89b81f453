/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last minutes of this host's nodes: rates and times of faults, and traffic.
 */
#ifndef SSID_HISTORY_H
#define SSID_HISTORY_H

#include <jansson.h>

#define HISTORY_EVERY_S		2

/* Take a sample of each node; called every HISTORY_EVERY_S, by one thread. */
void history_sample(void);

/*
 * The samples of a node, the newest last: { node, samples: [ { time, seconds, local,
 * first_touch, remote, p50_us, p99_us, miss_ratio, guest_cpus, rx_bytes, tx_bytes } ] }.
 * All but the first two, the times and the ratio are in a second. With what "ssictl top" adds
 * up over all nodes: { classes: [ { class, count, buckets } ] } of the newest sample, and
 * { pages: [ { address, moves, nodes } ] }, those that move most often of the pages whose
 * home it is.
 */
json_t *history_view(unsigned int node);

#endif /* SSID_HISTORY_H */
