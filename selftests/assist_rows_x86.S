/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instructions that assist.c tries: RDI, R8 and RBP point into the page that
 * is a trap or is not, RSI and RSP into plain memory. See struct row in assist_vm.h.
 */
#include "guest.h"

/* Options of a row, and its offsets, which count from the start of the window. */
	.set	TARGET, 0x1100
	.set	OTHER, 0x2100
	.set	EDGE, 0x2000

	.macro	row insn
	.section .rodata
8:	\insn
9:	.asciz	"\insn"
	.section .data.rel.ro, "aw"
	.quad	8b, 9b - 8b, 9b
	.quad	row_rdi, row_rsi, row_rcx, row_rdx, row_flags, row_trapped, row_undefined
	.quad	row_same, row_content
	defaults
	.endm

	.macro	defaults
	.set	row_rdi, TARGET
	.set	row_rsi, OTHER
	.set	row_rcx, 3
	.set	row_rdx, 0x99aabbccddeeff01
	.set	row_flags, 0
	.set	row_trapped, 2
	.set	row_undefined, 0
	.set	row_same, 0
	.set	row_content, 0
	.endm

	.macro	table name
	.section .data.rel.ro, "aw"
	.balign	8
	.globl	\name\()_start
\name\()_start:
	defaults
	.endm

	.macro	table_end name
	.section .data.rel.ro, "aw"
	.globl	\name\()_end
\name\()_end:
	.endm

	.code64
	table	rows_alu
	.irp	op, add, adc, sub, sbb, and, or, xor, cmp
	row	"\op\()b %al, (%rdi)"
	row	"\op\()w %ax, 2(%rdi)"
	row	"\op\()l %edx, 5(%rdi)"
	row	"\op\()q %r12, 16(%rdi, %r11, 8)"
	row	"\op\()b 1(%rdi), %ah"
	row	"\op\()w (%rdi), %dx"
	row	"\op\()l 7(%rdi), %r13d"
	row	"\op\()q (%r8), %rax"
	row	"\op\()b $0x81, (%rdi)"
	row	"\op\()w $0x1234, (%rdi)"
	row	"\op\()l $-2, (%rdi)"
	row	"\op\()q $-2, (%rdi)"
	row	"\op\()q $0x12345678, 8(%rbp)"
	.endr
	.irp	op, test
	row	"\op\()b %al, (%rdi)"
	row	"\op\()w %ax, (%rdi)"
	row	"\op\()l %edx, (%rdi)"
	row	"\op\()q %rdx, (%rdi)"
	row	"\op\()b $0x81, (%rdi)"
	row	"\op\()l $0x12345678, (%rdi)"
	.endr
	.irp	op, inc, dec, neg, not
	row	"\op\()b (%rdi)"
	row	"\op\()w 3(%rdi)"
	row	"\op\()l (%rdi)"
	row	"\op\()q (%rdi)"
	.endr
	row	"lock addl $1, (%rdi)"
	row	"lock incq (%rdi)"
	row	"addl $1, %fs:TARGET"
	row	"lea (%rdi), %rdx; addl %ecx, (%rdx)"
	row	"addl %eax, (%edi)"
	row	"addr32 andl %eax, 4(%edi)"
	row	"movl $0x11223344, %fs:TARGET"
	.irp	op, rol, ror, rcl, rcr, shl, shr, sar
	row	"\op\()b $1, (%rdi)"
	row	"\op\()w $1, (%rdi)"
	row	"\op\()l $1, (%rdi)"
	row	"\op\()q $1, (%rdi)"
	.set	row_undefined, 0x810
	row	"\op\()b %cl, (%rdi)"
	.set	row_undefined, 0x810
	row	"\op\()w $5, (%rdi)"
	.set	row_undefined, 0x810
	row	"\op\()l %cl, (%rdi)"
	.set	row_undefined, 0x810
	row	"\op\()q $33, (%rdi)"
	.set	row_rcx, 0
	row	"\op\()l %cl, (%rdi)"
	.endr
	.irp	op, shld, shrd
	.set	row_undefined, 0x810
	row	"\op\()w $3, %dx, (%rdi)"
	.set	row_undefined, 0x810
	row	"\op\()l %cl, %edx, (%rdi)"
	.set	row_undefined, 0x810
	row	"\op\()q $40, %rdx, (%rdi)"
	.endr
	.irp	op, bt, bts, btr, btc
	.set	row_undefined, 0x894
	row	"\op\()w $5, (%rdi)"
	.set	row_undefined, 0x894
	row	"\op\()l $35, (%rdi)"
	.set	row_undefined, 0x894
	row	"\op\()q $63, (%rdi)"
	.set	row_undefined, 0x894
	row	"\op\()w %cx, (%rdi)"
	.set	row_undefined, 0x894
	row	"\op\()l %r9d, (%rdi)"
	.set	row_undefined, 0x894
	row	"\op\()q %r9, (%rdi)"
	.set	row_undefined, 0x894
	row	"\op\()q %r10, (%rdi)"
	.endr
	.irp	cc, o, no, b, ae, e, ne, be, a, s, ns, p, np, l, ge, le, g
	row	"set\cc (%rdi)"
	row	"cmov\cc\()l (%rdi), %eax"
	.endr
	row	"cmovew (%rdi), %dx"
	row	"cmovneq (%rdi), %rdx"
	.set	row_undefined, 0xd4
	row	"imull (%rdi), %eax"
	.set	row_undefined, 0xd4
	row	"imulq $-7, (%rdi), %rdx"
	.set	row_undefined, 0xd4
	row	"imulw $300, (%rdi), %dx"
	.irp	op, mul, imul
	.set	row_undefined, 0xd4
	row	"\op\()b (%rdi)"
	.set	row_undefined, 0xd4
	row	"\op\()w (%rdi)"
	.set	row_undefined, 0xd4
	row	"\op\()l (%rdi)"
	.set	row_undefined, 0xd4
	row	"\op\()q (%rdi)"
	.endr
	.irp	op, div, idiv
	.set	row_undefined, 0x8d5
	row	"\op\()b (%rdi)"
	.set	row_rdx, 0
	.set	row_undefined, 0x8d5
	row	"\op\()w (%rdi)"
	.set	row_rdx, 0
	.set	row_undefined, 0x8d5
	row	"\op\()l (%rdi)"
	.set	row_rdx, 0
	.set	row_undefined, 0x8d5
	row	"\op\()q (%rdi)"
	.set	row_content, 1
	.set	row_undefined, 0x8d5
	row	"\op\()l (%rdi)"
	.endr
	.set	row_undefined, 0x895
	row	"bsfl (%rdi), %edx"
	.set	row_undefined, 0x895
	row	"bsrq (%rdi), %rdx"
	.set	row_content, 1
	.set	row_undefined, 0x895
	row	"bsfq (%rdi), %rdx"
	row	"popcntl (%rdi), %edx"
	row	"popcntq (%rdi), %rdx"
	.set	row_undefined, 0x894
	row	"tzcntl (%rdi), %edx"
	.set	row_undefined, 0x894
	row	"lzcntw (%rdi), %dx"
	.set	row_content, 1
	.set	row_undefined, 0x894
	row	"lzcntq (%rdi), %rdx"
	/* QEMU 7.2 spoils the flags of these two: only the sum is compared. */
	.set	row_undefined, ~0
	row	"adcxl (%rdi), %edx"
	.set	row_undefined, ~0
	row	"adoxq (%rdi), %rdx"
	table_end rows_alu

	table	rows_move
	row	"movl %eax, (%rdi)"
	row	"movl (%rdi), %eax"
	row	"movb (%rdi), %ah"
	row	"movsbq (%rdi), %rdx"
	row	"movslq (%rdi), %rdx"
	row	"movw %ds, (%rdi)"
	row	"movbel (%rdi), %edx"
	row	"movbew %dx, (%rdi)"
	row	"movbeq %rdx, (%rdi)"
	row	"movntiq %rdx, (%rdi)"
	row	"xchgb %dl, (%rdi)"
	row	"xchgw %dx, (%rdi)"
	row	"xchgl %edx, (%rdi)"
	row	"xchgq %rdi, (%rdi)"
	row	"xaddb %dl, (%rdi)"
	row	"xaddl %edx, (%rdi)"
	row	"lock xaddq %rdi, (%rdi)"
	row	"cmpxchgb %dl, (%rdi)"
	row	"cmpxchgl %edx, (%rdi)"
	row	"cmpxchgq %rdi, (%rdi)"
	.set	row_same, 4
	row	"cmpxchgb %dl, (%rdi)"
	.set	row_same, 4
	row	"cmpxchgl %edx, (%rdi)"
	.set	row_same, 8
	row	"lock cmpxchgq %rdi, (%rdi)"
	row	"cmpxchg8b (%rdi)"
	.set	row_same, 4
	row	"lock cmpxchg8b (%rdi)"
	row	"cmpxchg16b (%rdi)"
	.set	row_same, 8
	row	"lock cmpxchg16b (%rdi)"
	row	"pushq (%rdi)"
	row	"pushw (%rdi)"
	row	"popq (%rdi)"
	row	"popw 8(%rdi)"
	row	"xlat"
	row	"nopl (%rdi)"
	row	"clflush (%rdi)"
	row	"prefetcht0 (%rdi)"
	.set	row_content, 2
	row	"call *(%rdi)"
	.set	row_content, 2
	row	"jmp *(%rdi)"
	/* The stack in the trap. */
	row	"xchg %rsp, %rdi; pushq %rdx"
	row	"xchg %rsp, %rdi; popq %rdx"
	row	"xchg %rsp, %rdi; pushq 8(%rsp)"
	row	"xchg %rsp, %rdi; popq 8(%rsp)"
	row	"xchg %rsp, %rdi; push $-3"
	row	"xchg %rsp, %rdi; call 1f; 1:"
	.set	row_content, 2
	row	"xchg %rsp, %rdi; ret"
	.set	row_content, 2
	row	"xchg %rsp, %rdi; ret $8"
	/* Over the edge of a page: this side, that side, both. */
	.irp	trapped, 2, 4, 6
	.irp	insn, "addl %eax, (%rdi)", "movq %rax, (%rdi)", "movq (%rdi), %rax", "incq (%rdi)"
	.set	row_rdi, EDGE - 3
	.set	row_trapped, \trapped
	row	"\insn"
	.endr
	.endr
	table_end rows_move

	table	rows_string
	.irp	flags, 0, 0x400
	.irp	size, b, w, l, q
	.set	row_flags, \flags
	row	"movs\size"
	.set	row_flags, \flags
	row	"stos\size"
	.set	row_flags, \flags
	.set	row_rsi, TARGET
	row	"lods\size"
	.set	row_flags, \flags
	row	"cmps\size"
	.set	row_flags, \flags
	row	"scas\size"
	.set	row_flags, \flags
	.set	row_rcx, 20
	row	"rep movs\size"
	.set	row_flags, \flags
	.set	row_rcx, 20
	row	"rep stos\size"
	.set	row_flags, \flags
	.set	row_rsi, TARGET
	.set	row_rcx, 9
	row	"rep lods\size"
	.set	row_flags, \flags
	.set	row_rcx, 9
	.set	row_content, 4
	row	"repe cmps\size"
	.set	row_flags, \flags
	.set	row_rcx, 2
	.set	row_content, 4
	row	"repe cmps\size"
	.set	row_flags, \flags
	.set	row_rcx, 9
	row	"repne scas\size"
	.set	row_flags, \flags
	.set	row_rcx, 9
	.set	row_content, 4
	row	"repe scas\size"
	.endr
	.endr
	/* Out of the trap into plain memory, and the other way round. */
	.set	row_rdi, EDGE - 16
	.set	row_rcx, 64
	row	"rep stosb"
	.set	row_rdi, 0x1000 - 16
	.set	row_rcx, 64
	row	"rep stosb"
	.set	row_rdi, EDGE - 10
	.set	row_rcx, 16
	row	"rep stosl"
	.set	row_rsi, 0x1000 - 7
	.set	row_rdi, 0x2700
	.set	row_rcx, 300
	row	"rep movsw"
	/* Both operands in traps. */
	.set	row_trapped, 6
	.set	row_rcx, 30
	row	"rep movsb"
	/* More than one call does. */
	.set	row_rdi, 0x1000
	.set	row_trapped, 6
	.set	row_rcx, 5000
	row	"rep stosb"
	.set	row_rcx, 0
	row	"addb $0, (%rdi); rep stosb"
	row	"addr32 movsl"
	.set	row_rcx, 5
	row	"addr32 rep stosb"
	.set	row_rsi, OTHER - GUEST_MAPPED
	row	"movsl %fs:(%rsi), %es:(%rdi)"
	.set	row_rcx, 5
	row	".byte 0xf2; stosb"
	table_end rows_string

	table	rows_sse
	.irp	op, movups, movaps, movupd, movapd, movdqa, movdqu
	row	"\op %xmm3, (%rdi)"
	row	"\op (%rdi), %xmm3"
	.endr
	row	"movaps %xmm12, 16(%rdi)"
	row	"movntps %xmm3, (%rdi)"
	row	"movntpd %xmm3, (%rdi)"
	row	"movntdq %xmm3, (%rdi)"
	row	"movntdqa (%rdi), %xmm3"
	row	"lddqu (%rdi), %xmm3"
	row	"movd %xmm3, (%rdi)"
	row	"movd (%rdi), %xmm3"
	row	"movq %xmm3, (%rdi)"
	row	"movq (%rdi), %xmm3"
	row	"movss %xmm3, (%rdi)"
	row	"movss (%rdi), %xmm3"
	row	"movsd %xmm3, (%rdi)"
	row	"movsd (%rdi), %xmm3"
	row	"movlps %xmm3, (%rdi)"
	row	"movlps (%rdi), %xmm3"
	row	"movhps %xmm3, (%rdi)"
	row	"movhps (%rdi), %xmm3"
	row	"movlpd (%rdi), %xmm9"
	row	"movhpd %xmm9, (%rdi)"
	.set	row_rdi, EDGE - 5
	.set	row_trapped, 6
	row	"movups %xmm3, (%rdi)"
	.set	row_rdi, EDGE - 5
	row	"movdqu (%rdi), %xmm3"
	table_end rows_sse

	table	rows_avx
	.irp	op, vmovups, vmovaps, vmovupd, vmovapd, vmovdqa, vmovdqu
	row	"\op %xmm3, (%rdi)"
	row	"\op (%rdi), %xmm3"
	row	"\op %ymm3, (%rdi)"
	row	"\op (%rdi), %ymm13"
	.endr
	row	"vmovntps %ymm3, (%rdi)"
	row	"vmovntdq %ymm3, (%rdi)"
	row	"vlddqu (%rdi), %ymm3"
	row	"vmovd %xmm3, (%rdi)"
	row	"vmovd (%rdi), %xmm3"
	row	"vmovq %xmm3, (%rdi)"
	row	"vmovq (%rdi), %xmm3"
	row	"vmovss (%rdi), %xmm3"
	row	"vmovsd %xmm3, (%rdi)"
	row	"vmovlps (%rdi), %xmm4, %xmm3"
	row	"vmovhps (%rdi), %xmm4, %xmm3"
	row	"vmovhps %xmm3, (%rdi)"
	row	"vbroadcastss (%rdi), %ymm3"
	row	"vbroadcastsd (%rdi), %ymm3"
	row	"vbroadcastf128 (%rdi), %ymm3"
	.set	row_rdi, EDGE - 13
	.set	row_trapped, 6
	row	"vmovups %ymm3, (%rdi)"
	.set	row_rdi, EDGE - 13
	row	"vmovdqu (%rdi), %ymm3"
	table_end rows_avx

	.code32
	table	rows_32
	row	"addl %eax, (%edi)"
	row	"addw $0x1234, 2(%edi)"
	row	"lock decl (%edi)"
	row	"xchgb %ah, (%edi)"
	row	"addl $3, %fs:TARGET"
	row	"addr16 addl $3, %fs:TARGET"
	row	"mov $0x1100, %bx; addr16 orw %ax, %fs:2(%bx)"
	row	"pushl (%edi)"
	row	"popl (%edi)"
	row	"popw (%edi)"
	row	"xchg %esp, %edi; pushl %edx"
	.set	row_content, 2
	row	"call *(%edi)"
	row	"cmpxchg8b (%edi)"
	.set	row_rcx, 9
	row	"rep movsl"
	.set	row_rcx, 9
	row	"rep stosw"
	.set	row_undefined, 0x894
	.set	row_rdx, -77
	row	"btsl %edx, -0x20(%edi)"
	table_end rows_32
	.code64

	.section .note.GNU-stack, "", @progbits
