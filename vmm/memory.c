// SPDX-License-Identifier: GPL-2.0-or-later
/* Guest RAM: its addresses in the guest, and the only access to it. */
#include "memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "dsm.h"
#include "log.h"
#include "vm.h"

#define BLOCK	(2ull << 20)	/* what one entry of a page table maps at most */

static struct {
	unsigned char *host;
	uint64_t size;
	bool is_anonymous;
} memory;

/*
 * KVM maps 2 MiB at once only if the addresses in the guest and here are equal
 * modulo 2 MiB; the kernel aligns such mappings by itself from Linux 6.7 on. The
 * two parts of RAM are both aligned in the guest.
 */
void memory_create_anonymous(uint64_t size)
{
	unsigned char *host = mmap(NULL, size + BLOCK, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
				   -1, 0);
	size_t before;

	if (host == MAP_FAILED)
		die(EXIT_HOST, "The host gives no %llu MiB of memory: %s.",
		    (unsigned long long)(size >> 20), strerror(errno));
	before = -(uintptr_t)host % BLOCK;
	if (before)
		munmap(host, before);
	munmap(host + before + size, BLOCK - before);
	host += before;
	/* Advice: without it the guest is only slower, or a core dump larger. */
	madvise(host, size, MADV_HUGEPAGE);
	madvise(host, size, MADV_DONTDUMP);
	memory_use(host, size);
	memory.is_anonymous = true;
}

void memory_use(void *host, uint64_t size)
{
	memory.host = host;
	memory.size = size;
}

uint64_t memory_size(void)
{
	return memory.size;
}

uint64_t memory_low_size(void)
{
	return memory.size < MEMORY_HOLE_START ? memory.size :
						 MEMORY_HOLE_START;
}

void memory_add_to_vm(void)
{
	uint64_t low = memory_low_size();

	vm_add_memory(VM_SLOT_LOW, 0, memory.host, low, false);
	if (memory.size > low)
		vm_add_memory(VM_SLOT_HIGH, MEMORY_HOLE_END, memory.host + low,
			      memory.size - low, false);
}

bool memory_is_shared(const void *host)
{
	return !memory.is_anonymous &&
	       (uintptr_t)host - (uintptr_t)memory.host < memory.size;
}

bool memory_may_move(void)
{
	return !memory.is_anonymous;
}

void *memory_host(void)
{
	return memory.host;
}

uint64_t memory_offset(const void *host)
{
	return (const unsigned char *)host - memory.host;
}

void memory_discard(uint64_t offset, uint64_t len)
{
	if (!memory.is_anonymous)
		dsm_discard(offset, len);
	else if (madvise(memory.host + offset, len, MADV_DONTNEED))
		log_debug("Memory at %#llx could not be discarded: %s.",
			  (unsigned long long)offset, strerror(errno));
}

void *memory_at(uint64_t gpa, uint64_t len)
{
	uint64_t low = memory_low_size();
	uint64_t high = memory.size - low;

	if (gpa < low && len <= low - gpa)
		return memory.host + gpa;
	if (gpa < MEMORY_HOLE_END)
		return NULL;
	gpa -= MEMORY_HOLE_END;
	if (gpa < high && len <= high - gpa)
		return memory.host + low + gpa;
	return NULL;
}
