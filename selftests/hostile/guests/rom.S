/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same guests as firmware: 64 KiB that end at 4 GiB, where a CPU begins in
 * real mode. What is here brings it into the state in which a kernel begins,
 * and copies the guest, GUEST, to 1 MiB.
 */
#define BASE		0xffff0000
#define PML4		0x3000
#define PDPT		0x4000
#define PD		0x5000		/* four: 4 GiB in pages of 2 MiB */
#define GUEST_GPA	0x100000
#define ENTRY_64	0x200

	.section .rom, "ax"
	.code32
guest:	.incbin	GUEST, 0x400
guest_end:

	.balign	16
gdt:	.quad	0
	.quad	0x00cf9b000000ffff	/* 0x08: 32-bit code */
	.quad	0x00af9b000000ffff	/* 0x10: 64-bit code */
	.quad	0x00cf93000000ffff	/* 0x18: data */
gdt_pointer:
	.word	. - gdt - 1
	.long	BASE + gdt

	.code16
enter:	cli
	lgdtl	%cs:gdt_pointer
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	$0x08, $BASE + enter_32

	.code32
enter_32:
	mov	$0x18, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	cld
	mov	$BASE + guest, %esi
	mov	$GUEST_GPA, %edi
	mov	$guest_end, %ecx
	sub	$guest, %ecx
	rep movsb

	mov	$PML4, %edi
	mov	$(PD - PML4) / 4, %ecx
	xor	%eax, %eax
	rep stosl
	movl	$PDPT + 3, PML4
	movl	$PD + 0x0003, PDPT
	movl	$PD + 0x1003, PDPT + 8
	movl	$PD + 0x2003, PDPT + 16
	movl	$PD + 0x3003, PDPT + 24
	mov	$PD, %edi
	mov	$0x83, %eax		/* present, writable, large */
1:	mov	%eax, (%edi)
	movl	$0, 4(%edi)
	add	$8, %edi
	add	$0x200000, %eax
	jnc	1b

	mov	$0x20, %eax		/* PAE */
	mov	%eax, %cr4
	mov	$PML4, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx	/* EFER.LME */
	rdmsr
	or	$0x100, %eax
	wrmsr
	mov	$0x80000011, %eax	/* PG, ET, PE */
	mov	%eax, %cr0
	ljmp	$0x10, $BASE + enter_64

	.code64
enter_64:
	xor	%esi, %esi
	mov	$GUEST_GPA + ENTRY_64, %eax
	jmp	*%rax

	.org	0xfff0
	.code16
	jmp	enter
	.org	0x10000
