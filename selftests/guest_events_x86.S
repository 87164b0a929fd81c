/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blobs about events: halting, interrupts and their priorities, timers, exceptions
 * whose delivery is something special. At the end the handlers of all blobs.
 */
#include "guest_macros.S"

	begin	halt
	setup
	enable_apic
	movq	$1, FRAME_FLAG + GUEST_FRAME
	sti
	hlt
	cli
	finish	halt

/* The same without the local APIC. */
	begin	halt_plain
	setup
	movq	$1, FRAME_FLAG + GUEST_FRAME
	sti
	hlt
	cli
	finish	halt_plain

	begin	halt_masked
	setup
	cli
	movq	$1, FRAME_FLAG + GUEST_FRAME
	hlt
	movq	$2, FRAME_FLAG + GUEST_FRAME
	finish	halt_masked

/* Interrupts on until RCX of them were taken; RAX is written to SVR first. */
	begin	wait_irqs
	setup
	mov	FRAME_RAX + GUEST_FRAME, %eax
	mov	$0x80f, %ecx
	xor	%edx, %edx
	wrmsr
	movq	$1, FRAME_FLAG + GUEST_FRAME
	mov	FRAME_RCX + GUEST_FRAME, %rcx
	sti
1:	cmp	%rcx, FRAME_IRQS + GUEST_FRAME
	jb	1b
	cli
	finish	wait_irqs

/* A mark with interrupts on, then a little time. */
	begin	interrupts_on
	setup
	sti
	mark	1
	mov	$1000, %ecx
1:	loop	1b
	cli
	finish	interrupts_on

/* Vector 0x60 to itself through the register for that. */
	begin	self_ipi
	setup
	enable_apic
	sti
	write_msr 0x83f, 0x60
	mov	$1000, %ecx
1:	loop	1b
	cli
	finish	self_ipi

/* A mark with TPR at RAX and interrupts on for a while, then TPR 0. */
	begin	tpr_blocks
	setup
	enable_apic
	mov	FRAME_RAX + GUEST_FRAME, %eax
	mov	$0x808, %ecx
	xor	%edx, %edx
	wrmsr
	mark	1
	sti
	mov	$1000, %ecx
1:	loop	1b
	mov	FRAME_IRQS + GUEST_FRAME, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME
	write_msr 0x808, 0
	mov	$1000, %ecx
1:	loop	1b
	cli
	finish	tpr_blocks

/* After the first interrupt, with no EOI: the words of ISR and IRR that hold RCX's bits. */
	begin	in_service
	setup
	enable_apic
	mark	1
	sti
1:	cmpq	$0, FRAME_IRQS + GUEST_FRAME
	je	1b
	mov	$1000, %ecx
1:	loop	1b
	mov	FRAME_IRQS + GUEST_FRAME, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME
	mov	$0x812, %ecx
	rdmsr
	mov	%eax, FRAME_OUT + GUEST_FRAME + 8
	mov	$0x822, %ecx
	rdmsr
	mov	%eax, FRAME_OUT + GUEST_FRAME + 16
	write_msr 0x80b, 0
	mov	$1000, %ecx
1:	loop	1b
	mov	FRAME_IRQS + GUEST_FRAME, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 24
	finish	in_service

/* LVT timer RAX, divider RCX, count RDX. */
.macro start_timer
	enable_timer
	mov	FRAME_RCX + GUEST_FRAME, %eax
	mov	$0x83e, %ecx
	wrmsr
	mov	FRAME_RDX + GUEST_FRAME, %eax
	mov	$0x838, %ecx
	wrmsr
.endm

/* Sleeps until RBX interrupts were taken. */
	begin	timer
	setup
	start_timer
1:	cli
	mov	FRAME_RBX + GUEST_FRAME, %rbx
	cmp	%rbx, FRAME_IRQS + GUEST_FRAME
	jae	2f
	sti
	hlt
	jmp	1b
2:	finish	timer

	begin	timer_spin
	setup
	start_timer
	mov	FRAME_RBX + GUEST_FRAME, %rbx
	sti
1:	cmp	%rbx, FRAME_IRQS + GUEST_FRAME
	jb	1b
	cli
	finish	timer_spin

/* Reads the current count until it is 0: first, a later, and the number of rises. */
	begin	timer_poll
	setup
	start_timer
	sti
	xor	%ebx, %ebx
	mov	$0x839, %ecx
	rdmsr
	mov	%eax, %esi
	mov	%rax, FRAME_OUT + GUEST_FRAME
1:	rdmsr
	cmp	%esi, %eax
	jbe	2f
	inc	%ebx
2:	mov	%eax, %esi
	test	%eax, %eax
	jnz	1b
	mov	%rbx, FRAME_OUT + GUEST_FRAME + 8
	mov	$10000, %ecx
1:	loop	1b
	cli
	finish	timer_poll

/* Deadline mode with vector RAX: TSC + RDX, and what the MSR reads before and after. */
	begin	timer_deadline
	setup
	enable_timer
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	add	FRAME_RDX + GUEST_FRAME, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME
	mov	%rax, %rdx
	shr	$32, %rdx
	mov	$0x6e0, %ecx
	wrmsr
	sti
1:	cmpq	$0, FRAME_IRQS + GUEST_FRAME
	je	1b
	cli
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 8
	mov	$0x6e0, %ecx
	rdmsr
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 16
	finish	timer_deadline

/* Vector 0x60 to itself, held back until @low: interrupts taken before it, and right behind it. */
.macro held name, high, low
	begin	\name
	setup
	enable_apic
	\high
	write_msr 0x83f, 0x60
	sti
	nop
	nop
	mov	FRAME_IRQS + GUEST_FRAME, %rbx
	\low
	mov	FRAME_IRQS + GUEST_FRAME, %rcx
	mov	%rbx, FRAME_OUT + GUEST_FRAME
	mov	%rcx, FRAME_OUT + GUEST_FRAME + 8
	cli
	finish	\name
.endm

	held	held_by_cr8, "mov $15, %eax; mov %rax, %cr8", "xor %eax, %eax; mov %rax, %cr8"
	held	held_by_msr, "write_msr 0x808, 0xf0", "write_msr 0x808, 0"

/* An exception, then an interrupt, whose frame goes to the stack at RDI. */
	begin	stack_exception
	setup
	mov	FRAME_RDI + GUEST_FRAME, %rsp
	movq	$1, FRAME_FLAG + GUEST_FRAME
	ud2
	finish	stack_exception

	begin	stack_interrupt
	setup
	enable_apic
	mov	FRAME_RDI + GUEST_FRAME, %rsp
	movq	$1, FRAME_FLAG + GUEST_FRAME
	sti
	write_msr 0x83f, 0x60
	nop
	nop
	cli
	finish	stack_interrupt

/* @insn with TF set by @how: where #DB comes, and DR6 then. */
.macro step name, how, insn=cpuid
	begin	\name
	setup
	movw	$(2f - \name\()_start), GUEST_IDT + 16
	movw	$(GUEST_ENTRY >> 16), GUEST_IDT + 16 + 6
	\how
	\insn
	.globl	\name\()_insn
\name\()_insn:
	nop
	nop
	jmp	7f
2:	mov	(%rsp), %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME
	mov	%dr6, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 8
	finish	\name
.endm

	step	step_by_popf, "pushf; orq $0x100, (%rsp); popf"
	step	step_by_host, "mark 1"
	step	step_over_sti, "pushf; orq $0x100, (%rsp); popf", sti
	step	step_over_hlt, "pushf; orq $0x100, (%rsp); popf", hlt

/*
 * One entry of 16 bytes per vector: an error code if the CPU gave none, the
 * number, and on to the common part. Exceptions end the blob, interrupts and
 * NMIs are logged.
 */
	begin	vectors
	vector_entries vectors_common
	.balign	16
vectors_common:
	push	%rax
	push	%rcx
	push	%rdx
	mov	24(%rsp), %rax
	cmp	$2, %eax
	je	1f
	cmp	$32, %eax
	jae	1f
	mov	%rax, FRAME_FAULT + GUEST_FRAME
	mov	32(%rsp), %rax
	mov	%rax, FRAME_ERROR + GUEST_FRAME
	mov	40(%rsp), %rax
	mov	%rax, FRAME_RIP + GUEST_FRAME
	jmp	7f
1:	mov	FRAME_IRQS + GUEST_FRAME, %rcx
	and	$FRAME_LOG_LEN - 1, %ecx
	mov	%rax, FRAME_LOG + GUEST_FRAME(, %rcx, 8)
	incq	FRAME_IRQS + GUEST_FRAME
	cmp	$2, %eax
	je	2f
	cmpq	$0, FRAME_EOI + GUEST_FRAME
	je	2f
	write_msr 0x80b, 0
2:	pop	%rdx
	pop	%rcx
	pop	%rax
	add	$16, %rsp
	iretq
	finish	vectors

	.section .note.GNU-stack, "", @progbits
