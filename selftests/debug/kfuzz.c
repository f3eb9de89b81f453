// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random requests over netlink, ioctls, mappings, faults and channel messages,
 * guided by the module's coverage (KCOV): on a debug kernel.
 *
 *	kfuzz [SECONDS [SEED]]
 *
 * An input is a list of operations as bytes. One that reaches code of the module
 * that no input has reached before is kept, and changed again. The requests and
 * their attributes are those of the YAML specification (spec). The kernel itself
 * reports what is wrong; here, all nodes must be deletable after each input.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "../dsm/libcluster.h"
#include "selftests/unit/tap.h"

enum kind { NUMBER_32, NUMBER_64, TEXT, FLAG, BINARY, NEST };

struct attribute {
	uint16_t type;
	enum kind kind;
	uint8_t num_inner;
	uint16_t inner[12];
};

struct request {
	uint8_t cmd;
	bool dump;
	uint8_t num_attrs;
	uint16_t attrs[12];
};

#include "spec.h"

#define SECONDS		60
#define INPUT_MAX	512
#define KEPT_MAX	4096
#define OPS_MAX		40
#define FAULT_MS	100	/* that a fault may wait: most that do would wait for ever */
#define FILES		4
#define NODES		3u
#define MAP_SIZE	(16 * MIB)

#define KCOV_INIT_TRACE	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)
#define COVER_SIZE	(64 << 10)
#define PLACES		(1 << 18)

struct input {
	uint8_t data[INPUT_MAX];
	size_t size, at;
};

static struct input *kept[KEPT_MAX];
static unsigned int num_kept;
static unsigned long *cover;
static uint8_t seen[PLACES];
static unsigned int num_places;
static uint64_t seed;

static const char *const clusters[] = { "a", "b" };
static int files[FILES] = { -1, -1, -1, -1 };
static uint8_t *maps[FILES];

/* ---- chance and input -------------------------------------------------------- */

static uint64_t bits(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static uint8_t take(struct input *input)
{
	return input->at < input->size ? input->data[input->at++] : 0;
}

static uint64_t take_number(struct input *input)
{
	static const uint64_t odd[] = {
		0, 1, 2 * MIB, 4 * MIB, UINT32_MAX, UINT64_MAX, 1ull << 46, 4096,
	};
	uint8_t first = take(input);
	uint64_t value = 0;

	if (first < 128)
		return first % NODES;
	if (first < 224)
		return odd[first % ARRAY_SIZE(odd)];
	for (unsigned int i = 0; i < 8; i++)
		value = value << 8 | take(input);
	return value;
}

/* ---- coverage ---------------------------------------------------------------- */

static void open_coverage(void)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		tap_skip_all("no KCOV; this needs a debug kernel");
	if (ioctl(fd, KCOV_INIT_TRACE, COVER_SIZE))
		tap_bail("KCOV: %s", strerror(errno));
	cover = mmap(NULL, COVER_SIZE * sizeof(*cover), PROT_READ | PROT_WRITE,
		     MAP_SHARED, fd, 0);
	if (cover == MAP_FAILED || ioctl(fd, KCOV_ENABLE, 0))
		tap_bail("KCOV: %s", strerror(errno));
}

/* Return: places of the code that were not seen before. */
static unsigned int count_new(void)
{
	unsigned long count = __atomic_load_n(&cover[0], __ATOMIC_RELAXED);
	unsigned int fresh = 0;

	for (unsigned long i = 0; i < count; i++) {
		unsigned int place = cover[i + 1] * 0x9e3779b97f4a7c15ull >> 46;

		fresh += !seen[place];
		seen[place] = 1;
	}
	__atomic_store_n(&cover[0], 0, __ATOMIC_RELAXED);
	num_places += fresh;
	return fresh;
}

/* ---- netlink ----------------------------------------------------------------- */

static const struct attribute *find(uint16_t type)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(attributes); i++)
		if (attributes[i].type == type)
			return &attributes[i];
	return NULL;
}

static void put_address(struct nl_msg *msg, struct input *input)
{
	struct sockaddr_in sin = {
		.sin_family = take(input) % 16 ? AF_INET : take(input),
		.sin_port = htons(SSI_DSM_PORT + take(input) % 2),
	};
	size_t len = take(input) % 16 ? sizeof(sin) : take(input) % sizeof(sin);

	sin.sin_addr.s_addr = htonl(0x0a4d0001 + take(input) % 4);
	nla_put(msg, SSI_DSM_A_ADDR, len, &sin);
}

static void put(struct nl_msg *msg, struct input *input, uint16_t type)
{
	const struct attribute *attr = find(type);
	struct nlattr *nest;
	uint64_t number;

	if (!attr || take(input) % 16 == 15)
		return;
	if (type == SSI_DSM_A_ADDR)
		return put_address(msg, input);
	switch (attr->kind) {
	case NUMBER_32:
		nla_put_u32(msg, type, take_number(input));
		break;
	case NUMBER_64:
		nla_put_u64(msg, type, take_number(input));
		break;
	case TEXT:
		nla_put_string(msg, type, clusters[take(input) % 2]);
		break;
	case FLAG:
		if (take(input) % 2)
			nla_put_flag(msg, type);
		break;
	case BINARY:
		number = take_number(input);
		nla_put(msg, type, take(input) % 9, &number);
		break;
	case NEST:
		for (unsigned int i = 0; i <= take(input) % 3u; i++) {
			nest = nla_nest_start(msg, type);
			for (unsigned int j = 0; j < attr->num_inner; j++)
				put(msg, input, attr->inner[j]);
			nla_nest_end(msg, nest);
		}
	}
}

static void send_request(struct input *input)
{
	const struct request *request = &requests[take(input) %
						  ARRAY_SIZE(requests)];
	struct nl_msg *msg = conf_request(request->cmd);

	for (unsigned int i = 0; i < request->num_attrs; i++)
		put(msg, input, request->attrs[i]);
	if (take(input) % 8 == 7)
		put(msg, input, attributes[take(input) %
					   ARRAY_SIZE(attributes)].type);
	if (request->dump && take(input) % 2)
		conf_count(msg);
	else
		conf_send(msg);
}

/* A cluster that works, of which the rest of the input may use what it likes. */
static void make_cluster(struct input *input)
{
	const struct part map[2] = { { 0, 4 * MIB }, { 1, 4 * MIB } };
	const char *name = clusters[take(input) % 2];
	static const uint32_t transports[] = {
		SSI_DSM_TRANSPORT_LOOP, SSI_DSM_TRANSPORT_LOOP,
		SSI_DSM_TRANSPORT_TCP, SSI_DSM_TRANSPORT_RDMA,
	};
	uint32_t transport = transports[take(input) % 4];
	bool loop = transport == SSI_DSM_TRANSPORT_LOOP;

	for (uint32_t i = 0; i < 2; i++)
		node_new(name, i, transport, loop ? NULL : getenv(i ? "SSI_ADDR_1" : "SSI_ADDR_0"));
	for (uint32_t i = 0; i < 2; i++)
		peer_new(name, i, !i, loop ? NULL : getenv(i ? "SSI_ADDR_0" : "SSI_ADDR_1"), 0);
	for (uint32_t i = 0; i < 2; i++)
		region_new(name, i, REGION, map, 2);
	usleep(20000);
}

/* ---- files ------------------------------------------------------------------- */

static void open_file(struct input *input, unsigned int i)
{
	if (files[i] < 0)
		files[i] = attach_region(clusters[take(input) % 2],
					 take(input) % NODES, REGION,
					 take(input) % 4);
}

static void close_file(unsigned int i)
{
	if (maps[i])
		munmap(maps[i], MAP_SIZE);
	if (files[i] >= 0)
		close(files[i]);
	maps[i] = NULL;
	files[i] = -1;
}

static void map_file(struct input *input, unsigned int i)
{
	static const int prots[] = {
		PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE, PROT_WRITE,
	};
	void *map;

	if (maps[i] || files[i] < 0)
		return;
	map = mmap(NULL, MAP_SIZE, prots[take(input) % 16 / 13],
		   take(input) % 16 ? MAP_SHARED : MAP_PRIVATE, files[i],
		   take(input) % 8 ? 0 : take_number(input) & ~4095ull);
	maps[i] = map == MAP_FAILED ? NULL : map;
}

static sigjmp_buf on_fault;

static void handle_segv(int sig)
{
	(void)sig;
	siglongjmp(on_fault, 1);
}

static void interrupt_in(uint32_t ms)
{
	const struct itimerval timer = { .it_value.tv_usec = 1000 * ms };

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* A fault that waits for another node is interrupted. */
static void touch(struct input *input, unsigned int i)
{
	static volatile uint8_t *at;
	static bool write;

	at = maps[i] + take(input) % 17 * (MIB / 2) + take(input) * 16;
	write = take(input) % 2;
	if (!maps[i] || at >= maps[i] + MAP_SIZE || sigsetjmp(on_fault, 1))
		return;
	interrupt_in(FAULT_MS);
	if (write)
		*at = 1;
	else
		(void)*at;
	interrupt_in(0);
}

static void call_ioctl(struct input *input, unsigned int i)
{
	static const unsigned long commands[] = {
		SSI_DSM_ATTACH, SSI_DSM_SEND, SSI_DSM_DISCARD, 0xb503,
	};
	uint64_t args[8];

	for (unsigned int j = 0; j < ARRAY_SIZE(args); j++)
		args[j] = take_number(input);
	ioctl(files[i], commands[take(input) % 4],
	      take(input) % 16 ? args : NULL);
}

static void use_memory(struct input *input, unsigned int i)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_WILLNEED, MADV_COLD, MADV_PAGEOUT,
		MADV_HUGEPAGE, MADV_DONTFORK, MADV_REMOVE, MADV_POPULATE_READ,
	};

	if (!maps[i])
		return;
	switch (take(input) % 4) {
	case 0:
		madvise(maps[i], 4 * MIB, advices[take(input) % 8]);
		break;
	case 1:
		mprotect(maps[i] + MIB, MIB, take(input) % 4);
		break;
	case 2:
		munmap(maps[i] + 2 * MIB, MIB);
		break;
	default:
		msync(maps[i], MIB, MS_SYNC);
	}
}

static void talk(struct input *input, unsigned int i)
{
	struct message m;

	if (take(input) % 2)
		send_message(files[i], take(input) % NODES, "hello",
			     take(input) % 6);
	else
		read_message(files[i], &m, 0);
}

/* ---- inputs ------------------------------------------------------------------ */

static void do_one(struct input *input)
{
	unsigned int op = take(input) % 16, i = take(input) % FILES;

	switch (op) {
	case 0:
		make_cluster(input);
		break;
	case 1:
		open_file(input, i);
		break;
	case 2:
		map_file(input, i);
		break;
	case 3:
	case 4:
	case 5:
		touch(input, i);
		break;
	case 6:
		call_ioctl(input, i);
		break;
	case 7:
		use_memory(input, i);
		break;
	case 8:
		talk(input, i);
		break;
	case 9:
		close_file(i);
		break;
	default:
		send_request(input);
	}
}

static void clean_up(void)
{
	for (unsigned int i = 0; i < FILES; i++)
		close_file(i);
	for (uint32_t node = 0; node < SSI_DSM_MAX_NODES; node++)
		for (unsigned int i = 0; i < 2 && node < NODES; i++)
			node_del(clusters[i], node);
	if (conf_count(conf_request(SSI_DSM_CMD_NODE_GET)))
		tap_bail("a node is left");
}

static unsigned int run(struct input *input)
{
	input->at = 0;
	for (unsigned int i = 0; i < OPS_MAX && input->at < input->size; i++)
		do_one(input);
	clean_up();
	return count_new();
}

static void change(struct input *input)
{
	for (unsigned int n = 1 + bits() % 5; n; n--) {
		switch (bits() % 3) {
		case 0:
			input->size += bits() % 16;
			if (input->size > INPUT_MAX)
				input->size = INPUT_MAX;
			break;
		case 1:
			if (input->size)
				input->size -= bits() % input->size / 4;
			break;
		default:
			if (input->size)
				input->data[bits() % input->size] = bits();
		}
	}
}

static void keep(const struct input *input)
{
	struct input *copy = malloc(sizeof(*copy));

	if (!copy || num_kept == KEPT_MAX)
		return;
	*copy = *input;
	kept[num_kept++] = copy;
}

/* One that does all that programs do: what follows are changes of it. */
static void begin(void)
{
	static const uint8_t first[] = {
		0, 0, 0, 0,  1, 0, 0, 0, 0,  1, 1, 0, 1, 0,
		2, 0, 0, 1, 1,  2, 1, 0, 1, 1,
		3, 0, 0, 0, 1,  3, 1, 0, 0, 1,  3, 0, 9, 0, 0,  4, 1, 9, 0, 1,
		8, 0, 1, 1, 5,  8, 1, 0,  7, 0, 0, 0,
	};
	struct input input = { .size = sizeof(first) };

	memcpy(input.data, first, sizeof(first));
	keep(&input);
	run(&input);
}

int main(int argc, char **argv)
{
	uint64_t end = now_ms() + 1000ull * (argc > 1 ? atoi(argv[1]) : SECONDS);
	unsigned long long count = 0;

	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	conf_need();
	tap_plan(1);
	tap_diag("seed %llu", (unsigned long long)seed);
	signal(SIGBUS, handle_segv);
	signal(SIGSEGV, handle_segv);
	signal(SIGALRM, handle_segv);
	open_coverage();
	begin();
	while (now_ms() < end) {
		struct input input = *kept[bits() % num_kept];

		change(&input);
		if (run(&input))
			keep(&input);
		count++;
	}
	tap_ok(num_places > 100, "%llu inputs, %u kept, %u places of the module",
	       count, num_kept, num_places);
	return tap_exit();
}
