// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Moves the CPUs of a guest to and fro, one after the other, at random.
 *
 *	moves SOCKET CPUS NODES COUNT PAUSE_US
 *
 * SOCKET is a control socket of ssi-vmm. Prints a line for every refusal that is not one of
 * a CPU that does not run or stays in its interrupts; at the end, how many CPUs have moved
 * and for how long they stood still. COUNT 0: until the guest ends. Exit code 1: a move
 * was refused, or none was done.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/http.h"

#define TIMES_MAX	100000u
#define LIMIT_S		60

static struct {
	unsigned int moved;
	unsigned int later;	/* refused for now */
	unsigned int refused;
	uint64_t ns[TIMES_MAX];
} count;

/* Return: false if the guest has ended. */
static int move(const char *socket, unsigned int cpu, unsigned int node)
{
	char path[64], why[HTTP_WHY_MAX];
	const struct http_request request = {
		.method = "POST", .path = path, .host = "x", .limit_s = LIMIT_S,
	};
	struct http_answer answer = { 0 };
	const char *ns;

	snprintf(path, sizeof(path), "/move/%u/%u", cpu, node);
	if (http_unix(socket, &request, &answer, why))
		return 0;
	ns = answer.body ? strstr(answer.body, "\"ns\":") : NULL;
	if (answer.status == 200 && ns) {
		if (count.moved < TIMES_MAX)
			count.ns[count.moved] = strtoull(ns + 5, NULL, 10);
		count.moved++;
	} else if (strstr(answer.body, " already") || strstr(answer.body, " does not run") ||
		   strstr(answer.body, " in time") || strstr(answer.body, "has ended") ||
		   strstr(answer.body, "begun again")) {
		count.later++;
	} else {
		count.refused++;
		printf("moves: CPU %u to node %u: %s\n", cpu, node, answer.body);
	}
	free(answer.body);
	return 1;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint64_t part(unsigned int of_1000)
{
	unsigned int times = count.moved < TIMES_MAX ? count.moved : TIMES_MAX;

	return times ? count.ns[(uint64_t)(times - 1) * of_1000 / 1000] / 1000 : 0;
}

static void report(void)
{
	qsort(count.ns, count.moved < TIMES_MAX ? count.moved : TIMES_MAX,
	      sizeof(count.ns[0]), compare);
	printf("moves: %u done, %u to try later, %u refused; stood still: median %llu us, p99 %llu us, longest %llu us\n",
	       count.moved, count.later, count.refused,
	       (unsigned long long)part(500), (unsigned long long)part(990),
	       (unsigned long long)part(1000));
}

int main(int argc, char **argv)
{
	unsigned int numbers[4], tries = 0;

	if (argc != 6)
		return 2;
	for (int i = 0; i < 4; i++)
		numbers[i] = strtoul(argv[i + 2], NULL, 10);
	if (!numbers[0] || !numbers[1])
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	srandom(1);
	while (!numbers[2] || count.moved < numbers[2]) {
		if (!move(argv[1], random() % numbers[0], random() % numbers[1]))
			break;
		if (++tries % 100 == 0)
			printf("moves: %u so far\n", count.moved);
		usleep(numbers[3]);
	}
	report();
	return count.refused || !count.moved;
}
