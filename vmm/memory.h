/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest RAM: its addresses in the guest, and the only access to it. */
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../acpi/layout.h"

/* RAM is contiguous except for this hole, where devices are. */
#define MEMORY_HOLE_START	SSI_LAYOUT_HOLE_START
#define MEMORY_HOLE_END		SSI_LAYOUT_HOLE_END

/* Take anonymous memory of this node. Ends the process on errors. */
void memory_create_anonymous(uint64_t size);

/* Use the mapping of a shared region. */
void memory_use(void *host, uint64_t size);

/* Show it to KVM. */
void memory_add_to_vm(void);

/* Bytes of RAM in all, and below the hole. */
uint64_t memory_size(void);
uint64_t memory_low_size(void);

/* Is this address inside of guest RAM, in a region that nodes share? */
bool memory_is_shared(const void *host);

/*
 * Is RAM a region that nodes share? Then it must not be pinned for a device: a page
 * that is pinned cannot go to the node that needs it, and the kernel may refuse.
 */
bool memory_may_move(void);

/* Where RAM is here, from its first byte on; the hole is left out. */
void *memory_host(void);

/* How many bytes of RAM are in front of what memory_at() returned. */
uint64_t memory_offset(const void *host);

/*
 * Give the memory of a range of RAM back to this host; the range is zero then. It
 * consists of whole pages; in a shared region, pages that other nodes have stay.
 */
void memory_discard(uint64_t offset, uint64_t len);

/**
 * memory_at() - guest RAM at an address
 * @gpa: guest physical address
 * @len: bytes that will be touched
 *
 * Return: its address here, or NULL if any byte of it is not RAM.
 */
void *memory_at(uint64_t gpa, uint64_t len);

#endif /* VMM_MEMORY_H */
