// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hottest pages against exact counts: the bound of each count's error, and that
 * no hot page is missing.
 *
 * The module's file, with the kernel of the simulator (Makefile.inc). There is one
 * CPU, so there is one table.
 */
#include <stdlib.h>

#include "engine/hot.h"
#include "tap.h"

#define PAGES	2048u
#define MOVES	4000u	/* fewer than those after which counts are halved */
#define MORE	40000u
#define BLOCKS	(PAGES / 512)
#define HOME	0
#define THERE	1

static u32 exact[PAGES];
static u64 state = 1;

void *kzalloc(size_t size, gfp_t gfp)
{
	(void)gfp;
	return calloc(1, size);
}

void free_percpu(void *ptr)
{
	free(ptr);
}

void spin_lock(spinlock_t *lock)
{
	(void)lock;
}

void spin_unlock(spinlock_t *lock)
{
	(void)lock;
}

void sim_preempt(void)
{
}

void sim_assert_lock(spinlock_t *lock)
{
	(void)lock;
}

void local_bh_disable(void)
{
}

void local_bh_enable(void)
{
}

/* Page n is 1/n times as frequent as page 1, as the accesses of many programs are. */
static u32 some_page(void)
{
	u64 span;

	state = state * 6364136223846793005ull + 1442695040888963407ull;
	span = (state >> 33) % 11;	/* log2(PAGES) */
	return (1u << span) + ((state >> 40) & ((1u << span) - 1));
}

static void move_pages(struct ssi_hot *hot, u32 moves)
{
	for (u32 i = 0; i < moves; i++) {
		u32 page = some_page();

		exact[page]++;
		ssi_hot_note(hot, page, HOME, THERE);
	}
}

static bool is_listed(const struct ssi_hot_page *pages, u32 index)
{
	for (u32 i = 0; i < SSI_HOT_PAGES; i++)
		if (pages[i].moves && pages[i].index == index)
			return true;
	return false;
}

/* Count - error <= exact count <= count, for each page that is listed. */
static void check_bounds(const struct ssi_hot_page *pages)
{
	u32 wrong = 0, errors = 0;

	for (u32 i = 0; i < SSI_HOT_PAGES; i++) {
		u32 true_count = exact[pages[i].index];

		wrong += pages[i].moves < true_count ||
			 pages[i].moves - pages[i].error > true_count;
		errors += pages[i].error > 0;
	}
	tap_ok(!wrong, "each exact count is within its bounds");
	tap_ok(errors && errors < SSI_HOT_PAGES,
	       "%u of %u counts have an error", errors, SSI_HOT_PAGES);
}

/* A page with more moves than that has an entry (Metwally et al., theorem 1). */
static void check_complete(const struct ssi_hot_page *pages)
{
	u32 missing = 0, hot = 0;

	for (u32 i = 0; i < PAGES; i++) {
		if (exact[i] <= MOVES / SSI_HOT_PAGES)
			continue;
		hot++;
		missing += !is_listed(pages, i);
	}
	tap_ok(hot && !missing, "all of the %u hottest pages are listed", hot);
}

/* Halved counts: an error is never more than its count, and old pages go. */
static void check_halved(struct ssi_hot *hot)
{
	struct ssi_hot_page pages[SSI_HOT_PAGES];
	u32 wrong = 0;

	move_pages(hot, MORE);
	ssi_hot_read(hot, pages);
	for (u32 i = 0; i < SSI_HOT_PAGES; i++)
		wrong += pages[i].error > pages[i].moves;
	tap_ok(!wrong, "after %u moves no error is more than its count", MORE);
	for (u32 i = 0; i < MORE; i++)
		ssi_hot_note(hot, 1 + i % 4, HOME, THERE);
	ssi_hot_read(hot, pages);
	for (u32 i = 0; i < SSI_HOT_PAGES; i++)
		wrong += pages[i].index > 4 && pages[i].moves > MORE / 1000;
	tap_ok(!wrong, "pages that move no more lose their counts");
}

int main(void)
{
	struct ssi_hot hot = { 0 };
	struct ssi_hot_page pages[SSI_HOT_PAGES];

	tap_plan(5);
	if (ssi_hot_init(&hot, BLOCKS))
		tap_bail("no memory");
	move_pages(&hot, MOVES);
	ssi_hot_read(&hot, pages);
	check_bounds(pages);
	check_complete(pages);
	check_halved(&hot);
	ssi_hot_exit(&hot);
	return tap_exit();
}
