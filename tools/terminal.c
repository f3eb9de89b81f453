// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The user's terminal in raw mode.
 */
#include "terminal.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct termios before, raw;
static atomic_bool is_raw;

/*
 * Safe in a handler of a signal. What was not read may be an answer of the terminal to
 * something that the guest has printed: no shell must take it for a command.
 */
void terminal_restore(void)
{
	if (is_raw)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	is_raw = false;
}

static void set_raw(void)
{
	if (!tcsetattr(STDIN_FILENO, TCSANOW, &raw))
		is_raw = true;
}

static void end_by(int sig)
{
	terminal_restore();
	signal(sig, SIG_DFL);
	raise(sig);
}

/* The shell gets its terminal as it was, and we make it raw again afterwards. */
static void stop_by(int sig)
{
	sigset_t set;

	terminal_restore();
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);	/* it stops here */
	signal(sig, stop_by);
	set_raw();
}

int terminal_raw(void)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

	if (tcgetattr(STDIN_FILENO, &before))
		return -1;
	raw = before;
	cfmakeraw(&raw);
	atexit(terminal_restore);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		signal(ends[i], end_by);
	signal(SIGTSTP, stop_by);
	set_raw();
	return is_raw ? 0 : -1;
}
