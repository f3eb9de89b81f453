/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread that looks at the cluster again and again: for events, for metrics that
 * must not wait for other hosts, and for the recent past.
 */
#ifndef SSID_OBSERVER_H
#define SSID_OBSERVER_H

#include <jansson.h>

void observer_start(void);

/* What cluster_view() was at the last look, or NULL; the caller releases it. */
json_t *observer_view(void);

#endif /* SSID_OBSERVER_H */
