// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tells firmware that needs system management mode from other firmware.
 *
 * OVMF that was built with SMM_REQUIRE stops for good in its module
 * SmmAccessPei where the chipset has no SMRAM, without a message. Modules are
 * files named by GUIDs (UEFI Platform Initialization specification 1.7, volume
 * 3); all but the very first ones are in a section that is compressed with
 * LZMA, the PEI modules within its first MiB.
 */
#include "firmware_smm.h"

#include <lzma.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define GUID_SIZE	16u
#define PEI_SIZE_MAX	(1u << 20)

/* ee4e5898-3914-4259-9d6e-dc7bd79403cf, of sections in LZMA */
static const unsigned char lzma_guid[GUID_SIZE] = {
	0x98, 0x58, 0x4e, 0xee, 0x14, 0x39, 0x59, 0x42,
	0x9d, 0x6e, 0xdc, 0x7b, 0xd7, 0x94, 0x03, 0xcf,
};

/* 6c0e75b4-b0b9-44d1-8210-3377d7b4e066, SmmAccessPei */
static const unsigned char smm_guid[GUID_SIZE] = {
	0xb4, 0x75, 0x0e, 0x6c, 0xb9, 0xb0, 0xd1, 0x44,
	0x82, 0x10, 0x33, 0x77, 0xd7, 0xb4, 0xe0, 0x66,
};

/* Header of a section that a GUID defines. */
struct guid_section {
	uint8_t size[3];
	uint8_t type;
	uint8_t guid[GUID_SIZE];
	uint16_t data_offset;	/* from the beginning of this */
	uint16_t attributes;
};

/* Return: the compressed data, up to the end of the firmware, or NULL. */
static const unsigned char *find_compressed(const unsigned char *code,
					    size_t size, size_t *left)
{
	const unsigned char *at = memmem(code, size, lzma_guid, GUID_SIZE);
	const size_t before = offsetof(struct guid_section, guid);
	struct guid_section section;
	size_t start;

	if (!at || (size_t)(at - code) < before)
		return NULL;
	start = at - code - before;
	if (size - start < sizeof(section))
		return NULL;
	memcpy(&section, code + start, sizeof(section));
	if (section.data_offset > size - start)
		return NULL;
	*left = size - start - section.data_offset;
	return code + start + section.data_offset;
}

/* Return: bytes that came out until @size was full or the data ended. */
static size_t decompress(const unsigned char *data, size_t left,
			 unsigned char *out, size_t size)
{
	lzma_stream stream = LZMA_STREAM_INIT;

	if (lzma_alone_decoder(&stream, UINT64_MAX) != LZMA_OK)
		return 0;
	stream.next_in = data;
	stream.avail_in = left;
	stream.next_out = out;
	stream.avail_out = size;
	while (stream.avail_out && lzma_code(&stream, LZMA_RUN) == LZMA_OK)
		;
	lzma_end(&stream);
	return size - stream.avail_out;
}

bool firmware_needs_smm(const unsigned char *code, size_t size)
{
	size_t left, length;
	const unsigned char *data = find_compressed(code, size, &left);
	unsigned char *pei;
	bool found;

	if (!data)
		return false;
	pei = malloc(PEI_SIZE_MAX);
	if (!pei)
		return false;
	length = decompress(data, left, pei, PEI_SIZE_MAX);
	found = memmem(pei, length, smm_guid, GUID_SIZE);
	free(pei);
	return found;
}
