// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cluster file, and the values in it: whatever its bytes are, it is taken, or
 * refused with a sentence.
 */
#include "../../vmm/config.h"

#include <sys/mman.h>
#include <unistd.h>

#include "../../vmm/host.h"
#include "fuzz.h"

#define TEXTS_MAX	8

static char path[64];
static int fd;

/*
 * What is refused ends ssi-vmm, so the text of the file stays. It is 1 MiB, so here
 * it is freed. See fuzz.h for __wrap_ and __real_.
 */
static void *texts[TEXTS_MAX];

void *__wrap_malloc(size_t size)
{
	void *memory = __real_malloc(size);

	for (unsigned int i = 0; i < TEXTS_MAX && size == 1u << 20; i++)
		if (!texts[i]) {
			texts[i] = memory;
			break;
		}
	return memory;
}

void __wrap_free(void *memory)
{
	for (unsigned int i = 0; i < TEXTS_MAX; i++)
		if (texts[i] == memory)
			texts[i] = NULL;
	__real_free(memory);
}

static void free_texts(void)
{
	for (unsigned int i = 0; i < TEXTS_MAX; i++)
		__wrap_free(texts[i]);
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
