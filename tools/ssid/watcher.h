/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watcher: the process that starts ssi-vmm for one node and outlives ssid. See
 * guest.h.
 */
#ifndef SSID_WATCHER_H
#define SSID_WATCHER_H

#include <signal.h>

/* ssid --watch STATE ID VMM */
#define WATCHER_OPTION	"--watch"

/* Signals to the watcher. */
#define WATCHER_PRESS	SIGTERM		/* press the power button */
#define WATCHER_END	SIGUSR1		/* end the node at once */
#define WATCHER_KILL	SIGUSR2		/* end it without its help */

/*
 * Start the watcher, and return when ssi-vmm has been started. What prevents that
 * goes to standard output. Return: the exit code of the process.
 */
int watcher_main(const char *state, const char *id, const char *vmm);

#endif /* SSID_WATCHER_H */
