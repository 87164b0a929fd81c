/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where kernels differ, by what they can, never by their number: Kbuild looks
 * into the kernel's headers and defines ZX_HAVE_*.
 */
#ifndef _ZX_COMPAT_H
#define _ZX_COMPAT_H

#include <asm/nospec-branch.h>

#ifdef __ASSEMBLY__

/* VERW before the guest, where a CPU of AMD's needs it. */
#ifdef ZX_HAVE_VM_CLEAR_CPU_BUFFERS
#define ZX_CLEAR_CPU_BUFFERS	VM_CLEAR_CPU_BUFFERS
#else
#define ZX_CLEAR_CPU_BUFFERS
#endif

/* What says that a CPU of Intel's does: some kernels keep the one above for AMD's. */
#ifdef X86_FEATURE_CLEAR_CPU_BUF
#define ZX_CLEAR_IF_VMX		X86_FEATURE_CLEAR_CPU_BUF
#else
#define ZX_CLEAR_IF_VMX		X86_BUG_MDS
#endif

/* Kernels that count calls (retbleed=stuff) count from here on. */
#ifdef CREDIT_CALL_DEPTH
#define ZX_CREDIT_CALL_DEPTH	CREDIT_CALL_DEPTH
#else
#define ZX_CREDIT_CALL_DEPTH
#endif

#ifdef ZX_HAVE_CLEAR_BHB_VMEXIT
#define ZX_CLEAR_BRANCH_HISTORY_VMX	CLEAR_BRANCH_HISTORY_VMEXIT
#else
#define ZX_CLEAR_BRANCH_HISTORY_VMX
#endif

#else

#include <linux/mm.h>

#include <asm/cpufeature.h>
#include <asm/msr.h>

/* Flags of a VMA are set by functions that hold its lock, where there are any. */
static inline void zx_vma_set(struct vm_area_struct *vma, vm_flags_t flags)
{
#ifdef ZX_HAVE_VM_FLAGS_SET
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
}

static inline void zx_vma_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
#ifdef ZX_HAVE_VM_FLAGS_SET
	vm_flags_clear(vma, flags);
#else
	vma->vm_flags &= ~flags;
#endif
}

/*
 * Callbacks around the machine's sleep take a pointer, or nothing: define @name
 * from two functions that take nothing.
 */
#ifdef ZX_HAVE_REGISTER_SYSCORE
#define ZX_SYSCORE(name, suspend_, resume_)						\
	static int name##_suspend(void *unused) { return suspend_(); }			\
	static void name##_resume(void *unused) { resume_(); }				\
	static const struct syscore_ops name##_ops = {					\
		.suspend = name##_suspend, .resume = name##_resume,			\
	};										\
	static struct syscore name = { .ops = &name##_ops }
#define zx_syscore_register	register_syscore
#define zx_syscore_unregister	unregister_syscore
#else
#define ZX_SYSCORE(name, suspend_, resume_)						\
	static struct syscore_ops name = { .suspend = suspend_, .resume = resume_ }
#define zx_syscore_register	register_syscore_ops
#define zx_syscore_unregister	unregister_syscore_ops
#endif

/* What makes KVM let go: it holds the CPUs while it has guests, newer kernels' from its load on. */
#ifdef ZX_HAVE_KVM_AT_LOAD
#define ZX_KVM_REMEDY	"boot with kvm.enable_virt_at_load=0 and end its guests"
#else
#define ZX_KVM_REMEDY	"end its guests"
#endif

/* The kernel itself may hold VMX, for TDX, where modules share it by asking the kernel. */
#ifdef ZX_HAVE_X86_VIRT
#define ZX_OTHER_REMEDY	"remove its module, or switch TDX off in the firmware"
#else
#define ZX_OTHER_REMEDY	"remove its module"
#endif

/* Does the CPU have a barrier for its predictions, and the kernel use it? */
static inline bool zx_has_ibpb(void)
{
#ifdef X86_FEATURE_USE_IBPB
	return boot_cpu_has(X86_FEATURE_USE_IBPB);
#else
	return boot_cpu_has(X86_FEATURE_IBPB);
#endif
}

/* Between two VCPUs on one CPU, and where a guest asks for it. */
static inline void zx_ibpb(void)
{
	if (zx_has_ibpb())
		wrmsrl(MSR_IA32_PRED_CMD, PRED_CMD_IBPB);
}

/* With IBRS in software it has to be written anew after a guest ran. */
static inline void zx_restrict_speculation(void)
{
	if (cpu_feature_enabled(X86_FEATURE_KERNEL_IBRS))
		native_wrmsrl(MSR_IA32_SPEC_CTRL, this_cpu_read(x86_spec_ctrl_current));
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
