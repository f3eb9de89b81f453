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

/*
 * After a reset all is made anew: memory is zero and links are fresh, on every
 * node. What the old program had, the module's included, goes when it does.
 */
static void restart(char **argv)
{
	setenv(OPTIONS_RESTARTED, "1", true);
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
	/* Threads may sit in KVM or in a page fault: leave without them. */
	_exit(code);
}
