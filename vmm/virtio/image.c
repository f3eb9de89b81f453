// SPDX-License-Identifier: GPL-2.0-or-later
/* Tells disk images of other formats from raw ones. */
#include "image.h"

#include <string.h>
#include <unistd.h>

#include "../log.h"

/* Bytes of the first sector, as in QEMU's block drivers. */
static const struct {
	const char *name;
	unsigned int at;
	unsigned int len;
	const char *magic;
} formats[] = {
	{ "qcow2", 0, 4, "QFI\xfb" },
	{ "qed", 0, 4, "QED\0" },
	{ "vmdk", 0, 4, "KDMV" },
	{ "vhdx", 0, 8, "vhdxfile" },
	{ "vpc", 0, 8, "conectix" },
	{ "vdi", 64, 4, "\x7f\x10\xda\xbe" },
};

void image_check_raw(const char *path, int fd)
{
	unsigned char start[512] = { 0 };

	if (pread(fd, start, sizeof(start), 0) < 0)
		return;	/* the guest gets the error when it reads */
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!memcmp(start + formats[i].at, formats[i].magic,
			    formats[i].len))
			log_warn("The disk %s begins like a %s image, but the guest sees its bytes as they are; qemu-img convert -O raw makes a raw image of it.",
				 path, formats[i].name);
}
