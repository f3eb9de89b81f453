// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rivals in B3 and B4: memory paged in by userfaultfd, as user-space
 * single-system images do it.
 *
 *	pager verbs|tcp THREADS PAGES
 *
 * One process has the memory. Another one has the same range empty: its threads
 * touch it, and one more thread reads the missing pages from the userfaultfd,
 * fetches each page, and puts it there with UFFDIO_COPY. verbs: by an RDMA
 * READ, so that the process that has the memory does nothing; tcp: by a request
 * to it. A thread that waits sleeps until its event comes, as in our module.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <rdma/rdma_cma.h>
#include <rdma/rdma_verbs.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libbench.h"
#include "selftests/unit/tap.h"

#define PORT		"7600"
#define APART		8u	/* pages between touched ones, as in remote.c */

/* The address of the memory: private data of the accept by its process */
struct place {
	uint64_t addr;
	uint32_t rkey;
};

/**
 * struct way - one way to fetch pages from the other process
 * @serve: the other process: listens, writes a byte to @ready, then serves
 * @connect: to it
 * @get: page @index into @page
 */
struct way {
	const char *name;
	void (*serve)(int ready);
	void (*connect)(void);
	void (*get)(uint64_t index);
};

static uint64_t size;
static uint8_t *memory;		/* of the process that has it */
static uint8_t *page;		/* what came */
static const char *here, *there;	/* addresses: the client's, the server's */

static void must(bool ok, const char *what)
{
	if (!ok)
		tap_bail("%s: %s", what, strerror(errno));
}

static void tell_ready(int ready)
{
	must(write(ready, "", 1) == 1, "telling that it listens");
}

/* ---- TCP ---- */

static int sock;

static struct sockaddr_in address(const char *host)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(atoi(PORT)),
	};

	must(inet_pton(AF_INET, host, &addr.sin_addr) == 1, host);
	return addr;
}

static int tcp_socket(void)
{
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(fd >= 0, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static void tcp_serve(int ready)
{
	struct sockaddr_in addr = address(there);
	int listener = tcp_socket(), fd, one = 1;
	uint64_t index;

	must(!bind(listener, (void *)&addr, sizeof(addr)), "bind");
	must(!listen(listener, 1), "listen");
	tell_ready(ready);
	fd = accept(listener, NULL, NULL);
	must(fd >= 0, "accept");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	while (recv(fd, &index, sizeof(index), MSG_WAITALL) == sizeof(index))
		must(send(fd, memory + index * PAGE, PAGE, 0) == PAGE, "send");
}

static void tcp_connect(void)
{
	struct sockaddr_in addr = address(there), from = address(here);

	from.sin_port = 0;
	sock = tcp_socket();
	must(!bind(sock, (void *)&from, sizeof(from)), "bind");
	must(!connect(sock, (void *)&addr, sizeof(addr)), "connect");
}

static void tcp_get(uint64_t index)
{
	must(send(sock, &index, sizeof(index), 0) == sizeof(index), "send");
	must(recv(sock, page, PAGE, MSG_WAITALL) == PAGE, "recv");
}

/* ---- verbs ---- */

static struct rdma_cm_id *id;
static struct ibv_mr *page_mr;
static struct place place;

/* An id for a connection, with a queue pair; it listens if @passive. */
static struct rdma_cm_id *endpoint(bool passive)
{
	struct rdma_addrinfo hints = {
		.ai_flags = passive ? RAI_PASSIVE : 0,
		.ai_port_space = RDMA_PS_TCP,
	};
	struct ibv_qp_init_attr attr = {
		.cap = {
			.max_send_wr = 4,
			.max_recv_wr = 4,
			.max_send_sge = 1,
			.max_recv_sge = 1,
		},
		.qp_type = IBV_QPT_RC,
		.sq_sig_all = 1,
	};
	struct sockaddr_in from = address(here);
	struct rdma_addrinfo *res;
	struct rdma_cm_id *ep;

	from.sin_port = 0;
	if (!passive) {
		hints.ai_src_addr = (void *)&from;
		hints.ai_src_len = sizeof(from);
	}
	must(!rdma_getaddrinfo(there, PORT, &hints, &res), "rdma_getaddrinfo");
	must(!rdma_create_ep(&ep, res, NULL, &attr), "rdma_create_ep");
	rdma_freeaddrinfo(res);
	return ep;
}

static void verbs_serve(int ready)
{
	struct rdma_conn_param param = {
		.private_data = &place,
		.private_data_len = sizeof(place),
		.responder_resources = 4,
		.initiator_depth = 4,
	};
	struct rdma_cm_id *listener = endpoint(true);
	struct ibv_mr *mr;

	must(!rdma_listen(listener, 1), "rdma_listen");
	tell_ready(ready);
	must(!rdma_get_request(listener, &id), "rdma_get_request");
	mr = rdma_reg_read(id, memory, size);
	must(mr, "registering the memory");
	place = (struct place){ (uintptr_t)memory, mr->rkey };
	must(!rdma_accept(id, &param), "rdma_accept");
	for (;;)
		pause();
}

static void verbs_connect(void)
{
	struct rdma_conn_param param = {
		.responder_resources = 4,
		.initiator_depth = 4,
		.retry_count = 7,
	};

	id = endpoint(false);
	page_mr = rdma_reg_msgs(id, page, PAGE);
	must(page_mr, "registering a page");
	must(!rdma_connect(id, &param), "rdma_connect");
	must(id->event->param.conn.private_data_len >= sizeof(place),
	     "the place of the memory");
	memcpy(&place, id->event->param.conn.private_data, sizeof(place));
}

static void verbs_get(uint64_t index)
{
	struct ibv_wc wc;

	must(!rdma_post_read(id, NULL, page, PAGE, page_mr, 0,
			     place.addr + index * PAGE, place.rkey),
	     "rdma_post_read");
	must(rdma_get_send_comp(id, &wc) == 1 && wc.status == IBV_WC_SUCCESS,
	     "the completion of an RDMA READ");
}

static const struct way ways[] = {
	{ "tcp", tcp_serve, tcp_connect, tcp_get },
	{ "verbs", verbs_serve, verbs_connect, verbs_get },
};

/* ---- userfaultfd ---- */

struct handler {
	const struct way *way;
	uint8_t *mem;
	int fd;
};

static void *handle_faults(void *arg)
{
	struct handler *h = arg;
	struct uffdio_copy copy;
	struct uffd_msg msg;
	uint64_t addr;

	while (read(h->fd, &msg, sizeof(msg)) == sizeof(msg)) {
		addr = msg.arg.pagefault.address & ~(uint64_t)(PAGE - 1);
		h->way->get((addr - (uintptr_t)h->mem) / PAGE);
		copy = (struct uffdio_copy){
			.dst = addr,
			.src = (uintptr_t)page,
			.len = PAGE,
		};
		must(!ioctl(h->fd, UFFDIO_COPY, &copy), "UFFDIO_COPY");
	}
	must(false, "reading from the userfaultfd");
	return NULL;
}

static void watch_missing(struct handler *h)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg;

	h->fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	must(h->fd >= 0, "userfaultfd");
	must(!ioctl(h->fd, UFFDIO_API, &api), "UFFDIO_API");
	h->mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(h->mem != MAP_FAILED, "mmap");
	madvise(h->mem, size, MADV_NOHUGEPAGE);
	reg = (struct uffdio_register){
		.range = { (uintptr_t)h->mem, size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	must(!ioctl(h->fd, UFFDIO_REGISTER, &reg), "UFFDIO_REGISTER");
}

static int start_server(const struct way *way)
{
	int ready[2], pid;
	char byte;

	must(!pipe(ready), "pipe");
	pid = fork();
	must(pid >= 0, "fork");
	if (!pid) {
		alarm(DEADLINE_MS / 1000);
		way->serve(ready[1]);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		tap_bail("the process that has the memory does not come up");
	return pid;
}

int main(int argc, char **argv)
{
	const struct way *way = NULL;
	struct touches t = { };
	struct handler h = { };
	pthread_t thread;
	uint32_t *order;
	uint32_t i;
	int server;

	if (argc != 4)
		tap_bail("pager verbs|tcp THREADS PAGES");
	for (i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(argv[1], ways[i].name))
			way = &ways[i];
	t.threads = atoi(argv[2]);
	t.count = atoi(argv[3]);
	there = getenv("SSI_ADDR_0");
	here = getenv("SSI_ADDR_1");
	if (!way || !t.threads || t.threads > THREADS_MAX || !t.count ||
	    !here || !there)
		tap_bail("pager verbs|tcp THREADS PAGES, in a virtual host");
	alarm(DEADLINE_MS / 1000);
	size = t.count * (uint64_t)APART * PAGE;
	memory = bench_shared(size);
	page = bench_shared(PAGE);
	order = bench_order(t.count, true);
	for (i = 0; i < t.count; i++)
		order[i] *= APART;
	t.order = order;
	t.ns = bench_shared(t.count * sizeof(*t.ns));

	server = start_server(way);
	way->connect();
	watch_missing(&h);
	h.way = way;
	must(!pthread_create(&thread, NULL, handle_faults, &h), "a thread");
	t.mem = h.mem;
	bench_touch(&t);
	bench_print("touch", t.ns, t.count);
	bench_print("elapsed", &t.elapsed, 1);
	kill(server, SIGKILL);
	return 0;
}
