// SPDX-License-Identifier: GPL-2.0-or-later
/* What files of the VMM stand on; see libvmm.h. */
#include "libvmm.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../vmm/filter.h"
#include "../../vmm/irq.h"
#include "../../vmm/log.h"
#include "../../vmm/memory.h"
#include "../../vmm/stop.h"

#define REPLACEABLE	__attribute__((weak))

atomic_uint libvmm_interrupts, libvmm_warnings, libvmm_stops;

static unsigned char *libvmm_ram;
static uint64_t libvmm_ram_gpa, libvmm_ram_size;
static pid_t libvmm_main;	/* the test itself, not a child of it */

__attribute__((constructor))
static void note_main(void)
{
	libvmm_main = getpid();
}

unsigned char *libvmm_make_ram(uint64_t gpa, uint64_t size)
{
	libvmm_ram = aligned_alloc(4096, size);
	if (!libvmm_ram) {
		printf("Bail out! There is no memory.\n");
		exit(EXIT_FAILURE);
	}
	memset(libvmm_ram, 0, size);
	libvmm_ram_gpa = gpa;
	libvmm_ram_size = size;
	return libvmm_ram;
}

REPLACEABLE void *memory_at(uint64_t gpa, uint64_t len)
{
	if (gpa < libvmm_ram_gpa || gpa - libvmm_ram_gpa > libvmm_ram_size ||
	    len > libvmm_ram_size - (gpa - libvmm_ram_gpa))
		return NULL;
	return libvmm_ram + (gpa - libvmm_ram_gpa);
}

REPLACEABLE uint64_t memory_size(void)
{
	return libvmm_ram_size;
}

REPLACEABLE uint64_t memory_low_size(void)
{
	return libvmm_ram_size;
}

REPLACEABLE uint64_t memory_offset(const void *host)
{
	return (const unsigned char *)host - libvmm_ram;
}

REPLACEABLE bool memory_may_move(void)
{
	return false;
}

REPLACEABLE void filter_thread(enum filter_kind kind)
{
	(void)kind;
}

REPLACEABLE void irq_send_msi(uint64_t address, uint32_t data)
{
	(void)address;
	(void)data;
	atomic_fetch_add(&libvmm_interrupts, 1);
}

/* Without it the device's thread passes interrupts on. */
REPLACEABLE unsigned int irq_new_direct(void)
{
	return 0;
}

REPLACEABLE bool irq_set_direct(unsigned int gsi, uint64_t address, uint32_t data)
{
	(void)gsi;
	(void)address;
	(void)data;
	return false;
}

REPLACEABLE bool irq_attach(unsigned int gsi, int fd, bool on)
{
	(void)gsi;
	(void)fd;
	(void)on;
	return false;
}

REPLACEABLE void log_debug(const char *fmt, ...)
{
	(void)fmt;
}

REPLACEABLE void log_info(const char *fmt, ...)
{
	(void)fmt;
}

REPLACEABLE void log_warn(const char *fmt, ...)
{
	(void)fmt;
	atomic_fetch_add(&libvmm_warnings, 1);
}

REPLACEABLE void stop_ask(enum exit_code code, const char *fmt, ...)
{
	(void)code;
	(void)fmt;
	atomic_fetch_add(&libvmm_stops, 1);
}

REPLACEABLE void stop_add_continued(void (*continued)(void))
{
	(void)continued;
}

/* A child ends with the code that a test waits for; the test itself has failed. */
REPLACEABLE void die(enum exit_code code, const char *fmt, ...)
{
	bool is_child = getpid() != libvmm_main;
	va_list args;

	printf(is_child ? "# " : "Bail out! ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	_exit(is_child ? (int)code : EXIT_FAILURE);
}
