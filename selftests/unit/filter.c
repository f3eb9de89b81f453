// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmm/filter.c: which calls the kernel allows to which thread. Each call is made in a
 * process of its own; SIGSYS ends it if the call is forbidden.
 */
#include "../../vmm/filter.h"

#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ssi_dsm.h>
#include "tap.h"

#define CPU	(1u << FILTER_CPU)
#define DISK	(1u << FILTER_DISK)
#define TAP	(1u << FILTER_TAP)
#define USERNET	(1u << FILTER_USERNET)
#define PLAIN	(1u << FILTER_PLAIN)
#define REST	(1u << FILTER_REST)
#define ALL	(CPU | DISK | TAP | USERNET | PLAIN | REST)
#define NONE	0u
/* ASan opens files and makes other calls, in all threads. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZER	ALL
#else
#define SANITIZER	NONE
#endif

#define NO_FD		(-1L)
#define KINDS		(FILTER_REST + 1)
#define CODE_RAN	7

static const char *const names[KINDS] = {
	[FILTER_CPU] = "CPU", [FILTER_DISK] = "disk", [FILTER_TAP] = "tap",
	[FILTER_USERNET] = "user network", [FILTER_PLAIN] = "plain",
	[FILTER_REST] = "rest",
};

/**
 * struct trial - a call whose arguments do no harm
 * @name: for the result
 * @kinds: threads that may make it
 * @call: its number
 * @args: its first arguments
 */
static const struct trial {
	const char *name;
	unsigned int kinds;
	long call;
	long args[4];
} trials[] = {
	{ "write", ALL, SYS_write, { NO_FD } },
	{ "mmap of data", ALL, SYS_mmap, { 0, 4096, PROT_READ,
					   MAP_PRIVATE | MAP_ANONYMOUS } },
	{ "mmap of code", NONE, SYS_mmap, { 0, 4096, PROT_READ | PROT_EXEC,
					    MAP_PRIVATE | MAP_ANONYMOUS } },
	{ "mprotect to code", NONE, SYS_mprotect, { 0, 0, PROT_EXEC } },
	{ "a CPU for itself", REST, SYS_sched_setaffinity, { 0 } },
	{ "a name for itself", REST | SANITIZER, SYS_prctl, { PR_SET_NAME, (long)"name" } },
	{ "a CPU for another process", NONE, SYS_sched_setaffinity, { 1 } },
	{ "execve", NONE, SYS_execve, { 0 } },
	{ "execveat", NONE, SYS_execveat, { NO_FD } },
	{ "fork", NONE, SYS_clone, { SIGCHLD } },
	{ "vfork", NONE, SYS_vfork, { 0 } },
	{ "open", NONE, SYS_open, { 0 } },
	{ "openat", USERNET | SANITIZER, SYS_openat, { NO_FD } },
	{ "unlink", NONE, SYS_unlink, { 0 } },
	{ "connect", USERNET, SYS_connect, { NO_FD } },
	{ "socket of IP", USERNET, SYS_socket, { AF_INET, SOCK_DGRAM } },
	{ "socket of netlink", NONE, SYS_socket, { AF_NETLINK, SOCK_RAW } },
	{ "socket of this host", NONE, SYS_socket, { AF_UNIX, SOCK_STREAM } },
	{ "kill", NONE, SYS_kill, { 1, 0 } },
	{ "tgkill of another process", NONE, SYS_tgkill, { 1, 1, 0 } },
	{ "ptrace", NONE, SYS_ptrace, { PTRACE_TRACEME } },
	{ "process_vm_readv", NONE, SYS_process_vm_readv, { 0 } },
	{ "pidfd_open", NONE, SYS_pidfd_open, { 1 } },
	{ "setuid", NONE, SYS_setuid, { 0 } },
	{ "capset", NONE, SYS_capset, { 0 } },
	{ "unshare", NONE, SYS_unshare, { 0 } },
	{ "setns", NONE, SYS_setns, { NO_FD } },
	{ "mount", NONE, SYS_mount, { 0 } },
	{ "chroot", NONE, SYS_chroot, { 0 } },
	{ "bpf", NONE, SYS_bpf, { NO_FD } },
	{ "userfaultfd", NONE, SYS_userfaultfd, { NO_FD } },
	{ "perf_event_open", NONE, SYS_perf_event_open, { 0 } },
	{ "io_uring_setup", NONE, SYS_io_uring_setup, { 0 } },
	{ "io_uring_register", NONE, SYS_io_uring_register, { NO_FD } },
	{ "io_uring_enter", DISK, SYS_io_uring_enter, { NO_FD } },
	{ "fallocate", DISK, SYS_fallocate, { NO_FD } },
	{ "pwrite", CPU | DISK, SYS_pwrite64, { NO_FD } },
	{ "seccomp with a filter", REST, SYS_seccomp, { 1, 0, 0 } },
	{ "KVM_RUN", CPU, SYS_ioctl, { NO_FD, KVM_RUN } },
	{ "KVM_SIGNAL_MSI", ALL, SYS_ioctl, { NO_FD, KVM_SIGNAL_MSI } },
	{ "KVM_GET_REGS", CPU, SYS_ioctl, { NO_FD, KVM_GET_REGS } },
	{ "KVM_SET_REGS", CPU, SYS_ioctl, { NO_FD, KVM_SET_REGS } },
	{ "KVM_GET_SREGS", CPU, SYS_ioctl, { NO_FD, KVM_GET_SREGS } },
	{ "KVM_SET_SREGS", CPU, SYS_ioctl, { NO_FD, KVM_SET_SREGS } },
	{ "KVM_GET_MP_STATE", CPU, SYS_ioctl, { NO_FD, KVM_GET_MP_STATE } },
	{ "KVM_SET_MP_STATE", CPU, SYS_ioctl, { NO_FD, KVM_SET_MP_STATE } },
	{ "KVM_GET_VCPU_EVENTS", CPU, SYS_ioctl, { NO_FD, KVM_GET_VCPU_EVENTS } },
	{ "KVM_SET_VCPU_EVENTS", CPU, SYS_ioctl, { NO_FD, KVM_SET_VCPU_EVENTS } },
	{ "KVM_GET_LAPIC", CPU, SYS_ioctl, { NO_FD, KVM_GET_LAPIC } },
	{ "KVM_SET_LAPIC", CPU, SYS_ioctl, { NO_FD, KVM_SET_LAPIC } },
	{ "KVM_GET_SREGS2", CPU, SYS_ioctl, { NO_FD, KVM_GET_SREGS2 } },
	{ "KVM_SET_SREGS2", CPU, SYS_ioctl, { NO_FD, KVM_SET_SREGS2 } },
	{ "KVM_GET_XSAVE2", CPU, SYS_ioctl, { NO_FD, KVM_GET_XSAVE2 } },
	{ "KVM_SET_XSAVE", CPU, SYS_ioctl, { NO_FD, KVM_SET_XSAVE } },
	{ "KVM_GET_XCRS", CPU, SYS_ioctl, { NO_FD, KVM_GET_XCRS } },
	{ "KVM_SET_XCRS", CPU, SYS_ioctl, { NO_FD, KVM_SET_XCRS } },
	{ "KVM_GET_DEBUGREGS", CPU, SYS_ioctl, { NO_FD, KVM_GET_DEBUGREGS } },
	{ "KVM_SET_DEBUGREGS", CPU, SYS_ioctl, { NO_FD, KVM_SET_DEBUGREGS } },
	{ "KVM_GET_MSRS", CPU, SYS_ioctl, { NO_FD, KVM_GET_MSRS } },
	{ "KVM_SET_MSRS", CPU, SYS_ioctl, { NO_FD, KVM_SET_MSRS } },
	{ "KVM_SET_DEVICE_ATTR", CPU, SYS_ioctl, { NO_FD, KVM_SET_DEVICE_ATTR } },
	{ "KVM_SET_GSI_ROUTING", CPU, SYS_ioctl, { NO_FD, KVM_SET_GSI_ROUTING } },
	{ "SSI_DSM_SEND", ALL, SYS_ioctl, { NO_FD, SSI_DSM_SEND } },
	{ "SSI_DSM_DISCARD", PLAIN, SYS_ioctl, { NO_FD, SSI_DSM_DISCARD } },
	{ "KVM_CREATE_VM", NONE, SYS_ioctl, { NO_FD, KVM_CREATE_VM } },
	{ "KVM_SET_USER_MEMORY_REGION", NONE, SYS_ioctl,
	  { NO_FD, KVM_SET_USER_MEMORY_REGION } },
	{ "TIOCSTI", NONE, SYS_ioctl, { NO_FD, TIOCSTI } },
	{ "TIOCSTI behind 32 bits", NONE, SYS_ioctl,
	  { NO_FD, TIOCSTI | 1l << 32 } },
	{ "TIOCLINUX", NONE, SYS_ioctl, { NO_FD, TIOCLINUX } },
	{ "TUNSETIFF", NONE, SYS_ioctl, { NO_FD, 0x400454ca } },
};

#define NUM_TRIALS	(sizeof(trials) / sizeof(trials[0]))

static void become(enum filter_kind kind)
{
	prctl(PR_SET_DUMPABLE, 0);	/* SIGSYS would write a core file */
	filter_process(kind == FILTER_USERNET);
	filter_thread(kind);
}

/* Return: whether the kernel has allowed the call. */
static bool is_allowed(const struct trial *trial, enum filter_kind kind)
{
	const long *args = trial->args;
	int status;
	pid_t pid = fork();

	if (!pid) {
		become(kind);
		syscall(trial->call, args[0], args[1], args[2], args[3], -1L, 0L);
		_exit(CODE_RAN);
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CODE_RAN)
		return true;
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
		tap_bail("%s ends with status %d", trial->name, status);
	return false;
}

/* All threads together may do what one of them may; there is no user network. */
static bool must_be_allowed(const struct trial *trial, enum filter_kind kind)
{
	if (kind == FILTER_REST)
		return trial->kinds & ~USERNET;
	return trial->kinds & 1u << kind;
}

/* The filter of the process is for each thread: of those it forbids two are tried. */
static bool is_tried(const struct trial *trial, enum filter_kind kind)
{
	return trial->kinds || kind == FILTER_USERNET || kind == FILTER_REST;
}

static void try(const struct trial *trial)
{
	const char *wrong = NULL;

	for (unsigned int kind = 0; kind < KINDS && !wrong; kind++)
		if (is_tried(trial, kind) &&
		    is_allowed(trial, kind) != must_be_allowed(trial, kind))
			wrong = names[kind];
	tap_ok(!wrong, "%s is %s%s%s", trial->name,
	       !trial->kinds ? "forbidden" :
	       trial->kinds == ALL ? "allowed" : "allowed where it must be",
	       wrong ? ", wrong for " : "", wrong ? wrong : "");
}

static void *leave(void *unused)
{
	return unused;
}

/* Return: a new thread can be made, and then ends. */
static void test_threads(void)
{
	pthread_t thread;
	int status;
	pid_t pid = fork();

	if (!pid) {
		become(FILTER_REST);
		if (pthread_create(&thread, NULL, leave, NULL) ||
		    pthread_join(thread, NULL))
			_exit(1);
		_exit(CODE_RAN);
	}
	waitpid(pid, &status, 0);
	tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == CODE_RAN,
	       "the rest may make threads");
}

int main(void)
{
	tap_plan(NUM_TRIALS + 1);
	for (unsigned int i = 0; i < NUM_TRIALS; i++)
		try(&trials[i]);
	test_threads();
	return tap_exit();
}
