// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sweep N SWEEPS: an OpenMP kernel. Averages a grid of N x N doubles over its
 * neighbours, SWEEPS times; each thread has rows of its own and reads the last
 * row of the thread before and the first row of the next one.
 */
#include <stdio.h>
#include <stdlib.h>

static void sweep(size_t n, const double *from, double *to)
{
#pragma omp parallel for schedule(static)
	for (size_t y = 1; y < n - 1; y++)
		for (size_t x = 1; x < n - 1; x++) {
			const double *at = from + y * n + x;

			to[y * n + x] = 0.25 * (at[-1] + at[1] + at[-n] + at[n]);
		}
}

static double *make_grid(size_t n)
{
	double *grid = malloc(n * n * sizeof(*grid));

	if (!grid)
		exit(1);
#pragma omp parallel for schedule(static)
	for (size_t y = 0; y < n; y++)
		for (size_t x = 0; x < n; x++)
			grid[y * n + x] = (double)((x * 31 + y * 17) % 101);
	return grid;
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	size_t sweeps = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	double *from, *to, *other, sum = 0;

	if (n < 3)
		return 1;
	from = make_grid(n);
	to = make_grid(n);
	for (; sweeps; sweeps--) {
		sweep(n, from, to);
		other = from;
		from = to;
		to = other;
	}
	for (size_t i = 0; i < n * n; i++)
		sum += from[i];
	printf("%.17g\n", sum);
	return 0;
}
