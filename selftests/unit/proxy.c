// SPDX-License-Identifier: GPL-2.0-or-later
/* Interrupts to CPUs of another node, and messages about them: vmm/proxy.c. */
#include "../../vmm/proxy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../vmm/cluster.h"
#include "../../vmm/hw/ioapic.h"
#include "../../vmm/irq.h"
#include "../../vmm/msix.h"
#include "../../vmm/log.h"
#include "../../vmm/sipi.h"
#include "../../vmm/stop.h"
#include "../../vmm/vcpu_state.h"
#include "../../vmm/vm.h"
#include "libvmm.h"
#include "tap.h"

#define OTHER	1		/* the node of CPU 1; this is node 0 */
#define OUT_OF_REACH	(1ull << 40)

/* As proxy.c has it. */
struct irq {
	uint32_t cpu;
	uint8_t vector, is_nmi;
	uint16_t waits;
};

struct cpu {
	uint32_t cpu, vector;
};

/* ---- what the file under test stands on ------------------------------------- */

static atomic_uint irqs, asked, answers, delivered, released, sent_again;
static cluster_handler handlers[CLUSTER_TYPES];

void cluster_handle(enum cluster_type type, size_t len, cluster_handler handler)
{
	(void)len;
	handlers[type] = handler;
}

void cluster_send(unsigned int node, enum cluster_type type,
		  const void *payload)
{
	const struct irq *m = payload;

	(void)node;
	if (type == CLUSTER_IRQ_DONE)
		answers++;
	if (type != CLUSTER_IRQ)
		return;
	irqs++;
	asked += m->waits;
}

void cluster_send_others(enum cluster_type type, const void *payload)
{
	cluster_send(OTHER, type, payload);
}

unsigned int cluster_self(void)
{
	return 0;
}

unsigned int cluster_nodes(void)
{
	return 2;
}

void vcpu_release(struct vcpu *vcpu, uint8_t vector)
{
	(void)vector;
	released++;
	vcpu->run->immediate_exit = 1;
}

void vcpu_park(struct vcpu *vcpu)
{
	(void)vcpu;
}

void vcpu_ioctl(struct vcpu *vcpu, unsigned long request, void *arg,
		const char *name)
{
	(void)vcpu;
	(void)request;
	(void)arg;
	(void)name;
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

void irq_deliver(uint32_t apic_id, uint8_t vector)
{
	(void)apic_id;
	(void)vector;
	delivered++;
}

void irq_deliver_nmi(uint32_t apic_id)
{
	irq_deliver(apic_id, 2);
}

void vcpu_state_calm(struct vcpu *vcpu)
{
	(void)vcpu;
}

bool vcpu_state_may_leave(struct vcpu *vcpu)
{
	(void)vcpu;
	return true;
}

void ioapic_eoi(uint8_t vector)
{
	(void)vector;
}

void sipi_block(struct vcpu *vcpu)
{
	(void)vcpu;
}

/* ---- tests ------------------------------------------------------------------ */

static struct vcpu vcpus[2];

/* Messages that another node may send before this one has any CPU. */
static void test_too_early(void)
{
	const struct cpu stub = { .cpu = 1 };
	const struct irq irq = { .cpu = 0 };

	handlers[CLUSTER_CPU_STUB](0, &stub);
	handlers[CLUSTER_IRQ](1, &irq);
	tap_ok(libvmm_stops == 2 && !released && !delivered,
	       "messages about CPUs that were not created are refused");
	libvmm_stops = 0;
}

static void create_cpus(void)
{
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		vcpus[cpu].cpu = cpu;
		vcpus[cpu].node = cpu;
		vcpus[cpu].real = cpu == 0;
		vcpus[cpu].run = calloc(1, 8192);
	}
	proxy_open();
}

static void test_messages(void)
{
	const struct cpu stub = { .cpu = 1 };
	struct irq irq = { .cpu = 0, .vector = 0x30 };

	handlers[CLUSTER_CPU_STUB](1, &stub);
	tap_ok(released == 1 && !libvmm_stops, "later they are taken");
	handlers[CLUSTER_IRQ](1, &irq);
	tap_ok(delivered == 1 && !answers, "an interrupt needs no answer");
	irq.waits = 1;
	handlers[CLUSTER_IRQ](1, &irq);
	tap_ok(delivered == 2 && answers == 1, "unless it asks for one");
}

static void test_exits(void)
{
	struct kvm_run *run = vcpus[1].run;

	run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run->internal.suberror = 1;
	/* data[0] is where io.data_offset of another exit is */
	run->io.data_offset = OUT_OF_REACH;
	proxy_handle_exit(&vcpus[1]);
	tap_ok(libvmm_stops == 1, "an internal error of KVM is reported");
	libvmm_stops = 0;
}

void msix_send_again(void)
{
	sent_again++;
}

/* Interrupts of devices that were under way to it are lost. */
static void test_parked(void)
{
	const struct cpu parked = { .cpu = 1 };

	handlers[CLUSTER_CPU_PARKED](1, &parked);
	tap_ok(sent_again == 1, "when a CPU is parked, devices interrupt again");
	proxy_report_parked(&vcpus[0]);
	tap_ok(sent_again == 2, "also when it is one of this node");
}

static void *interrupt_often(void *unused)
{
	struct kvm_run *run = vcpus[1].run;

	run->exit_reason = KVM_EXIT_IO;
	run->io.port = 0x10;
	run->io.data_offset = 4096;
	for (unsigned int i = 0; i < 32; i++)
		proxy_handle_exit(&vcpus[1]);
	return unused;
}

static void wait_for(unsigned int questions)
{
	for (unsigned int ms = 0; ms < 5000 && asked < questions; ms++)
		usleep(1000);
	usleep(50000);	/* in which more would be sent */
}

/* The other node's ssi-vmm does not read. */
static void test_limit(void)
{
	const struct cpu done = { .cpu = 1 };
	pthread_t thread;

	pthread_create(&thread, NULL, interrupt_often, NULL);
	wait_for(1);
	tap_ok(irqs == 16, "at most 16 interrupts of a CPU are under way: %u",
	       irqs);
	handlers[CLUSTER_IRQ_DONE](1, &done);
	wait_for(2);
	tap_ok(irqs == 32, "its answer brings 16 more: %u", irqs);
	handlers[CLUSTER_IRQ_DONE](1, &done);
	pthread_join(thread, NULL);
	tap_ok(!libvmm_stops, "and that is legal");
}

int main(void)
{
	tap_plan(10);
	proxy_init(vcpus, 2);
	test_too_early();
	create_cpus();
	test_messages();
	test_parked();
	test_exits();
	test_limit();
	return tap_exit();
}
