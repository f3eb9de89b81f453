/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files a process may open (Landlock). */
#ifndef VMM_LANDLOCK_H
#define VMM_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

/**
 * landlock_only() - from now on this process opens nothing but some files, to read
 * @paths: the files, or NULL for one that there is not; all files of their folders may
 *	be read, and of the folders to which they are links: a file may be replaced by
 *	another one
 * @count: of @paths
 *
 * What is open stays open. For a process with one thread and without new privileges.
 * It ends the process if something fails that should not.
 *
 * Return: false if the kernel has no Landlock.
 */
bool landlock_only(const char *const *paths, size_t count);

#endif /* VMM_LANDLOCK_H */
