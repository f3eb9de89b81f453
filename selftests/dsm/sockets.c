// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program sends memory of a region over a TCP connection of its own. The bytes
 * that arrive are those of the memory, although the kernel has to fetch the pages
 * in the middle of send().
 *
 *	sockets [loop|rdma|tcp]
 *
 * Over tcp the module then sends messages while the program's send() is under way,
 * in the same task. TCP has memory of the task that only one of the two may use.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcluster.h"
#include "selftests/unit/tap.h"

#define EACH	(4 * MIB)
#define WORDS	(PAGE / sizeof(uint64_t))
#define STEP	16u	/* pages; read-ahead must not bring the next one */
#define COUNT	((uint32_t)(EACH / PAGE / STEP))

static struct cluster cluster = { .name = "sockets", .nodes = 2, .each = EACH };

static int files[2];
static uint64_t *views[2];

/* A page of node 1's memory, as node @view maps it. */
static uint64_t *page(uint32_t view, uint32_t i)
{
	return views[view] + (EACH + (uint64_t)i * STEP * PAGE) / sizeof(uint64_t);
}

static void need(bool ok, const char *what)
{
	if (!ok)
		tap_bail("%s: %s", what, strerror(errno));
}

/* Two ends of a connection over the loopback interface. */
static void connect_ends(int ends[2])
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	need(listener >= 0 && !bind(listener, (struct sockaddr *)&at, len) &&
	     !listen(listener, 1) &&
	     !getsockname(listener, (struct sockaddr *)&at, &len), "listen");
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	need(!connect(ends[0], (struct sockaddr *)&at, sizeof(at)), "connect");
	ends[1] = accept(listener, NULL, NULL);
	need(ends[1] >= 0, "accept");
	close(listener);
}

static void fill(void)
{
	uint32_t i, j;

	for (i = 0; i < COUNT; i++)
		for (j = 0; j < WORDS; j++)
			page(1, i)[j] = (uint64_t)(i + 1) << 32 | j;
}

/* Returns how many of the words that arrive are others than those in memory. */
static uint32_t send_page(const int ends[2], uint32_t i)
{
	uint64_t got[WORDS];
	uint32_t j, wrong = 0;

	need(send(ends[0], page(0, i), PAGE, 0) == PAGE, "send");
	need(recv(ends[1], got, PAGE, MSG_WAITALL) == PAGE, "recv");
	for (j = 0; j < WORDS; j++)
		wrong += got[j] != ((uint64_t)(i + 1) << 32 | j);
	return wrong;
}

static void test_send(void)
{
	uint32_t i, wrong, words = 0, pages = 0;
	int ends[2];

	connect_ends(ends);
	fill();
	for (i = 0; i < COUNT; i++) {
		wrong = send_page(ends, i);
		words += wrong;
		pages += !!wrong;
	}
	tap_diag("%u words in %u of %u pages are wrong", words, pages, COUNT);
	tap_ok(!words, "the bytes that arrive are those of the memory");
	close(ends[0]);
	close(ends[1]);
}

int main(int argc, char **argv)
{
	uint32_t n;

	cluster_args(&cluster, argc, argv);
	conf_need();
	alarm(110 * slower());
	tap_plan(2);
	cluster_make(&cluster);
	for (n = 0; n < 2; n++) {
		files[n] = attach(cluster.name, n, SSI_DSM_ATTACH_NO_CHANNEL);
		views[n] = map_region(files[n], cluster_size(&cluster));
		if (!views[n])
			tap_bail("mapping of node %u: %s", n, strerror(errno));
	}
	tap_ok(cluster_wait_ready(&cluster), "the region is ready on all nodes");
	test_send();
	for (n = 0; n < 2; n++) {
		munmap(views[n], cluster_size(&cluster));
		close(files[n]);
	}
	cluster_delete(&cluster);
	return tap_exit();
}
