/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory accesses of every form, as rows of a table that decode.c runs one by one:
 * over memory to see what the CPU does, and over a trap.
 */
#include "guest_macros.S"

/* At the first OUT the host puts a row's code into memory, at the second it sets registers. */
	begin	decode
	setup
	lgdt	GUEST_DECODE_GDTR
	mov	$GUEST_DECODE_FS, %eax
	mov	%eax, %fs
	mov	$GUEST_DECODE_GS, %eax
	mov	%eax, %gs
	.globl	decode_next
decode_next:
	out	%al, $GUEST_PORT_CODE
	mov	$GUEST_DECODE_TABLES, %eax
	mov	%rax, %cr3
	mov	GUEST_DECODE_FAR + 16, %ds
	mov	GUEST_DECODE_FAR + 18, %es
	mov	GUEST_DECODE_FAR + 20, %ss
	out	%al, $GUEST_PORT_REGS
	ljmp	*GUEST_DECODE_FAR
	finish	decode

/* Code at RDX again and again, under page tables at RBX that were just loaded. */
	begin	fetch
	setup
	mov	$GUEST_TRAP, %edi
1:	mov	FRAME_RBX + GUEST_FRAME, %rax
	mov	%rax, %cr3
	call	*FRAME_RDX + GUEST_FRAME
	jmp	1b
	finish	fetch

/* A VCPU that starts in real mode: CR3 RBX, CR4 RCX, paging on, and to RDX. */
	.code16
	begin	ap_paging
	lgdtl	GUEST_GDTR
	mov	FRAME_RBX + GUEST_FRAME, %eax
	mov	%eax, %cr3
	mov	FRAME_RCX + GUEST_FRAME, %eax
	mov	%eax, %cr4
	mov	FRAME_RDX + GUEST_FRAME, %edx
	mov	%cr0, %eax
	or	$0x80000001, %eax
	mov	%eax, %cr0
	mov	$GUEST_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %ss
	mov	$GUEST_STACK, %esp
	pushl	$GUEST_CODE32
	pushl	%edx
	lretl
	finish	ap_paging
	.code64

	.set	W, GUEST_TRAP
/* What RIP needs at the usual place of a row's code to reach W. */
	.set	TO, GUEST_TRAP - GUEST_WINDOW - GUEST_DECODE_AT

	.set	RAX, 0
	.set	RCX, 1
	.set	RDX, 2
	.set	RBX, 3
	.set	RSP, 4
	.set	RBP, 5
	.set	RSI, 6
	.set	RDI, 7
	.set	R8, 8
	.set	R9, 9
	.set	R12, 12
	.set	R13, 13
	.set	R15, 15
	.set	NONE, 16

/* struct decode_row: @insn, with two registers set, touches @size bytes at W + @offset. */
.macro row kind, rip, size, offset, insn, r0, v0, r1, v1
	.byte	mode, \kind, \rip, \size, \r0, \r1
	.short	\offset
	.quad	\v0, \v1
	.byte	9f - 8f
8:	\insn
9:	.fill	15 - (9b - 8b), 1, 0
8:	.asciz	"\insn"
	.fill	64 - (. - 8b), 1, 0
.endm

.macro load size, offset, insn, r0=NONE, v0=0, r1=NONE, v1=0
	row	DECODE_LOAD, 0, \size, \offset, "\insn", \r0, \v0, \r1, \v1
.endm

.macro load_rip size, offset, insn
	row	DECODE_LOAD, 1, \size, \offset, "\insn", NONE, 0, NONE, 0
.endm

.macro store size, offset, insn, r0=NONE, v0=0, r1=NONE, v1=0
	row	DECODE_STORE, 0, \size, \offset, "\insn", \r0, \v0, \r1, \v1
.endm

.macro store_rip size, offset, insn
	row	DECODE_STORE, 1, \size, \offset, "\insn", NONE, 0, NONE, 0
.endm

/* What the kernel leaves to user space. */
.macro other offset, insn, r0=NONE, v0=0, r1=NONE, v1=0
	row	DECODE_OTHER, 0, 0, \offset, "\insn", \r0, \v0, \r1, \v1
.endm

	.balign	16
	.globl	decode_rows
decode_rows:
	.code64
	.set	mode, 64
	load	1, 0x800, "mov (%rbx), %al", RBX, W+0x800
	load	1, 0x800, "mov (%rbx), %ah", RBX, W+0x800
	load	1, 0x801, "mov (%rbx), %bh", RBX, W+0x801
	load	1, 0x802, "mov (%rbx), %sil", RBX, W+0x802
	load	1, 0x803, "mov (%rbx), %r9b", RBX, W+0x803
	load	2, 0x804, "mov (%rbx), %dx", RBX, W+0x804
	load	4, 0x805, "mov (%rbx), %ebp", RBX, W+0x805
	load	4, 0x806, "mov (%rbx), %esp", RBX, W+0x806
	load	8, 0x808, "mov (%rbx), %rdi", RBX, W+0x808
	load	4, 0x810, "mov (%rbx), %r12d", RBX, W+0x810
	load	2, 0x810, "mov (%rbx), %r15w", RBX, W+0x810
	load	8, 0x818, "mov (%rbx), %rbx", RBX, W+0x818
	load	1, 0x880, "movzbw (%rbx), %cx", RBX, W+0x880
	load	1, 0x881, "movzbl (%rbx), %ecx", RBX, W+0x881
	load	1, 0x882, "movzbq (%rbx), %rcx", RBX, W+0x882
	load	2, 0x884, ".byte 0x66, 0x0f, 0xb7, 0x0b", RBX, W+0x884
	load	2, 0x884, "movzwl (%rbx), %r8d", RBX, W+0x884
	load	2, 0x886, "movzwq (%rbx), %r10", RBX, W+0x886
	load	1, 0x880, "movsbw (%rbx), %si", RBX, W+0x880
	load	1, 0x881, "movsbl (%rbx), %esi", RBX, W+0x881
	load	1, 0x882, "movsbq (%rbx), %r11", RBX, W+0x882
	load	2, 0x883, "movswl (%rbx), %eax", RBX, W+0x883
	load	2, 0x884, "movswq (%rbx), %rax", RBX, W+0x884
	load	4, 0x884, "movslq (%rbx), %rax", RBX, W+0x884
	load	4, 0x888, "movslq (%rbx), %r14", RBX, W+0x888
	load	4, 0x88c, ".byte 0x63, 0x13", RBX, W+0x88c
	store	1, 0x800, "mov %al,(%rbx)", RBX, W+0x800
	store	1, 0x800, "mov %ah,(%rbx)", RBX, W+0x800
	store	1, 0x800, "mov %ch,(%rbx)", RBX, W+0x800
	store	1, 0x801, "mov %dil,(%rbx)", RBX, W+0x801
	store	1, 0x802, "mov %r8b,(%rbx)", RBX, W+0x802
	store	2, 0x803, "mov %ax,(%rbx)", RBX, W+0x803
	store	2, 0x804, "mov %r13w,(%rbx)", RBX, W+0x804
	store	4, 0x805, "mov %esi,(%rbx)", RBX, W+0x805
	store	8, 0x808, "mov %rsp,(%rbx)", RBX, W+0x808
	store	8, 0x810, "mov %r15,(%rbx)", RBX, W+0x810
	store	1, 0x800, "movb $0x85,(%rbx)", RBX, W+0x800
	store	2, 0x800, "movw $0x8586,(%rbx)", RBX, W+0x800
	store	4, 0x800, "movl $0x85868788,(%rbx)", RBX, W+0x800
	store	8, 0x800, "movq $-2,(%rbx)", RBX, W+0x800
	store	8, 0x800, "movq $0x12345678,(%rbx)", RBX, W+0x800
	store	4, 0x820, ".byte 0x0f, 0xc3, 0x03", RBX, W+0x820
	store	8, 0x820, ".byte 0x4c, 0x0f, 0xc3, 0x03", RBX, W+0x820
	load	1, 0x810, "movabs 0x10000810, %al"
	load	2, 0x811, "movabs 0x10000811, %ax"
	load	4, 0x812, "movabs 0x10000812, %eax"
	load	8, 0x814, "movabs 0x10000814, %rax"
	store	1, 0x810, "movabs %al, 0x10000810"
	store	2, 0x811, "movabs %ax, 0x10000811"
	store	4, 0x812, "movabs %eax, 0x10000812"
	store	8, 0x814, "movabs %rax, 0x10000814"
	load	4, 0x820, ".byte 0x67, 0xa1, 0x20, 0x08, 0x00, 0x10"
	store	8, 0x820, ".byte 0x67, 0x48, 0xa3, 0x20, 0x08, 0x00, 0x10"
	load	4, 0x830, "mov (%r8), %eax", R8, W+0x830
	load	4, 0x834, "mov (%r12), %eax", R12, W+0x834
	load	4, 0x838, "mov (%r13), %eax", R13, W+0x838
	load	4, 0x83c, "mov (%rbp), %eax", RBP, W+0x83c
	load	4, 0x840, "mov (%rsp), %eax", RSP, W+0x840
	load	4, 0x7f0, "mov -0x10(%rbx), %eax", RBX, W+0x800
	load	4, 0x87f, "mov 0x7f(%rbx), %ecx", RBX, W+0x800
	load	4, 0x800, "mov 0x12345678(%rbx), %ecx", RBX, W-0x12344e78
	store	4, 0x800, "mov %ecx, -0x12345678(%rbx)", RBX, W+0x12345e78
	load	8, 0x840, "mov 0x40(%rsp), %rdx", RSP, W+0x800
	load	4, 0x810, "mov (%rbx,%rcx,1), %eax", RBX, W+0x800, RCX, 0x10
	load	4, 0x820, "mov (%rbx,%rcx,2), %eax", RBX, W+0x800, RCX, 0x10
	load	4, 0x840, "mov (%rbx,%rcx,4), %eax", RBX, W+0x800, RCX, 0x10
	load	4, 0x780, "mov (%rbx,%rcx,8), %eax", RBX, W+0x800, RCX, -0x10
	store	4, 0x844, "mov %eax,(%r8,%r9,4)", R8, W+0x800, R9, 0x11
	store	4, 0x818, "mov %r10d, 0x8(%rbx,%r12,2)", RBX, W+0x800, R12, 0x8
	store	8, 0x808, "mov %r14, 0x1000(%r13,%r15,8)", R13, W-0x800, R15, 0x1
	store	4, 0x804, "mov %edx,(%rbp,%rax,1)", RBP, W+0x800, RAX, 0x4
	load	4, 0x880, "mov 0x10000000(,%rcx,8), %eax", RCX, 0x110
	load	4, 0x850, "mov 0x10000850, %eax"
	load	4, 0x820, ".byte 0x43, 0x8b, 0x04, 0x0c", R12, W+0x800, R9, 0x20
	load_rip	4, 0x158, "mov TO + 0x158 - 6(%rip), %eax"
	store_rip	4, 0x15c, "mov %r15d, TO + 0x15c - 7(%rip)"
	store_rip	4, 0x160, "movl $0x85667788, TO + 0x160 - 10(%rip)"
	store_rip	8, 0x168, "movq $-0x7a998878, TO + 0x168 - 11(%rip)"
	store_rip	1, 0x170, "movb $0x99, TO + 0x170 - 7(%rip)"
	store_rip	2, 0x172, "movw $0x9234, TO + 0x172 - 9(%rip)"
	load_rip	4, 0x174, "mov TO + 0x174 - 7(%eip), %eax"
	load	4, 0x800, "mov (%ebx), %eax", RBX, 0x7700000010000800
	store	8, 0x820, "mov %rax, 0x20(%ebx,%ecx,2)", RBX, 0xfffffffff0000800, RCX, 0x110000000
	load	4, 0x820, "mov 0x20(%r8d), %r9d", R8, 0x1110000800
	load	8, 0x800, ".byte 0x66, 0x48, 0x8b, 0x03", RBX, W+0x800
	store	1, 0x800, ".byte 0x40, 0x88, 0x23", RBX, W+0x800
	load	4, 0x800, "mov %fs:0x500(%rbx), %eax", RBX, 0
	store	4, 0x808, "mov %eax, %gs:(%rbx)", RBX, 0x408
	load	4, 0x804, "mov %fs:0x504, %ecx"
	load	4, 0x800, "movabs %gs:0x400, %eax"
	load	4, 0x800, ".byte 0x64, 0x67, 0x8b, 0x03", RBX, 0xffffffff00000500
	load	4, 0x800, ".byte 0x2e, 0x8b, 0x03", RBX, W+0x800
	load	4, 0x800, ".byte 0x36, 0x8b, 0x03", RBX, W+0x800
	store	4, 0x800, ".byte 0x3e, 0x89, 0x03", RBX, W+0x800
	store	4, 0x800, ".byte 0x26, 0x89, 0x03", RBX, W+0x800
	load	4, 0x800, ".byte 0x65, 0x64, 0x8b, 0x03", RBX, 0x500
	load	4, 0x800, ".byte 0xf3, 0x8b, 0x03", RBX, W+0x800
	store	4, 0x800, ".byte 0xf2, 0x89, 0x03", RBX, W+0x800
	store	1, 0x800, ".byte 0xf3, 0xc6, 0x03, 0x77", RBX, W+0x800
	store	8, 0x808, ".fill 7, 1, 0x66; movq $-0x7a998878, 8(%rbx)", RBX, W+0x800
	load	8, 0xffc, "mov (%rbx), %rax", RBX, W+0xffc
	store	4, 0xfff, "mov %eax,(%rbx)", RBX, W+0xfff

	.code32
	.set	mode, 32
	load	1, 0x800, "mov (%ebx), %al", RBX, 0x800
	load	1, 0x801, "mov (%ebx), %dh", RBX, 0x801
	load	2, 0x802, "mov (%ebx), %cx", RBX, 0x802
	load	4, 0x804, "mov (%ebx), %edi", RBX, 0x804
	load	1, 0x880, "movzbw (%ebx), %cx", RBX, 0x880
	load	1, 0x881, "movzbl (%ebx), %ecx", RBX, 0x881
	load	2, 0x882, "movzwl (%ebx), %ecx", RBX, 0x882
	load	1, 0x880, "movsbw (%ebx), %cx", RBX, 0x880
	load	1, 0x881, "movsbl (%ebx), %ecx", RBX, 0x881
	load	2, 0x882, "movswl (%ebx), %ecx", RBX, 0x882
	store	1, 0x80c, "mov %bh,(%ebx)", RBX, 0x80c
	store	2, 0x803, "mov %si,(%ebx)", RBX, 0x803
	store	4, 0x804, "mov %ebp,(%ebx)", RBX, 0x804
	store	1, 0x800, "movb $0x85,(%ebx)", RBX, 0x800
	store	2, 0x800, "movw $0x8586,(%ebx)", RBX, 0x800
	store	4, 0x800, "movl $0x85868788,(%ebx)", RBX, 0x800
	store	4, 0x820, ".byte 0x0f, 0xc3, 0x03", RBX, 0x820
	load	1, 0x810, ".byte 0xa0, 0x10, 0x08, 0x00, 0x00"
	load	2, 0x812, ".byte 0x66, 0xa1, 0x12, 0x08, 0x00, 0x00"
	load	4, 0x814, ".byte 0xa1, 0x14, 0x08, 0x00, 0x00"
	store	1, 0x810, ".byte 0xa2, 0x10, 0x08, 0x00, 0x00"
	store	4, 0x814, ".byte 0xa3, 0x14, 0x08, 0x00, 0x00"
	load	4, 0x818, ".byte 0x67, 0xa1, 0x18, 0x08"
	store	2, 0x81a, ".byte 0x67, 0x66, 0xa3, 0x1a, 0x08"
	load	4, 0x850, "mov 0x850, %ecx"
	load	4, 0x7f0, "mov -0x10(%ebx), %eax", RBX, 0x800
	load	4, 0x800, "mov 0x810(%ebx), %eax", RBX, 0xfffffff0
	load	4, 0x840, "mov 0x20(%ebx,%ecx,8), %eax", RBX, 0x800, RCX, 0x4
	load	4, 0x840, "mov 0x400(,%esi,4), %eax", RSI, 0x110
	load	4, 0x800, "mov (%ebp), %eax", RBP, 0x600
	store	4, 0x808, "mov %eax, 0x8(%esp)", RSP, 0x600
	load	4, 0x810, "mov (%ebp,%ecx,1), %eax", RBP, 0x600, RCX, 0x10
	load	4, 0x810, "mov (%ecx,%ebp,1), %eax", RCX, 0x800, RBP, 0x10
	load	4, 0x800, "mov %ds:(%ebp), %eax", RBP, 0x800
	load	4, 0x800, "mov %es:(%ebx), %eax", RBX, 0x700
	load	4, 0x800, "mov %ss:(%ebx), %eax", RBX, 0x600
	store	4, 0x800, "mov %eax, %fs:(%ebx)", RBX, 0x500
	store	4, 0x800, "mov %eax, %gs:(%ebx)", RBX, 0x400
	load	4, 0x804, ".byte 0x64, 0xa1, 0x04, 0x05, 0x00, 0x00"
	load	4, 0x800, ".byte 0x67, 0x8b, 0x00", RBX, 0x700, RSI, 0x55550100
	store	4, 0x810, ".byte 0x67, 0x89, 0x01", RBX, 0x66660700, RDI, 0x110
	load	4, 0x804, ".byte 0x67, 0x8b, 0x02", RBP, 0x500, RSI, 0x104
	load	4, 0x808, ".byte 0x67, 0x8b, 0x03", RBP, 0x500, RDI, 0x108
	load	4, 0x800, ".byte 0x67, 0x8b, 0x04", RSI, 0x12340800
	load	4, 0x800, ".byte 0x67, 0x8b, 0x05", RDI, 0x800
	load	4, 0x814, ".byte 0x67, 0x8b, 0x06, 0x14, 0x08"
	load	4, 0x820, ".byte 0x67, 0x8b, 0x07", RBX, 0x820
	load	4, 0x800, ".byte 0x67, 0x8b, 0x46, 0xf0", RBP, 0x610
	store	4, 0x808, ".byte 0x67, 0x89, 0x87, 0x00, 0x07", RBX, 0x108
	load	2, 0x820, ".byte 0x67, 0x66, 0x8b, 0x07", RBX, 0x820
	store	4, 0x800, ".byte 0xf3, 0x89, 0x03", RBX, 0x800
	store	2, 0x808, ".fill 9, 1, 0x3e; movw $0x7788, 8(%ebx)", RBX, 0x800

	.code16
	.set	mode, 16
	load	1, 0x800, "mov (%bx), %al", RBX, 0x800
	load	1, 0x801, "mov (%bx), %ah", RBX, 0x801
	load	2, 0x802, "mov (%bx), %cx", RBX, 0x802
	load	4, 0x804, "mov (%bx), %ecx", RBX, 0x804
	load	1, 0x880, "movzbw (%bx), %cx", RBX, 0x880
	load	1, 0x881, "movzbl (%bx), %ecx", RBX, 0x881
	load	2, 0x882, "movzwl (%bx), %ecx", RBX, 0x882
	load	1, 0x880, "movsbw (%bx), %cx", RBX, 0x880
	load	2, 0x882, "movswl (%bx), %ecx", RBX, 0x882
	store	1, 0x800, "mov %dl,(%bx)", RBX, 0x800
	store	2, 0x802, "mov %dx,(%bx)", RBX, 0x802
	store	4, 0x804, "mov %edx,(%bx)", RBX, 0x804
	store	1, 0x800, "movb $0x85,(%bx)", RBX, 0x800
	store	2, 0x800, "movw $0x8586,(%bx)", RBX, 0x800
	store	4, 0x800, "movl $0x85868788,(%bx)", RBX, 0x800
	load	1, 0x810, ".byte 0xa0, 0x10, 0x08"
	load	2, 0x812, ".byte 0xa1, 0x12, 0x08"
	load	4, 0x814, ".byte 0x66, 0xa1, 0x14, 0x08"
	store	1, 0x810, ".byte 0xa2, 0x10, 0x08"
	store	2, 0x812, ".byte 0xa3, 0x12, 0x08"
	load	2, 0x814, ".byte 0x67, 0xa1, 0x14, 0x08, 0x00, 0x00"
	store	4, 0x814, ".byte 0x66, 0x67, 0xa3, 0x14, 0x08, 0x00, 0x00"
	load	2, 0x800, "mov (%bx,%si), %ax", RBX, 0x700, RSI, 0x100
	load	2, 0x804, "mov (%bx,%di), %ax", RBX, 0x700, RDI, 0x104
	load	2, 0x804, "mov (%bp,%si), %ax", RBP, 0x500, RSI, 0x104
	store	2, 0x808, "mov %ax,(%bp,%di)", RBP, 0x500, RDI, 0x108
	load	2, 0x800, "mov (%si), %ax", RSI, 0x800
	load	2, 0x808, "mov (%di), %ax", RDI, 0x808
	load	2, 0x814, "mov 0x814, %cx"
	load	2, 0x800, "mov -0x10(%bp), %ax", RBP, 0x610
	load	2, 0x808, "mov 0x700(%bx,%si), %ax", RBX, 0x80, RSI, 0x88
	load	2, 0x800, "mov 0x810(%bx), %ax", RBX, 0xfff0
	load	2, 0x800, "mov (%ebx), %ax", RBX, 0x800
	load	4, 0x820, "mov (%ebx,%ecx,4), %eax", RBX, 0x800, RCX, 0x8
	store	1, 0x808, "mov %al, 0x8(%esp)", RSP, 0x600
	load	2, 0x800, "mov %es:(%bx), %ax", RBX, 0x700
	load	2, 0x800, "mov %ss:(%bx), %ax", RBX, 0x600
	load	2, 0x800, "mov %ds:(%bp), %ax", RBP, 0x800
	store	4, 0x800, "mov %eax, %fs:(%bx)", RBX, 0x500
	load	4, 0x800, "mov %gs:(%ebx), %eax", RBX, 0x400
	store	4, 0x808, ".byte 0x67, 0x66, 0xc7, 0x43, 0x08, 0x88, 0x77, 0x66, 0x85", RBX, 0x800

	.code64
	.set	mode, 64
	other	0x800, "add %eax,(%rbx)", RBX, W+0x800
	other	0x804, "lock incl (%rbx)", RBX, W+0x804
	other	0x800, "or (%rbx), %al", RBX, W+0x800
	other	0x808, "xchg %rax,(%rbx)", RBX, W+0x808
	other	0x800, "cmpxchg %ecx,(%rbx)", RBX, W+0x800
	other	0x800, "btsl $3,(%rbx)", RBX, W+0x800
	other	0x800, "cmove (%rbx), %eax", RBX, W+0x800
	other	0x800, "testb $1,(%rbx)", RBX, W+0x800
	other	0x810, "testl $0x12345678, 0x10(%rbx)", RBX, W+0x800
	other	0x800, "setne (%rbx)", RBX, W+0x800
	other	0x800, "pushq (%rbx)", RBX, W+0x800
	other	0x800, "mov %ds,(%rbx)", RBX, W+0x800
	other	0x800, "mov (%rbx), %es", RBX, W+0x800
	other	0x800, "movbe (%rbx), %eax", RBX, W+0x800
	other	0x800, "movsb", RSI, W+0x800, RDI, 0x200000
	other	0x800, "lodsl", RSI, W+0x800
	other	0x800, "stosq", RDI, W+0x800
	other	0x800, "sgdt (%rbx)", RBX, W+0x800
	other	0x800, "fldt (%rbx)", RBX, W+0x800
	other	0x808, "fnstcw 0x8(%rbx)", RBX, W+0x800
	other	0x800, "notl (%rbx)", RBX, W+0x800
	other	0x800, "testw $0x1234,(%rbx)", RBX, W+0x800
	other	0x800, "testq $0x12345678,(%rbx)", RBX, W+0x800
	other	0x800, "imul $3,(%rbx), %ecx", RBX, W+0x800
	other	0x800, "shldl $5, %eax,(%rbx)", RBX, W+0x800
	other	0x800, "pushq $0x12345678", RSP, W+0x808
	other	0x800, "enter $0, $0", RSP, W+0x808
	other	0x800, ".byte 0x66, 0x63, 0x03", RBX, W+0x800
	other	0x800, "palignr $1,(%rbx), %xmm1", RBX, W+0x800
	other	0x800, "vmovdqu (%rbx), %xmm1", RBX, W+0x800
	other	0x800, "vpshufd $1,(%rbx), %xmm1", RBX, W+0x800
	other	0x800, "vpermq $1,(%rbx), %ymm1", RBX, W+0x800
	other	0x800, "vpbroadcastd (%rbx), %xmm1", RBX, W+0x800
	other	0x810, "vpblendd $1, 0x10(%rbx), %xmm2, %xmm1", RBX, W+0x800

	.code32
	.set	mode, 32
	other	0x808, "subl $0x12345678, 0x8(%ebx)", RBX, 0x800
	other	0x800, ".byte 0x67, 0x66, 0x81, 0x07, 0x34, 0x12", RBX, 0x800
	other	0x800, "popl (%ebx)", RBX, 0x800, RSP, 0x200000-(W+0x200)
	other	0x800, "arpl %ax,(%ebx)", RBX, 0x800

	.code16
	.set	mode, 16
	other	0x800, "addw $0x1234,(%bx)", RBX, 0x800
	other	0x800, "addl $0x12345678,(%bx)", RBX, 0x800
	other	0x800, "les (%bx), %cx", RBX, 0x800
	other	0x800, "mov %ds,(%bx)", RBX, 0x800
	.globl	decode_rows_end
decode_rows_end:
	.code64

	.section .note.GNU-stack, "", @progbits
