// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The IOAPIC (Intel 82093AA, section 3, with the EOI register of version
 * 0x20): interrupt lines in, messages to local APICs out.
 */
#include "ioapic.h"

#include <stddef.h>

#include "../bus.h"
#include "../state.h"

#define IOAPIC_SIZE	0x100
#define REG_SELECT	0x00
#define REG_WINDOW	0x10
#define REG_EOI		0x40

#define INDEX_ID	0x00
#define INDEX_VERSION	0x01
#define INDEX_ARB	0x02
#define INDEX_TABLE	0x10

#define VERSION		(0x20 | (IOAPIC_PINS - 1) << 16)

#define ENTRY_VECTOR	0xffull
#define ENTRY_DELIVERY	0x700ull
#define ENTRY_LOGICAL	(1ull << 11)
#define ENTRY_REMOTE_IRR (1ull << 14)
#define ENTRY_LEVEL	(1ull << 15)
#define ENTRY_MASKED	(1ull << 16)
#define ENTRY_READONLY	(1ull << 12 | ENTRY_REMOTE_IRR)

#define MSI_BASE	0xfee00000ull

static struct {
	const struct ioapic_ops *ops;
	uint32_t select;
	uint32_t id;
	uint64_t table[IOAPIC_PINS];
	bool line[IOAPIC_PINS];
} ioapic;

/* Without interrupt remapping, an entry is an MSI in another order of bits. */
static struct ioapic_msi entry_to_msi(uint64_t entry)
{
	uint64_t dest = entry >> 56;
	bool level = entry & ENTRY_LEVEL;

	return (struct ioapic_msi) {
		.address = MSI_BASE | dest << 12 |
			   (entry & ENTRY_LOGICAL ? 1u << 2 : 0),
		.data = (entry & (ENTRY_VECTOR | ENTRY_DELIVERY)) |
			(level ? 3u << 14 : 0),
		.level = level,
	};
}

/* A level-triggered pin sends again only after the EOI of the last one. */
static void fire(unsigned int pin)
{
	uint64_t *entry = &ioapic.table[pin];
	struct ioapic_msi msi = entry_to_msi(*entry);

	if (*entry & ENTRY_MASKED)
		return;
	if (msi.level && (*entry & ENTRY_REMOTE_IRR))
		return;
	if (msi.level)
		*entry |= ENTRY_REMOTE_IRR;
	ioapic.ops->send(&msi);
}

void ioapic_set_line(unsigned int pin, bool level)
{
	bool rising = level && !ioapic.line[pin];

	ioapic.line[pin] = level;
	if (rising)
		fire(pin);
}

static void end_of_interrupt(uint8_t vector)
{
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++) {
		uint64_t *entry = &ioapic.table[pin];

		if ((*entry & ENTRY_VECTOR) != vector ||
		    !(*entry & ENTRY_LEVEL))
			continue;
		*entry &= ~ENTRY_REMOTE_IRR;
		if (ioapic.line[pin])
			fire(pin);
	}
}

void ioapic_eoi(uint8_t vector)
{
	bus_lock();
	end_of_interrupt(vector);
	bus_unlock();
}

static uint32_t read_indexed(void)
{
	unsigned int index = ioapic.select;

	if (index == INDEX_ID || index == INDEX_ARB)
		return ioapic.id;
	if (index == INDEX_VERSION)
		return VERSION;
	if (index < INDEX_TABLE || index >= INDEX_TABLE + 2 * IOAPIC_PINS)
		return UINT32_MAX;
	index -= INDEX_TABLE;
	return ioapic.table[index / 2] >> (index % 2 ? 32 : 0);
}

static void write_entry(unsigned int pin, bool high, uint32_t value)
{
	uint64_t *entry = &ioapic.table[pin];
	struct ioapic_msi msi;

	if (high) {
		*entry = (*entry & UINT32_MAX) | (uint64_t)value << 32;
	} else {
		*entry = (*entry & ~(uint64_t)UINT32_MAX) |
			 (value & ~ENTRY_READONLY) | (*entry & ENTRY_REMOTE_IRR);
		if (!(*entry & ENTRY_LEVEL))
			*entry &= ~ENTRY_REMOTE_IRR;
	}
	msi = entry_to_msi(*entry);
	ioapic.ops->route(pin, &msi);
	if (msi.level && ioapic.line[pin])
		fire(pin);
}

static void write_indexed(uint32_t value)
{
	unsigned int index = ioapic.select;

	if (index == INDEX_ID)
		ioapic.id = value & 0x0f000000;
	if (index < INDEX_TABLE || index >= INDEX_TABLE + 2 * IOAPIC_PINS)
		return;
	index -= INDEX_TABLE;
	write_entry(index / 2, index % 2, value);
}

static uint64_t ioapic_read(uint64_t offset, unsigned int len)
{
	(void)len;
	if (offset == REG_SELECT)
		return ioapic.select;
	return offset == REG_WINDOW ? read_indexed() : 0;
}

static void ioapic_write(uint64_t offset, unsigned int len, uint64_t value)
{
	(void)len;
	if (offset == REG_SELECT)
		ioapic.select = value & 0xff;
	else if (offset == REG_WINDOW)
		write_indexed(value);
	else if (offset == REG_EOI)
		end_of_interrupt(value);
}

/* KVM gets the routes of level-triggered pins again. */
static bool ioapic_restored(void *unused)
{
	(void)unused;
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++) {
		struct ioapic_msi msi = entry_to_msi(ioapic.table[pin]);

		ioapic.ops->route(pin, &msi);
	}
	return true;
}

static const struct state_field ioapic_fields[] = {
	STATE_FIELD(ioapic, select), STATE_FIELD(ioapic, id),
	STATE_FIELD(ioapic, table), STATE_FIELD(ioapic, line),
};

void ioapic_init(uint64_t base, const struct ioapic_ops *ops)
{
	static struct bus_device device = {
		.name = "ioapic", .space = BUS_MMIO, .size = IOAPIC_SIZE,
		.read = ioapic_read, .write = ioapic_write,
	};
	static struct state_part state = {
		.name = "ioapic", .version = 1, STATE_FIELDS(ioapic_fields),
		.restored = ioapic_restored,
	};

	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++)
		ioapic.table[pin] = ENTRY_MASKED;
	device.base = base;
	ioapic.ops = ops;
	bus_add(&device);
	state_add(&state);
}
