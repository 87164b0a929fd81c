/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Into the guest and back.
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include "../../compat.h"

/* Offsets in struct zx_vcpu_regs; RAX and RSP travel in the VMCB. */
#define REG_RCX		(1 * 8)
#define REG_RDX		(2 * 8)
#define REG_RBX		(3 * 8)
#define REG_RBP		(5 * 8)
#define REG_RSI		(6 * 8)
#define REG_RDI		(7 * 8)
#define REG_R(n)	((n) * 8)

.text

/*
 * void svm_enter(struct zx_vcpu_regs *regs, phys_addr_t vmcb, phys_addr_t host)
 *
 * Runs the guest of @vmcb until #VMEXIT, with the registers at @regs. @host is
 * where VMSAVE has put this CPU's own FS, GS, TR, LDTR and system-call MSRs.
 * Called and left with interrupts off. What the host had in the registers of
 * the guest is overwritten by the guest's values, then cleared, so that nothing
 * of the guest's is there for speculation.
 */
SYM_FUNC_START(svm_enter)
	push	%rbp
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbx
	push	%rdi
	push	%rdx
	mov	%rsi, %rax

	/*
	 * GIF off holds back everything, NMIs too, until the host's GS is back. IF
	 * on lets interrupts end the guest (V_INTR_MASKING: APM 2, 15.21.1).
	 */
	clgi
	sti
	vmload	%rax

	mov	REG_RCX(%rdi), %rcx
	mov	REG_RDX(%rdi), %rdx
	mov	REG_RBX(%rdi), %rbx
	mov	REG_RBP(%rdi), %rbp
	mov	REG_RSI(%rdi), %rsi
	mov	REG_R(8)(%rdi), %r8
	mov	REG_R(9)(%rdi), %r9
	mov	REG_R(10)(%rdi), %r10
	mov	REG_R(11)(%rdi), %r11
	mov	REG_R(12)(%rdi), %r12
	mov	REG_R(13)(%rdi), %r13
	mov	REG_R(14)(%rdi), %r14
	mov	REG_R(15)(%rdi), %r15
	mov	REG_RDI(%rdi), %rdi
	ZX_CLEAR_CPU_BUFFERS

	/* Comes back here with the host's RAX and RSP. */
	vmrun	%rax
	vmsave	%rax
	pop	%rax
	vmload	%rax

	pop	%rax
	mov	%rcx, REG_RCX(%rax)
	mov	%rdx, REG_RDX(%rax)
	mov	%rbx, REG_RBX(%rax)
	mov	%rbp, REG_RBP(%rax)
	mov	%rsi, REG_RSI(%rax)
	mov	%rdi, REG_RDI(%rax)
	mov	%r8, REG_R(8)(%rax)
	mov	%r9, REG_R(9)(%rax)
	mov	%r10, REG_R(10)(%rax)
	mov	%r11, REG_R(11)(%rax)
	mov	%r12, REG_R(12)(%rax)
	mov	%r13, REG_R(13)(%rax)
	mov	%r14, REG_R(14)(%rax)
	mov	%r15, REG_R(15)(%rax)

	/* Before the first RET: the return predictors are the guest's work. */
	ZX_FILL_RETURN_BUFFER
	UNTRAIN_RET
	ALTERNATIVE "", "call entry_ibpb", X86_FEATURE_IBPB_ON_VMEXIT

	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	cli
	stgi
	pop	%rbx
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	pop	%rbp
	RET
SYM_FUNC_END(svm_enter)
