// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages of other nodes' ssi-vmm: an input is a list of them. This node is node 0
 * of three, or the one in FUZZ_NODE. It reports what cannot be, and goes on.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "../../acpi/ssi_acpi.h"
#include "../../vmm/button.h"
#include "../../vmm/clock.h"
#include "../../vmm/cluster.h"
#include "../../vmm/discard.h"
#include "../../vmm/ask.h"
#include "../../vmm/checkpoint.h"
#include "../../vmm/dsm.h"
#include "../../vmm/forward.h"
#include "../../vmm/hw/acpi_pm.h"
#include "../../vmm/hw/ioapic.h"
#include "../../vmm/hw/timebase.h"
#include "../../vmm/irq.h"
#include "../../vmm/measure.h"
#include "../../vmm/move.h"
#include "../../vmm/memory.h"
#include "../../vmm/msix.h"
#include "../../vmm/orders.h"
#include "../../vmm/pause.h"
#include "../../vmm/proxy.h"
#include "../../vmm/resets.h"
#include "../../vmm/route.h"
#include "../../vmm/run.h"
#include "../../vmm/sipi.h"
#include "../../vmm/stop.h"
#include "../../vmm/tsc.h"
#include "../../vmm/vcpu_state.h"
#include "../../vmm/vm.h"
#include "../unit/libvmm.h"
#include "fuzz.h"

#define NODES		3u
#define CPUS		6u	/* CPU n is of node n % 3 */
#define RAM_GPA		0x100000ull
#define RAM_SIZE	0x100000u
#define MESSAGES_MAX	200

/* ---- what the files stand on ------------------------------------------------- */

static struct vcpu vcpus[CPUS];
static struct kvm_run runs[CPUS];

void memory_discard(uint64_t offset, uint64_t len)
{
	if (offset > memory_size() || len > memory_size() - offset)
		fuzz_fail("%llu bytes at %llu are discarded",
			  (unsigned long long)len, (unsigned long long)offset);
}

static void check_vcpu(const struct vcpu *vcpu)
{
	if (vcpu < vcpus || vcpu >= vcpus + CPUS)
		fuzz_fail("a CPU that does not exist");
}

void vcpu_release(struct vcpu *vcpu, uint8_t vector)
{
	(void)vector;
	check_vcpu(vcpu);
}

void vcpu_park(struct vcpu *vcpu)
{
	check_vcpu(vcpu);
}

void vcpu_ioctl(struct vcpu *vcpu, unsigned long request, void *arg,
		const char *name)
{
	(void)request;
	(void)arg;
	(void)name;
	check_vcpu(vcpu);
}

void vm_need_smm(void)
{
}

void vm_add_memory(enum vm_slot slot, uint64_t gpa, void *host, size_t size,
		   bool readonly)
{
	(void)slot;
	(void)gpa;
	(void)host;
	(void)size;
	(void)readonly;
}

uint32_t vm_tsc_khz(void)
{
	return 1000000;
}

void irq_deliver(uint32_t apic_id, uint8_t vector)
{
	(void)vector;
	/* its proxy here forwards one for a CPU that is elsewhere */
	if (apic_id >= CPUS)
		fuzz_fail("an interrupt for APIC %u", apic_id);
}

void irq_deliver_nmi(uint32_t apic_id)
{
	irq_deliver(apic_id, 2);
}

void ioapic_eoi(uint8_t vector)
{
	(void)vector;
}

void msix_send_again(void)
{
}

void sipi_block(struct vcpu *vcpu)
{
	check_vcpu(vcpu);
}

void acpi_pm_press_button(void)
{
}

void tsc_begin(void)
{
}

uint64_t tsc_read(void)
{
	return 1;
}

uint64_t tsc_offset(void)
{
	return 0;
}

void tsc_advance(uint64_t ticks)
{
	(void)ticks;
}

void tsc_stop(void)
{
}

void tsc_rewind(uint64_t ticks)
{
	(void)ticks;
}

void tsc_go(void)
{
}

void timebase_stop(void)
{
}

void timebase_go(void)
{
}

void stop_take_orders(void (*take)(const struct order *order, int fds[PASS_FDS]))
{
	(void)take;
}

void checkpoint_ask(int fds[PASS_FDS])
{
	(void)fds;
}

void ask_life(bool paused)
{
	(void)paused;
}

void ask_moved(unsigned int cpu, unsigned int from, unsigned int to, uint64_t ns)
{
	(void)ns;
	if (cpu >= CPUS || from >= NODES || to >= NODES)
		fuzz_fail("CPU %u has moved from node %u to %u", cpu, from, to);
}

void ask_move_result(const struct move_end *end)
{
	if (end->result >= MOVE_RESULTS)
		fuzz_fail("a move has the result %u", end->result);
}

/* No CPU has a thread: each waits for its start. */
bool run_job(struct vcpu *vcpu, vcpu_job job, void *arg)
{
	(void)job;
	(void)arg;
	check_vcpu(vcpu);
	return false;
}

bool run_may_be_parked(struct vcpu *vcpu)
{
	check_vcpu(vcpu);
	return false;
}

bool vcpu_state_may_leave(struct vcpu *vcpu)
{
	check_vcpu(vcpu);
	return true;
}

size_t vcpu_state_leave(struct vcpu *vcpu, void *buffer)
{
	(void)buffer;
	check_vcpu(vcpu);
	return 0;
}

bool vcpu_state_put(struct vcpu *vcpu, const void *buffer, size_t size,
		    enum vcpu_state_kind kind, char *why)
{
	(void)buffer;
	(void)size;
	(void)kind;
	(void)why;
	check_vcpu(vcpu);
	return true;
}

void vcpu_state_calm(struct vcpu *vcpu)
{
	check_vcpu(vcpu);
}

void vcpu_set_tsc_offset(struct vcpu *vcpu, uint64_t offset)
{
	(void)offset;
	check_vcpu(vcpu);
}

void stop_told(const struct stop_request *request)
{
	if (!memchr(request->reason, '\0', sizeof(request->reason)))
		fuzz_fail("a reason without an end");
}

bool stop_asked(void)
{
	return false;
}

const struct stop_request *stop_get(void)
{
	static const struct stop_request none;

	return &none;
}

/* ---- the module's channel ---------------------------------------------------- */

union message {
	struct ssi_dsm_msg head;
	unsigned char bytes[sizeof(struct ssi_dsm_msg) + SSI_DSM_MSG_MAX];
};

/*
 * All messages of an input, which the reader handles one after the other: to wait for
 * it after each one would take most of the time.
 */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	union message messages[MESSAGES_MAX];
	unsigned int count;	/* of messages */
	unsigned int given;	/* those that the reader may handle */
	unsigned int at;	/* those that it has begun to handle */
	bool idle;		/* it has handled all */
} channel = {
	.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER,
};

static void wait_for_message(void)
{
	pthread_mutex_lock(&channel.lock);
	channel.idle = true;
	pthread_cond_broadcast(&channel.changed);
	while (channel.at == channel.given)
		pthread_cond_wait(&channel.changed, &channel.lock);
	pthread_mutex_unlock(&channel.lock);
}

/* The reader comes back for the next message when it has handled one. */
int dsm_read(const struct ssi_dsm_msg **message)
{
	static unsigned char *copy;
	const union message *next;
	size_t size;

	if (channel.at == channel.given)	/* only the idle reader's change */
		wait_for_message();
	next = &channel.messages[channel.at++];
	/* in memory of its own size: a read beyond its end is then seen */
	size = sizeof(next->head) + next->head.len;
	free(copy);
	copy = malloc(size);
	memcpy(copy, next, size);
	*message = (const void *)copy;
	return 0;
}

int dsm_send(unsigned int node, const void *data, size_t len)
{
	static volatile unsigned char sum;

	if (node >= NODES || len > SSI_DSM_MSG_MAX)
		fuzz_fail("%zu bytes are sent to node %u", len, node);
	for (size_t i = 0; i < len; i++)
		sum += ((const unsigned char *)data)[i];
	return 0;
}

void ask_resets(unsigned int quick, uint64_t told_s)
{
	(void)quick;
	(void)told_s;
}

int ask_link(unsigned int node, char *text, size_t size)
{
	(void)node;
	snprintf(text, size, "none");
	return 0;
}

static void give(uint32_t type, uint32_t node, const void *data, size_t len)
{
	union message *message = &channel.messages[channel.count++];

	message->head = (struct ssi_dsm_msg){
		.type = type, .node = node, .len = len,
	};
	memcpy(message->head.data, data, len);
}

/* All messages that were given, and wait until they are handled. */
static void deliver(void)
{
	if (!channel.count)
		return;
	pthread_mutex_lock(&channel.lock);
	channel.at = 0;
	channel.given = channel.count;
	channel.idle = false;
	pthread_cond_broadcast(&channel.changed);
	while (!channel.idle)
		pthread_cond_wait(&channel.changed, &channel.lock);
	channel.count = channel.given = channel.at = 0;
	pthread_mutex_unlock(&channel.lock);
}

/* ---- set up ------------------------------------------------------------------ */

/*
 * The lengths that cluster_handle() was told (linked with --wrap=cluster_handle), and
 * those of cluster.c's own messages.
 */
static size_t lengths[CLUSTER_TYPES] = {
	[CLUSTER_HELLO] = 16 + sizeof(struct cpufeatures),
	[CLUSTER_ARRIVED] = 8, [CLUSTER_GO] = 8, [CLUSTER_STOP_ACK] = 8,
	[CLUSTER_STOP] = 4 + STOP_REASON_MAX,
};

void __wrap_cluster_handle(enum cluster_type type, size_t len,
			   cluster_handler handler)
{
	lengths[type] = len;
	__real_cluster_handle(type, len, handler);
}

/* As cluster.c has it. */
struct head {
	uint16_t type;
	uint16_t len;
	uint32_t reserved;
};

static void say_hello(unsigned int node)
{
	struct {
		struct head head;
		uint32_t version, tsc_khz;
		uint64_t config;
		struct cpufeatures features;
	} hello = {
		.head = { CLUSTER_HELLO, sizeof(hello) - sizeof(hello.head), 0 },
		.version = CLUSTER_VERSION, .tsc_khz = 1000,
	};

	give(SSI_DSM_MSG_DATA, node, &hello, sizeof(hello));
}

static void *greet(void *arg)
{
	const struct options *options = arg;

	for (unsigned int node = 0; node < NODES; node++)
		if (node != options->self)
			say_hello(node);
	give(SSI_DSM_MSG_READY, 0, "", 0);
	deliver();
	return NULL;
}

static void begin_cluster(struct options *options)
{
	struct cpufeatures features = { 0 };
	uint32_t khz = 1000;
	pthread_t thread;

	if (pthread_create(&thread, NULL, greet, options))
		fuzz_fail("there is no thread");
	cluster_start(options, &khz, &features);
	pthread_join(thread, NULL);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct options options = {
		.num_nodes = NODES, .timeout = 20,
		.devices = { .free_page_reporting = true },
	};
	const char *self = getenv("FUZZ_NODE");

	(void)argc;
	(void)argv;
	options.self = self ? strtoul(self, NULL, 10) : 0;
	libvmm_make_ram(RAM_GPA, RAM_SIZE);
	for (unsigned int i = 0; i < NODES; i++)
		options.nodes[i].id = i;
	for (unsigned int i = 0; i < CPUS; i++)
		vcpus[i] = (struct vcpu){
			.cpu = i, .apic_id = i, .node = i % NODES,
			.real = i % NODES == options.self, .run = &runs[i],
		};
	if (FUZZ_REFUSED())
		fuzz_fail("the cluster does not start");
	clock_init();
	forward_init(CPUS);
	route_init();
	button_init();
	resets_init(&options);
	orders_init(0);
	pause_init();
	move_init(vcpus, CPUS);
	move_start();
	measure_init();
	discard_init(&options);
	proxy_init(vcpus, CPUS);
	begin_cluster(&options);
	forward_serve();
	proxy_open();
	pause_start();
	return 0;
}

/* ---- messages ---------------------------------------------------------------- */

/* A message of the right length, mostly; numbers in it are mostly small. */
static void give_data(struct fuzz_input *input, unsigned int node)
{
	unsigned char data[SSI_DSM_MSG_MAX];
	struct head head = { .type = fuzz_number(input, 1) % (CLUSTER_TYPES + 1) };
	size_t len, given;

	len = head.type < CLUSTER_TYPES ? lengths[head.type] : 8;
	if (!fuzz_below(input, 16))
		len = fuzz_number(input, 1);
	head.len = fuzz_below(input, 16) ? len : fuzz_number(input, 2);
	given = fuzz_number(input, 1);
	memset(data, 0, sizeof(data));
	memcpy(data, &head, sizeof(head));
	fuzz_take(input, data + sizeof(head), given < len ? given : len);
	give(SSI_DSM_MSG_DATA, node, data,
	     fuzz_below(input, 16) ? sizeof(head) + len : fuzz_below(input, 9));
}

static void give_text(struct fuzz_input *input, unsigned int type,
		      unsigned int node)
{
	unsigned char text[64];
	unsigned int len = fuzz_below(input, sizeof(text) + 1);

	fuzz_take(input, text, len);
	give(type, node, text, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };

	for (unsigned int i = 0; input.size && i < MESSAGES_MAX; i++) {
		unsigned int type = fuzz_below(&input, 16);
		unsigned int node = fuzz_below(&input, NODES + 1);

		if (type == SSI_DSM_MSG_LOST || type == SSI_DSM_MSG_REFUSED)
			give_text(&input, type, node);
		else
			give_data(&input, node);
	}
	deliver();
	return 0;
}
