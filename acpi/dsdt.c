// SPDX-License-Identifier: GPL-2.0-or-later
/* DSDT: processors, serial port, pvpanic, clock, PCI, and how to power off. */
#include <stdio.h>

#include "aml.h"
#include "tables.h"

#define DSDT_REVISION	2	/* integers have 64 bits */
#define STA_WORKS	0xf	/* present, enabled, shown, functioning */

static void add_processors(struct ssi_builder *b, unsigned int count)
{
	for (unsigned int uid = 0; uid < count; uid++) {
		char name[5];
		size_t device;

		snprintf(name, sizeof(name), "C%03X", uid & 0xfff);
		device = ssi_aml_open_device(b, name);
		ssi_aml_name_string(b, "_HID", "ACPI0007");
		ssi_aml_name_integer(b, "_UID", uid);
		ssi_aml_close(b, device);
	}
}

static void add_serial(struct ssi_builder *b, uint16_t port, uint8_t irq)
{
	struct ssi_aml_resources resources = { .len = 0 };
	size_t device = ssi_aml_open_device(b, "COM1");

	ssi_aml_name_eisa_id(b, "_HID", "PNP0501");
	ssi_aml_name_integer(b, "_UID", 1);
	ssi_aml_add_io(&resources, port, 8);
	ssi_aml_add_irq(&resources, irq);
	ssi_aml_name_resources(b, &resources);
	ssi_aml_close(b, device);
}

/* The description is QEMU's, since drivers of guests search for that. */
static void add_pvpanic(struct ssi_builder *b, uint16_t port)
{
	struct ssi_aml_resources resources = { .len = 0 };
	size_t device = ssi_aml_open_device(b, "PEVT");

	ssi_aml_name_string(b, "_HID", "QEMU0001");
	ssi_aml_name_integer(b, "_STA", STA_WORKS);
	ssi_aml_add_io(&resources, port, 1);
	ssi_aml_name_resources(b, &resources);
	ssi_aml_close(b, device);
}

/* The clock has no interrupt, so that guests do not wait for one. */
static void add_rtc(struct ssi_builder *b, uint16_t port)
{
	struct ssi_aml_resources resources = { .len = 0 };
	size_t device = ssi_aml_open_device(b, "RTC_");

	ssi_aml_name_eisa_id(b, "_HID", "PNP0B00");
	ssi_aml_add_io(&resources, port, 2);
	ssi_aml_name_resources(b, &resources);
	ssi_aml_close(b, device);
}

/* \_S5: what the guest writes to PM1a and PM1b to power off (7.4.2.6). */
static void add_power_off(struct ssi_builder *b)
{
	static const uint8_t types[] = { SSI_ACPI_S5_TYPE, 0, 0, 0 };

	ssi_aml_name_package(b, "_S5_", types, sizeof(types));
}

uint64_t ssi_dsdt_build(struct ssi_builder *b,
			const struct ssi_acpi_config *cfg)
{
	uint64_t gpa = ssi_builder_begin_table(b, "DSDT", DSDT_REVISION);
	size_t scope = ssi_aml_open_scope(b, "_SB_");

	add_processors(b, cfg->num_cpus);
	if (cfg->serial_port)
		add_serial(b, cfg->serial_port, cfg->serial_irq);
	if (cfg->pvpanic_port)
		add_pvpanic(b, cfg->pvpanic_port);
	if (cfg->rtc_port)
		add_rtc(b, cfg->rtc_port);
	if (cfg->num_pci_roots)
		ssi_pci_build(b, cfg);
	ssi_aml_close(b, scope);
	add_power_off(b);
	ssi_builder_end_table(b);
	return gpa;
}
