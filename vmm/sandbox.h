/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the processes of ssi-vmm may do. Documentation/security.rst has the reasons. */
#ifndef VMM_SANDBOX_H
#define VMM_SANDBOX_H

#include "options.h"

/*
 * Each of the following ends the process if it fails. Each is for a process with one
 * thread: the others would keep their rights. With --sandbox off they do nothing.
 */

/* The keeper gives up the capabilities that neither it nor its children need. */
void sandbox_keeper(const struct options *options);

/*
 * The connector becomes another user, with the capabilities for netlink and for its
 * files, and sees no others.
 */
void sandbox_connector(const struct options *options);

/*
 * The guest's process becomes another user without capabilities. All files and devices
 * of the host must be open. Nothing that it executes gets more rights.
 */
void sandbox_guest(const struct options *options);

#endif /* VMM_SANDBOX_H */
