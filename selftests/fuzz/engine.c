// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages of a hostile node to the module's engine, in the simulator: an input is
 * the seed of a run, the node, and a list of messages.
 *
 * A run cannot be undone, so each input has a process of its own. What libFuzzer
 * wants to know of it, how often each edge was taken, comes back in shared memory.
 */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../sim/input.h"
#include "fuzz.h"

static uint8_t *shared;

static size_t num_counters(void)
{
	return (uintptr_t)fuzz_counters_end - (uintptr_t)fuzz_counters;
}

static void copy_counters(uint8_t *to, const uint8_t *from)
{
	if (num_counters())
		memcpy(to, from, num_counters());
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	shared = mmap(NULL, num_counters() + 1, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		fuzz_fail("there is no memory");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		fuzz_fail("there is no process");
	if (!pid) {
		run_input(data, size);
		copy_counters(shared, fuzz_counters);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) != pid)
		;
	if (status)
		fuzz_fail("the run ended with status %#x", status);
	copy_counters(fuzz_counters, shared);
	return 0;
}
