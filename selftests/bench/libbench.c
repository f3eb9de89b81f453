// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Timed touches of memory, and the output of their times.
 */
#include "libbench.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "selftests/unit/tap.h"

#define MAPS_MAX	16u

/* The part of one thread of bench_touch(). */
struct toucher {
	struct touches *touches;
	pthread_barrier_t *start;
	uint32_t first;
	uint32_t end;
	pthread_t thread;
};

static int keepers[NODES_MAX];
static struct {
	void *mem;
	int fd;
} maps[MAPS_MAX];
static unsigned int nr_maps;

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void bench_must(bool ok, const char *what)
{
	if (!ok)
		tap_bail("%s: %s", what, strerror(errno));
}

void *bench_shared(uint64_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (mem == MAP_FAILED)
		tap_bail("no %llu bytes: %s", (unsigned long long)size,
			 strerror(errno));
	return mem;
}

uint32_t *bench_order(uint32_t count, bool shuffled)
{
	uint32_t *order = bench_shared(count * sizeof(*order));
	uint64_t seed = 1;
	uint32_t i, j, tmp;

	for (i = 0; i < count; i++)
		order[i] = i;
	for (i = count; shuffled && i > 1; i--) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		j = (seed >> 33) % i;
		tmp = order[i - 1];
		order[i - 1] = order[j];
		order[j] = tmp;
	}
	return order;
}

static void touch_part(struct touches *t, uint32_t first, uint32_t end)
{
	uint64_t start;
	uint32_t i;

	for (i = first; i < end; i++) {
		volatile uint8_t *page = t->mem + (uint64_t)t->order[i] * PAGE;

		start = now_ns();
		if (t->write)
			*page = 1;
		else
			(void)*page;
		t->ns[i] = now_ns() - start;
	}
}

static void *toucher_main(void *arg)
{
	struct toucher *self = arg;

	pthread_barrier_wait(self->start);
	touch_part(self->touches, self->first, self->end);
	return NULL;
}

void bench_touch(struct touches *t)
{
	struct toucher all[THREADS_MAX];
	pthread_barrier_t start;
	uint64_t began;
	uint32_t i;

	pthread_barrier_init(&start, NULL, t->threads + 1);
	for (i = 0; i < t->threads; i++) {
		all[i] = (struct toucher){
			.touches = t,
			.start = &start,
			.first = (uint64_t)t->count * i / t->threads,
			.end = (uint64_t)t->count * (i + 1) / t->threads,
		};
		if (pthread_create(&all[i].thread, NULL, toucher_main, &all[i]))
			tap_bail("no thread %u", i);
	}
	pthread_barrier_wait(&start);
	began = now_ns();
	for (i = 0; i < t->threads; i++)
		pthread_join(all[i].thread, NULL);
	t->elapsed = now_ns() - began;
	pthread_barrier_destroy(&start);
}

void bench_print(const char *name, const uint64_t *values, uint32_t n)
{
	uint32_t i;

	printf("%s", name);
	for (i = 0; i < n; i++)
		printf(" %llu", (unsigned long long)values[i]);
	putchar('\n');
}

int bench_fork(void (*fn)(void *arg), void *arg)
{
	int pid;

	fflush(stdout);
	pid = fork();
	bench_must(pid >= 0, "fork");
	if (!pid) {
		fn(arg);
		fflush(stdout);
		_exit(0);
	}
	return pid;
}

void bench_in_child(void (*fn)(void *arg), void *arg)
{
	int pid = bench_fork(fn, arg);

	if (reap(pid, now_ms() + DEADLINE_MS, "the measuring process"))
		tap_bail("nothing was measured");
}

struct server {
	void (*serve)(int ready);
	int ready;
};

static void run_server(void *arg)
{
	struct server *server = arg;

	alarm(DEADLINE_MS / 1000);
	server->serve(server->ready);
}

int bench_server(void (*serve)(int ready))
{
	struct server server = { .serve = serve };
	int ready[2], pid;
	char byte;

	bench_must(!pipe(ready), "pipe");
	server.ready = ready[1];
	pid = bench_fork(run_server, &server);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		tap_bail("the serving process does not come up");
	close(ready[0]);
	return pid;
}

void bench_server_end(int pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

bool bench_takes_transport(struct cluster *c, const char *word)
{
	if (!strcmp(word, "tcp"))
		c->transport = SSI_DSM_TRANSPORT_TCP;
	else if (!strcmp(word, "tls"))
		cluster_use_tls(c, false);
	else if (!strcmp(word, "tls-chacha"))
		cluster_use_tls(c, true);
	else if (!strcmp(word, "rdma-tls"))
		cluster_use_keys(c, SSI_DSM_SECURITY_TLS);
	else if (!strcmp(word, "rdma-auth"))
		cluster_use_keys(c, SSI_DSM_SECURITY_AUTHENTICATED);
	else if (!strcmp(word, "rdma"))
		c->transport = SSI_DSM_TRANSPORT_RDMA;
	else
		return false;
	return true;
}

void bench_cluster_new(const struct cluster *c)
{
	uint32_t n;

	conf_need();
	cluster_make(c);
	for (n = 0; n < c->nodes; n++) {
		keepers[n] = attach(c->name, n, SSI_DSM_ATTACH_NO_CHANNEL);
		if (keepers[n] < 0)
			tap_bail("attaching to node %u: %s", n,
				 strerror(-keepers[n]));
	}
	if (!cluster_wait_ready(c))
		tap_bail("the region is not ready");
}

void bench_policy(const struct cluster *c, uint32_t policy, uint64_t value)
{
	uint32_t n;

	for (n = 0; n < c->nodes; n++)
		if (policy_set(c->name, n, REGION, policy, value))
			tap_bail("policy %u of node %u: %s", policy, n,
				 conf_text());
}

volatile uint8_t *bench_map(const struct cluster *c, uint32_t node)
{
	int fd = attach(c->name, node, SSI_DSM_ATTACH_NO_CHANNEL);
	void *mem = fd < 0 ? NULL : map_region(fd, cluster_size(c));

	if (!mem || nr_maps == MAPS_MAX)
		tap_bail("cannot map the region of node %u", node);
	maps[nr_maps].mem = mem;
	maps[nr_maps++].fd = fd;
	return mem;
}

void bench_cluster_del(const struct cluster *c)
{
	uint32_t n;

	while (nr_maps--) {
		munmap(maps[nr_maps].mem, cluster_size(c));
		close(maps[nr_maps].fd);
	}
	for (n = 0; n < c->nodes; n++)
		close(keepers[n]);
	cluster_delete(c);
}
