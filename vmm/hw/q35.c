// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The two functions by which firmware recognizes a Q35 machine (Intel 3 Series MCH,
 * 316966; Intel ICH9, 316972): host bridge and LPC bridge. Where configuration
 * space and the ACPI registers are cannot be changed: both are where OVMF puts
 * them, and always on. Other registers keep their values without any effect.
 */
#include "q35.h"

#include "../../acpi/ssi_acpi.h"
#include "../pci.h"

#define INTEL		0x8086

#define MCH_DEVICE	0x29c0
#define MCH_PCIEXBAR	0x60	/* 8 bytes; MCH, 5.1.17 */
#define PCIEXBAR_ON	1u	/* and of 256 buses */

#define LPC_DEVICE	0x2918
#define LPC_SLOT	0x1f
#define LPC_REVISION	2
#define LPC_PMBASE	0x40	/* ICH9, 13.1.13 */
#define PMBASE_IO	1u
#define LPC_ACPI_CNTL	0x44
#define ACPI_CNTL_ON	0x80u
#define LPC_PIRQ	0x60	/* A to D; E to H are at 0x68 */
#define PIRQ_OFF	0x80808080u
#define PIRQ_WRITABLE	0x8f8f8f8fu
#define LPC_RCBA	0xf0
#define RCBA_WRITABLE	0xffffc001u

#define CLASS_HOST	0x0600
#define CLASS_ISA	0x0601
#define MULTIFUNCTION	0x80

static void add_host_bridge(void)
{
	static struct pci_function mch = { .name = "the host bridge" };
	static const struct pci_identity identity = {
		.vendor = INTEL, .device = MCH_DEVICE, .class = CLASS_HOST,
	};

	pci_function_init(&mch, &identity);
	pci_set(&mch, MCH_PCIEXBAR, 4, SSI_ACPI_PCI_ECAM | PCIEXBAR_ON, 0);
	pci_add(&mch, 0);
}

static void add_lpc_bridge(uint16_t pm_base)
{
	static struct pci_function lpc = {
		.name = "the LPC bridge", .devfn = PCI_DEVFN(LPC_SLOT, 0),
	};
	static const struct pci_identity identity = {
		.vendor = INTEL, .device = LPC_DEVICE, .class = CLASS_ISA,
		.revision = LPC_REVISION,
	};
	const uint32_t always = PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
				PCI_COMMAND_MASTER;

	pci_function_init(&lpc, &identity);
	pci_set(&lpc, PCI_COMMAND, 2, always, 0);
	pci_set(&lpc, PCI_HEADER_TYPE, 1, MULTIFUNCTION, 0);
	pci_set(&lpc, LPC_PMBASE, 4, pm_base | PMBASE_IO, 0);
	pci_set(&lpc, LPC_ACPI_CNTL, 1, ACPI_CNTL_ON, 0);
	pci_set(&lpc, LPC_PIRQ, 4, PIRQ_OFF, PIRQ_WRITABLE);
	pci_set(&lpc, LPC_PIRQ + 8, 4, PIRQ_OFF, PIRQ_WRITABLE);
	pci_set(&lpc, LPC_RCBA, 4, 0, RCBA_WRITABLE);
	pci_add(&lpc, 0);
}

void q35_init(uint16_t pm_base)
{
	add_host_bridge();
	add_lpc_bridge(pm_base);
}
