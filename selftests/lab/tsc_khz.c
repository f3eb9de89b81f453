// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints the frequency of this machine's TSC in kHz.
 *
 * The CPUs of an emulated host have the same TSC. Linux measures it at boot against a
 * timer that the emulator serves when it has time: on a machine with other work the
 * result may be many times too high. The lab passes this number instead
 * (tsc_early_khz=).
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define TRIES		100	/* the best of them counts */
#define INTERVAL_NS	50000000

struct moment {
	uint64_t ns;
	uint64_t ticks;
};

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* Both clocks at one moment: the reading that was interrupted least. */
static struct moment read_both(void)
{
	struct moment best = { 0, 0 };
	uint64_t shortest = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = clock_ns();
		uint64_t ticks = __rdtsc();
		uint64_t after = clock_ns();

		if (after - before >= shortest)
			continue;
		shortest = after - before;
		best = (struct moment){ before + shortest / 2, ticks };
	}
	return best;
}

int main(void)
{
	struct moment begin = read_both();
	struct moment end;

	nanosleep(&(struct timespec){ .tv_nsec = INTERVAL_NS }, NULL);
	end = read_both();
	printf("%.0f\n", (end.ticks - begin.ticks) * 1e6 / (end.ns - begin.ns));
	return 0;
}
