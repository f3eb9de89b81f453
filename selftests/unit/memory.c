// SPDX-License-Identifier: GPL-2.0-or-later
/* Guest RAM of one node, as KVM and the host's kernel see it: vmm/memory.c. */
#include "../../vmm/memory.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "../../vmm/dsm.h"
#include "../../vmm/log.h"
#include "../../vmm/vm.h"
#include "tap.h"

#define BLOCK	(2ull << 20)
#define SIZE	(MEMORY_HOLE_START + 5 * BLOCK)

static struct {
	uint64_t gpa, size;
	uintptr_t host;
} slots[2];

void vm_add_memory(enum vm_slot slot, uint64_t gpa, void *host, size_t size,
		   bool readonly)
{
	(void)readonly;
	slots[slot].gpa = gpa;
	slots[slot].host = (uintptr_t)host;
	slots[slot].size = size;
}

void dsm_discard(uint64_t offset, uint64_t len)
{
	(void)offset;
	(void)len;
}

/* Do the kernel's flags of the mapping at an address have this one? */
static bool has_flag(uintptr_t host, const char *flag)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	bool inside = false;
	char line[512];

	if (!smaps)
		tap_bail("there is no /proc/self/smaps");
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = host >= start && host < end;
		else if (inside && !strncmp(line, "VmFlags:", 8))
			break;
	}
	fclose(smaps);
	return inside && strstr(line, flag);
}

int main(void)
{
	unsigned char local;

	tap_plan(7);
	memory_create_anonymous(SIZE);
	memory_add_to_vm();
	tap_ok(slots[VM_SLOT_LOW].size + slots[VM_SLOT_HIGH].size == SIZE,
	       "all of it is shown to the guest");
	tap_ok((slots[VM_SLOT_LOW].host - slots[VM_SLOT_LOW].gpa) % BLOCK == 0,
	       "KVM can map 2 MiB at once below the hole");
	tap_ok((slots[VM_SLOT_HIGH].host - slots[VM_SLOT_HIGH].gpa) % BLOCK == 0,
	       "and above");
	tap_ok(has_flag(slots[0].host, " hg"), "the kernel is asked for such pages");
	tap_ok(has_flag(slots[0].host, " dd"), "a core dump leaves it out");
	memset(memory_at(MEMORY_HOLE_END + 4 * BLOCK, BLOCK), 1, BLOCK);
	tap_ok(!memory_at(MEMORY_HOLE_END + 4 * BLOCK + 1, BLOCK),
	       "it ends where it should");
	tap_ok(!memory_is_shared(memory_at(0, 1)) && !memory_is_shared(&local),
	       "no other node has it");
	return tap_exit();
}
