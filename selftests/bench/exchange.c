// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a page costs at least that one process asks another one for by messages:
 * a SEND of 64 bytes and a SEND of 4096. A fault needs as much, and its page
 * work.
 *
 *	exchange WINDOW COUNT polled|event
 *
 * One process asks COUNT times, another one answers. WINDOW requests are under
 * way at a time. polled: both poll for completions; event: both sleep. Each has a
 * CPU of its own, if there are two.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libbench.h"
#include "libverbs.h"
#include "selftests/unit/tap.h"

#define USAGE		"exchange WINDOW COUNT polled|event"
#define FIRST		10u	/* exchanges that do not count */

static struct verbs_client client;

static void run_on(unsigned int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

static void serve(int ready)
{
	struct verbs_server server = {
		.mem = bench_shared(PAGE),
		.size = PAGE,
		.polled = client.polled,
	};

	run_on(1);
	verbs_serve(&server, ready);
}

/* Pages come in the order in which they were asked for. */
static uint64_t exchange(uint32_t window, uint32_t count, uint64_t *ns)
{
	uint64_t began = now_ns();
	uint32_t asked = 0, got, index;

	for (got = 0; got < count; got++) {
		for (; asked < count && asked < got + window; asked++) {
			ns[asked] = now_ns();
			verbs_ask(&client, 0);
		}
		verbs_put(&client, verbs_get(&client, &index));
		ns[got] = now_ns() - ns[got];
	}
	return now_ns() - began;
}

int main(int argc, char **argv)
{
	uint32_t window, count;
	uint64_t *ns, elapsed;
	int server;

	if (argc != 4)
		tap_bail(USAGE);
	window = atoi(argv[1]);
	count = atoi(argv[2]);
	client.polled = !strcmp(argv[3], "polled");
	if (!window || window > VERBS_ASKED_MAX || count < FIRST ||
	    (!client.polled && strcmp(argv[3], "event")))
		tap_bail(USAGE);
	alarm(DEADLINE_MS / 1000);
	ns = bench_shared(count * sizeof(*ns));

	server = bench_server(serve);
	run_on(0);
	verbs_connect(&client);
	exchange(window, FIRST, ns);
	elapsed = exchange(window, count, ns);
	bench_print("touch", ns, count);
	bench_print("elapsed", &elapsed, 1);
	bench_server_end(server);
	return 0;
}
