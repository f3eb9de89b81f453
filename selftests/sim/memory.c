// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that can run out, and is counted.
 *
 * Pages are a table, given out in turn, so that one that is used after it was
 * freed is found. All else comes from malloc(), where the sanitizers find that.
 */
#include "memory.h"
#include "tasks.h"

#define PAGES		8192

struct kmem_cache {
	const char *name;
	size_t size;
	u32 objects;
};

struct mempool {
	struct kmem_cache *cache;
	int reserve;	/* objects that it may still give */
	int most;
};

static struct page pages[PAGES];
static u32 next_page, nr_pages, nr_blocks, fail_next;
static struct shrinker *shrinker;

void memory_fail_next(u32 count)
{
	fail_next = count;
}

/* Where memory runs out, it is little at times: around what caches leave. */
long si_mem_available(void)
{
	if (!sim_one_in(sim.fail_memory))
		return SIM_RAM;
	return (sim_one_in(4) ? 0 : SIM_RAM / 32 - 8) + sim_random(16);
}

/* Whether the shrinker keeps to what it may, and reports what it has done. */
void memory_shrink(void)
{
	struct shrink_control control = { .nr_to_scan = 1 + sim_random(8) };
	u64 before = sim_self()->freed, freed;

	if (!shrinker || !shrinker->count_objects(shrinker, &control))
		return;
	control.nr_scanned = control.nr_to_scan;
	freed = shrinker->scan_objects(shrinker, &control);
	if (freed == SHRINK_STOP)
		freed = 0;
	sim_need(control.nr_scanned <= control.nr_to_scan,
		 "the shrinker scanned %lu pages where it may scan %lu",
		 control.nr_scanned, control.nr_to_scan);
	sim_need(freed == sim_self()->freed - before,
		 "the shrinker reports %llu freed pages, it freed %llu", freed,
		 sim_self()->freed - before);
}

/* ---- memory cgroups ---- */

static struct mem_cgroup {
	u32 refs;
} cgroup;

struct mem_cgroup *get_mem_cgroup_from_mm(const void *mm)
{
	(void)mm;
	cgroup.refs++;
	return &cgroup;
}

void mem_cgroup_put(struct mem_cgroup *memcg)
{
	sim_need(memcg == &cgroup && cgroup.refs,
		 "a reference to a cgroup is dropped that nobody has");
	cgroup.refs--;
}

struct mem_cgroup *set_active_memcg(struct mem_cgroup *memcg)
{
	struct mem_cgroup *old = current->active_memcg;

	sim_need(!memcg || cgroup.refs, "a cgroup pays that may be gone");
	current->active_memcg = memcg;
	return old;
}

/* ---- allocations ---- */

/* Whether an allocation fails; one that may sleep may evict before. */
static bool runs_out(gfp_t gfp)
{
	if (gfp & GFP_KERNEL) {
		might_sleep();
		if (sim_one_in(4 * sim.disturb))
			memory_shrink();
	}
	sim_preempt();
	if (gfp & __GFP_NOFAIL)
		return false;
	if (!fail_next)
		return sim_one_in(sim.fail_memory);
	fail_next--;
	return true;
}

void *kzalloc(size_t size, gfp_t gfp)
{
	if (runs_out(gfp))
		return NULL;
	nr_blocks++;
	return calloc(1, size);
}

void kfree(void *ptr)
{
	nr_blocks -= !!ptr;
	free(ptr);
}

struct kmem_cache *sim_cache_new(const char *name, size_t size)
{
	struct kmem_cache *cache = calloc(1, sizeof(*cache));

	*cache = (struct kmem_cache){ .name = name, .size = size };
	return cache;
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	sim_need(!cache->objects, "%u of %s are left", cache->objects,
		 cache->name);
	free(cache);
}

/* What is in it is anything, and not what was there before. */
static void *new_object(struct kmem_cache *cache)
{
	void *object = malloc(cache->size);

	cache->objects++;
	memset(object, 0x5a, cache->size);
	return object;
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	return runs_out(gfp) ? NULL : new_object(cache);
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	sim_need(cache->objects, "%s: more are freed than there are",
		 cache->name);
	cache->objects--;
	free(object);
}

mempool_t *mempool_create_slab_pool(int reserve, struct kmem_cache *cache)
{
	mempool_t *pool = calloc(1, sizeof(*pool));

	pool->cache = cache;
	pool->reserve = reserve;
	pool->most = reserve;
	return pool;
}

void mempool_destroy(mempool_t *pool)
{
	free(pool);
}

void *mempool_alloc(mempool_t *pool, gfp_t gfp)
{
	if (runs_out(gfp)) {
		if (!pool->reserve)
			return NULL;
		pool->reserve--;
	}
	return new_object(pool->cache);
}

void mempool_free(void *object, mempool_t *pool)
{
	if (pool->reserve < pool->most)
		pool->reserve++;
	kmem_cache_free(pool->cache, object);
}

struct shrinker *shrinker_alloc(unsigned int flags, const char *name)
{
	(void)flags;
	(void)name;
	return calloc(1, sizeof(*shrinker));
}

void shrinker_register(struct shrinker *new)
{
	shrinker = new;
}

void shrinker_free(struct shrinker *old)
{
	shrinker = NULL;
	free(old);
}

/* ---- pages ---- */

struct page *alloc_page(gfp_t gfp)
{
	struct page *page;
	u32 tries;

	if (runs_out(gfp))
		return NULL;
	for (tries = 0; pages[next_page].count; tries++) {
		sim_need(tries < PAGES, "no page is ever freed");
		next_page = (next_page + 1) % PAGES;
	}
	page = &pages[next_page];
	next_page = (next_page + 1) % PAGES;
	*page = (struct page){ .count = 1, ._mapcount.counter = -1 };
	if (!(gfp & __GFP_ZERO))
		memset(page->words, 0x5a, sizeof(page->words));
	nr_pages++;
	return page;
}

/* Of a page that is no guest's: its bytes have nothing to do with its words. */
void *page_address(struct page *page)
{
	if (!page->bytes)
		page->bytes = calloc(1, PAGE_SIZE);
	return page->bytes;
}

static void need_page(const struct page *page)
{
	sim_need(page->count > 0, "a page is used that was freed: it was %lu",
		 page->index);
}

void get_page(struct page *page)
{
	need_page(page);
	page->count++;
}

void put_page(struct page *page)
{
	need_page(page);
	if (--page->count)
		return;
	if (page->locked || page_mapped(page) || page->mapping)
		sim_fail(page->index, "a page is freed that is %s",
			 page->locked ? "locked" : page->mapping ?
			 "part of a mapping" : "mapped");
	free(page->bytes);
	nr_pages--;
	if (task_runs())
		sim_self()->freed++;
}

int page_count(const struct page *page)
{
	need_page(page);
	return page->count;
}

u64 page_to_pfn(const struct page *page)
{
	return page - pages + 1;
}

struct page *pfn_to_page(u64 pfn)
{
	sim_need(pfn && pfn <= PAGES, "there is no page %llu",
		 pfn);
	return &pages[pfn - 1];
}

bool trylock_page(struct page *page)
{
	sim_preempt();
	need_page(page);
	if (page->locked)
		return false;
	page->locked = true;
	return true;
}

void lock_page(struct page *page)
{
	might_sleep();
	while (!trylock_page(page)) {
		page->waiters++;
		task_sleep(page, 0);
		page->waiters--;
	}
}

void unlock_page(struct page *page)
{
	need_page(page);
	sim_need(page->locked, "a page is unlocked that is not locked");
	page->locked = false;
	if (page->waiters)
		task_wake(page);
	sim_preempt();
}

void memory_check_empty(void)
{
	sim_need(!nr_pages, "%u pages are left", nr_pages);
	sim_need(!cgroup.refs, "%u references to the cgroup are left",
		 cgroup.refs);
	sim_need(!nr_blocks, "%u blocks of memory are left", nr_blocks);
}
