/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boots a Linux bzImage at its 64-bit entry, or a vmlinux at its PVH entry. */
#ifndef VMM_LOADER_LINUX_H
#define VMM_LOADER_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vcpu.h"

/* Place of the ACPI tables: in the area of a PC's firmware. */
#define LOADER_ACPI_GPA		0xe0000u
#define LOADER_ACPI_SIZE	0x1f000u

/* Behind them SMBIOS: Linux looks for its anchor from 0xf0000 to 0x100000. */
#define LOADER_SMBIOS_GPA	0xff000u
#define LOADER_SMBIOS_SIZE	0x1000u

/**
 * loader_linux_open() - read the files, and check that they can be booted
 * @kernel: path of a bzImage, or of a vmlinux
 * @initrd: path, or NULL
 * @append: kernel command line
 * @firmware: firmware boots it, which must be a bzImage
 * @low_size: bytes of guest RAM below the hole
 *
 * Ends the process with an error if they cannot. Does not access guest memory,
 * so that errors are reported before the node waits for the others.
 */
void loader_linux_open(const char *kernel, const char *initrd,
		       const char *append, bool firmware, uint64_t low_size);

/**
 * struct loader_linux_image - the opened files, as firmware needs them
 * @setup: the kernel's first sectors
 * @setup_size: bytes of it
 * @kernel: the rest of the kernel
 * @kernel_size: bytes of it
 * @initrd: the initrd
 * @initrd_size: bytes of it; 0: there is none
 * @append: the command line
 */
struct loader_linux_image {
	const void *setup;
	uint64_t setup_size;
	const void *kernel;
	uint64_t kernel_size;
	const void *initrd;
	uint64_t initrd_size;
	const char *append;
};

void loader_linux_image(struct loader_linux_image *image);

/*
 * Copy all to guest memory. @rsdp: address of ACPI's RSDP; 0: there is none. @seed:
 * give the kernel random numbers to begin with; a vmlinux has no place for them.
 */
void loader_linux_load(uint64_t rsdp, bool seed, struct vcpu_boot *boot);

#endif /* VMM_LOADER_LINUX_H */
