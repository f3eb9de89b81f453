// SPDX-License-Identifier: GPL-2.0-or-later
/* The mode of the user's terminal. */
#include "tty.h"

#include <stdatomic.h>
#include <termios.h>
#include <unistd.h>

static struct termios tty_saved;
static atomic_bool tty_raw;
static bool tty_remembered;

/* Without job control on this terminal there is no background. */
bool tty_is_foreground(void)
{
	pid_t group;

	if (!isatty(STDIN_FILENO))
		return false;
	group = tcgetpgrp(STDIN_FILENO);
	return group < 0 || group == getpgrp();
}

bool tty_is_raw(void)
{
	return atomic_load(&tty_raw);
}

/*
 * Output processing stays on, so that log lines begin in the first column
 * while the guest has the terminal.
 */
void tty_enter_raw_mode(void)
{
	struct termios raw;

	if (!tty_is_foreground() ||
	    (!tty_is_raw() && tcgetattr(STDIN_FILENO, &tty_saved)))
		return;
	raw = tty_saved;
	raw.c_iflag &= ~(ICRNL | INLCR | IGNCR | IXON | ISTRIP | BRKINT);
	raw.c_lflag &= ~(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0)
		atomic_store(&tty_raw, true);
}

/*
 * What was not read may be an answer of the terminal to something that the guest has
 * printed: no shell must take it for a command.
 */
void tty_restore(void)
{
	if (atomic_exchange(&tty_raw, false) && tty_is_foreground())
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &tty_saved);
}

void tty_remember(void)
{
	if (!tty_remembered && tty_is_foreground())
		tty_remembered = !tcgetattr(STDIN_FILENO, &tty_saved);
}

void tty_recover(void)
{
	if (tty_remembered && tty_is_foreground())
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &tty_saved);
}
