/* SPDX-License-Identifier: GPL-2.0-only */
/* Blobs about time: the TSC, the timer's phase and deadlines, and sleeps that are counted. */
#include "guest_macros.S"

.macro read_tsc out
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 8 * \out
.endm

.macro read_msr64 msr, out
	mov	$\msr, %ecx
	rdmsr
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 8 * \out
.endm

/* RAX to the MSR. */
.macro write_msr64 msr
	mov	$\msr, %ecx
	mov	%rax, %rdx
	shr	$32, %rdx
	wrmsr
.endm

/* RBX to the TSC, which is then read in all ways, and once more after an exit to user space. */
	begin	tsc_write
	setup
	mov	FRAME_RBX + GUEST_FRAME, %rax
	write_msr64 0x10
	read_tsc 0
	rdtscp
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 8
	read_msr64 0x10, 2
	mark	1
	read_tsc 3
	finish	tsc_write

/* Switches the paravirtual clock at RDI on; the TSC becomes 0; a mark, and it goes to the frame. */
	begin	clock_then_tsc
	setup
	mov	FRAME_RDI + GUEST_FRAME, %rax
	mov	FRAME_RCX + GUEST_FRAME, %rcx
	xor	%edx, %edx
	wrmsr
	xor	%eax, %eax
	write_msr64 0x10
	mark	1
	read_tsc 0
	finish	clock_then_tsc

/*
 * The LVT timer is RAX, the deadline RDX, or that from now on if R8 is not 0. Then, if
 * RSI is not 0, the TSC is moved by RBX. Interrupts are on for RDI ticks. Results: the
 * deadline's MSR as it is read, the TSC then, MSR and interrupts at the end.
 */
	begin	deadline
	setup
	enable_timer
	xor	%eax, %eax
	cmpq	$0, FRAME_R8 + GUEST_FRAME
	je	1f
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
1:	add	FRAME_RDX + GUEST_FRAME, %rax
	write_msr64 0x6e0
	read_msr64 0x6e0, 0
	read_tsc 1
	cmpq	$0, FRAME_RSI + GUEST_FRAME
	je	1f
	add	FRAME_RBX + GUEST_FRAME, %rax
	write_msr64 0x10
1:	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, %rbx
	sti
1:	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	sub	%rbx, %rax
	cmp	FRAME_RDI + GUEST_FRAME, %rax
	jb	1b
	cli
	read_msr64 0x6e0, 2
	mov	FRAME_IRQS + GUEST_FRAME, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 24
	finish	deadline

/* Interrupts on, in HLT if R8 is not 0, until RBX ticks are over since the TSC was RSI. */
.macro pass
1:	sti
	cmpq	$0, FRAME_R8 + GUEST_FRAME
	je	2f
	hlt
2:	nop
	cli
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	sub	%rsi, %rax
	cmp	%rbx, %rax
	jb	1b
.endm

/*
 * LVT timer RAX, divider RCX, count RDX. RDI ticks pass; then, if RSI is not 0, it is
 * the LVT timer while they pass again. Results: TSC before and behind the start; TSC,
 * current count, TSC in the end.
 */
	begin	timer_phase
	setup
	enable_timer
	mov	FRAME_RCX + GUEST_FRAME, %eax
	mov	$0x83e, %ecx
	wrmsr
	movq	$1, FRAME_FLAG + GUEST_FRAME
	read_tsc 0
	mov	%rax, %rsi
	mov	FRAME_RDX + GUEST_FRAME, %eax
	xor	%edx, %edx
	mov	$0x838, %ecx
	wrmsr
	read_tsc 1
	mov	FRAME_RDI + GUEST_FRAME, %rbx
	pass
	cmpq	$0, FRAME_RSI + GUEST_FRAME
	je	3f
	mov	FRAME_RSI + GUEST_FRAME, %eax
	mov	$0x832, %ecx
	xor	%edx, %edx
	wrmsr
	add	%rbx, %rbx
	pass
	mov	FRAME_RAX + GUEST_FRAME, %eax
	mov	$0x832, %ecx
	xor	%edx, %edx
	wrmsr
3:	read_tsc 2
	read_msr64 0x839, 3
	read_tsc 4
	finish	timer_phase

/*
 * Sleeps again and again until the flag is set. What wakes it is counted at
 * GUEST_BUFFER, then told at GUEST_BELL, by handlers 64 bytes apart.
 */
	begin	sleeper
	setup
	enable_apic
1:	sti
	hlt
	cli
	cmpq	$0, FRAME_FLAG + GUEST_FRAME
	je	1b
	finish	sleeper_run
	.set	nr, 0
	.globl	sleeper_insn
	.balign	64
sleeper_insn:
	.rept	4
	.balign	64
	incq	GUEST_BUFFER + 64 * nr
	push	%rax
	mov	%eax, GUEST_BELL + 0x1000 * nr
	push	%rcx
	push	%rdx
	write_msr 0x80b, 0
	pop	%rdx
	pop	%rcx
	pop	%rax
	iretq
	.balign	64
	.set	nr, nr + 1
	.endr
	.globl	sleeper_end
sleeper_end:

/* An AP's paravirtual clock at GUEST_SPARE. */
	.code16
	begin	ap_clock
	mov	$0x4b564d01, %ecx
	mov	$(GUEST_SPARE | 1), %eax
	xor	%edx, %edx
	wrmsr
	mov	$GUEST_PORT_MARK, %dx
	out	%ax, %dx
	finish	ap_clock
	.code64

	.section .note.GNU-stack, "", @progbits
