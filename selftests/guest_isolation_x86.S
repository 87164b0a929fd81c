/* SPDX-License-Identifier: GPL-2.0-only */
/* Guests that look whether what is theirs stays so, and that take memory. */
#include "guest_macros.S"

/* Where it went wrong: @place, with what was found in RAX. */
.macro expect place, reg
	lea	\place(%rbx), %rdx
	cmp	%rdx, \reg
	mov	$\place, %edx
	jne	9f
.endm

.macro msrs op
	.irp	msr, 0x175, 0x176, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, \
		0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103
	\op	\msr
	.endr
.endm

.macro put_msr msr
	mov	$\msr, %ecx
	lea	(\msr & 0xff)(%rbx), %rax
	xor	%edx, %edx
	wrmsr
.endm

.macro check_msr msr
	mov	$\msr, %ecx
	rdmsr
	shl	$32, %rdx
	or	%rdx, %rax
	expect	(\msr & 0xff), %rax
.endm

/*
 * Everything that can be is made of RBX, and looked at for ever, with a mark each RCX
 * rounds; RDI: and the upper halves of the vector registers, R8 is MXCSR. What is not as
 * it was: its place and value in the frame, and the end.
 */
	begin	isolation
	setup
	mov	FRAME_RBX + GUEST_FRAME, %rbx
	mov	FRAME_RDI + GUEST_FRAME, %rdi
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	lea	0x100 + \n(%rbx), %rax
	movq	%rax, %mm\n
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	lea	0x200 + \n(%rbx), %rax
	movq	%rax, %xmm\n
	.endr
	test	%rdi, %rdi
	jz	1f
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vinsertf128 $1, %xmm\n, %ymm\n, %ymm\n
	.endr
1:	ldmxcsr	FRAME_R8 + GUEST_FRAME
	.irp	n, 0, 1, 2, 3
	lea	0x300 + \n(%rbx), %rax
	mov	%rax, %dr\n
	.endr
	lea	0x310(%rbx), %rax
	mov	%rax, %cr2
	msrs	put_msr

2:	mov	FRAME_RCX + GUEST_FRAME, %r8
3:	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	movq	%mm\n, %rax
	expect	0x100 + \n, %rax
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movq	%xmm\n, %rax
	expect	0x200 + \n, %rax
	.endr
	test	%rdi, %rdi
	jz	4f
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vextractf128 $1, %ymm\n, GUEST_BUFFER
	mov	GUEST_BUFFER, %rax
	expect	0x200 + \n, %rax
	.endr
4:	stmxcsr	GUEST_BUFFER
	mov	GUEST_BUFFER, %eax
	mov	$0x1ff, %edx
	cmp	%eax, FRAME_R8 + GUEST_FRAME
	jne	9f
	.irp	n, 0, 1, 2, 3
	mov	%dr\n, %rax
	expect	0x300 + \n, %rax
	.endr
	mov	%cr2, %rax
	expect	0x310, %rax
	msrs	check_msr
	rdtscp
	expect	3, %rcx
	incq	FRAME_FLAG + GUEST_FRAME
	dec	%r8
	jnz	3b
	mark	1
	jmp	2b
9:	mov	%rdx, FRAME_OUT + GUEST_FRAME
	mov	%rax, FRAME_OUT + GUEST_FRAME + 8
	finish	isolation

/* What a fresh VCPU finds: x87 and its environment, debug registers, CR2, the MSRs. */
	begin	fresh
	setup
	fnstenv	FRAME_OUT + GUEST_FRAME
	fnsave	GUEST_BUFFER
	.irp	n, 0, 1, 2, 3
	mov	%dr\n, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 8 * (8 + \n)
	.endr
	mov	%cr2, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 8 * 12
	mov	$(FRAME_OUT + GUEST_FRAME + 8 * 13), %esi
	.macro	keep_msr msr
	mov	$\msr, %ecx
	rdmsr
	mov	%eax, (%rsi)
	mov	%edx, 4(%rsi)
	add	$8, %esi
	.endm
	msrs	keep_msr
	finish	fresh

/* Writes to RCX pages from RDI on; counts them. */
	begin	touch_pages
	mov	FRAME_RDI + GUEST_FRAME, %rdi
	mov	FRAME_RCX + GUEST_FRAME, %rcx
1:	mov	%rdi, (%rdi)
	incq	FRAME_FLAG + GUEST_FRAME
	add	$0x1000, %rdi
	dec	%rcx
	jnz	1b
	finish	touch_pages

	.section .note.GNU-stack, "", @progbits
