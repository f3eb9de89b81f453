/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mode of the user's terminal. */
#ifndef VMM_TTY_H
#define VMM_TTY_H

#include <stdbool.h>

/*
 * Is standard input a terminal, and this process in the group that has it? In
 * the background ("ssi-vmm ... &") the terminal is the shell's.
 */
bool tty_is_foreground(void);

/*
 * Set the terminal on standard input to raw mode: each key is read at once,
 * and none of them is a signal. Does nothing if tty_is_foreground() is not true.
 */
void tty_enter_raw_mode(void);

/* Is the terminal in raw mode? */
bool tty_is_raw(void);

/*
 * Restore the mode that the terminal had before, if this process still has the
 * terminal. May be called more than once,
 * from any thread and from a signal handler.
 */
void tty_restore(void);

/*
 * For a process that has started another one, which sets the terminal's mode: note the
 * mode once this process has the terminal, and restore it after the other process was
 * killed.
 */
void tty_remember(void);
void tty_recover(void);

#endif /* VMM_TTY_H */
