/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads from a trap, each in its own way of paging or privilege: from there the
 * host reaches for the guest's memory. And one instruction of the host's choice,
 * between all registers loaded and stored.
 */
#include "guest_macros.S"

/* CR4 = RAX, CR0 = RBX, then a load from RDI. */
	begin	load_after_switch
	setup
	mov	FRAME_RAX + GUEST_FRAME, %rax
	mov	FRAME_RBX + GUEST_FRAME, %rbx
	mov	FRAME_RDI + GUEST_FRAME, %rdi
	mov	%rax, %cr4
	mov	%rbx, %cr0
	.globl	load_after_switch_insn
load_after_switch_insn:
	mov	(%rdi), %rax
	finish	load_after_switch

/* The same at privilege level 3, where IOPL 3 lets OUT through. */
	begin	user_load
	setup
	mov	$GUEST_TASK, %eax
	ltr	%ax
	mov	FRAME_RDI + GUEST_FRAME, %rdi
	pushq	$GUEST_USER_DATA
	pushq	$GUEST_STACK - 0x800
	pushq	$0x3002
	pushq	$GUEST_USER_CODE
	lea	1f(%rip), %rax
	push	%rax
	iretq
1:
	.globl	user_load_insn
user_load_insn:
	mov	(%rdi), %rax
	finish	user_load

/* Paging without long mode: CR4 = RAX, CR3 = RBX, then a load from RDI. An AP's. */
	.code16
	begin	legacy_load
	lgdtl	GUEST_GDTR
	set_protected
	ljmpl	$GUEST_CODE32, $GUEST_ENTRY + 1f - legacy_load_start
	.code32
1:	mov	$GUEST_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %ss
	mov	FRAME_RAX + GUEST_FRAME, %eax
	mov	%eax, %cr4
	mov	FRAME_RBX + GUEST_FRAME, %eax
	mov	%eax, %cr3
	mov	FRAME_RDI + GUEST_FRAME, %edi
	mov	%cr0, %eax
	or	$0x80010000, %eax
	mov	%eax, %cr0
	.globl	legacy_load_insn
legacy_load_insn:
	mov	(%edi), %eax
	finish	legacy_load
	.code64

	.set	in, GUEST_BUFFER + ASSIST_IN
	.set	out, GUEST_BUFFER + ASSIST_OUT

/* The host puts an instruction at assist_run_insn. */
	begin	assist_run
	setup
	mov	in + ASSIST_FS, %rax
	wrfsbase %rax
	cmpb	$0, in + ASSIST_WIDE
	je	2f
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vmovups	in + ASSIST_VECTOR + 32 * \n, %ymm\n
	.endr
	jmp	3f
2:	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movups	in + ASSIST_VECTOR + 32 * \n, %xmm\n
	.endr
3:	push	in + ASSIST_FLAGS
	popf
	mov	in, %rax
	mov	in + 8, %rcx
	mov	in + 16, %rdx
	mov	in + 24, %rbx
	mov	in + 32, %rsp
	mov	in + 40, %rbp
	mov	in + 48, %rsi
	mov	in + 56, %rdi
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	mov	in + 8 * \n, %r\n
	.endr
	.globl	assist_run_insn
assist_run_insn:
	.skip	ASSIST_SLOT, 0x90
	mov	%rax, out
	mov	%rcx, out + 8
	mov	%rdx, out + 16
	mov	%rbx, out + 24
	mov	%rsp, out + 32
	mov	%rbp, out + 40
	mov	%rsi, out + 48
	mov	%rdi, out + 56
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	mov	%r\n, out + 8 * \n
	.endr
	mov	$GUEST_STACK, %esp
	pushf
	pop	out + ASSIST_FLAGS
	cld
	cmpb	$0, in + ASSIST_WIDE
	je	2f
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vmovups	%ymm\n, out + ASSIST_VECTOR + 32 * \n
	.endr
	jmp	3f
2:	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movups	%xmm\n, out + ASSIST_VECTOR + 32 * \n
	.endr
3:	finish	assist_run

/* The same in 32 bits, by an AP, with the tables at ASSIST_TABLES; FS is the last descriptor. */
	.code16
	begin	assist_run32
	lgdtl	GUEST_GDTR
	set_protected
	ljmpl	$GUEST_CODE32, $GUEST_ENTRY + 1f - assist_run32_start
	.code32
1:	mov	$GUEST_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$0x10, %eax
	mov	%eax, %cr4
	mov	$ASSIST_TABLES, %eax
	mov	%eax, %cr3
	mov	%cr0, %eax
	or	$0x80010000, %eax
	mov	%eax, %cr0
	mov	$ASSIST_SELECTOR, %eax
	mov	%eax, %fs
	mov	$GUEST_STACK, %esp
	push	in + ASSIST_FLAGS
	popf
	mov	in, %eax
	mov	in + 8, %ecx
	mov	in + 16, %edx
	mov	in + 24, %ebx
	mov	in + 32, %esp
	mov	in + 40, %ebp
	mov	in + 48, %esi
	mov	in + 56, %edi
	.globl	assist_run32_insn
assist_run32_insn:
	.skip	ASSIST_SLOT, 0x90
	mov	%eax, out
	mov	%ecx, out + 8
	mov	%edx, out + 16
	mov	%ebx, out + 24
	mov	%esp, out + 32
	mov	%ebp, out + 40
	mov	%esi, out + 48
	mov	%edi, out + 56
	mov	$GUEST_STACK, %esp
	pushf
	pop	out + ASSIST_FLAGS
	finish	assist_run32

/* Read, modify, write at GUEST_LOW_TRAP, in real mode. */
	.code16
	begin	real_add
	mov	$GUEST_LOW_TRAP >> 4, %ax
	mov	%ax, %ds
	mov	$0x10, %bx
	mov	$0x20, %si
	addw	$0x1111, 4(%bx, %si)
	mov	$0xfff0, %bp
	orb	$0x80, %ds:0x14(%bp)
	finish	real_add
	.code64

	.section .note.GNU-stack, "", @progbits
