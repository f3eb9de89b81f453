// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Boots a Linux bzImage at its 64-bit entry (Linux, Documentation/arch/x86/
 * boot.rst: "64-bit Boot Protocol").
 *
 * Guest memory, all of it RAM of node 0:
 *
 *   0x001000  GDT              0x010000  command line
 *   0x002000  boot parameters  0x0e0000  ACPI tables
 *   0x003000  page tables: the lowest     0x0ff000  SMBIOS
 *             4 GiB, one to one
 *   0x009000  random numbers
 *   where the kernel prefers to be, the kernel; behind the memory that it
 *   needs to unpack itself, the initrd
 */
#include "loader_linux.h"

#include <asm/bootparam.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader_map.h"
#include "loader_pvh.h"
#include "log.h"
#include "memory.h"

#define GDT_GPA		0x1000u
#define PARAMS_GPA	0x2000u
#define PML4_GPA	0x3000u
#define PDPT_GPA	0x4000u
#define PD_GPA		0x5000u		/* four of them */
#define SEED_GPA	0x9000u
#define SEED_SIZE	32u
#define CMDLINE_GPA	0x10000u
#define CMDLINE_MAX	0x10000u

#define SECTOR		512u
#define PVH_CMDLINE_MAX	2047u	/* COMMAND_LINE_SIZE of Linux */
#define HEADER_OFFSET	0x1f1u
#define BOOT_FLAG	0xaa55u
#define HEADER_MAGIC	0x53726448u	/* HdrS */
#define PROTOCOL_MIN	0x020cu		/* 64-bit entry, Linux 3.8 */
#define ENTRY_64	0x200u
#define LOADER_UNKNOWN	0xffu

#define PAGE_PRESENT_RW	0x3ull
#define PAGE_LARGE	0x80ull
#define PAGE_SIZE	4096ull
#define LARGE_PAGE_SIZE	(2ull << 20)

/* A file, mapped read-only. */
struct file {
	const unsigned char *data;
	uint64_t size;
};

static struct {
	struct file kernel, initrd;
	bool is_pvh;
	struct loader_pvh pvh;
	const char *append;
	struct setup_header header;
	uint64_t setup_size;	/* of the sectors in front of the kernel proper */
	uint64_t kernel_gpa, initrd_gpa;
} loader;

static struct file open_file(const char *what, const char *path)
{
	struct file file = { 0 };
	struct stat st;
	void *data;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		die(EXIT_USAGE, "The %s %s cannot be opened: %s.", what, path,
		    strerror(errno));
	if (!S_ISREG(st.st_mode))
		die(EXIT_USAGE, "The %s %s is not a file.", what, path);
	if (!st.st_size)
		die(EXIT_USAGE, "The %s %s is empty.", what, path);
	data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		die(EXIT_HOST, "The %s %s cannot be read: %s.", what, path,
		    strerror(errno));
	close(fd);
	file.data = data;
	file.size = st.st_size;
	return file;
}

static void read_header(const char *path)
{
	struct setup_header *h = &loader.header;
	uint64_t kernel_size;

	if (loader_pvh_is_elf(loader.kernel.data, loader.kernel.size))
		die(EXIT_USAGE, "The kernel %s is an ELF file, but firmware needs a bzImage.",
		    path);
	if (loader.kernel.size < HEADER_OFFSET + sizeof(*h))
		die(EXIT_USAGE, "The kernel %s is too short for a bzImage.",
		    path);
	memcpy(h, loader.kernel.data + HEADER_OFFSET, sizeof(*h));
	if (h->boot_flag != BOOT_FLAG || h->header != HEADER_MAGIC)
		die(EXIT_USAGE, "The kernel %s is not a Linux bzImage.", path);
	if (h->version < PROTOCOL_MIN || !(h->xloadflags & XLF_KERNEL_64))
		die(EXIT_USAGE, "The kernel %s has no 64-bit entry; use a 64-bit kernel.",
		    path);
	loader.setup_size = (h->setup_sects ? h->setup_sects + 1 : 5) * SECTOR;
	/* The unit is 16 bytes: the last one may be incomplete. */
	kernel_size = h->syssize * 16ull;
	if (loader.setup_size >= loader.kernel.size ||
	    loader.setup_size + kernel_size >= loader.kernel.size + 16)
		die(EXIT_USAGE, "The kernel %s is truncated: it has %llu bytes instead of %llu.",
		    path, (unsigned long long)loader.kernel.size,
		    (unsigned long long)(loader.setup_size + kernel_size));
}

static uint64_t align_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) / align * align;
}

/* At its preferred address, or else at the lowest possible one. */
static void place_kernel(const char *path, uint64_t low_size)
{
	const struct setup_header *h = &loader.header;
	uint64_t payload = loader.kernel.size - loader.setup_size;
	uint64_t need = h->init_size > payload ? h->init_size : payload;
	uint64_t at = h->pref_address;

	if (at < LOADER_HIGH_RAM_START)
		at = LOADER_HIGH_RAM_START;
	if (h->relocatable_kernel && (at > low_size || need > low_size - at))
		at = align_up(LOADER_HIGH_RAM_START, h->kernel_alignment ?
			      h->kernel_alignment : LARGE_PAGE_SIZE);
	if (at > low_size || need > low_size - at)
		die(EXIT_USAGE, "The kernel %s needs %llu MiB of guest memory below 2.75 GiB, but the guest has %llu MiB there.",
		    path, (unsigned long long)((at + need) >> 20) + 1,
		    (unsigned long long)low_size >> 20);
	loader.kernel_gpa = at;
	loader.initrd_gpa = align_up(at + need, PAGE_SIZE);
}

static void check_initrd(const char *path, uint64_t low_size)
{
	uint64_t end = loader.initrd_gpa + loader.initrd.size;

	if (end > low_size)
		die(EXIT_USAGE, "The initrd %s does not fit: with the kernel it needs %llu MiB of guest memory below 2.75 GiB, but the guest has %llu MiB there.",
		    path, (unsigned long long)(end >> 20) + 1,
		    (unsigned long long)low_size >> 20);
	if (end - 1 > loader.header.initrd_addr_max)
		die(EXIT_USAGE, "The initrd %s is too large for this kernel: it would end at %llu MiB, and the kernel reads an initrd only below %llu MiB.",
		    path, (unsigned long long)(end >> 20) + 1,
		    (unsigned long long)(loader.header.initrd_addr_max + 1ull) >> 20);
}

/* It has no header with limits: these are those of Linux' own protocol. */
static void open_pvh(const char *kernel, uint64_t low_size)
{
	loader.pvh = (struct loader_pvh) {
		.path = kernel, .data = loader.kernel.data,
		.size = loader.kernel.size,
	};
	loader_pvh_open(&loader.pvh, low_size);
	loader.initrd_gpa = align_up(loader.pvh.end, PAGE_SIZE);
	loader.header.initrd_addr_max = UINT32_MAX;
	loader.header.cmdline_size = PVH_CMDLINE_MAX;
}

void loader_linux_open(const char *kernel, const char *initrd,
		       const char *append, bool firmware, uint64_t low_size)
{
	loader.kernel = open_file("kernel", kernel);
	loader.is_pvh = !firmware && loader_pvh_is_elf(loader.kernel.data,
						       loader.kernel.size);
	if (loader.is_pvh) {
		open_pvh(kernel, low_size);
	} else {
		read_header(kernel);
		place_kernel(kernel, low_size);
	}
	if (initrd) {
		loader.initrd = open_file("initrd", initrd);
		check_initrd(initrd, low_size);
	}
	if (strlen(append) >= CMDLINE_MAX ||
	    strlen(append) > loader.header.cmdline_size)
		die(EXIT_USAGE, "The kernel command line is longer than the %u bytes that this kernel accepts.",
		    loader.header.cmdline_size);
	loader.append = append;
}

void loader_linux_image(struct loader_linux_image *image)
{
	*image = (struct loader_linux_image) {
		.setup = loader.kernel.data,
		.setup_size = loader.setup_size,
		.kernel = loader.kernel.data + loader.setup_size,
		.kernel_size = loader.kernel.size - loader.setup_size,
		.initrd = loader.initrd.data,
		.initrd_size = loader.initrd.size,
		.append = loader.append,
	};
}

/* Sizes were checked by loader_linux_open(). */
static void *guest(uint64_t gpa, uint64_t len)
{
	void *host = memory_at(gpa, len);

	if (!host)
		die(EXIT_USAGE, "There is no guest memory at 0x%llx.",
		    (unsigned long long)gpa);
	return host;
}

/* Code of 64 or 32 bits, and data. */
static void write_gdt(bool is_pvh)
{
	const uint64_t gdt[] = {
		0, 0, is_pvh ? 0x00cf9b000000ffffull : 0x00af9b000000ffffull,
		0x00cf93000000ffffull,
	};

	memcpy(guest(GDT_GPA, sizeof(gdt)), gdt, sizeof(gdt));
}

static void write_page_tables(void)
{
	uint64_t *pml4 = guest(PML4_GPA, PAGE_SIZE);
	uint64_t *pdpt = guest(PDPT_GPA, PAGE_SIZE);
	uint64_t *pd = guest(PD_GPA, 4 * PAGE_SIZE);

	pml4[0] = PDPT_GPA | PAGE_PRESENT_RW;
	for (unsigned int i = 0; i < 4; i++)
		pdpt[i] = (PD_GPA + i * PAGE_SIZE) | PAGE_PRESENT_RW;
	for (unsigned int i = 0; i < 4 * 512; i++)
		pd[i] = i * LARGE_PAGE_SIZE | PAGE_LARGE | PAGE_PRESENT_RW;
}

static void write_e820(struct boot_params *params)
{
	struct loader_range ranges[LOADER_MAP_MAX];
	unsigned int count = loader_map(ranges);

	for (unsigned int i = 0; i < count; i++)
		params->e820_table[i] = (struct boot_e820_entry) {
			.addr = ranges[i].address, .size = ranges[i].size,
			.type = ranges[i].type,
		};
	params->e820_entries = count;
}

static void write_params(uint64_t rsdp)
{
	struct boot_params *params = guest(PARAMS_GPA, sizeof(*params));
	unsigned int header_size = 0x202 + loader.kernel.data[0x201] -
				   HEADER_OFFSET;

	memset(params, 0, sizeof(*params));
	if (header_size > sizeof(params->hdr))
		header_size = sizeof(params->hdr);
	memcpy(&params->hdr, &loader.header, header_size);
	params->hdr.type_of_loader = LOADER_UNKNOWN;
	params->hdr.cmd_line_ptr = CMDLINE_GPA;
	if (loader.initrd.size) {
		params->hdr.ramdisk_image = loader.initrd_gpa;
		params->hdr.ramdisk_size = loader.initrd.size;
	}
	params->acpi_rsdp_addr = rsdp;
	write_e820(params);
}

/* struct setup_data of asm/bootparam.h; Linux adds them and clears them. */
static void write_seed(void)
{
	struct boot_params *params = guest(PARAMS_GPA, sizeof(*params));
	struct setup_data *seed = guest(SEED_GPA, sizeof(*seed) + SEED_SIZE);

	*seed = (struct setup_data) { .type = SETUP_RNG_SEED, .len = SEED_SIZE };
	if (getrandom(seed->data, SEED_SIZE, 0) == SEED_SIZE)
		params->hdr.setup_data = SEED_GPA;
}

static void load_pvh(uint64_t rsdp, struct vcpu_boot *boot)
{
	const struct loader_pvh_start start = {
		.rsdp = rsdp, .cmdline = CMDLINE_GPA,
		.initrd = loader.initrd_gpa, .initrd_size = loader.initrd.size,
	};

	loader_pvh_load(&loader.pvh, &start, PARAMS_GPA);
	*boot = (struct vcpu_boot) {
		.is_pvh = true, .rip = loader.pvh.entry, .rbx = PARAMS_GPA,
		.gdt = GDT_GPA, .gdt_limit = 31,
	};
}

static void load_bzimage(uint64_t rsdp, bool seed, struct vcpu_boot *boot)
{
	uint64_t size = loader.kernel.size - loader.setup_size;

	write_page_tables();
	write_params(rsdp);
	if (seed)
		write_seed();
	memcpy(guest(loader.kernel_gpa, size),
	       loader.kernel.data + loader.setup_size, size);
	*boot = (struct vcpu_boot) {
		.rip = loader.kernel_gpa + ENTRY_64, .rsi = PARAMS_GPA,
		.cr3 = PML4_GPA, .gdt = GDT_GPA, .gdt_limit = 31,
	};
}

void loader_linux_load(uint64_t rsdp, bool seed, struct vcpu_boot *boot)
{
	size_t len = strlen(loader.append) + 1;

	write_gdt(loader.is_pvh);
	memcpy(guest(CMDLINE_GPA, len), loader.append, len);
	if (loader.initrd.size)
		memcpy(guest(loader.initrd_gpa, loader.initrd.size),
		       loader.initrd.data, loader.initrd.size);
	if (loader.is_pvh)
		load_pvh(rsdp, boot);
	else
		load_bzimage(rsdp, seed, boot);
}
