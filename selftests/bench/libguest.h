/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests of a few instructions, straight on KVM.
 *
 * One CPU in long mode, its memory mapped one to one, no devices but one port: an
 * OUT there returns to the program. All functions bail out when something fails.
 */
#ifndef LIBGUEST_H
#define LIBGUEST_H

#include <stdbool.h>
#include <stdint.h>

struct kvm_run;

/*
 * Code that a guest runs: instructions in the syntax of the assembler. @name is
 * where they are, @name_size how many bytes.
 */
#define GUEST_CODE(name, instructions)		\
	asm(".pushsection .rodata\n"		\
	    #name ":\n"				\
	    instructions			\
	    ".balign 4\n"			\
	    #name "_size:\n"			\
	    "	.long . - " #name "\n"		\
	    ".popsection\n");			\
	extern const uint8_t name[];		\
	extern const uint32_t name##_size

/**
 * struct guest - a machine with one CPU
 * @vm: KVM's machine
 * @cpu: its CPU
 * @run: the memory that KVM shares with the program
 * @run_size: bytes
 * @interrupts: set before it is made: the CPU has a local APIC and could take
 *	interrupts. None come, but KVM halts it at a fault whose page is not there,
 *	and lets a worker fault for it.
 */
struct guest {
	int vm;
	int cpu;
	struct kvm_run *run;
	uint64_t run_size;
	bool interrupts;
};

/**
 * struct guest_start - the CPU's registers at the start
 * @tables: guest-physical address of the outermost page table
 * @code: guest-physical address of the code
 * @rdi, @rsi, @rcx: for the code
 */
struct guest_start {
	uint64_t tables;
	uint64_t code;
	uint64_t rdi;
	uint64_t rsi;
	uint64_t rcx;
};

/*
 * Make and remove the first and last machine of KVM while the host's CPU 1 is
 * offline. KVM patches a jump in the host's scheduler then, and emulated CPUs
 * that reach it meanwhile were seen to hang there (testing.rst). After a program
 * that fails in between, CPU 1 stays offline.
 */
void guest_first(struct guest *g);
void guest_last(struct guest *g);

void guest_new(struct guest *g);
void guest_del(struct guest *g);

/* Memory slot @slot: @size bytes of @mem at @addr; size 0 removes it. */
void guest_memory(struct guest *g, uint32_t slot, uint64_t addr, void *mem,
		  uint64_t size);

/*
 * Writes page tables that map guest-physical addresses from 0 on one to one:
 * with 3 levels the first GiB with 2 MiB pages, with 4 the first 2 MiB with 4
 * KiB pages. The first table goes to @mem, which the guest has at @addr, each
 * further one @apart bytes behind the last.
 */
void guest_tables(void *mem, uint64_t addr, uint32_t levels, uint64_t apart);

void guest_begin(struct guest *g, const struct guest_start *start);

/* Runs until the CPU's next OUT. */
void guest_run(struct guest *g);

/*
 * guest_run() bails out, and prints the CPU's registers and the code that it runs,
 * if it takes place @seconds from now; 0: never. One guest in a process. @mem is
 * the guest's memory from address 0 on, of @size bytes.
 */
void guest_deadline(unsigned int seconds, const void *mem, uint64_t size);

/* The rate of the CPU's TSC. */
uint64_t guest_tsc_khz(struct guest *g);

#endif /* LIBGUEST_H */
