/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads from a trap, each in its own way of paging or privilege: from there the
 * host reaches for the guest's memory.
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
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
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

	.section .note.GNU-stack, "", @progbits
