// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SMBIOS: what the machine tells of itself (DMTF DSP0134, 3.3). Only what guests look
 * for: the UUID, and who made the machine.
 */
#include "smbios.h"

#include <endian.h>
#include <string.h>

#define TYPE_BIOS	0
#define TYPE_SYSTEM	1
#define TYPE_CHASSIS	3
#define TYPE_END	127

#define BIOS_NO_FEATURES	(1u << 3)
#define BIOS_IS_VIRTUAL		(1u << 4)	/* of extension byte 2 */
#define CHASSIS_OTHER		1
#define STATE_SAFE		3
#define SECURITY_NONE		3
#define WAKE_POWER_SWITCH	6
#define NAME_MAX_LEN		64

static const char maker[] = "SSI";

struct header {
	uint8_t type;
	uint8_t length;
	uint16_t handle;
} __attribute__((packed));

/* 7.1 */
struct bios {
	struct header header;
	uint8_t vendor, version;
	uint16_t segment;
	uint8_t date, rom_size;
	uint64_t features;
	uint8_t extension[2];
	uint8_t release_major, release_minor;
	uint8_t controller_major, controller_minor;
} __attribute__((packed));

/* 7.2 */
struct system {
	struct header header;
	uint8_t maker, product, version, serial;
	uint8_t uuid[SMBIOS_UUID_SIZE];
	uint8_t wake, sku, family;
} __attribute__((packed));

/* 7.4, up to what is fixed */
struct chassis {
	struct header header;
	uint8_t maker, type, version, serial, asset;
	uint8_t boot_state, supply_state, thermal_state, security;
	uint32_t oem;
	uint8_t height, cords, elements, element_size;
} __attribute__((packed));

/* 5.2.2 */
struct anchor {
	char name[5];
	uint8_t checksum, length, major, minor, docrev, revision, reserved;
	uint32_t max_size;
	uint64_t address;
} __attribute__((packed));

_Static_assert(sizeof(struct bios) == 0x18, "7.1");
_Static_assert(sizeof(struct system) == 0x1b, "7.2");
_Static_assert(sizeof(struct chassis) == 0x15, "7.4");
_Static_assert(sizeof(struct anchor) == SMBIOS_ANCHOR_SIZE, "5.2.2");

/* Add a structure. Its texts follow, numbered from 1; an empty text ends them. */
static void add(struct smbios *smbios, uint8_t type, void *data, size_t length,
		const char *const *texts)
{
	struct header *header = data;
	uint8_t *at = smbios->tables + smbios->size;

	header->type = type;
	header->length = length;
	header->handle = htole16(type << 8);
	memcpy(at, data, length);
	at += length;
	for (; *texts; texts++) {
		size_t size = strlen(*texts) + 1;

		memcpy(at, *texts, size);
		at += size;
	}
	/* The end is two bytes if there are no texts. */
	if (at == smbios->tables + smbios->size + length)
		*at++ = 0;
	*at++ = 0;
	smbios->size = at - smbios->tables;
}

static void add_bios(struct smbios *smbios)
{
	static const char *const texts[] = { maker, "1", "01/01/2026", NULL };
	struct bios bios = {
		.vendor = 1, .version = 2, .segment = htole16(0xe800), .date = 3,
		.features = htole64(BIOS_NO_FEATURES),
		.extension = { 0, BIOS_IS_VIRTUAL },
		.release_major = 1, .controller_major = 0xff,
		.controller_minor = 0xff,
	};

	add(smbios, TYPE_BIOS, &bios, sizeof(bios), texts);
}

/* The first three parts of a UUID are numbers, lowest byte first (7.2.1). */
static void put_uuid(uint8_t *to, const uint8_t uuid[SMBIOS_UUID_SIZE])
{
	static const uint8_t order[SMBIOS_UUID_SIZE] = {
		3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15,
	};

	for (unsigned int i = 0; i < SMBIOS_UUID_SIZE; i++)
		to[i] = uuid[order[i]];
}

static void add_system(struct smbios *smbios, const uint8_t *uuid,
		       const char *name)
{
	char family[NAME_MAX_LEN + 1] = "";
	const char *const texts[] = {
		maker, "SSI guest", "1", *name ? family : NULL, NULL,
	};
	struct system system = {
		.maker = 1, .product = 2, .version = 3,
		.wake = WAKE_POWER_SWITCH, .family = *name ? 4 : 0,
	};

	strncat(family, name, NAME_MAX_LEN);
	put_uuid(system.uuid, uuid);
	add(smbios, TYPE_SYSTEM, &system, sizeof(system), texts);
}

static void add_chassis(struct smbios *smbios)
{
	static const char *const texts[] = { maker, NULL };
	struct chassis chassis = {
		.maker = 1, .type = CHASSIS_OTHER, .boot_state = STATE_SAFE,
		.supply_state = STATE_SAFE, .thermal_state = STATE_SAFE,
		.security = SECURITY_NONE,
	};

	add(smbios, TYPE_CHASSIS, &chassis, sizeof(chassis), texts);
}

static void add_end(struct smbios *smbios)
{
	static const char *const texts[] = { NULL };
	struct header end = { 0 };

	add(smbios, TYPE_END, &end, sizeof(end), texts);
}

static void make_anchor(struct smbios *smbios, uint64_t gpa)
{
	struct anchor anchor = {
		.name = "_SM3_", .length = sizeof(anchor), .major = 3,
		.minor = 3, .revision = 1,
		.max_size = htole32(smbios->size), .address = htole64(gpa),
	};
	uint8_t sum = 0;

	for (size_t i = 0; i < sizeof(anchor); i++)
		sum += ((const uint8_t *)&anchor)[i];
	anchor.checksum = -sum;
	memcpy(smbios->anchor, &anchor, sizeof(anchor));
}

void smbios_make(struct smbios *smbios, const uint8_t uuid[SMBIOS_UUID_SIZE],
		 const char *name, bool firmware, uint64_t gpa)
{
	smbios->size = 0;
	if (!firmware)
		add_bios(smbios);
	add_system(smbios, uuid, name);
	add_chassis(smbios);
	add_end(smbios);
	make_anchor(smbios, gpa);
}
