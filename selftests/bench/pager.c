// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rivals in B3 and B4: memory paged in by userfaultfd, as user-space
 * single-system images do it.
 *
 *	pager verbs|tcp|coherent THREADS PAGES
 *
 * One process has the memory. Another one has the same range empty: its threads
 * touch it, and one more thread reads the missing pages from the userfaultfd,
 * fetches each page, and puts it there with UFFDIO_COPY. A thread that waits
 * sleeps until its event comes.
 *
 * verbs	a page comes by an RDMA READ: the process that has the memory does
 *		nothing
 * tcp		it comes by a request to that process
 * coherent	the same over RDMA, with what keeps memory coherent. The process
 *		that has the memory is the home and the owner of all pages: it
 *		looks the page up in a directory, write-protects it in its own
 *		memory with UFFDIO_WRITEPROTECT, and notes the copy. The copy is
 *		put in place write-protected. So each later write, of either
 *		process, would give an event. As many faults as there are threads
 *		are under way at a time: a further thread puts the pages in place
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <rdma/rdma_verbs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libbench.h"
#include "libtcp.h"
#include "libverbs.h"
#include "selftests/unit/tap.h"

#define USAGE		"pager verbs|tcp|coherent THREADS PAGES"
#define APART		8u	/* pages between touched ones, as in remote.c */

/* The address of the memory: private data of the accept by its process */
struct place {
	uint64_t addr;
	uint32_t rkey;
};

/**
 * struct way - one way to page memory in
 * @serve: the process that has the memory: listens, writes a byte to @ready,
 *	then serves
 * @connect: to it
 * @get: NULL, or: page @index into @page
 * @copy_mode: of UFFDIO_COPY
 */
struct way {
	const char *name;
	void (*serve)(int ready);
	void (*connect)(void);
	void (*get)(uint64_t index);
	uint64_t copy_mode;
};

static uint64_t size;
static uint8_t *memory;		/* of the process that has it */
static uint8_t *page;		/* what came */

/* ---- TCP ---- */

static int sock;

static void tcp_serve(int ready)
{
	int fd = tcp_serve_one(ready);
	uint64_t index;

	while (recv(fd, &index, sizeof(index), MSG_WAITALL) == sizeof(index))
		bench_must(send(fd, memory + index * PAGE, PAGE, 0) == PAGE, "send");
}

static void tcp_connect(void)
{
	sock = tcp_to_server();
}

static void tcp_get(uint64_t index)
{
	bench_must(send(sock, &index, sizeof(index), 0) == sizeof(index), "send");
	bench_must(recv(sock, page, PAGE, MSG_WAITALL) == PAGE, "recv");
}

/* ---- verbs: RDMA READ ---- */

static struct rdma_cm_id *id;
static struct ibv_mr *page_mr;
static struct place place;

static void read_serve(int ready)
{
	struct rdma_conn_param param = {
		.private_data = &place,
		.private_data_len = sizeof(place),
		.responder_resources = 4,
		.initiator_depth = 4,
	};
	struct rdma_cm_id *listener = verbs_endpoint(true);
	struct ibv_mr *mr;

	bench_must(!rdma_listen(listener, 1), "rdma_listen");
	bench_must(write(ready, "", 1) == 1, "telling that it listens");
	bench_must(!rdma_get_request(listener, &id), "rdma_get_request");
	mr = rdma_reg_read(id, memory, size);
	bench_must(mr, "registering the memory");
	place = (struct place){ (uintptr_t)memory, mr->rkey };
	bench_must(!rdma_accept(id, &param), "rdma_accept");
	for (;;)
		pause();
}

static void read_connect(void)
{
	struct rdma_conn_param param = {
		.responder_resources = 4,
		.initiator_depth = 4,
		.retry_count = 7,
	};

	id = verbs_endpoint(false);
	page_mr = rdma_reg_msgs(id, page, PAGE);
	bench_must(page_mr, "registering a page");
	bench_must(!rdma_connect(id, &param), "rdma_connect");
	bench_must(id->event->param.conn.private_data_len >= sizeof(place),
		   "the place of the memory");
	memcpy(&place, id->event->param.conn.private_data, sizeof(place));
}

static void read_get(uint64_t index)
{
	struct ibv_wc wc;

	bench_must(!rdma_post_read(id, NULL, page, PAGE, page_mr,
				   IBV_SEND_SIGNALED,
				   place.addr + index * PAGE, place.rkey),
		   "rdma_post_read");
	bench_must(rdma_get_send_comp(id, &wc) == 1 &&
		   wc.status == IBV_WC_SUCCESS,
		   "the completion of an RDMA READ");
}

/* ---- userfaultfd ---- */

/* Empty memory of single pages, and a userfaultfd for its events. */
static uint8_t *map_watched(uint64_t mode, int *fd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg;
	uint8_t *mem;

	*fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	bench_must(*fd >= 0, "userfaultfd");
	bench_must(!ioctl(*fd, UFFDIO_API, &api), "UFFDIO_API");
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bench_must(mem != MAP_FAILED, "mmap");
	madvise(mem, size, MADV_NOHUGEPAGE);
	reg = (struct uffdio_register){
		.range = { (uintptr_t)mem, size },
		.mode = mode,
	};
	bench_must(!ioctl(*fd, UFFDIO_REGISTER, &reg), "UFFDIO_REGISTER");
	return mem;
}

/* ---- coherent: the home and owner ---- */

/* A directory entry. All pages are the server's own at first. */
struct entry {
	bool exclusive;		/* else there are copies, all read-only */
	uint8_t sharers;	/* a bit for each process */
};

static struct entry *directory;
static int owner_fd;		/* the userfaultfd of the server's memory */

/* Others get a copy of page @index: it may not be written here any more. */
static void share_page(uint64_t index)
{
	struct uffdio_writeprotect protect = {
		.range = { (uintptr_t)memory + index * PAGE, PAGE },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	struct entry *entry = &directory[index];

	if (entry->exclusive)
		bench_must(!ioctl(owner_fd, UFFDIO_WRITEPROTECT, &protect),
			   "UFFDIO_WRITEPROTECT");
	entry->exclusive = false;
	entry->sharers |= 1 << 1;
}

static void coherent_serve(int ready)
{
	struct verbs_server server = {
		.size = size,
		.prepare = share_page,
	};
	uint64_t i;

	directory = bench_shared(size / PAGE * sizeof(*directory));
	for (i = 0; i < size / PAGE; i++)
		directory[i] = (struct entry){ .exclusive = true, .sharers = 1 };
	memory = map_watched(UFFDIO_REGISTER_MODE_WP, &owner_fd);
	memset(memory, 1, size);
	server.mem = memory;
	verbs_serve(&server, ready);
}

/* ---- the process that faults ---- */

struct handler {
	const struct way *way;
	struct verbs_client client;	/* of coherent */
	uint8_t *mem;
	int fd;
};

static struct handler handler;

static uint64_t next_missing(void)
{
	struct uffd_msg msg;

	bench_must(read(handler.fd, &msg, sizeof(msg)) == sizeof(msg),
		   "reading from the userfaultfd");
	return (msg.arg.pagefault.address - (uintptr_t)handler.mem) / PAGE;
}

static void put_in_place(const uint8_t *from, uint64_t index)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)handler.mem + index * PAGE,
		.src = (uintptr_t)from,
		.len = PAGE,
		.mode = handler.way->copy_mode,
	};

	bench_must(!ioctl(handler.fd, UFFDIO_COPY, &copy), "UFFDIO_COPY");
}

/* One page after the other. */
static void *get_pages(void *arg)
{
	uint64_t index;

	for (;;) {
		index = next_missing();
		handler.way->get(index);
		put_in_place(page, index);
	}
	return arg;
}

static void *ask_for_pages(void *arg)
{
	for (;;)
		verbs_ask(&handler.client, next_missing());
	return arg;
}

static void *put_pages(void *arg)
{
	uint32_t index;
	uint8_t *from;

	for (;;) {
		from = verbs_get(&handler.client, &index);
		put_in_place(from, index);
		verbs_put(&handler.client, from);
	}
	return arg;
}

static void coherent_connect(void)
{
	verbs_connect(&handler.client);
}

static void start(void *(*fn)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, fn, NULL))
		tap_bail("no thread");
}

static void handle_faults(const struct way *way)
{
	uint64_t mode = UFFDIO_REGISTER_MODE_MISSING;

	handler.way = way;
	if (way->copy_mode)
		mode |= UFFDIO_REGISTER_MODE_WP;
	way->connect();
	handler.mem = map_watched(mode, &handler.fd);
	if (way->get)
		return start(get_pages);
	start(ask_for_pages);
	start(put_pages);
}

static const struct way ways[] = {
	{ "tcp", tcp_serve, tcp_connect, tcp_get, 0 },
	{ "verbs", read_serve, read_connect, read_get, 0 },
	{ "coherent", coherent_serve, coherent_connect, NULL,
	  UFFDIO_COPY_MODE_WP },
};

static const struct way *find_way(const char *name)
{
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(name, ways[i].name))
			return &ways[i];
	tap_bail(USAGE);
}

int main(int argc, char **argv)
{
	const struct way *way;
	struct touches t = { };
	uint32_t *order;
	uint32_t i;
	int server;

	if (argc != 4)
		tap_bail(USAGE);
	way = find_way(argv[1]);
	t.threads = atoi(argv[2]);
	t.count = atoi(argv[3]);
	if (!t.threads || t.threads > THREADS_MAX || !t.count)
		tap_bail(USAGE);
	alarm(DEADLINE_MS / 1000);
	size = t.count * (uint64_t)APART * PAGE;
	memory = bench_shared(size);
	page = bench_shared(PAGE);
	order = bench_order(t.count, true);
	for (i = 0; i < t.count; i++)
		order[i] *= APART;
	t.order = order;
	t.ns = bench_shared(t.count * sizeof(*t.ns));

	server = bench_server(way->serve);
	handle_faults(way);
	t.mem = handler.mem;
	bench_touch(&t);
	bench_print("touch", t.ns, t.count);
	bench_print("elapsed", &t.elapsed, 1);
	bench_server_end(server);
	return 0;
}
