/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Into the guest and back.
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include "../enter.h"

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
	ZX_PUSH_KEPT
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

	ZX_LOAD_GUEST
	mov	REG_RDI(%rdi), %rdi
	ZX_CLEAR_CPU_BUFFERS

	/* Comes back here with the host's RAX and RSP. */
	vmrun	%rax
	vmsave	%rax
	pop	%rax
	vmload	%rax

	pop	%rax
	ZX_STORE_GUEST

	/* Before the first RET: the return predictors are the guest's work. */
	ZX_FILL_RETURN_BUFFER X86_FEATURE_RETPOLINE
	UNTRAIN_RET
	ALTERNATIVE "", "call entry_ibpb", X86_FEATURE_IBPB_ON_VMEXIT

	ZX_CLEAR_GUEST
	cli
	stgi
	ZX_POP_KEPT
	RET
SYM_FUNC_END(svm_enter)
