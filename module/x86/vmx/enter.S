/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Into the guest and back.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/alternative.h>
#include <asm/asm.h>
#include <asm/segment.h>
#include <asm/unwind_hints.h>
#include "../enter.h"

#define HOST_RSP	0x6c14

.pushsection .rodata
/* Only with an operand in memory does VERW clear buffers. */
SYM_DATA_LOCAL(verw_selector, .word __KERNEL_DS)
.popsection

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
	ZX_PUSH_KEPT
	push	%rdi

	cmp	(%rsi), %rsp
	je	1f
	mov	%rsp, (%rsi)
	mov	$HOST_RSP, %eax
	vmwrite	%rsp, %rax

	/* In CF, which neither MOV nor VERW touches. */
1:	bt	$0, %edx

	ZX_LOAD_GUEST
	mov	REG_RAX(%rdi), %rax
	mov	REG_RDI(%rdi), %rdi

	/* The kernel's own exits need none for MMIO Stale Data, so its feature may leave it out. */
	ALTERNATIVE_2 "jmp 2f", "", ZX_CLEAR_IF_VMX, "", X86_BUG_MMIO_STALE_DATA
	verw	verw_selector(%rip)
2:
	UNWIND_HINT_SAVE
	jc	3f
	vmlaunch
	jmp	.Lrefused
3:	vmresume
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
	ZX_STORE_GUEST
	pop	REG_RAX(%rax)

	/* Before the first RET: the return predictors are the guest's work. */
	ZX_FILL_RETURN_BUFFER X86_FEATURE_RSB_VMEXIT
	ALTERNATIVE "jmp 4f", "", X86_FEATURE_RSB_VMEXIT_LITE
	__FILL_ONE_RETURN
4:
	ZX_CLEAR_BRANCH_HISTORY_VMX
	mov	$1, %eax

.Lclear:
	ZX_CLEAR_GUEST
	pop	%rbx
	ZX_POP_KEPT
	RET

.Lrefused:
	xor	%eax, %eax
	jmp	.Lclear
SYM_FUNC_END(vmx_enter)
