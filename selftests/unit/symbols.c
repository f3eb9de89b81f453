// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of the guest's kernel for addresses of its memory, tools/symbols.c. */
#include "../../tools/symbols.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

#define PAGE	0x1000

/* Not in order, as kallsyms is not; the last one is a module's. */
static const char kallsyms[] =
	"0000000000031000 D runqueues\n"
	"ffffffff81002000 D jiffies\n"
	"ffffffff81000000 T _text\n"
	"ffffffff81001000 D first\n"
	"ffffffff81001000 D first\n"
	"ffffffff81001ff8 D reaches_over\n"
	"ffffffff81002010 D second\n"
	"ffffffff81002020 D third\n"
	"ffffffff81002030 D fourth\n"
	"ffffffff81004000 D _end\n"
	"ffffffffc0000000 T of_a_module	[ssi]\n";

static const struct {
	uint64_t start;		/* of the image; 0: no KASLR */
	uint64_t page;
	const char *names;
} pages[] = {
	{ 0, 0x1001000, "first reaches_over" },
	{ 0, 0x1002000, "jiffies second third and 1 more" },
	{ 0, 0x1003000, "fourth" },
	{ 0, 0xfff000, "" },
	{ 0, 0x1004000, "" },
	{ 0, 0x31000, "" },
	{ 0x7000000, 0x7001000, "first reaches_over" },
	{ 0x7000000, 0x1001000, "" },
};

static void load(const char *text)
{
	char path[] = "/tmp/symbols-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		tap_bail("%s cannot be written", path);
	close(fd);
	tap_ok(!symbols_load(path), "a copy of kallsyms is read");
	unlink(path);
}

int main(void)
{
	char names[64], little[8];

	tap_plan(ARRAY_SIZE(pages) + 2);
	load(kallsyms);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		if (pages[i].start)
			symbols_set_start(pages[i].start);
		symbols_in(pages[i].page, PAGE, names, sizeof(names));
		tap_ok(!strcmp(names, pages[i].names), "0x%llx is '%s'",
		       (unsigned long long)pages[i].page, names);
	}
	symbols_in(0x7002000, PAGE, little, sizeof(little));
	tap_ok(!strcmp(little, "jiffies"), "names end where the room ends");
	return tap_exit();
}
