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
	if (msix_count < MAX_FUNCTIONS)
		msix_all[msix_count++] = msix;
}

static bool is_masked(const struct msix *msix, unsigned int vector)
{
	return msix->masked || !msix->is_master ||
	       (msix->entries[vector].control & ENTRY_MASKED);
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
	send_pending(msix);
	pthread_mutex_unlock(&msix->lock);
}
