/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What files of the VMM stand on, for unit tests: guest memory, interrupts, the
 * log, and the ways to end. A test that needs another one of these functions
 * defines it itself; its definition replaces the one here.
 */
#ifndef UNIT_LIBVMM_H
#define UNIT_LIBVMM_H

#include <stdatomic.h>
#include <stdint.h>

/* Make guest memory of zeroes, at @gpa, for memory_at(). Return: where it is. */
unsigned char *libvmm_make_ram(uint64_t gpa, uint64_t size);

extern atomic_uint libvmm_interrupts;	/* calls of irq_send_msi() */
extern atomic_uint libvmm_warnings;	/* of log_warn() */
extern atomic_uint libvmm_stops;	/* of stop_ask() */

#endif /* UNIT_LIBVMM_H */
