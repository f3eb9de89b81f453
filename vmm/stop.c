// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests to end the machine. Any thread may make one, with any lock held: it is
 * only stored. The main thread, which holds no lock, does the rest.
 */
#include "stop.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "deadline.h"
#include "log.h"

/* Time for the main thread to end the process after a signal asked for it. */
#define GRACE_S	5

/* Protects stop_request until stop_is_asked is set. */
static pthread_mutex_t stop_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stop_cond = PTHREAD_COND_INITIALIZER;
static struct stop_request stop_request;
static atomic_bool stop_is_asked;
static atomic_int stop_signal;		/* the last one that has asked */
static atomic_bool stop_is_leaving;	/* the next SIGCONT ends the thread's work */
static sem_t stop_has_left;
static sigset_t stop_signals;
static void (*_Atomic stop_press)(void);
static void (*_Atomic stop_continued[2])(void);

static void call(void (*function)(void))
{
	if (function)
		function();
}

/* stop_end_signals() waits for this; it sends the SIGCONT itself. */
static void leave_if_asked(int sig)
{
	if (sig != SIGCONT || !atomic_load(&stop_is_leaving))
		return;
	sem_post(&stop_has_left);
	for (;;)
		pause();
}

/* Return: the signal has asked for the end. */
static bool take_signal(int sig)
{
	void (*press)(void) = NULL;

	leave_if_asked(sig);
	if (sig == SIGCONT) {
		call(atomic_load(&stop_continued[0]));
		call(atomic_load(&stop_continued[1]));
		return false;
	}
	if (sig != SIGHUP && !stop_asked())
		press = atomic_exchange(&stop_press, NULL);
	if (!press) {
		atomic_store(&stop_signal, sig);
		stop_ask(EXIT_SIGNAL + sig, "Ended by %s.", strsignal(sig));
		return true;
	}
	log_info("%s: the guest is asked to power off; a second signal ends it at once.",
		 strsignal(sig));
	press();
	return false;
}

/* Wait for another signal, GRACE_S at most. Return: the signal, or -1. */
static int wait_for_grace(void)
{
	const struct timespec grace = { .tv_sec = GRACE_S };
	int sig;

	do {
		sig = sigtimedwait(&stop_signals, NULL, &grace);
		leave_if_asked(sig);
	} while (sig == SIGCONT || (sig < 0 && errno == EINTR));
	return sig;
}

/*
 * The main thread ends the process, but it may be inside of the kernel, in a page
 * of a node that does not answer for example. Then this thread does.
 */
static void *wait_for_signals(void *unused)
{
	int first, second;

	(void)unused;
	do {
		sigwait(&stop_signals, &first);
	} while (!take_signal(first));
	second = wait_for_grace();
	if (second > 0)
		die(EXIT_SIGNAL + second, "Ended at once by another %s.",
		    strsignal(second));
	die(EXIT_SIGNAL + first, "Ended by %s; the other threads did not end in %d seconds.",
	    strsignal(first), GRACE_S);
}

void stop_press_first(void (*press)(void))
{
	atomic_store(&stop_press, press);
}

void stop_add_continued(void (*continued)(void))
{
	unsigned int at = !!atomic_load(&stop_continued[0]);

	atomic_store(&stop_continued[at], continued);
}

/* nohup has SIGHUP ignored, and a shell without job control SIGINT. */
static void add_unless_ignored(int sig)
{
	struct sigaction action;

	if (!sigaction(sig, NULL, &action) && action.sa_handler != SIG_IGN)
		sigaddset(&stop_signals, sig);
}

void stop_init(void)
{
	sigset_t blocked;
	pthread_t thread;

	sem_init(&stop_has_left, 0, 0);
	sigemptyset(&stop_signals);
	sigaddset(&stop_signals, SIGTERM);
	sigaddset(&stop_signals, SIGCONT);
	add_unless_ignored(SIGINT);
	add_unless_ignored(SIGHUP);
	blocked = stop_signals;
	sigaddset(&blocked, SIGTTIN);
	sigaddset(&blocked, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	if (pthread_create(&thread, NULL, wait_for_signals, NULL))
		die(EXIT_HOST, "The host gives no thread for signals.");
}

void stop_told(const struct stop_request *request)
{
	pthread_mutex_lock(&stop_mutex);
	if (!atomic_load(&stop_is_asked)) {
		stop_request = *request;
		atomic_store(&stop_is_asked, true);
		pthread_cond_broadcast(&stop_cond);
	}
	pthread_mutex_unlock(&stop_mutex);
}

void stop_ask(enum exit_code code, const char *fmt, ...)
{
	struct stop_request request = { .code = code };
	va_list args;

	va_start(args, fmt);
	vsnprintf(request.reason, sizeof(request.reason), fmt, args);
	va_end(args);
	stop_told(&request);
}

int stop_end_signals(void)
{
	struct timespec until = deadline_in(GRACE_S * 1000);

	atomic_store(&stop_is_leaving, true);
	kill(getpid(), SIGCONT);
	sem_clockwait(&stop_has_left, CLOCK_MONOTONIC, &until);
	return atomic_load(&stop_signal);
}

bool stop_asked(void)
{
	return atomic_load(&stop_is_asked);
}

const struct stop_request *stop_get(void)
{
	return &stop_request;
}

const struct stop_request *stop_wait(int ms)
{
	struct timespec until = deadline_in(ms < 0 ? 0 : ms);
	int err = 0;

	pthread_mutex_lock(&stop_mutex);
	while (!atomic_load(&stop_is_asked) && !err)
		err = ms < 0 ? pthread_cond_wait(&stop_cond, &stop_mutex) :
			       pthread_cond_clockwait(&stop_cond, &stop_mutex,
						      CLOCK_MONOTONIC, &until);
	pthread_mutex_unlock(&stop_mutex);
	return stop_asked() ? &stop_request : NULL;
}
