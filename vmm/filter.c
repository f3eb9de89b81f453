// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which system calls the guest's process may make, and which each thread (seccomp).
 *
 * DOC: Theory of operation
 *
 * One filter is for the whole process: it allows what any thread needs. A thread of
 * a CPU or of a device adds a narrower one. The kernel looks at both.
 *
 * Everything is open when the filters begin. So no thread may open a file or make a
 * socket; only a user network may, sockets of IP. No thread may map memory as code,
 * send a signal to another process, or make a process. An ioctl is allowed by its
 * number. Accesses through an io_uring do not pass a filter: image_io.c limits
 * each ring to reads and writes of open files.
 *
 * All filters are made at once, since making one needs more calls than they allow.
 */
#include "filter.h"

#include <asm/termbits.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <linux/vhost.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../uapi/linux/ssi_dsm.h"
#include "log.h"

#define CPU	(1u << FILTER_CPU)
#define DISK	(1u << FILTER_DISK)
#define TAP	(1u << FILTER_TAP)
#define USERNET	(1u << FILTER_USERNET)
#define PLAIN	(1u << FILTER_PLAIN)
#define REST	(1u << FILTER_REST)
#define ALL	(CPU | DISK | TAP | USERNET | PLAIN | REST)

#define KINDS	(FILTER_REST + 1)

/* System calls with any arguments, and the threads that make them. */
static const struct {
	int call;
	unsigned int kinds;
} filter_calls[] = {
	/* memory, locks, time; output and the end */
	{ SCMP_SYS(read), ALL },
	{ SCMP_SYS(write), ALL },
	{ SCMP_SYS(futex), ALL },
	{ SCMP_SYS(munmap), ALL },
	{ SCMP_SYS(mremap), ALL },
	{ SCMP_SYS(madvise), ALL },
	{ SCMP_SYS(brk), ALL },
	{ SCMP_SYS(poll), ALL },
	{ SCMP_SYS(clock_gettime), ALL },
	{ SCMP_SYS(gettimeofday), ALL },	/* on hosts without a good TSC */
	{ SCMP_SYS(time), ALL },
	{ SCMP_SYS(clock_nanosleep), ALL },
	{ SCMP_SYS(nanosleep), ALL },
	{ SCMP_SYS(restart_syscall), ALL },
	{ SCMP_SYS(sched_yield), ALL },
	{ SCMP_SYS(sched_getaffinity), ALL },	/* malloc(), of many threads */
	{ SCMP_SYS(pause), ALL },
	{ SCMP_SYS(getpid), ALL },
	{ SCMP_SYS(gettid), ALL },
	{ SCMP_SYS(getpgrp), ALL },
	{ SCMP_SYS(getrandom), ALL },
	{ SCMP_SYS(rt_sigprocmask), ALL },
	{ SCMP_SYS(rt_sigreturn), ALL },
	{ SCMP_SYS(exit), ALL },
	{ SCMP_SYS(exit_group), ALL },
	/* the firmware's variables, which a CPU writes; disks: without a ring, zeroes */
	{ SCMP_SYS(pwrite64), CPU | DISK | REST },
	{ SCMP_SYS(fdatasync), CPU | DISK | REST },
	{ SCMP_SYS(io_uring_enter), DISK },
	{ SCMP_SYS(preadv), DISK },
	{ SCMP_SYS(pwritev), DISK },
	{ SCMP_SYS(preadv2), DISK },
	{ SCMP_SYS(pwritev2), DISK },
	{ SCMP_SYS(fallocate), DISK },
	/* the library of the user network: sockets, and the addresses of name servers */
	{ SCMP_SYS(bind), USERNET },
	{ SCMP_SYS(connect), USERNET },
	{ SCMP_SYS(listen), USERNET },
	{ SCMP_SYS(accept), USERNET },
	{ SCMP_SYS(accept4), USERNET | REST },
	{ SCMP_SYS(shutdown), USERNET | REST },
	{ SCMP_SYS(sendmsg), USERNET },
	{ SCMP_SYS(recvmsg), USERNET | REST },	/* descriptors of the keeper */
	{ SCMP_SYS(getsockopt), USERNET },
	{ SCMP_SYS(setsockopt), USERNET },
	{ SCMP_SYS(getsockname), USERNET },
	{ SCMP_SYS(getpeername), USERNET },
	{ SCMP_SYS(openat), USERNET },
	{ SCMP_SYS(lseek), USERNET | REST },
	{ SCMP_SYS(close), USERNET | REST },
	{ SCMP_SYS(fcntl), USERNET | REST },
	{ SCMP_SYS(newfstatat), USERNET | REST },
	{ SCMP_SYS(fstat), USERNET | REST },
	{ SCMP_SYS(sendto), USERNET | REST },
	{ SCMP_SYS(recvfrom), USERNET | REST },
	/* the serial port: clients of a socket, a file with a limit */
	{ SCMP_SYS(dup3), REST },
	{ SCMP_SYS(pread64), REST },
	{ SCMP_SYS(ftruncate), REST },
	/* new threads */
	{ SCMP_SYS(pipe2), REST },
	{ SCMP_SYS(set_robust_list), REST },
	{ SCMP_SYS(rseq), REST },
#ifdef __SANITIZE_ADDRESS__
	{ SCMP_SYS(sigaltstack), ALL },
	{ SCMP_SYS(openat), ALL },
	{ SCMP_SYS(close), ALL },
	{ SCMP_SYS(readlink), ALL },
	{ SCMP_SYS(newfstatat), ALL },
	{ SCMP_SYS(prctl), ALL },
	{ SCMP_SYS(prlimit64), ALL },
	{ SCMP_SYS(getrusage), ALL },
	{ SCMP_SYS(rt_sigaction), ALL },
#endif
};

/* The same for ioctls. KVM_RUN is the most frequent one. */
static const struct {
	unsigned int request;
	unsigned int kinds;
} filter_ioctls[] = {
	{ KVM_RUN, CPU },
	{ KVM_SIGNAL_MSI, ALL },
	{ SSI_DSM_SEND, ALL },
	{ SSI_DSM_DISCARD, PLAIN | REST },
	{ SSI_DSM_OWNED, REST },
	/* memory of a checkpoint */
	{ UFFDIO_COPY, REST },
	{ UFFDIO_ZEROPAGE, REST },
	{ UFFDIO_WAKE, REST },
	{ UFFDIO_UNREGISTER, REST },
	{ KVM_GET_REGS, CPU },
	{ KVM_SET_REGS, CPU },
	{ KVM_GET_SREGS, CPU },
	{ KVM_SET_SREGS, CPU },
	{ KVM_GET_MP_STATE, CPU | REST },
	{ KVM_SET_MP_STATE, CPU | REST },
	{ KVM_GET_VCPU_EVENTS, CPU },
	{ KVM_SET_VCPU_EVENTS, CPU },
	{ KVM_GET_LAPIC, CPU },
	{ KVM_SET_LAPIC, CPU },
	/* the rest of a CPU's state: vcpu_state.c */
	{ KVM_GET_SREGS2, CPU },
	{ KVM_SET_SREGS2, CPU },
	{ KVM_GET_XSAVE2, CPU },
	{ KVM_SET_XSAVE, CPU },
	{ KVM_GET_XCRS, CPU },
	{ KVM_SET_XCRS, CPU },
	{ KVM_GET_DEBUGREGS, CPU },
	{ KVM_SET_DEBUGREGS, CPU },
	{ KVM_GET_MSRS, CPU },
	{ KVM_SET_MSRS, CPU },
	{ KVM_SET_DEVICE_ATTR, CPU | REST },
	{ KVM_GET_TSC_KHZ, REST },
	{ KVM_SET_GSI_ROUTING, CPU | REST },
	{ KVM_IOEVENTFD, CPU | TAP | REST },
	{ KVM_IRQFD, CPU | TAP | REST },
	{ TUNSETQUEUE, CPU | TAP | REST },
	{ TUNSETOFFLOAD, CPU | TAP | REST },
	{ VHOST_SET_FEATURES, TAP },
	{ VHOST_SET_MEM_TABLE, TAP },
	{ VHOST_SET_VRING_NUM, TAP },
	{ VHOST_SET_VRING_BASE, TAP },
	{ VHOST_GET_VRING_BASE, TAP },
	{ VHOST_SET_VRING_ADDR, TAP },
	{ VHOST_SET_VRING_KICK, TAP },
	{ VHOST_SET_VRING_CALL, TAP },
	{ VHOST_NET_SET_BACKEND, TAP },
	{ BLKGETSIZE64, REST },
	{ FIONREAD, USERNET },
	{ FIONBIO, USERNET },
	/* the terminal; not TIOCSTI, which types for the user */
	{ TCGETS, ALL },
	{ TCSETS, ALL },
	{ TCSETSF, ALL },
	{ TIOCGPGRP, ALL },
	{ TIOCGWINSZ, CPU | REST },
};

static struct sock_fprog filter_programs[KINDS];
static bool filter_on;

/* ---- making filters ---- */

static void check(int err)
{
	if (err)
		die(EXIT_HOST, "The filter of system calls cannot be made: %s; with --sandbox off ssi-vmm does without.",
		    strerror(-err));
}

static void allow(scmp_filter_ctx ctx, int call)
{
	check(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 0));
}

static void allow_if(scmp_filter_ctx ctx, int call, struct scmp_arg_cmp arg)
{
	check(seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, 1, &arg));
}

static void add_calls(scmp_filter_ctx ctx, unsigned int kinds)
{
	for (size_t i = 0; i < sizeof(filter_calls) / sizeof(filter_calls[0]);
	     i++)
		if (filter_calls[i].kinds & kinds)
			allow(ctx, filter_calls[i].call);
	for (size_t i = 0; i < sizeof(filter_ioctls) / sizeof(filter_ioctls[0]);
	     i++)
		if (filter_ioctls[i].kinds & kinds)
			allow_if(ctx, SCMP_SYS(ioctl),
				 SCMP_A1(SCMP_CMP_EQ, filter_ioctls[i].request));
}

/* Memory that is no code, and signals to threads of this process. */
static void add_limited(scmp_filter_ctx ctx)
{
	allow_if(ctx, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	allow_if(ctx, SCMP_SYS(mprotect),
		 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	allow_if(ctx, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, getpid()));
}

/*
 * New threads, the CPUs of the host and names for themselves, and their filters. The
 * flags of clone3() are in memory, where a filter cannot see them; without it the C
 * library calls clone().
 */
static void add_threads(scmp_filter_ctx ctx)
{
	allow_if(ctx, SCMP_SYS(sched_setaffinity), SCMP_A0(SCMP_CMP_EQ, 0));
	allow_if(ctx, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	allow_if(ctx, SCMP_SYS(clone),
		 SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	check(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0));
	allow_if(ctx, SCMP_SYS(seccomp),
		 SCMP_A0(SCMP_CMP_EQ, SECCOMP_SET_MODE_FILTER));
}

static void add_sockets(scmp_filter_ctx ctx)
{
	allow_if(ctx, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_INET));
	allow_if(ctx, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_INET6));
}

static scmp_filter_ctx make(unsigned int kinds)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);

	if (!ctx)
		check(-ENOMEM);
	check(seccomp_syscall_priority(ctx, SCMP_SYS(ioctl), UINT8_MAX));
	add_calls(ctx, kinds);
	add_limited(ctx);
	if (kinds & USERNET)
		add_sockets(ctx);
	if (kinds & REST)
		add_threads(ctx);
	return ctx;
}

/* The library writes a filter only to a file. */
static void export(scmp_filter_ctx ctx, struct sock_fprog *program)
{
	int fd = memfd_create("filter", MFD_CLOEXEC);
	off_t size;

	if (fd < 0)
		check(-errno);
	check(seccomp_export_bpf(ctx, fd));
	size = lseek(fd, 0, SEEK_END);
	program->len = size / sizeof(struct sock_filter);
	program->filter = malloc(size);
	if (!program->filter)
		check(-ENOMEM);
	if (pread(fd, program->filter, size, 0) != size)
		check(-EIO);
	close(fd);
	seccomp_release(ctx);
}

/* ---- using them ---- */

static void load(const struct sock_fprog *program, unsigned int flags)
{
	/* With TSYNC the result may be the id of a thread. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program))
		die(EXIT_HOST, "The kernel does not take the filter of system calls: %s; with --sandbox off ssi-vmm does without.",
		    strerror(errno));
}

void filter_process(bool usernet)
{
	struct sock_fprog program;

	tzset();	/* gmtime_r() reads the time zone's file the first time */
	for (unsigned int kind = 0; kind < FILTER_REST; kind++)
		export(make(1u << kind), &filter_programs[kind]);
	export(make(usernet ? ALL : ALL & ~USERNET), &program);
	load(&program, SECCOMP_FILTER_FLAG_TSYNC);
	free(program.filter);
	filter_on = true;
}

void filter_thread(enum filter_kind kind)
{
	if (filter_on && kind != FILTER_REST)
		load(&filter_programs[kind], 0);
}
