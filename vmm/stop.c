// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How anything asks the machine to end. The asker only leaves a note; the
 * main thread, which holds no lock, does the rest.
 */
#include "stop.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "deadline.h"
#include "log.h"

/* Protects stop_request until stop_is_asked is set. */
static pthread_mutex_t stop_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stop_cond = PTHREAD_COND_INITIALIZER;
static struct stop_request stop_request;
static atomic_bool stop_is_asked;
static sigset_t stop_signals;
static void (*_Atomic stop_press)(void);

static void take_signal(int sig)
{
	void (*press)(void) = NULL;

	if (sig != SIGHUP)
		press = atomic_exchange(&stop_press, NULL);
	if (!press) {
		stop_ask(EXIT_SIGNAL + sig, "Ended by %s.", strsignal(sig));
		return;
	}
	log_info("%s: the guest is asked to power off; once more ends it.",
		 strsignal(sig));
	press();
}

static void *wait_for_signals(void *unused)
{
	int sig;

	while (!sigwait(&stop_signals, &sig))
		take_signal(sig);
	return unused;
}

void stop_press_first(void (*press)(void))
{
	atomic_store(&stop_press, press);
}

void stop_init(void)
{
	pthread_t thread;

	sigemptyset(&stop_signals);
	sigaddset(&stop_signals, SIGINT);
	sigaddset(&stop_signals, SIGTERM);
	sigaddset(&stop_signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &stop_signals, NULL);
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
