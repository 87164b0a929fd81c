/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where kernels differ, by what they can, never by their number.
 */
#ifndef _ZX_COMPAT_H
#define _ZX_COMPAT_H

#include <asm/nospec-branch.h>

#ifdef __ASSEMBLY__

/* VERW before the guest, where the CPU needs it. */
#if defined(VM_CLEAR_CPU_BUFFERS)
#define ZX_CLEAR_CPU_BUFFERS	VM_CLEAR_CPU_BUFFERS
#elif defined(CLEAR_CPU_BUFFERS)
#define ZX_CLEAR_CPU_BUFFERS	CLEAR_CPU_BUFFERS
#else
#define ZX_CLEAR_CPU_BUFFERS
#endif

#define ZX_FILL_RETURN_BUFFER	FILL_RETURN_BUFFER %rax, RSB_CLEAR_LOOPS, X86_FEATURE_RETPOLINE

#else

#include <linux/mm.h>

#include <asm/cpufeature.h>
#include <asm/msr.h>

static inline void zx_vma_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void zx_vma_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}

/* Between two guests on one CPU. */
static inline void zx_ibpb(void)
{
#ifdef X86_FEATURE_USE_IBPB
	if (boot_cpu_has(X86_FEATURE_USE_IBPB))
#else
	if (boot_cpu_has(X86_FEATURE_IBPB))
#endif
		wrmsrl(MSR_IA32_PRED_CMD, PRED_CMD_IBPB);
}

/* A guest ran: its predictions must not reach the user space of its VMM. */
static inline void zx_exit_to_user(void)
{
#ifdef X86_FEATURE_IBPB_EXIT_TO_USER
	if (cpu_feature_enabled(X86_FEATURE_IBPB_EXIT_TO_USER))
		this_cpu_write(x86_ibpb_exit_to_user, true);
#endif
}

#endif
#endif
