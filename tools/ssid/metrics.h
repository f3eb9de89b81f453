/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics for Prometheus (text format 0.0.4).
 */
#ifndef SSID_METRICS_H
#define SSID_METRICS_H

#define METRICS_TYPE	"text/plain; version=0.0.4; charset=utf-8"

/* The metrics of this host and of all its nodes, to be freed; NULL without memory. */
char *metrics_text(void);

#endif /* SSID_METRICS_H */
