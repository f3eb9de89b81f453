// SPDX-License-Identifier: GPL-2.0-or-later
/* Host settings that affect the guest's speed and clock. */
#include "host.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

#define CLOCKSOURCES	"/sys/devices/system/clocksource/clocksource0/available_clocksource"
#define EPTAD		"/sys/module/kvm_intel/parameters/eptad"
#define ROGPT		"/sys/module/ssi_dsm/parameters/amd_rogpt"

#define CPUID_EXTENDED		0x80000000
#define CPUID_FEATURES		0x80000001
#define CPUID_FEATURES_SVM	(1u << 2)	/* in ECX */
#define CPUID_SVM		0x8000000a
#define CPUID_SVM_ROGPT		(1u << 21)	/* in EDX */

/* The first lines of the files, or "", and what the CPU says. */
static struct {
	char clocksources[256];
	char eptad[8];
	char rogpt[8];
	bool is_amd;
	bool has_rogpt;
} host;

static void read_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return;
	if (!fgets(line, size, file))
		line[0] = '\0';
	fclose(file);
}

static void cpuid(uint32_t leaf, uint32_t *registers)
{
	__asm__ volatile("cpuid"
			 : "=a"(registers[0]), "=b"(registers[1]),
			   "=c"(registers[2]), "=d"(registers[3])
			 : "a"(leaf), "c"(0));
}

static bool is_amd(void)
{
	uint32_t r[4];

	cpuid(CPUID_EXTENDED, r);
	if (r[0] < CPUID_SVM)
		return false;
	cpuid(CPUID_FEATURES, r);
	return r[2] & CPUID_FEATURES_SVM;
}

static bool has_rogpt(void)
{
	uint32_t r[4];

	cpuid(CPUID_SVM, r);
	return r[3] & CPUID_SVM_ROGPT;
}

void host_read(void)
{
	read_line(CLOCKSOURCES, host.clocksources, sizeof(host.clocksources));
	read_line(EPTAD, host.eptad, sizeof(host.eptad));
	read_line(ROGPT, host.rogpt, sizeof(host.rogpt));
	host.is_amd = is_amd();
	host.has_rogpt = host.is_amd && has_rogpt();
}

static void check_tsc(void)
{
	if (host.clocksources[0] && !strstr(host.clocksources, "tsc"))
		log_warn("The host's kernel has marked the TSC as unstable, and the guest's kernel will do so, too; if the TSC is stable, boot the host with tsc=reliable.");
}

/* The words for what makes walks write, and for what that costs. */
#define WALKS_WRITE	"each walk of the guest's page tables counts as a write to them, so CPUs on several nodes take turns with them and are many times slower"

static void check_amd_walk(bool amd_rogpt)
{
	if (!host.has_rogpt)
		log_warn("This host's CPUs have no ROGPT (AMD has it from Zen 4 on): " WALKS_WRITE ".");
	else if (!amd_rogpt)
		log_warn("This host's CPUs have ROGPT, which is not used: " WALKS_WRITE "; \"amd-rogpt: true\" in the cluster's file lets walks read.");
	else if (host.rogpt[0] == 'N')
		log_warn("The module ssi_dsm has amd_rogpt=0, which forbids ROGPT: " WALKS_WRITE "; load it with amd_rogpt=1.");
	else
		log_info("Walks of the guest's page tables read on this host (ROGPT).");
}

/*
 * With accessed and dirty bits in the nested page tables, a CPU's walk of the
 * guest's page tables counts as a write to them (Intel SDM volume 3, "EPT
 * Violations"), so that nodes cannot share them for reading. On AMD every walk
 * is a write, unless the CPU has ROGPT and the module may use it.
 */
static void check_nested_walk(bool amd_rogpt)
{
	if (host.is_amd)
		check_amd_walk(amd_rogpt);
	else if (host.eptad[0] == 'Y')
		log_warn("The module kvm_intel has eptad=1: " WALKS_WRITE "; load kvm_intel with eptad=0.");
}

void host_check(unsigned int nodes, bool amd_rogpt)
{
	check_tsc();
	if (nodes > 1)
		check_nested_walk(amd_rogpt);
}

bool host_is_virtual(void)
{
	uint32_t r[4];

	cpuid(1, r);
	return r[2] >> 31;	/* the bit that a hypervisor sets */
}
