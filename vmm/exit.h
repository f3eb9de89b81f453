/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exit codes of ssi-vmm. */
#ifndef VMM_EXIT_H
#define VMM_EXIT_H

/**
 * enum exit_code - every way in which ssi-vmm ends
 * @EXIT_GUEST_OFF: the guest powered off, or the user quit; with --no-reboot,
 *	or it reset itself
 * @EXIT_USAGE: wrong usage or configuration; nodes that do not agree
 * @EXIT_HOST: the host or its kernel refused something
 * @EXIT_GUEST_PANIC: the guest reported a panic (pvpanic)
 * @EXIT_NODE_LOST: another node did not answer or vanished
 * @EXIT_TRIPLE_FAULT: with --no-reboot: a CPU of the guest shut down (triple fault),
 *	which resets the guest otherwise
 * @EXIT_RESTART: not an end: the guest reset itself, and all nodes begin again
 * @EXIT_SIGNAL: plus the number of the signal that ended ssi-vmm
 *
 * Every node of a cluster ends with the code of the node that ended first.
 */
enum exit_code {
	EXIT_GUEST_OFF = 0,
	EXIT_USAGE = 1,
	EXIT_HOST = 2,
	EXIT_GUEST_PANIC = 3,
	EXIT_NODE_LOST = 4,
	EXIT_TRIPLE_FAULT = 5,
	EXIT_RESTART = 6,
	EXIT_SIGNAL = 128,
};

#endif /* VMM_EXIT_H */
