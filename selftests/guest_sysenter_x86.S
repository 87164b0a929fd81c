/* SPDX-License-Identifier: GPL-2.0-only */
/* Blobs about SYSENTER and SYSEXIT. */
#include "guest_macros.S"

#define KERNEL_STACK	(GUEST_STACK - 0x100)
#define USER_STACK	(GUEST_STACK - 0x800)
#define ROUNDS		20000

	probe	probe_sysenter, "sysenter"
	probe	probe_lock_sysenter, ".byte 0xf0; sysenter"
	probe	probe_sysexit, "sysexitl"

/* CS, SS, the stack pointer and the flags go to EBX. */
.macro record acc
	mov	%cs, %eax
	mov	%eax, (%ebx)
	mov	%ss, %eax
	mov	%eax, 8(%ebx)
	mov	%esp, 16(%ebx)
	pushf
	pop	%\acc
	mov	%eax, 24(%ebx)
	add	$32, %ebx
.endm

/* To the label with interrupts on, in 64-bit user mode. */
.macro to_user label
	mov	$GUEST_TASK, %eax
	ltr	%ax
	mov	$GUEST_USER_DATA, %eax
	mov	%eax, %ds
	pushq	$GUEST_USER_DATA
	pushq	$USER_STACK
	pushq	$0x3202
	pushq	$GUEST_USER_CODE
	lea	\label(%rip), %rax
	push	%rax
	iretq
.endm

/* From 64-bit user code in, out to it, in, out to 32-bit code, and in again. */
	begin	sysenter_round
	setup
	write_msr 0x174, GUEST_CODE64
	write_msr 0x175, KERNEL_STACK
	write_msr 0x176, (GUEST_ENTRY + 2f - sysenter_round_start)
	mov	$GUEST_FRAME + FRAME_OUT, %ebx
	to_user	1f
1:	nop
	sysenter

2:	record	rax
	cmp	$GUEST_FRAME + FRAME_OUT + 32, %ebx
	ja	3f
	lea	4f(%rip), %rdx
	mov	$USER_STACK, %ecx
	sysexitq
4:	record	rax
	sysenter

3:	cmp	$GUEST_FRAME + FRAME_OUT + 96, %ebx
	ja	7f
	mov	$GUEST_ENTRY + 5f - sysenter_round_start, %edx
	movabs	$0x7700000000000000 + USER_STACK, %rcx
	sysexitl
	.code32
5:	record	eax
	sysenter
	.code64
	finish	sysenter_round

/* In and out many times, to 64-bit and to 32-bit code in turns, with some time spent in each mode. */
.macro dwell
	mov	$500, %edi
99:	dec	%edi
	jnz	99b
.endm

	begin	sysenter_dwell
	setup
	write_msr 0x174, GUEST_CODE64
	write_msr 0x175, KERNEL_STACK
	write_msr 0x176, (GUEST_ENTRY + 2f - sysenter_dwell_start)
	mov	$ROUNDS, %esi
	to_user	4f

2:	dwell
	dec	%esi
	jz	6f
	mov	$USER_STACK, %ecx
	test	$1, %esi
	jz	3f
	mov	$GUEST_ENTRY + 4f - sysenter_dwell_start, %edx
	sysexitq
3:	mov	$GUEST_ENTRY + 5f - sysenter_dwell_start, %edx
	sysexitl
4:	dwell
	sysenter
	.code32
5:	dwell
	sysenter
	.code64
6:	finish	sysenter_dwell

/* SYSEXIT to RDX and RCX. */
	begin	sysexit_to
	setup
	write_msr 0x174, GUEST_CODE64
	mov	FRAME_RCX + GUEST_FRAME, %rcx
	mov	FRAME_RDX + GUEST_FRAME, %rdx
	.globl	sysexit_to_insn
sysexit_to_insn:
	sysexitq
	finish	sysexit_to

	begin	sysexit_by_user
	setup
	write_msr 0x174, GUEST_CODE64
	to_user	sysexit_by_user_insn
	.globl	sysexit_by_user_insn
sysexit_by_user_insn:
	sysexitq
	finish	sysexit_by_user

/* With TF set by the stack's flags: where #DB comes. */
	begin	sysenter_step
	setup
	movw	$(2f - sysenter_step_start), GUEST_IDT + 16
	movw	$(GUEST_ENTRY >> 16), GUEST_IDT + 16 + 6
	write_msr 0x174, GUEST_CODE64
	write_msr 0x175, KERNEL_STACK
	write_msr 0x176, (GUEST_ENTRY + sysenter_step_insn - sysenter_step_start)
	pushf
	orq	$0x100, (%rsp)
	popf
	sysenter
	.globl	sysenter_step_insn
sysenter_step_insn:
	nop
	nop
2:	mov	(%rsp), %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME
	finish	sysenter_step

/* Where the CPU itself has the instruction: protected mode. */
	.code16
	begin	ap_sysenter
	lgdtl	GUEST_GDTR
	set_protected
	ljmpl	$GUEST_CODE32, $GUEST_ENTRY + 1f - ap_sysenter_start
	.code32
1:	write_msr 0x174, GUEST_CODE32
	write_msr 0x175, KERNEL_STACK
	write_msr 0x176, (GUEST_ENTRY + 2f - ap_sysenter_start)
	sysenter
	ud2
2:	mov	%esp, %eax
	mov	$GUEST_PORT_MARK, %edx
	out	%eax, %dx
	finish	ap_sysenter
	.code64

	.section .note.GNU-stack, "", @progbits
