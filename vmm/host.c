// SPDX-License-Identifier: GPL-2.0-or-later
/* Host settings that affect the guest's speed and clock. */
#include "host.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

#define CLOCKSOURCES	"/sys/devices/system/clocksource/clocksource0/available_clocksource"
#define EPTAD		"/sys/module/kvm_intel/parameters/eptad"

/* Return: whether the file's first line was read into @line. */
static bool read_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "re");
	bool read;

	if (!file)
		return false;
	read = fgets(line, size, file);
	fclose(file);
	return read;
}

static void check_tsc(void)
{
	char names[256];

	if (read_line(CLOCKSOURCES, names, sizeof(names)) &&
	    !strstr(names, "tsc"))
		log_warn("The host's kernel has marked the TSC as unstable, and the guest's kernel will do so, too; if the TSC is stable, boot the host with tsc=reliable.");
}

/*
 * With accessed and dirty bits in the nested page tables, a CPU's walk of the
 * guest's page tables counts as a write to them (Intel SDM volume 3, "EPT
 * Violations"), so that nodes cannot share them for reading. On AMD every walk
 * is a write.
 */
static void check_nested_walk(void)
{
	char value[8];

	if (read_line(EPTAD, value, sizeof(value)) && value[0] == 'Y')
		log_warn("The module kvm_intel has eptad=1: each page table walk of the guest writes to the page table, which makes CPUs on several nodes many times slower; load kvm_intel with eptad=0.");
}

void host_check(unsigned int nodes)
{
	check_tsc();
	if (nodes > 1)
		check_nested_walk();
}

bool host_is_virtual(void)
{
	uint32_t eax = 1, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid"
			 : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return ecx >> 31;	/* the bit that a hypervisor sets */
}
