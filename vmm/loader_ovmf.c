// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Boots UEFI firmware: Debian's OVMF, as QEMU's machine q35 would.
 *
 * The code ends at 4 GiB, where a CPU begins; the variables are right below it.
 * Only the boot CPU runs the firmware, on the node that has the devices. The
 * firmware gets a CPU count of one: it would start the other CPUs with several
 * INITs, and a proxy notices only the first (sipi.c). So the other nodes need
 * no firmware; their reads of it are forwarded like those of any other device.
 *
 * The firmware reads from fw_cfg where memory is, the ACPI tables, and the
 * kernel if the user gave one.
 */
#include "loader_ovmf.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../acpi/loader.h"
#include "bus.h"
#include "devices.h"
#include "firmware_smm.h"
#include "hw/fw_cfg.h"
#include "loader_linux.h"
#include "log.h"
#include "memory.h"
#include "varstore.h"
#include "vm.h"

#define CODE_END	(4ull << 30)
#define PAGE_SIZE	4096u
#define CODE_SIZE_MAX	(8u << 20)
#define E820_RAM	1
/* Debian 12's hangs without a message with 32 MiB, and starts with 36. */
#define MEMORY_MIN	(40u << 20)
#define MAX_BOOTABLE	(DEVICE_MAX_DISKS + DEVICE_MAX_NETS)
#define PATH_SIZE	64u	/* of an entry of the boot order */

/* Entry of QEMU's file etc/e820. */
struct e820_entry {
	uint64_t start;
	uint64_t size;
	uint32_t type;
} __attribute__((packed));

static struct {
	unsigned char *code;
	uint64_t code_size;
	uint64_t variables_size;
	struct e820_entry e820[2];
	struct ssi_acpi_loader acpi;
	uint64_t more_roots;	/* number of PCI roots after the first */
	char boot_order[MAX_BOOTABLE * PATH_SIZE];
} ovmf;

static int open_code(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		die(EXIT_USAGE, "There is no firmware %s; Debian's package ovmf has /usr/share/OVMF/OVMF_CODE.fd.",
		    path);
	if (fd < 0)
		die(EXIT_USAGE, "The firmware %s cannot be opened: %s.", path,
		    strerror(errno));
	return fd;
}

static void read_code(const char *path)
{
	struct stat st;
	void *code;
	int fd = open_code(path);

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		die(EXIT_USAGE, "The firmware %s is not a file.", path);
	if (!st.st_size || st.st_size % PAGE_SIZE || st.st_size > CODE_SIZE_MAX)
		die(EXIT_USAGE, "The firmware %s has %llu bytes; its size must be a multiple of 4096 and at most 8 MiB. Use OVMF_CODE.fd.",
		    path, (unsigned long long)st.st_size);
	/* Private: later changes of the file do not reach the guest. */
	code = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (code == MAP_FAILED)
		die(EXIT_HOST, "The firmware %s cannot be read: %s.", path,
		    strerror(errno));
	close(fd);
	ovmf.code = code;
	ovmf.code_size = st.st_size;
}

/* Code with a variable store of another size hangs without a message. */
static void check_pair(const char *firmware, const char *variables)
{
	uint64_t both = ovmf.code_size + ovmf.variables_size;

	if (both & (both - 1))
		die(EXIT_USAGE, "The variable store %s with %llu bytes and the firmware %s with %llu bytes do not belong together; use the files of one pair, such as OVMF_CODE.fd and OVMF_VARS.fd.",
		    variables, (unsigned long long)ovmf.variables_size,
		    firmware, (unsigned long long)ovmf.code_size);
}

void loader_ovmf_open(const char *firmware, const char *variables,
		      uint64_t low_size)
{
	read_code(firmware);
	if (firmware_needs_smm(ovmf.code, ovmf.code_size))
		die(EXIT_USAGE, "The firmware %s needs system management mode, which guests of ssi-vmm do not have; use a build without it, such as OVMF_CODE.fd.",
		    firmware);
	if (low_size < MEMORY_MIN)
		die(EXIT_USAGE, "The firmware %s needs %u MiB of guest memory, but the guest has %llu MiB.",
		    firmware, MEMORY_MIN >> 20,
		    (unsigned long long)low_size >> 20);
	if (variables) {
		ovmf.variables_size = varstore_open(variables);
		check_pair(firmware, variables);
	} else {
		log_info("The firmware's variables are lost when the guest ends; --firmware CODE,vars=FILE keeps them.");
	}
}

/* For CPUs of other nodes: their KVM does not map the code. */
static uint64_t code_read(uint64_t offset, unsigned int len)
{
	uint64_t value = 0;

	memcpy(&value, ovmf.code + offset, len);
	return value;
}

static void show_flash(void)
{
	static struct bus_device code = {
		.name = "firmware", .space = BUS_MMIO, .read = code_read,
	};

	code.base = CODE_END - ovmf.code_size;
	code.size = ovmf.code_size;
	vm_add_memory(VM_SLOT_FLASH_CODE, code.base, ovmf.code, ovmf.code_size,
		      true);
	bus_add(&code);
	if (ovmf.variables_size)
		varstore_create(code.base - ovmf.variables_size);
}

static void add_memory(void)
{
	uint64_t low = memory_low_size();
	unsigned int count = 1;

	ovmf.e820[0] = (struct e820_entry) { .size = low, .type = E820_RAM };
	if (memory_size() > low)
		ovmf.e820[count++] = (struct e820_entry) {
			.start = MEMORY_HOLE_END, .size = memory_size() - low,
			.type = E820_RAM,
		};
	fw_cfg_add_file("etc/e820", ovmf.e820, count * sizeof(ovmf.e820[0]));
	fw_cfg_add_number(FW_CFG_RAM_SIZE, memory_size(), 8);
}

static void add_tables(const struct ssi_acpi_config *acpi)
{
	struct ssi_acpi_loader *loader = &ovmf.acpi;

	if (ssi_acpi_build_loader(acpi, loader))
		die(EXIT_USAGE, "The ACPI tables for the firmware could not be built.");
	fw_cfg_add_file(SSI_ACPI_LOADER_FILE, loader->commands,
			loader->commands_size);
	fw_cfg_add_file(SSI_ACPI_TABLES_FILE, loader->tables,
			loader->tables_size);
	fw_cfg_add_file(SSI_ACPI_RSDP_FILE, loader->rsdp, sizeof(loader->rsdp));
}

/*
 * A device's path is in the style of Open Firmware. It begins with the index of
 * the PCI root, not with the number of its bus; the first root has no index.
 */
static void add_boot_path(const struct ssi_acpi_config *acpi, unsigned int node,
			  const char *device, unsigned int slot,
			  const char *unit)
{
	size_t length = strlen(ovmf.boot_order);
	char *path = ovmf.boot_order + length;
	size_t size = sizeof(ovmf.boot_order) - length;
	char number[16] = "";
	unsigned int root = 0;

	while (acpi->pci_roots[root].node != node)
		root++;
	if (root)
		snprintf(number, sizeof(number), ",%x", root);
	snprintf(path, size, "%s/pci@i0cf8%s/%s@%x/%s", length ? "\n" : "",
		 number, device, slot, unit);
}

/* Disks, then network cards, in the order of the options. */
static void add_boot_order(const struct ssi_acpi_config *acpi,
			   const struct device_options *devices)
{
	for (unsigned int i = 0; i < devices->num_disks; i++)
		add_boot_path(acpi, devices->disks[i].root, "scsi",
			      devices_disk_slot(devices, i), "disk@0,0");
	for (unsigned int i = 0; i < devices->num_nets; i++)
		add_boot_path(acpi, devices->nets[i].root, "ethernet",
			      devices_net_slot(devices, i), "ethernet-phy@0");
	if (*ovmf.boot_order)
		fw_cfg_add_file("bootorder", ovmf.boot_order,
				strlen(ovmf.boot_order) + 1);
}

/* The firmware searches the buses from 1 on for this many roots. */
static void add_pci_roots(const struct ssi_acpi_config *acpi)
{
	ovmf.more_roots = htole64(acpi->num_pci_roots - 1);
	fw_cfg_add_file("etc/extra-pci-roots", &ovmf.more_roots,
			sizeof(ovmf.more_roots));
}

static void add_kernel(void)
{
	struct loader_linux_image image;

	loader_linux_image(&image);
	fw_cfg_add_number(FW_CFG_SETUP_SIZE, image.setup_size, 4);
	fw_cfg_add(FW_CFG_SETUP_DATA, image.setup, image.setup_size);
	fw_cfg_add_number(FW_CFG_KERNEL_SIZE, image.kernel_size, 4);
	fw_cfg_add(FW_CFG_KERNEL_DATA, image.kernel, image.kernel_size);
	fw_cfg_add_number(FW_CFG_INITRD_SIZE, image.initrd_size, 4);
	fw_cfg_add(FW_CFG_INITRD_DATA, image.initrd, image.initrd_size);
	fw_cfg_add_number(FW_CFG_CMDLINE_SIZE, strlen(image.append) + 1, 4);
	fw_cfg_add(FW_CFG_CMDLINE_DATA, image.append, strlen(image.append) + 1);
}

void loader_ovmf_load(const struct ssi_acpi_config *acpi,
		      const struct device_options *devices,
		      const struct smbios *smbios, bool with_kernel)
{
	show_flash();
	fw_cfg_init();
	fw_cfg_add_number(FW_CFG_NUM_CPUS, 1, 2);
	fw_cfg_add_number(FW_CFG_MAX_CPUS, 1, 2);
	fw_cfg_add_number(FW_CFG_BOOT_MENU, 0, 2);	/* no menu, no wait */
	add_memory();
	add_tables(acpi);
	add_pci_roots(acpi);
	add_boot_order(acpi, devices);
	/* It copies them, and adds what it tells of itself. */
	fw_cfg_add_file("etc/smbios/smbios-anchor", smbios->anchor,
			sizeof(smbios->anchor));
	fw_cfg_add_file("etc/smbios/smbios-tables", smbios->tables,
			smbios->size);
	if (with_kernel)
		add_kernel();
}
