/* SPDX-License-Identifier: GPL-2.0-only */
/* How a blob begins and ends, and what several of them do. */
#include "guest.h"

	.section .rodata
	.code64

.macro begin name
	.balign	16
	.globl	\name\()_start
\name\()_start:
.endm

/* Every blob ends here: say so, for ever. */
.macro finish name
7:	mov	$GUEST_PORT_DONE, %edx
	out	%eax, %dx
	jmp	7b
	.globl	\name\()_end
\name\()_end:
.endm

/* A stack, and descriptor tables under which IRETQ works. */
.macro setup
	mov	$GUEST_STACK, %esp
	lgdt	GUEST_GDTR
	lidt	GUEST_IDTR
	mov	$GUEST_DATA, %eax
	mov	%eax, %ss
	pushq	$GUEST_CODE64
	lea	6f(%rip), %rax
	push	%rax
	lretq
6:
.endm

.macro mark value
	mov	$\value, %eax
	mov	$GUEST_PORT_MARK, %edx
	out	%eax, %dx
.endm

.macro write_msr msr, low
	mov	$\msr, %ecx
	mov	$\low, %eax
	xor	%edx, %edx
	wrmsr
.endm

.macro enable_apic
	write_msr 0x80f, 0x1ff
.endm

/* The LVT timer is the frame's RAX. */
.macro enable_timer
	enable_apic
	mov	FRAME_RAX + GUEST_FRAME, %eax
	mov	$0x832, %ecx
	xor	%edx, %edx
	wrmsr
.endm

.macro set_protected
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
.endm

/* With the page tables at 0, what goes to CR0 next is in EAX. */
.macro ready_for_long
	mov	%cr4, %eax
	or	$0x20, %eax
	mov	%eax, %cr4
	xor	%eax, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x100, %eax
	wrmsr
	mov	$0x80000031, %eax
.endm

/* 256 entries of 16 bytes: an error code if the CPU gave none, the number, and on to @to. */
.macro vector_entries to
	.set	vector, 0
	.rept	256
	.balign	16
	.if	vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21
	.else
	pushq	$0
	.endif
	pushq	$vector
	jmp	\to
	.set	vector, vector + 1
	.endr
.endm

/* probe name, instruction: load the frame, run it at name_insn, store the frame. */
.macro probe name, insn
	begin	\name
	setup
	mov	FRAME_RBX + GUEST_FRAME, %rbx
	mov	FRAME_RCX + GUEST_FRAME, %rcx
	mov	FRAME_RDX + GUEST_FRAME, %rdx
	mov	FRAME_RSI + GUEST_FRAME, %rsi
	mov	FRAME_RDI + GUEST_FRAME, %rdi
	mov	FRAME_R8 + GUEST_FRAME, %r8
	mov	FRAME_RAX + GUEST_FRAME, %rax
	.globl	\name\()_insn
\name\()_insn:
	\insn
	mov	%rax, FRAME_RAX + GUEST_FRAME
	mov	%rbx, FRAME_RBX + GUEST_FRAME
	mov	%rcx, FRAME_RCX + GUEST_FRAME
	mov	%rdx, FRAME_RDX + GUEST_FRAME
	mov	%rsi, FRAME_RSI + GUEST_FRAME
	mov	%rdi, FRAME_RDI + GUEST_FRAME
	mov	%r8, FRAME_R8 + GUEST_FRAME
	finish	\name
.endm
