/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Types and macros for the pure files, for the kernel and for userspace.
 */
#ifndef _SSI_PORTABLE_H
#define _SSI_PORTABLE_H

#ifdef __KERNEL__
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/byteorder.h>
#else
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define BIT(n)			(1UL << (n))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define cpu_to_le16(x)		((__le16)htole16(x))
#define cpu_to_le32(x)		((__le32)htole32(x))
#define cpu_to_le64(x)		((__le64)htole64(x))
#define le16_to_cpu(x)		le16toh((uint16_t)(x))
#define le32_to_cpu(x)		le32toh((uint32_t)(x))
#define le64_to_cpu(x)		le64toh((uint64_t)(x))
#define hweight32(x)		((u32)__builtin_popcount(x))
#endif /* __KERNEL__ */

#endif /* _SSI_PORTABLE_H */
