/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver of fuzz_guest, which lies at FZ_DRIVER: the way from long mode, in which the first
 * VCPU arrives, to the mode of the cells, and what takes their exceptions there.
 */
#include "fuzz_guest.h"

#define AT(label)	(label - fuzz_driver + FZ_DRIVER)
/* The same from FZ_REAL_DRIVER. */
#define OFF(address)	((address) - FZ_DRIVER)
#define NEAR(label)	(label - fuzz_driver)

	.section .rodata
	.code64
	.balign	16
	.globl	fuzz_driver, fuzz_driver_end
fuzz_driver:
	mov	$FZ_STACK, %esp
	lgdt	FZ_GDTR
	lidt	FZ_IDTR64
	mov	$FZ_PML4, %eax
	mov	%rax, %cr3
	mov	$FZ_DATA, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	mov	FZ_START, %ebx
	pushq	$FZ_CODE64
	push	%rbx
	lretq

	.globl	fuzz_long
fuzz_long:
	mov	$FZ_TASK64, %eax
	ltr	%ax
	mov	%cr4, %rax
	or	FZ_CR4, %eax
	mov	%rax, %cr4
	mov	FZ_CURSOR, %ecx
	jmp	go64

	/* All vectors have the same stack of their own, so the frame is in the same place. */
	.globl	fuzz_fault64, fuzz_other64
fuzz_fault64:
	mov	FZ_STACK - 40, %rcx
	mov	FZ_BASE, %eax
	sub	%rax, %rcx
	cmp	$FZ_CELLS_LEN, %rcx
	jae	wild64
	incq	FZ_COUNT
	and	$-FZ_CELL, %ecx
	add	$FZ_CELL, %ecx
	jmp	go64

	/* What no cell is to blame for. */
fuzz_other64:
	mov	FZ_STACK - 40, %rcx
	mov	FZ_BASE, %eax
	sub	%rax, %rcx
	cmp	$FZ_CELLS_LEN, %rcx
	jae	wild64
	and	$-FZ_CELL, %ecx
	add	$FZ_CELL, %ecx
	jmp	go64

	/* Outside of the cells. In the driver itself: nothing can be saved. */
wild64:
	mov	FZ_STACK - 40, %rcx
	sub	$FZ_DRIVER, %rcx
	cmp	$FZ_DRIVER_LEN, %rcx
	mov	$FZ_PORT_WRECK, %edx
	jb	9f
	mov	FZ_CURSOR, %ecx
	add	$FZ_CELL, %ecx
go64:
	mov	$FZ_PORT_END, %edx
	cmp	$FZ_CELLS_LEN, %ecx
	jae	9f
	mov	%ecx, FZ_CURSOR
	mov	$FZ_STACK - 40, %esp
	add	FZ_BASE, %ecx
	mov	%rcx, (%rsp)
	mov	FZ_CS, %eax
	mov	%rax, 8(%rsp)
	mov	FZ_SS, %eax
	mov	%rax, 32(%rsp)
	mov	FZ_DS, %eax
	mov	%eax, %ds
	mov	%eax, %es
	imul	$1103515245, FZ_SEED, %r15d
	add	$12345, %r15d
	mov	%r15d, FZ_SEED
	shr	$16, %r15d
	and	$FZ_SETS_COUNT - 1, %r15d
	shl	$FZ_SET_SHIFT, %r15d
	add	$FZ_SETS, %r15d
	mov	FZ_SET_FLAGS(%r15), %rax
	mov	%rax, 16(%rsp)
	mov	FZ_SET_RSP(%r15), %rax
	mov	%rax, 24(%rsp)
	mov	(%r15), %rax
	mov	8(%r15), %rcx
	mov	16(%r15), %rdx
	mov	24(%r15), %rbx
	mov	%rax, %rbp
	mov	48(%r15), %rsi
	mov	56(%r15), %rdi
	mov	64(%r15), %r8
	mov	72(%r15), %r9
	mov	80(%r15), %r10
	mov	88(%r15), %r11
	mov	96(%r15), %r12
	mov	104(%r15), %r13
	mov	112(%r15), %r14
	mov	120(%r15), %r15
	iretq
9:	out	%al, %dx
	jmp	9b

	.globl	fuzz_protected, fuzz_real
fuzz_protected:
	nop
fuzz_real:
	pushq	$FZ_CODE32
	pushq	$AT(leave_long)
	lretq

	.code32
leave_long:
	mov	%cr0, %eax
	and	$0x7fffffff, %eax
	mov	%eax, %cr0
	mov	$0xc0000080, %ecx
	rdmsr
	and	$~0x100, %eax
	wrmsr
	mov	FZ_CR4, %eax
	mov	%eax, %cr4
	mov	FZ_CR3, %eax
	mov	%eax, %cr3
	lidt	FZ_IDTR32
	cmpl	$AT(fuzz_real), FZ_START
	je	leave_protected
	mov	$FZ_TASK32, %eax
	ltr	%ax
	mov	%cr0, %eax
	or	FZ_CR0, %eax
	mov	%eax, %cr0
	jmp	1f
1:	mov	FZ_CURSOR, %ebx
	jmp	go32

	/* Those with an error code, then those without. */
	.globl	fuzz_code32, fuzz_fault32, fuzz_other32
fuzz_code32:
	add	$4, %esp
fuzz_fault32:
	pop	%ebx
	mov	$FZ_DATA, %eax
	mov	%eax, %ds
	mov	%ebx, %ecx
	sub	FZ_BASE, %ebx
	cmp	$FZ_CELLS_LEN, %ebx
	jae	wild32
	incl	FZ_COUNT
	jmp	next32

fuzz_other32:
	pop	%ebx
	mov	$FZ_DATA, %eax
	mov	%eax, %ds
	mov	%ebx, %ecx
	sub	FZ_BASE, %ebx
	cmp	$FZ_CELLS_LEN, %ebx
	jae	wild32
next32:
	and	$-FZ_CELL, %ebx
	add	$FZ_CELL, %ebx
	jmp	go32

wild32:
	sub	$FZ_DRIVER, %ecx
	cmp	$FZ_DRIVER_LEN, %ecx
	mov	$FZ_PORT_WRECK, %edx
	jb	9f
	mov	FZ_CURSOR, %ebx
	add	$FZ_CELL, %ebx
go32:
	mov	$FZ_PORT_END, %edx
	cmp	$FZ_CELLS_LEN, %ebx
	jae	9f
	mov	%ebx, FZ_CURSOR
	add	FZ_BASE, %ebx
	mov	$FZ_DATA, %eax
	mov	%eax, %ss
	mov	$FZ_STACK, %esp
	imul	$1103515245, FZ_SEED, %esi
	add	$12345, %esi
	mov	%esi, FZ_SEED
	shr	$16, %esi
	and	$FZ_SETS_COUNT - 1, %esi
	shl	$FZ_SET_SHIFT, %esi
	add	$FZ_SETS, %esi
	mov	FZ_SET_FLAGS(%esi), %edi
	mov	FZ_DS, %ecx
	cmpl	$FZ_FRAME_USER, FZ_FRAME
	jb	1f
	je	2f
	push	%ecx
	push	%ecx
	push	%ecx
	push	%ecx
	or	$0x20000, %edi
2:	pushl	FZ_SS
	pushl	FZ_SET_RSP(%esi)
1:	push	%edi
	pushl	FZ_CS
	push	%ebx
	cmpl	$FZ_FRAME_V86, FZ_FRAME
	mov	(%esi), %eax
	mov	16(%esi), %edx
	mov	24(%esi), %ebx
	mov	56(%esi), %edi
	je	3f
	mov	%ecx, %es
	pushl	48(%esi)
	pushl	8(%esi)
	mov	%ecx, %ds
	pop	%ecx
	pop	%esi
	iret
3:	mov	8(%esi), %ecx
	mov	48(%esi), %esi
	iret
9:	out	%al, %dx
	jmp	9b

leave_protected:
	ljmp	$FZ_DRIVER16, $NEAR(narrow)

	.code16
narrow:
	mov	$FZ_DATA16, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %fs
	mov	%ax, %gs
	mov	%ax, %ss
	mov	%cr0, %eax
	and	$0xfe, %al
	mov	%eax, %cr0
	ljmp	$FZ_REAL_DRIVER, $NEAR(real)
real:
	mov	$FZ_REAL_DRIVER, %ax
	mov	%ax, %ds
	lidtl	OFF(FZ_IVTR)
	mov	OFF(FZ_CURSOR), %bx
	jmp	go16

	.globl	fuzz_fault16, fuzz_other16
fuzz_fault16:
	pop	%bx
	pop	%cx
	mov	$FZ_REAL_DRIVER, %ax
	mov	%ax, %ds
	cmp	$FZ_REAL_CELLS, %cx
	jne	wild16
	incl	OFF(FZ_COUNT)
	jmp	next16

fuzz_other16:
	pop	%bx
	pop	%cx
	mov	$FZ_REAL_DRIVER, %ax
	mov	%ax, %ds
	cmp	$FZ_REAL_CELLS, %cx
	jne	wild16
next16:
	mov	$FZ_PORT_END, %dx
	and	$-FZ_CELL, %bx
	add	$FZ_CELL, %bx
	jz	9f
	jmp	go16

wild16:
	mov	$FZ_PORT_WRECK, %dx
	cmp	%ax, %cx
	je	9f
	mov	$FZ_PORT_END, %dx
	mov	OFF(FZ_CURSOR), %bx
	add	$FZ_CELL, %bx
	jz	9f
go16:
	mov	%bx, OFF(FZ_CURSOR)
	mov	$(FZ_STACK - 0x1000) >> 4, %ax
	mov	%ax, %ss
	mov	$0x1000, %sp
	imul	$1103515245, OFF(FZ_SEED), %esi
	add	$12345, %esi
	mov	%esi, OFF(FZ_SEED)
	shr	$16, %esi
	and	$FZ_SETS_COUNT - 1, %si
	shl	$FZ_SET_SHIFT, %si
	add	$OFF(FZ_SETS), %si
	pushw	FZ_SET_FLAGS(%si)
	pushw	$FZ_REAL_CELLS
	push	%bx
	mov	(%si), %eax
	mov	8(%si), %ecx
	mov	16(%si), %edx
	mov	24(%si), %ebx
	mov	56(%si), %edi
	mov	48(%si), %esi
	iret
9:	out	%al, %dx
	jmp	9b
fuzz_driver_end:

	.section .note.GNU-stack, "", @progbits
