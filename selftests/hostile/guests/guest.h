/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a hostile guest stands on: it has the machine for itself, 64-bit, one to
 * one, with interrupts off. It reports by lines on the serial port, "ok TEXT"
 * or "not ok TEXT", and a last line "end"; the runner (../hostile.c) judges.
 */
#ifndef HOSTILE_GUEST_H
#define HOSTILE_GUEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* A memory-mapped register, or memory that a device writes. */
#define MMIO(type, addr)	(*(volatile type *)(uintptr_t)(addr))
#define MMIO8(addr)		MMIO(uint8_t, addr)
#define MMIO16(addr)		MMIO(uint16_t, addr)
#define MMIO32(addr)		MMIO(uint32_t, addr)
#define MMIO64(addr)		MMIO(uint64_t, addr)

/* The guest proper; returning from it is guest_end(). */
void guest_main(void);

/* Write a line; %s, %c, %u, %x, %d and, with l, 64 bits are known. */
void guest_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One result. Return: @pass. */
bool guest_ok(bool pass, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Say the last line and power off. */
__attribute__((noreturn)) void guest_end(void);

__attribute__((noreturn)) void guest_power_off(void);
__attribute__((noreturn)) void guest_halt(void);
__attribute__((noreturn)) void guest_triple_fault(void);

/* The number behind @name in the command line, or @otherwise. */
uint64_t guest_number(const char *name, uint64_t otherwise);

/* Time: in microseconds, since some moment. */
uint64_t guest_us(void);
void guest_wait_us(uint64_t us);

/* Random numbers, which follow from seed= of the command line. */
uint32_t guest_random(void);
uint32_t guest_below(uint32_t limit);

/* Any of 64 bits, with those preferred that are near powers of two. */
uint64_t guest_odd_number(void);

void *memset(void *to, int c, size_t len);
void *memcpy(void *to, const void *from, size_t len);
int memcmp(const void *a, const void *b, size_t len);

static inline void guest_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a" (value), "Nd" (port));
}

static inline void outw(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a" (value), "Nd" (port));
}

static inline void outl(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a" (value), "Nd" (port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a" (value) : "Nd" (port));
	return value;
}

static inline uint16_t inw(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a" (value) : "Nd" (port));
	return value;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a" (value) : "Nd" (port));
	return value;
}

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a" (low), "=d" (high));
	return (uint64_t)high << 32 | low;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a" (low), "=d" (high) : "c" (msr));
	return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c" (msr), "a" ((uint32_t)value),
			 "d" ((uint32_t)(value >> 32)) : "memory");
}

#endif /* HOSTILE_GUEST_H */
