// SPDX-License-Identifier: GPL-2.0-or-later
/* The PCI bus: the devices of a Q35, and both ways to access them. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "checks.h"
#include "report.h"

#define DEVICES		"/sys/bus/pci/devices"
#define HOST_BRIDGE	"0000:00:00.0"
#define LPC_BRIDGE	"0000:00:1f.0"
#define ECAM_SIZE	4096

static void check_identity(const char *name, const char *vendor,
			   const char *device)
{
	char path[128], line[64];

	snprintf(path, sizeof(path), DEVICES "/%s/vendor", name);
	machine_read_line(path, line, sizeof(line));
	if (strcmp(line, vendor))
		report_fail("The vendor of %s is \"%s\", not %s.", name, line,
			    vendor);
	snprintf(path, sizeof(path), DEVICES "/%s/device", name);
	machine_read_line(path, line, sizeof(line));
	if (strcmp(line, device))
		report_fail("The device of %s is \"%s\", not %s.", name, line,
			    device);
}

static int count_functions(void)
{
	DIR *dir = opendir(DEVICES);
	struct dirent *entry;
	int count = 0;

	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

/* Linux reads the first 256 bytes by ports, and the rest in memory. */
static void check_config_space(void)
{
	struct stat st;

	if (stat(DEVICES "/" HOST_BRIDGE "/config", &st) ||
	    st.st_size != ECAM_SIZE)
		report_fail("The host bridge's configuration space is not reached in memory.");
}

void check_pci(const struct machine *machine, const struct settings *settings)
{
	(void)machine;
	(void)settings;
	report_key("functions=%d", count_functions());
	check_identity(HOST_BRIDGE, "0x8086", "0x29c0");
	check_identity(LPC_BRIDGE, "0x8086", "0x2918");
	check_config_space();
}
