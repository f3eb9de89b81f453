/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keeper: the process that starts ssi-vmm for one node and outlives ssid. See
 * guest.h.
 */
#ifndef SSID_KEEPER_H
#define SSID_KEEPER_H

#include <signal.h>

/* ssid --keep STATE ID VMM */
#define KEEPER_OPTION	"--keep"

/* Signals to the keeper. */
#define KEEPER_PRESS	SIGTERM		/* press the power button */
#define KEEPER_END	SIGUSR1		/* end the node at once */
#define KEEPER_KILL	SIGUSR2		/* end it without its help */

/*
 * Start the keeper, and return when ssi-vmm has been started. What prevents that
 * goes to standard output. Return: the exit code of the process.
 */
int keeper_main(const char *state, const char *id, const char *vmm);

#endif /* SSID_KEEPER_H */
