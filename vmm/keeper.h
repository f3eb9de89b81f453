/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keeper: the process that keeps the rights, and starts the guest's process. */
#ifndef VMM_KEEPER_H
#define VMM_KEEPER_H

#include "options.h"

/**
 * keeper_run() - read the options, and run the guest until it ends
 * @argc: of main()
 * @argv: of main(); read again, with all files, after each reset of the guest
 * @guest: what the guest's process does; it returns the process's exit code
 *
 * Return: the exit code of ssi-vmm.
 */
int keeper_run(int argc, char **argv, int (*guest)(struct options *options));

#endif /* VMM_KEEPER_H */
