// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How anything asks the machine to end. The asker only leaves a note; the
 * main thread, which holds no lock, does the rest.
 */
#include "stop.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"

/* Protects stop_request until stop_is_asked is set. */
static pthread_mutex_t stop_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct stop_request stop_request;
static atomic_bool stop_is_asked;
static int stop_fd = -1;

int stop_init(void)
{
	stop_fd = eventfd(0, EFD_CLOEXEC);
	if (stop_fd < 0)
		die(EXIT_HOST, "The host gives no event descriptor.");
	return stop_fd;
}

void stop_told(const struct stop_request *request)
{
	uint64_t one = 1;

	pthread_mutex_lock(&stop_mutex);
	if (!atomic_load(&stop_is_asked)) {
		stop_request = *request;
		atomic_store(&stop_is_asked, true);
		if (write(stop_fd, &one, sizeof(one)) != sizeof(one))
			_exit(request->code);	/* cannot be full */
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
