// SPDX-License-Identifier: GPL-2.0-or-later
/* The local APIC in x2APIC mode (Intel SDM, volume 3, 11.12), and CPUs. */
#include "apic.h"

#define MSR_EOI		0x80b
#define MSR_SPURIOUS	0x80f
#define MSR_IRR		0x820	/* eight of them */
#define MSR_ICR		0x830
#define ENABLE		0x1ff
#define ICR_INIT	0x4500
#define ICR_STARTUP	0x4600

#define TRAMPOLINE	0x9000u	/* its page is the SIPI's vector */
#define TRAMPOLINE_SIZE	256
#define START_US	10000000
#define INIT_US		10000	/* until the SIPI (Intel SDM, 9.4.4.1) */
#define STACK_SIZE	8192

extern const unsigned char apic_trampoline[TRAMPOLINE_SIZE];

static void (*volatile apic_run)(void);
static volatile bool apic_begun;
unsigned char apic_stack[STACK_SIZE] __attribute__((aligned(16)));
void apic_begin(void);

void apic_enable(void)
{
	wrmsr(MSR_SPURIOUS, ENABLE);
}

bool apic_has_raised(uint8_t vector, uint64_t us)
{
	uint64_t end = guest_us() + us;

	do {
		if (rdmsr(MSR_IRR + vector / 32) & 1u << vector % 32)
			return true;
	} while (guest_us() < end);
	return false;
}

/* An interrupt gate of 64-bit mode; all go to one handler. */
struct gate {
	uint16_t offset_low, selector;
	uint16_t flags, offset_middle;
	uint32_t offset_high, reserved;
};

extern const unsigned char apic_handler[];

__asm__(".text\n"
	"apic_handler:\n"
	"	iretq\n");

void apic_acknowledge(uint8_t vector)
{
	static struct gate gates[256];
	const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = {
		sizeof(gates) - 1, (uintptr_t)gates,
	};
	uint64_t handler = (uintptr_t)apic_handler;

	gates[vector] = (struct gate) {
		.offset_low = handler, .selector = 0x10, .flags = 0x8e00,
		.offset_middle = handler >> 16,
	};
	__asm__ volatile("lidt %0" : : "m" (pointer));
	__asm__ volatile("sti" : : : "memory");
	while (apic_has_raised(vector, 0))
		__asm__ volatile("pause");
	__asm__ volatile("cli" : : : "memory");
	wrmsr(MSR_EOI, 0);
}

/*
 * From real mode, with the page tables and the GDT that the boot CPU was given
 * (0x3000 and 0x1000), to apic_begin().
 */
__asm__(".section .rodata\n"
	"apic_trampoline:\n"
	"	.code16\n"
	"	cli\n"
	"	xor	%ax, %ax\n"
	"	mov	%ax, %ds\n"
	"	lgdtl	0x9000 + 3f - apic_trampoline\n"
	"	mov	$0x20, %eax\n"
	"	mov	%eax, %cr4\n"
	"	mov	$0x3000, %eax\n"
	"	mov	%eax, %cr3\n"
	"	mov	$0xc0000080, %ecx\n"
	"	rdmsr\n"
	"	or	$0x100, %eax\n"
	"	wrmsr\n"
	"	mov	$0x80000011, %eax\n"
	"	mov	%eax, %cr0\n"
	"	ljmpl	$0x10, $0x9000 + 2f - apic_trampoline\n"
	"	.code64\n"
	"2:	mov	$0x18, %ax\n"
	"	mov	%ax, %ds\n"
	"	mov	%ax, %es\n"
	"	mov	%ax, %ss\n"
	"	mov	$apic_stack + 8192, %rsp\n"
	"	mov	$apic_begin, %rax\n"
	"	call	*%rax\n"
	"	.balign 8\n"
	"3:	.word	31\n"
	"	.long	0x1000\n"
	"	.org	apic_trampoline + 256\n"
	"	.text\n");

void apic_begin(void)
{
	apic_begun = true;
	apic_run();
	guest_halt();
}

bool apic_start_cpu(unsigned int id, void (*run)(void))
{
	uint64_t end = guest_us() + START_US;

	memcpy((void *)(uintptr_t)TRAMPOLINE, apic_trampoline, TRAMPOLINE_SIZE);
	apic_run = run;
	apic_begun = false;
	apic_enable();
	wrmsr(MSR_ICR, (uint64_t)id << 32 | ICR_INIT);
	guest_wait_us(INIT_US);
	wrmsr(MSR_ICR, (uint64_t)id << 32 | ICR_STARTUP | TRAMPOLINE >> 12);
	while (!apic_begun)
		if (guest_us() > end)
			return false;
	return true;
}
