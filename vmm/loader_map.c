// SPDX-License-Identifier: GPL-2.0-or-later
/* The memory map of a guest whose kernel is booted without firmware. */
#include "loader_map.h"

#include "../acpi/ssi_acpi.h"
#include "loader_linux.h"
#include "memory.h"

unsigned int loader_map(struct loader_range ranges[LOADER_MAP_MAX])
{
	uint64_t low = memory_low_size();
	/* Linux ignores a PCI configuration space that is not in the map. */
	const struct loader_range map[LOADER_MAP_MAX] = {
		{ 0, LOADER_LOW_RAM_END, LOADER_RAM, 0 },
		{ LOADER_ACPI_GPA, LOADER_ACPI_SIZE, LOADER_ACPI, 0 },
		{ LOADER_SMBIOS_GPA, LOADER_SMBIOS_SIZE, LOADER_RESERVED, 0 },
		{ LOADER_HIGH_RAM_START, low - LOADER_HIGH_RAM_START, LOADER_RAM, 0 },
		{ SSI_ACPI_PCI_ECAM, SSI_ACPI_PCI_ECAM_SIZE, LOADER_RESERVED, 0 },
		{ MEMORY_HOLE_END, memory_size() - low, LOADER_RAM, 0 },
	};
	unsigned int count = LOADER_MAP_MAX - (memory_size() == low);

	for (unsigned int i = 0; i < count; i++)
		ranges[i] = map[i];
	return count;
}
