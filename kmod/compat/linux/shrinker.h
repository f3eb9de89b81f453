/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shrinker_alloc(), shrinker_register() and shrinker_free() exist since Linux
 * 6.7.
 */
#ifndef _SSI_COMPAT_LINUX_SHRINKER_H
#define _SSI_COMPAT_LINUX_SHRINKER_H

#include <linux/version.h>
#include_next <linux/shrinker.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#include <linux/slab.h>

static inline struct shrinker *shrinker_alloc(unsigned int flags,
					      const char *name)
{
	return kzalloc(sizeof(struct shrinker), GFP_KERNEL);
}

/*
 * If there is no memory at this moment, the module runs without a shrinker, as
 * shrinker_register() has no way to report an error.
 */
static inline void shrinker_register(struct shrinker *shrinker)
{
	if (register_shrinker(shrinker, KBUILD_MODNAME))
		pr_warn("out of memory for a shrinker\n");
}

static inline void shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#endif

#endif /* _SSI_COMPAT_LINUX_SHRINKER_H */
