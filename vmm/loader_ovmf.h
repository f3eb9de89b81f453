/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boots UEFI firmware: Debian's OVMF, as QEMU's machine q35 would. */
#ifndef VMM_LOADER_OVMF_H
#define VMM_LOADER_OVMF_H

#include <stdbool.h>
#include <stdint.h>

#include "../acpi/ssi_acpi.h"
#include "device_options.h"
#include "smbios.h"

/**
 * loader_ovmf_open() - read the files, and check that they can be booted
 * @firmware: path of the code
 * @variables: path of the variable store, or NULL
 * @low_size: bytes of guest RAM below the hole
 *
 * Ends the process with an error if they cannot. Does not access guest memory.
 */
void loader_ovmf_open(const char *firmware, const char *variables,
		      uint64_t low_size);

/**
 * loader_ovmf_load() - map the firmware for the guest, and fill fw_cfg
 * @acpi: configuration of the guest's ACPI tables
 * @devices: devices that it may boot from
 * @smbios: what the machine tells of itself; stays
 * @with_kernel: loader_linux_open() has a kernel for it to boot
 *
 * Ends the process with an error if the tables cannot be built.
 */
void loader_ovmf_load(const struct ssi_acpi_config *acpi,
		      const struct device_options *devices,
		      const struct smbios *smbios, bool with_kernel);

#endif /* VMM_LOADER_OVMF_H */
