// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SPCR: the serial port is where a console may be (Microsoft, "Serial Port
 * Console Redirection Table", revision 2).
 */
#include "tables.h"

#define SPCR_REVISION		2

#define INTERFACE_16550		0
#define INTERRUPT_PIC		(1u << 0)
#define INTERRUPT_IOAPIC	(1u << 1)
#define BAUD_115200		7
#define ONE_STOP_BIT		1
#define TERMINAL_VT_UTF8	2
#define NO_PCI_DEVICE		0xffff

/* The table without its header. */
struct spcr {
	uint8_t interface_type;
	uint8_t reserved0[3];
	struct ssi_acpi_gas base;
	uint8_t interrupt_type;
	uint8_t irq;
	uint32_t gsi;
	uint8_t baud_rate;
	uint8_t parity;
	uint8_t stop_bits;
	uint8_t flow_control;
	uint8_t terminal_type;
	uint8_t reserved1;
	uint16_t pci_device_id;
	uint16_t pci_vendor_id;
	uint8_t pci_bus;
	uint8_t pci_device;
	uint8_t pci_function;
	uint32_t pci_flags;
	uint8_t pci_segment;
	uint32_t reserved2;
} __attribute__((packed));

_Static_assert(sizeof(struct spcr) == 80 - 36, "SPCR, revision 2");

uint64_t ssi_spcr_build(struct ssi_builder *b,
			const struct ssi_acpi_config *cfg)
{
	const struct spcr spcr = {
		.interface_type = INTERFACE_16550,
		.base = {
			.space = SSI_GAS_IO, .bit_width = 8, .access = 1,
			.address = cfg->serial_port,
		},
		.interrupt_type = INTERRUPT_PIC | INTERRUPT_IOAPIC,
		.irq = cfg->serial_irq,
		.gsi = cfg->serial_irq,
		.baud_rate = BAUD_115200,
		.stop_bits = ONE_STOP_BIT,
		.terminal_type = TERMINAL_VT_UTF8,
		.pci_device_id = NO_PCI_DEVICE,
		.pci_vendor_id = NO_PCI_DEVICE,
	};
	uint64_t gpa = ssi_builder_begin_table(b, "SPCR", SPCR_REVISION);

	ssi_builder_append(b, &spcr, sizeof(spcr));
	ssi_builder_end_table(b);
	return gpa;
}
