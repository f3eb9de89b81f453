// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The whole state of one CPU of the guest: taken from KVM, and given to it again.
 *
 * DOC: Theory of operation
 *
 * A state is a head and parts, little-endian; each part is what one of KVM's ioctls
 * takes, and each is there once. KVM's rules decide the order:
 *
 *   - KVM_GET_MP_STATE applies a pending INIT and SIPI, so it comes first.
 *   - KVM_SET_REGS drops a pending exception, so the events come later. They come at the
 *     very first, too: a proxy leaves system management mode, and segments and control
 *     registers mean what they say only then.
 *   - The APIC's timer forgets its deadline when it fires. So the deadline is read before
 *     the APIC: a timer that fires in between is in both, and that is one interrupt.
 *   - A deadline counts only in the timer's mode for it, by the TSC, and at once. So it is
 *     written last.
 *
 * The TSC is not in the state as a register: its offset is common to all CPUs of a node
 * (tsc.c). The head tells what it was.
 *
 * KVM's list of MSRs lacks some, which are added here. A host that does not know an MSR
 * of the state takes it for zero; any other value is refused.
 *
 * VCPU_STATE_EXCHANGE: the interrupts that wait at the APIC stay there, and the CPU that
 * takes the state keeps those that wait at its own. KVM_SET_LAPIC would replace them, so
 * the registers of the APIC are written as MSRs. The timer of the APIC that is left is
 * masked before the deadline is read a second time: if it has fired until then, either
 * its interrupt waits there, or the mask has swallowed it and the deadline still counts.
 */
#include "vcpu_state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <x86intrin.h>

#include "log.h"
#include "stop.h"
#include "vm.h"

#define STATE_MAGIC	0x5550435649535331ull
#define PART_ALIGN	8u
#define XSAVE_MIN	576u	/* the x87 and SSE registers, and the header */
#define XSAVE_MAX	0x4000u

#define MSR_TSC			0x10
#define MSR_LAST_BRANCH		0x1db	/* to 0x1de: records, which cannot be written */
#define MSR_MTRR_BASE		0x200	/* 8 variable ranges, base and mask */
#define MSR_MCE_CTL2		0x280
#define MSR_MCE_BANKS		0x400	/* of 4 MSRs each */
#define MCE_BANKS		32
#define MSR_TSC_DEADLINE	0x6e0
#define MSR_X2APIC		0x800
#define MSR_X2APIC_LAST		0x8ff
#define MSR_HYPERV		0x40000000
#define MSR_HYPERV_LAST		0x400001ff
#define MSR_KVM			0x4b564d00
#define MSR_KVM_LAST		0x4b564dff
#define MSR_KVM_OLD		0x11	/* and 0x12 */
#define MSR_PERF_GLOBAL_CTRL	0x38f
#define MSRS_MAX		1024
#define MSRS_AT_ONCE		256	/* KVM takes less than 257 */

/* Offsets in struct kvm_lapic_state. */
#define APIC_TPR	0x80
#define APIC_SVR	0xf0
#define APIC_ISR	0x100
#define APIC_IRR	0x200
#define APIC_BITS	0x80	/* of the three sets of vectors */
#define APIC_LVT_TIMER	0x320
#define APIC_LVT_ERROR	0x370
#define APIC_TMICT	0x380
#define APIC_TMCCT	0x390
#define APIC_TDCR	0x3e0
#define LVT_MASKED	(1u << 16)
#define LVT_PERIODIC	(1u << 17)
#define LVT_DEADLINE	(1u << 18)
#define LVT_VECTOR	0xffu

#define SVR_ENABLED	0x1ffu
#define DR6_FIXED	0xffff0ff0u
#define DR7_FIXED	0x400u

enum part {
	PART_MP_STATE,
	PART_EVENTS,
	PART_REGS,
	PART_SREGS,
	PART_XSAVE,
	PART_XCRS,
	PART_DEBUG,
	PART_APIC,
	PART_MSRS,
	PART_DEADLINE,

	PARTS,
};

/* What each part is called, and how many bytes it has. */
static const struct {
	const char *name;
	size_t min;
	size_t max;
} state_parts[PARTS] = {
#define FIXED(name, type)	{ name, sizeof(type), sizeof(type) }
	[PART_MP_STATE] = FIXED("running state", struct kvm_mp_state),
	[PART_EVENTS] = FIXED("pending events", struct kvm_vcpu_events),
	[PART_REGS] = FIXED("registers", struct kvm_regs),
	[PART_SREGS] = FIXED("segments and control registers", struct kvm_sregs2),
	[PART_XSAVE] = { "floating-point registers", XSAVE_MIN, XSAVE_MAX },
	[PART_XCRS] = FIXED("extended control registers", struct kvm_xcrs),
	[PART_DEBUG] = FIXED("debug registers", struct kvm_debugregs),
	[PART_APIC] = FIXED("local APIC", struct kvm_lapic_state),
	[PART_MSRS] = { "MSRs", 0, MSRS_MAX * sizeof(struct kvm_msr_entry) },
	[PART_DEADLINE] = FIXED("timer", uint64_t),
#undef FIXED
};

/* In front of the parts. */
struct state_head {
	uint64_t magic;
	uint32_t version;
	uint32_t size;		/* of all */
	uint32_t apic_id;
	uint32_t reserved;
	uint64_t tsc;
};

/* In front of each part, which is padded to PART_ALIGN. */
struct part_head {
	uint32_t part;
	uint32_t len;
};

_Static_assert(sizeof(struct state_head) == 32, "no holes");
_Static_assert(sizeof(struct part_head) == 8, "no holes");
_Static_assert(sizeof(struct kvm_msr_entry) == 16, "no holes");
_Static_assert(XSAVE_MAX + MSRS_MAX * sizeof(struct kvm_msr_entry) +
	       2 * sizeof(struct kvm_lapic_state) + 8 * sizeof(struct kvm_sregs2) <=
	       VCPU_STATE_MAX, "the largest state fits");

/* The argument of KVM_GET_MSRS and KVM_SET_MSRS. */
struct msrs {
	struct kvm_msrs head;
	struct kvm_msr_entry entries[MSRS_AT_ONCE];
};

static uint32_t state_msrs[MSRS_MAX];
static atomic_bool state_msr_is_missing[MSRS_MAX];
static unsigned int state_num_msrs;
static size_t state_xsave_size;

/* ---- which MSRs there are ---- */

static bool is_within(uint32_t msr, uint32_t first, uint32_t last)
{
	return msr >= first && msr <= last;
}

/*
 * Not in the state as an MSR: the time; records of branches; the APIC, where a write may
 * send an interrupt; interfaces of hypervisors, which the guest does not see (cpuid.c).
 */
static bool is_left_out(uint32_t msr)
{
	return msr == MSR_TSC || msr == MSR_TSC_DEADLINE ||
	       is_within(msr, MSR_LAST_BRANCH, MSR_LAST_BRANCH + 3) ||
	       is_within(msr, MSR_X2APIC, MSR_X2APIC_LAST) ||
	       is_within(msr, MSR_HYPERV, MSR_HYPERV_LAST) ||
	       is_within(msr, MSR_KVM, MSR_KVM_LAST) ||
	       is_within(msr, MSR_KVM_OLD, MSR_KVM_OLD + 1);
}

static bool is_listed(uint32_t msr)
{
	for (unsigned int i = 0; i < state_num_msrs; i++)
		if (state_msrs[i] == msr)
			return true;
	return false;
}

static void add_msr(uint32_t msr)
{
	if (is_left_out(msr) || is_listed(msr))
		return;
	if (state_num_msrs == MSRS_MAX)
		die(EXIT_HOST, "The host's KVM has more than %u MSRs.", MSRS_MAX);
	state_msrs[state_num_msrs++] = msr;
}

/* MSRs that KVM has but does not list; Intel's SDM, volume 4, names them. */
static void add_unlisted_msrs(void)
{
	static const uint32_t others[] = {
		0x1b,			/* APIC_BASE */
		0x17a, 0x17b,		/* MCG_STATUS, MCG_CTL */
		0x250, 0x258, 0x259,	/* MTRRs of fixed ranges */
		0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f,
		0x277, 0x2ff,		/* PAT, MTRR_DEF_TYPE */
		0xda0,			/* XSS */
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		add_msr(others[i]);
	for (uint32_t i = 0; i < 16; i++)
		add_msr(MSR_MTRR_BASE + i);
	for (uint32_t i = 0; i < MCE_BANKS; i++)
		add_msr(MSR_MCE_CTL2 + i);
	for (uint32_t i = 0; i < MCE_BANKS * 4; i++)
		add_msr(MSR_MCE_BANKS + i);
}

void vcpu_state_init(void)
{
	uint32_t listed[MSRS_MAX];
	unsigned int count = vm_list_msrs(listed, MSRS_MAX);

	state_num_msrs = 0;
	for (unsigned int i = 0; i < count; i++)
		add_msr(listed[i]);
	add_unlisted_msrs();
	state_xsave_size = vm_xsave_size();
	if (state_xsave_size > XSAVE_MAX)
		die(EXIT_HOST, "The floating-point registers of this host's CPUs have %zu bytes, of which ssi-vmm knows %u.",
		    state_xsave_size, XSAVE_MAX);
}

/* ---- taking a state ---- */

/**
 * struct writer - a state while it is taken
 * @to: where
 * @at: bytes so far
 */
struct writer {
	unsigned char *to;
	size_t at;
};

static void add_part(struct writer *writer, enum part part, const void *data,
		     size_t len)
{
	const struct part_head head = { .part = part, .len = len };
	size_t padded = (len + PART_ALIGN - 1) & ~(size_t)(PART_ALIGN - 1);

	memcpy(writer->to + writer->at, &head, sizeof(head));
	writer->at += sizeof(head);
	memcpy(writer->to + writer->at, data, len);
	memset(writer->to + writer->at + len, 0, padded - len);
	writer->at += padded;
}

static void take_part(struct writer *writer, struct vcpu *vcpu, enum part part,
		      unsigned long request)
{
	unsigned char data[sizeof(struct kvm_lapic_state)] = { 0 };

	vcpu_ioctl(vcpu, request, data, state_parts[part].name);
	add_part(writer, part, data, state_parts[part].max);
}

/* Zeroes at the end are left out. */
static void take_xsave(struct writer *writer, struct vcpu *vcpu)
{
	unsigned char data[XSAVE_MAX] = { 0 };
	size_t len = state_xsave_size;

	vcpu_ioctl(vcpu, KVM_GET_XSAVE2, data, "the floating-point registers");
	while (len > XSAVE_MIN && !data[len - 1])
		len--;
	add_part(writer, PART_XSAVE, data, len);
}

/* Fill @msrs from the list, from *@next on, and leave those out that KVM lacks. */
static void list_msrs(struct msrs *msrs, unsigned int places[MSRS_AT_ONCE],
		      unsigned int *next)
{
	msrs->head.nmsrs = 0;
	while (*next < state_num_msrs && msrs->head.nmsrs < MSRS_AT_ONCE) {
		unsigned int place = (*next)++;

		if (atomic_load(&state_msr_is_missing[place]))
			continue;
		places[msrs->head.nmsrs] = place;
		msrs->entries[msrs->head.nmsrs++] = (struct kvm_msr_entry) {
			.index = state_msrs[place],
		};
	}
}

/* KVM stops at the first MSR that it does not know. Return: those before it. */
static int read_msrs(struct vcpu *vcpu, struct msrs *msrs)
{
	int got = ioctl(vcpu->fd, KVM_GET_MSRS, msrs);

	if (got >= 0)
		return got;
	stop_ask(EXIT_HOST, "KVM does not tell the MSRs of CPU %u: %s.",
		 vcpu->cpu, strerror(errno));
	vcpu_rest();
}

static void take_msrs(struct writer *writer, struct vcpu *vcpu)
{
	struct kvm_msr_entry all[MSRS_MAX];
	unsigned int places[MSRS_AT_ONCE], count = 0, next = 0;
	struct msrs msrs;

	for (;;) {
		int got;

		list_msrs(&msrs, places, &next);
		if (!msrs.head.nmsrs)
			break;
		got = read_msrs(vcpu, &msrs);
		memcpy(all + count, msrs.entries, got * sizeof(all[0]));
		count += got;
		if (got == (int)msrs.head.nmsrs)
			continue;
		atomic_store(&state_msr_is_missing[places[got]], true);
		next = places[got] + 1;
	}
	add_part(writer, PART_MSRS, all, count * sizeof(all[0]));
}

/* Return: false if KVM has no such MSR, or refuses the value. */
static bool access_msr(struct vcpu *vcpu, unsigned long request, uint32_t msr,
		       uint64_t *value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} one = { .head.nmsrs = 1, .entry = { .index = msr, .data = *value } };

	if (ioctl(vcpu->fd, request, &one) != 1)
		return false;
	*value = one.entry.data;
	return true;
}

static uint64_t read_deadline(struct vcpu *vcpu)
{
	uint64_t deadline = 0;

	access_msr(vcpu, KVM_GET_MSRS, MSR_TSC_DEADLINE, &deadline);
	return deadline;
}

static void write_msr(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	if (access_msr(vcpu, KVM_SET_MSRS, msr, &value))
		return;
	stop_ask(EXIT_HOST, "KVM refuses to set MSR 0x%x of CPU %u.", msr,
		 vcpu->cpu);
	vcpu_rest();
}

static uint32_t apic_get(const struct kvm_lapic_state *apic, unsigned int at)
{
	uint32_t value;

	memcpy(&value, apic->regs + at, sizeof(value));
	return value;
}

static uint32_t apic_msr(unsigned int at)
{
	return MSR_X2APIC + (at >> 4);
}

static bool has_vector(const struct kvm_lapic_state *apic, unsigned int set,
		       uint32_t vector)
{
	return apic_get(apic, set + vector / 32 * 16) >> vector % 32 & 1;
}

static void get_apic(struct vcpu *vcpu, struct kvm_lapic_state *apic)
{
	vcpu_ioctl(vcpu, KVM_GET_LAPIC, apic, "KVM_GET_LAPIC");
}

/* The deadline comes before the APIC. */
static void take_apic(struct writer *writer, struct vcpu *vcpu)
{
	uint64_t deadline = read_deadline(vcpu);

	take_part(writer, vcpu, PART_APIC, KVM_GET_LAPIC);
	add_part(writer, PART_DEADLINE, &deadline, sizeof(deadline));
}

/* Take it from an APIC that goes on, as that of a proxy: its timer must end there. */
static void leave_apic(struct writer *writer, struct vcpu *vcpu)
{
	struct kvm_lapic_state before, after;
	uint64_t deadline = read_deadline(vcpu);
	uint32_t timer;

	get_apic(vcpu, &before);
	timer = apic_get(&before, APIC_LVT_TIMER);
	write_msr(vcpu, apic_msr(APIC_LVT_TIMER), timer | LVT_MASKED);
	if (deadline && !read_deadline(vcpu)) {
		get_apic(vcpu, &after);
		if (has_vector(&after, APIC_IRR, timer & LVT_VECTOR))
			deadline = 0;
	}
	if (timer & LVT_DEADLINE)
		write_msr(vcpu, MSR_TSC_DEADLINE, 0);
	else
		write_msr(vcpu, apic_msr(APIC_TMICT), 0);
	add_part(writer, PART_APIC, &before, sizeof(before));
	add_part(writer, PART_DEADLINE, &deadline, sizeof(deadline));
}

static size_t take_state(struct vcpu *vcpu, unsigned char *buffer,
			 void (*apic)(struct writer *writer, struct vcpu *vcpu))
{
	struct writer writer = { buffer, sizeof(struct state_head) };
	struct state_head head = {
		.magic = STATE_MAGIC, .version = VCPU_STATE_VERSION,
		.apic_id = vcpu->apic_id,
	};

	take_part(&writer, vcpu, PART_MP_STATE, KVM_GET_MP_STATE);
	take_part(&writer, vcpu, PART_EVENTS, KVM_GET_VCPU_EVENTS);
	take_part(&writer, vcpu, PART_REGS, KVM_GET_REGS);
	take_part(&writer, vcpu, PART_SREGS, KVM_GET_SREGS2);
	take_xsave(&writer, vcpu);
	take_part(&writer, vcpu, PART_XCRS, KVM_GET_XCRS);
	take_part(&writer, vcpu, PART_DEBUG, KVM_GET_DEBUGREGS);
	take_msrs(&writer, vcpu);
	apic(&writer, vcpu);
	head.tsc = __rdtsc() + vcpu->tsc_offset;
	head.size = writer.at;
	memcpy(buffer, &head, sizeof(head));
	return writer.at;
}

size_t vcpu_state_get(struct vcpu *vcpu, void *buffer)
{
	return take_state(vcpu, buffer, take_apic);
}

bool vcpu_state_may_leave(struct vcpu *vcpu)
{
	struct kvm_lapic_state apic;

	get_apic(vcpu, &apic);
	for (unsigned int at = 0; at < APIC_BITS; at += 16)
		if (apic_get(&apic, APIC_ISR + at))
			return false;
	return true;
}

bool vcpu_state_has_interrupt(struct vcpu *vcpu)
{
	struct kvm_vcpu_events events;
	struct kvm_lapic_state apic;

	get_apic(vcpu, &apic);
	for (unsigned int at = 0; at < APIC_BITS; at += 16)
		if (apic_get(&apic, APIC_ISR + at) || apic_get(&apic, APIC_IRR + at))
			return true;
	vcpu_ioctl(vcpu, KVM_GET_VCPU_EVENTS, &events, "KVM_GET_VCPU_EVENTS");
	return events.nmi.pending || events.nmi.injected ||
	       events.interrupt.injected;
}

/* The registers that would act on what a proxy runs. Its others proxy.c sets. */
void vcpu_state_calm(struct vcpu *vcpu)
{
	struct kvm_debugregs debug = { .dr6 = DR6_FIXED, .dr7 = DR7_FIXED };
	struct kvm_vcpu_events events = { .flags = KVM_VCPUEVENT_VALID_SHADOW };
	uint64_t none = 0;

	vcpu_ioctl(vcpu, KVM_SET_DEBUGREGS, &debug, "no breakpoints");
	vcpu_ioctl(vcpu, KVM_SET_VCPU_EVENTS, &events, "no events");
	access_msr(vcpu, KVM_SET_MSRS, MSR_PERF_GLOBAL_CTRL, &none);
	for (unsigned int at = APIC_LVT_TIMER; at <= APIC_LVT_ERROR; at += 16)
		write_msr(vcpu, apic_msr(at), LVT_MASKED);
	write_msr(vcpu, apic_msr(APIC_TPR), 0);
	write_msr(vcpu, apic_msr(APIC_SVR), SVR_ENABLED);
}

size_t vcpu_state_leave(struct vcpu *vcpu, void *buffer)
{
	return take_state(vcpu, buffer, leave_apic);
}

/* ---- giving a state ---- */

__attribute__((format(printf, 2, 3)))
static bool refuse(char *why, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, VCPU_STATE_WHY_MAX, fmt, args);
	va_end(args);
	return false;
}

/**
 * struct parts - the parts of a state that was checked
 * @data: each part
 * @len: its bytes
 */
struct parts {
	const unsigned char *data[PARTS];
	uint32_t len[PARTS];
};

static bool read_head(const void *buffer, size_t size, struct state_head *head,
		      char *why)
{
	if (size < sizeof(*head))
		return refuse(why, "It has %zu bytes, which is less than its head.",
			      size);
	memcpy(head, buffer, sizeof(*head));
	if (head->magic != STATE_MAGIC)
		return refuse(why, "It does not begin as the state of a CPU does.");
	if (head->version != VCPU_STATE_VERSION)
		return refuse(why, "It has version %u of the format; this ssi-vmm knows version %u.",
			      head->version, VCPU_STATE_VERSION);
	if (head->size != size)
		return refuse(why, "It has %zu bytes instead of %u.", size,
			      head->size);
	if (head->reserved)
		return refuse(why, "It has an unknown flag, 0x%x.", head->reserved);
	return true;
}

static bool check_part(const struct part_head *head, struct parts *parts,
		       size_t left, char *why)
{
	if (head->part >= PARTS)
		return refuse(why, "It has a part of the unknown type %u.",
			      head->part);
	if (parts->data[head->part])
		return refuse(why, "It has two parts with %s.",
			      state_parts[head->part].name);
	if (head->len < state_parts[head->part].min ||
	    head->len > state_parts[head->part].max || head->len > left)
		return refuse(why, "Its part with %s has the impossible length %u.",
			      state_parts[head->part].name, head->len);
	return true;
}

static bool find_parts(const unsigned char *buffer, size_t size,
		       struct parts *parts, char *why)
{
	size_t at = sizeof(struct state_head);
	struct part_head head;

	while (size - at >= sizeof(head)) {
		memcpy(&head, buffer + at, sizeof(head));
		at += sizeof(head);
		if (!check_part(&head, parts, size - at, why))
			return false;
		parts->data[head.part] = buffer + at;
		parts->len[head.part] = head.len;
		at += (head.len + PART_ALIGN - 1) & ~(PART_ALIGN - 1);
		if (at > size)
			break;
	}
	if (at != size)
		return refuse(why, "Its last part is cut.");
	for (unsigned int part = 0; part < PARTS; part++)
		if (!parts->data[part])
			return refuse(why, "It has no part with %s.",
				      state_parts[part].name);
	return true;
}

static bool check_msrs(const struct parts *parts, char *why)
{
	struct kvm_msr_entry entry;

	if (parts->len[PART_MSRS] % sizeof(entry))
		return refuse(why, "Its part with MSRs has the impossible length %u.",
			      parts->len[PART_MSRS]);
	for (uint32_t at = 0; at < parts->len[PART_MSRS]; at += sizeof(entry)) {
		memcpy(&entry, parts->data[PART_MSRS] + at, sizeof(entry));
		if (is_left_out(entry.index))
			return refuse(why, "It has MSR 0x%x, which is not part of a state.",
				      entry.index);
		/* kvm.ignore_msrs would take it, and lose it */
		if (entry.data && !is_listed(entry.index))
			return refuse(why, "It has the value 0x%llx of MSR 0x%x, which this host's KVM does not have.",
				      (unsigned long long)entry.data, entry.index);
	}
	return true;
}

/* In it a CPU would see the memory of the stub (proxy.c); guests have no use for it. */
static bool check_events(const struct parts *parts, char *why)
{
	struct kvm_vcpu_events events;

	memcpy(&events, parts->data[PART_EVENTS], sizeof(events));
	if (!events.smi.smm && !events.smi.pending)
		return true;
	return refuse(why, "Its CPU is in system management mode, which guests do not have.");
}

/* A check of all that the ioctls of KVM do not check themselves. */
static bool check_state(struct vcpu *vcpu, const void *buffer, size_t size,
			struct parts *parts, char *why)
{
	struct state_head head;

	memset(parts, 0, sizeof(*parts));
	if (!read_head(buffer, size, &head, why) ||
	    !find_parts(buffer, size, parts, why) ||
	    !check_msrs(parts, why) || !check_events(parts, why))
		return false;
	if (head.apic_id != vcpu->apic_id)
		return refuse(why, "It is of the CPU with APIC id %u instead of %u.",
			      head.apic_id, vcpu->apic_id);
	if (parts->len[PART_XSAVE] > state_xsave_size)
		return refuse(why, "Its floating-point registers have %u bytes, of which this host's KVM takes %zu.",
			      parts->len[PART_XSAVE], state_xsave_size);
	return true;
}

static bool put_part(struct vcpu *vcpu, const struct parts *parts,
		     enum part part, unsigned long request, char *why)
{
	unsigned char data[XSAVE_MAX] = { 0 };

	memcpy(data, parts->data[part], parts->len[part]);
	if (ioctl(vcpu->fd, request, data) >= 0)
		return true;
	return refuse(why, "KVM refuses its %s: %s.", state_parts[part].name,
		      strerror(errno));
}

/* A host whose CPUs have no XSAVE has none of them. */
static bool put_xcrs(struct vcpu *vcpu, const struct parts *parts, char *why)
{
	struct kvm_xcrs xcrs;

	memcpy(&xcrs, parts->data[PART_XCRS], sizeof(xcrs));
	return !xcrs.nr_xcrs ||
	       put_part(vcpu, parts, PART_XCRS, KVM_SET_XCRS, why);
}

/* KVM stops at the first MSR that it does not take. */
static bool put_msrs(struct vcpu *vcpu, const struct parts *parts, char *why)
{
	unsigned int count = parts->len[PART_MSRS] / sizeof(struct kvm_msr_entry);
	const unsigned char *from = parts->data[PART_MSRS];
	struct msrs msrs;
	int put;

	for (unsigned int at = 0; at < count; at += put) {
		unsigned int now = count - at;

		now = now < MSRS_AT_ONCE ? now : MSRS_AT_ONCE;
		msrs.head.nmsrs = now;
		memcpy(msrs.entries, from + at * sizeof(msrs.entries[0]),
		       now * sizeof(msrs.entries[0]));
		put = ioctl(vcpu->fd, KVM_SET_MSRS, &msrs);
		if (put < 0)
			put = 0;
		if (put == (int)now)
			continue;
		if (msrs.entries[put].data)
			return refuse(why, "KVM refuses the value 0x%llx of MSR 0x%x.",
				      (unsigned long long)msrs.entries[put].data,
				      msrs.entries[put].index);
		put++;	/* a host without it: it reads as zero, or not at all */
	}
	return true;
}

static bool put_apic_register(struct vcpu *vcpu, unsigned int at, uint64_t value,
			      char *why)
{
	if (access_msr(vcpu, KVM_SET_MSRS, apic_msr(at), &value))
		return true;
	return refuse(why, "KVM refuses the value 0x%llx of the local APIC's register 0x%x.",
		      (unsigned long long)value, at);
}

/*
 * The timer begins again when its initial count is written: with what was left of it. One
 * that has run out once may have left no interrupt yet: it runs out again, as it does
 * after KVM_SET_LAPIC.
 */
static bool put_counter(struct vcpu *vcpu, const struct kvm_lapic_state *apic,
			char *why)
{
	uint32_t timer = apic_get(apic, APIC_LVT_TIMER);
	uint32_t count = apic_get(apic, APIC_TMICT);

	if (timer & LVT_DEADLINE)
		return true;
	if (!(timer & LVT_PERIODIC) && count)
		count = apic_get(apic, APIC_TMCCT) ?: 1;
	return put_apic_register(vcpu, APIC_TMICT, count, why);
}

/* All but the sets of vectors; the interrupts that wait there stay. */
static bool put_apic_registers(struct vcpu *vcpu, const struct parts *parts,
			       char *why)
{
	struct kvm_lapic_state apic;

	memcpy(&apic, parts->data[PART_APIC], sizeof(apic));
	if (!put_apic_register(vcpu, APIC_SVR, apic_get(&apic, APIC_SVR), why) ||
	    !put_apic_register(vcpu, APIC_TPR, apic_get(&apic, APIC_TPR), why) ||
	    !put_apic_register(vcpu, APIC_TDCR, apic_get(&apic, APIC_TDCR), why))
		return false;
	for (unsigned int at = APIC_LVT_TIMER; at <= APIC_LVT_ERROR; at += 16)
		if (!put_apic_register(vcpu, at, apic_get(&apic, at), why))
			return false;
	return put_counter(vcpu, &apic, why);
}

/* A proxy is in system management mode, a new CPU is not. */
static bool leave_smm(struct vcpu *vcpu, char *why)
{
	struct kvm_vcpu_events events;

	if (ioctl(vcpu->fd, KVM_GET_VCPU_EVENTS, &events))
		return refuse(why, "KVM refuses KVM_GET_VCPU_EVENTS: %s.",
			      strerror(errno));
	if (!events.smi.smm)
		return true;
	events = (struct kvm_vcpu_events) { .flags = KVM_VCPUEVENT_VALID_SMM };
	if (ioctl(vcpu->fd, KVM_SET_VCPU_EVENTS, &events))
		return refuse(why, "KVM does not let it leave system management mode: %s.",
			      strerror(errno));
	return true;
}

/* An NMI that waits is like the interrupts that do. */
static bool put_events(struct vcpu *vcpu, const struct parts *parts,
		       enum vcpu_state_kind kind, char *why)
{
	struct kvm_vcpu_events events;

	memcpy(&events, parts->data[PART_EVENTS], sizeof(events));
	events.flags &= KVM_VCPUEVENT_VALID_NMI_PENDING |
			KVM_VCPUEVENT_VALID_SHADOW |
			KVM_VCPUEVENT_VALID_SMM | KVM_VCPUEVENT_VALID_PAYLOAD;
	if (kind == VCPU_STATE_EXCHANGE)
		events.flags &= ~KVM_VCPUEVENT_VALID_NMI_PENDING;
	if (!ioctl(vcpu->fd, KVM_SET_VCPU_EVENTS, &events))
		return true;
	return refuse(why, "KVM refuses its pending events: %s.",
		      strerror(errno));
}

/* A deadline in the past is an interrupt at once. Without one, the timer's is 0. */
static bool put_deadline(struct vcpu *vcpu, const struct parts *parts, char *why)
{
	uint64_t deadline;

	memcpy(&deadline, parts->data[PART_DEADLINE], sizeof(deadline));
	if (!deadline ||
	    access_msr(vcpu, KVM_SET_MSRS, MSR_TSC_DEADLINE, &deadline))
		return true;
	return refuse(why, "KVM refuses its timer.");
}

static bool put_all(struct vcpu *vcpu, const struct parts *parts,
		    enum vcpu_state_kind kind, char *why)
{
	return leave_smm(vcpu, why) &&
	       put_part(vcpu, parts, PART_SREGS, KVM_SET_SREGS2, why) &&
	       put_part(vcpu, parts, PART_REGS, KVM_SET_REGS, why) &&
	       put_part(vcpu, parts, PART_XSAVE, KVM_SET_XSAVE, why) &&
	       put_xcrs(vcpu, parts, why) &&
	       put_part(vcpu, parts, PART_DEBUG, KVM_SET_DEBUGREGS, why) &&
	       (kind == VCPU_STATE_EXCHANGE ?
			put_apic_registers(vcpu, parts, why) :
			put_part(vcpu, parts, PART_APIC, KVM_SET_LAPIC, why)) &&
	       put_msrs(vcpu, parts, why) &&
	       put_events(vcpu, parts, kind, why) &&
	       put_part(vcpu, parts, PART_MP_STATE, KVM_SET_MP_STATE, why) &&
	       put_deadline(vcpu, parts, why);
}

bool vcpu_state_put(struct vcpu *vcpu, const void *buffer, size_t size,
		    enum vcpu_state_kind kind, char *why)
{
	struct parts parts;

	return check_state(vcpu, buffer, size, &parts, why) &&
	       put_all(vcpu, &parts, kind, why);
}

uint64_t vcpu_state_tsc(const void *buffer, size_t size)
{
	char why[VCPU_STATE_WHY_MAX];
	struct state_head head;

	return read_head(buffer, size, &head, why) ? head.tsc : 0;
}
