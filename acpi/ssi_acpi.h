/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI tables of a guest whose CPUs and memory lie on several nodes.
 *
 * The library gets ids, ranges and ports, and does not depend on KVM, on the
 * cluster or on files. Page and section numbers are of the ACPI
 * specification 6.4 unless another source is named.
 */
#ifndef SSI_ACPI_H
#define SSI_ACPI_H

#include <stddef.h>
#include <stdint.h>

#define SSI_ACPI_MAX_NODES	32
#define SSI_ACPI_MAX_CPUS	1024
#define SSI_ACPI_MAX_TABLES	16
#define SSI_ACPI_MAX_POINTERS	32

/* Linux computes with picoseconds in 32 bits. */
#define SSI_ACPI_MAX_LATENCY	4000000

/* The usual distances in a SLIT. */
#define SSI_ACPI_LOCAL_DISTANCE		10	/* as the specification says */
#define SSI_ACPI_REMOTE_DISTANCE	20

/* Enough for every legal configuration (the longest table is the DSDT). */
#define SSI_ACPI_MAX_SIZE	(128u << 10)

/* Ports and addresses of the devices of ssi-vmm. */
#define SSI_ACPI_PM1_EVENT	0x600	/* 4 bytes: status, enable */
#define SSI_ACPI_PM1_CONTROL	0x604	/* 2 bytes */
#define SSI_ACPI_PM_TIMER	0x608	/* 4 bytes, 32 bits wide */
#define SSI_ACPI_RESET_PORT	0xcf9	/* 1 byte */
#define SSI_ACPI_RESET_VALUE	6
#define SSI_ACPI_PVPANIC_PORT	0x505	/* 1 byte */
#define SSI_ACPI_SERIAL_PORT	0x3f8	/* 8 bytes */
#define SSI_ACPI_SERIAL_IRQ	4
#define SSI_ACPI_SCI_IRQ	9	/* edge triggered, active high */
#define SSI_ACPI_RTC_PORT	0x70	/* 2 bytes; no interrupt */
#define SSI_ACPI_IOAPIC_BASE	0xfec00000u
#define SSI_ACPI_LAPIC_BASE	0xfee00000u

/* PCI: configuration space of 256 buses, and where BARs may be. */
#define SSI_ACPI_PCI_ECAM	0xb0000000u
#define SSI_ACPI_PCI_ECAM_SIZE	(256u << 20)
#define SSI_ACPI_PCI_WINDOW	0xc0000000u
#define SSI_ACPI_PCI_WINDOW_SIZE	0x3c000000u
#define SSI_ACPI_PCI_PORTS	0xcf8	/* 8 bytes; all roots have them */

/*
 * SLP_TYP that \_S5 announces: the guest powers off by writing
 * SLP_EN (bit 13) | SSI_ACPI_S5_TYPE << 10 to the PM1 control port.
 */
#define SSI_ACPI_S5_TYPE	5

/**
 * struct ssi_acpi_cpu - one CPU of the guest
 * @apic_id: its x2APIC id
 * @node: its proximity domain
 *
 * The place in the array is the ACPI processor UID. The first is the boot CPU.
 */
struct ssi_acpi_cpu {
	uint32_t apic_id;
	uint32_t node;
};

/**
 * struct ssi_acpi_memory - one range of guest RAM
 * @base: guest physical address, a multiple of 4096
 * @size: bytes, a multiple of 4096
 * @node: its proximity domain
 */
struct ssi_acpi_memory {
	uint64_t base;
	uint64_t size;
	uint32_t node;
};

/**
 * struct ssi_acpi_pci_root - a PCI host bridge
 * @node: its proximity domain
 * @first_bus: number of its own bus
 * @last_bus: highest bus number below it
 * @window: first address for BARs of its devices
 * @window_size: bytes
 */
struct ssi_acpi_pci_root {
	uint32_t node;
	uint8_t first_bus;
	uint8_t last_bus;
	uint32_t window;
	uint32_t window_size;
};

/**
 * struct ssi_acpi_config - the guest that the tables describe
 * @nodes: number of proximity domains; ids are 0 .. nodes - 1
 * @cpus: the CPUs
 * @num_cpus: how many
 * @memory: ranges of RAM, in any order, that do not overlap
 * @num_memory: how many
 * @distances: nodes * nodes bytes, the row is "from"; NULL: 10 and 20
 * @pci_roots: the PCI host bridges; the first has bus 0
 * @num_pci_roots: how many; 0: no PCI
 * @latencies: nodes * nodes nanoseconds, as @distances; NULL: not known
 * @bandwidths: the same in MB/s
 * @lapic_base: MMIO address of the local APICs
 * @ioapic_base: MMIO address of the IOAPIC, whose GSIs begin at 0
 * @ioapic_id: its APIC id
 * @pm1_event_port: PM1a event block
 * @pm1_control_port: PM1a control block
 * @pm_timer_port: ACPI PM timer; 0: none
 * @reset_port: reset register
 * @reset_value: value that resets the guest when written to @reset_port
 * @pvpanic_port: pvpanic device; 0: none
 * @serial_port: first serial port; 0: none
 * @serial_irq: its GSI
 * @rtc_port: CMOS clock without interrupt; 0: the tables report that there is
 * none
 */
struct ssi_acpi_config {
	unsigned int nodes;
	const struct ssi_acpi_cpu *cpus;
	unsigned int num_cpus;
	const struct ssi_acpi_memory *memory;
	unsigned int num_memory;
	const uint8_t *distances;
	const uint32_t *latencies;
	const uint32_t *bandwidths;
	const struct ssi_acpi_pci_root *pci_roots;
	unsigned int num_pci_roots;
	uint32_t lapic_base;
	uint32_t ioapic_base;
	uint8_t ioapic_id;
	uint16_t pm1_event_port;
	uint16_t pm1_control_port;
	uint16_t pm_timer_port;
	uint16_t reset_port;
	uint8_t reset_value;
	uint16_t pvpanic_port;
	uint16_t serial_port;
	uint8_t serial_irq;
	uint16_t rtc_port;
};

/* The ports and addresses of ssi-vmm; the caller sets the other members. */
#define SSI_ACPI_CONFIG_DEFAULTS					\
	.lapic_base = SSI_ACPI_LAPIC_BASE,				\
	.ioapic_base = SSI_ACPI_IOAPIC_BASE,				\
	.pm1_event_port = SSI_ACPI_PM1_EVENT,				\
	.pm1_control_port = SSI_ACPI_PM1_CONTROL,			\
	.pm_timer_port = SSI_ACPI_PM_TIMER,				\
	.reset_port = SSI_ACPI_RESET_PORT,				\
	.reset_value = SSI_ACPI_RESET_VALUE,				\
	.pvpanic_port = SSI_ACPI_PVPANIC_PORT,				\
	.serial_port = SSI_ACPI_SERIAL_PORT,				\
	.serial_irq = SSI_ACPI_SERIAL_IRQ,				\
	.rtc_port = SSI_ACPI_RTC_PORT

/**
 * struct ssi_acpi_table - where one table lies
 * @signature: four characters and a NUL; "RSD " for the RSDP
 * @offset: from the start of the buffer; a multiple of 64
 * @size: bytes
 */
struct ssi_acpi_table {
	char signature[5];
	uint32_t offset;
	uint32_t size;
};

/**
 * struct ssi_acpi_map - the tables in a buffer of ssi_acpi_build_map()
 * @tables: the tables in ascending offset, the RSDP first
 * @count: how many
 * @pointers: where addresses of tables are, 8 bytes each; the RSDP's first
 * @num_pointers: how many
 * @used: bytes of the buffer in use
 */
struct ssi_acpi_map {
	struct ssi_acpi_table tables[SSI_ACPI_MAX_TABLES];
	unsigned int count;
	uint32_t pointers[SSI_ACPI_MAX_POINTERS];
	unsigned int num_pointers;
	size_t used;
};

/**
 * ssi_acpi_check() - check whether tables can be built from a configuration
 * @cfg: the configuration
 *
 * Return: NULL, or the error: a constant text that completes a sentence,
 * without a full stop.
 */
const char *ssi_acpi_check(const struct ssi_acpi_config *cfg);

/**
 * ssi_acpi_build() - build all tables
 * @cfg: the configuration
 * @gpa: guest physical address the buffer will have; a multiple of 64
 * @buf: the buffer; zeroed before use
 * @size: its size
 * @used: out: bytes in use
 * @rsdp_gpa: out: where the guest finds the RSDP
 *
 * The memory must be reported to the guest as ACPI data or as reserved.
 *
 * Return: 0, -EINVAL (@gpa, or see ssi_acpi_check()) or -ENOSPC.
 */
int ssi_acpi_build(const struct ssi_acpi_config *cfg, uint64_t gpa, void *buf,
		   size_t size, size_t *used, uint64_t *rsdp_gpa);

/**
 * ssi_acpi_build_map() - build all tables, and return the place of each
 * @cfg: the configuration
 * @gpa: guest physical address the buffer will have; a multiple of 64
 * @buf: the buffer; zeroed before use
 * @size: its size
 * @map: out: the tables
 *
 * Return: 0, -EINVAL (@gpa, or see ssi_acpi_check()) or -ENOSPC.
 */
int ssi_acpi_build_map(const struct ssi_acpi_config *cfg, uint64_t gpa,
		       void *buf, size_t size, struct ssi_acpi_map *map);

#endif /* SSI_ACPI_H */
