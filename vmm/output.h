/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Output of the guest's consoles and of the log: nothing that writes waits. */
#ifndef VMM_OUTPUT_H
#define VMM_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output;

/*
 * Open /dev/null for each of the descriptors 0 to 2 that is closed, so that no
 * file opened later gets its number. Call this first in main().
 */
void output_claim_descriptors(void);

/*
 * From now on output_write() does not wait. Before, it writes by itself, which
 * is enough for a program that has nothing else to do.
 *
 * Return: false if the host gives no thread.
 */
bool output_start(void);

/**
 * output_to() - the output that writes to a descriptor
 * @fd: stays open
 *
 * Descriptors of one file share an output, which keeps the order of what is
 * written there. Not from several threads at once.
 *
 * Return: the output, or NULL if the host gives no thread.
 */
struct output *output_to(int fd);

/*
 * Let its file have at most so many bytes, the latest ones; 0: any number. It is a
 * file of this process only, at its end, and open for reading, too.
 */
void output_set_limit(struct output *out, uint64_t limit);

/*
 * Write, from any thread and with any lock held. Data that does not fit into
 * the buffer is dropped as a whole; the reader finds a line that says so.
 */
void output_write(struct output *out, const void *data, size_t len);

/* Write to standard error. */
void output_write_error(const void *data, size_t len);

/*
 * Is the reader fast enough? If not, a source that can wait should write again
 * only after the function of output_set_room() was called.
 */
bool output_has_room(struct output *out);

/*
 * Have @room called when there is room again after output_has_room() returned
 * false: on the thread that writes, so it must not wait for output. While setting up.
 */
void output_set_room(struct output *out, void (*room)(void));

/*
 * Wait until everything is written, for a second at most: before the process
 * ends or replaces itself.
 */
void output_flush(void);

#endif /* VMM_OUTPUT_H */
