// SPDX-License-Identifier: GPL-2.0-or-later
/* ssi-vmm: runs one Linux guest on one host, or on several as one machine. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "log.h"
#include "machine.h"
#include "options.h"
#include "output.h"
#include "stop.h"

/*
 * A reset of the guest starts the program again on every node: memory is zero and
 * links are new. The kernel frees everything that the old program had, also in
 * the module.
 */
static void restart(char **argv)
{
	int sig = stop_end_signals();

	if (sig)
		die(EXIT_SIGNAL + sig, "Ended by %s.", strsignal(sig));
	execv("/proc/self/exe", argv);
	die(EXIT_HOST, "ssi-vmm cannot start again: %s.", strerror(errno));
}

int main(int argc, char **argv)
{
	static struct options options;
	int code;

	/* After a reset the kernel would call it "exe". */
	prctl(PR_SET_NAME, program_invocation_short_name);
	output_claim_descriptors();
	options_parse(&options, argc, argv);
	machine_create(&options);
	code = machine_run();
	output_flush();
	if (code == EXIT_RESTART)
		restart(argv);
	/* Threads may be inside of KVM or of a page fault: do not wait for them. */
	_exit(code);
}
