/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel for the simulator: memory, page tables, files.
 */
#ifndef SIM_KERNEL_MM_H
#define SIM_KERNEL_MM_H

#include "sched.h"

/* ---- allocation; see memory.c ---- */

#define GFP_KERNEL	1u	/* may sleep */
#define GFP_HIGHUSER	1u
#define GFP_ATOMIC	2u
#define __GFP_ZERO	4u
#define __GFP_NOFAIL	8u
#define __GFP_NOWARN	0u
#define __GFP_ACCOUNT	0u
#define __GFP_NORETRY	0u
#define __GFP_RETRY_MAYFAIL 0u
#define __GFP_NOMEMALLOC 0u
#define __GFP_RECLAIM	0u
#define gfpflags_allow_blocking(gfp)	((gfp) & GFP_KERNEL)

/* There is one cgroup, whose references are counted. */
struct net;

/* All nodes are in one network namespace. */
static inline int net_eq(const struct net *a, const struct net *b)
{
	return a == b;
}

struct mem_cgroup *get_mem_cgroup_from_mm(const void *mm);
void mem_cgroup_put(struct mem_cgroup *memcg);
/* Until it is called again with what it returned; NULL is none. */
struct mem_cgroup *set_active_memcg(struct mem_cgroup *memcg);

struct kmem_cache;
typedef struct mempool mempool_t;

void *kzalloc(size_t size, gfp_t gfp);
void kfree(void *ptr);
#define kvzalloc(size, gfp)	kzalloc(size, gfp)
#define kvcalloc(n, size, gfp)	kzalloc((n) * (size), gfp)
#define kvfree(ptr)		kfree(ptr)
#define alloc_percpu(type)	((type *)kzalloc(sizeof(type), GFP_KERNEL))
#define free_percpu(ptr)	kfree(ptr)

#define KMEM_CACHE(type, flags)						\
	sim_cache_new(#type, sizeof(struct type))
struct kmem_cache *sim_cache_new(const char *name, size_t size);
void kmem_cache_destroy(struct kmem_cache *cache);
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
void kmem_cache_free(struct kmem_cache *cache, void *object);

#define mempool_alloc_slab(gfp, cache)	kmem_cache_alloc(cache, gfp)
#define mempool_free_slab		NULL
#define mempool_create(reserve, alloc, free, cache)			\
	((void)(alloc), (void)(free),					\
	 mempool_create_slab_pool(reserve, cache))
mempool_t *mempool_create_slab_pool(int reserve, struct kmem_cache *cache);
void mempool_destroy(mempool_t *pool);
void *mempool_alloc(mempool_t *pool, gfp_t gfp);
void mempool_free(void *object, mempool_t *pool);

/* The memory of a host, in pages; see memory.c. */
#define SZ_16M		(1ul << 24)
#define SZ_1G		(1ul << 30)
#define SIM_RAM		(1ul << 20)
#define totalram_pages()	SIM_RAM
long si_mem_available(void);
#define mm_account_reclaimed_pages(pages)	((void)(pages))

struct shrink_control {
	unsigned long nr_to_scan;
	unsigned long nr_scanned;
};

struct shrinker {
	unsigned long (*count_objects)(struct shrinker *shrinker,
				       struct shrink_control *control);
	unsigned long (*scan_objects)(struct shrinker *shrinker,
				      struct shrink_control *control);
	int seeks;
};

#define DEFAULT_SEEKS	2
#define SHRINK_STOP	(~0UL)

struct shrinker *shrinker_alloc(unsigned int flags, const char *name);
void shrinker_register(struct shrinker *shrinker);
void shrinker_free(struct shrinker *shrinker);

/* ---- pages ---- */

struct address_space;

#define SIM_WORDS	2	/* that are simulated of a page's data */

struct page {
	int count;
	atomic_t _mapcount;
	struct address_space *mapping;
	unsigned long index;
	unsigned long private;
	bool locked, dirty;
	u32 waiters;
	u64 words[SIM_WORDS];
	void *bytes;	/* if something asked for its address */
};

#define page_folio(page)	(page)

/* There are no 2 MiB folios here: IS_ENABLED() says so. */
struct folio {
	struct page page;
};

#define folio_alloc(gfp, order)		((void)(gfp), (struct folio *)NULL)
#define folio_page(folio, n)		(&(folio)->page + (n))
#define folio_ref_add(folio, n)		((void)(folio))
#define folio_put_refs(folio, n)	((void)(folio))
#define set_page_private(page, value)	((page)->private = (value))
#define compound_head(page)	(page)
#define PageCompound(page)	((void)(page), false)
#define page_size(page)		((void)(page), PAGE_SIZE)
#define page_mapped(page)	((page)->_mapcount.counter >= 0)
#define PageDirty(page)		((page)->dirty)
#define ClearPageDirty(page)	((page)->dirty = false)

struct page *alloc_page(gfp_t gfp);
void *page_address(struct page *page);
void get_page(struct page *page);
void put_page(struct page *page);
int page_count(const struct page *page);
u64 page_to_pfn(const struct page *page);
struct page *pfn_to_page(u64 pfn);
void lock_page(struct page *page);
bool trylock_page(struct page *page);
void unlock_page(struct page *page);

/* ---- page tables; see mmu.c ---- */

struct inode {
	struct address_space *i_mapping;
};

struct mm_struct {
	u32 readers;
};

struct file {
	u32 refs;
};

struct vm_fault;

struct vm_operations_struct {
	vm_fault_t (*fault)(struct vm_fault *vmf);
	vm_fault_t (*page_mkwrite)(struct vm_fault *vmf);
};

struct sim_pte {
	struct page *page;
	bool write, dirty;
};

struct vm_area_struct {
	struct list_head list;		/* in the address_space */
	unsigned long vm_flags;
	unsigned long vm_pgoff;
	unsigned long pages;
	struct mm_struct *vm_mm;
	struct file *vm_file;
	void *vm_private_data;
	const struct vm_operations_struct *vm_ops;
	struct sim_pte *ptes;
};

struct vm_fault {
	struct vm_area_struct *vma;
	unsigned long pgoff;
	unsigned int flags;
	struct page *page;
};

#define vma_pages(vma)		((vma)->pages)
#define vm_flags_set(vma, bits)	((void)((vma)->vm_flags |= (bits)))
#define VM_SHARED		1ul
#define VM_DONTCOPY		2ul
#define VM_DONTEXPAND		4ul
#define VM_DONTDUMP		8ul

#define FAULT_FLAG_WRITE	1u
#define FAULT_FLAG_MKWRITE	2u
#define FAULT_FLAG_ALLOW_RETRY	4u
#define FAULT_FLAG_RETRY_NOWAIT	8u
#define FAULT_FLAG_TRIED	16u
#define FAULT_FLAG_USER		32u
#define FAULT_FLAG_REMOTE	64u
#define FAULT_FLAG_INTERRUPTIBLE 128u
#define VM_FAULT_OOM		1u
#define VM_FAULT_SIGBUS		2u
#define VM_FAULT_NOPAGE		4u
#define VM_FAULT_LOCKED		8u
#define VM_FAULT_RETRY		16u

void unmap_mapping_range(struct address_space *mapping, loff_t start,
			 loff_t length, int even_cows);
int folio_mkclean(struct page *page);
void mmap_read_lock(struct mm_struct *mm);
void mmap_read_unlock(struct mm_struct *mm);
struct file *get_file(struct file *file);
void fput(struct file *file);

/* ---- the pseudo file system that regions' inodes are of ---- */

struct fs_context {
	int unused;
};

struct file_system_type {
	const char *name;
	int (*init_fs_context)(struct fs_context *fc);
	void (*kill_sb)(void *sb);
};

struct vfsmount {
	void *mnt_sb;
};

#define i_size_write(inode, size)		((void)(inode), (void)(size))
#define init_pseudo(fc, magic)			((fc) != NULL)
#define mapping_set_unevictable(mapping)	((void)(mapping))
void kill_anon_super(void *sb);
struct vfsmount *kern_mount(struct file_system_type *type);
void kern_unmount(struct vfsmount *mount);
struct inode *alloc_anon_inode(void *sb);
void iput(struct inode *inode);

struct poll_table_struct;

#endif /* SIM_KERNEL_MM_H */
