// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests to end the machine. Any thread may make one, with any lock held: it is
 * only stored. The main thread, which holds no lock, does the rest.
 */
#include "stop.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

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
static int stop_orders;
static void (*_Atomic stop_press)(void);
static void (*_Atomic stop_order)(const struct order *order, int fds[PASS_FDS]);
static void (*_Atomic stop_continued[2])(void);

/* Held while an order is taken; stop_end_signals() keeps it. */
static pthread_mutex_t stop_taking = PTHREAD_MUTEX_INITIALIZER;

static void call(void (*function)(void))
{
	if (function)
		function();
}

/* Return: the signal has asked for the end. */
static bool take_signal(int sig)
{
	void (*press)(void) = NULL;

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

/* Wait for an order, without a limit if @ms is -1. */
static bool wait_for_order(int ms)
{
	struct pollfd polled = { .fd = stop_orders, .events = POLLIN };

	return poll(&polled, 1, ms) > 0;
}

/* Return: the signal of an order, or 0 if it is another, which is done. */
static int receive_order(void)
{
	void (*take)(const struct order *order, int fds[PASS_FDS]);
	struct order order;
	int fds[PASS_FDS];

	if (!pass_receive(stop_orders, &order, fds))
		return 0;
	take = atomic_load(&stop_order);
	if (order.type != ORDER_SIGNAL && take) {
		take(&order, fds);
		return 0;
	}
	pass_close(fds);
	return order.type == ORDER_SIGNAL ? (int)order.signal : 0;
}

/* Return: a signal that has asked for the end. */
static int wait_for_end(void)
{
	bool ends = false;
	int sig;

	do {
		wait_for_order(-1);
		pthread_mutex_lock(&stop_taking);
		sig = receive_order();
		if (sig)
			ends = take_signal(sig);
		pthread_mutex_unlock(&stop_taking);
	} while (!ends);
	return sig;
}

/* Wait for another signal, GRACE_S at most. Return: the signal, or 0. */
static int wait_for_grace(void)
{
	struct timespec until = deadline_in(GRACE_S * 1000);
	int sig = 0;

	while ((!sig || sig == SIGCONT) && deadline_left_ms(&until))
		sig = wait_for_order(deadline_left_ms(&until)) ?
		      receive_order() : 0;
	return sig;
}

/*
 * The main thread ends the process, but it may be inside of the kernel, in a page
 * of a node that does not answer for example. Then this thread does.
 */
static void *take_orders(void *unused)
{
	int first = wait_for_end(), second = wait_for_grace();

	(void)unused;
	if (second)
		die(EXIT_SIGNAL + second, "Ended at once by another %s.",
		    strsignal(second));
	die(EXIT_SIGNAL + first, "Ended by %s; the other threads did not end in %d seconds.",
	    strsignal(first), GRACE_S);
}

void stop_press_first(void (*press)(void))
{
	atomic_store(&stop_press, press);
}

void stop_take_orders(void (*take)(const struct order *order, int fds[PASS_FDS]))
{
	atomic_store(&stop_order, take);
}

void stop_add_continued(void (*continued)(void))
{
	unsigned int at = !!atomic_load(&stop_continued[0]);

	atomic_store(&stop_continued[at], continued);
}

void stop_init(int orders)
{
	pthread_t thread;

	stop_orders = orders;
	if (pthread_create(&thread, NULL, take_orders, NULL))
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
	pthread_mutex_lock(&stop_taking);
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
