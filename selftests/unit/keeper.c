// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmm/keeper.c: what a guest's process that an attacker has taken over can send it. The
 * keeper is the real one; only the guest's process is the attacker.
 */
#include "../../vmm/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../vmm/ask.h"
#include "../../vmm/exit.h"
#include "../../vmm/keeper_msg.h"
#include "tap.h"

#define GUEST_CODE	77
#define FLOOD		20000
#define WHOLE		sizeof(struct ask)
#define LIMIT_S		60
#define SENTENCE	"sent a request that it may not send"

/**
 * struct attack - what the guest's process sends
 * @name: for the result
 * @ready: ASK_READY before
 * @ask: the request
 * @len: its bytes
 * @times: how often it is sent
 * @legal: the guest's process is not ended for it
 * @signals: another process sends the keeper signals meanwhile
 */
static const struct attack {
	const char *name;
	bool ready;
	struct ask ask;
	size_t len;
	unsigned int times;
	bool legal;
	bool signals;
} attacks[] = {
	{ .name = "nothing is sent", .ready = true, .legal = true },
	{ .name = "numbers of resets, many times", .ready = true, .legal = true,
	  .ask = { .type = ASK_RESETS }, .len = WHOLE, .times = FLOOD },
	{ .name = "a request of type 0", .ready = true, .len = WHOLE, .times = 1 },
	{ .name = "a type that there is not", .ready = true,
	  .ask = { .type = 1000 }, .len = WHOLE, .times = 1 },
	{ .name = "the highest type", .ready = true,
	  .ask = { .type = UINT32_MAX }, .len = WHOLE, .times = 1 },
	{ .name = "an empty message", .ready = true, .times = 1 },
	{ .name = "a message without its last byte", .ready = true,
	  .ask = { .type = ASK_RESETS }, .len = WHOLE - 1, .times = 1 },
	{ .name = "a message with a byte more", .ready = true,
	  .ask = { .type = ASK_RESETS }, .len = WHOLE + 1, .times = 1 },
	{ .name = "a node where there is no cluster",
	  .ask = { .type = ASK_JOIN }, .len = WHOLE, .times = 1 },
	{ .name = "a node for a guest that runs", .ready = true,
	  .ask = { .type = ASK_JOIN }, .len = WHOLE, .times = 1 },
	{ .name = "deletion of a node that there is not", .ready = true,
	  .ask = { .type = ASK_LEAVE }, .len = WHOLE, .times = 1 },
	{ .name = "the link of a node that there is not", .ready = true,
	  .ask = { .type = ASK_LINK }, .len = WHOLE, .times = 1 },
	{ .name = "a link of the highest node", .ready = true,
	  .ask = { .type = ASK_LINK, .node = UINT32_MAX }, .len = WHOLE, .times = 1 },
	{ .name = "that it is ready, twice", .ready = true,
	  .ask = { .type = ASK_READY }, .len = WHOLE, .times = 1 },
	{ .name = "a request of type 0 while signals come", .ready = true,
	  .len = WHOLE, .times = 1, .signals = true },
};

static const struct attack *attack;

/* The only other socket of this kind; see start_guest() in the keeper. */
static int find_requests(void)
{
	for (int fd = 3; fd < 256; fd++) {
		int type = 0;
		socklen_t len = sizeof(type);

		if (fd != ask_orders() &&
		    !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) &&
		    type == SOCK_SEQPACKET)
			return fd;
	}
	return -1;
}

/* Until the keeper has ended. The first reason counts, and must be said. */
static void send_signals(pid_t keeper)
{
	if (fork())
		return;
	for (int fd = 0; fd < 256; fd++)
		close(fd);
	while (!kill(keeper, SIGHUP))
		usleep(10);
	_exit(EXIT_SUCCESS);
}

static int run_attacker(struct options *options)
{
	char bytes[sizeof(struct ask) + 1] = { 0 };
	int fd = find_requests();

	(void)options;
	memcpy(bytes, &attack->ask, sizeof(attack->ask));
	if (attack->ready)
		ask_ready();
	for (unsigned int i = 0; i < attack->times; i++)
		if (send(fd, bytes, attack->len, MSG_NOSIGNAL) != (ssize_t)attack->len)
			return EXIT_FAILURE;
	if (attack->signals)
		send_signals(getppid());
	if (!attack->legal)
		pause();	/* until the keeper ends it */
	return GUEST_CODE;
}

/* All that the keeper has said. */
static void read_all(int fd, char *said, size_t size)
{
	size_t len = 0;
	ssize_t ret;

	while (len < size - 1 && (ret = read(fd, said + len, size - 1 - len)) > 0)
		len += ret;
	said[len] = '\0';
	close(fd);
}

static unsigned int count_lines(const char *text)
{
	unsigned int lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void try_attack(void)
{
	char *argv[4] = { "ssi-vmm", "--kernel", "/dev/null", NULL };
	char said[4096];
	int out[2], status;
	bool good;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC))
		tap_bail("pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		alarm(LIMIT_S);
		dup2(out[1], STDERR_FILENO);
		_exit(keeper_run(ARRAY_SIZE(argv) - 1, argv, run_attacker));
	}
	close(out[1]);
	read_all(out[0], said, sizeof(said));
	waitpid(pid, &status, 0);
	good = WIFEXITED(status);
	if (attack->legal)
		good = good && WEXITSTATUS(status) == GUEST_CODE && !said[0];
	else
		good = good && WEXITSTATUS(status) == EXIT_HOST &&
		       strstr(said, SENTENCE) && count_lines(said) == 1;
	if (!tap_ok(good, "%s: %s", attack->name,
		    attack->legal ? "the guest goes on" : "one sentence, and the end"))
		tap_diag("status %#x, said: %s", status, said);
}

int main(void)
{
	tap_plan(ARRAY_SIZE(attacks));
	for (size_t i = 0; i < ARRAY_SIZE(attacks); i++) {
		attack = &attacks[i];
		try_attack();
	}
	return tap_exit();
}
