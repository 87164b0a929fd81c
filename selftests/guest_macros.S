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
