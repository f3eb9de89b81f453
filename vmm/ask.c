// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's process asks the keeper for what needs rights (keeper.c). */
#include "ask.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper_msg.h"
#include "log.h"

static int ask_requests_fd = -1, ask_orders_fd = -1;

/* One request at a time, until it has its answer. */
static pthread_mutex_t ask_lock = PTHREAD_MUTEX_INITIALIZER;

void ask_init(int requests, int orders)
{
	ask_requests_fd = requests;
	ask_orders_fd = orders;
}

int ask_orders(void)
{
	return ask_orders_fd;
}

/* Return: 0 or -errno. @answer is NULL if the request has none. */
static int exchange(const struct ask *ask, struct answer *answer)
{
	ssize_t len;

	do {
		len = send(ask_requests_fd, ask, sizeof(*ask), MSG_NOSIGNAL);
	} while (len < 0 && errno == EINTR);
	if (len < 0 || !answer)
		return len < 0 ? -errno : 0;
	do {
		len = recv(ask_requests_fd, answer, sizeof(*answer), 0);
	} while (len < 0 && errno == EINTR);
	if (len != sizeof(*answer))
		return len < 0 ? -errno : -EPIPE;
	return 0;
}

/* Without the keeper this process cannot continue; the kernel ends it, too. */
static void must_exchange(const struct ask *ask, struct answer *answer)
{
	int err;

	pthread_mutex_lock(&ask_lock);
	err = exchange(ask, answer);
	pthread_mutex_unlock(&ask_lock);
	/* It has ended, and has said why; a second sentence would hide the first. */
	if (err == -EPIPE || err == -ECONNRESET)
		_exit(EXIT_HOST);
	if (err)
		die(EXIT_HOST, "The process that started the guest does not answer.");
}

void ask_join(void)
{
	const struct ask ask = { .type = ASK_JOIN };
	struct answer answer;

	must_exchange(&ask, &answer);
}

void ask_leave(void)
{
	const struct ask ask = { .type = ASK_LEAVE };
	struct answer answer;

	must_exchange(&ask, &answer);
}

int ask_link(unsigned int node, char *text, size_t size)
{
	const struct ask ask = { .type = ASK_LINK, .node = node };
	struct answer answer;

	must_exchange(&ask, &answer);
	snprintf(text, size, "%.*s", (int)sizeof(answer.text), answer.text);
	return answer.result;
}

void ask_ready(void)
{
	const struct ask ask = { .type = ASK_READY };

	must_exchange(&ask, NULL);
}

void ask_life(bool paused)
{
	const struct ask ask = { .type = ASK_LIFE, .paused = paused };

	must_exchange(&ask, NULL);
}

void ask_resets(unsigned int quick, uint64_t told_s)
{
	const struct ask ask = {
		.type = ASK_RESETS, .quick = quick, .told_s = told_s,
	};

	must_exchange(&ask, NULL);
}

int ask_checkpoint(bool complete, const char *why)
{
	struct ask ask = { .type = ASK_CHECKPOINT, .complete = complete };
	struct answer answer;

	snprintf(ask.text, sizeof(ask.text), "%s", why);
	must_exchange(&ask, &answer);
	return answer.result;
}

void ask_moved(unsigned int cpu, unsigned int from, unsigned int to, uint64_t ns)
{
	const struct ask ask = {
		.type = ASK_MOVED, .node = to, .cpu = cpu, .from = from, .ns = ns,
	};

	must_exchange(&ask, NULL);
}

void ask_move_result(const struct move_end *end)
{
	const struct ask ask = {
		.type = ASK_MOVE_RESULT, .node = end->node, .cpu = end->cpu,
		.result = end->result, .ns = end->ns,
	};

	must_exchange(&ask, NULL);
}
