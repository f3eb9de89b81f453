/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user's terminal in raw mode. It is restored however the program ends, unless it is
 * killed.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

/* Each key is read at once and not shown. Return: 0, or -1 if this is no terminal. */
int terminal_raw(void);

/* As it was before. */
void terminal_restore(void);

#endif /* TERMINAL_H */
