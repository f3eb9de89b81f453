// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Boots an uncompressed kernel, a vmlinux, at its PVH entry (Xen, docs/misc/
 * pvh.pandoc and xen/include/public/arch-x86/hvm/start_info.h). The entry is a note
 * of the ELF file. The kernel begins there in 32-bit mode, without paging, with the
 * address of struct start_info in EBX.
 */
#include "loader_pvh.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

#include "loader_map.h"
#include "log.h"
#include "memory.h"

#define START_MAGIC	0x336ec578u
#define NOTE_ENTRY	18		/* XEN_ELFNOTE_PHYS32_ENTRY */

struct start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modules, cmdline, rsdp, ranges;
	uint32_t nr_ranges, reserved;
};

struct module {
	uint64_t address, size, cmdline, reserved;
};

/* What is written to the guest. */
struct page {
	struct start_info info;
	struct module module;
	struct loader_range ranges[LOADER_MAP_MAX];
};

_Static_assert(sizeof(struct start_info) == 56, "start_info.h");

bool loader_pvh_is_elf(const unsigned char *data, uint64_t size)
{
	return size >= SELFMAG && !memcmp(data, ELFMAG, SELFMAG);
}

/* A copy: the file may have it at any place. Return: whether it is in the file. */
static bool read_at(const struct loader_pvh *kernel, uint64_t at, void *to,
		    uint64_t len)
{
	if (at > kernel->size || len > kernel->size - at)
		return false;
	memcpy(to, kernel->data + at, len);
	return true;
}

static Elf64_Ehdr read_header(const struct loader_pvh *kernel)
{
	Elf64_Ehdr header;

	if (!read_at(kernel, 0, &header, sizeof(header)) ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_ident[EI_DATA] != ELFDATA2LSB ||
	    header.e_machine != EM_X86_64 ||
	    header.e_phentsize != sizeof(Elf64_Phdr))
		die(EXIT_USAGE, "The kernel %s is an ELF file, but not one for x86-64.",
		    kernel->path);
	return header;
}

static Elf64_Phdr read_segment(const struct loader_pvh *kernel,
			       const Elf64_Ehdr *header, unsigned int i)
{
	Elf64_Phdr segment = { 0 };

	if (header->e_phoff > kernel->size ||
	    !read_at(kernel, header->e_phoff + i * sizeof(segment), &segment,
		     sizeof(segment)) ||
	    segment.p_offset > kernel->size ||
	    segment.p_filesz > kernel->size - segment.p_offset)
		die(EXIT_USAGE, "The kernel %s is truncated.", kernel->path);
	return segment;
}

/* Notes have a name and a value, each filled up to 4 bytes. */
static void find_entry(struct loader_pvh *kernel, uint64_t at, uint64_t end)
{
	Elf64_Nhdr note;
	char name[4];

	while (at < end && read_at(kernel, at, &note, sizeof(note))) {
		uint64_t value = at + sizeof(note) + (((uint64_t)note.n_namesz + 3) & ~3ull);

		if (note.n_type == NOTE_ENTRY && note.n_namesz == sizeof(name) &&
		    read_at(kernel, at + sizeof(note), name, sizeof(name)) &&
		    !memcmp(name, "Xen", sizeof(name)) &&
		    note.n_descsz >= sizeof(kernel->entry))
			read_at(kernel, value, &kernel->entry,
				sizeof(kernel->entry));
		at = value + (((uint64_t)note.n_descsz + 3) & ~3ull);
	}
}

static void check_place(struct loader_pvh *kernel, const Elf64_Phdr *segment,
			uint64_t low_size)
{
	uint64_t end = segment->p_paddr + segment->p_memsz;

	if (segment->p_filesz > segment->p_memsz || end < segment->p_paddr ||
	    segment->p_paddr < LOADER_HIGH_RAM_START)
		die(EXIT_USAGE, "The kernel %s has a part at 0x%llx, where a kernel cannot be.",
		    kernel->path, (unsigned long long)segment->p_paddr);
	if (end > low_size)
		die(EXIT_USAGE, "The kernel %s needs %llu MiB of guest memory below 2.75 GiB, but the guest has %llu MiB there.",
		    kernel->path, (unsigned long long)(end >> 20) + 1,
		    (unsigned long long)low_size >> 20);
	if (end > kernel->end)
		kernel->end = end;
}

void loader_pvh_open(struct loader_pvh *kernel, uint64_t low_size)
{
	Elf64_Ehdr header = read_header(kernel);

	kernel->entry = 0;
	kernel->end = 0;
	for (unsigned int i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment = read_segment(kernel, &header, i);

		if (segment.p_type == PT_LOAD && segment.p_memsz)
			check_place(kernel, &segment, low_size);
		else if (segment.p_type == PT_NOTE)
			find_entry(kernel, segment.p_offset,
				   segment.p_offset + segment.p_filesz);
	}
	if (!kernel->entry || !kernel->end)
		die(EXIT_USAGE, "The kernel %s has no PVH entry; Linux has one with CONFIG_PVH. Use its bzImage.",
		    kernel->path);
}

static void copy_segments(const struct loader_pvh *kernel)
{
	Elf64_Ehdr header = read_header(kernel);

	for (unsigned int i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment = read_segment(kernel, &header, i);
		void *to = memory_at(segment.p_paddr, segment.p_filesz);

		/*
		 * The file may have changed since it was checked, while this node waited
		 * for others. Memory is zero behind what the file has.
		 */
		if (segment.p_type == PT_LOAD && segment.p_filesz && to)
			memcpy(to, kernel->data + segment.p_offset,
			       segment.p_filesz);
	}
}

void loader_pvh_load(const struct loader_pvh *kernel,
		     const struct loader_pvh_start *start, uint64_t info_gpa)
{
	struct page *page = memory_at(info_gpa, sizeof(*page));

	if (!page)
		die(EXIT_USAGE, "There is no guest memory at 0x%llx.",
		    (unsigned long long)info_gpa);
	copy_segments(kernel);
	*page = (struct page) {
		.info = {
			.magic = START_MAGIC, .version = 1,
			.modules = info_gpa + offsetof(struct page, module),
			.nr_modules = !!start->initrd_size,
			.cmdline = start->cmdline, .rsdp = start->rsdp,
			.ranges = info_gpa + offsetof(struct page, ranges),
		},
		.module = {
			.address = start->initrd, .size = start->initrd_size,
		},
	};
	page->info.nr_ranges = loader_map(page->ranges);
}
