// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A flash chip that keeps the firmware's variables: eight bits wide, with the
 * commands of Intel's basic command set that OVMF uses (OvmfPkg/
 * QemuFlashFvbServicesRuntimeDxe) and a status as QEMU's chip has it.
 *
 * DOC: Theory of operation
 *
 * Every write is a command or belongs to one. A read returns the contents or,
 * after a command, the status. Which of the two changes only with a write, so
 * the @ops can map it as memory, and a read causes no exit. A CPU of another node
 * has no such mapping: its reads come here.
 *
 *   ARRAY    0x10, 0x40 -> PROGRAM   0x20 -> ERASE   0x70 -> STATUS
 *   PROGRAM  the byte to write -> STATUS
 *   ERASE    0xd0 -> STATUS (done), else -> STATUS (not done, an error)
 *   STATUS   as ARRAY, and 0xff -> ARRAY
 *   any      0x50 clears the status and is ARRAY
 *
 * Contents are stored when they change and committed when the guest returns to
 * ARRAY. OVMF returns there after each write and continues only then.
 */
#include "pflash.h"

#include <stdbool.h>
#include <string.h>

#include "../bus.h"
#include "../log.h"
#include "../state.h"

#define CMD_PROGRAM		0x10
#define CMD_PROGRAM_ALT		0x40
#define CMD_ERASE		0x20
#define CMD_CLEAR_STATUS	0x50
#define CMD_READ_STATUS		0x70
#define CMD_CONFIRM		0xd0
#define CMD_READ_ARRAY		0xff

#define STATUS_READY		0x80
#define STATUS_ERASE_ERROR	0x20
#define STATUS_PROGRAM_ERROR	0x10

enum pflash_state {
	PFLASH_ARRAY,
	PFLASH_PROGRAM,
	PFLASH_ERASE,
	PFLASH_STATUS,
};

static struct {
	const struct pflash_ops *ops;
	unsigned char *contents;
	enum pflash_state state;
	uint8_t status;
	bool dirty;	/* stored and not yet committed */
	bool warned;
} pflash;

static void complain(const char *what, int err)
{
	if (!pflash.warned)
		log_warn("The firmware's variables cannot be %s: %s; its changes may be lost.",
			 what, strerror(-err));
	pflash.warned = true;
}

static void commit(void)
{
	int err;

	if (!pflash.dirty)
		return;
	pflash.dirty = false;
	err = pflash.ops->commit();
	if (err)
		complain("committed", err);
}

static void enter_array(void)
{
	commit();
	pflash.state = PFLASH_ARRAY;
	pflash.ops->show_array();
}

static void enter_status(void)
{
	pflash.state = PFLASH_STATUS;
	pflash.ops->show_status(pflash.status);
}

/* The end of a command: the status has its error, if there is one. */
static void finish(uint64_t offset, size_t len, uint8_t error)
{
	int err = pflash.ops->store(offset, len);

	pflash.status = STATUS_READY;
	pflash.dirty = true;
	if (err) {
		pflash.status |= error;
		complain("stored", err);
	}
	enter_status();
}

/* Programming clears bits and never sets one. */
static void program(uint64_t offset, unsigned int len, uint64_t value)
{
	for (unsigned int i = 0; i < len; i++)
		pflash.contents[offset + i] &= value >> (8 * i);
	finish(offset, len, STATUS_PROGRAM_ERROR);
}

static void erase(uint64_t offset, uint8_t confirmation)
{
	offset -= offset % PFLASH_BLOCK;
	if (confirmation != CMD_CONFIRM) {
		pflash.status = STATUS_READY | STATUS_ERASE_ERROR |
				STATUS_PROGRAM_ERROR;
		enter_status();
		return;
	}
	memset(pflash.contents + offset, 0xff, PFLASH_BLOCK);
	finish(offset, PFLASH_BLOCK, STATUS_ERASE_ERROR);
}

static void take_command(uint8_t command)
{
	switch (command) {
	case CMD_PROGRAM:
	case CMD_PROGRAM_ALT:
		pflash.state = PFLASH_PROGRAM;
		break;
	case CMD_ERASE:
		pflash.state = PFLASH_ERASE;
		break;
	case CMD_READ_STATUS:
		enter_status();
		break;
	case CMD_CLEAR_STATUS:
		pflash.status = 0;
		enter_array();
		break;
	default:	/* also an unknown command */
		enter_array();
		break;
	}
}

static void pflash_write(uint64_t offset, unsigned int len, uint64_t value)
{
	switch (pflash.state) {
	case PFLASH_PROGRAM:
		program(offset, len, value);
		break;
	case PFLASH_ERASE:
		erase(offset, value);
		break;
	case PFLASH_ARRAY:
	case PFLASH_STATUS:
		take_command(value);
		break;
	}
}

static uint64_t pflash_read(uint64_t offset, unsigned int len)
{
	uint64_t value = 0;

	if (pflash.state != PFLASH_ARRAY)
		return pflash.status * 0x0101010101010101ull;
	memcpy(&value, pflash.contents + offset, len);
	return value;
}

/* The contents are in their file, which is named in the checkpoint as disks are. */
static bool pflash_restored(void *unused)
{
	(void)unused;
	if (pflash.state > PFLASH_STATUS)
		return false;
	if (pflash.state == PFLASH_STATUS)
		pflash.ops->show_status(pflash.status);
	return true;
}

static const struct state_field pflash_fields[] = {
	STATE_FIELD(pflash, state), STATE_FIELD(pflash, status),
	STATE_FIELD(pflash, dirty),
};

void pflash_init(uint64_t base, unsigned char *contents, uint64_t size,
		 const struct pflash_ops *ops)
{
	static struct bus_device device = {
		.name = "pflash", .space = BUS_MMIO,
		.read = pflash_read, .write = pflash_write,
	};
	static struct state_part state = {
		.name = "pflash", .version = 1, STATE_FIELDS(pflash_fields),
		.restored = pflash_restored,
	};

	pflash.ops = ops;
	pflash.contents = contents;
	pflash.status = STATUS_READY;
	device.base = base;
	device.size = size;
	bus_add(&device);
	state_add(&state);
}
