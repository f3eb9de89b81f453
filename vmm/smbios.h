/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMBIOS: what the machine tells of itself (DMTF DSP0134, 3.3). */
#ifndef VMM_SMBIOS_H
#define VMM_SMBIOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SMBIOS_UUID_SIZE	16
#define SMBIOS_ANCHOR_SIZE	24
#define SMBIOS_TABLES_MAX	1024

/**
 * struct smbios - the tables
 * @anchor: the 64-bit entry point, which leads to them
 * @tables: the structures, one behind the other
 * @size: bytes of @tables in use
 */
struct smbios {
	uint8_t anchor[SMBIOS_ANCHOR_SIZE];
	uint8_t tables[SMBIOS_TABLES_MAX];
	size_t size;
};

/**
 * smbios_make() - make them
 * @smbios: out
 * @uuid: of the machine, in the order of its text
 * @name: of the machine; what does not fit is left out
 * @firmware: there is firmware, which describes itself
 * @gpa: where @tables will be in the guest
 */
void smbios_make(struct smbios *smbios, const uint8_t uuid[SMBIOS_UUID_SIZE],
		 const char *name, bool firmware, uint64_t gpa);

#endif /* VMM_SMBIOS_H */
