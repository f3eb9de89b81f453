// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fills most of the memory from a CPU of one node and verifies it from a CPU
 * of the next, then the other way round with another pattern.
 *
 * A child does the work, so that the kernel kills the child and not the whole
 * program if the memory does not suffice.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checks.h"
#include "report.h"
#include "workers.h"

#define MIB		(UINT64_C(1) << 20)
#define CHUNK		(4 * MIB)
#define WORDS		(CHUNK / sizeof(uint64_t))
#define RESERVE_KIB	(6 * 1024)	/* MemAvailable that stays untouched */
#define MAX_PASSES	MAX_NODES

/**
 * struct memory_result - the child's results; shared with it
 * @filled: bytes
 * @bad: words that were not as written
 * @bad_at: where the first of them was
 * @bad_value: its value
 * @bad_expected: the value that was written
 * @bad_pass: in which pass
 * @passes: done
 * @fill_seconds: of all passes
 * @verify_seconds: of all passes
 * @node_pages: how the pages are spread over the nodes, by node number
 * @errno_: the reason if it could not begin; 0 if it did
 */
struct memory_result {
	uint64_t filled;
	uint64_t bad;
	uint64_t bad_at;
	uint64_t bad_value;
	uint64_t bad_expected;
	int bad_pass;
	int passes;
	double fill_seconds;
	double verify_seconds;
	uint64_t node_pages[MAX_NODES];
	int errno_;
};

/**
 * struct memory_job - the child's work
 * @pairs: writer and verifier of each pass
 * @passes: how many
 * @area: address space, in chunks
 * @target: bytes to fill
 * @result: shared with the parent
 */
struct memory_job {
	int pairs[MAX_PASSES][2];
	int passes;
	uint8_t *area;
	uint64_t target;
	struct memory_result *result;
};

static uint64_t seed_of(int pass)
{
	return (pass + 1) * 0x9e3779b97f4a7c15;
}

static uint64_t pattern(const uint64_t *word, uint64_t seed)
{
	return ((uintptr_t)word ^ seed) * 0xbf58476d1ce4e5b9;
}

static void fill_chunk(uint64_t *words, uint64_t seed)
{
	for (size_t i = 0; i < WORDS; i++)
		words[i] = pattern(&words[i], seed);
}

static void note_bad(struct memory_result *result, const uint64_t *word,
		     uint64_t expected, int pass)
{
	if (result->bad++)
		return;
	result->bad_at = (uintptr_t)word;
	result->bad_value = *word;
	result->bad_expected = expected;
	result->bad_pass = pass;
}

static void verify_chunk(struct memory_result *result, const uint64_t *words,
			 int pass)
{
	uint64_t seed = seed_of(pass);

	for (size_t i = 0; i < WORDS; i++) {
		uint64_t expected = pattern(&words[i], seed);

		if (words[i] != expected)
			note_bad(result, &words[i], expected, pass);
	}
}

/* The first pass decides how much is filled; it leaves the last pages. */
static void fill(struct memory_job *job, int pass)
{
	struct memory_result *result = job->result;
	uint64_t limit = pass ? result->filled : job->target;
	double begun = report_now();

	for (uint64_t at = 0; at < limit; at += CHUNK) {
		if (!pass && machine_meminfo("MemAvailable") < RESERVE_KIB +
		    CHUNK / 1024)
			break;
		fill_chunk((uint64_t *)(job->area + at), seed_of(pass));
		if (!pass)
			result->filled = at + CHUNK;
		report_progress("pass %d of %d, CPU %d has filled %" PRIu64 " MiB.",
				pass + 1, job->passes, job->pairs[pass][0],
				(at + CHUNK) / MIB);
	}
	result->fill_seconds += report_now() - begun;
}

/* A mapping's line in numa_maps: "7f12... default anon=9 N0=5 N1=4 ...". */
static void count_node_pages(const struct memory_job *job)
{
	FILE *file = fopen("/proc/self/numa_maps", "re");
	char line[1024];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		const char *at = line;

		if (strtoull(line, NULL, 16) != (uintptr_t)job->area)
			continue;
		while ((at = strstr(at, " N"))) {
			char *end;
			unsigned long node = strtoul(at + 2, &end, 10);

			if (node < MAX_NODES && *end == '=')
				job->result->node_pages[node] =
					strtoull(end + 1, &end, 10);
			at = end;
		}
	}
	fclose(file);
}

static void verify(struct memory_job *job, int pass)
{
	struct memory_result *result = job->result;
	double begun = report_now();

	for (uint64_t at = 0; at < result->filled; at += CHUNK) {
		verify_chunk(result, (uint64_t *)(job->area + at), pass);
		report_progress("pass %d of %d, CPU %d has verified %" PRIu64 " MiB.",
				pass + 1, job->passes, job->pairs[pass][1],
				(at + CHUNK) / MIB);
	}
	result->verify_seconds += report_now() - begun;
}

/* The kernel shall take this process first when memory is short. */
static void offer_to_oom_killer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1000", 4) != 4)
		perror("ssi-check: /proc/self/oom_score_adj");
	close(fd);
}

static void child(struct memory_job *job)
{
	struct memory_result *result = job->result;

	offer_to_oom_killer();
	for (int pass = 0; pass < job->passes; pass++) {
		if (machine_pin(job->pairs[pass][0]))
			break;
		fill(job, pass);
		if (!pass)
			count_node_pages(job);
		if (machine_pin(job->pairs[pass][1]))
			break;
		verify(job, pass);
		result->passes = pass + 1;
	}
	if (result->passes < job->passes)
		result->errno_ = errno;
	_exit(0);
}

#define TOO_SMALL	"give the guest more memory, or it ssi.memory_percent="

static void run_child(struct memory_job *job)
{
	int status;
	pid_t pid;

	memset(job->result, 0, sizeof(*job->result));
	fflush(stdout);
	pid = fork();
	if (!pid)
		child(job);
	if (pid < 0) {
		job->result->errno_ = errno;
		return;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		report_fail("The process that fills the memory died of signal %d after %" PRIu64 " MiB; if the memory was short, "
			    TOO_SMALL ".",
			    WTERMSIG(status), job->result->filled / MIB);
}

/* Each node writes once, and the next one that has CPUs verifies. */
static void plan_passes(struct memory_job *job, const struct machine *machine)
{
	const struct machine_cpu *cpus = machine->cpus;
	int nodes = 1;

	while (nodes < machine->num_cpus &&
	       cpus[nodes].node > cpus[nodes - 1].node)
		nodes++;
	if (nodes == 1 && machine->num_cpus > 1)
		nodes = 2;	/* of one node, but two CPUs of it */
	job->passes = nodes > 1 ? nodes : 2;
	for (int i = 0; i < job->passes; i++) {
		job->pairs[i][0] = cpus[i % nodes].id;
		job->pairs[i][1] = cpus[(i + 1) % nodes].id;
	}
}

static void report_node_pages(const struct machine *machine,
			      const uint64_t *pages)
{
	char list[512] = "";
	size_t used = 0;

	for (int i = 0; i < machine->num_nodes; i++)
		used += snprintf(list + used, sizeof(list) - used,
				 "%s%" PRIu64, i ? "," : "",
				 pages[machine->nodes[i].id % MAX_NODES] *
				 PAGE_SIZE / MIB);
	report_key("node_mib=%s", list);
}

static void report_result(const struct memory_job *job, int wanted_percent)
{
	const struct memory_result *r = job->result;
	double total = machine_meminfo("MemTotal") * 1024.0;
	double moved = (double)r->filled * r->passes / MIB;

	if (r->errno_)
		report_fail("The memory check could not go on after %d of %d passes: %s.",
			    r->passes, job->passes, strerror(r->errno_));
	if (r->bad)
		report_fail("%" PRIu64 " words were wrong, the first in pass %d at %#" PRIx64 ": %#" PRIx64 " instead of %#" PRIx64 ".",
			    r->bad, r->bad_pass + 1, r->bad_at, r->bad_value,
			    r->bad_expected);
	else if (!r->errno_ && r->filled < job->target)
		report_fail("Only %" PRIu64 " MiB could be filled, %.1f %% of MemTotal instead of more than %d; "
			    TOO_SMALL ".",
			    r->filled / MIB, 100 * r->filled / total,
			    wanted_percent);
	report_key("mib=%" PRIu64 " percent=%.1f passes=%d bad=%" PRIu64,
		   r->filled / MIB, 100 * r->filled / total, r->passes, r->bad);
	if (r->fill_seconds > 0 && r->verify_seconds > 0)
		report_key("fill_s=%.1f verify_s=%.1f fill_mib_s=%.1f verify_mib_s=%.1f",
			   r->fill_seconds, r->verify_seconds,
			   moved / r->fill_seconds, moved / r->verify_seconds);
}

static void *map(size_t size, int flags)
{
	void *area = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_ANONYMOUS | flags, -1, 0);

	if (area != MAP_FAILED)
		return area;
	report_fail("No %zu bytes of address space can be had: %s.", size,
		    strerror(errno));
	return NULL;
}

void check_memory(const struct machine *machine,
		  const struct settings *settings)
{
	uint64_t total = machine_meminfo("MemTotal") * 1024;
	struct memory_job job = { .passes = 0 };

	plan_passes(&job, machine);
	job.target = total / 100 * settings->memory_percent;
	job.target = (job.target / CHUNK + 1) * CHUNK;	/* more than that */
	job.area = map(job.target, MAP_PRIVATE | MAP_NORESERVE);
	job.result = map(sizeof(*job.result), MAP_SHARED);
	if (!job.area || !job.result)
		return;
	run_child(&job);
	report_result(&job, settings->memory_percent);
	report_node_pages(machine, job.result->node_pages);
	munmap(job.area, job.target);
	munmap(job.result, sizeof(*job.result));
}
