/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's memory over time, as a picture: where pages move, and which node owns them. */
#ifndef HEAT_SVG_H
#define HEAT_SVG_H

#include <jansson.h>
#include <stdio.h>

/**
 * heat_svg() - draw
 * @to: the file
 * @cluster: for the title
 * @samples: array of { time, heat }: seconds since the first, and the answer to GET /heat;
 *	at least two
 *
 * Each sample is a column, as wide as the time since the one before. The first only tells
 * what had moved before.
 */
void heat_svg(FILE *to, const char *cluster, const json_t *samples);

#endif /* HEAT_SVG_H */
