// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The DSDT's devices for PCI: a root for each node that has devices, and what
 * reserves configuration space. There is no _PRT: devices have MSI-X only.
 */
#include <stdio.h>

#include "aml.h"
#include "tables.h"

#define LAST_PORT	0xffff
#define PORTS_SIZE	8

/*
 * The firmware uses none of it, so the guest gets all that it requests of
 * native hot-plug, power management, error reporting and capabilities (PCI
 * Firmware 3.3, 4.5.1):
 *
 *	Method (_OSC, 4, Serialized) {
 *		CreateDWordField (Arg3, 0, CDW1)
 *		CreateDWordField (Arg3, 8, CDW3)
 *		If (LEqual (Arg0,
 *			    ToUUID ("33db4d5b-1ff7-401c-9657-7441c03dd766"))) {
 *			And (CDW3, 0x1f, CDW3)
 *		} Else {
 *			Or (CDW1, 4, CDW1)
 *		}
 *		Return (Arg3)
 *	}
 */
static const uint8_t osc[] = {
	0x14, 0x48, 0x04, '_', 'O', 'S', 'C', 0x0c,
	0x8a, 0x6b, 0x00, 'C', 'D', 'W', '1',
	0x8a, 0x6b, 0x0a, 8, 'C', 'D', 'W', '3',
	0xa0, 0x22, 0x93, 0x68, 0x11, 0x13, 0x0a, 16,
	0x5b, 0x4d, 0xdb, 0x33, 0xf7, 0x1f, 0x1c, 0x40,
	0x96, 0x57, 0x74, 0x41, 0xc0, 0x3d, 0xd7, 0x66,
	0x7b, 'C', 'D', 'W', '3', 0x0a, 0x1f, 'C', 'D', 'W', '3',
	0xa1, 0x0c,
	0x7d, 'C', 'D', 'W', '1', 0x0a, 4, 'C', 'D', 'W', '1',
	0xa4, 0x6b,
};

/* All I/O ports belong to the first root, as on a PC. */
static void add_root_resources(struct ssi_builder *b,
			       const struct ssi_acpi_pci_root *root)
{
	struct ssi_aml_resources resources = { .len = 0 };

	ssi_aml_add_bus_window(&resources, root->first_bus, root->last_bus);
	if (!root->first_bus) {
		ssi_aml_add_io(&resources, SSI_ACPI_PCI_PORTS, PORTS_SIZE);
		ssi_aml_add_io_window(&resources, 0, SSI_ACPI_PCI_PORTS - 1);
		ssi_aml_add_io_window(&resources,
				      SSI_ACPI_PCI_PORTS + PORTS_SIZE,
				      LAST_PORT);
	}
	ssi_aml_add_memory_window(&resources, root->window,
				  root->window + root->window_size - 1);
	ssi_aml_name_resources(b, &resources);
}

static void add_root(struct ssi_builder *b,
		     const struct ssi_acpi_pci_root *root)
{
	char name[5];
	size_t device;

	snprintf(name, sizeof(name), "PC%02X", root->first_bus);
	device = ssi_aml_open_device(b, name);
	ssi_aml_name_eisa_id(b, "_HID", "PNP0A08");
	ssi_aml_name_eisa_id(b, "_CID", "PNP0A03");
	ssi_aml_name_integer(b, "_UID", root->first_bus);
	ssi_aml_name_integer(b, "_SEG", 0);
	ssi_aml_name_integer(b, "_BBN", root->first_bus);
	ssi_aml_name_integer(b, "_PXM", root->node);
	ssi_aml_name_integer(b, "_CBA", SSI_ACPI_PCI_ECAM);
	add_root_resources(b, root);
	ssi_builder_append(b, osc, sizeof(osc));
	ssi_aml_close(b, device);
}

static void add_ecam(struct ssi_builder *b)
{
	struct ssi_aml_resources resources = { .len = 0 };
	size_t device = ssi_aml_open_device(b, "ECAM");

	ssi_aml_name_eisa_id(b, "_HID", "PNP0C02");
	ssi_aml_add_memory(&resources, SSI_ACPI_PCI_ECAM,
			   SSI_ACPI_PCI_ECAM_SIZE);
	ssi_aml_name_resources(b, &resources);
	ssi_aml_close(b, device);
}

void ssi_pci_build(struct ssi_builder *b, const struct ssi_acpi_config *cfg)
{
	add_ecam(b);
	for (unsigned int i = 0; i < cfg->num_pci_roots; i++)
		add_root(b, &cfg->pci_roots[i]);
}
