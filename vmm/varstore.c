// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The firmware's variables: a file that the guest has as a flash chip.
 *
 * KVM shows the guest a window of ours, read-only, so that only its writes are
 * exits. In the window is either the chip's contents or, while the guest wants
 * to know how a command went, pages full of the chip's status: the window is
 * mapped anew, and KVM notices. Its memory slot stays, since taking one away
 * would cost the guest all of its nested page tables.
 */
#include "varstore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hw/pflash.h"
#include "log.h"
#include "state.h"
#include "vm.h"

#define SIZE_MAX_BYTES	(8u << 20)

static struct {
	const char *path;
	int file;
	int contents_fd, status_fd;	/* memory to map */
	unsigned char *contents, *status, *window;
	uint64_t size;
	bool shows_status;
	uint64_t mtime, saved_mtime;	/* of the file; of a checkpoint */
} varstore;

static void open_file(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	varstore.path = path;
	varstore.file = open(path, O_RDWR | O_CLOEXEC);
	if (varstore.file < 0 && errno == ENOENT)
		die(EXIT_USAGE, "There is no variable store %s; create it with cp /usr/share/OVMF/OVMF_VARS.fd %s (Debian package ovmf).",
		    path, path);
	if (varstore.file < 0)
		die(EXIT_USAGE, "The variable store %s cannot be opened for writing: %s.",
		    path, strerror(errno));
	if (fcntl(varstore.file, F_OFD_SETLK, &lock) == 0)
		return;
	if (errno == EAGAIN || errno == EACCES)
		die(EXIT_USAGE, "The variable store %s is in use by another guest.",
		    path);
	die(EXIT_HOST, "The variable store %s cannot be locked: %s.", path,
	    strerror(errno));
}

static void check_size(void)
{
	struct stat st;

	if (fstat(varstore.file, &st))
		die(EXIT_HOST, "The size of the variable store %s cannot be read: %s.",
		    varstore.path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		die(EXIT_USAGE, "The variable store %s is not a file.",
		    varstore.path);
	if (!st.st_size || st.st_size % PFLASH_BLOCK ||
	    st.st_size > SIZE_MAX_BYTES)
		die(EXIT_USAGE, "The variable store %s has %llu bytes; its size must be a multiple of 4096 and at most 8 MiB. Use a copy of OVMF_VARS.fd.",
		    varstore.path, (unsigned long long)st.st_size);
	varstore.size = st.st_size;
}

static unsigned char *make_memory(int *fd)
{
	void *memory = MAP_FAILED;

	*fd = memfd_create("ssi-vmm-flash", MFD_CLOEXEC);
	if (*fd >= 0 && !ftruncate(*fd, varstore.size))
		memory = mmap(NULL, varstore.size, PROT_READ | PROT_WRITE,
			      MAP_SHARED, *fd, 0);
	if (memory == MAP_FAILED)
		die(EXIT_HOST, "There is no memory for the firmware's variables: %s.",
		    strerror(errno));
	return memory;
}

/* In nanoseconds since 1970. */
static uint64_t find_mtime(void)
{
	struct stat st;

	if (fstat(varstore.file, &st))
		return 0;
	return st.st_mtim.tv_sec * 1000000000ull + st.st_mtim.tv_nsec;
}

uint64_t varstore_open(const char *path)
{
	ssize_t len;
	int err;

	open_file(path);
	check_size();
	varstore.contents = make_memory(&varstore.contents_fd);
	varstore.status = make_memory(&varstore.status_fd);
	varstore.mtime = find_mtime();
	len = pread(varstore.file, varstore.contents, varstore.size, 0);
	if (len != (ssize_t)varstore.size)
		die(EXIT_HOST, "The variable store %s cannot be read: %s.",
		    path, len < 0 ? strerror(errno) : "the file has become shorter");
	/* Allocate holes now: later a full disk would be an error of the chip. */
	err = posix_fallocate(varstore.file, 0, varstore.size);
	if (err == ENOSPC || err == EDQUOT)
		die(EXIT_HOST, "There is no room for the variable store %s: %s.",
		    path, strerror(err));
	return varstore.size;
}

static void show(int fd)
{
	void *at = mmap(varstore.window, varstore.size, PROT_READ,
			MAP_SHARED | MAP_FIXED, fd, 0);

	if (at == MAP_FAILED)
		log_warn("The guest may read old data from the flash chip of the firmware's variables: mmap failed: %s.",
			 strerror(errno));
}

static void varstore_show_array(void)
{
	if (varstore.shows_status)
		show(varstore.contents_fd);
	varstore.shows_status = false;
}

static void varstore_show_status(uint8_t status)
{
	if (varstore.status[0] != status)
		memset(varstore.status, status, varstore.size);
	if (!varstore.shows_status)
		show(varstore.status_fd);
	varstore.shows_status = true;
}

static int varstore_store(uint64_t offset, size_t len)
{
	ssize_t done = pwrite(varstore.file, varstore.contents + offset, len,
			      offset);

	if (done == (ssize_t)len)
		return 0;
	return done < 0 ? -errno : -EIO;
}

static int varstore_commit(void)
{
	return fdatasync(varstore.file) ? -errno : 0;
}

static const struct pflash_ops varstore_ops = {
	.show_array = varstore_show_array,
	.show_status = varstore_show_status,
	.store = varstore_store,
	.commit = varstore_commit,
};

static void varstore_save(void *unused)
{
	(void)unused;
	varstore.saved_mtime = find_mtime();
}

static bool varstore_restored(void *unused)
{
	(void)unused;
	if (varstore.saved_mtime != varstore.mtime)
		die(EXIT_USAGE, "The variable store %s was written since the checkpoint; restore the file as it was then.",
		    varstore.path);
	return true;
}

static const struct state_field varstore_fields[] = {
	STATE_FIELD(varstore, saved_mtime),
};

void varstore_create(uint64_t gpa)
{
	static struct state_part state = {
		.name = "variables", .version = 1, STATE_FIELDS(varstore_fields),
		.save = varstore_save, .restored = varstore_restored,
	};

	varstore.window = mmap(NULL, varstore.size, PROT_READ, MAP_SHARED,
			       varstore.contents_fd, 0);
	if (varstore.window == MAP_FAILED)
		die(EXIT_HOST, "The flash chip cannot be mapped: %s.",
		    strerror(errno));
	vm_add_memory(VM_SLOT_FLASH_VARIABLES, gpa, varstore.window,
		      varstore.size, true);
	pflash_init(gpa, varstore.contents, varstore.size, &varstore_ops);
	state_add(&state);
}
