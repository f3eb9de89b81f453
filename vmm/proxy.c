// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPUs of other nodes: interrupts that reach their proxies here are sent there.
 *
 * DOC: Theory of operation
 *
 * KVM does not report a guest's writes to the ICR to userspace, but it delivers an
 * interrupt to any CPU of its machine. So each node's KVM has all CPUs, and a CPU
 * that is real on another node runs a stub here (Documentation/design.rst):
 * 32-bit, flat, without paging, halted with interrupts on. The handler of each
 * vector writes it to a port, which is an exit; it becomes a message to the
 * CPU's owner, whose KVM delivers it. Proxies are in system management mode,
 * for which KVM has an address space of its own: the guest does not see the
 * stub, the proxy not the guest, and an INIT waits (sipi.c).
 *
 * Start of a CPU (see sipi.c for how it is seen); O is its owner, P the node
 * where the SIPI was seen, X all nodes but O, P among them:
 *
 *   P -> O  CPU_SIPI         with the vector (nothing to send if P is O)
 *   O -> X  CPU_STUB         make your proxy run the stub
 *   X -> O  CPU_STUB_READY   it takes interrupts now
 *   O       when all X have answered: run the real CPU
 *
 * The boot CPU starts the same way, only that machine.c reports it. When O finds
 * that the guest has parked a CPU, it can be started again:
 *
 *   O -> X  CPU_PARKED       make your proxy wait for INIT and SIPI
 *
 * O then knows of no start, so the next CPU_SIPI counts, and its CPU_STUB comes
 * to X after CPU_PARKED. Interrupts to a parked CPU are lost; that includes an
 * NMI, which would wake it. A guest takes the interrupts of devices away from a CPU
 * before it parks it, and waits a millisecond for what is under way. Between nodes that
 * can be too short. So each node sends the interrupts of its PCI devices again when
 * it learns that a CPU is parked; they go where the guest has moved them.
 *
 * Most interrupts need no answer. But each proxy sends at most a window of them to
 * a node that does not answer: the last one asks for IRQ_DONE, and the proxy's
 * thread waits. Further interrupts to the CPU meanwhile collect in its APIC, where
 * equal ones are one, as they do in that of a real CPU that is slow.
 *
 * Thus an interrupt to a running CPU finds a running proxy on every node. A
 * second SIPI, which guests send, finds the proxy in its stub and is ignored
 * by KVM, or arrives at O as a second CPU_SIPI and is ignored there.
 */
#include "proxy.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "cluster.h"
#include "hw/ioapic.h"
#include "irq.h"
#include "log.h"
#include "msix.h"
#include "sipi.h"
#include "stop.h"
#include "vcpu_state.h"
#include "vm.h"

#define STUB_GPA	0xfd000000u
#define STUB_SIZE	0x2000u
#define STUB_GDT	0x000u
#define STUB_IDLE	0x040u
#define STUB_IDLE_SIZE	4u
#define STUB_EOI	0x050u
#define STUB_IDT	0x800u
#define STUB_HANDLERS	0x1000u
#define HANDLER_SIZE	16u
#define VECTORS		256u

#define STACK_GPA	0xfd010000u
#define STACK_SIZE	256u	/* an interrupt needs 12 bytes, once or twice */

#define SELECTOR_CODE	0x08
#define SELECTOR_DATA	0x10

/* Ports that only the stub uses; the byte written is the vector. */
#define PORT_VECTOR	0x10
#define PORT_NMI	0x11
#define PORT_FAULT	0x12

#define VECTOR_NMI	2
#define VECTOR_FIRST	16	/* below it no interrupt can be sent */

/*
 * Messages about interrupts that can wait at a node. With those of forward.c they are
 * less than the module keeps (SSI_CHANNEL_MAX).
 */
#define IRQS_MAX	4000
#define WINDOW_MAX	16	/* of one proxy */

/* Payload of all CLUSTER_CPU_ messages and of CLUSTER_IRQ_DONE. */
struct cpu_message {
	uint32_t cpu;
	uint32_t vector;	/* of a SIPI; else 0 */
};

/* Payload of CLUSTER_IRQ. */
struct irq_message {
	uint32_t cpu;
	uint8_t vector;
	uint8_t is_nmi;
	uint16_t waits;		/* the sender waits for an answer */
};

_Static_assert(sizeof(struct cpu_message) == 8, "no holes");
_Static_assert(sizeof(struct irq_message) == 8, "no holes");

static struct vcpu *proxy_vcpus;
static unsigned int proxy_count;

/* Starts of this node's own CPUs; proxy_lock protects them. */
static struct {
	bool starting;
	uint8_t vector;
	unsigned int missing;	/* answers */
} proxy_starts[OPTIONS_MAX_CPUS];

/* Interrupts sent for CPUs of other nodes; proxy_lock protects @waiting. */
static struct {
	unsigned int unanswered;	/* used by the proxy's thread only */
	bool waiting;
	unsigned int asked;		/* the node that is to answer */
} proxy_sends[OPTIONS_MAX_CPUS];

/* How many may be unanswered, of one CPU of a node. */
static atomic_uint proxy_windows[SSI_DSM_MAX_NODES];
static atomic_bool proxy_is_open;

static pthread_cond_t proxy_answered = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t proxy_lock = PTHREAD_MUTEX_INITIALIZER;

static void make_gdt(unsigned char *stub)
{
	/* "Accessed" is set, so that the CPU never writes to it. */
	static const uint64_t gdt[] = {
		0, 0x00cf9b000000ffffull, 0x00cf93000000ffffull,
	};

	memcpy(stub + STUB_GDT, gdt, sizeof(gdt));
}

static void make_idle_and_eoi(unsigned char *stub)
{
	static const unsigned char idle[] = {
		0xfb,			/* sti */
		0xf4,			/* hlt */
		0xeb, 0xfc,		/* jmp to the sti */
	};
	static const unsigned char eoi[] = {
		0x31, 0xc0,			/* xor eax, eax */
		0x31, 0xd2,			/* xor edx, edx */
		0xb9, 0x0b, 0x08, 0x00, 0x00,	/* mov ecx, 0x80b: x2APIC EOI */
		0x0f, 0x30,			/* wrmsr */
		0xcf,				/* iret */
	};

	memcpy(stub + STUB_IDLE, idle, sizeof(idle));
	memcpy(stub + STUB_EOI, eoi, sizeof(eoi));
}

static uint8_t handler_port(unsigned int vector)
{
	if (vector == VECTOR_NMI)
		return PORT_NMI;
	return vector < VECTOR_FIRST ? PORT_FAULT : PORT_VECTOR;
}

static void make_handler(unsigned char *stub, unsigned int vector)
{
	unsigned int at = STUB_HANDLERS + vector * HANDLER_SIZE;
	uint8_t port = handler_port(vector);
	int32_t to_eoi = (int32_t)STUB_EOI - (int32_t)(at + 9);
	unsigned char code[] = {
		0xb0, vector,		/* mov al, vector */
		0xe6, port,		/* out port, al */
		0xe9, 0, 0, 0, 0,	/* jmp to the EOI */
	};

	memcpy(code + 5, &to_eoi, sizeof(to_eoi));
	if (port == PORT_NMI)
		code[4] = 0xcf;		/* iret: an NMI has no EOI */
	memcpy(stub + at, code, sizeof(code));
}

static void make_gate(unsigned char *stub, unsigned int vector)
{
	uint32_t handler = STUB_GPA + STUB_HANDLERS + vector * HANDLER_SIZE;
	uint16_t gate[] = {
		handler & 0xffff, SELECTOR_CODE, 0x8e00, handler >> 16,
	};

	memcpy(stub + STUB_IDT + vector * sizeof(gate), gate, sizeof(gate));
}

static void *map_private(size_t size)
{
	void *host = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (host == MAP_FAILED)
		die(EXIT_HOST, "The host gives no memory for the proxies.");
	return host;
}

static void make_stub(void)
{
	size_t stacks = proxy_count * STACK_SIZE;
	unsigned char *stub = map_private(STUB_SIZE);

	make_gdt(stub);
	make_idle_and_eoi(stub);
	for (unsigned int vector = 0; vector < VECTORS; vector++) {
		make_handler(stub, vector);
		make_gate(stub, vector);
	}
	vm_add_memory(VM_SLOT_STUB, STUB_GPA, stub, STUB_SIZE, true);
	stacks = (stacks + 0xfff) & ~(size_t)0xfff;
	vm_add_memory(VM_SLOT_STUB_STACK, STACK_GPA, map_private(stacks),
		      stacks, false);
}

static struct kvm_segment flat_segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment) {
		.limit = UINT32_MAX, .selector = selector, .type = type,
		.present = 1, .db = 1, .s = 1, .g = 1,
	};
}

static void set_stub_registers(struct vcpu *vcpu)
{
	struct kvm_regs regs = {
		.rip = STUB_GPA + STUB_IDLE,
		.rsp = STACK_GPA + (vcpu->cpu + 1) * STACK_SIZE,
		.rflags = 2,
	};
	struct kvm_segment data = flat_segment(SELECTOR_DATA, 3);
	struct kvm_sregs sregs;

	vcpu_ioctl(vcpu, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	sregs.cs = flat_segment(SELECTOR_CODE, 0xb);
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.gdt.base = STUB_GPA + STUB_GDT;
	sregs.gdt.limit = 23;
	sregs.idt.base = STUB_GPA + STUB_IDT;
	sregs.idt.limit = VECTORS * 8 - 1;
	sregs.cr0 = 0x11;	/* PE, ET */
	sregs.cr4 = 0;
	sregs.efer = 0;
	sregs.cr8 = 0;
	vcpu_ioctl(vcpu, KVM_SET_SREGS, &sregs, "the stub's state");
	vcpu_ioctl(vcpu, KVM_SET_REGS, &regs, "the stub's registers");
}

void proxy_be(struct vcpu *vcpu)
{
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };

	set_stub_registers(vcpu);
	vcpu_state_calm(vcpu);
	vcpu_ioctl(vcpu, KVM_SET_MP_STATE, &state, "the running state");
	sipi_block(vcpu);
}

void proxy_enter_stub(struct vcpu *vcpu)
{
	struct cpu_message m = { .cpu = vcpu->cpu };

	proxy_be(vcpu);
	log_debug("CPU %u is on node %u.", vcpu->cpu, vcpu->node);
	cluster_send(vcpu->node, CLUSTER_CPU_STUB_READY, &m);
}

static void wait_for_answer(unsigned int cpu)
{
	pthread_mutex_lock(&proxy_lock);
	while (proxy_sends[cpu].waiting)
		pthread_cond_wait(&proxy_answered, &proxy_lock);
	pthread_mutex_unlock(&proxy_lock);
}

/* To the node that it is on by now. */
static void send_irq(struct vcpu *vcpu, uint8_t vector, bool is_nmi)
{
	unsigned int *unanswered = &proxy_sends[vcpu->cpu].unanswered;
	unsigned int node = vcpu->node;
	struct irq_message m = {
		.cpu = vcpu->cpu, .vector = vector, .is_nmi = is_nmi,
	};

	m.waits = ++*unanswered >= proxy_windows[node];
	if (!m.waits) {
		cluster_send(node, CLUSTER_IRQ, &m);
		return;
	}
	*unanswered = 0;
	pthread_mutex_lock(&proxy_lock);
	proxy_sends[vcpu->cpu].waiting = true;
	proxy_sends[vcpu->cpu].asked = node;
	pthread_mutex_unlock(&proxy_lock);
	cluster_send(node, CLUSTER_IRQ, &m);
	wait_for_answer(vcpu->cpu);
}

static void handle_port(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint8_t vector = ((unsigned char *)run)[run->io.data_offset];

	if (run->io.port == PORT_VECTOR)
		send_irq(vcpu, vector, false);
	else if (run->io.port == PORT_NMI)
		send_irq(vcpu, 0, true);
	else
		stop_ask(EXIT_HOST, "The proxy of CPU %u has failed: exception %u.",
			 vcpu->cpu, vector);
}

void proxy_handle_exit(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	switch (run->exit_reason) {
	case KVM_EXIT_INTR:
		break;
	case KVM_EXIT_IOAPIC_EOI:
		/*
		 * The CPU's own EOI does not come here. If the device still wants
		 * something, the interrupt is sent again, and is one there with
		 * those that wait already.
		 */
		ioapic_eoi(run->eoi.vector);
		break;
	case KVM_EXIT_IO:
		handle_port(vcpu);
		break;
	default:
		stop_ask(EXIT_HOST, "The proxy of CPU %u has failed: exit %u, detail %u.",
			 vcpu->cpu, run->exit_reason,
			 run->exit_reason == KVM_EXIT_INTERNAL_ERROR ?
				run->internal.suberror : 0);
	}
}

/* On the owner. */
static void begin_start(struct vcpu *vcpu, uint8_t vector)
{
	unsigned int others = cluster_nodes() - 1;
	struct cpu_message m = { .cpu = vcpu->cpu };
	bool is_new;

	pthread_mutex_lock(&proxy_lock);
	is_new = !proxy_starts[vcpu->cpu].starting;
	if (is_new) {
		proxy_starts[vcpu->cpu].starting = true;
		proxy_starts[vcpu->cpu].vector = vector;
		proxy_starts[vcpu->cpu].missing = others;
	}
	pthread_mutex_unlock(&proxy_lock);
	if (!is_new)
		return;
	if (others)
		cluster_send_others(CLUSTER_CPU_STUB, &m);
	else
		vcpu_release(vcpu, vector);
}

void proxy_report_sipi(struct vcpu *vcpu, uint8_t vector)
{
	struct cpu_message m = { .cpu = vcpu->cpu, .vector = vector };

	log_debug("CPU %u is to start at 0x%x.", vcpu->cpu, vector << 12);
	if (vcpu->real)
		begin_start(vcpu, vector);
	else
		cluster_send(vcpu->node, CLUSTER_CPU_SIPI, &m);
}

void proxy_report_parked(struct vcpu *vcpu)
{
	struct cpu_message m = { .cpu = vcpu->cpu };

	log_debug("CPU %u is parked.", vcpu->cpu);
	pthread_mutex_lock(&proxy_lock);
	proxy_starts[vcpu->cpu].starting = false;
	pthread_mutex_unlock(&proxy_lock);
	cluster_send_others(CLUSTER_CPU_PARKED, &m);
	msix_send_again();
}

static void refuse_message(unsigned int node, uint32_t cpu)
{
	stop_ask(EXIT_NODE_LOST, "Node %u has sent a message about CPU %u, which that node does not have or which does not exist yet.",
		 node, cpu);
}

/* The CPU that a message is about, wherever it is. It must exist already. */
static struct vcpu *find_any(unsigned int node, uint32_t cpu)
{
	if (atomic_load(&proxy_is_open) && cpu < proxy_count)
		return &proxy_vcpus[cpu];
	refuse_message(node, cpu);
	return NULL;
}

/* It must be real here or on the sender's node, too. */
static struct vcpu *find_vcpu(unsigned int node, uint32_t cpu, bool real)
{
	struct vcpu *vcpu = find_any(node, cpu);

	if (!vcpu || (vcpu->real == real && (real || vcpu->node == node)))
		return vcpu;
	refuse_message(node, cpu);
	return NULL;
}

static void handle_sipi(unsigned int node, const void *payload)
{
	const struct cpu_message *m = payload;
	struct vcpu *vcpu = find_vcpu(node, m->cpu, true);

	if (vcpu)
		begin_start(vcpu, m->vector & 0xff);
}

static void handle_stub(unsigned int node, const void *payload)
{
	const struct cpu_message *m = payload;
	struct vcpu *vcpu = find_vcpu(node, m->cpu, false);

	if (vcpu)
		vcpu_release(vcpu, 0);
}

static void handle_stub_ready(unsigned int node, const void *payload)
{
	const struct cpu_message *m = payload;
	struct vcpu *vcpu = find_vcpu(node, m->cpu, true);
	bool complete;

	if (!vcpu)
		return;
	pthread_mutex_lock(&proxy_lock);
	complete = proxy_starts[m->cpu].starting &&
		   proxy_starts[m->cpu].missing &&
		   --proxy_starts[m->cpu].missing == 0;
	pthread_mutex_unlock(&proxy_lock);
	if (complete)
		vcpu_release(vcpu, proxy_starts[m->cpu].vector);
}

static void handle_parked(unsigned int node, const void *payload)
{
	const struct cpu_message *m = payload;
	struct vcpu *vcpu = find_vcpu(node, m->cpu, false);

	if (!vcpu)
		return;
	vcpu_park(vcpu);
	msix_send_again();
}

/* The CPU may have moved on: then its proxy here forwards the interrupt (move.c). */
static void handle_irq(unsigned int node, const void *payload)
{
	const struct irq_message *m = payload;
	struct vcpu *vcpu = find_any(node, m->cpu);
	struct cpu_message done = { .cpu = m->cpu };

	if (!vcpu)
		return;
	if (m->is_nmi)
		irq_deliver_nmi(vcpu->apic_id);
	else
		irq_deliver(vcpu->apic_id, m->vector);
	if (m->waits)
		cluster_send(node, CLUSTER_IRQ_DONE, &done);
}

static void handle_irq_done(unsigned int node, const void *payload)
{
	const struct cpu_message *m = payload;
	struct vcpu *vcpu = find_any(node, m->cpu);
	bool expected;

	if (!vcpu)
		return;
	pthread_mutex_lock(&proxy_lock);
	expected = proxy_sends[vcpu->cpu].waiting &&
		   proxy_sends[vcpu->cpu].asked == node;
	if (expected)
		proxy_sends[vcpu->cpu].waiting = false;
	pthread_cond_broadcast(&proxy_answered);
	pthread_mutex_unlock(&proxy_lock);
	if (!expected)
		refuse_message(node, m->cpu);
}

/* A node's CPUs have a proxy on each of the other nodes. */
static unsigned int window_of(unsigned int node)
{
	unsigned int proxies = 0, window;

	for (unsigned int cpu = 0; cpu < proxy_count; cpu++)
		proxies += proxy_vcpus[cpu].node == node;
	proxies *= cluster_nodes() - 1;
	window = proxies ? IRQS_MAX / proxies : WINDOW_MAX;
	return window < 1 ? 1 : window > WINDOW_MAX ? WINDOW_MAX : window;
}

static void set_windows(void)
{
	for (unsigned int node = 0; node < cluster_nodes(); node++)
		proxy_windows[node] = window_of(node);
}

bool proxy_is_idle(struct vcpu *vcpu)
{
	const uint64_t idle = STUB_GPA + STUB_IDLE;
	struct kvm_vcpu_events events;
	struct kvm_regs regs;

	vcpu_ioctl(vcpu, KVM_GET_REGS, &regs, "KVM_GET_REGS");
	vcpu_ioctl(vcpu, KVM_GET_VCPU_EVENTS, &events, "KVM_GET_VCPU_EVENTS");
	return regs.rip >= idle && regs.rip < idle + STUB_IDLE_SIZE &&
	       !events.interrupt.injected && !events.nmi.injected &&
	       vcpu_state_may_leave(vcpu);
}

void proxy_moved(struct vcpu *vcpu, unsigned int node)
{
	vcpu->node = node;
	set_windows();
}

void proxy_begin(struct vcpu *vcpu, unsigned int node)
{
	proxy_be(vcpu);
	vcpu->real = false;
	atomic_store(&vcpu->counts->real, false);
	proxy_sends[vcpu->cpu].unanswered = 0;
	proxy_moved(vcpu, node);
}

/* As if it had been started here. */
void proxy_end(struct vcpu *vcpu)
{
	pthread_mutex_lock(&proxy_lock);
	proxy_starts[vcpu->cpu].starting = true;
	proxy_starts[vcpu->cpu].missing = 0;
	pthread_mutex_unlock(&proxy_lock);
	proxy_moved(vcpu, cluster_self());
	vcpu->real = true;
	atomic_store(&vcpu->counts->real, true);
}

void proxy_open(void)
{
	set_windows();
	atomic_store(&proxy_is_open, true);
}

void proxy_init(struct vcpu *vcpus, unsigned int count)
{
	vm_need_smm();
	proxy_vcpus = vcpus;
	proxy_count = count;
	make_stub();
	cluster_handle(CLUSTER_CPU_SIPI, sizeof(struct cpu_message),
		       handle_sipi);
	cluster_handle(CLUSTER_CPU_STUB, sizeof(struct cpu_message),
		       handle_stub);
	cluster_handle(CLUSTER_CPU_STUB_READY, sizeof(struct cpu_message),
		       handle_stub_ready);
	cluster_handle(CLUSTER_CPU_PARKED, sizeof(struct cpu_message),
		       handle_parked);
	cluster_handle(CLUSTER_IRQ, sizeof(struct irq_message), handle_irq);
	cluster_handle(CLUSTER_IRQ_DONE, sizeof(struct cpu_message),
		       handle_irq_done);
}
