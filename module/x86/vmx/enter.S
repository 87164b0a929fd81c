/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Into the guest and back.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/asm.h>
#include <asm/unwind_hints.h>
#include "../../compat.h"

/* Offsets in struct zx_vcpu_regs; RSP travels in the VMCS. */
#define REG_RAX		(0 * 8)
#define REG_RCX		(1 * 8)
#define REG_RDX		(2 * 8)
#define REG_RBX		(3 * 8)
#define REG_RBP		(5 * 8)
#define REG_RSI		(6 * 8)
#define REG_RDI		(7 * 8)
#define REG_R(n)	((n) * 8)

#define HOST_RSP	0x6c14

.text

/*
 * bool vmx_enter(struct zx_vcpu_regs *regs, u64 *host_rsp, bool launched)
 *
 * Runs the guest of the current VMCS until it exits, with the registers at @regs.
 * *@host_rsp is the VMCS's HOST_RSP. Called and left with interrupts off. What the
 * host had in the registers of the guest is overwritten by the guest's values,
 * then cleared, so that nothing of the guest's is there for speculation. False:
 * the guest did not run.
 */
SYM_FUNC_START(vmx_enter)
	push	%rbp
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbx
	push	%rdi

	cmp	(%rsi), %rsp
	je	1f
	mov	%rsp, (%rsi)
	mov	$HOST_RSP, %eax
	vmwrite	%rsp, %rax

	/* In CF, which neither MOV nor VERW touches. */
1:	bt	$0, %edx

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
	mov	REG_RAX(%rdi), %rax
	mov	REG_RDI(%rdi), %rdi
	ZX_CLEAR_CPU_BUFFERS

	UNWIND_HINT_SAVE
	jc	2f
	vmlaunch
	jmp	.Lrefused
2:	vmresume
	jmp	.Lrefused

	/*
	 * Exits come here with the host's RSP. No branch before the predictors are
	 * cleared: the guest may have trained it.
	 */
SYM_INNER_LABEL(vmx_exited, SYM_L_GLOBAL)
	UNWIND_HINT_RESTORE
	ANNOTATE_NOENDBR
	push	%rax
	mov	8(%rsp), %rax
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
	pop	REG_RAX(%rax)

	/* Before the first RET: the return predictors are the guest's work. */
	ZX_FILL_RETURN_BUFFER_VMX
	ZX_CLEAR_BRANCH_HISTORY_VMX
	mov	$1, %eax

.Lclear:
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	pop	%rbx
	pop	%rbx
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	pop	%rbp
	RET

.Lrefused:
	xor	%eax, %eax
	jmp	.Lclear
SYM_FUNC_END(vmx_enter)
