// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmm/vcpu_state.c on this machine's KVM: a guest that computes is taken from one virtual
 * machine to another in the middle of it, again and again, and its results are those of
 * the same guest that stays. And states that are not valid are refused.
 *
 * Each virtual machine is in a process of its own; they share the guest's memory.
 */
#include "../../vmm/vcpu_state.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../vmm/stop.h"
#include "../../vmm/vm.h"
#include "tap.h"
#include "vcpu_guest.h"

#define MOVES		24
#define LIMIT_S		20
#define RAM_SIZE	0x200000u
#define CODE_GPA	0x10000u
#define STACK_GPA	0x9000u
#define TABLES_GPA	0x1000u
#define GDT_GPA		0x4000u
#define IDT_GPA		0x5000u
#define TIMER_VECTOR	0x50
#define PORT_STEP	0x10	/* the guest has done a step */
#define PORT_END	0x11	/* it has ended, with its result */
#define PORT_READ	0x12	/* it reads a number, which is 0x5a */
#define APIC_X2		(3u << 10)
#define SECOND_PART	48	/* behind the head, and the running state */

static unsigned char *ram;
static uint64_t offset;		/* of the guest's TSC: the same in all processes */

/* ---- what vcpu_state.c stands on ---- */

void vcpu_rest(void)
{
	_exit(EXIT_FAILURE);
}

void vcpu_ioctl(struct vcpu *vcpu, unsigned long request, void *arg, const char *name)
{
	if (ioctl(vcpu->fd, request, arg) >= 0)
		return;
	tap_diag("KVM refuses %s: %s", name, strerror(errno));
	_exit(EXIT_FAILURE);
}

/* ---- a virtual machine ---- */

static void write_tables(void)
{
	static const uint64_t gdt[] = {
		0, 0, 0x00af9b000000ffffull, 0x00cf93000000ffffull,
	};
	uint64_t handler = CODE_GPA + (uintptr_t)guest_timer -
			   (uintptr_t)guest_code;
	uint64_t gate[2] = {
		(handler & 0xffff) | 0x10 << 16 | 0x8e00ull << 32, 0,
	};
	uint64_t *table = (uint64_t *)(ram + TABLES_GPA);

	memset(ram, 0, RAM_SIZE);
	table[0] = (TABLES_GPA + 0x1000) | 3;
	table[512] = (TABLES_GPA + 0x2000) | 3;
	table[1024] = 0x83;	/* 2 MiB, itself */
	gate[0] |= (handler >> 16 & 0xffff) << 48;
	memcpy(ram + GDT_GPA, gdt, sizeof(gdt));
	memcpy(ram + IDT_GPA + TIMER_VECTOR * sizeof(gate), gate, sizeof(gate));
	memcpy(ram + CODE_GPA, guest_code,
	       (uintptr_t)guest_end - (uintptr_t)guest_code);
}

static struct kvm_segment segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment) {
		.limit = UINT32_MAX, .selector = selector, .type = type,
		.present = 1, .s = 1, .g = 1, .l = type >> 3, .db = !(type >> 3),
	};
}

static void set_offset(struct vcpu *vcpu)
{
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)&offset,
	};

	vcpu_ioctl(vcpu, KVM_SET_DEVICE_ATTR, &attr, "the TSC offset");
	vcpu->tsc_offset = offset;
}

static void create(struct vcpu *vcpu)
{
	struct kvm_cpuid2 *cpuid;
	struct kvm_sregs sregs;

	memset(vcpu, 0, sizeof(*vcpu));
	vm_create(24);
	vm_add_memory(VM_SLOT_LOW, 0, ram, RAM_SIZE, false);
	vcpu_state_init();
	vcpu->fd = vm_create_vcpu(0, &vcpu->run);
	cpuid = vm_supported_cpuid();
	for (unsigned int i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == 1)
			cpuid->entries[i].ecx |= 1u << 21 | 1u << 24;
	vcpu_ioctl(vcpu, KVM_SET_CPUID2, cpuid, "CPUID");
	free(cpuid);
	vcpu_ioctl(vcpu, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	sregs.apic_base |= APIC_X2;
	vcpu_ioctl(vcpu, KVM_SET_SREGS, &sregs, "x2APIC mode");
	set_offset(vcpu);
}

static void boot(struct vcpu *vcpu)
{
	struct kvm_regs regs = { .rip = CODE_GPA, .rsp = STACK_GPA, .rflags = 2 };
	struct kvm_segment data = segment(0x18, 3);
	struct kvm_sregs sregs;

	vcpu_ioctl(vcpu, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	sregs.cs = segment(0x10, 0xb);
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.gdt.base = GDT_GPA;
	sregs.gdt.limit = 31;
	sregs.idt.base = IDT_GPA;
	sregs.idt.limit = 0xfff;
	sregs.cr3 = TABLES_GPA;
	sregs.cr0 = 0x80000013;
	sregs.cr4 = 0x620;
	sregs.efer = 0x500;
	vcpu_ioctl(vcpu, KVM_SET_SREGS, &sregs, "the boot state");
	vcpu_ioctl(vcpu, KVM_SET_REGS, &regs, "the boot registers");
}

/* What it has written, if it has written to @port; a read gets its number. */
static bool serve(struct vcpu *vcpu, uint16_t port, uint32_t *value)
{
	struct kvm_run *run = vcpu->run;
	unsigned char *data = (unsigned char *)run + run->io.data_offset;

	if (run->exit_reason != KVM_EXIT_IO) {
		tap_diag("exit %u of the guest, detail %u", run->exit_reason,
			 run->internal.suberror);
		_exit(EXIT_FAILURE);
	}
	if (run->io.direction == KVM_EXIT_IO_IN) {
		*data = 0x5a;
		*value = 0;
		return port == PORT_READ;
	}
	memcpy(value, data, sizeof(*value));
	return run->io.port == port;
}

static void handle_alarm(int sig)
{
	(void)sig;
}

/* Return: true if it has ended, with @value; false if a signal came. */
static bool run_until_end(struct vcpu *vcpu, uint16_t stop_at, uint32_t *value)
{
	for (;;) {
		if (ioctl(vcpu->fd, KVM_RUN, 0)) {
			if (errno == EINTR && !stop_at)
				return false;
			if (errno == EINTR || errno == EAGAIN)
				continue;
			tap_diag("KVM_RUN: %s", strerror(errno));
			_exit(EXIT_FAILURE);
		}
		if (serve(vcpu, PORT_END, value))
			return true;
		if (stop_at && serve(vcpu, stop_at, value))
			return false;
	}
}

/* KVM completes the access that was open. */
static void complete(struct vcpu *vcpu)
{
	uint32_t value;

	vcpu->run->immediate_exit = 1;
	while (!ioctl(vcpu->fd, KVM_RUN, 0))
		serve(vcpu, 0, &value);
	vcpu->run->immediate_exit = 0;
}

/* ---- moves ---- */

struct result {
	uint32_t ended;
	uint32_t value;
	uint32_t size;
	unsigned char state[VCPU_STATE_MAX];
};

static struct result *result;	/* shared by the processes */

/* Where the guest is stopped: at a time, after a read, after a step. */
static uint16_t stop_of(unsigned int move)
{
	static const uint16_t stops[] = { 0, PORT_READ, PORT_STEP, 0 };

	return stops[move % 4];
}

static void set_alarm(unsigned int us)
{
	const struct itimerval in = {
		.it_value.tv_usec = us, .it_interval.tv_usec = 1000,
	};

	setitimer(ITIMER_REAL, &in, NULL);
}

/* One virtual machine: from a state, or from the beginning, to the next. */
static void live(unsigned int move, bool moves)
{
	/* a guest that waits for a lost timer uses the CPU */
	const struct rlimit limit = { LIMIT_S, LIMIT_S };
	struct vcpu vcpu;
	char why[VCPU_STATE_WHY_MAX];

	setrlimit(RLIMIT_CPU, &limit);
	create(&vcpu);
	boot(&vcpu);
	if (move && !vcpu_state_put(&vcpu, result->state, result->size,
				    VCPU_STATE_WHOLE, why)) {
		tap_diag("move %u: %s", move, why);
		_exit(EXIT_FAILURE);
	}
	if (moves && !stop_of(move))
		set_alarm(1000 + move * 700);
	result->ended = run_until_end(&vcpu, moves ? stop_of(move) : PORT_END,
				      &result->value);
	set_alarm(0);
	complete(&vcpu);
	if (!result->ended)
		result->size = vcpu_state_get(&vcpu, result->state);
	_exit(EXIT_SUCCESS);
}

/* Return: it has lived until its end or the next move. */
static bool in_child(unsigned int move, bool moves)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		live(move, moves);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == EXIT_SUCCESS;
}

static uint32_t test_stays(void)
{
	bool lives;

	write_tables();
	lives = in_child(0, false);
	tap_ok(lives && result->ended && result->value > 0x100,
	       "a guest that stays ends: 0x%x", result->value);
	return result->value;
}

static void test_moves(uint32_t expected)
{
	bool lives = true;
	unsigned int move;

	write_tables();
	result->ended = false;
	for (move = 0; lives && !result->ended; move++)
		lives = in_child(move, move < MOVES);
	tap_ok(lives && result->ended && move > MOVES / 2,
	       "it ends after %u moves, too", move - 1);
	tap_ok(result->value == expected, "with the same result: 0x%x",
	       result->value);
}

/* ---- states that are not valid ---- */

static unsigned char good[VCPU_STATE_MAX];
static size_t good_size;

static bool is_refused(struct vcpu *vcpu, const void *state, size_t size,
		       const char *word)
{
	char why[VCPU_STATE_WHY_MAX] = "";
	bool taken = vcpu_state_put(vcpu, state, size, VCPU_STATE_WHOLE, why);

	if (taken || !strstr(why, word))
		tap_diag("%s: %s", taken ? "it was taken" : "it was refused", why);
	return !taken && strstr(why, word) && why[strlen(why) - 1] == '.';
}

static bool is_changed_refused(struct vcpu *vcpu, size_t at, uint32_t value,
			       const char *word)
{
	unsigned char *bad = malloc(good_size);
	bool refused;

	memcpy(bad, good, good_size);
	memcpy(bad + at, &value, sizeof(value));
	refused = is_refused(vcpu, bad, good_size, word);
	free(bad);
	return refused;
}

/* Every length but the right one; what lies behind it must not be read. */
static bool are_cuts_refused(struct vcpu *vcpu)
{
	for (size_t size = 0; size < good_size; size += size < 64 ? 1 : 53) {
		char why[VCPU_STATE_WHY_MAX];
		unsigned char *cut = malloc(size ? size : 1);
		uint32_t claimed = size;
		bool taken;

		memcpy(cut, good, size);
		if (size >= 16)
			memcpy(cut + 12, &claimed, sizeof(claimed));
		taken = vcpu_state_put(vcpu, cut, size, VCPU_STATE_WHOLE, why);
		free(cut);
		if (taken)
			return false;
	}
	return true;
}

/* Where a part begins. */
static size_t find_part(uint32_t part)
{
	uint32_t head[2];

	for (size_t at = 32; at < good_size; at += 8 + ((head[1] + 7) & ~7u)) {
		memcpy(head, good + at, sizeof(head));
		if (head[0] == part)
			return at + 8;
	}
	return 0;
}

/* KVM would ignore it with a parameter of its module. */
static bool is_unknown_msr_refused(struct vcpu *vcpu, size_t msrs)
{
	unsigned char old[sizeof(struct kvm_msr_entry)];
	const struct kvm_msr_entry unknown = { .index = 0x12345, .data = 1 };
	bool refused;

	memcpy(old, good + msrs, sizeof(old));
	memcpy(good + msrs, &unknown, sizeof(unknown));
	refused = is_refused(vcpu, good, good_size, "MSR 0x12345");
	memcpy(good + msrs, old, sizeof(old));
	return refused;
}

static void test_refused(void)
{
	struct vcpu vcpu;
	char why[VCPU_STATE_WHY_MAX] = "";
	size_t msrs;

	create(&vcpu);
	boot(&vcpu);
	good_size = vcpu_state_get(&vcpu, good);
	msrs = find_part(8);
	tap_ok(vcpu_state_put(&vcpu, good, good_size, VCPU_STATE_WHOLE, why),
	       "a state of %zu bytes is taken %s", good_size, why);
	tap_ok(vcpu_state_tsc(good, good_size) &&
	       !vcpu_state_tsc(good, good_size - 1), "it tells its time");
	tap_ok(are_cuts_refused(&vcpu), "none that is cut is");
	tap_ok(is_changed_refused(&vcpu, 0, 0, "does not begin"),
	       "nor something else");
	tap_ok(is_changed_refused(&vcpu, 8, 77, "version 77"),
	       "nor another version");
	tap_ok(is_changed_refused(&vcpu, 16, 5, "APIC id 5"),
	       "nor that of another CPU");
	tap_ok(is_changed_refused(&vcpu, 32, 99, "unknown type 99"),
	       "nor an unknown part");
	tap_ok(is_changed_refused(&vcpu, SECOND_PART, 0, "two parts"),
	       "nor a part that is there twice");
	tap_ok(is_changed_refused(&vcpu, 36, 0xfffffff8, "impossible length"),
	       "nor a part of an impossible length");
	tap_ok(is_changed_refused(&vcpu, msrs, 0x830, "MSR 0x830"),
	       "nor an MSR that would send an interrupt");
	tap_ok(is_unknown_msr_refused(&vcpu, msrs), "nor an MSR that KVM does not list");
	tap_ok(is_changed_refused(&vcpu, find_part(1) + offsetof(struct kvm_vcpu_events, smi),
				  1, "system management mode"),
	       "nor a CPU in system management mode");
	tap_ok(is_changed_refused(&vcpu, 20, 1, "unknown flag"), "nor an unknown flag");
}

int main(void)
{
	struct sigaction action = { .sa_handler = handle_alarm };
	uint32_t expected;

	if (access("/dev/kvm", R_OK | W_OK))
		tap_skip_all("/dev/kvm is missing");
	sigaction(SIGALRM, &action, NULL);
	ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ram == MAP_FAILED || result == MAP_FAILED)
		tap_bail("no memory");
	tap_plan(16);
	expected = test_stays();
	test_moves(expected);
	test_refused();
	return tap_exit();
}
