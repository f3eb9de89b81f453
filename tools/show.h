/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How peers and regions are shown: "show" and "monitor" do it the same way.
 */
#ifndef SHOW_H
#define SHOW_H

#include <stdint.h>

#include "../lib/genl.h"

/* The keys of an object that is open; the caller opens and ends it. */
void show_peer(const struct genl_reply *reply);
void show_region(const struct genl_reply *reply);

/* A headline: the region and the local node of the lines that follow. */
void show_region_name(const struct genl_reply *reply);

void show_addr(const struct genl_reply *reply);

#endif /* SHOW_H */
