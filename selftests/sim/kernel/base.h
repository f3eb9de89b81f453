/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel for the simulator: types, macros, numbers.
 */
#ifndef SIM_KERNEL_BASE_H
#define SIM_KERNEL_BASE_H

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef unsigned int gfp_t;
typedef unsigned int vm_fault_t;

#define __user
#define __percpu
#define ____cacheline_aligned_in_smp
#define __force
#define __printf(a, b)		__attribute__((format(printf, a, b)))
#define KBUILD_MODNAME		"ssi_dsm"

#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define BITS_PER_LONG		64
#define BITS_TO_LONGS(n)	(((n) + 63) / 64)
#define test_bit(n, bits)	(!!((bits)[(n) / 64] & BIT((n) % 64)))
#define set_bit(n, bits)	((void)((bits)[(n) / 64] |= BIT((n) % 64)))
#define clear_bit(n, bits)	((void)((bits)[(n) / 64] &= ~BIT((n) % 64)))
#define test_and_set_bit(n, bits) ({					\
	bool was_set_ = test_bit(n, bits);				\
	(bits)[(n) / 64] |= BIT((n) % 64);				\
	was_set_; })
#define likely(x)		(x)
#define unlikely(x)		(x)
#define module_param_array(name, type, count, mode)	\
	static_assert(sizeof(name) > 0, "it is an array")
#define module_param(name, type, mode)			\
	static_assert(sizeof(name) > 0, "it is a variable")
#define MODULE_PARM_DESC(name, text)			\
	static_assert(sizeof(text) > 0, "it is described")
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define U32_MAX			UINT32_MAX
#define NSEC_PER_USEC		1000L
#define NSEC_PER_MSEC		1000000L
#define NSEC_PER_SEC		1000000000L
#define HZ			250UL
#define PAGE_SHIFT		12
#define PAGE_SIZE		(1UL << PAGE_SHIFT)

#define cpu_to_le16(x)		((__le16)htole16(x))
#define cpu_to_le32(x)		((__le32)htole32(x))
#define cpu_to_le64(x)		((__le64)htole64(x))
#define le16_to_cpu(x)		le16toh((u16)(x))
#define le32_to_cpu(x)		le32toh((u32)(x))
#define le64_to_cpu(x)		le64toh((u64)(x))

#define hweight32(x)		((u32)__builtin_popcount(x))
#define ilog2(x)		(63 - __builtin_clzll(x))
#define div_u64(a, b)		((u64)(a) / (u32)(b))
#define strscpy(to, from, size)	snprintf(to, size, "%s", from)
#define vscnprintf		vsnprintf

#define min(a, b) ({							\
	__typeof__(a) a_ = (a);						\
	__typeof__(b) b_ = (b);						\
	a_ < b_ ? a_ : b_; })
#define max(a, b) ({							\
	__typeof__(a) a_ = (a);						\
	__typeof__(b) b_ = (b);						\
	a_ > b_ ? a_ : b_; })
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define max_t(type, a, b)	max((type)(a), (type)(b))
#define clamp_t(type, v, lo, hi)	min_t(type, max_t(type, v, lo), hi)

#define container_of(ptr, type, member)					\
	((type *)((char *)(ptr) - offsetof(type, member)))

void sim_preempt(void);
void sim_linger(void);

/*
 * One thread runs all of it, and what runs is switched only where it asks. What
 * is read without a lock may have changed before it is used.
 */
#define READ_ONCE(x) ({							\
	__typeof__(x) read_ = *(const volatile __typeof__(x) *)&(x);	\
	sim_preempt();							\
	read_; })
#define WRITE_ONCE(x, value)	(*(volatile __typeof__(x) *)&(x) = (value))
/* no other CPU */
#define smp_load_acquire(ptr)	READ_ONCE(*(ptr))
/* the same */
#define smp_store_release(ptr, value)	WRITE_ONCE(*(ptr), value)
#define barrier()		__asm__ __volatile__("" : : : "memory")
/* one thread: no other CPU sees an order */
#define smp_rmb()		barrier()
/* the same */
#define smp_mb()		sim_preempt()
#define xchg(ptr, value) ({						\
	__typeof__(*(ptr)) old_ = *(ptr);				\
	*(ptr) = (value);						\
	sim_linger();							\
	old_; })

/* What another CPU does to *@ptr happens before or after. */
#define cmpxchg(ptr, from, to) ({					\
	__typeof__(*(ptr)) old_ = *(ptr);				\
	if (old_ == (from))						\
		*(ptr) = (to);						\
	sim_preempt();							\
	old_; })

typedef struct { int counter; } atomic_t;
typedef struct { s64 counter; } atomic64_t;

#define atomic_read(v)			((v)->counter)
#define atomic_inc(v)			((void)++(v)->counter)
#define atomic_dec(v)			((void)--(v)->counter)
#define atomic_inc_return(v)		(++(v)->counter)
#define atomic64_read(v)		((v)->counter)
#define atomic64_inc(v)			((void)++(v)->counter)
#define atomic64_add(n, v)		((void)((v)->counter += (n)))
#define atomic64_add_return(n, v)	((v)->counter += (n))

#define this_cpu_inc(x)		((void)++(x))
#define this_cpu_add(x, n)	((void)((x) += (n)))
#define this_cpu_ptr(ptr)	(ptr)
#define per_cpu_ptr(ptr, cpu)	((void)(cpu), (ptr))
#define num_possible_cpus()	1
#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (cpu) < 1; (cpu)++)

static inline u32 hash_32(u32 value, u32 bits)
{
	return value * 0x61c88647u >> (32 - bits);
}

static inline u64 hash_64(u64 value, u32 bits)
{
	return value * 0x61c8864680b583ebull >> (64 - bits);
}

#define MAX_ERRNO	4095
#define ERR_PTR(error)	((void *)(long)(error))
#define PTR_ERR(ptr)	((long)(ptr))
#define PTR_ERR_OR_ZERO(ptr)	(IS_ERR(ptr) ? (int)PTR_ERR(ptr) : 0)
#define IS_ENABLED(CONFIG_option)	0
#define IS_ERR(ptr)	((unsigned long)(ptr) >= (unsigned long)-MAX_ERRNO)
/* what the kernel alone knows */
#define ERESTARTSYS	512

/* What the module says is kept with what else happens; see trace.c. */
__printf(1, 2)
void sim_print(const char *fmt, ...);
#define pr_warn(...)			sim_print(__VA_ARGS__)
#define pr_warn_ratelimited(...)	sim_print(__VA_ARGS__)
#define pr_info_ratelimited(...)	sim_print(__VA_ARGS__)

/* From the seed of the run; see chance.c. */
u32 sim_random(u32 n);
#define get_random_u32()	sim_random(U32_MAX)

struct netlink_ext_ack {
	const char *text;
};

#define NL_SET_ERR_MSG(extack, message)	((extack)->text = (message))

#endif /* SIM_KERNEL_BASE_H */
