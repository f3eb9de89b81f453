// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs in the guest: tells whose each page of its memory is. Prints lines
 *	PFN KIND		slab:CACHE, page-table, file, anonymous, kernel
 *	PFN proc:COMM:AREA	a process has mapped it; more than one line is possible
 *	percpu CPU ADDRESS	physical address of offset 0 of the CPU's variables
 *	node N ADDRESS		of the kernel's struct pglist_data
 *
 * Addresses of kernel memory are those without KASLR (nokaslr).
 */
#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	(UINT64_C(1) << PAGE_SHIFT)
#define DIRECT_MAP	UINT64_C(0xffff888000000000)
#define IMAGE_MAP	UINT64_C(0xffffffff80000000)
#define VMEMMAP		UINT64_C(0xffffea0000000000)
#define STRUCT_PAGE	64
#define SLAB_CACHE_AT	24	/* offset of slab_cache in struct slab */
#define CACHE_WORDS	32	/* of a struct kmem_cache that are searched */
#define MAX_SEGMENTS	64
#define MAX_CPUS	64
#define MAX_NODES	32

/* Documentation/admin-guide/mm/pagemap.rst */
#define FLAG_LRU	(UINT64_C(1) << 5)
#define FLAG_SLAB	(UINT64_C(1) << 7)
#define FLAG_BUDDY	(UINT64_C(1) << 10)
#define FLAG_ANON	(UINT64_C(1) << 12)
#define FLAG_TAIL	(UINT64_C(1) << 16)
#define FLAG_NOPAGE	(UINT64_C(1) << 20)
#define FLAG_PGTABLE	(UINT64_C(1) << 26)
#define PRESENT		(UINT64_C(1) << 63)
#define PFN_MASK	((UINT64_C(1) << 55) - 1)

static Elf64_Phdr segments[MAX_SEGMENTS];
static unsigned int num_segments;
static int kcore = -1;

static void open_kcore(void)
{
	Elf64_Ehdr head;

	kcore = open("/proc/kcore", O_RDONLY);
	if (kcore < 0 || pread(kcore, &head, sizeof(head), 0) != sizeof(head))
		return;
	num_segments = head.e_phnum < MAX_SEGMENTS ? head.e_phnum : MAX_SEGMENTS;
	if (pread(kcore, segments, num_segments * sizeof(*segments), head.e_phoff) < 0)
		num_segments = 0;
}

/* The kernel's memory at a virtual address; false if it cannot be read. */
static bool peek(uint64_t address, void *to, size_t size)
{
	for (unsigned int i = 0; i < num_segments; i++) {
		const Elf64_Phdr *segment = &segments[i];

		if (address >= segment->p_vaddr &&
		    address + size <= segment->p_vaddr + segment->p_memsz)
			return pread(kcore, to, size, segment->p_offset + address -
				     segment->p_vaddr) == (ssize_t)size;
	}
	return false;
}

static uint64_t find_symbol(const char *wanted)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	uint64_t address, found = 0;
	char name[256];

	while (file && !found &&
	       fscanf(file, "%" SCNx64 " %*c %255s%*[^\n]", &address, name) == 2)
		if (!strcmp(name, wanted))
			found = address;
	if (file)
		fclose(file);
	return found;
}

static uint64_t physical(uint64_t address)
{
	return address >= IMAGE_MAP ? address - IMAGE_MAP : address - DIRECT_MAP;
}

/* Prints physical addresses of what an array of pointers or offsets points to. */
static void print_array(const char *symbol, const char *word, unsigned int count)
{
	uint64_t at = find_symbol(symbol), value;

	for (unsigned int i = 0; at && i < count; i++) {
		if (!peek(at + i * 8, &value, 8) || value < DIRECT_MAP ||
		    value >= VMEMMAP)
			break;
		printf("%s %u %" PRIx64 "\n", word, i, physical(value));
	}
}

static bool is_name(const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("-_:.()", text[i]))
			return false;
	return length > 2 && length < size;
}

/* The name of a slab's cache: the first pointer of the cache to a name. */
static const char *slab_name(uint64_t pfn)
{
	static char name[32];
	uint64_t cache, words[CACHE_WORDS];

	if (!peek(VMEMMAP + pfn * STRUCT_PAGE + SLAB_CACHE_AT, &cache, 8) ||
	    !peek(cache, words, sizeof(words)))
		return "?";
	for (unsigned int i = 0; i < CACHE_WORDS; i++)
		if (words[i] >= DIRECT_MAP && peek(words[i], name, sizeof(name)) &&
		    is_name(name, sizeof(name)))
			return name;
	return "?";
}

static void print_kinds(void)
{
	int file = open("/proc/kpageflags", O_RDONLY);
	uint64_t flags[512], pfn = 0, head = 0, head_flags = 0;
	ssize_t got;

	while ((got = read(file, flags, sizeof(flags))) > 0)
		for (ssize_t i = 0; i < got / 8; i++, pfn++) {
			if (!(flags[i] & FLAG_TAIL)) {
				head = pfn;
				head_flags = flags[i];
			}
			if (head_flags & FLAG_SLAB)
				printf("%" PRIx64 " slab:%s\n", pfn, slab_name(head));
			else if (flags[i] & FLAG_PGTABLE)
				printf("%" PRIx64 " page-table\n", pfn);
			else if (flags[i] & FLAG_ANON)
				printf("%" PRIx64 " anonymous\n", pfn);
			else if (flags[i] & FLAG_LRU)
				printf("%" PRIx64 " file\n", pfn);
			else if (!(flags[i] & (FLAG_BUDDY | FLAG_NOPAGE)))
				printf("%" PRIx64 " kernel\n", pfn);
		}
	close(file);
}

static void print_area(int pagemap, const char *comm, const char *line)
{
	uint64_t start, end, entry;
	char name[256] = "";

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %*s %255s", &start, &end,
		   name) < 2)
		return;
	if (strrchr(name, '/'))
		memmove(name, strrchr(name, '/') + 1, strlen(strrchr(name, '/')));
	for (uint64_t at = start; at < end; at += PAGE_SIZE)
		if (pread(pagemap, &entry, 8, (at >> PAGE_SHIFT) * 8) == 8 &&
		    entry & PRESENT)
			printf("%" PRIx64 " proc:%s:%s\n", entry & PFN_MASK, comm,
			       *name ? name : "anonymous");
}

static void print_process(const char *pid)
{
	char path[64], comm[32] = "", line[512];
	FILE *file;
	int pagemap;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%31[^\n]", comm) != 1)
		return;
	fclose(file);
	snprintf(path, sizeof(path), "/proc/%s/pagemap", pid);
	pagemap = open(path, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		print_area(pagemap, comm, line);
	if (file)
		fclose(file);
	close(pagemap);
}

static void print_processes(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc)))
		if (isdigit((unsigned char)*entry->d_name))
			print_process(entry->d_name);
}

int main(void)
{
	open_kcore();
	print_array("__per_cpu_offset", "percpu", MAX_CPUS);
	print_array("node_data", "node", MAX_NODES);
	print_processes();
	print_kinds();
	printf("end 0\n");
	return 0;
}
