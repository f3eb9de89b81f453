/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the guest's serial port goes: --serial. */
#ifndef VMM_SERIAL_TO_H
#define VMM_SERIAL_TO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * serial_to_open() - open what the user has named
 * @spec: "stdio", "null", "pty", "socket=PATH" or "file=PATH[,limit=SIZE]"
 *
 * In the keeper, so that it stays when the guest resets itself. Ends the process with
 * a message if @spec is something else, or cannot be opened.
 */
void serial_to_open(const char *spec);

/* For a process without the guest. */
void serial_to_close(void);

/* At the end of the keeper: remove the socket. */
void serial_to_remove(void);

/* Does it go to the user's terminal, which also types for it? */
bool serial_to_is_terminal(void);

/* The descriptor for the output. */
int serial_to_fd(void);

/* The most bytes that its file may have; 0: any. */
uint64_t serial_to_limit(void);

/**
 * serial_to_start() - start to read what a pseudoterminal or a socket brings
 * @input: takes it, waits for the guest for @ms at most, and returns how many bytes
 *	it has taken: serial_take()
 *
 * Ends the process if the host gives no thread.
 */
void serial_to_start(size_t (*input)(const unsigned char *data, size_t len,
				     unsigned int ms));

#endif /* VMM_SERIAL_TO_H */
