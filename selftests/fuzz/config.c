// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cluster file, and the values in it: whatever its bytes are, it is taken, or
 * refused with a sentence.
 */
#include "../../vmm/config.h"

#include <sanitizer/asan_interface.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../vmm/host.h"
#include "fuzz.h"

#define TEXTS_MAX	8
#define TEXT_SIZE	(1u << 20)	/* as config_file.c allocates it */
#define TEXT_USED	(16u << 10)

static char path[64];
static int fd;

/*
 * The text of the file is 1 MiB, and what is refused ends ssi-vmm, so the text stays. Here
 * the same memory is used for the next input: to get it from the system and to give it back
 * took two thirds of the time. What is free is poisoned, as free() would do, as far as an
 * input reaches. See fuzz.h for __wrap_ and __real_.
 */
static struct {
	void *memory;
	bool used;
} texts[TEXTS_MAX];

static void *use_text(unsigned int i)
{
	if (!texts[i].memory)
		texts[i].memory = __real_malloc(TEXT_SIZE);
	ASAN_UNPOISON_MEMORY_REGION(texts[i].memory, TEXT_USED);
	texts[i].used = true;
	return texts[i].memory;
}

static void free_text(unsigned int i)
{
	ASAN_POISON_MEMORY_REGION(texts[i].memory, TEXT_USED);
	texts[i].used = false;
}

void *__wrap_malloc(size_t size)
{
	for (unsigned int i = 0; i < TEXTS_MAX && size == TEXT_SIZE; i++)
		if (!texts[i].used)
			return use_text(i);
	return __real_malloc(size);
}

void __wrap_free(void *memory)
{
	for (unsigned int i = 0; memory && i < TEXTS_MAX; i++) {
		if (texts[i].memory == memory) {
			free_text(i);
			return;
		}
	}
	__real_free(memory);
}

static void free_texts(void)
{
	for (unsigned int i = 0; i < TEXTS_MAX; i++)
		if (texts[i].used)
			free_text(i);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fd = memfd_create("cluster", 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd < 0 ? -1 : 0;
}

static void check(const struct options *options)
{
	unsigned int cpus = 0;

	if (!options->num_nodes || options->num_nodes > SSI_DSM_MAX_NODES)
		fuzz_fail("%u nodes", options->num_nodes);
	for (unsigned int i = 0; i < options->num_nodes; i++) {
		if (options->nodes[i].id != i)
			fuzz_fail("node %u has id %u", i, options->nodes[i].id);
		if (options->nodes[i].memory % 4096)
			fuzz_fail("node %u has a part of a page", i);
		cpus += options->nodes[i].cpus;
	}
	if (cpus > OPTIONS_MAX_CPUS)
		fuzz_fail("%u CPUs", cpus);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct options options;

	memset(&options, 0, sizeof(options));
	if (ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		fuzz_fail("no file");
	if (FUZZ_REFUSED()) {
		free_texts();
		return 0;
	}
	config_load(path, &options);
	config_check_nodes(&options);
	check(&options);
	return 0;
}
