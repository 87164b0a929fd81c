/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blobs about the local APIC's page, which the tests map at GUEST_WINDOW; the
 * VCPUs that start in real mode find it where it is.
 */
#include "guest_macros.S"

	probe	probe_load8, "mov (%rdi), %al"
	probe	probe_load16, "mov (%rdi), %ax"
	probe	probe_load32, "mov (%rdi), %eax"
	probe	probe_store8, "mov %al, (%rdi)"
	probe	probe_store32, "mov %eax, (%rdi)"
	probe	probe_or32, "orl $1, (%rdi)"

/*
 * Steps of 16 bytes at GUEST_BUFFER, each an operation, an offset in the page
 * and a value. 0: the end; 1: load, the value is the result; 2: store; 3: a
 * moment with interrupts on; 4: until there were so many interrupts; 5: read the
 * MSR whose number is the offset; 6: a mark.
 */
	begin	page_steps
	setup
	mov	$GUEST_BUFFER, %ebx
1:	mov	(%rbx), %eax
	mov	4(%rbx), %edi
	add	$GUEST_WINDOW, %edi
	mov	8(%rbx), %esi
	test	%eax, %eax
	jz	7f
	dec	%eax
	jz	2f
	dec	%eax
	jz	3f
	dec	%eax
	jz	4f
	dec	%eax
	jnz	8f
	sti
9:	cmp	%rsi, FRAME_IRQS + GUEST_FRAME
	jb	9b
	cli
	jmp	5f
2:	mov	(%rdi), %eax
	mov	%eax, 8(%rbx)
	jmp	5f
3:	mov	%esi, (%rdi)
	jmp	5f
4:	sti
	nop
	nop
	cli
	jmp	5f
8:	dec	%eax
	jnz	8f
	mov	4(%rbx), %ecx
	rdmsr
	mov	%eax, 8(%rbx)
	jmp	5f
8:	mark	1
5:	add	$16, %ebx
	jmp	1b
	finish	page_steps

/* Loads and stores of four bytes in all forms: TPR in the end, what was loaded in OUT. */
	begin	page_forms
	setup
	mov	$GUEST_WINDOW, %edi
	movl	$0x11, 0x80(%rdi)
	mov	0x80(%rdi), %r9d
	mov	%r9, FRAME_OUT + GUEST_FRAME
	mov	$0xffffff22, %r10d
	mov	%r10d, 0x80(%rdi)
	mov	$-1, %rax
	movabs	GUEST_WINDOW + 0x80, %eax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 8
	movl	$-1, 0x380(%rdi)
	mov	$0x5555555555555555, %rsi
	movslq	0x380(%rdi), %rsi
	mov	%rsi, FRAME_OUT + GUEST_FRAME + 16
	mov	$-1, %rbp
	mov	0x380(%rdi), %ebp
	mov	%rbp, FRAME_OUT + GUEST_FRAME + 24
	mov	$0x33, %eax
	movabs	%eax, GUEST_WINDOW + 0x80
	mov	0x80(%rdi), %esp
	mov	%rsp, FRAME_OUT + GUEST_FRAME + 32
	finish	page_forms

/*
 * A VCPU that starts in real mode: the EAX and EBX that its VMM gives it at the mark
 * go to LDR and DFR.
 */
	.code16
	begin	ap_logical
	mov	$GUEST_PORT_MARK, %edx
	out	%eax, %dx
	mov	%eax, %esi
	lgdtl	GUEST_GDTR
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	mov	$GUEST_DATA, %eax
	mov	%eax, %ds
	mov	$0xfee00000, %edi
	mov	%esi, 0xd0(%edi)
	mov	%ebx, 0xe0(%edi)
	finish	ap_logical

/* The same kind of VCPU marks what it reads as its id. */
	begin	ap_load_id
	lgdtl	GUEST_GDTR
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	mov	$GUEST_DATA, %eax
	mov	%eax, %ds
	mov	$0xfee00020, %edi
	mov	(%edi), %eax
	mov	$GUEST_PORT_MARK, %edx
	out	%eax, %dx
	finish	ap_load_id
	.code64

	.section .note.GNU-stack, "", @progbits
