/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory map of a guest whose kernel is booted without firmware. */
#ifndef VMM_LOADER_MAP_H
#define VMM_LOADER_MAP_H

#include <stdint.h>

#define LOADER_LOW_RAM_END	0x9f000u
#define LOADER_HIGH_RAM_START	0x100000u
#define LOADER_MAP_MAX		6u

/* Types of E820, and of PVH's memory map. */
enum { LOADER_RAM = 1, LOADER_RESERVED = 2, LOADER_ACPI = 3 };

/* As PVH has it (struct hvm_memmap_table_entry). */
struct loader_range {
	uint64_t address, size;
	uint32_t type, reserved;
};

/* Fill in the ranges, in ascending order. Return: their number. */
unsigned int loader_map(struct loader_range ranges[LOADER_MAP_MAX]);

#endif /* VMM_LOADER_MAP_H */
