/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For fuzz targets: a target takes an input's bytes as the choices of somebody
 * hostile. It is linked with libFuzzer ("make fuzz"), and with replay.c, which
 * runs the inputs of corpus/ and changed copies of them ("make check").
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../vmm/cluster.h"
#include "../../vmm/exit.h"

/* The entry points that libFuzzer calls. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* clang's counters, one for each edge; there are none with replay.c. For engine.c. */
extern uint8_t fuzz_counters[] __attribute__((weak));
extern uint8_t fuzz_counters_end[] __attribute__((weak));

/* The input, as far as it has not been taken. */
struct fuzz_input {
	const uint8_t *data;
	size_t size;
};

/* The next bytes; zeroes when there are no more. */
static inline void fuzz_take(struct fuzz_input *input, void *to, size_t len)
{
	size_t there = len < input->size ? len : input->size;

	memset(to, 0, len);
	if (there)
		memcpy(to, input->data, there);
	input->data += there;
	input->size -= there;
}

static inline uint64_t fuzz_number(struct fuzz_input *input, size_t len)
{
	uint64_t value = 0;

	fuzz_take(input, &value, len);
	return value;
}

static inline unsigned int fuzz_below(struct fuzz_input *input, unsigned int limit)
{
	return fuzz_number(input, limit > 256 ? 2 : 1) % limit;
}

/* Ends the program with a core of what is wrong: a finding. */
#define fuzz_fail(...) do {			\
	fprintf(stderr, "fuzz: " __VA_ARGS__);	\
	fputc('\n', stderr);			\
	abort();				\
} while (0)

/*
 * Where die() goes on; what it was told is refused. Set by FUZZ_REFUSED(), which is
 * true when die() was called.
 */
extern jmp_buf fuzz_refused;

#define FUZZ_REFUSED()	setjmp(fuzz_refused)

/* Of a target that is linked with --wrap=malloc,--wrap=free: its own, and libc's. */
void *__wrap_malloc(size_t size);
void __wrap_free(void *memory);
void *__real_malloc(size_t size);
void __real_free(void *memory);

/* The same for --wrap=cluster_handle. */
void __wrap_cluster_handle(enum cluster_type type, size_t len,
			   cluster_handler handler);
void __real_cluster_handle(enum cluster_type type, size_t len,
			   cluster_handler handler);

#endif /* FUZZ_H */
