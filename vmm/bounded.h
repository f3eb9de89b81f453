/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that do not grow beyond a limit: they keep what was written last. */
#ifndef VMM_BOUNDED_H
#define VMM_BOUNDED_H

#include <stdint.h>

/**
 * bounded_shorten() - drop the older half of a file
 * @fd: the file, open for reading and writing, and written at its end
 * @size: bytes that it has
 *
 * Whole lines stay, behind a line that says that others were removed.
 *
 * Return: bytes that it has now; @size if the host refuses.
 */
uint64_t bounded_shorten(int fd, uint64_t size);

#endif /* VMM_BOUNDED_H */
