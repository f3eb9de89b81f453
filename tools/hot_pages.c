// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pages that move most often, as the module of their home counts them.
 */
#include "hot_pages.h"

#include <stdlib.h>

#include <linux/ssi_dsm_genl.h>
#include <netlink/attr.h>

static int compare(const void *a, const void *b)
{
	const struct hot_page *x = a, *y = b;

	if (x->moves != y->moves)
		return x->moves < y->moves ? 1 : -1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static int parse_page(struct nlattr *attr, struct hot_page *page)
{
	struct nlattr *tb[SSI_DSM_A_MAX + 1];

	if (nla_parse_nested(tb, SSI_DSM_A_MAX, attr, NULL) ||
	    !tb[SSI_DSM_A_PAGE_INDEX] || !tb[SSI_DSM_A_PAGE_MOVES] ||
	    !tb[SSI_DSM_A_PAGE_NODES])
		return -1;
	page->index = nla_get_u64(tb[SSI_DSM_A_PAGE_INDEX]);
	page->moves = nla_get_u64(tb[SSI_DSM_A_PAGE_MOVES]);
	page->nodes = nla_get_u32(tb[SSI_DSM_A_PAGE_NODES]);
	page->error = tb[SSI_DSM_A_PAGE_ERROR] ?
		      nla_get_u64(tb[SSI_DSM_A_PAGE_ERROR]) : 0;
	return 0;
}

void hot_pages_sort(struct hot_page *pages, size_t count)
{
	qsort(pages, count, sizeof(*pages), compare);
}

size_t hot_pages_read(const struct genl_reply *reply,
		      struct hot_page pages[HOT_PAGES_MAX])
{
	struct nlattr *attr;
	size_t count = 0;
	int rem;

	nla_for_each_attr(attr, reply->attrs, reply->len, rem)
		if (nla_type(attr) == SSI_DSM_A_PAGE && count < HOT_PAGES_MAX &&
		    !parse_page(attr, &pages[count]))
			count++;
	hot_pages_sort(pages, count);
	return count;
}
