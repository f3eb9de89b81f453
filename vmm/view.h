/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest's process sees of the host: files and networks. */
#ifndef VMM_VIEW_H
#define VMM_VIEW_H

#include <stdbool.h>

/**
 * view_leave_host() - from now on see no files and no networks of the host
 * @usernet: a user network needs the host's networks, and the names of its name
 *	servers
 *
 * What is open stays so. Needs CAP_SYS_ADMIN; without it only a warning says so. Ends
 * the process with a sentence on other errors.
 */
void view_leave_host(bool usernet);

#endif /* VMM_VIEW_H */
