// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a fuzz target without libFuzzer: all inputs of its corpus, and then, for
 * some seconds, changed copies of them. TAP.
 *
 *   TARGET [--seed N] [--seconds S] [FILE...]
 *
 * With files: only these, unchanged. An input that ends the program is kept in
 * TARGET.crash beside it.
 */
#include <dirent.h>
#include <getopt.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "../unit/tap.h"
#include "fuzz.h"

#define SECONDS		5
#define INPUTS_MAX	4096
#define INPUT_MAX	4096	/* bytes */

struct input {
	uint8_t data[INPUT_MAX];
	size_t size;
};

static struct input *inputs[INPUTS_MAX];
static unsigned int num_inputs;
static uint64_t seed;

/* The input that runs. */
static struct input now;
static char crash_path[512];

static uint64_t bits(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* ---- inputs ----------------------------------------------------------------- */

static void add_file(const char *path)
{
	FILE *file = fopen(path, "re");
	struct input *input = calloc(1, sizeof(*input));

	if (!file || !input || num_inputs == INPUTS_MAX)
		tap_bail("%s cannot be read", path);
	input->size = fread(input->data, 1, INPUT_MAX, file);
	fclose(file);
	inputs[num_inputs++] = input;
}

static void add_folder(const char *name)
{
	char folder[256], path[512];
	struct dirent **entries;
	int count;

	snprintf(folder, sizeof(folder), "selftests/fuzz/corpus/%s", name);
	count = scandir(folder, &entries, NULL, alphasort);
	if (count < 0)
		tap_bail("%s cannot be read", folder);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			add_file(path);
		free(entries[i]);
	}
	free(entries);
}

/* ---- changes ---------------------------------------------------------------- */

static void change_byte(struct input *input)
{
	static const uint8_t odd[] = { 0, 1, 2, 4, 0x7f, 0x80, 0xff, 16 };

	if (input->size)
		input->data[bits() % input->size] =
			bits() % 2 ? odd[bits() % sizeof(odd)] : bits();
}

static void insert_bytes(struct input *input)
{
	size_t at = bits() % (input->size + 1), len = 1 + bits() % 8;

	if (input->size + len > INPUT_MAX)
		return;
	memmove(input->data + at + len, input->data + at, input->size - at);
	for (size_t i = 0; i < len; i++)
		input->data[at + i] = bits();
	input->size += len;
}

static void remove_bytes(struct input *input)
{
	size_t at, len;

	if (!input->size)
		return;
	at = bits() % input->size;
	len = 1 + bits() % (input->size - at);
	memmove(input->data + at, input->data + at + len,
		input->size - at - len);
	input->size -= len;
}

/* What follows a place of the input is from another one. */
static void splice(struct input *input)
{
	const struct input *other = inputs[bits() % num_inputs];
	size_t at = bits() % (input->size + 1), from, len;

	from = bits() % (other->size + 1);
	len = other->size - from;
	if (at + len > INPUT_MAX)
		len = INPUT_MAX - at;
	memcpy(input->data + at, other->data + from, len);
	input->size = at + len;
}

static void change(struct input *input)
{
	static void (*const changes[])(struct input *) = {
		change_byte, change_byte, change_byte, insert_bytes,
		remove_bytes, splice,
	};
	unsigned int count = 1 + bits() % 6;

	while (count--)
		changes[bits() % 6](input);
}

/* ---- runs ------------------------------------------------------------------- */

static void keep_input(int number)
{
	FILE *file = fopen(crash_path, "we");

	if (file) {
		fwrite(now.data, 1, now.size, file);
		fclose(file);
	}
	fprintf(stderr, "replay: signal %d; the input is %s\n", number, crash_path);
	signal(number, SIG_DFL);
	raise(number);
}

/* In memory of its own size: a read beyond the end is then seen. */
static void run(const struct input *input)
{
	uint8_t *copy = malloc(input->size ? input->size : 1);

	if (!copy)
		tap_bail("there is no memory");
	now = *input;
	memcpy(copy, input->data, input->size);
	LLVMFuzzerTestOneInput(copy, input->size);
	free(copy);
}

static double clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static unsigned long long run_changed(double seconds)
{
	double end = clock_now() + seconds;
	unsigned long long count = 0;

	while (clock_now() < end) {
		struct input input = *inputs[bits() % num_inputs];

		change(&input);
		run(&input);
		count++;
	}
	return count;
}

static double parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 's' },
		{ 0 },
	};
	double seconds = SECONDS;
	int option;

	seed = time(NULL);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'n')
			seed = strtoull(optarg, NULL, 0);
		else if (option == 's')
			seconds = atof(optarg);
		else
			exit(EXIT_FAILURE);
	}
	return optind < argc ? 0 : seconds;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	double seconds = parse_options(argc, argv);
	unsigned long long count;

	tap_plan(2);
	tap_diag("seed %llu", (unsigned long long)seed);
	snprintf(crash_path, sizeof(crash_path), "%s.crash", argv[0]);
	signal(SIGABRT, keep_input);
	for (int i = optind; i < argc; i++)
		add_file(argv[i]);
	if (optind == argc)
		add_folder(name);
	LLVMFuzzerInitialize(&argc, &argv);
	for (unsigned int i = 0; i < num_inputs; i++)
		run(inputs[i]);
	tap_ok(num_inputs, "%u inputs of the corpus", num_inputs);
	count = run_changed(seconds);
	tap_ok(true, "%llu changed inputs", count);
	fflush(stdout);
	_exit(tap_exit());	/* a target may have threads */
}
