/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registers around an entry, as both vendors' enter.S move them. Which of RAX
 * and RSP the hardware moves is the vendor's matter, so both are left out here.
 */
#ifndef _ZX_X86_ENTER_H
#define _ZX_X86_ENTER_H

#include <linux/objtool.h>
#include <asm/alternative.h>
#include "../compat.h"

/* Offsets in struct zx_vcpu_regs. */
#define REG_RAX		(0 * 8)
#define REG_RCX		(1 * 8)
#define REG_RDX		(2 * 8)
#define REG_RBX		(3 * 8)
#define REG_RBP		(5 * 8)
#define REG_RSI		(6 * 8)
#define REG_RDI		(7 * 8)
#define REG_R(n)	((n) * 8)

/* What a C function keeps for its caller. */
.macro ZX_PUSH_KEPT
	push	%rbp
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbx
.endm

.macro ZX_POP_KEPT
	pop	%rbx
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	pop	%rbp
.endm

/* From RDI, which the caller loads last. */
.macro ZX_LOAD_GUEST
	mov	REG_RCX(%rdi), %rcx
	mov	REG_RDX(%rdi), %rdx
	mov	REG_RBX(%rdi), %rbx
	mov	REG_RBP(%rdi), %rbp
	mov	REG_RSI(%rdi), %rsi
	.irp n, 8, 9, 10, 11, 12, 13, 14, 15
	mov	REG_R(\n)(%rdi), %r\n
	.endr
.endm

/* To RAX. */
.macro ZX_STORE_GUEST
	mov	%rcx, REG_RCX(%rax)
	mov	%rdx, REG_RDX(%rax)
	mov	%rbx, REG_RBX(%rax)
	mov	%rbp, REG_RBP(%rax)
	mov	%rsi, REG_RSI(%rax)
	mov	%rdi, REG_RDI(%rax)
	.irp n, 8, 9, 10, 11, 12, 13, 14, 15
	mov	%r\n, REG_R(\n)(%rax)
	.endr
.endm

/*
 * Nothing that the guest has left in the return predictors. As the kernel's macro of that
 * name does it, but without its loop, which takes two and a half times the instructions.
 */
.macro ZX_FILL_RETURN_BUFFER feature
	ALTERNATIVE "jmp .Lfilled_\@", "", \feature
	.rept RSB_CLEAR_LOOPS
	__FILL_RETURN_SLOT
	.endr
	add	$8 * RSB_CLEAR_LOOPS, %rsp
	lfence
	ZX_CREDIT_CALL_DEPTH
.set .Lfilled_\@, .
.endm

/* What ZX_POP_KEPT does not overwrite: nothing of the guest's stays for speculation. */
.macro ZX_CLEAR_GUEST
	.irp reg, ecx, edx, esi, edi, r8d, r9d, r10d, r11d
	xor	%\reg, %\reg
	.endr
.endm

#endif
