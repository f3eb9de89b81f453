// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A compact AML encoder: only the terms that our DSDT is made of (20.2, and
 * 6.4.2 for the resource descriptors).
 */
#include "aml.h"

#include <assert.h>
#include <string.h>

#define OP_NAME		0x08
#define OP_BYTE		0x0a
#define OP_WORD		0x0b
#define OP_DWORD	0x0c
#define OP_STRING	0x0d
#define OP_SCOPE	0x10
#define OP_BUFFER	0x11
#define OP_PACKAGE	0x12
#define OP_EXT		0x5b
#define OP_EXT_DEVICE	0x82

/* Address space descriptors: types and flags (6.4.3.5). */
#define WINDOW_MEMORY	0
#define WINDOW_IO	1
#define WINDOW_BUS	2
#define WINDOW_FIXED	0x0c	/* both ends; a producer, decoded positively */
#define WINDOW_IO_ALL	0x03	/* ISA and other ranges */
#define WINDOW_WRITABLE	0x01	/* and not cacheable */

#define NAME_LEN	4

/*
 * A package length is always written in three bytes, since it is known only
 * when the package is complete: 4 bits in the lead byte, 8 in each other.
 */
#define PKG_LENGTH_LEN	3
#define PKG_LENGTH_LEAD	((PKG_LENGTH_LEN - 1) << 6)
#define PKG_LENGTH_MAX	((1u << 20) - 1)

static void append_byte(struct ssi_builder *b, uint8_t byte)
{
	ssi_builder_append(b, &byte, 1);
}

static void append_name(struct ssi_builder *b, const char *name)
{
	assert(strlen(name) == NAME_LEN);
	ssi_builder_append(b, name, NAME_LEN);
}

static void append_integer(struct ssi_builder *b, uint32_t value)
{
	if (value <= 1) {
		append_byte(b, value);	/* ZeroOp and OneOp */
	} else if (value <= 0xff) {
		append_byte(b, OP_BYTE);
		ssi_builder_append(b, &value, 1);
	} else if (value <= 0xffff) {
		append_byte(b, OP_WORD);
		ssi_builder_append(b, &value, 2);
	} else {
		append_byte(b, OP_DWORD);
		ssi_builder_append(b, &value, 4);
	}
}

static void append_named(struct ssi_builder *b, const char *name)
{
	append_byte(b, OP_NAME);
	append_name(b, name);
}

static size_t open_package(struct ssi_builder *b)
{
	static const uint8_t room[PKG_LENGTH_LEN];
	size_t mark = b->used;

	ssi_builder_append(b, room, sizeof(room));
	return mark;
}

void ssi_aml_close(struct ssi_builder *b, size_t mark)
{
	size_t len = b->used - mark;

	if (b->full)
		return;
	assert(len <= PKG_LENGTH_MAX);
	b->buf[mark] = PKG_LENGTH_LEAD | (len & 0xf);
	b->buf[mark + 1] = len >> 4;
	b->buf[mark + 2] = len >> 12;
}

size_t ssi_aml_open_scope(struct ssi_builder *b, const char *root_name)
{
	size_t mark;

	append_byte(b, OP_SCOPE);
	mark = open_package(b);
	append_byte(b, '\\');
	append_name(b, root_name);
	return mark;
}

size_t ssi_aml_open_device(struct ssi_builder *b, const char *name)
{
	size_t mark;

	append_byte(b, OP_EXT);
	append_byte(b, OP_EXT_DEVICE);
	mark = open_package(b);
	append_name(b, name);
	return mark;
}

void ssi_aml_name_integer(struct ssi_builder *b, const char *name,
			  uint32_t value)
{
	append_named(b, name);
	append_integer(b, value);
}

void ssi_aml_name_string(struct ssi_builder *b, const char *name,
			 const char *value)
{
	append_named(b, name);
	append_byte(b, OP_STRING);
	ssi_builder_append(b, value, strlen(value) + 1);
}

static uint8_t hex_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'A' + 10;
}

/* Five bits a letter, four a digit, most significant byte first (19.6.36). */
void ssi_aml_name_eisa_id(struct ssi_builder *b, const char *name,
			  const char *id)
{
	uint32_t letters = (id[0] - '@') << 10 | (id[1] - '@') << 5 |
			   (id[2] - '@');
	const uint8_t bytes[] = {
		letters >> 8, letters & 0xff,
		hex_digit(id[3]) << 4 | hex_digit(id[4]),
		hex_digit(id[5]) << 4 | hex_digit(id[6]),
	};

	append_named(b, name);
	append_byte(b, OP_DWORD);
	ssi_builder_append(b, bytes, sizeof(bytes));
}

void ssi_aml_name_package(struct ssi_builder *b, const char *name,
			  const uint8_t *values, uint8_t count)
{
	size_t mark;

	append_named(b, name);
	append_byte(b, OP_PACKAGE);
	mark = open_package(b);
	append_byte(b, count);
	for (unsigned int i = 0; i < count; i++)
		append_integer(b, values[i]);
	ssi_aml_close(b, mark);
}

static void add_descriptor(struct ssi_aml_resources *r, const void *bytes,
			   size_t len)
{
	assert(r->len + len <= sizeof(r->bytes));
	memcpy(r->bytes + r->len, bytes, len);
	r->len += len;
}

/* I/O port descriptor: 16-bit decode, fixed address (6.4.2.5). */
void ssi_aml_add_io(struct ssi_aml_resources *r, uint16_t port, uint8_t len)
{
	const uint8_t bytes[] = {
		0x47, 1, port & 0xff, port >> 8, port & 0xff, port >> 8, 1, len,
	};

	add_descriptor(r, bytes, sizeof(bytes));
}

/* IRQ descriptor without flags: edge, active high, exclusive (6.4.2.1). */
void ssi_aml_add_irq(struct ssi_aml_resources *r, uint8_t irq)
{
	const uint16_t mask = 1u << irq;
	const uint8_t bytes[] = { 0x22, mask & 0xff, mask >> 8 };

	add_descriptor(r, bytes, sizeof(bytes));
}

/* 32-bit fixed memory range, read and write (6.4.3.4). */
void ssi_aml_add_memory(struct ssi_aml_resources *r, uint32_t base,
			uint32_t size)
{
	const uint8_t head[] = { 0x86, 9, 0, 1 };

	add_descriptor(r, head, sizeof(head));
	add_descriptor(r, &base, sizeof(base));
	add_descriptor(r, &size, sizeof(size));
}

/* Word address space descriptor of fixed range (6.4.3.5.3). */
static void add_word_window(struct ssi_aml_resources *r, uint8_t type,
			    uint8_t flags, const uint16_t range[2])
{
	const uint8_t head[] = { 0x88, 13, 0, type, WINDOW_FIXED, flags };
	const uint16_t fields[] = {
		0, range[0], range[1], 0, range[1] - range[0] + 1,
	};

	add_descriptor(r, head, sizeof(head));
	add_descriptor(r, fields, sizeof(fields));
}

void ssi_aml_add_bus_window(struct ssi_aml_resources *r, uint16_t first,
			    uint16_t last)
{
	add_word_window(r, WINDOW_BUS, 0, (uint16_t[]){ first, last });
}

void ssi_aml_add_io_window(struct ssi_aml_resources *r, uint16_t first,
			   uint16_t last)
{
	add_word_window(r, WINDOW_IO, WINDOW_IO_ALL,
			(uint16_t[]){ first, last });
}

/* DWord address space descriptor of fixed range (6.4.3.5.2). */
void ssi_aml_add_memory_window(struct ssi_aml_resources *r, uint32_t first,
			       uint32_t last)
{
	const uint8_t head[] = {
		0x87, 23, 0, WINDOW_MEMORY, WINDOW_FIXED, WINDOW_WRITABLE,
	};
	const uint32_t fields[] = { 0, first, last, 0, last - first + 1 };

	add_descriptor(r, head, sizeof(head));
	add_descriptor(r, fields, sizeof(fields));
}

void ssi_aml_name_resources(struct ssi_builder *b,
			    struct ssi_aml_resources *r)
{
	static const uint8_t end_tag[] = { 0x79, 0 };
	size_t mark;

	add_descriptor(r, end_tag, sizeof(end_tag));
	append_named(b, "_CRS");
	append_byte(b, OP_BUFFER);
	mark = open_package(b);
	append_integer(b, r->len);
	ssi_builder_append(b, r->bytes, r->len);
	ssi_aml_close(b, mark);
}
