/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user's terminal: escape keys, and the output of the guest's consoles. */
#ifndef VMM_TERM_H
#define VMM_TERM_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct term_ops - receivers of what the user types
 * @input: characters for the guest; may block while the guest is slow
 * @quit: the user asked to quit
 * @room: term_has_room() is true again; may be NULL
 */
struct term_ops {
	void (*input)(const unsigned char *data, size_t len);
	void (*quit)(void);
	void (*room)(void);
};

/*
 * Is the terminal used: by the serial port (serial_to.h), or by another console
 * (@console), which has it in any case?
 */
void term_open(bool console);

/* Start the threads that write. Ends the process if the host gives none. */
void term_start_output(void);

/* Begin to read the terminal: raw if it is one. */
void term_start(const struct term_ops *ops);

/*
 * Write what the guest wrote to its serial port, and to its other console. They
 * never wait; data beyond a megabyte that was not read yet is dropped.
 */
void term_output(const unsigned char *data, size_t len);
void term_print(const unsigned char *data, size_t len);

/* Should the other console write more? If not, ops->room() says when. */
bool term_has_room(void);

#endif /* VMM_TERM_H */
