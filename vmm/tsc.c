// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's TSC on this node: all its CPUs step forward at one moment.
 *
 * DOC: Theory of operation
 *
 * The guest's TSC is the host's plus an offset that KVM keeps a CPU. CPUs of a
 * node hand a time to each other within a hundred nanoseconds, so they must
 * never run with different offsets. Hence a step takes all of them out of the
 * guest: it sets @changing, kicks the CPUs in KVM_RUN, and waits. A CPU sets its
 * @in_guest before it reads @changing, and does not enter while @changing is set
 * (both are sequentially consistent, so one of the two threads sees the other).
 * The thread of a CPU itself gives KVM the new offset when it enters the next
 * time: no other thread can while it is in KVM_RUN.
 *
 * Proxies run no code that reads the TSC and are not waited for.
 */
#include "tsc.h"

#include <pthread.h>
#include <stdatomic.h>
#include <x86intrin.h>

static struct {
	struct vcpu *vcpus;
	unsigned int num;
	atomic_bool changing;
	atomic_ullong offset;
} tsc;

/* Signalled when @changing, or the @in_guest of a CPU, is cleared. */
static pthread_mutex_t tsc_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t tsc_cond = PTHREAD_COND_INITIALIZER;

void tsc_begin(void)
{
	atomic_store(&tsc.offset, -__rdtsc());
}

void tsc_init(struct vcpu *vcpus, unsigned int num, uint64_t offset)
{
	tsc.vcpus = vcpus;
	tsc.num = num;
	atomic_store(&tsc.offset, offset);
	for (unsigned int cpu = 0; cpu < num; cpu++)
		vcpu_setup_tsc_offset(&vcpus[cpu], offset);
}

uint64_t tsc_offset(void)
{
	return atomic_load(&tsc.offset);
}

uint64_t tsc_read(void)
{
	return __rdtsc() + tsc_offset();
}

static bool is_any_in_guest(void)
{
	for (unsigned int cpu = 0; cpu < tsc.num; cpu++)
		if (atomic_load(&tsc.vcpus[cpu].in_guest))
			return true;
	return false;
}

void tsc_advance(uint64_t ticks)
{
	pthread_mutex_lock(&tsc_lock);
	atomic_store(&tsc.changing, true);
	for (unsigned int cpu = 0; cpu < tsc.num; cpu++)
		if (atomic_load(&tsc.vcpus[cpu].in_guest))
			vcpu_kick(&tsc.vcpus[cpu]);
	while (is_any_in_guest())
		pthread_cond_wait(&tsc_cond, &tsc_lock);
	atomic_fetch_add(&tsc.offset, ticks);
	atomic_store(&tsc.changing, false);
	pthread_cond_broadcast(&tsc_cond);
	pthread_mutex_unlock(&tsc_lock);
}

static void wait_for_change(void)
{
	pthread_mutex_lock(&tsc_lock);
	pthread_cond_broadcast(&tsc_cond);	/* we are out */
	while (atomic_load(&tsc.changing))
		pthread_cond_wait(&tsc_cond, &tsc_lock);
	pthread_mutex_unlock(&tsc_lock);
}

void tsc_enter_guest(struct vcpu *vcpu)
{
	if (!vcpu->real)
		return;
	atomic_store(&vcpu->in_guest, true);
	while (atomic_load(&tsc.changing)) {
		atomic_store(&vcpu->in_guest, false);
		wait_for_change();
		atomic_store(&vcpu->in_guest, true);
	}
	if (vcpu->tsc_offset != tsc_offset())
		vcpu_set_tsc_offset(vcpu, tsc_offset());
}

void tsc_leave_guest(struct vcpu *vcpu)
{
	if (!vcpu->real)
		return;
	atomic_store(&vcpu->in_guest, false);
	if (atomic_load(&tsc.changing))
		wait_for_change();
}
