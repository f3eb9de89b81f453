// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * References and sparse arrays.
 */
#include "sim.h"

void kref_get(struct kref *ref)
{
	sim_need(ref->count > 0, "a reference is taken to what has none");
	ref->count++;
}

void kref_put(struct kref *ref, void (*release)(struct kref *ref))
{
	sim_need(ref->count > 0, "a reference is dropped that nobody has");
	if (!--ref->count)
		release(ref);
}

void percpu_counter_add_batch(struct percpu_counter *counter, s64 amount,
			      s32 batch)
{
	counter->mine += amount;
	if (labs(counter->mine) < batch)
		return;
	counter->sum += counter->mine;
	counter->mine = 0;
}

static struct xa_entry *find(const struct xarray *xa, unsigned long index)
{
	u32 i;

	for (i = 0; i < xa->nr; i++)
		if (xa->entries[i].index == index)
			return &xa->entries[i];
	return NULL;
}

void xa_init_flags(struct xarray *xa, u32 flags)
{
	(void)flags;
	*xa = (struct xarray){ 0 };
}

void *xa_load(struct xarray *xa, unsigned long index)
{
	struct xa_entry *entry = find(xa, index);

	return entry ? entry->entry : NULL;
}

void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max,
	      u32 filter)
{
	const struct xa_entry *least = NULL;
	u32 i;

	sim_need(filter == XA_PRESENT, "xa_find() finds all entries only");
	for (i = 0; i < xa->nr; i++)
		if (xa->entries[i].index >= *index &&
		    xa->entries[i].index <= max &&
		    (!least || xa->entries[i].index < least->index))
			least = &xa->entries[i];
	if (!least)
		return NULL;
	*index = least->index;
	return least->entry;
}

/* The array itself is never short of memory: its users allocate enough. */
void *xa_store_bh(struct xarray *xa, unsigned long index, void *entry,
		  gfp_t gfp)
{
	struct xa_entry *place = find(xa, index);
	void *old = place ? place->entry : NULL;

	(void)gfp;
	if (!place) {
		xa->entries = realloc(xa->entries,
				      (xa->nr + 1) * sizeof(*xa->entries));
		place = &xa->entries[xa->nr++];
	}
	*place = (struct xa_entry){ .index = index, .entry = entry };
	return old;
}

void *xa_cmpxchg_bh(struct xarray *xa, unsigned long index, void *old,
		    void *entry, gfp_t gfp)
{
	void *now;

	sim_preempt();
	now = xa_load(xa, index);
	if (now == old)
		xa_store_bh(xa, index, entry, gfp);
	return now;
}

void *xa_erase_bh(struct xarray *xa, unsigned long index)
{
	struct xa_entry *place = find(xa, index);
	void *old;

	if (!place)
		return NULL;
	old = place->entry;
	*place = xa->entries[--xa->nr];
	return old;
}

void xa_destroy(struct xarray *xa)
{
	free(xa->entries);
	*xa = (struct xarray){ 0 };
}
