// SPDX-License-Identifier: GPL-2.0-or-later
/* ssi-vmm: runs one Linux guest on one host, or on several as one machine. */
#include <unistd.h>

#include "machine.h"
#include "options.h"

int main(int argc, char **argv)
{
	static struct options options;
	int code;

	options_parse(&options, argc, argv);
	machine_create(&options);
	code = machine_run();
	/* Threads may sit in KVM or in a page fault: leave without them. */
	_exit(code);
}
