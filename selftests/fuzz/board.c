// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The devices of the board, and the firmware's: an input is a list of accesses to
 * ports and memory, with what fw_cfg finds in RAM. Afterwards they are well.
 */
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
#include "../unit/tap.h"
#include "fuzz.h"

#define OPS_MAX		400
#define RAM_SIZE	0x1000u
#define FLASH		0xff000000u
#define FLASH_SIZE	0x10000u
#define FILE_SIZE	777u

static unsigned char *ram, *flash, *file;

/* ---- what the devices stand on ---------------------------------------------- */

void *memory_at(uint64_t gpa, uint64_t len)
{
	return gpa < RAM_SIZE && len <= RAM_SIZE - gpa ? ram + gpa : NULL;
}

static void set_irq(bool level)
{
	(void)level;
}

static void output(const unsigned char *data, size_t len)
{
	static volatile unsigned int sum;

	for (size_t i = 0; i < len; i++)
		sum += data[i];
}

static void send_msi(const struct ioapic_msi *msi)
{
	if (msi->address >> 20 != 0xfee)
		fuzz_fail("an interrupt is sent to %llx",
			  (unsigned long long)msi->address);
}

static void route(unsigned int pin, const struct ioapic_msi *msi)
{
	(void)msi;
	if (pin >= IOAPIC_PINS)
		fuzz_fail("pin %u", pin);
}

static void nothing(void)
{
}

static void show_status(uint8_t status)
{
	(void)status;
}

static int store_flash(uint64_t offset, size_t len)
{
	if (offset > FLASH_SIZE || len > FLASH_SIZE - offset)
		fuzz_fail("%zu bytes of the flash are stored at %llx", len,
			  (unsigned long long)offset);
	return offset % 7 ? 0 : -28;
}

static int commit(void)
{
	return 0;
}

/* ---- devices ---------------------------------------------------------------- */

static const struct serial_ops serial_ops = { set_irq, output };
static const struct ioapic_ops ioapic_ops = { send_msi, route };
static const struct pflash_ops pflash_ops = {
	nothing, show_status, store_flash, commit,
};

static void *make(size_t size)
{
	void *memory = malloc(size);

	if (!memory)
		fuzz_fail("there is no memory");
	memset(memory, 0xff, size);
	return memory;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct acpi_pm_config pm = {
		.event_port = SSI_ACPI_PM1_EVENT,
		.control_port = SSI_ACPI_PM1_CONTROL,
		.timer_port = SSI_ACPI_PM_TIMER, .timer_ns = timebase_ns,
		.s5_type = SSI_ACPI_S5_TYPE, .set_sci = set_irq,
		.power_off = nothing,
	};

	(void)argc;
	(void)argv;
	ram = make(RAM_SIZE);
	flash = make(FLASH_SIZE);
	file = make(FILE_SIZE);
	timebase_init(1);
	ioapic_init(SSI_ACPI_IOAPIC_BASE, &ioapic_ops);
	serial_init(SSI_ACPI_SERIAL_PORT, &serial_ops);
	rtc_init(SSI_ACPI_RTC_PORT);
	pit_init();
	acpi_pm_init(&pm);
	reset_init(SSI_ACPI_RESET_PORT, nothing);
	pvpanic_init(SSI_ACPI_PVPANIC_PORT, nothing);
	pci_init(NULL);
	q35_init(SSI_ACPI_PM1_EVENT);
	fw_cfg_init();
	fw_cfg_add_file("etc/file", file, FILE_SIZE);
	fw_cfg_add_number(FW_CFG_RAM_SIZE, RAM_SIZE, 8);
	pflash_init(FLASH, flash, FLASH_SIZE, &pflash_ops);
	debugcon_init(DEBUGCON_PORT);
	return 0;
}

/* ---- accesses --------------------------------------------------------------- */

static const struct {
	enum bus_space space;
	uint32_t base;
	uint32_t size;
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
	{ BUS_MMIO, SSI_ACPI_IOAPIC_BASE, 0x14 },
	{ BUS_MMIO, SSI_ACPI_IOAPIC_BASE, 0x100 },
	{ BUS_MMIO, FLASH, FLASH_SIZE },
	{ BUS_MMIO, FLASH + FLASH_SIZE - 16, 16 },
	{ BUS_MMIO, SSI_ACPI_PCI_ECAM, 0x1000 },
	{ BUS_MMIO, SSI_ACPI_PCI_ECAM + 0xf8000, 0x1000 },
};

static void access_anything(struct fuzz_input *input)
{
	unsigned int i = fuzz_below(input, ARRAY_SIZE(ranges));
	struct forward_access access = {
		.space = ranges[i].space,
		.addr = ranges[i].base + fuzz_below(input, ranges[i].size),
		.len = 1u << fuzz_below(input, 4),
		.is_write = fuzz_below(input, 2),
	};

	if (access.space == BUS_PORT && access.len == 8)
		access.len = 4;
	if (access.is_write)
		access.value = fuzz_number(input, access.len);
	if (pci_ports_access(&access))
		return;
	if (access.is_write)
		bus_write(access.space, access.addr, access.len, access.value);
	else
		bus_read(access.space, access.addr, access.len);
}

static void send_dma(struct fuzz_input *input)
{
	struct {
		uint32_t control, length;
		uint64_t address;
	} request;
	uint64_t at = fuzz_below(input, RAM_SIZE + 16);
	unsigned int len;

	request.control = __builtin_bswap32(fuzz_number(input, 1) << 16 |
					    fuzz_number(input, 1));
	len = fuzz_below(input, 8) ? 2 : 4;
	request.length = __builtin_bswap32(fuzz_number(input, len));
	len = fuzz_below(input, 8) ? 2 : 8;
	request.address = __builtin_bswap64(fuzz_number(input, len));
	if (at <= RAM_SIZE - sizeof(request))
		memcpy(ram + at, &request, sizeof(request));
	bus_write(BUS_PORT, FW_CFG_PORT + 4, 4, 0);
	bus_write(BUS_PORT, FW_CFG_PORT + 8, 4, __builtin_bswap32(at));
}

static void write_flash(struct fuzz_input *input)
{
	uint64_t at = FLASH + fuzz_below(input, FLASH_SIZE);

	bus_write(BUS_MMIO, at, 1, fuzz_number(input, 1));
	bus_write(BUS_MMIO, at, 1u << fuzz_below(input, 4),
		  fuzz_number(input, 2));
}

static void do_one(struct fuzz_input *input)
{
	switch (fuzz_below(input, 8)) {
	case 0:
		send_dma(input);
		break;
	case 1:
		write_flash(input);
		break;
	case 2:
		bus_lock();
		ioapic_set_line(fuzz_below(input, IOAPIC_PINS),
				fuzz_below(input, 2));
		bus_unlock();
		ioapic_eoi(fuzz_number(input, 1));
		break;
	case 3:
		acpi_pm_press_button();
		break;
	default:
		access_anything(input);
	}
}

static void check_board(void)
{
	bus_write(BUS_PORT, FW_CFG_PORT, 2, FW_CFG_SIGNATURE);
	if ((uint8_t)bus_read(BUS_PORT, FW_CFG_PORT + 1, 1) != 'Q')
		fuzz_fail("fw_cfg has lost its signature");
	/* whatever the chip waits for, the second one is a command */
	bus_write(BUS_MMIO, FLASH, 1, 0xff);
	bus_write(BUS_MMIO, FLASH, 1, 0xff);
	if ((uint8_t)bus_read(BUS_MMIO, FLASH + 100, 1) != flash[100])
		fuzz_fail("the flash chip does not show what it has");
	for (unsigned int i = 0; i < FILE_SIZE; i++)
		if (file[i] != 0xff)
			fuzz_fail("a file of the firmware has changed");
	bus_write(BUS_MMIO, SSI_ACPI_IOAPIC_BASE, 4, 1);
	if ((bus_read(BUS_MMIO, SSI_ACPI_IOAPIC_BASE + 0x10, 4) & 0xff) != 0x20)
		fuzz_fail("the IOAPIC has lost its version");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };

	memset(ram, 0xff, RAM_SIZE);
	for (unsigned int i = 0; input.size && i < OPS_MAX; i++)
		do_one(&input);
	check_board();
	return 0;
}
