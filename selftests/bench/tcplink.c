// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a page costs at least over TCP that one process asks another one for: the
 * reference of the transport tcp, as exchange.c is of rdma.
 *
 *	tcplink exchange WINDOW COUNT polled|event
 *	tcplink small COUNT polled|event
 *	tcplink stream MIB
 *
 * exchange: one process sends 64 bytes COUNT times, another one answers each time
 * with 4096. WINDOW requests are under way at a time. small: the answer has 64
 * bytes. stream: the other process sends MIB MiB in pieces of 64 KiB. polled: both
 * poll their sockets; event: both sleep. Each has a CPU of its own, if there are
 * two.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libbench.h"
#include "libtcp.h"
#include "libverbs.h"
#include "selftests/unit/tap.h"

#define USAGE \
	"tcplink exchange WINDOW COUNT polled|event, small COUNT polled|event, or stream MIB"
#define FIRST		10u	/* exchanges that do not count */
#define REQUEST		64u	/* bytes */
#define PIECE		(64u << 10)

static struct {
	uint32_t answer;	/* bytes */
	uint64_t stream;	/* bytes to send at the first request, or 0 */
	bool polled;
} plan;

static void run_on(unsigned int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* Return: false at the end of the connection. */
static bool receive(int fd, void *data, uint32_t len)
{
	uint32_t have = 0;
	ssize_t got;

	while (have < len) {
		got = recv(fd, (uint8_t *)data + have, len - have,
			   plan.polled ? MSG_DONTWAIT : 0);
		if (got > 0)
			have += got;
		else if (!got || (errno != EAGAIN && errno != EINTR))
			return false;
	}
	return true;
}

static void put(int fd, const void *data, uint32_t len)
{
	bench_must(send(fd, data, len, MSG_NOSIGNAL) == (ssize_t)len, "send");
}

static void serve(int ready)
{
	uint8_t *data = bench_shared(PIECE);
	int fd = tcp_serve_one(ready);
	uint64_t left;

	run_on(1);
	while (receive(fd, data, REQUEST)) {
		if (plan.answer)
			put(fd, data, plan.answer);
		for (left = plan.stream; left; left -= PIECE)
			put(fd, data, PIECE);
	}
}

/* Answers come in the order of the requests. */
static uint64_t exchange(int fd, uint32_t window, uint32_t count, uint64_t *ns)
{
	static uint8_t data[PAGE];
	uint64_t began = now_ns();
	uint32_t asked = 0, got;

	for (got = 0; got < count; got++) {
		for (; asked < count && asked < got + window; asked++) {
			ns[asked] = now_ns();
			put(fd, data, REQUEST);
		}
		bench_must(receive(fd, data, plan.answer), "an answer");
		ns[got] = now_ns() - ns[got];
	}
	return now_ns() - began;
}

static void time_exchanges(uint32_t window, uint32_t count)
{
	uint64_t *ns = bench_shared(count * sizeof(*ns)), elapsed;
	int server = bench_server(serve), fd = tcp_to_server();

	run_on(0);
	exchange(fd, window, FIRST, ns);
	elapsed = exchange(fd, window, count, ns);
	bench_print("touch", ns, count);
	bench_print("elapsed", &elapsed, 1);
	bench_server_end(server);
}

static void time_stream(void)
{
	uint8_t *data = bench_shared(PIECE);
	int server = bench_server(serve), fd = tcp_to_server();
	uint64_t began = now_ns(), left, elapsed;

	run_on(0);
	put(fd, data, REQUEST);
	for (left = plan.stream; left; left -= PIECE)
		bench_must(receive(fd, data, PIECE), "the stream");
	elapsed = now_ns() - began;
	bench_print("bytes", &plan.stream, 1);
	bench_print("elapsed", &elapsed, 1);
	bench_server_end(server);
}

static void take_way(const char *word)
{
	plan.polled = !strcmp(word, "polled");
	if (!plan.polled && strcmp(word, "event"))
		tap_bail(USAGE);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	uint32_t window = 1, count;

	alarm(DEADLINE_MS / 1000);
	if (argc == 3 && !strcmp(what, "stream")) {
		plan.stream = strtoul(argv[2], NULL, 10) * MIB;
		if (!plan.stream)
			tap_bail(USAGE);
		time_stream();
		return 0;
	}
	if (argc == 5 && !strcmp(what, "exchange")) {
		plan.answer = PAGE;
		window = atoi(argv[2]);
	} else if (argc == 4 && !strcmp(what, "small")) {
		plan.answer = REQUEST;
	} else {
		tap_bail(USAGE);
	}
	count = atoi(argv[argc - 2]);
	take_way(argv[argc - 1]);
	if (!window || window > VERBS_ASKED_MAX || count < FIRST)
		tap_bail(USAGE);
	time_exchanges(window, count);
	return 0;
}
