// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long the guest waits for its machine: port and MMIO exits, IPIs, the
 * first disk and the gateway, each from the first CPU of every node. On request
 * only: the check fails only if there is no answer.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "checks.h"
#include "report.h"
#include "workers.h"

#define SERIAL_STATUS	0x3fd	/* the line status register of COM1 */
#define DISK		"/dev/vda"
#define DISK_BLOCK	4096u
#define GATEWAY		"10.0.2.2"
#define ANSWER_SECONDS	20
#define WARM_UP		8
#define MAX_SAMPLES	5000

/**
 * struct probe - an operation of the machine that is timed many times
 * @name: of the operation
 * @ask: do it once and wait for the answer; -1 with the failure reported
 * @seconds: how long to go on
 * @count: samples taken
 * @failed: there was no answer
 * @times: of the samples, in seconds
 */
struct probe {
	const char *name;
	int (*ask)(void);
	double seconds;
	int count;
	bool failed;
	double times[MAX_SAMPLES];
};

static volatile uint32_t *latency_bar;
static int latency_disk = -1;
static uint64_t latency_disk_blocks;
static int latency_ping = -1;
static uint32_t latency_done;

/* ---- the operations ------------------------------------------------------ */

static int ask_port(void)
{
	(void)inb(SERIAL_STATUS);
	return 0;
}

static int ask_mmio(void)
{
	(void)*latency_bar;
	return 0;
}

/*
 * The kernel interrupts each CPU that runs a thread of ours, and waits for it.
 */
static int ask_ipi(void)
{
	if (!syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0))
		return 0;
	report_fail("ipi: membarrier() fails: %s.", strerror(errno));
	return -1;
}

static int ask_disk(void)
{
	static _Alignas(DISK_BLOCK) char block[DISK_BLOCK];
	uint64_t at = rand() % latency_disk_blocks * DISK_BLOCK;

	if (pread(latency_disk, block, sizeof(block), at) == sizeof(block))
		return 0;
	report_fail("disk: block %llu of %s cannot be read: %s.",
		    (unsigned long long)(at / DISK_BLOCK), DISK,
		    strerror(errno));
	return -1;
}

static uint16_t checksum(const void *data, size_t size)
{
	const uint16_t *words = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < size / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

static bool is_answer(const char *packet, ssize_t size,
		      const struct icmphdr *request)
{
	const struct icmphdr *reply;
	size_t header = (packet[0] & 15) * 4u;

	if (size < (ssize_t)(header + sizeof(*reply)))
		return false;
	reply = (const void *)(packet + header);
	return reply->type == ICMP_ECHOREPLY &&
	       reply->un.echo.sequence == request->un.echo.sequence;
}

static int ask_net(void)
{
	static uint16_t sequence;
	struct icmphdr request = { .type = ICMP_ECHO };
	char packet[256];
	ssize_t size = 0;

	request.un.echo.sequence = ++sequence;
	request.checksum = checksum(&request, sizeof(request));
	if (send(latency_ping, &request, sizeof(request), 0) ==
	    sizeof(request))
		do {
			size = recv(latency_ping, packet, sizeof(packet), 0);
		} while (size > 0 && !is_answer(packet, size, &request));
	if (size > 0)
		return 0;
	report_fail("net: %s does not answer: %s.", GATEWAY, strerror(errno));
	return -1;
}

/* ---- their preparation --------------------------------------------------- */

static bool open_port(void)
{
	return !ioperm(SERIAL_STATUS, 1, 1);
}

static bool open_ipi(void)
{
	return !syscall(SYS_membarrier,
			MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
}

static bool map_bar(const char *device)
{
	char path[300];
	void *bar;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/enable", device);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (write(fd, "1", 1) != 1)	/* it may be so already */
			errno = 0;
		close(fd);
	}
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0",
		 device);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	bar = mmap(NULL, getpagesize(), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (bar == MAP_FAILED)
		return false;
	latency_bar = bar;
	return true;
}

/* Reading the first word of a BAR of ssi-vmm's devices changes nothing. */
static bool open_mmio(void)
{
	DIR *dir = opendir("/sys/bus/pci/devices");
	struct dirent *entry;
	bool mapped = false;

	while (dir && !mapped && (entry = readdir(dir)))
		mapped = !strncmp(entry->d_name, "0000:00:", 8) &&
			 map_bar(entry->d_name);
	if (dir)
		closedir(dir);
	return mapped;
}

static bool open_disk(void)
{
	off_t size;

	latency_disk = open(DISK, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (latency_disk < 0)
		return false;
	size = lseek(latency_disk, 0, SEEK_END);
	latency_disk_blocks = size > 0 ? size / DISK_BLOCK : 0;
	return latency_disk_blocks;
}

static bool open_net(void)
{
	struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	struct sockaddr_in to = { .sin_family = AF_INET };

	latency_ping = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	if (latency_ping < 0)
		return false;
	inet_pton(AF_INET, GATEWAY, &to.sin_addr);
	setsockopt(latency_ping, SOL_SOCKET, SO_RCVTIMEO, &limit,
		   sizeof(limit));
	return !connect(latency_ping, (struct sockaddr *)&to, sizeof(to));
}

/* ---- measuring ----------------------------------------------------------- */

static void sample(struct probe *probe)
{
	double deadline = report_now() + probe->seconds;

	for (int i = 0; i < WARM_UP + MAX_SAMPLES; i++) {
		double begun = report_now(), ended;

		if (probe->ask()) {
			probe->failed = true;
			return;
		}
		ended = report_now();
		if (i >= WARM_UP)
			probe->times[probe->count++] = ended - begun;
		if (probe->count && ended > deadline)
			return;
	}
}

/* The second thread, if there is one, runs to be interrupted. */
static void run_thread(int index, void *arg)
{
	if (index) {
		while (!__atomic_load_n(&latency_done, __ATOMIC_ACQUIRE))
			barrier_relax();
		return;
	}
	sample(arg);
	__atomic_store_n(&latency_done, 1, __ATOMIC_RELEASE);
}

static void tell(struct probe *probe, const struct machine_cpu *cpus, int count)
{
	char to[48] = "";

	report_sort(probe->times, probe->count);
	if (count > 1)
		snprintf(to, sizeof(to), "_to_cpu%d_node%d", cpus[1].id,
			 cpus[1].node);
	report_note("%s_cpu%d_node%d%s n=%d p50_us=%.1f p99_us=%.1f max_us=%.1f",
		    probe->name, cpus[0].id, cpus[0].node, to, probe->count,
		    probe->times[probe->count / 2] * 1e6,
		    probe->times[probe->count * 99 / 100] * 1e6,
		    probe->times[probe->count - 1] * 1e6);
}

static void measure(struct probe *probe, const struct machine_cpu *cpus,
		    int count)
{
	probe->count = 0;
	probe->failed = false;
	latency_done = 0;
	if (!workers_run(cpus, count, run_thread, probe) && !probe->failed)
		tell(probe, cpus, count);
}

static const struct machine_cpu *cpu_of(const struct machine *machine, int node,
					int nth)
{
	for (int i = 0; i < machine->num_cpus; i++)
		if (machine->cpus[i].node == node && !nth--)
			return &machine->cpus[i];
	return NULL;
}

static void measure_from_nodes(struct probe *probe,
			       const struct machine *machine)
{
	for (int node = 0; node < machine->num_nodes; node++) {
		const struct machine_cpu *cpu = cpu_of(machine, node, 0);

		if (cpu)
			measure(probe, cpu, 1);
	}
}

/* From the first CPU to the second one of its node, and to the other nodes'. */
static void measure_ipis(struct probe *probe, const struct machine *machine)
{
	const struct machine_cpu *first = cpu_of(machine, 0, 0);

	for (int node = 0; first && node < machine->num_nodes; node++) {
		const struct machine_cpu *other = cpu_of(machine, node, !node);

		if (other)
			measure(probe, (struct machine_cpu[]){ *first, *other },
				2);
	}
}

void check_latency(const struct machine *machine,
		   const struct settings *settings)
{
	static struct probe probe;
	static const struct {
		const char *name;
		bool (*open)(void);
		int (*ask)(void);
		void (*measure)(struct probe *probe,
				const struct machine *machine);
	} kinds[] = {
		{ "port", open_port, ask_port, measure_from_nodes },
		{ "mmio", open_mmio, ask_mmio, measure_from_nodes },
		{ "ipi", open_ipi, ask_ipi, measure_ipis },
		{ "disk", open_disk, ask_disk, measure_from_nodes },
		{ "net", open_net, ask_net, measure_from_nodes },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!kinds[i].open()) {
			report_skip(kinds[i].name);
			continue;
		}
		probe.name = kinds[i].name;
		probe.ask = kinds[i].ask;
		probe.seconds = settings->seconds;
		kinds[i].measure(&probe, machine);
	}
}
