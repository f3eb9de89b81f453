// SPDX-License-Identifier: GPL-2.0-or-later
/* The firmware's requests to the machine, vmm/hw/fw_cfg.c, and bad ones. */
#include "../../vmm/hw/fw_cfg.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "../../vmm/bus.h"
#include "../../vmm/log.h"
#include "../../vmm/memory.h"
#include "tap.h"

#define RAM_SIZE	0x1000u
#define REQUEST_GPA	0x100u
#define DATA_GPA	0x200u
#define FILE_NAME_AT	8

#define DMA_ERROR	0x01u
#define DMA_READ	0x02u
#define DMA_SKIP	0x04u
#define DMA_SELECT	0x08u
#define DMA_WRITE	0x10u

static const struct bus_device *device;
static unsigned char ram[RAM_SIZE];

void bus_add(const struct bus_device *added)
{
	device = added;
}

void *memory_at(uint64_t gpa, uint64_t len)
{
	return gpa < RAM_SIZE && len <= RAM_SIZE - gpa ? ram + gpa : NULL;
}

static void select_key(unsigned int key)
{
	device->write(0, 2, key);
}

static bool reads(const void *expected, size_t len)
{
	const unsigned char *bytes = expected;

	for (size_t i = 0; i < len; i++)
		if ((device->read(1, 1) & 0xff) != bytes[i])
			return false;
	return true;
}

/* Return: the request's control field afterwards. */
static uint32_t dma(uint32_t control, uint32_t len, uint64_t gpa)
{
	struct {
		uint32_t control, len;
		uint64_t gpa;
	} request = { htobe32(control), htobe32(len), htobe64(gpa) };

	memcpy(ram + REQUEST_GPA, &request, sizeof(request));
	device->write(4, 4, 0);
	device->write(8, 4, htobe32(REQUEST_GPA));
	memcpy(&request, ram + REQUEST_GPA, sizeof(request));
	return be32toh(request.control);
}

static void test_items(void)
{
	static const unsigned char past[] = { 'b', 'c', 0, 0, 0 };

	select_key(FW_CFG_SIGNATURE);
	tap_ok(reads("QEMU", 4), "the signature is there");
	select_key(FW_CFG_ID);
	tap_ok(device->read(1, 4) == 3, "the id has the bit for DMA");
	tap_ok((device->read(4, 4) & UINT32_MAX) == be32toh(0x51454d55u),
	       "the DMA port has a signature, too");
	fw_cfg_add_number(FW_CFG_NUM_CPUS, 0x0102, 2);
	select_key(FW_CFG_NUM_CPUS);
	tap_ok(reads("\2\1", 2), "numbers are little-endian");
	fw_cfg_add(FW_CFG_CMDLINE_DATA, "abc", 3);
	select_key(FW_CFG_CMDLINE_DATA);
	device->read(1, 1);
	tap_ok(reads(past, sizeof(past)), "reads past the end of an item are zero");
	select_key(0x1234);
	tap_ok(reads("\0\0", 2), "an item that does not exist is empty");
	device->write(1, 1, 'x');
	select_key(FW_CFG_CMDLINE_DATA);
	tap_ok(reads("abc", 3), "items cannot be written");
}

static void test_directory(void)
{
	unsigned char dir[4 + 2 * 64];
	unsigned int key;

	fw_cfg_add_file("etc/one", "1", 1);
	fw_cfg_add_file("etc/three", "333", 3);
	dma(DMA_SELECT | DMA_READ | FW_CFG_FILE_DIR << 16, sizeof(dir),
	    DATA_GPA);
	memcpy(dir, ram + DATA_GPA, sizeof(dir));
	tap_ok(dir[3] == 2 && dir[7] == 1 && dir[4 + 64 + 3] == 3,
	       "the directory has two files with their sizes");
	tap_ok(!strcmp((char *)dir + 4 + 64 + FILE_NAME_AT, "etc/three"),
	       "the directory has the files' names");
	key = dir[4 + 64 + 4] << 8 | dir[4 + 64 + 5];
	select_key(key);
	tap_ok(reads("333", 3), "the directory has the files' keys");
}

static void test_dma(void)
{
	uint32_t select = DMA_SELECT | FW_CFG_CMDLINE_DATA << 16;

	memset(ram + DATA_GPA, 'x', 8);
	tap_ok(dma(select | DMA_READ, 5, DATA_GPA) == 0 &&
	       !memcmp(ram + DATA_GPA, "abc\0\0xxx", 8),
	       "DMA writes as many bytes as requested, and no more");
	dma(select | DMA_SKIP, 2, 0);
	tap_ok(dma(DMA_READ, 1, DATA_GPA) == 0 && ram[DATA_GPA] == 'c',
	       "DMA skips");
	dma(select | DMA_SKIP, UINT32_MAX, 0);
	tap_ok(dma(DMA_READ, 1, DATA_GPA) == 0 && !ram[DATA_GPA],
	       "DMA does not read past the end of an item");
	tap_ok(dma(select | DMA_READ, 3, RAM_SIZE - 2) == DMA_ERROR,
	       "DMA past the end of memory is an error");
	tap_ok(dma(select | DMA_READ, 3, UINT64_MAX - 1) == DMA_ERROR,
	       "DMA to an address that wraps is an error");
	tap_ok(dma(select | DMA_WRITE, 1, DATA_GPA) == DMA_ERROR,
	       "DMA that writes an item is an error");
	tap_ok(dma(DMA_SELECT | DMA_READ | 0x3fff0000u, 1, DATA_GPA) == 0 &&
	       !ram[DATA_GPA], "DMA of an unknown item reads zeroes");
	device->write(4, 4, 0);
	device->write(8, 4, htobe32(RAM_SIZE - 8));
	device->write(4, 4, UINT32_MAX);
	device->write(8, 4, UINT32_MAX);
	tap_ok(true, "a DMA request outside of memory does nothing");
}

int main(void)
{
	tap_plan(18);
	fw_cfg_init();
	test_items();
	test_directory();
	test_dma();
	return tap_exit();
}
