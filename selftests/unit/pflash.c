// SPDX-License-Identifier: GPL-2.0-or-later
/* The flash chip of the firmware's variables, vmm/hw/pflash.c. */
#include "../../vmm/hw/pflash.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "../../vmm/bus.h"
#include "../../vmm/log.h"
#include "libvmm.h"
#include "tap.h"

#define SIZE	(2 * PFLASH_BLOCK)

static const struct bus_device *device;
static unsigned char contents[SIZE];

/* The chip's surroundings: its contents, and the calls that it made. */
static struct {
	int status;		/* shown to reads; -1: the contents */
	unsigned int commits;
	uint64_t offset;
	size_t len;
	int err;		/* to answer with */
} backing = { .status = -1 };

void bus_add(const struct bus_device *added)
{
	device = added;
}

static void show_array(void)
{
	backing.status = -1;
}

static void show_status(uint8_t status)
{
	backing.status = status;
}

static int store(uint64_t offset, size_t len)
{
	backing.offset = offset;
	backing.len = len;
	return backing.err;
}

static int commit(void)
{
	backing.commits++;
	return backing.err;
}

static const struct pflash_ops ops = {
	.show_array = show_array, .show_status = show_status,
	.store = store, .commit = commit,
};

static void write_byte(uint64_t offset, uint8_t value)
{
	device->write(offset, 1, value);
}

static void program(uint64_t offset, uint8_t value)
{
	write_byte(offset, 0x10);
	write_byte(offset, value);
}

/* The way in which OVMF recognises the chip. */
static void test_detection(void)
{
	tap_ok(device->base == 0xffe00000 && device->size == SIZE,
	       "the chip is at its address");
	write_byte(0, 0x50);
	tap_ok(backing.status == -1 && (device->read(0, 1) & 0xff) == 0xff,
	       "clearing the status leaves the contents");
	write_byte(0, 0x70);
	tap_ok(backing.status == 0 && (device->read(0, 1) & 0xff) == 0,
	       "the status command then shows 0, by which OVMF recognises the chip");
	write_byte(0, 0xff);
	tap_ok(backing.status == -1 && device->read(8, 8) == UINT64_MAX,
	       "a read command shows the contents again");
}

static void test_program(void)
{
	program(5, 0xa5);
	tap_ok(contents[5] == 0xa5 && backing.offset == 5 && backing.len == 1,
	       "a byte is programmed and stored");
	tap_ok(backing.status == 0x80 && !backing.commits,
	       "reads show that the chip is ready");
	write_byte(5, 0xff);
	tap_ok(backing.commits == 1, "the return to the contents writes the file");
	write_byte(5, 0xff);
	tap_ok(backing.commits == 1, "it writes the file only after a change");
	program(5, 0x5a);
	tap_ok(contents[5] == 0, "programming clears bits and sets none");
	write_byte(0, 0x40);
	device->write(8, 4, 0x12345678);
	tap_ok((device->read(8, 1) & 0xff) == 0x80 && contents[8] == 0x78 &&
	       contents[11] == 0x12, "four bytes can be programmed at once");
	write_byte(0, 0xff);
}

static void test_erase(void)
{
	program(PFLASH_BLOCK + 1, 0);
	write_byte(PFLASH_BLOCK + 77, 0x20);
	write_byte(PFLASH_BLOCK + 77, 0xd0);
	tap_ok(contents[PFLASH_BLOCK + 1] == 0xff && contents[5] == 0 &&
	       backing.offset == PFLASH_BLOCK && backing.len == PFLASH_BLOCK,
	       "erasing clears the block and no other");
	write_byte(0, 0x20);
	write_byte(0, 0xff);
	tap_ok(backing.status == 0xb0 && contents[5] == 0,
	       "erasing without confirmation does nothing and sets an error in the status");
	write_byte(0, 0x50);
}

static void test_errors(void)
{
	backing.err = -ENOSPC;
	program(20, 0);
	tap_ok(backing.status == 0x90, "a failed write sets an error in the status");
	program(21, 0);
	write_byte(0, 0xff);
	tap_ok(libvmm_warnings == 1, "a failed write is reported to the user once");
	backing.err = 0;
	write_byte(0, 0x20);
	write_byte(0, 0xd0);
	tap_ok(backing.status == 0x80, "the next command begins with a clear status");
	write_byte(0, 0x90);
	tap_ok(backing.status == -1, "an unknown command shows the contents");
}

int main(void)
{
	tap_plan(16);
	memset(contents, 0xff, sizeof(contents));
	pflash_init(0xffe00000, contents, SIZE, &ops);
	test_detection();
	test_program();
	test_erase();
	test_errors();
	return tap_exit();
}
