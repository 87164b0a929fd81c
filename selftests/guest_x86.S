/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What runs inside a test guest: one blob per behaviour, copied to GUEST_ENTRY.
 * The first VCPU arrives in long mode with flat segments, selectors 0, CR3 = 0
 * and no stack; the others in real mode. See guest.h for the memory map.
 */
#include "guest_macros.S"

	probe	probe_nop, "nop"
	probe	probe_load, "mov (%rdi), %rax"
	probe	probe_store, "mov %rax, (%rdi)"
	probe	probe_sti_store, "sti; mov %rax, (%rdi)"
	probe	probe_jump, "jmp *%rdi"
	probe	probe_add, "addl $1, (%rdi)"
	probe	probe_cpuid, "cpuid"
	probe	probe_rdmsr, "rdmsr"
	probe	probe_wrmsr, "wrmsr"
	probe	probe_xgetbv, "xgetbv"
	probe	probe_xsetbv, "xsetbv"
	probe	probe_read_cr0, "mov %cr0, %rax"
	probe	probe_write_cr0, "mov %rax, %cr0"
	probe	probe_smsw, "mov %rax, %cr0; smsw %rbx"
	probe	probe_read_cr3, "mov %cr3, %rax"
	probe	probe_read_cr4, "mov %cr4, %rax"
	probe	probe_write_cr4, "mov %rax, %cr4"
	probe	probe_read_cr8, "mov %cr8, %rax"
	probe	probe_write_cr8, "mov %rax, %cr8; mov %cr8, %rbx"
	probe	probe_read_debug, "mov %dr0, %rax; mov %dr6, %rcx; mov %dr7, %rdx"
	probe	probe_move_tables, "mov %rax, %cr3; mov %rax, (%rdi)"
	probe	probe_dr0, "mov %rax, %dr0; mov %dr0, %rbx"
	probe	probe_vmrun, "vmrun"
	probe	probe_vmsave, "vmsave"
	probe	probe_stgi, "stgi"
	probe	probe_vmxon, "vmxon (%rdi)"
	probe	probe_vmread, "vmread %rax, %rbx"
	probe	probe_vmmcall, "vmmcall"
	probe	probe_vmcall, "vmcall"
	probe	probe_rdpmc, "rdpmc"
	probe	probe_monitor, "monitor"
	probe	probe_mwait, "mwait"
	probe	probe_ud2, "ud2"
	probe	probe_in8, "in %dx, %al"
	probe	probe_in16, "in %dx, %ax"
	probe	probe_in32, "in %dx, %eax"
	probe	probe_out32, "out %eax, %dx"
	probe	probe_outs, "outsb"
	probe	probe_ins, "insb"
	probe	probe_bytes, ".fill 16, 1, 0x90"

	begin	done
	finish	done

/* The registers as they are at the first instruction. */
	begin	initial
	mov	%rax, FRAME_OUT + GUEST_FRAME
	mov	%rcx, FRAME_OUT + GUEST_FRAME + 8
	mov	%rdx, FRAME_OUT + GUEST_FRAME + 16
	mov	%rbx, FRAME_OUT + GUEST_FRAME + 24
	mov	%rsp, FRAME_OUT + GUEST_FRAME + 32
	mov	%rbp, FRAME_OUT + GUEST_FRAME + 40
	mov	%rsi, FRAME_OUT + GUEST_FRAME + 48
	mov	%rdi, FRAME_OUT + GUEST_FRAME + 56
	mov	%r8, FRAME_OUT + GUEST_FRAME + 64
	mov	%r15, FRAME_OUT + GUEST_FRAME + 72
	mov	$GUEST_STACK, %esp
	pushf
	pop	%rax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 104
	mov	%cr0, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 80
	mov	%cr3, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 88
	mov	%cr4, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 96
	xor	%eax, %eax
	mov	%cs, %ax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 112
	lea	initial_start(%rip), %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME + 120
	finish	initial

	begin	out_sizes
	mov	$0x44332211, %eax
	mov	$GUEST_PORT_MARK, %edx
	out	%al, %dx
	out	%ax, %dx
	out	%eax, %dx
	finish	out_sizes

/* Stores of every size and form to GUEST_TRAP, back to back. */
	begin	mem_stores
	mov	$GUEST_TRAP, %edi
	movabs	$0x8877665544332211, %rax
	movabs	$0x99aabbccddeeff00, %r15
	mov	%al, (%rdi)
	mov	%ah, 1(%rdi)
	mov	%ax, 2(%rdi)
	mov	%eax, 4(%rdi)
	mov	%rax, 8(%rdi)
	mov	%r15b, 16(%rdi)
	mov	%r15, 24(%rdi)
	movb	$0x5a, 32(%rdi)
	movw	$0x1234, 34(%rdi)
	movl	$0x12345678, 36(%rdi)
	movq	$-2, 40(%rdi)
	mov	%eax, GUEST_TRAP + 48
	mov	%eax, 0x34(%rdi,%rdi,1)
	finish	mem_stores

/* Loads; RAX holds all ones before each, the results go to the frame. */
.macro load n, insn
	mov	$-1, %rax
	\insn
	mov	%rax, FRAME_OUT + GUEST_FRAME + 8 * \n
.endm

	begin	mem_loads
	mov	$GUEST_TRAP, %edi
	load	0, "mov (%rdi), %al"
	load	1, "mov 1(%rdi), %ah"
	load	2, "mov 2(%rdi), %ax"
	load	3, "mov 4(%rdi), %eax"
	load	4, "mov 8(%rdi), %rax"
	load	5, "movzbl 16(%rdi), %eax"
	load	6, "movzwl 18(%rdi), %eax"
	load	7, "movsbl 20(%rdi), %eax"
	load	8, "movswq 22(%rdi), %rax"
	load	9, "movslq 24(%rdi), %rax"
	load	10, "movsbw 28(%rdi), %ax"
	mov	32(%rdi), %r15
	mov	%r15, FRAME_OUT + GUEST_FRAME + 8 * 11
	finish	mem_loads

/* RCX rings at RDI, then a mark. */
	begin	bell
	mov	FRAME_RCX + GUEST_FRAME, %rcx
	mov	FRAME_RDI + GUEST_FRAME, %rdi
1:	mov	%eax, (%rdi)
	incq	FRAME_FLAG + GUEST_FRAME
	dec	%rcx
	jnz	1b
	finish	bell

/* RCX bells in pages from RDI on, each rung until it has no packet left. */
	begin	bell_each
	mov	FRAME_RCX + GUEST_FRAME, %rcx
	mov	FRAME_RDI + GUEST_FRAME, %rdi
1:	mov	$GUEST_BELL_PACKETS, %edx
2:	mov	%eax, (%rdi)
	dec	%edx
	jnz	2b
	add	$0x1000, %rdi
	dec	%rcx
	jnz	1b
	finish	bell_each

	begin	spin
1:	incq	FRAME_FLAG + GUEST_FRAME
	jmp	1b
	finish	spin

/* The same bytes in every mode. */
	begin	idle
1:	jmp	1b
	finish	idle

/* Writes to the page at RDI for ever. */
	begin	walk
	mov	FRAME_RDI + GUEST_FRAME, %rdi
1:	incq	(%rdi)
	incq	FRAME_FLAG + GUEST_FRAME
	jmp	1b
	finish	walk

/* Writes to the pages at RDI and at RSI in turn for ever. */
	begin	walk_two
	mov	FRAME_RDI + GUEST_FRAME, %rdi
	mov	FRAME_RSI + GUEST_FRAME, %rsi
1:	incq	(%rdi)
	incq	(%rsi)
	incq	FRAME_FLAG + GUEST_FRAME
	jmp	1b
	finish	walk_two

/* A fault with no descriptor table: triple fault. */
	begin	shutdown
	lidt	GUEST_NO_IDTR
	ud2
	finish	shutdown

/* In a second window to all memory, which it shuts while the TLB still has it. */
.macro stale name, insn
	begin	\name
	setup
	mov	$(GUEST_MAPPED + GUEST_ENTRY + 1f - \name\()_start), %eax
	jmp	*%rax
1:	andb	$0xfe, GUEST_TABLES + 0x1008
	\insn
	finish	\name
.endm

	stale	stale_cpuid, "xor %eax, %eax; cpuid"
	stale	stale_cr0, "mov %cr0, %rax; mov %rax, %cr0"

/* VMMCALL or VMCALL (RBX not 0) at privilege level 3, where IOPL 3 lets OUT through. */
	begin	user_hypercall
	setup
	mov	$GUEST_TASK, %eax
	ltr	%ax
	mov	FRAME_RBX + GUEST_FRAME, %rbx
	pushq	$GUEST_USER_DATA
	pushq	$GUEST_STACK - 0x800
	pushq	$0x3002
	pushq	$GUEST_USER_CODE
	lea	1f(%rip), %rax
	push	%rax
	mov	FRAME_RAX + GUEST_FRAME, %rax
	iretq
1:	test	%rbx, %rbx
	jnz	2f
	vmmcall
	jmp	3f
2:	vmcall
3:	mov	%rax, FRAME_OUT + GUEST_FRAME
	finish	user_hypercall

/* XMM registers filled, an exit, and what they hold then. */
	begin	vector_keep
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	mov	$0x1111 * (\n + 1), %eax
	movq	%rax, %xmm\n
	.endr
	mark	1
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movups	%xmm\n, FRAME_OUT + GUEST_FRAME + 16 * \n
	.endr
	finish	vector_keep

/* The upper halves of the YMM registers. */
	begin	vector_wide
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	mov	$0x2222 * (\n + 1), %eax
	vmovq	%rax, %xmm\n
	vinsertf128 $1, %xmm\n, %ymm\n, %ymm\n
	.endr
	mark	1
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vextractf128 $1, %ymm\n, FRAME_OUT + GUEST_FRAME + 16 * \n
	.endr
	finish	vector_wide

/* What a fresh VCPU finds in them. */
	begin	vector_fresh
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movups	%xmm\n, FRAME_OUT + GUEST_FRAME + 16 * \n
	.endr
	stmxcsr	FRAME_OUT + GUEST_FRAME + 16 * 16
	finish	vector_fresh

/* Switches the paravirtual clock at RDI on, a mark, the TSC to the frame, an end. */
	begin	clock_read
	setup
	mov	FRAME_RDI + GUEST_FRAME, %rax
	mov	FRAME_RCX + GUEST_FRAME, %rcx
	xor	%edx, %edx
	wrmsr
	mark	1
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME
	finish	clock_read

/* MSR RCX: RBX written, an exit, what it reads then. */
	begin	msr_keep
	setup
	mov	FRAME_RCX + GUEST_FRAME, %rcx
	mov	FRAME_RBX + GUEST_FRAME, %rax
	mov	%rax, %rdx
	shr	$32, %rdx
	wrmsr
	mov	%rcx, %rbx
	mark	1
	mov	%rbx, %rcx
	rdmsr
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME
	finish	msr_keep

	.code16
	begin	ap_real
	mov	%cs, %ax
	mov	$GUEST_PORT_MARK, %dx
	out	%ax, %dx
	mov	%cr0, %eax
	out	%eax, %dx
	finish	ap_real

/* A store to GUEST_LOW_TRAP with 16-bit and with 32-bit operand and address. */
	begin	ap_real_store
	mov	$GUEST_LOW_TRAP >> 4, %ax
	mov	%ax, %ds
	mov	$0x44332211, %eax
	mov	$0x10, %di
	mov	%ax, (%di)
	mov	%eax, 4(%di)
	mov	%al, 0x20
	finish	ap_real_store

	begin	ap_protected
	lgdtl	GUEST_GDTR
	set_protected
	ljmpl	$GUEST_CODE32, $GUEST_ENTRY + 1f - ap_protected_start
	.code32
1:	mov	$GUEST_DATA, %eax
	mov	%eax, %ds
	mov	$0x44332211, %eax
	mov	$GUEST_PORT_MARK, %edx
	out	%eax, %dx
	mov	%eax, GUEST_TRAP
	mov	%ax, GUEST_TRAP + 4
	mov	GUEST_TRAP + 8, %ebx
	mov	%ebx, %eax
	out	%eax, %dx
	finish	ap_protected

	.code16
	begin	ap_long
	lgdtl	GUEST_GDTR
	ready_for_long
	mov	%eax, %cr0
	ljmpl	$GUEST_CODE64, $GUEST_ENTRY + 1f - ap_long_start
	.code64
1:	mov	$GUEST_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %ss
	movabs	$0x1122334455667788, %rax
	mov	%rax, FRAME_OUT + GUEST_FRAME
	mov	$0xc0000080, %ecx
	rdmsr
	mov	%rax, FRAME_OUT + GUEST_FRAME + 8
	mov	$0x802, %ecx
	rdmsr
	mov	%rax, FRAME_OUT + GUEST_FRAME + 16
	mov	$1, %eax
	cpuid
	shr	$24, %ebx
	mov	%rbx, FRAME_OUT + GUEST_FRAME + 24
	mov	$11, %eax
	xor	%ecx, %ecx
	cpuid
	mov	%rdx, FRAME_OUT + GUEST_FRAME + 32
	mov	$0x1b, %ecx
	rdmsr
	mov	%rax, FRAME_OUT + GUEST_FRAME + 40
	finish	ap_long

/* RCX rings of a bell by all but the first VCPU, each at an address of its own. */
	.code16
	begin	ap_bell
	lgdtl	GUEST_GDTR
	set_protected
	ljmpl	$GUEST_CODE32, $GUEST_ENTRY + 1f - ap_bell_start
	.code32
1:	mov	$GUEST_DATA, %eax
	mov	%eax, %ds
	mov	$1, %eax
	cpuid
	shr	$24, %ebx
	lea	GUEST_BELL(, %ebx, 8), %edi
	mov	FRAME_RCX + GUEST_FRAME, %ecx
1:	mov	%eax, (%edi)
	dec	%ecx
	jnz	1b
	finish	ap_bell

/* Long mode is turned on while CS has L set: #GP, by a gate of 32 bits. */
	.code16
	begin	ap_long_segment
	lgdtl	GUEST_GDTR
	lidtl	GUEST_IDTR
	movw	$(2f - ap_long_segment_start), GUEST_IDT + 8 * 13
	movw	$GUEST_CODE32, GUEST_IDT + 8 * 13 + 2
	movl	$(GUEST_ENTRY | 0x8e00), GUEST_IDT + 8 * 13 + 4
	set_protected
	ljmpl	$GUEST_CODE32, $GUEST_ENTRY + 1f - ap_long_segment_start
	.code32
1:	mov	$GUEST_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %ss
	mov	$GUEST_STACK, %esp
	ready_for_long
	.globl	ap_long_segment_insn
ap_long_segment_insn:
	mov	%eax, %cr0
	jmp	7f
2:	movl	$13, FRAME_FAULT + GUEST_FRAME
	popl	FRAME_ERROR + GUEST_FRAME
	popl	FRAME_RIP + GUEST_FRAME
	finish	ap_long_segment
	.code64

	.section .note.GNU-stack, "", @progbits
