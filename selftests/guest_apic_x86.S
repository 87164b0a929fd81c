/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The steps of guest_apic.h: what runs them, the handlers, and the way there from
 * real mode. GS holds the VCPU's struct guest_cpu, RBX the step.
 */
#include "guest_macros.S"
#include "guest_apic.h"

#define WINDOW(reg)	(GUEST_WINDOW + (reg) * 16)

	begin	apic_steps
	setup
	xor	%ebp, %ebp
apic_long:
	mov	$GUEST_DATA, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	lidt	APIC_IDTR
	/*
	 * What delivery reads is mapped from now on: of a delivery by a virtual APIC that
	 * exits, Bochs (2.7) shows an older exception instead.
	 */
	mov	APIC_IDT, %eax
	mov	apic_vectors(%rip), %eax
	mov	$1, %eax
	cpuid
	shr	$24, %ebx
	shl	$APIC_CPU_SHIFT, %ebx
	add	$APIC_CPUS, %ebx
	mov	$0xc0000101, %ecx
	mov	%ebx, %eax
	xor	%edx, %edx
	wrmsr
	lea	GCPU_STACK(%rbx), %rsp
	mov	%rbp, GCPU_CS(%rbx)
	mov	GCPU_STARTS(%rbx), %rax
	incq	GCPU_STARTS(%rbx)
	and	$GCPU_LISTS_LEN - 1, %eax
	mov	GCPU_LISTS(%rbx, %rax, 8), %rbx
	call	apic_run
	jmp	7f

/* The list at RBX; changes all that apic_irq saves. Ops end at apic_next. */
apic_run:
	movzwl	(%rbx), %eax
	mov	STEP_REG(%rbx), %edi
	mov	STEP_VALUE(%rbx), %rsi
	lea	apic_table(%rip), %rcx
	movslq	(%rcx, %rax, 4), %rax
	add	%rcx, %rax
	jmp	*%rax
apic_result:
	mov	%rax, STEP_RESULT(%rbx)
apic_next:
	add	$STEP_SIZE, %rbx
	jmp	apic_run

	.balign	4
apic_table:
	.irp	op, end, read, write, open, wait, rdmsr, wrmsr, mark, read_cr8, write_cr8, store, \
		load, await, loop, spin, add, halt, cpuid, on, off, load_page, store_page, again, \
		xapic, await_count, delay, bump, expect
	.long	op_\op - apic_table
	.endr

/* Exceptions from here to apic_ops_end are a step's result. */
apic_ops:
op_end:
	ret

op_read:
	cmpq	$0, %gs:GCPU_PAGE
	jne	1f
	lea	0x800(%rdi), %ecx
	rdmsr
	jmp	read_done
1:	mov	%edi, %ecx
	shl	$4, %ecx
	mov	GUEST_WINDOW(%rcx), %eax
	jmp	apic_result

op_rdmsr:
	mov	%edi, %ecx
	rdmsr
read_done:
	shl	$32, %rdx
	or	%rdx, %rax
	jmp	apic_result

/* ICR's value has x2APIC's format: in the page, the destination goes first. */
op_write:
	cmpq	$0, %gs:GCPU_PAGE
	jne	1f
	lea	0x800(%rdi), %edi
	jmp	op_wrmsr
1:	cmp	$0x30, %edi
	jne	2f
	mov	%rsi, %rax
	shr	$32, %rax
	shl	$24, %eax
	mov	%eax, WINDOW(0x31)
2:	mov	%edi, %ecx
	shl	$4, %ecx
	mov	%esi, GUEST_WINDOW(%rcx)
	jmp	apic_next

op_wrmsr:
	mov	%edi, %ecx
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
	wrmsr
	jmp	apic_next

/* A moment with interrupts on, or VALUE moments. */
op_open:
	sti
	nop
	nop
	cli
	jmp	apic_next

/* Asleep, or awake, until there were VALUE interrupts. */
op_wait:
	cli
	cmp	%rsi, %gs:GCPU_IRQS
	jae	apic_next
	sti
	hlt
	jmp	op_wait
op_spin:
	sti
1:	cmp	%rsi, %gs:GCPU_IRQS
	jb	1b
	cli
	jmp	apic_next

/* Asleep until there were VALUE of vector REG. */
op_await_count:
	cli
	cmp	%rsi, %gs:GCPU_COUNT(, %rdi, 8)
	jae	apic_next
	sti
	hlt
	jmp	op_await_count

op_mark:
	mov	$GUEST_PORT_MARK, %edx
	mov	%esi, %eax
	out	%eax, %dx
	jmp	apic_next

op_read_cr8:
	mov	%cr8, %rax
	jmp	apic_result
op_write_cr8:
	mov	%rsi, %cr8
	jmp	apic_next

op_store:
	mov	%rsi, (%rdi)
	jmp	apic_next
op_load:
	mov	(%rdi), %rax
	jmp	apic_result
op_add:
	lock add %rsi, (%rdi)
	jmp	apic_next

/* Until the word at REG is VALUE or more. */
op_await:
	cmp	%rsi, (%rdi)
	jae	apic_next
	mov	$APIC_PORT_YIELD, %edx
	out	%eax, %dx
	jmp	op_await

/* Back REG steps, until it was here VALUE times. */
op_loop:
	incq	STEP_RESULT(%rbx)
	cmp	%rsi, STEP_RESULT(%rbx)
	jae	1f
	shl	$5, %edi
	sub	%rdi, %rbx
	jmp	apic_run
1:	movq	$0, STEP_RESULT(%rbx)
	jmp	apic_next

op_halt:
	hlt
	jmp	apic_next

/* EAX, and EBX above, or EDX and ECX with a VALUE. */
op_cpuid:
	push	%rbx
	mov	%edi, %eax
	xor	%ecx, %ecx
	cpuid
	test	%rsi, %rsi
	jz	1f
	mov	%edx, %eax
	mov	%ecx, %ebx
1:	mov	%rbx, %rdx
	pop	%rbx
	jmp	read_done

op_on:
	sti
	jmp	apic_next
op_off:
	cli
	jmp	apic_next

op_load_page:
	mov	GUEST_WINDOW(%rdi), %eax
	jmp	apic_result
op_store_page:
	mov	%esi, GUEST_WINDOW(%rdi)
	jmp	apic_next

/* A mark, and the list begins again: at VALUE, which the test may have rewritten. */
op_again:
	mov	%rsi, %rbx
	mov	$GUEST_PORT_MARK, %edx
	mov	%edi, %eax
	out	%eax, %dx
	jmp	apic_run

/* From x2APIC mode to xAPIC mode: SDM 3, 11.12.5 leads through disabled. */
op_xapic:
	movq	$1, %gs:GCPU_PAGE
	mov	$0x1b, %ecx
	rdmsr
	test	$0x400, %eax
	jz	1f
	and	$~0xc00, %eax
	wrmsr
	or	$0x800, %eax
	wrmsr
1:	jmp	apic_next

op_delay:
	dec	%rsi
	jnz	op_delay
	jmp	apic_next

/* VALUE more for the step REG before this one. */
op_bump:
	shl	$5, %edi
	mov	%rbx, %rcx
	sub	%rdi, %rcx
	add	%rsi, STEP_VALUE(%rcx)
	jmp	apic_next

/* The word at REG must be VALUE, each time. */
op_expect:
	mov	(%rdi), %rax
	cmp	%rsi, %rax
	je	apic_result
	movq	$0xff, STEP_FAULT(%rbx)
	jmp	apic_result
apic_ops_end:

apic_fault:
	xor	%eax, %eax
	xchg	%rax, %gs:GCPU_FAULT
	dec	%rax
	mov	%rax, STEP_FAULT(%rbx)
	jmp	apic_next

apic_eoi:
	cmpq	$0, %gs:GCPU_PAGE
	jne	1f
	write_msr 0x80b, 0
	ret
1:	movl	$0, WINDOW(0x0b)
	ret

/* Entries of 16 bytes: an error code if the CPU gave none, the number. */
	.globl	apic_vectors
	.balign	16
apic_vectors:
	vector_entries apic_irq
	.balign	16
apic_irq:
	push	%rax
	push	%rcx
	push	%rdx
	push	%rbx
	push	%rsi
	push	%rdi
	mov	48(%rsp), %rax
	cmp	$32, %eax
	jae	1f
	cmp	$2, %eax
	jne	apic_exception
1:	mov	%gs:GCPU_IRQS, %rcx
	and	$GCPU_LOG_LEN - 1, %ecx
	mov	%rax, %gs:GCPU_LOG(, %rcx, 8)
	incq	%gs:GCPU_COUNT(, %rax, 8)
	incq	%gs:GCPU_IRQS
	mov	%gs:GCPU_ACTION(, %rax, 8), %rbx
	cmp	$ACTION_NONE, %rbx
	je	2f
	ja	3f
	cmp	$2, %eax
	je	2f
	call	apic_eoi
	jmp	2f
3:	call	apic_run
2:	pop	%rdi
	pop	%rsi
	pop	%rbx
	pop	%rdx
	pop	%rcx
	pop	%rax
	add	$16, %rsp
	iretq

apic_exception:
	inc	%rax
	mov	%rax, %gs:GCPU_FAULT
	mov	64(%rsp), %rcx
	lea	apic_ops(%rip), %rdx
	cmp	%rdx, %rcx
	jb	3f
	lea	apic_ops_end(%rip), %rdx
	cmp	%rdx, %rcx
	jae	3f
	lea	apic_fault(%rip), %rdx
	mov	%rdx, 64(%rsp)
	jmp	2b
3:	mov	%rcx, %gs:GCPU_RIP
	mov	$APIC_PORT_DIED, %edx
	out	%eax, %dx
	jmp	3b
	finish	apic_steps

/* Runs wherever it is: only the jump at its end is absolute. */
	.code16
	begin	apic_ap
	mov	%cs, %bp
	movzwl	%bp, %ebp
	lgdtl	GUEST_GDTR
	ready_for_long
	mov	%eax, %cr0
	ljmpl	$GUEST_CODE64, $(GUEST_ENTRY + apic_long - apic_steps_start)
	finish	apic_ap

/* At the reset vector. */
	begin	apic_reset
	ljmpw	$APIC_AP >> 4, $0
	finish	apic_reset
	.code64

	.section .note.GNU-stack, "", @progbits
