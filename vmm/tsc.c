// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's TSC on this node: all its CPUs step forward at one moment.
 *
 * DOC: Theory of operation
 *
 * The guest's TSC is the host's plus an offset that KVM keeps a CPU. CPUs of a
 * node hand a time to each other within a hundred nanoseconds, so they must
 * never run with different offsets. Hence a step takes all of them out of the
 * guest: it sets a bit of @closed, kicks the CPUs in KVM_RUN, and waits. A CPU sets its
 * @in_guest before it reads @closed, and does not enter while a bit is set
 * (both are sequentially consistent, so one of the two threads sees the other).
 * The thread of a CPU itself gives KVM the new offset when it enters the next
 * time: no other thread can while it is in KVM_RUN.
 *
 * A guest that stands still (pause.c) is kept out of KVM_RUN in the same way, for
 * longer: its CPUs wait in front of it until tsc_go().
 *
 * Proxies run no code that reads the TSC and are not waited for.
 */
#include "tsc.h"

#include <pthread.h>
#include <stdatomic.h>
#include <x86intrin.h>

#define CLOSED_STEP	1u	/* a step is being done */
#define CLOSED_STOP	2u	/* the guest stands still */

static struct {
	struct vcpu *vcpus;
	unsigned int num;
	atomic_uint closed;
	atomic_ullong offset;
} tsc;

/* Signalled when a bit of @closed, or the @in_guest of a CPU, is cleared. */
static pthread_mutex_t tsc_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t tsc_cond = PTHREAD_COND_INITIALIZER;

void tsc_begin(void)
{
	atomic_store(&tsc.offset, -__rdtsc());
}

void tsc_continue(uint64_t ticks)
{
	atomic_store(&tsc.offset, ticks - __rdtsc());
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

/* With tsc_lock held, which it gives up while it waits. */
static void close_guest(unsigned int bit)
{
	atomic_fetch_or(&tsc.closed, bit);
	for (unsigned int cpu = 0; cpu < tsc.num; cpu++)
		if (atomic_load(&tsc.vcpus[cpu].in_guest))
			vcpu_kick(&tsc.vcpus[cpu]);
	while (is_any_in_guest())
		pthread_cond_wait(&tsc_cond, &tsc_lock);
}

static void open_guest(unsigned int bit)
{
	atomic_fetch_and(&tsc.closed, ~bit);
	pthread_cond_broadcast(&tsc_cond);
}

void tsc_advance(uint64_t ticks)
{
	pthread_mutex_lock(&tsc_lock);
	close_guest(CLOSED_STEP);
	atomic_fetch_add(&tsc.offset, ticks);
	open_guest(CLOSED_STEP);
	pthread_mutex_unlock(&tsc_lock);
}

void tsc_stop(void)
{
	pthread_mutex_lock(&tsc_lock);
	close_guest(CLOSED_STOP);
	pthread_mutex_unlock(&tsc_lock);
}

void tsc_rewind(uint64_t ticks)
{
	atomic_fetch_sub(&tsc.offset, ticks);
}

void tsc_go(void)
{
	pthread_mutex_lock(&tsc_lock);
	open_guest(CLOSED_STOP);
	pthread_mutex_unlock(&tsc_lock);
}

void tsc_wake(void)
{
	pthread_mutex_lock(&tsc_lock);
	pthread_cond_broadcast(&tsc_cond);
	pthread_mutex_unlock(&tsc_lock);
}

static void wait_for_change(struct vcpu *vcpu)
{
	pthread_mutex_lock(&tsc_lock);
	pthread_cond_broadcast(&tsc_cond);	/* we are out */
	while (atomic_load(&tsc.closed) && !vcpu_has_job(vcpu))
		pthread_cond_wait(&tsc_cond, &tsc_lock);
	pthread_mutex_unlock(&tsc_lock);
}

bool tsc_enter_guest(struct vcpu *vcpu)
{
	if (!vcpu->real)
		return true;
	atomic_store(&vcpu->in_guest, true);
	while (atomic_load(&tsc.closed)) {
		atomic_store(&vcpu->in_guest, false);
		wait_for_change(vcpu);
		if (vcpu_has_job(vcpu))
			return false;
		atomic_store(&vcpu->in_guest, true);
	}
	if (vcpu->tsc_offset != tsc_offset())
		vcpu_set_tsc_offset(vcpu, tsc_offset());
	return true;
}

void tsc_leave_guest(struct vcpu *vcpu)
{
	if (!vcpu->real)
		return;
	atomic_store(&vcpu->in_guest, false);
	if (atomic_load(&tsc.closed))
		wait_for_change(vcpu);
}
