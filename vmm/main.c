// SPDX-License-Identifier: GPL-2.0-or-later
/* ssi-vmm: runs one Linux guest on one host, or on several as one machine. */
#include <string.h>
#include <unistd.h>

#include "keeper.h"
#include "log.h"
#include "machine.h"
#include "output.h"
#include "stop.h"

/* In a process of its own. Return: its exit code. */
static int run_guest(struct options *options)
{
	int code, sig = 0;

	machine_create(options);
	code = machine_run();
	output_flush();
	if (code == EXIT_RESTART)
		sig = stop_end_signals();
	if (sig)
		die(EXIT_SIGNAL + sig, "Ended by %s.", strsignal(sig));
	return code;
}

int main(int argc, char **argv)
{
	output_claim_descriptors();
	_exit(keeper_run(argc, argv, run_guest));
}
