/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pages that move most often, as the module of their home counts them. */
#ifndef HOT_PAGES_H
#define HOT_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "../lib/genl.h"

#define HOT_PAGES_MAX	64	/* the module reports fewer */

/**
 * struct hot_page - one of them
 * @index: in the region, in pages
 * @moves: of late
 * @error: so many of @moves may be of another page
 * @nodes: bit mask of the nodes that had it
 */
struct hot_page {
	uint64_t index;
	uint64_t moves;
	uint64_t error;
	uint32_t nodes;
};

/* Take a reply to SSI_DSM_CMD_PAGE_GET, hottest first. Return: how many pages. */
size_t hot_pages_read(const struct genl_reply *reply,
		      struct hot_page pages[HOT_PAGES_MAX]);

/* Put @count of them into order again. */
void hot_pages_sort(struct hot_page *pages, size_t count);

#endif /* HOT_PAGES_H */
