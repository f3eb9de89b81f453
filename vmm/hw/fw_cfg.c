// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fw_cfg: gives the firmware a description of the machine, and files (QEMU,
 * docs/specs/fw_cfg.rst).
 *
 * A guest selects an item by its key and reads it in order, a byte at a time from
 * the data port, or by DMA: it writes the address of a request, which is carried
 * out before the write ends. A guest gets no byte that is not part of an item:
 * past the end it reads zeroes. It cannot change an item.
 */
#include "fw_cfg.h"

#include <endian.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../bus.h"
#include "../log.h"
#include "../memory.h"
#include "../state.h"

#define OFFSET_SELECTOR	0
#define OFFSET_DATA	1
#define OFFSET_DMA	4	/* big-endian, upper half first */

#define MAX_FILES	16
#define FILE_NAME_MAX	56
#define NUM_KEYS	(FW_CFG_FIRST_FILE + MAX_FILES)
#define KEY_MASK	0x3fffu	/* above are the write and the arch bit */

#define ID_TRADITIONAL	0x01
#define ID_DMA		0x02
#define DMA_SIGNATURE	0x51454d5520434647ull	/* QEMU CFG */

#define DMA_ERROR	0x01u
#define DMA_READ	0x02u
#define DMA_SKIP	0x04u
#define DMA_SELECT	0x08u
#define DMA_WRITE	0x10u
#define DMA_KEY(control)	((control) >> 16)

struct item {
	const unsigned char *data;
	uint32_t size;
	uint64_t number;	/* @data points here if the item is a number */
};

/* An entry of the directory. */
struct file {
	uint32_t size;		/* big-endian, as key */
	uint16_t key;
	uint16_t reserved;
	char name[FILE_NAME_MAX];
};

/* A DMA request in guest memory; big-endian. */
struct dma_request {
	uint32_t control;
	uint32_t length;
	uint64_t address;
};

_Static_assert(sizeof(struct file) == 64, "docs/specs/fw_cfg.rst");
_Static_assert(sizeof(struct dma_request) == 16, "docs/specs/fw_cfg.rst");

static struct {
	struct item items[NUM_KEYS];
	struct {
		uint32_t count;	/* big-endian */
		struct file files[MAX_FILES];
	} dir;
	unsigned int num_files;
	unsigned int key;
	uint32_t at;		/* next byte of the selected item */
	uint32_t dma_high;
} fw_cfg;

static void select_item(unsigned int key)
{
	fw_cfg.key = key & KEY_MASK;
	fw_cfg.at = 0;
}

/* Return: bytes of the selected item that were not read yet; @data: the first. */
static uint32_t bytes_left(const unsigned char **data)
{
	const struct item *item;

	if (fw_cfg.key >= NUM_KEYS)
		return 0;
	item = &fw_cfg.items[fw_cfg.key];
	if (fw_cfg.at >= item->size)
		return 0;
	*data = item->data + fw_cfg.at;
	return item->size - fw_cfg.at;
}

static uint8_t read_byte(void)
{
	const unsigned char *data;

	if (!bytes_left(&data))
		return 0;
	fw_cfg.at++;
	return *data;
}

static void skip(uint32_t len)
{
	const unsigned char *data;
	uint32_t left = bytes_left(&data);

	fw_cfg.at += len < left ? len : left;
}

static bool read_into(uint64_t gpa, uint32_t len)
{
	unsigned char *to = memory_at(gpa, len);
	const unsigned char *data = NULL;
	uint32_t left = bytes_left(&data);
	uint32_t copied = len < left ? len : left;

	if (!to)
		return false;
	if (copied)
		memcpy(to, data, copied);
	memset(to + copied, 0, len - copied);
	fw_cfg.at += copied;
	return true;
}

/* Return: the request is legal. */
static bool carry_out(const struct dma_request *request)
{
	uint32_t control = be32toh(request->control);
	uint32_t len = be32toh(request->length);

	if (control & DMA_SELECT)
		select_item(DMA_KEY(control));
	if (control & DMA_READ)
		return !len || read_into(be64toh(request->address), len);
	if (control & DMA_WRITE)
		return false;
	if (control & DMA_SKIP)
		skip(len);
	return true;
}

/* Clears the control field of the request: the guest waits for that. */
static void run_dma(uint64_t gpa)
{
	void *there = memory_at(gpa, sizeof(struct dma_request));
	struct dma_request request;
	uint32_t result;

	if (!there) {
		log_debug("A fw_cfg request at 0x%llx is not in memory.",
			  (unsigned long long)gpa);
		return;
	}
	memcpy(&request, there, sizeof(request));
	result = htobe32(carry_out(&request) ? 0 : DMA_ERROR);
	memcpy(there, &result, sizeof(result));
}

static void dma_write(uint64_t offset, unsigned int len, uint64_t value)
{
	if (len != 4)
		return;
	if (offset == 0) {
		fw_cfg.dma_high = be32toh(value);
	} else if (offset == 4) {
		run_dma((uint64_t)fw_cfg.dma_high << 32 | be32toh(value));
		fw_cfg.dma_high = 0;
	}
}

static uint64_t fw_cfg_read(uint64_t offset, unsigned int len)
{
	uint64_t value = 0;

	if (offset >= OFFSET_DMA)
		return htobe64(DMA_SIGNATURE) >> (8 * (offset - OFFSET_DMA));
	if (offset != OFFSET_DATA)
		return UINT64_MAX;
	for (unsigned int i = 0; i < len; i++)
		value |= (uint64_t)read_byte() << (8 * i);
	return value;
}

static void fw_cfg_write(uint64_t offset, unsigned int len, uint64_t value)
{
	if (offset == OFFSET_SELECTOR && len == 2)
		select_item(value);
	else if (offset >= OFFSET_DMA)
		dma_write(offset - OFFSET_DMA, len, value);
}

void fw_cfg_add(enum fw_cfg_key key, const void *data, uint32_t size)
{
	fw_cfg.items[key] = (struct item) { .data = data, .size = size };
}

void fw_cfg_add_number(enum fw_cfg_key key, uint64_t value, uint32_t size)
{
	struct item *item = &fw_cfg.items[key];

	item->number = htole64(value);
	item->data = (const unsigned char *)&item->number;
	item->size = size;
}

void fw_cfg_add_file(const char *name, const void *data, uint32_t size)
{
	unsigned int key = FW_CFG_FIRST_FILE + fw_cfg.num_files;
	struct file *file;

	if (fw_cfg.num_files == MAX_FILES)
		die(EXIT_HOST, "The firmware can get no more than %u files.",
		    MAX_FILES);
	file = &fw_cfg.dir.files[fw_cfg.num_files++];
	file->size = htobe32(size);
	file->key = htobe16(key);
	snprintf(file->name, sizeof(file->name), "%s", name);
	fw_cfg.dir.count = htobe32(fw_cfg.num_files);
	fw_cfg_add(key, data, size);
	fw_cfg_add(FW_CFG_FILE_DIR, &fw_cfg.dir, sizeof(fw_cfg.dir.count) +
		   fw_cfg.num_files * sizeof(*file));
}

static const struct state_field fw_cfg_fields[] = {
	STATE_FIELD(fw_cfg, key), STATE_FIELD(fw_cfg, at),
	STATE_FIELD(fw_cfg, dma_high),
};

void fw_cfg_init(void)
{
	static struct state_part state = {
		.name = "fw-cfg", .version = 1, STATE_FIELDS(fw_cfg_fields),
	};
	static const struct bus_device device = {
		.name = "fw_cfg", .space = BUS_PORT, .base = FW_CFG_PORT,
		.size = FW_CFG_PORTS,
		.read = fw_cfg_read, .write = fw_cfg_write,
	};

	fw_cfg_add(FW_CFG_SIGNATURE, "QEMU", 4);
	fw_cfg_add_number(FW_CFG_ID, ID_TRADITIONAL | ID_DMA, 4);
	fw_cfg_add(FW_CFG_FILE_DIR, &fw_cfg.dir, sizeof(fw_cfg.dir.count));
	bus_add(&device);
	state_add(&state);
}
