// SPDX-License-Identifier: GPL-2.0-or-later
/* A seed for cloud-init: the files of a folder, as a disk (NoCloud). */
#include "seed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uuid/uuid.h>

#define LIBISOFS_WITHOUT_LIBBURN 1
#include <libisofs/libisofs.h>

#include "log.h"

#define LABEL		"cidata"
#define SIZE_MAX_ALL	(16u << 20)	/* of all files */
#define SECTOR		2048

static void check(int result, const char *folder)
{
	if (result < 0)
		die(EXIT_HOST, "The seed %s cannot become a disk: %s.", folder,
		    iso_error_to_msg(result));
}

/* Takes @data. */
static void add(IsoImage *image, const char *folder, const char *name,
		unsigned char *data, size_t size)
{
	IsoStream *stream;
	IsoFile *file;

	check(iso_memory_stream_new(data, size, &stream), folder);
	check(iso_tree_add_new_file(iso_image_get_root(image), name, stream,
				    &file), folder);
}

static unsigned char *read_file(const char *folder, const char *name, int fd,
				size_t size)
{
	unsigned char *data = malloc(size + 1);
	size_t done = 0;
	ssize_t len = 1;

	while (data && done < size && len > 0) {
		len = read(fd, data + done, size - done);
		done += len > 0 ? len : 0;
	}
	if (!data || done < size)
		die(EXIT_HOST, "The file %s of the seed %s cannot be read: %s.",
		    name, folder, data && !len ? "it was made shorter" :
						 strerror(errno));
	return data;
}

/*
 * Links may lead to other files in the folder only: whoever may write there must not make
 * the guest read files of the host that only ssi-vmm's user may read.
 */
static int open_in(int dir, const char *name)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};

	return syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

/* Return: bytes. Folders and other things in the folder are no seed. */
static size_t add_file(IsoImage *image, const char *folder, int dir,
		       const char *name, size_t room)
{
	struct stat st;
	int fd;

	/* Some devices do something when they are opened. */
	if (!fstatat(dir, name, &st, 0) && !S_ISREG(st.st_mode))
		return 0;
	fd = open_in(dir, name);
	if (fd < 0 && (errno == EXDEV || errno == ELOOP))
		die(EXIT_USAGE, "The file %s of the seed %s is a link that leads out of the folder; put a copy there.",
		    name, folder);
	if (fd < 0 || fstat(fd, &st))
		die(EXIT_USAGE, "The file %s of the seed %s cannot be opened: %s.",
		    name, folder, strerror(errno));
	if (!S_ISREG(st.st_mode)) {
		close(fd);
		return 0;
	}
	if ((size_t)st.st_size > room)
		die(EXIT_USAGE, "The files of the seed %s have more than 16 MiB.",
		    folder);
	add(image, folder, name, read_file(folder, name, fd, st.st_size),
	    st.st_size);
	close(fd);
	return st.st_size;
}

/* cloud-init takes no seed without it, and begins anew when the instance changes. */
static void add_instance(IsoImage *image, const char *folder,
			 const uint8_t *uuid)
{
	char text[UUID_STR_LEN], *data;
	int len;

	uuid_unparse_lower(uuid, text);
	len = asprintf(&data, "instance-id: %s\n", text);
	if (len < 0)
		die(EXIT_HOST, "There is no memory for the seed.");
	add(image, folder, "meta-data", (unsigned char *)data, len);
}

static void add_files(IsoImage *image, const char *folder, const uint8_t *uuid)
{
	DIR *dir = opendir(folder);
	bool has_user = false, has_meta = false;
	struct dirent *entry;
	size_t size = 0;

	if (!dir)
		die(EXIT_USAGE, "The seed %s cannot be opened: %s.", folder,
		    strerror(errno));
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (*name == '.')
			continue;
		size += add_file(image, folder, dirfd(dir), name,
				 SIZE_MAX_ALL - size);
		has_user |= !strcmp(name, "user-data");
		has_meta |= !strcmp(name, "meta-data");
	}
	closedir(dir);
	if (!has_user)
		die(EXIT_USAGE, "The seed %s has no file user-data, without which cloud-init takes none; it may be empty.",
		    folder);
	if (!has_meta)
		add_instance(image, folder, uuid);
}

/* The library writes it in a thread of its own, which has ended at the end. */
static void write_image(IsoImage *image, const char *folder, int fd)
{
	unsigned char sector[SECTOR];
	struct burn_source *source;
	IsoWriteOpts *how;
	int len;

	check(iso_write_opts_new(&how, 0), folder);
	iso_write_opts_set_rockridge(how, 1);
	iso_write_opts_set_joliet(how, 1);
	check(iso_image_create_burn_source(image, how, &source), folder);
	while ((len = source->read_xt(source, sector, sizeof(sector))) > 0)
		if (write(fd, sector, len) != len)
			die(EXIT_HOST, "The host has no memory for the seed %s: %s.",
			    folder, strerror(errno));
	check(len, folder);
	source->free_data(source);
	free(source);
	iso_write_opts_free(how);
}

int seed_make(const char *folder, const uint8_t uuid[16])
{
	int fd = memfd_create(LABEL, MFD_CLOEXEC);
	IsoImage *image;

	if (fd < 0)
		die(EXIT_HOST, "The host has no memory for the seed %s: %s.",
		    folder, strerror(errno));
	check(iso_init(), folder);
	iso_set_msgs_severities("NEVER", "NEVER", "");
	check(iso_image_new(LABEL, &image), folder);
	iso_image_set_volume_id(image, LABEL);
	add_files(image, folder, uuid);
	write_image(image, folder, fd);
	iso_image_unref(image);
	iso_finish();
	return fd;
}
