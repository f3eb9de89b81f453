// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guests of a few instructions, straight on KVM.
 */
#include "libguest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "selftests/unit/tap.h"

/* Intel SDM 3A 2.5, 2.2.1; 4.5 */
#define CR0_PE		(1ull << 0)
#define CR0_ET		(1ull << 4)
#define CR0_PG		(1ull << 31)
#define CR4_PAE		(1ull << 5)
#define EFER_LME	(1ull << 8)
#define EFER_LMA	(1ull << 10)
#define RFLAGS_ONE	(1ull << 1)	/* always set */
#define RFLAGS_IF	(1ull << 9)
#define PT_ENTRIES	512u
#define PT_PRESENT	(1ull << 0)
#define PT_WRITABLE	(1ull << 1)
#define PT_BIG		(1ull << 7)
#define CPUID_MAX	256u
#define SEGMENT_CODE	11	/* execute, read, accessed */
#define SEGMENT_DATA	3	/* read, write, accessed */

static int kvm_ioctl(int fd, unsigned long request, void *arg, const char *what)
{
	int ret = ioctl(fd, request, arg);

	if (ret < 0)
		tap_bail("%s: %s", what, strerror(errno));
	return ret;
}

/* All that KVM supports: a CPU needs long mode in its CPUID to be in it. */
static void set_cpuid(int kvm, int cpu)
{
	struct kvm_cpuid2 *cpuid;

	cpuid = calloc(1, sizeof(*cpuid) +
			  CPUID_MAX * sizeof(cpuid->entries[0]));
	if (!cpuid)
		tap_bail("no memory for a CPUID");
	cpuid->nent = CPUID_MAX;
	kvm_ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid,
		  "KVM_GET_SUPPORTED_CPUID");
	kvm_ioctl(cpu, KVM_SET_CPUID2, cpuid, "KVM_SET_CPUID2");
	free(cpuid);
}

void guest_new(struct guest *g)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0)
		tap_bail("/dev/kvm: %s", strerror(errno));
	g->vm = kvm_ioctl(kvm, KVM_CREATE_VM, NULL, "KVM_CREATE_VM");
	if (g->interrupts)
		kvm_ioctl(g->vm, KVM_CREATE_IRQCHIP, NULL, "KVM_CREATE_IRQCHIP");
	g->cpu = kvm_ioctl(g->vm, KVM_CREATE_VCPU, NULL, "KVM_CREATE_VCPU");
	g->run_size = kvm_ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, NULL,
				"KVM_GET_VCPU_MMAP_SIZE");
	g->run = mmap(NULL, g->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      g->cpu, 0);
	if (g->run == MAP_FAILED)
		tap_bail("mapping a CPU: %s", strerror(errno));
	set_cpuid(kvm, g->cpu);
	close(kvm);
}

void guest_del(struct guest *g)
{
	munmap(g->run, g->run_size);
	close(g->cpu);
	close(g->vm);
}

/* On a host without CPU 1 there is nothing to do. */
static void set_cpu_1(bool online)
{
	int fd = open("/sys/devices/system/cpu/cpu1/online", O_WRONLY);

	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0 || write(fd, online ? "1" : "0", 1) != 1)
		tap_bail("CPU 1 %s: %s", online ? "online" : "offline",
			 strerror(errno));
	close(fd);
}

/* The process that has KVM's first machine, until it calls guest_last(). */
static pid_t first;

/* Its machine ends with it. */
static void before_exit(void)
{
	if (first == getpid())
		set_cpu_1(false);
}

void guest_first(struct guest *g)
{
	set_cpu_1(false);
	guest_new(g);
	set_cpu_1(true);
	first = getpid();
	atexit(before_exit);
}

void guest_last(struct guest *g)
{
	first = 0;
	set_cpu_1(false);
	guest_del(g);
	set_cpu_1(true);
}

void guest_memory(struct guest *g, uint32_t slot, uint64_t addr, void *mem,
		  uint64_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = addr,
		.memory_size = size,
		.userspace_addr = (uintptr_t)mem,
	};

	kvm_ioctl(g->vm, KVM_SET_USER_MEMORY_REGION, &region,
		  "KVM_SET_USER_MEMORY_REGION");
}

void guest_tables(void *mem, uint64_t addr, uint32_t levels, uint64_t apart)
{
	uint64_t flags = PT_PRESENT | PT_WRITABLE;
	uint64_t step = levels == 4 ? 4096 : 4096 * PT_ENTRIES;
	uint64_t *table = mem;
	uint32_t i;

	for (; levels > 1; levels--) {
		addr += apart;
		table[0] = addr | flags;
		table += apart / sizeof(*table);
	}
	if (step > 4096)
		flags |= PT_BIG;
	for (i = 0; i < PT_ENTRIES; i++)
		table[i] = i * step | flags;
}

static struct kvm_segment flat(uint8_t type)
{
	return (struct kvm_segment){
		.limit = ~0u,
		.selector = type == SEGMENT_CODE ? 0x8 : 0x10,
		.type = type,
		.present = 1,
		.s = 1,
		.l = type == SEGMENT_CODE,
		.db = type != SEGMENT_CODE,
		.g = 1,
	};
}

void guest_begin(struct guest *g, const struct guest_start *start)
{
	struct kvm_regs regs = {
		.rip = start->code,
		.rdi = start->rdi,
		.rsi = start->rsi,
		.rcx = start->rcx,
		.rflags = RFLAGS_ONE | (g->interrupts ? RFLAGS_IF : 0),
	};
	struct kvm_sregs sregs;

	kvm_ioctl(g->cpu, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	sregs.cr0 = CR0_PE | CR0_ET | CR0_PG;
	sregs.cr3 = start->tables;
	sregs.cr4 = CR4_PAE;
	sregs.efer = EFER_LME | EFER_LMA;
	sregs.cs = flat(SEGMENT_CODE);
	sregs.ds = flat(SEGMENT_DATA);
	sregs.es = sregs.ds;
	sregs.ss = sregs.ds;
	kvm_ioctl(g->cpu, KVM_SET_SREGS, &sregs, "KVM_SET_SREGS");
	kvm_ioctl(g->cpu, KVM_SET_REGS, &regs, "KVM_SET_REGS");
}

static struct {
	const uint8_t *mem;
	uint64_t size;
	volatile sig_atomic_t over;
} deadline;

static void end_deadline(int sig)
{
	(void)sig;
	deadline.over = 1;
}

void guest_deadline(unsigned int seconds, const void *mem, uint64_t size)
{
	/* without SA_RESTART: it interrupts KVM_RUN */
	struct sigaction action = { .sa_handler = end_deadline };

	deadline.mem = mem;
	deadline.size = size;
	sigaction(SIGALRM, &action, NULL);
	alarm(seconds);
}

/* A guest that is stuck: where, and does it have the code that it was given? */
static void bail_stuck(struct guest *g)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	uint64_t i;

	kvm_ioctl(g->cpu, KVM_GET_REGS, &regs, "KVM_GET_REGS");
	kvm_ioctl(g->cpu, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	tap_diag("rip %#llx rax %#llx rcx %#llx rdi %#llx cr3 %#llx cr2 %#llx",
		 regs.rip, regs.rax, regs.rcx, regs.rdi, sregs.cr3, sregs.cr2);
	for (i = regs.rip; i < regs.rip + 8 && i < deadline.size; i++)
		tap_diag("%#llx: %02x", (unsigned long long)i, deadline.mem[i]);
	tap_bail("the guest does not come to its OUT");
}

void guest_run(struct guest *g)
{
	while (ioctl(g->cpu, KVM_RUN, NULL)) {
		if (errno != EINTR)
			tap_bail("KVM_RUN: %s", strerror(errno));
		if (deadline.over)
			bail_stuck(g);
	}
	if (g->run->exit_reason != KVM_EXIT_IO)
		tap_bail("the guest ended with KVM's exit reason %u",
			 g->run->exit_reason);
}

uint64_t guest_tsc_khz(struct guest *g)
{
	return kvm_ioctl(g->cpu, KVM_GET_TSC_KHZ, NULL, "KVM_GET_TSC_KHZ");
}
