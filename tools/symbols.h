/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symbols of the guest's kernel: System.map, or a copy of its /proc/kallsyms.
 */
#ifndef SYMBOLS_H
#define SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

/**
 * symbols_load() - read the symbols of the guest's kernel
 * @path: System.map or kallsyms; each line is an address, a type and a name
 *
 * Symbols of modules and of per-CPU offsets are ignored.
 *
 * Return: 0, or -1 after error().
 */
int symbols_load(const char *path);

/**
 * symbols_set_start() - say where the kernel's image is
 * @physical: guest-physical address of the symbol _text
 *
 * Without this, it is where a kernel without KASLR is: the address of _text
 * minus 0xffffffff80000000.
 */
void symbols_set_start(uint64_t physical);

/**
 * symbols_in() - name what is at a part of the guest's memory
 * @physical: guest-physical address
 * @size: bytes
 * @text: result: the names of the symbols there, at most three and a count of
 *	the others; "" if no symbol is there or none were loaded
 * @len: size of @text
 */
void symbols_in(uint64_t physical, uint64_t size, char *text, size_t len);

#endif /* SYMBOLS_H */
