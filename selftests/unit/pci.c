// SPDX-License-Identifier: GPL-2.0-or-later
/* PCI functions as a guest finds them: vmm/pci.c, vmm/msix.c, vmm/hw/q35.c. */
#include "../../vmm/pci.h"

#include <stdarg.h>
#include <string.h>

#include "../../acpi/ssi_acpi.h"
#include "../../vmm/bus.h"
#include "../../vmm/hw/q35.h"
#include "../../vmm/irq.h"
#include "../../vmm/log.h"
#include "../../vmm/msix.h"
#include "../../vmm/pci_ports.h"
#include "tap.h"

#define SLOT		3
#define BAR		0xc1230000u	/* where "the guest" puts one */
#define VECTORS		3

/*
 * ---- substitutes for other files of the VMM --------------------------------
 */

static const struct bus_device *devices[8];
static unsigned int num_devices, num_messages;
static uint64_t last_address;
static uint32_t last_data;

void bus_add(const struct bus_device *device)
{
	devices[num_devices++] = device;
}

void irq_send_msi(uint64_t address, uint32_t data)
{
	num_messages++;
	last_address = address;
	last_data = data;
}

/* The eventfd of the test's vector, as the kernel has it. */
static int attached = -1;
static unsigned int num_attached;
static uint64_t routed;

unsigned int irq_new_direct(void)
{
	return 24;
}

bool irq_set_direct(unsigned int gsi, uint64_t address, uint32_t data)
{
	(void)data;
	routed = address;
	return gsi == 24;
}

bool irq_attach(unsigned int gsi, int fd, bool on)
{
	attached = on && gsi == 24 ? fd : -1;
	num_attached++;
	return true;
}

static const struct bus_device *find(enum bus_space space, uint64_t addr)
{
	for (unsigned int i = 0; i < num_devices; i++)
		if (devices[i]->space == space && addr >= devices[i]->base &&
		    addr - devices[i]->base < devices[i]->size)
			return devices[i];
	tap_bail("nothing is at 0x%llx", (unsigned long long)addr);
}

static uint64_t load(enum bus_space space, uint64_t addr, unsigned int len)
{
	const struct bus_device *dev = find(space, addr);
	uint64_t value = dev->read(addr - dev->base, len);

	return len == 8 ? value : value & ((1ull << len * 8) - 1);
}

static void store(enum bus_space space, uint64_t addr, unsigned int len,
		  uint64_t value)
{
	const struct bus_device *dev = find(space, addr);

	dev->write(addr - dev->base, len, value);
}

static uint64_t ecam(unsigned int slot, unsigned int offset)
{
	return SSI_ACPI_PCI_ECAM + (slot << 15) + offset;
}

/* As forward.c does it. */
static uint32_t port_access(uint16_t port, unsigned int len, bool is_write,
			    uint32_t value)
{
	struct forward_access access = {
		.space = BUS_PORT, .addr = port, .len = len,
		.is_write = is_write, .value = value,
	};

	if (!pci_ports_access(&access))
		access.value = load(access.space, access.addr, access.len);
	return access.value;
}

static uint32_t port_load(unsigned int slot, unsigned int offset,
			  unsigned int len)
{
	port_access(SSI_ACPI_PCI_PORTS, 4, true,
		    0x80000000u | slot << 11 | (offset & 0xfc));
	return port_access(SSI_ACPI_PCI_PORTS + 4 + (offset & 3), len, false,
			   0);
}

/*
 * ---- a function with registers in BAR 0 and MSI-X in BAR 1 -----------------
 */

static struct {
	struct pci_function fn;
	struct msix msix;
	uint64_t offset, value;
	unsigned int len;
} dev = { .fn = { .name = "the test's", .devfn = PCI_DEVFN(SLOT, 0) } };

static uint64_t registers_read(struct pci_function *fn, uint64_t offset,
			       unsigned int len)
{
	(void)fn;
	dev.offset = offset;
	dev.len = len;
	return dev.value;
}

static void registers_write(struct pci_function *fn, uint64_t offset,
			    unsigned int len, uint64_t value)
{
	registers_read(fn, offset, len);
	dev.value = value;
}

static uint64_t table_read(struct pci_function *fn, uint64_t offset,
			   unsigned int len)
{
	(void)fn;
	return msix_read(&dev.msix, offset, len);
}

static void table_write(struct pci_function *fn, uint64_t offset,
			unsigned int len, uint64_t value)
{
	(void)fn;
	msix_write(&dev.msix, offset, len, value);
}

static void config_written(struct pci_function *fn, unsigned int offset,
			   unsigned int len)
{
	(void)offset;
	(void)len;
	msix_config_written(&dev.msix, fn);
}

static void make_machine(void)
{
	static const struct pci_bar_ops registers = {
		registers_read, registers_write,
	};
	static const struct pci_bar_ops table = { table_read, table_write };
	static const struct pci_identity identity = {
		.vendor = 0x1af4, .device = 0x1042, .class = 0x0180,
	};

	pci_init(NULL);
	q35_init(SSI_ACPI_PM1_EVENT);
	pci_function_init(&dev.fn, &identity);
	pci_add_bar(&dev.fn, 0, 16384, &registers);
	pci_add_bar(&dev.fn, 1, MSIX_BAR_SIZE, &table);
	msix_init(&dev.msix, &dev.fn, 1, VECTORS);
	dev.fn.config_written = config_written;
	pci_add(&dev.fn, SSI_ACPI_PCI_WINDOW);
}

/*
 * ---- accesses of the guest
 * ---------------------------------------------------
 */

static void test_enumeration(void)
{
	bool same = true, absent = true;

	for (unsigned int slot = 0; slot < 32; slot++) {
		for (unsigned int at = 0; at < 256; at += 4)
			same &= port_load(slot, at, 4) ==
				load(BUS_MMIO, ecam(slot, at), 4);
		if (slot != 0 && slot != SLOT && slot != 0x1f)
			absent &= port_load(slot, 0, 4) == UINT32_MAX;
	}
	tap_ok(same, "ports and memory show the same configuration space");
	tap_ok(absent, "nothing is where nothing is");
	tap_ok(port_load(0, 0, 4) == 0x29c08086, "the host bridge is a Q35's");
	tap_ok(port_load(0, 0x60, 4) == 0xb0000001 && !port_load(0, 0x64, 4),
	       "it says where configuration space is");
	tap_ok(port_load(0x1f, 0, 4) == 0x29188086 &&
	       port_load(0x1f, 0x0a, 2) == 0x0601 &&
	       (port_load(0x1f, 4, 2) & 3) == 3,
	       "the LPC bridge is there and on");
	tap_ok(port_load(0x1f, 0x40, 4) == 0x601 &&
	       port_load(0x1f, 0x44, 1) == 0x80,
	       "it says where the ACPI registers are");
	tap_ok(load(BUS_MMIO, ecam(SLOT, 0x100), 4) == 0,
	       "there is no extended capability");
	port_access(SSI_ACPI_PCI_PORTS, 4, true, SLOT << 11);
	tap_ok(port_access(SSI_ACPI_PCI_PORTS + 4, 4, false, 0) == UINT32_MAX,
	       "the data port needs the enable bit");
}

static void test_bars(void)
{
	store(BUS_MMIO, ecam(SLOT, PCI_BAR0), 4, UINT32_MAX);
	tap_ok(load(BUS_MMIO, ecam(SLOT, PCI_BAR0), 4) == 0xffffc000,
	       "a BAR tells its size");
	store(BUS_MMIO, ecam(SLOT, PCI_BAR0 + 8), 4, UINT32_MAX);
	tap_ok(load(BUS_MMIO, ecam(SLOT, PCI_BAR0 + 8), 4) == 0,
	       "one that does not exist stays 0");
	store(BUS_MMIO, ecam(SLOT, PCI_BAR0), 4, BAR);
	dev.value = 0x1234;
	tap_ok(load(BUS_MMIO, BAR, 4) == UINT32_MAX,
	       "memory is off at first");
	store(BUS_MMIO, ecam(SLOT, PCI_COMMAND), 2, PCI_COMMAND_MEMORY);
	tap_ok(load(BUS_MMIO, BAR + 0x123, 2) == 0x1234 &&
	       dev.offset == 0x123 && dev.len == 2,
	       "a BAR is read where the guest has put it");
	store(BUS_MMIO, BAR + 0x3ffc, 4, 77);
	tap_ok(dev.value == 77 && dev.offset == 0x3ffc, "and written");
	dev.offset = 0;
	tap_ok(load(BUS_MMIO, BAR + 0x3ffe, 4) == UINT32_MAX && !dev.offset,
	       "an access across its end is none of its");
	store(BUS_MMIO, ecam(SLOT, PCI_VENDOR), 4, 0);
	store(BUS_MMIO, ecam(SLOT, PCI_COMMAND), 2, UINT16_MAX);
	tap_ok(load(BUS_MMIO, ecam(SLOT, PCI_VENDOR), 4) == 0x10421af4 &&
	       load(BUS_MMIO, ecam(SLOT, PCI_COMMAND), 2) == 0x0406,
	       "what is fixed cannot be written");
}

static void set_control(uint16_t control)
{
	store(BUS_MMIO, ecam(SLOT, dev.msix.capability + 2), 2, control);
}

static void test_msix(void)
{
	const uint64_t table = BAR + 0x10000;
	const unsigned int at = port_load(SLOT, PCI_CAPABILITIES, 1);

	store(BUS_MMIO, ecam(SLOT, PCI_BAR0 + 4), 4, table);
	tap_ok(at == dev.msix.capability && port_load(SLOT, at, 1) == 0x11 &&
	       port_load(SLOT, at + 2, 2) == VECTORS - 1,
	       "the capability tells the number of vectors");
	store(BUS_MMIO, table + 16, 8, 0xfee01000);
	store(BUS_MMIO, table + 24, 4, 0x41);
	msix_raise(&dev.msix, 1);
	tap_ok(!num_messages, "nothing is sent before MSI-X is enabled");
	set_control(0x8000);
	msix_raise(&dev.msix, 1);
	tap_ok(!num_messages && load(BUS_MMIO, table + 0x800, 8) == 2,
	       "a masked vector is pending");
	store(BUS_MMIO, table + 28, 4, 0);
	tap_ok(num_messages == 1 && last_address == 0xfee01000 &&
	       last_data == 0x41 && !load(BUS_MMIO, table + 0x800, 8),
	       "and sent when it is unmasked");
	set_control(0xc000);
	msix_raise(&dev.msix, 1);
	set_control(0x8000);
	tap_ok(num_messages == 2, "so it is with the whole function's mask");
	msix_raise(&dev.msix, VECTORS);
	msix_raise(&dev.msix, UINT32_MAX);
	tap_ok(num_messages == 2, "a vector that does not exist is not sent");
	store(BUS_MMIO, ecam(SLOT, PCI_COMMAND), 2, PCI_COMMAND_MEMORY);
	msix_raise(&dev.msix, 1);
	tap_ok(num_messages == 2, "nor is any without the bus master bit");
	store(BUS_MMIO, ecam(SLOT, PCI_COMMAND), 2,
	      PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	tap_ok(num_messages == 3, "but then");
	store(BUS_MMIO, table + 16, 8, 0xfee02000);
	msix_send_again();
	tap_ok(num_messages == 4 && last_address == 0xfee02000 &&
	       last_data == 0x41, "a message is sent again, to its new place");
	set_control(0);
	set_control(0x8000);
	msix_send_again();
	tap_ok(num_messages == 4, "unless MSI-X was disabled meanwhile");
}

/* Descriptors are only numbers here. */
static void test_direct(void)
{
	const uint64_t table = BAR + 0x10000;
	unsigned int messages = num_messages;

	msix_bind(&dev.msix, 1, 100);
	tap_ok(attached == 100 && routed == 0xfee02000,
	       "the kernel raises a vector, with the guest's message");
	msix_bind(&dev.msix, 1, 101);
	tap_ok(attached == 100 && num_attached == 1, "a vector has one descriptor");
	store(BUS_MMIO, table + 28, 4, 1);
	tap_ok(attached == -1, "not while the vector is masked");
	store(BUS_MMIO, table + 16, 8, 0xfee03000);
	store(BUS_MMIO, table + 28, 4, 0);
	tap_ok(attached == 100 && routed == 0xfee03000, "then to its new place");
	store(BUS_MMIO, table + 16, 8, 0xfee04000);
	tap_ok(attached == 100 && routed == 0xfee04000, "which may change unmasked");
	store(BUS_MMIO, ecam(SLOT, PCI_COMMAND), 2, PCI_COMMAND_MEMORY);
	tap_ok(attached == -1, "nor without the bus master bit");
	store(BUS_MMIO, ecam(SLOT, PCI_COMMAND), 2,
	      PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	msix_send_again();
	tap_ok(attached == 100 && num_messages == messages + 1 &&
	       last_address == 0xfee04000, "such a message is sent again, too");
	msix_bind(&dev.msix, UINT32_MAX, 100);
	tap_ok(attached == -1, "and no longer");
}

/* Any address, length and value: the sanitizers find errors. */
static void test_noise(void)
{
	static const unsigned int lens[] = { 1, 2, 4, 8 };

	srandom(1);
	for (unsigned int i = 0; i < 200000; i++) {
		const struct bus_device *d = devices[random() % num_devices];
		unsigned int len = lens[random() % 4];
		uint64_t at = random() % (i % 2 ? d->size : 1u << 18);

		if (at + len > d->size)
			continue;
		if (random() % 2)
			d->read(at, len);
		else
			d->write(at, len, (uint64_t)random() << 32 | random());
		msix_raise(&dev.msix, random() % 5);
	}
	tap_ok(load(BUS_MMIO, ecam(SLOT, 0), 4) == 0x10421af4,
	       "200,000 random accesses break nothing");
}

int main(void)
{
	tap_plan(34);
	make_machine();
	test_enumeration();
	test_bars();
	test_msix();
	test_direct();
	test_noise();
	return tap_exit();
}
