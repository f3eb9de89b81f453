// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The owner of a page sends a copy to a node that has nothing to send to the owner. Where
 * a sender keeps a page until its message is known to have arrived (tcp, and rdma with
 * keys), that node must say so soon, or the next writer waits for a PING, 500 ms.
 *
 *	credits TRANSPORT [NODES]: at least three nodes
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libcluster.h"
#include "selftests/unit/tap.h"

#define PAGES	31u
/* With PINGs only, a write waits for 250 ms in the median. */
#define MAX_MS	(100 * slower())

static struct cluster cluster = {
	.name = "credits", .transport = SSI_DSM_TRANSPORT_TCP, .nodes = 3,
	.each = 2 * MIB,
};

static int files[NODES_MAX];
static uint8_t *views[NODES_MAX];

static void begin(void)
{
	cluster_make(&cluster);
	if (!cluster_wait_ready(&cluster))
		tap_bail("the region does not become ready");
	for (uint32_t n = 0; n < cluster.nodes; n++) {
		policy_set(cluster.name, n, REGION, SSI_DSM_POLICY_AHEAD, 0);
		policy_set(cluster.name, n, REGION, SSI_DSM_POLICY_HUGE, 0);
		policy_set(cluster.name, n, REGION, SSI_DSM_POLICY_HOLD, 0);
		files[n] = attach(cluster.name, n, SSI_DSM_ATTACH_NO_CHANNEL);
		views[n] = map_region(files[n], cluster_size(&cluster));
		if (!views[n])
			tap_bail("mmap: %s", strerror(errno));
	}
}

static void end(void)
{
	for (uint32_t n = 0; n < cluster.nodes; n++) {
		munmap(views[n], cluster_size(&cluster));
		close(files[n]);
	}
	cluster_delete(&cluster);
}

/*
 * Node 0 is home of the page. Return: ms until it can write to the page that node 1 owns
 * and of which node 2 has just got a copy.
 */
static uint64_t time_write(uint32_t page)
{
	uint64_t began;

	if (is_sigbus(views[1] + page * PAGE, true) ||
	    is_sigbus(views[2] + page * PAGE, false))
		tap_bail("page %u is lost", page);
	began = now_ms();
	if (is_sigbus(views[0] + page * PAGE, true))
		tap_bail("page %u is lost", page);
	return now_ms() - began;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

int main(int argc, char **argv)
{
	uint64_t took[PAGES];

	cluster_args(&cluster, argc, argv);
	if (cluster.nodes < 3)
		tap_bail("this needs three nodes");
	conf_need();
	tap_plan(1);
	begin();
	for (uint32_t page = 0; page < PAGES; page++)
		took[page] = time_write(page);
	qsort(took, PAGES, sizeof(took[0]), compare);
	tap_ok(took[PAGES / 2] < MAX_MS, "a write after a copy took %u ms, the longest one %u ms",
	       (uint32_t)took[PAGES / 2], (uint32_t)took[PAGES - 1]);
	end();
	return tap_exit();
}
