// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PCI: functions, their configuration space and where their BARs are.
 *
 * DOC: Theory of operation
 *
 * A function's configuration space is 256 bytes, with a mask of the bits that a
 * guest can change. Most registers need nothing else: the low bits of a BAR do not
 * change, so a guest that writes all ones reads the BAR's size.
 *
 * Configuration space is reached in memory (ECAM, PCI Express 5.0, 7.2.2); an
 * access by ports has become one to memory before it comes here (pci_ports.c).
 * The memory that BARs may be in is one range of the bus; which BAR has an
 * address is looked up in the configuration spaces, since the guest moves them
 * as it likes.
 */
#include "pci.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "../acpi/ssi_acpi.h"
#include "bus.h"
#include "log.h"

#define MAX_FUNCTIONS	64

#define ECAM_BUS_SHIFT	20
#define ECAM_FN_SHIFT	12
#define ECAM_FN_SIZE	(1u << ECAM_FN_SHIFT)

#define HEADER_SIZE	0x40	/* capabilities may be behind it */
#define BAR_ADDRESS	0xfffffff0u

static struct pci_function *pci_functions[MAX_FUNCTIONS];
static unsigned int pci_count;
static void (*pci_moved)(uint32_t bar, uint64_t base, uint64_t size);

void pci_set(struct pci_function *fn, unsigned int offset, unsigned int len,
	     uint32_t value, uint32_t writable)
{
	memcpy(fn->config + offset, &value, len);
	memcpy(fn->writable + offset, &writable, len);
}

uint32_t pci_get(const struct pci_function *fn, unsigned int offset,
		 unsigned int len)
{
	uint32_t value = 0;

	memcpy(&value, fn->config + offset, len);
	return value;
}

void pci_function_init(struct pci_function *fn,
		       const struct pci_identity *identity)
{
	pci_set(fn, PCI_VENDOR, 2, identity->vendor, 0);
	pci_set(fn, PCI_DEVICE, 2, identity->device, 0);
	pci_set(fn, PCI_REVISION, 1, identity->revision, 0);
	pci_set(fn, PCI_CLASS, 2, identity->class, 0);
	pci_set(fn, PCI_COMMAND, 2, 0, PCI_COMMAND_MEMORY |
		PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX);
	fn->used = HEADER_SIZE;
}

void pci_add_bar(struct pci_function *fn, unsigned int bar, uint32_t size,
		 const struct pci_bar_ops *ops)
{
	pci_set(fn, PCI_BAR0 + bar * 4, 4, 0, -size);
	fn->bars[bar].size = size;
	fn->bars[bar].ops = ops;
}

unsigned int pci_add_capability(struct pci_function *fn, uint8_t id,
				unsigned int len)
{
	unsigned int at = fn->used;
	unsigned int link = fn->last_capability ? fn->last_capability + 1u :
						  PCI_CAPABILITIES;

	pci_set(fn, at, 1, id, 0);
	pci_set(fn, link, 1, at, 0);
	pci_set(fn, PCI_STATUS, 2, PCI_STATUS_CAPABILITIES, 0);
	fn->last_capability = at;
	fn->used += (len + 3) & ~3u;
	return at;
}

/* The function at that place, or NULL. */
static struct pci_function *find_at(unsigned int bus, unsigned int devfn)
{
	for (unsigned int i = 0; i < pci_count; i++)
		if (pci_functions[i]->bus == bus &&
		    pci_functions[i]->devfn == devfn)
			return pci_functions[i];
	return NULL;
}

static uint64_t bar_base(const struct pci_function *fn, unsigned int bar)
{
	return pci_get(fn, PCI_BAR0 + bar * 4, 4) & BAR_ADDRESS;
}

static bool decodes_memory(const struct pci_function *fn)
{
	return pci_get(fn, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY;
}

bool pci_is_master(const struct pci_function *fn)
{
	return pci_get(fn, PCI_COMMAND, 2) & PCI_COMMAND_MASTER;
}

uint64_t pci_bar_address(const struct pci_function *fn, unsigned int bar)
{
	return decodes_memory(fn) ? bar_base(fn, bar) : 0;
}

static void tell_bars(const struct pci_function *fn)
{
	uint32_t first = (fn->bus << 8 | fn->devfn) * PCI_BARS;

	for (unsigned int bar = 0; pci_moved && bar < PCI_BARS; bar++)
		if (fn->bars[bar].size)
			pci_moved(first + bar, bar_base(fn, bar),
				  decodes_memory(fn) ? fn->bars[bar].size : 0);
}

static void pci_save(void *of)
{
	struct pci_function *fn = of;

	memcpy(fn->saved, fn->config, sizeof(fn->saved));
}

/* What a guest cannot change says which device it is. */
static bool pci_restored(void *of)
{
	struct pci_function *fn = of;

	for (unsigned int i = 0; i < sizeof(fn->saved); i++)
		if ((fn->saved[i] ^ fn->config[i]) & ~fn->writable[i])
			return false;
	memcpy(fn->config, fn->saved, sizeof(fn->config));
	tell_bars(fn);
	return true;
}

static void add_state(struct pci_function *fn)
{
	snprintf(fn->state_name, sizeof(fn->state_name), "pci-%02x:%02x",
		 fn->bus, fn->devfn);
	fn->saved_field = (struct state_field) {
		.name = "config", .at = fn->saved, .size = sizeof(fn->saved),
	};
	fn->state = (struct state_part) {
		.name = fn->state_name, .version = 1,
		.fields = &fn->saved_field, .num_fields = 1,
		.save = pci_save, .restored = pci_restored, .of = fn,
	};
	state_add(&fn->state);
}

uint32_t pci_add(struct pci_function *fn, uint32_t bar_base)
{
	if (pci_count == MAX_FUNCTIONS || find_at(fn->bus, fn->devfn))
		die(EXIT_USAGE, "PCI has no place for %s: there are too many devices.",
		    fn->name);
	for (unsigned int bar = 0; bar < PCI_BARS; bar++) {
		if (!fn->bars[bar].size)
			continue;
		memcpy(fn->config + PCI_BAR0 + bar * 4, &bar_base, 4);
		bar_base += fn->bars[bar].size;
	}
	pci_functions[pci_count++] = fn;
	add_state(fn);
	return bar_base;
}

static uint64_t read_config(uint64_t at, unsigned int len)
{
	unsigned int offset = at % ECAM_FN_SIZE;
	struct pci_function *fn;
	uint64_t value = 0;

	fn = find_at(at >> ECAM_BUS_SHIFT, at >> ECAM_FN_SHIFT & 0xff);
	if (!fn)
		return UINT64_MAX;
	if (offset + len > PCI_CONFIG_SIZE)
		return value;
	if (fn->config_read)
		fn->config_read(fn, offset, len);
	memcpy(&value, fn->config + offset, len);
	return value;
}

static void write_config(uint64_t at, unsigned int len, uint64_t value)
{
	unsigned int offset = at % ECAM_FN_SIZE;
	struct pci_function *fn;

	fn = find_at(at >> ECAM_BUS_SHIFT, at >> ECAM_FN_SHIFT & 0xff);
	if (!fn || offset + len > PCI_CONFIG_SIZE)
		return;
	for (unsigned int i = 0; i < len; i++) {
		uint8_t mask = fn->writable[offset + i];

		fn->config[offset + i] = (fn->config[offset + i] & ~mask) |
					 (value >> 8 * i & mask);
	}
	if (fn->config_written)
		fn->config_written(fn, offset, len);
	tell_bars(fn);
}

/* Which BAR has all of an access? Return: the number, or -1. */
static int find_bar(const struct pci_function *fn, uint64_t addr,
		    unsigned int len)
{
	if (!decodes_memory(fn))
		return -1;
	for (unsigned int bar = 0; bar < PCI_BARS; bar++) {
		uint64_t base = bar_base(fn, bar);
		uint32_t size = fn->bars[bar].size;

		if (size && addr >= base && addr - base + len <= size)
			return bar;
	}
	return -1;
}

/* Return: the function that has an address in a BAR, which is @bar. */
static struct pci_function *find_by_address(uint64_t addr, unsigned int len,
					    unsigned int *bar)
{
	for (unsigned int i = 0; i < pci_count; i++) {
		int found = find_bar(pci_functions[i], addr, len);

		if (found >= 0) {
			*bar = found;
			return pci_functions[i];
		}
	}
	log_debug("No BAR is at address 0x%llx.", (unsigned long long)addr);
	return NULL;
}

static uint64_t window_read(uint64_t offset, unsigned int len)
{
	uint64_t addr = SSI_ACPI_PCI_WINDOW + offset;
	struct pci_function *fn;
	unsigned int bar;

	fn = find_by_address(addr, len, &bar);
	if (!fn)
		return UINT64_MAX;
	return fn->bars[bar].ops->read(fn, addr - bar_base(fn, bar), len);
}

static void window_write(uint64_t offset, unsigned int len, uint64_t value)
{
	uint64_t addr = SSI_ACPI_PCI_WINDOW + offset;
	struct pci_function *fn;
	unsigned int bar;

	fn = find_by_address(addr, len, &bar);
	if (fn)
		fn->bars[bar].ops->write(fn, addr - bar_base(fn, bar), len,
					 value);
}

static const struct bus_device pci_ecam = {
	.name = "PCI configuration space", .space = BUS_MMIO,
	.base = SSI_ACPI_PCI_ECAM, .size = SSI_ACPI_PCI_ECAM_SIZE,
	.read = read_config, .write = write_config,
};

static const struct bus_device pci_window = {
	.name = "PCI window", .space = BUS_MMIO,
	.base = SSI_ACPI_PCI_WINDOW, .size = SSI_ACPI_PCI_WINDOW_SIZE,
	.read = window_read, .write = window_write,
};

void pci_init(void (*moved)(uint32_t bar, uint64_t base, uint64_t size))
{
	pci_moved = moved;
	bus_add(&pci_ecam);
	bus_add(&pci_window);
}
