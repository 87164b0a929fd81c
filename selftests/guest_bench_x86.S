/* SPDX-License-Identifier: GPL-2.0-only */
/* Blobs of the bench: hot operations in a loop, and interrupts whose way is timed. */
#include "guest_macros.S"

#define AP_STACK	(GUEST_STACK - 0x800)
#define FIRST_VECTOR	0x40

/* The TSC to RAX. RDX is lost. */
.macro tsc
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
.endm

/* bench name ... benched name: that RCX times, between two readings of the TSC. */
.macro bench name
	begin	\name
	mov	FRAME_RCX + GUEST_FRAME, %r8
	mov	FRAME_RDI + GUEST_FRAME, %rdi
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME
	mov	$GUEST_PORT_MARK, %edx
8:
.endm

.macro benched name
	dec	%r8
	jnz	8b
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 8
	finish	\name
.endm

	bench	bench_cpuid
	xor	%eax, %eax
	cpuid
	benched	bench_cpuid

	bench	bench_out
	out	%eax, %dx
	benched	bench_out

	bench	bench_in
	in	%dx, %eax
	benched	bench_in

/* IA32_APIC_BASE, which the hypervisor has to make up. */
	bench	bench_msr
	mov	$0x1b, %ecx
	rdmsr
	benched	bench_msr

	bench	bench_store
	mov	%eax, (%rdi)
	benched	bench_store

	bench	bench_load
	mov	(%rdi), %eax
	benched	bench_load

	bench	bench_bell
	mov	%eax, (%rdi)
	benched	bench_bell

	bench	bench_touch
	mov	(%rdi), %eax
	add	$0x1000, %rdi
	benched	bench_touch

/* RCX pages of 2 MiB, and from out[1] to out[2] all that is in them. */
	begin	bench_touch_huge
	mov	FRAME_RCX + GUEST_FRAME, %rcx
	mov	FRAME_RDI + GUEST_FRAME, %rdi
	tsc
	mov	%rax, FRAME_OUT + GUEST_FRAME
1:	mov	(%rdi), %eax
	add	$0x200000, %rdi
	loop	1b
	tsc
	mov	%rax, FRAME_OUT + GUEST_FRAME + 8
	mov	FRAME_RCX + GUEST_FRAME, %rcx
	mov	FRAME_RDI + GUEST_FRAME, %rdi
	shl	$9, %rcx
1:	mov	(%rdi), %eax
	add	$0x1000, %rdi
	loop	1b
	tsc
	mov	%rax, FRAME_OUT + GUEST_FRAME + 16
	finish	bench_touch_huge

/* RCX stores among RBX pages from RDI on, so that no two after each other are near. */
	begin	bench_spread
	mov	FRAME_RCX + GUEST_FRAME, %r8
	mov	FRAME_RDI + GUEST_FRAME, %rdi
	mov	FRAME_RBX + GUEST_FRAME, %rbx
	xor	%esi, %esi
1:	lea	7919(%rsi), %rax
	xor	%edx, %edx
	div	%rbx
	mov	%rdx, %rsi
	shl	$12, %rdx
	mov	%eax, (%rdi, %rdx)
	dec	%r8
	jnz	1b
	finish	bench_spread

/* The gate of @vector leads to @label of the blob at @base. */
.macro gate vector, label, name, base=GUEST_ENTRY
	movw	$(\label - \name\()_start), GUEST_IDT + 16 * \vector
	movw	$(\base >> 16), GUEST_IDT + 16 * \vector + 6
.endm

.macro interrupted
	push	%rax
	push	%rcx
	push	%rdx
.endm

.macro interrupt_over
	incq	FRAME_IRQS + GUEST_FRAME
	write_msr 0x80b, 0
	pop	%rdx
	pop	%rcx
	pop	%rax
	iretq
.endm

/* With interrupts off: lets them in, halted if RBX is not 0, until there were R9. */
.macro wait_for_irqs
	test	%ebx, %ebx
	jz	92f
91:	cmp	%r9, FRAME_IRQS + GUEST_FRAME
	jae	93f
	sti
	hlt
	cli
	jmp	91b
92:	sti
90:	pause
	cmp	%r9, FRAME_IRQS + GUEST_FRAME
	jb	90b
	cli
93:
.endm

/* The time, a store to RDI, a mark, for ever. */
	begin	bench_ring
	mov	FRAME_RDI + GUEST_FRAME, %rdi
1:	tsc
	mov	%rax, FRAME_OUT + GUEST_FRAME
	mov	%eax, (%rdi)
	mark	0
	jmp	1b
	finish	bench_ring

/* Halts for ever. The handler of 0x60 says when it began. */
	begin	bench_wake
	setup
	enable_apic
	gate	0x60, 2f, bench_wake
	movq	$1, FRAME_FLAG + GUEST_FRAME
1:	sti
	hlt
	jmp	1b
2:	interrupted
	tsc
	mov	%rax, FRAME_OUT + GUEST_FRAME
	interrupt_over
	finish	bench_wake

/*
 * LVT RAX; RCX times a timer @arm that ends in RDX ticks: the sum of how late the handler is.
 * R8: what to count down from, if the timer counts something else.
 */
.macro timer name, arm
	begin	\name
	setup
	enable_apic
	gate	0x60, 2f, \name
	mov	FRAME_RAX + GUEST_FRAME, %eax
	mov	$0x832, %ecx
	xor	%edx, %edx
	wrmsr
	write_msr 0x83e, 0xb
	mov	FRAME_RBX + GUEST_FRAME, %rbx
	mov	FRAME_RCX + GUEST_FRAME, %r8
	mov	FRAME_RDX + GUEST_FRAME, %rdi
	mov	FRAME_R8 + GUEST_FRAME, %r10
	test	%r10, %r10
	cmovz	%rdi, %r10
	xor	%r9d, %r9d
1:	tsc
	lea	(%rax, %rdi), %rsi
	\arm
	wrmsr
	inc	%r9
	wait_for_irqs
	dec	%r8
	jnz	1b
	jmp	7f
2:	interrupted
	tsc
	sub	%rsi, %rax
	add	%rax, FRAME_OUT + GUEST_FRAME
	interrupt_over
	finish	\name
.endm

	timer	bench_one_shot, "mov $0x838, %ecx; mov %r10d, %eax; xor %edx, %edx"
	timer	bench_deadline, "mov $0x6e0, %ecx; mov %esi, %eax; mov %rsi, %rdx; shr $32, %rdx"

/* RCX interrupts by its own hand: the sum of what their EOIs cost. */
	begin	bench_eoi
	setup
	enable_apic
	gate	0x60, 2f, bench_eoi
	mov	FRAME_RCX + GUEST_FRAME, %r8
	sti
1:	write_msr 0x83f, 0x60
	dec	%r8
	jnz	1b
	cli
	jmp	7f
2:	interrupted
	tsc
	mov	%rax, %rsi
	write_msr 0x80b, 0
	tsc
	sub	%rsi, %rax
	add	%rax, FRAME_OUT + GUEST_FRAME
	incq	FRAME_IRQS + GUEST_FRAME
	pop	%rdx
	pop	%rcx
	pop	%rax
	iretq
	finish	bench_eoi

/*
 * RCX times HLT with an interrupt pending: the sum of what passes until the handler. In an
 * emulator that does not heed RFLAGS.IF that may come before HLT, which then is left out.
 */
	begin	bench_halt
	setup
	enable_apic
	gate	0x60, 2f, bench_halt
	mov	FRAME_RCX + GUEST_FRAME, %r8
1:	cli
	write_msr 0x83f, 0x60
	tsc
	mov	%rax, %rsi
	sti
	hlt
3:	dec	%r8
	jnz	1b
	cli
	jmp	7f
2:	interrupted
	tsc
	sub	%rsi, %rax
	add	%rax, FRAME_OUT + GUEST_FRAME
	lea	3b(%rip), %rax
	mov	%rax, 24(%rsp)
	interrupt_over
	finish	bench_halt

/* An IPI to the other one, which answers, and so on, RCX times; RBX: halted meanwhile. */
	begin	bench_ipi
	setup
	enable_apic
	gate	0x60, 2f, bench_ipi
	mov	FRAME_RBX + GUEST_FRAME, %rbx
	mov	FRAME_RCX + GUEST_FRAME, %r8
	xor	%r9d, %r9d
	tsc
	mov	%rax, FRAME_OUT + GUEST_FRAME
1:	mov	$0x830, %ecx
	mov	$0x4061, %eax
	mov	$1, %edx
	wrmsr
	inc	%r9
	wait_for_irqs
	dec	%r8
	jnz	1b
	tsc
	mov	%rax, FRAME_OUT + GUEST_FRAME + 8
	jmp	7f
2:	interrupted
	interrupt_over
	finish	bench_ipi

/* RCX vectors to the other one, each of them once: the least that one took. */
	begin	bench_send
	setup
	enable_apic
	mov	FRAME_RCX + GUEST_FRAME, %r8
	mov	$FIRST_VECTOR + 0x4000, %r9d
	mov	$-1, %rdi
1:	tsc
	mov	%rax, %rsi
	mov	$0x830, %ecx
	mov	%r9d, %eax
	mov	$1, %edx
	wrmsr
	tsc
	sub	%rsi, %rax
	cmp	%rdi, %rax
	cmovb	%rax, %rdi
	inc	%r9d
	dec	%r8
	jnz	1b
	mov	%rdi, FRAME_OUT + GUEST_FRAME
	finish	bench_send

/*
 * The other one, at GUEST_BUFFER. It answers 0x61 by 0x60 to the first, and is
 * halted meanwhile if RBX is 1; if RBX is 2 it takes no interrupts.
 */
	.code16
	begin	bench_peer
	lgdtl	GUEST_GDTR
	lidtl	GUEST_IDTR
	ready_for_long
	mov	%eax, %cr0
	ljmpl	$GUEST_CODE64, $GUEST_BUFFER + 1f - bench_peer_start
	.code64
1:	mov	$GUEST_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %ss
	mov	$AP_STACK, %esp
	enable_apic
	gate	0x61, 2f, bench_peer, GUEST_BUFFER
	mov	FRAME_RBX + GUEST_FRAME, %rbx
	movq	$1, FRAME_FLAG + GUEST_FRAME
	cmp	$2, %ebx
	je	4f
	sti
	test	%ebx, %ebx
	jz	4f
3:	hlt
	jmp	3b
4:	pause
	jmp	4b
2:	write_msr 0x80b, 0
	write_msr 0x830, 0x4060
	iretq
	finish	bench_peer

	.section .note.GNU-stack, "", @progbits
