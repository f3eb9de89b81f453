/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw_cfg: gives the firmware a description of the machine, and files. */
#ifndef VMM_HW_FW_CFG_H
#define VMM_HW_FW_CFG_H

#include <stddef.h>
#include <stdint.h>

#define FW_CFG_PORT		0x510
#define FW_CFG_PORTS		12	/* selector, data, and the DMA address */

/* Items with a fixed key; files get keys from FW_CFG_FIRST_FILE on. */
enum fw_cfg_key {
	FW_CFG_SIGNATURE = 0x00,
	FW_CFG_ID = 0x01,
	FW_CFG_RAM_SIZE = 0x03,		/* 8 bytes */
	FW_CFG_NUM_CPUS = 0x05,		/* 2 bytes */
	FW_CFG_KERNEL_SIZE = 0x08,	/* sizes: 4 bytes */
	FW_CFG_INITRD_SIZE = 0x0b,
	FW_CFG_BOOT_MENU = 0x0e,	/* 2 bytes */
	FW_CFG_MAX_CPUS = 0x0f,		/* 2 bytes */
	FW_CFG_KERNEL_DATA = 0x11,
	FW_CFG_INITRD_DATA = 0x12,
	FW_CFG_CMDLINE_SIZE = 0x14,
	FW_CFG_CMDLINE_DATA = 0x15,
	FW_CFG_SETUP_SIZE = 0x17,
	FW_CFG_SETUP_DATA = 0x18,
	FW_CFG_FILE_DIR = 0x19,
	FW_CFG_FIRST_FILE = 0x20,
};

/* Add the device, with a signature, an id and an empty directory. */
void fw_cfg_init(void);

/*
 * Add an item, or a file under the name that the firmware looks for. The data
 * must remain valid. Only while setting up; ends the process if there are too
 * many files.
 */
void fw_cfg_add(enum fw_cfg_key key, const void *data, uint32_t size);
void fw_cfg_add_file(const char *name, const void *data, uint32_t size);

/* The same for a number, which is copied. */
void fw_cfg_add_number(enum fw_cfg_key key, uint64_t value, uint32_t size);

#endif /* VMM_HW_FW_CFG_H */
