// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "symbols.h"

/* x86-64: the kernel's image is mapped from here on, for 2 GiB at most. */
#define MAP_START	UINT64_C(0xffffffff80000000)
#define SHOWN		3

/**
 * struct symbol - one symbol
 * @address: virtual
 * @name: its name
 */
struct symbol {
	uint64_t address;
	char *name;
};

static struct symbol *symbols;
static size_t count;
static uint64_t text_start;		/* virtual address of _text */
static uint64_t image_end;		/* and of _end */
static uint64_t map_start = MAP_START;	/* virtual address of physical 0 */

static int compare(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

static bool add(uint64_t address, const char *name)
{
	struct symbol *grown;

	if (count % 4096 == 0) {
		grown = realloc(symbols, (count + 4096) * sizeof(*symbols));
		if (!grown)
			return false;
		symbols = grown;
	}
	symbols[count].address = address;
	symbols[count].name = strdup(name);
	return symbols[count++].name;
}

/* A line is "ffffffff81000000 T _text", with "[module]" behind in kallsyms. */
static bool take_line(const char *line)
{
	char name[512], module[2];
	uint64_t address;
	int fields;

	fields = sscanf(line, "%" SCNx64 " %*c %511s %1s", &address, name,
			module);
	if (fields != 2 || address < MAP_START)
		return true;
	if (!strcmp(name, "_text"))
		text_start = address;
	else if (!strcmp(name, "_end"))
		image_end = address;
	else
		return add(address, name);
	return true;
}

int symbols_load(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[1024];
	bool room = true;

	if (!file) {
		error("\"%s\" cannot be read: %s", path, strerror(errno));
		return -1;
	}
	while (room && fgets(line, sizeof(line), file))
		room = take_line(line);
	fclose(file);
	if (!room) {
		error("there is no memory for the symbols of \"%s\"", path);
		return -1;
	}
	if (!text_start || !image_end) {
		error("\"%s\" has no symbols of a kernel's image: it needs the lines of _text and _end with their addresses; root can read those of /proc/kallsyms",
		      path);
		return -1;
	}
	qsort(symbols, count, sizeof(*symbols), compare);
	return 0;
}

void symbols_set_start(uint64_t physical)
{
	map_start = text_start - physical;
}

/* The last symbol at or before @address, or the first one of all. */
static size_t find(uint64_t address)
{
	size_t low = 0, high = count, middle;

	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (symbols[middle].address <= address)
			low = middle;
		else
			high = middle;
	}
	return low;
}

void symbols_in(uint64_t physical, uint64_t size, char *text, size_t len)
{
	uint64_t address = map_start + physical;
	size_t i, used = 0, shown = 0;

	*text = '\0';
	if (!count || address < text_start || address >= image_end)
		return;
	for (i = find(address); i < count && symbols[i].address < address + size; i++) {
		/* names of one address: the first one is enough */
		if (i && shown && symbols[i].address == symbols[i - 1].address)
			continue;
		if (shown++ < SHOWN && used < len)
			used += snprintf(text + used, len - used, "%s%s",
					 shown > 1 ? " " : "", symbols[i].name);
	}
	if (shown > SHOWN && used < len)
		snprintf(text + used, len - used, " and %zu more", shown - SHOWN);
}
