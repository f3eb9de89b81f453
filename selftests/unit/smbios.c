// SPDX-License-Identifier: GPL-2.0-or-later
/* SMBIOS tables: vmm/smbios.c, read by dmidecode. */
#include "../../vmm/smbios.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

#define DUMP_TABLES	32	/* where dmidecode looks for them in a file */
#define DMIDECODE	"PATH=$PATH:/usr/sbin:/sbin dmidecode --from-dump "

static const uint8_t uuid[SMBIOS_UUID_SIZE] = {
	0x3b, 0x24, 0x11, 0x01, 0xe2, 0xbb, 0x42, 0x55,
	0x8c, 0xaf, 0x41, 0x36, 0xc5, 0x66, 0xa9, 0x62,
};

static char dump[32];

static void write_dump(const struct smbios *smbios)
{
	FILE *file = fopen(dump, "w");

	if (!file || fwrite(smbios->anchor, sizeof(smbios->anchor), 1, file) != 1 ||
	    fseek(file, DUMP_TABLES, SEEK_SET) ||
	    fwrite(smbios->tables, smbios->size, 1, file) != 1 || fclose(file))
		tap_bail("no file");
}

/* Does dmidecode print this line for a word? */
static bool decodes(const char *word, const char *line)
{
	char command[256], text[128] = "";
	FILE *pipe;

	snprintf(command, sizeof(command), DMIDECODE "%s -s %s 2>&1", dump, word);
	pipe = popen(command, "r");
	if (!pipe || !fgets(text, sizeof(text), pipe))
		text[0] = '\0';
	if (pipe)
		pclose(pipe);
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, line))
		tap_diag("%s is \"%s\", not \"%s\"", word, text, line);
	return !strcmp(text, line);
}

/* dmidecode remarks on tables that are broken. */
static bool is_clean(void)
{
	char command[256];

	snprintf(command, sizeof(command), DMIDECODE
		 "%s 2>&1 | grep -iq 'invalid\\|broken\\|wrong\\|bad\\|truncated\\|error'", dump);
	return system(command);
}

static void test_decoded(void)
{
	struct smbios smbios;

	smbios_make(&smbios, uuid, "demo", false, DUMP_TABLES);
	write_dump(&smbios);
	tap_ok(is_clean(), "dmidecode has no remarks");
	tap_ok(decodes("system-uuid", "3b241101-e2bb-4255-8caf-4136c566a962"),
	       "the UUID");
	tap_ok(decodes("system-manufacturer", "SSI") &&
	       decodes("system-product-name", "SSI guest") &&
	       decodes("system-family", "demo") &&
	       decodes("bios-vendor", "SSI") &&
	       decodes("chassis-manufacturer", "SSI"), "who made it");
	smbios_make(&smbios, uuid, "", true, DUMP_TABLES);
	write_dump(&smbios);
	tap_ok(is_clean() && decodes("bios-vendor", ""),
	       "firmware describes itself");
}

/* 6.1.3: the size and the end, whatever the name. */
static void test_size(void)
{
	char name[300];
	struct smbios smbios;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	smbios_make(&smbios, uuid, name, false, 0xff100);
	tap_ok(smbios.size < SMBIOS_TABLES_MAX &&
	       smbios.tables[smbios.size - 6] == 127 &&
	       !smbios.tables[smbios.size - 1], "a name that is too long is cut off");
}

int main(void)
{
	int fd;

	strcpy(dump, "/tmp/ssi-smbios-XXXXXX");
	fd = mkstemp(dump);

	if (fd < 0)
		tap_bail("no file");
	close(fd);
	if (system("PATH=$PATH:/usr/sbin:/sbin dmidecode --version >/dev/null 2>&1")) {
		unlink(dump);
		tap_skip_all("there is no dmidecode");
	}
	tap_plan(5);
	test_decoded();
	test_size();
	unlink(dump);
	return tap_exit();
}
