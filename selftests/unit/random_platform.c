// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random accesses to the devices of the board: serial port, clocks, IOAPIC, ACPI,
 * resets, pvpanic, the firmware's fw_cfg, flash chip and debug port, and PCI
 * configuration space by memory and by ports.
 *
 * None of them may leave what is its own, and in the end each is still the
 * device that it was.
 */
#include <string.h>

#include "../../acpi/ssi_acpi.h"
#include "../../vmm/bus.h"
#include "../../vmm/forward.h"
#include "../../vmm/hw/acpi_pm.h"
#include "../../vmm/hw/debugcon.h"
#include "../../vmm/hw/fw_cfg.h"
#include "../../vmm/hw/ioapic.h"
#include "../../vmm/hw/pflash.h"
#include "../../vmm/hw/pit.h"
#include "../../vmm/hw/pvpanic.h"
#include "../../vmm/hw/q35.h"
#include "../../vmm/hw/reset.h"
#include "../../vmm/hw/rtc.h"
#include "../../vmm/hw/serial.h"
#include "../../vmm/hw/timebase.h"
#include "../../vmm/memory.h"
#include "../../vmm/pci.h"
#include "../../vmm/pci_ports.h"
#include "random.h"

#define SECONDS		8
#define RAM_SIZE	0x10000u
#define FLASH		0xff000000u
#define FLASH_SIZE	0x10000u
#define FILE_SIZE	777u

static unsigned char *ram, *flash, *file;

/* What the devices have asked for. */
static struct {
	unsigned long long irqs, characters, messages, routes, ends, resets,
			   panics, stores;
} asked;

/* ---- what the devices stand on ---------------------------------------------- */

void *memory_at(uint64_t gpa, uint64_t len)
{
	return gpa < RAM_SIZE && len <= RAM_SIZE - gpa ? ram + gpa : NULL;
}

static void set_irq(bool level)
{
	asked.irqs += level;
}

static void output(const unsigned char *data, size_t len)
{
	asked.characters += len + (data[0] & 0);
}

static void send(const struct ioapic_msi *msi)
{
	asked.messages += msi->address >> 20 == 0xfee;
}

static void route(unsigned int pin, const struct ioapic_msi *msi)
{
	asked.routes += pin < IOAPIC_PINS && msi->address >> 20 == 0xfee;
}

static void power_off(void)
{
	asked.ends++;
}

static void reset(void)
{
	asked.resets++;
}

static void panic(void)
{
	asked.panics++;
}

static void show_array(void)
{
}

static void show_status(uint8_t status)
{
	(void)status;
}

/* A file that is full now and then. */
static int store(uint64_t offset, size_t len)
{
	if (offset > FLASH_SIZE || len > FLASH_SIZE - offset)
		tap_bail("flash is stored at %llx, %zu bytes; seed %llu",
			 (unsigned long long)offset, len,
			 (unsigned long long)random_run.seed);
	asked.stores++;
	return random_below(16) ? 0 : -28;
}

static int commit(void)
{
	return random_below(16) ? 0 : -5;
}

/* ---- devices ---------------------------------------------------------------- */

static const struct serial_ops serial_ops = { set_irq, output };
static const struct ioapic_ops ioapic_ops = { send, route };
static const struct pflash_ops pflash_ops = {
	show_array, show_status, store, commit,
};

static void *make(size_t size)
{
	void *memory = malloc(size);

	if (!memory)
		tap_bail("there is no memory");
	memset(memory, 0xff, size);
	return memory;
}

static void add_firmware(void)
{
	flash = make(FLASH_SIZE);
	file = make(FILE_SIZE);
	fw_cfg_init();
	fw_cfg_add_file("etc/file", file, FILE_SIZE);
	fw_cfg_add_number(FW_CFG_RAM_SIZE, RAM_SIZE, 8);
	pflash_init(FLASH, flash, FLASH_SIZE, &pflash_ops);
	debugcon_init(DEBUGCON_PORT);
}

static void add_devices(void)
{
	static const struct acpi_pm_config pm = {
		.event_port = SSI_ACPI_PM1_EVENT,
		.control_port = SSI_ACPI_PM1_CONTROL,
		.timer_port = SSI_ACPI_PM_TIMER, .timer_ns = timebase_ns,
		.s5_type = SSI_ACPI_S5_TYPE, .set_sci = set_irq,
		.power_off = power_off,
	};

	ram = make(RAM_SIZE);
	timebase_init(1);
	ioapic_init(SSI_ACPI_IOAPIC_BASE, &ioapic_ops);
	serial_init(SSI_ACPI_SERIAL_PORT, &serial_ops);
	rtc_init(SSI_ACPI_RTC_PORT);
	pit_init();
	acpi_pm_init(&pm);
	reset_init(SSI_ACPI_RESET_PORT, reset);
	pvpanic_init(SSI_ACPI_PVPANIC_PORT, panic);
	pci_init(NULL);
	q35_init(SSI_ACPI_PM1_EVENT);
	add_firmware();
}

/* Where accesses go, and around it. */
static const struct {
	enum bus_space space;
	uint64_t base;
	uint64_t size;
} ranges[] = {
	{ BUS_PORT, SSI_ACPI_SERIAL_PORT, 8 },
	{ BUS_PORT, SSI_ACPI_RTC_PORT, 2 },
	{ BUS_PORT, 0x40, 4 }, { BUS_PORT, 0x60, 5 }, { BUS_PORT, 0x92, 1 },
	{ BUS_PORT, SSI_ACPI_PM1_EVENT, 12 },
	{ BUS_PORT, 0xcf8, 8 },
	{ BUS_PORT, SSI_ACPI_PVPANIC_PORT, 1 },
	{ BUS_PORT, FW_CFG_PORT, FW_CFG_PORTS },
	{ BUS_PORT, DEBUGCON_PORT, 1 },
	{ BUS_PORT, 0, 0x10000 },
	{ BUS_MMIO, SSI_ACPI_IOAPIC_BASE, 0x100 },
	{ BUS_MMIO, SSI_ACPI_IOAPIC_BASE, 0x14 },
	{ BUS_MMIO, FLASH, FLASH_SIZE },
	{ BUS_MMIO, SSI_ACPI_PCI_ECAM, 0x1000 },
	{ BUS_MMIO, SSI_ACPI_PCI_ECAM + 0xf8000, 0x1000 },
	{ BUS_MMIO, SSI_ACPI_PCI_ECAM, SSI_ACPI_PCI_ECAM_SIZE },
	{ BUS_MMIO, SSI_ACPI_PCI_WINDOW, SSI_ACPI_PCI_WINDOW_SIZE },
};

static void access_anything(void)
{
	unsigned int i = random_below(ARRAY_SIZE(ranges));
	struct forward_access access = {
		.space = ranges[i].space,
		.addr = ranges[i].base - 4 + random_below(ranges[i].size + 8),
		.len = random_len(), .is_write = random_below(2),
		.value = random_odd(),
	};

	/* as forward_access() has it: ports are memory, or stay here */
	if (access.space == BUS_PORT && access.len == 8)
		access.len = 4;
	if (pci_ports_access(&access))
		return;
	if (access.is_write)
		bus_write(access.space, access.addr, access.len, access.value);
	else
		bus_read(access.space, access.addr, access.len);
}

/* ---- what makes sense now and then ------------------------------------------- */

static void send_dma(void)
{
	struct {
		uint32_t control, length;
		uint64_t address;
	} request = {
		__builtin_bswap32(random_below(2) ? random_bits() :
				  random_below(64) << 16 | random_below(32)),
		__builtin_bswap32(random_below(2) ? random_below(2000) :
				  random_odd()),
		__builtin_bswap64(random_below(2) ? random_below(RAM_SIZE) :
				  random_odd()),
	};
	uint64_t at = random_below(RAM_SIZE + 16);

	if (at <= RAM_SIZE - sizeof(request))
		memcpy(ram + at, &request, sizeof(request));
	bus_write(BUS_PORT, FW_CFG_PORT + 4, 4, random_below(8) ? 0 :
		  random_bits());
	bus_write(BUS_PORT, FW_CFG_PORT + 8, 4, __builtin_bswap32(at));
}

static void command_flash(void)
{
	static const uint8_t commands[] = {
		0x10, 0x40, 0x20, 0x50, 0x70, 0xd0, 0xff,
	};
	uint64_t at = FLASH + random_below(FLASH_SIZE);

	bus_write(BUS_MMIO, at, 1, commands[random_below(ARRAY_SIZE(commands))]);
	bus_write(BUS_MMIO, at, random_len(), random_below(2) ? 0xd0 :
		  random_odd());
}

static void program_ioapic(void)
{
	bus_write(BUS_MMIO, SSI_ACPI_IOAPIC_BASE, 4, 0x10 + random_below(52));
	bus_write(BUS_MMIO, SSI_ACPI_IOAPIC_BASE + 0x10, 4, random_bits());
	bus_lock();
	ioapic_set_line(random_below(IOAPIC_PINS), random_below(2));
	bus_unlock();
	ioapic_eoi(random_bits());
}

static void do_anything(void)
{
	switch (random_below(16)) {
	case 0:
		send_dma();
		break;
	case 1:
		command_flash();
		break;
	case 2:
		program_ioapic();
		break;
	case 3:
		acpi_pm_press_button();
		break;
	default:
		access_anything();
	}
}

/* Characters for the serial port; waits while its FIFO is full. */
static void *type(void *unused)
{
	for (;;)
		serial_input((const unsigned char *)"0123456789", 10);
	return unused;
}

static bool firmware_is_well(void)
{
	char text[4];

	bus_write(BUS_PORT, FW_CFG_PORT, 2, FW_CFG_SIGNATURE);
	for (unsigned int i = 0; i < sizeof(text); i++)
		text[i] = bus_read(BUS_PORT, FW_CFG_PORT + 1, 1);
	if (memcmp(text, "QEMU", sizeof(text)))
		return false;
	/* whatever it waits for, the second one is a command */
	bus_write(BUS_MMIO, FLASH, 1, 0xff);
	bus_write(BUS_MMIO, FLASH, 1, 0xff);
	return (uint8_t)bus_read(BUS_MMIO, FLASH + 100, 1) == flash[100];
}

static bool file_is_untouched(void)
{
	for (unsigned int i = 0; i < FILE_SIZE; i++)
		if (file[i] != 0xff)
			return false;
	return true;
}

static bool board_is_well(void)
{
	bus_write(BUS_MMIO, SSI_ACPI_IOAPIC_BASE, 4, 1);
	return (bus_read(BUS_MMIO, SSI_ACPI_IOAPIC_BASE + 0x10, 4) & 0xff) ==
	       0x20 &&
	       (uint32_t)bus_read(BUS_MMIO, SSI_ACPI_PCI_ECAM, 4) ==
	       0x29c08086 &&
	       (bus_read(BUS_PORT, SSI_ACPI_PM1_CONTROL, 2) & 1);
}

int main(int argc, char **argv)
{
	pthread_t typist;

	tap_plan(4);
	random_begin(argc, argv, SECONDS);
	add_devices();
	if (pthread_create(&typist, NULL, type, NULL))
		tap_bail("there is no thread");
	do {
		do_anything();
	} while (random_goes_on());
	tap_diag("%llu interrupts, %llu characters, %llu messages, %llu routes, %llu times off, %llu resets, %llu panics, %llu stores",
		 asked.irqs, asked.characters, asked.messages, asked.routes,
		 asked.ends, asked.resets, asked.panics, asked.stores);
	tap_ok(asked.irqs && asked.characters && asked.messages && asked.routes &&
	       asked.ends && asked.resets && asked.panics && asked.stores,
	       "%llu operations, which reach all devices",
	       (unsigned long long)random_run.done);
	tap_ok(board_is_well(), "the board is as it was");
	tap_ok(firmware_is_well(), "so are fw_cfg and the flash chip");
	tap_ok(file_is_untouched(), "and the firmware's files");
	fflush(stdout);
	_exit(tap_exit());	/* the typist waits */
}
