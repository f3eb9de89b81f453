// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a cluster's ssi-vmm begin and end, seen by one of them: vmm/cluster.c and
 * stop.c. The other nodes are played here; so is the host's time of day, which
 * somebody sets while a node waits.
 */
#include "../../vmm/cluster.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../vmm/ask.h"
#include "../../vmm/dsm.h"
#include "../../vmm/keeper_msg.h"
#include "../../vmm/log.h"
#include "../../vmm/stop.h"
#include "tap.h"

#define LIMIT_S		20	/* for what takes 3 seconds at most */

/* ---- the host's time of day ------------------------------------------------- */

static _Atomic time_t set_forward;	/* seconds */

/* What everybody calls here, glibc's own functions aside. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	long err = syscall(SYS_clock_gettime, clock, now);

	if (clock == CLOCK_REALTIME)
		now->tv_sec += set_forward;
	return err;
}

time_t time(time_t *result)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (result)
		*result = now.tv_sec;
	return now.tv_sec;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* ---- the module and the log ------------------------------------------------- */

/* What the module has for the reader. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	unsigned int count, taken;
	struct {
		struct ssi_dsm_msg head;
		unsigned char data[512];
	} messages[16];
} channel = {
	.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER,
};

static void put_message(unsigned int type, unsigned int node, const void *data,
			size_t len)
{
	pthread_mutex_lock(&channel.lock);
	channel.messages[channel.count].head = (struct ssi_dsm_msg){
		.type = type, .node = node, .len = len,
	};
	memcpy(channel.messages[channel.count++].data, data, len);
	pthread_cond_signal(&channel.filled);
	pthread_mutex_unlock(&channel.lock);
}

int dsm_read(const struct ssi_dsm_msg **message)
{
	pthread_mutex_lock(&channel.lock);
	while (channel.taken == channel.count)
		pthread_cond_wait(&channel.filled, &channel.lock);
	*message = &channel.messages[channel.taken++].head;
	pthread_mutex_unlock(&channel.lock);
	return 0;
}

static atomic_uint acks_sent;

/* A message's head, as cluster.c has it. */
struct head {
	uint16_t type;
	uint16_t len;
	uint32_t reserved;
};

int dsm_send(unsigned int node, const void *data, size_t len)
{
	const struct head *head = data;

	(void)node;
	(void)len;
	acks_sent += head->type == CLUSTER_STOP_ACK;
	return 0;
}

int ask_link(unsigned int node, char *text, size_t size)
{
	snprintf(text, size, "node %u has not joined", node);
	return 1;
}

/* ---- the keeper -------------------------------------------------------------- */

static int orders[2];	/* the keeper's end, and ours */

static void start_keeper(void)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, orders))
		_exit(97);
	stop_init(orders[1]);
}

static void order(int sig)
{
	const struct order o = { .type = ORDER_SIGNAL, .signal = sig };

	if (send(orders[0], &o, sizeof(o), 0) != sizeof(o))
		_exit(97);
}

/* From another process, since the clock is set here. */
static void order_later(int first, int second)
{
	if (fork())
		return;
	sleep(1);
	order(first);
	usleep(200000);
	if (second)
		order(second);
	_exit(0);
}

/* ---- tests, each in a process of its own ------------------------------------ */

static struct options three = { .num_nodes = 3, .self = 1, .timeout = 3 };

/* As cluster.c has it. */
struct hello {
	struct head head;
	uint32_t version;
	uint32_t tsc_khz;
	uint64_t config;
	struct cpufeatures features;
};

struct stop {
	struct head head;
	uint32_t code;
	char reason[STOP_REASON_MAX];
};

static void say_hello(unsigned int node)
{
	const struct hello hello = {
		.head = { CLUSTER_HELLO, sizeof(hello) - sizeof(struct head), 0 },
		.version = CLUSTER_VERSION,
	};

	put_message(SSI_DSM_MSG_DATA, node, &hello, sizeof(hello));
}

static void start(void)
{
	struct cpufeatures features = { 0 };
	uint32_t khz = 1;

	for (unsigned int i = 0; i < 3; i++)
		three.nodes[i].id = i;
	start_keeper();
	put_message(SSI_DSM_MSG_READY, 0, "", 0);
	cluster_start(&three, &khz, &features);
}

static void *set_clock_later(void *by)
{
	sleep(1);
	set_forward = (time_t)by;
	return NULL;
}

static void set_clock(time_t by)
{
	pthread_t thread;

	pthread_create(&thread, NULL, set_clock_later, (void *)by);
}

/* The clock is a day fast, and right again after a second, which is a step back. */
static void wait_while_set_back(void)
{
	set_forward = 86400;
	set_clock(0);
	start();
}

static void wait_while_set_forward(void)
{
	set_clock(86400);
	start();
}

static void *terminate_later(void *unused)
{
	sleep(1);
	order(SIGTERM);
	return unused;
}

static void be_terminated(void)
{
	pthread_t thread;

	set_forward = 86400;
	set_clock(0);
	pthread_create(&thread, NULL, terminate_later, NULL);
	three.timeout = 1000;
	start();
}

/* The main thread is inside of the kernel for good. */
static void be_stuck(void)
{
	start_keeper();
	order_later(SIGTERM, SIGTERM);
	for (;;)
		pause();
}

/* The first signal presses the power button; the guest resets itself meanwhile. */
static void press(void)
{
}

static void be_reset_while_signalled(void)
{
	start_keeper();
	stop_press_first(press);
	order(SIGINT);
	order(SIGTERM);
	while (!stop_asked())
		usleep(1000);
	_exit(stop_end_signals());
}

static void *lose_node_later(void *unused)
{
	sleep(1);
	put_message(SSI_DSM_MSG_LOST, 0, "left", 4);
	return unused;
}

/* Node 0 has told this node that the guest has ended, and goes a second later. */
static void be_told(void)
{
	const struct stop stop = {
		.head = { CLUSTER_STOP, sizeof(stop) - sizeof(struct head), 0 },
		.code = 7, .reason = "The test is over.",
	};
	pthread_t thread;

	say_hello(0);
	say_hello(2);
	start();
	put_message(SSI_DSM_MSG_DATA, 0, &stop, sizeof(stop));
	stop_wait(-1);
	pthread_create(&thread, NULL, lose_node_later, NULL);
	cluster_stop();
	_exit(acks_sent == 1 ? stop_get()->code : 98);
}

/* Return: its exit code, or -1 after LIMIT_S; and how long it took. */
static int run(void (*test)(void), double *took)
{
	double began = seconds();
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		test();
		_exit(99);
	}
	do {
		usleep(50000);
		*took = seconds() - began;
	} while (!waitpid(pid, &status, WNOHANG) && *took < LIMIT_S);
	if (*took >= LIMIT_S) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_clock(void)
{
	double took;
	int code;

	code = run(wait_while_set_back, &took);
	tap_ok(code == EXIT_NODE_LOST, "the time limit ends if the clock is set back: %d",
	       code);
	code = run(wait_while_set_forward, &took);
	tap_ok(code == EXIT_NODE_LOST && took > 1.5,
	       "and not early if it is set forward: %d after %.1f s", code, took);
	code = run(be_terminated, &took);
	tap_ok(code == EXIT_SIGNAL + SIGTERM,
	       "SIGTERM ends a node that waits for others: %d after %.1f s",
	       code, took);
}

static void test_signals(void)
{
	double took;
	int code;

	code = run(be_stuck, &took);
	tap_ok(code == EXIT_SIGNAL + SIGTERM && took < 4,
	       "a second SIGTERM does not need the main thread: %d after %.1f s",
	       code, took);
	code = run(be_reset_while_signalled, &took);
	tap_ok(code == SIGTERM,
	       "a guest that resets itself ends by a signal all the same: %d",
	       code);
}

static void test_end(void)
{
	double took;
	int code = run(be_told, &took);

	tap_ok(code == 7 && took > 0.9,
	       "a node that is told stays until the first one has gone: %d after %.1f s",
	       code, took);
}

int main(void)
{
	tap_plan(6);
	test_clock();
	test_signals();
	test_end();
	return tap_exit();
}
