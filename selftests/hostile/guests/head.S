/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bzImage with a 64-bit entry (Linux, Documentation/arch/x86/boot.rst): one
 * boot sector and one setup sector, which are never run, then the guest, linked
 * to where it asks to be.
 */
#define SETUP_SIZE	0x400
#define ENTRY_64	0x200

	.section .head, "a"
	.org	0x1f1
	.byte	1			/* setup_sects */
	.word	0			/* root_flags */
	.long	payload_paragraphs	/* syssize, in 16 bytes */
	.word	0, 0, 0			/* ram_size, vid_mode, root_dev */
	.word	0xaa55			/* boot_flag */
	.byte	0xeb, header_end - 1f	/* jump; also tells the header's size */
1:	.ascii	"HdrS"
	.word	0x020c			/* version */
	.long	0			/* realmode_swtch */
	.word	0, 0			/* start_sys_seg, kernel_version */
	.byte	0, 1			/* type_of_loader, loadflags: LOADED_HIGH */
	.word	0			/* setup_move_size */
	.long	0x100000		/* code32_start */
	.long	0, 0			/* ramdisk_image, ramdisk_size */
	.long	0			/* bootsect_kludge */
	.word	0			/* heap_end_ptr */
	.byte	0, 0			/* ext_loader_ver, ext_loader_type */
	.long	0			/* cmd_line_ptr */
	.long	0x7fffffff		/* initrd_addr_max */
	.long	0x200000		/* kernel_alignment */
	.byte	0, 21			/* relocatable_kernel, min_alignment */
	.word	1			/* xloadflags: XLF_KERNEL_64 */
	.long	0xffff			/* cmdline_size */
	.long	0			/* hardware_subarch */
	.quad	0			/* hardware_subarch_data */
	.long	0, 0			/* payload_offset, payload_length */
	.quad	0			/* setup_data */
	.quad	0x100000		/* pref_address */
	.long	guest_size		/* init_size: .bss is in it */
	.long	0			/* handover_offset */
header_end:
	.org	SETUP_SIZE

	/* Paging is on, one to one; %rsi: boot parameters, 0 as firmware. */
	.section .start, "ax"
	.org	ENTRY_64
	.globl	_start
_start:
	lea	stack_top(%rip), %rsp
	lea	bss_start(%rip), %rdi
	lea	bss_end(%rip), %rcx
	sub	%rdi, %rcx
	xor	%eax, %eax
	rep stosb
	mov	%rsi, %rdi
	call	guest_begin
1:	cli
	hlt
	jmp	1b

	.section .stack, "aw", @nobits
	.balign	16
	.skip	0x8000
stack_top:

	.section .note.GNU-stack, "", @progbits
