// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MSI-X: how a PCI function interrupts. The BAR has the table first, and the
 * pending bits in its second half. A message goes to the local APICs of this
 * node. Proxies forward it to the CPUs of other nodes.
 */
#include "msix.h"

#include <string.h>

#include "irq.h"

#define CAPABILITY_ID	0x11
#define CAPABILITY_LEN	12
#define CONTROL		2	/* offset of the message control register */
#define CONTROL_ENABLE	0x8000u
#define CONTROL_MASK	0x4000u
#define TABLE		4
#define PBA		8
#define PBA_OFFSET	(MSIX_BAR_SIZE / 2)
#define ENTRY_SIZE	sizeof(struct msix_entry)
#define ENTRY_MASKED	1u

#define MAX_FUNCTIONS	32	/* more than there are devices */

/* Those of this node; complete before the first CPU runs. */
static struct msix *msix_all[MAX_FUNCTIONS];
static unsigned int msix_count;

_Static_assert(ENTRY_SIZE == 16, "PCI Local Bus 3.0, figure 6-11");
_Static_assert(MSIX_MAX_VECTORS * ENTRY_SIZE <= PBA_OFFSET, "the table fits");

void msix_init(struct msix *msix, struct pci_function *fn, unsigned int bar,
	       unsigned int count)
{
	unsigned int at = pci_add_capability(fn, CAPABILITY_ID,
					     CAPABILITY_LEN);

	pci_set(fn, at + CONTROL, 2, count - 1, CONTROL_ENABLE | CONTROL_MASK);
	pci_set(fn, at + TABLE, 4, bar, 0);
	pci_set(fn, at + PBA, 4, PBA_OFFSET | bar, 0);
	pthread_mutex_init(&msix->lock, NULL);
	msix->capability = at;
	msix->count = count;
	for (unsigned int i = 0; i < count; i++)
		msix->entries[i].control = ENTRY_MASKED;
	for (unsigned int i = 0; i < MSIX_MAX_VECTORS; i++)
		msix->fds[i] = -1;
	if (msix_count < MAX_FUNCTIONS)
		msix_all[msix_count++] = msix;
}

static bool is_masked(const struct msix *msix, unsigned int vector)
{
	return msix->masked || !msix->is_master ||
	       (msix->entries[vector].control & ENTRY_MASKED);
}

static bool has_route(struct msix *msix, unsigned int vector)
{
	const struct msix_entry *entry = &msix->entries[vector];
	struct msix_entry *routed = &msix->routed[vector];

	if (!msix->gsis[vector])
		msix->gsis[vector] = irq_new_direct();
	if (!msix->gsis[vector])
		return false;
	if (routed->address == entry->address && routed->data == entry->data)
		return true;
	*routed = *entry;
	if (irq_set_direct(msix->gsis[vector], entry->address, entry->data))
		return true;
	routed->address = 0;
	return false;
}

/* The kernel raises a vector exactly while the guest can take it. */
static void update_direct(struct msix *msix, unsigned int vector)
{
	uint64_t bit = 1ull << vector;
	bool on = msix->fds[vector] >= 0 && msix->enabled &&
		  !is_masked(msix, vector) && has_route(msix, vector);

	if (on)
		msix->sent |= bit;	/* it may have */
	if (on == !!(msix->attached & bit))
		return;
	if (irq_attach(msix->gsis[vector], msix->fds[vector], on))
		msix->attached ^= bit;
}

/* With the lock held. */
static void update_all(struct msix *msix)
{
	for (unsigned int i = 0; i < msix->count; i++)
		if (msix->fds[i] >= 0)
			update_direct(msix, i);
}

static void unbind(struct msix *msix, unsigned int vector)
{
	if (msix->attached & 1ull << vector)
		irq_attach(msix->gsis[vector], msix->fds[vector], false);
	msix->attached &= ~(1ull << vector);
	msix->fds[vector] = -1;
}

void msix_bind(struct msix *msix, unsigned int vector, int fd)
{
	pthread_mutex_lock(&msix->lock);
	for (unsigned int i = 0; i < msix->count; i++)
		if (msix->fds[i] == fd && i != vector)
			unbind(msix, i);
	/* One queue of those that share a vector has it. */
	if (vector < msix->count && msix->fds[vector] < 0) {
		msix->fds[vector] = fd;
		update_direct(msix, vector);
	}
	pthread_mutex_unlock(&msix->lock);
}

/* With the lock held. */
static void send_pending(struct msix *msix)
{
	if (!msix->enabled)
		return;
	for (unsigned int i = 0; i < msix->count; i++) {
		if (!(msix->pending & 1ull << i) || is_masked(msix, i))
			continue;
		msix->pending &= ~(1ull << i);
		msix->sent |= 1ull << i;
		irq_send_msi(msix->entries[i].address, msix->entries[i].data);
	}
}

void msix_raise(struct msix *msix, unsigned int vector)
{
	pthread_mutex_lock(&msix->lock);
	if (vector < msix->count && msix->enabled) {
		msix->pending |= 1ull << vector;
		send_pending(msix);
	}
	pthread_mutex_unlock(&msix->lock);
}

void msix_send_again(void)
{
	for (unsigned int i = 0; i < msix_count; i++) {
		struct msix *msix = msix_all[i];

		pthread_mutex_lock(&msix->lock);
		if (msix->enabled)
			msix->pending |= msix->sent;
		send_pending(msix);
		pthread_mutex_unlock(&msix->lock);
	}
}

void msix_config_written(struct msix *msix, const struct pci_function *fn)
{
	uint32_t control = pci_get(fn, msix->capability + CONTROL, 2);

	pthread_mutex_lock(&msix->lock);
	msix->enabled = control & CONTROL_ENABLE;
	msix->masked = control & CONTROL_MASK;
	msix->is_master = pci_is_master(fn);
	if (!msix->enabled)
		msix->pending = msix->sent = 0;
	update_all(msix);
	send_pending(msix);
	pthread_mutex_unlock(&msix->lock);
}

/* A part of @size bytes at @base is accessed: does all of that fit? */
static bool is_inside(uint64_t offset, unsigned int len, uint64_t base,
		      uint64_t size)
{
	return offset >= base && offset - base + len <= size;
}

uint64_t msix_read(struct msix *msix, uint64_t offset, unsigned int len)
{
	uint64_t value = 0;

	pthread_mutex_lock(&msix->lock);
	if (is_inside(offset, len, 0, msix->count * ENTRY_SIZE))
		memcpy(&value, (char *)msix->entries + offset, len);
	else if (is_inside(offset, len, PBA_OFFSET, sizeof(msix->pending)))
		memcpy(&value, (char *)&msix->pending + (offset - PBA_OFFSET),
		       len);
	pthread_mutex_unlock(&msix->lock);
	return value;
}

void msix_write(struct msix *msix, uint64_t offset, unsigned int len,
		uint64_t value)
{
	pthread_mutex_lock(&msix->lock);
	if (is_inside(offset, len, 0, msix->count * ENTRY_SIZE))
		memcpy((char *)msix->entries + offset, &value, len);
	update_all(msix);
	send_pending(msix);
	pthread_mutex_unlock(&msix->lock);
}
