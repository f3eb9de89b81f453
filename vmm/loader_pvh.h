/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boots an uncompressed kernel, a vmlinux, at its PVH entry. */
#ifndef VMM_LOADER_PVH_H
#define VMM_LOADER_PVH_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct loader_pvh - a kernel
 * @path: of its file
 * @data: the file
 * @size: bytes of it
 * @entry: where it begins, in 32-bit mode
 * @end: guest address behind it and the memory that it begins with
 */
struct loader_pvh {
	const char *path;
	const unsigned char *data;
	uint64_t size;
	uint32_t entry;
	uint64_t end;
};

/**
 * struct loader_pvh_start - what the kernel finds when it begins
 * @rsdp: guest addresses: of ACPI's RSDP,
 * @cmdline: of the command line,
 * @initrd: and of the initrd
 * @initrd_size: 0: there is none
 */
struct loader_pvh_start {
	uint64_t rsdp;
	uint64_t cmdline;
	uint64_t initrd;
	uint64_t initrd_size;
};

/* Is a file an ELF file? Then it is no bzImage. */
bool loader_pvh_is_elf(const unsigned char *data, uint64_t size);

/*
 * Check a kernel, whose first three fields are set, and fill in the others. @low_size:
 * bytes of guest RAM below the hole. Ends the process with an error if it cannot be
 * booted.
 */
void loader_pvh_open(struct loader_pvh *kernel, uint64_t low_size);

/* Copy it to guest memory, and write what it finds to @info_gpa, one page. */
void loader_pvh_load(const struct loader_pvh *kernel,
		     const struct loader_pvh_start *start, uint64_t info_gpa);

#endif /* VMM_LOADER_PVH_H */
