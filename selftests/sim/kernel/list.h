/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel for the simulator: lists, references, sparse arrays.
 */
#ifndef SIM_KERNEL_LIST_H
#define SIM_KERNEL_LIST_H

#include "base.h"

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD(name)	struct list_head name = { &(name), &(name) }

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool list_empty(const struct list_head *list)
{
	return list->next == list;
}

static inline bool list_is_first(const struct list_head *entry,
				 const struct list_head *list)
{
	return list->next == entry;
}

static inline void list_join(struct list_head *a, struct list_head *b)
{
	a->next = b;
	b->prev = a;
}

static inline void list_add(struct list_head *entry, struct list_head *after)
{
	list_join(entry, after->next);
	list_join(after, entry);
}

static inline void list_add_tail(struct list_head *entry,
				 struct list_head *list)
{
	list_add(entry, list->prev);
}

static inline void list_del_init(struct list_head *entry)
{
	list_join(entry->prev, entry->next);
	INIT_LIST_HEAD(entry);
}

/* Whoever uses it afterwards crashes. */
static inline void list_del(struct list_head *entry)
{
	list_join(entry->prev, entry->next);
	entry->next = NULL;
	entry->prev = NULL;
}

static inline void list_move(struct list_head *entry, struct list_head *list)
{
	list_del_init(entry);
	list_add(entry, list);
}

static inline void list_move_tail(struct list_head *entry,
				  struct list_head *list)
{
	list_del_init(entry);
	list_add_tail(entry, list);
}

/* All of @from, behind @after; @from is empty then. */
static inline void list_splice_init(struct list_head *from,
				    struct list_head *after)
{
	if (list_empty(from))
		return;
	list_join(from->prev, after->next);
	list_join(after, from->next);
	INIT_LIST_HEAD(from);
}

static inline void list_splice_tail_init(struct list_head *from,
					 struct list_head *list)
{
	list_splice_init(from, list->prev);
}

/* Who walks the list may be at the entry, so that it still leads on. */
static inline void list_del_rcu(struct list_head *entry)
{
	list_join(entry->prev, entry->next);
	entry->prev = NULL;
}

#define list_add_tail_rcu(entry, list)	list_add_tail(entry, list)

#define list_entry(ptr, type, member)	container_of(ptr, type, member)
#define list_first_entry(list, type, member)				\
	list_entry((list)->next, type, member)
#define list_first_entry_or_null(list, type, member)			\
	(list_empty(list) ? NULL : list_first_entry(list, type, member))
#define list_at(ptr, pos, member)					\
	list_entry(ptr, __typeof__(*(pos)), member)
#define list_for_each_entry(pos, list, member)				\
	for (pos = list_at((list)->next, pos, member);			\
	     &pos->member != (list);					\
	     pos = list_at(pos->member.next, pos, member))
#define list_for_each_entry_reverse(pos, list, member)			\
	for (pos = list_at((list)->prev, pos, member);			\
	     &pos->member != (list);					\
	     pos = list_at(pos->member.prev, pos, member))
#define list_for_each_entry_safe(pos, after, list, member)		\
	for (pos = list_at((list)->next, pos, member),			\
	     after = list_at(pos->member.next, pos, member);		\
	     &pos->member != (list);					\
	     pos = after, after = list_at(after->member.next, after, member))

/* Others may change the list between two entries. */
#define list_for_each_entry_rcu(pos, list, member)			\
	for (pos = list_at((list)->next, pos, member);			\
	     sim_assert_rcu(), &pos->member != (list);			\
	     sim_preempt(), pos = list_at(pos->member.next, pos, member))
void sim_assert_rcu(void);

struct kref {
	int count;
};

static inline void kref_init(struct kref *ref)
{
	ref->count = 1;
}

void kref_get(struct kref *ref);
void kref_put(struct kref *ref, void (*release)(struct kref *ref));

/* There is one CPU, which does not add what it has counted at once. */
struct percpu_counter {
	s64 sum, mine;
};

#define percpu_counter_init(counter, amount, gfp)			\
	(*(counter) = (struct percpu_counter){ (amount) }, 0)
#define percpu_counter_destroy(counter)	((void)(counter))
void percpu_counter_add_batch(struct percpu_counter *counter, s64 amount,
			      s32 batch);
#define percpu_counter_read_positive(counter)	max((counter)->sum, (s64)0)
#define percpu_counter_sum_positive(counter)				\
	max((counter)->sum + (counter)->mine, (s64)0)

struct percpu_ref {
	u32 count;
	bool killed;
	void (*release)(struct percpu_ref *ref);
};

int percpu_ref_init(struct percpu_ref *ref,
		    void (*release)(struct percpu_ref *ref), u32 flags,
		    gfp_t gfp);
void percpu_ref_exit(struct percpu_ref *ref);
void percpu_ref_get(struct percpu_ref *ref);
bool percpu_ref_tryget(struct percpu_ref *ref);
void percpu_ref_put(struct percpu_ref *ref);
/* Puts the first reference, after a grace period. */
void percpu_ref_kill(struct percpu_ref *ref);

/* Few entries at a time: a plain array. */
struct xarray {
	struct xa_entry {
		unsigned long index;
		void *entry;
	} *entries;
	u32 nr;
};

#define XA_FLAGS_LOCK_BH	0
#define XA_PRESENT		8

void xa_init_flags(struct xarray *xa, u32 flags);
void *xa_load(struct xarray *xa, unsigned long index);
/* The entry with the least index from *@index to @max, and this index. */
void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max,
	      u32 filter);
void *xa_store_bh(struct xarray *xa, unsigned long index, void *entry,
		  gfp_t gfp);
void *xa_cmpxchg_bh(struct xarray *xa, unsigned long index, void *old,
		    void *entry, gfp_t gfp);
#define XA_CHUNK_SIZE	64
/* The array is never short of memory. */
#define xa_reserve_bh(xa, index, gfp)	((void)(xa), 0)
void *xa_erase_bh(struct xarray *xa, unsigned long index);
void xa_destroy(struct xarray *xa);

static inline void *xa_mk_value(unsigned long value)
{
	return (void *)(value << 1 | 1);
}

static inline unsigned long xa_to_value(const void *entry)
{
	return (unsigned long)entry >> 1;
}

static inline bool xa_is_err(const void *entry)
{
	return IS_ERR(entry);
}

#define xa_for_each(xa, number, item)					\
	for (u32 at_ = 0; at_ < (xa)->nr &&				\
	     ((number) = (xa)->entries[at_].index, (void)(number),	\
	      (item) = (xa)->entries[at_].entry, true); at_++)

#endif /* SIM_KERNEL_LIST_H */
