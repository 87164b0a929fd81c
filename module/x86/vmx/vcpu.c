// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VCPU on VMX: its life, its bursts, and the door's table.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/slab.h>

#include <asm/desc.h>
#include <asm/fsgsbase.h>
#include <asm/msr-index.h>

#include "../../compat.h"
#include "../../hv/host.h"
#include "vmx.h"

static void vcpu_fini(struct zx_cpu *cpu)
{
	struct vmx_vcpu *vmx = vmx_of(cpu);

	preempt_disable();
	vmx_vmcs_clear(vmx);
	preempt_enable();
	vmx_host_vpid_free(vmx->vpid);
	free_page((unsigned long)vmx->vmcs);
	kfree(vmx);
}

static int alloc_pages_of(struct vmx_vcpu *vmx)
{
	int vpid;

	vmx->vmcs = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vmx->vmcs)
		return -ENOMEM;
	vpid = vmx_host_vpid();
	if (vpid < 0)
		return vpid;
	vmx->vpid = vpid;
	return 0;
}

static int vcpu_init(struct zx_cpu *cpu)
{
	struct vmx_vcpu *vmx = kzalloc(sizeof(*vmx), GFP_KERNEL_ACCOUNT);
	bool known;

	if (!vmx)
		return -ENOMEM;
	cpu->hw = vmx;
	vmx->cpu = -1;
	if (alloc_pages_of(vmx)) {
		vcpu_fini(cpu);
		return -ENOMEM;
	}
	vmx->vmcs->revision = vmx_caps.revision;
	vmx->vmcs_pa = virt_to_phys(vmx->vmcs);
	vmx->eptp = virt_to_phys(cpu->gpas->npt.top) | VMX_EPTP_PWL_4 | VMX_EPTP_MT_WB;
	/* Fields can be written once the CPU knows it: SDM 3, 25.11.3. */
	preempt_disable();
	known = vmclear(vmx->vmcs_pa);
	if (known) {
		zx_cpu_hold(cpu);
		vmx_vmcs_init(cpu);
		zx_cpu_release(cpu);
	}
	preempt_enable();
	if (!known)
		vcpu_fini(cpu);
	return known ? 0 : -EIO;
}

static void hold(struct zx_cpu *cpu)
{
	struct vmx_vcpu *vmx = vmx_of(cpu);

	if (vmx->cpu != smp_processor_id())
		cpu->flush = true;
	vmx_vmcs_hold(vmx);
}

/* What interrupts may have changed since the last entry. */
static void sample_host(struct vmx_vcpu *vmx)
{
	u64 cr3 = __read_cr3(), cr4 = __read_cr4();

	if (unlikely(cr3 != vmx->host_cr3)) {
		vmx->host_cr3 = cr3;
		vmcs_writen(HOST_CR3, cr3);
	}
	if (unlikely(cr4 != vmx->host_cr4)) {
		vmx->host_cr4 = cr4;
		vmcs_writen(HOST_CR4, cr4);
	}
	vmx->host_debugctl = vmx_rdmsr(MSR_IA32_DEBUGCTLMSR);
	vmx->host_pebs = vmx_caps.pebs ? vmx_rdmsr(MSR_IA32_PEBS_ENABLE) : 0;
	store_ldt(vmx->host_ldt);
	if (unlikely(vmx_caps.flush_l1d))
		vmx_host_flush_l1d();
}

static u64 read_fs_base(void)
{
	u64 base;

	if (static_cpu_has(X86_FEATURE_FSGSBASE))
		return rdfsbase();
	rdmsrl(MSR_FS_BASE, base);
	return base;
}

static void write_fs_base(u64 base)
{
	if (static_cpu_has(X86_FEATURE_FSGSBASE))
		wrfsbase(base);
	else
		wrmsrl(MSR_FS_BASE, base);
}

/* Exits load 0 into the selectors of user space and what HOST_FS_BASE says. */
static void enter_segments(struct vmx_vcpu *vmx)
{
	u64 fs = read_fs_base();

	savesegment(fs, vmx->host_fs_sel);
	savesegment(gs, vmx->host_gs_sel);
	savesegment(ds, vmx->host_ds_sel);
	savesegment(es, vmx->host_es_sel);
	if (fs != vmx->host_fs) {
		vmx->host_fs = fs;
		vmcs_writen(HOST_FS_BASE, fs);
	}
	vmx->host_kernel_gs = vmx_rdmsr(MSR_KERNEL_GS_BASE);
	vmx_wrmsr(MSR_KERNEL_GS_BASE, vmx->kernel_gs);
}

static void leave_segments(struct vmx_vcpu *vmx)
{
	vmx->kernel_gs = vmx_rdmsr(MSR_KERNEL_GS_BASE);
	if (unlikely(vmx->host_fs_sel | vmx->host_gs_sel | vmx->host_ds_sel | vmx->host_es_sel)) {
		loadsegment(ds, vmx->host_ds_sel);
		loadsegment(es, vmx->host_es_sel);
		loadsegment(fs, vmx->host_fs_sel);
		write_fs_base(vmx->host_fs);
		/* Changes what is KERNEL_GS_BASE now. */
		load_gs_index(vmx->host_gs_sel);
	}
	vmx_wrmsr(MSR_KERNEL_GS_BASE, vmx->host_kernel_gs);
}

/* What a program of the guest's reaches by SYSCALL: see vmx_state_syscall(). */
static void enter_syscall(struct vmx_vcpu *vmx)
{
	const u64 *host = this_cpu_ptr(&vmx_host)->syscall;
	int i;

	for (i = 0; i < VMX_SYSCALL_MSRS; i++)
		if (vmx->syscall[i] != host[i])
			vmx_wrmsr(MSR_STAR + i, vmx->syscall[i]);
}

static void leave_syscall(struct vmx_vcpu *vmx)
{
	const u64 *host = this_cpu_ptr(&vmx_host)->syscall;
	int i;

	for (i = 0; i < VMX_SYSCALL_MSRS; i++)
		if (vmx->syscall[i] != host[i])
			vmx_wrmsr(MSR_STAR + i, host[i]);
}

/* The registers that user space wrote go into the VMCS: RFLAGS if bit 1 says so. */
static void take_flags(struct zx_cpu *cpu, struct vmx_vcpu *vmx)
{
	u64 flags = READ_ONCE(cpu->page->regs.rflags);

	if (!(flags & X86_EFLAGS_FIXED) || !((vmx->rflags ^ flags) & ZX_VCPU_RFLAGS_USER))
		return;
	vmx_state_flags(vmx, (vmx->rflags & ~ZX_VCPU_RFLAGS_USER) |
			     (flags & ZX_VCPU_RFLAGS_USER));
}

static void load(struct zx_cpu *cpu)
{
	struct vmx_vcpu *vmx = vmx_of(cpu);

	cpu->opened = true;
	enter_segments(vmx);
	if (vmx->syscall_live)
		enter_syscall(vmx);
	zx_msr_enter(cpu);
	take_flags(cpu, vmx);
}

static void put(struct zx_cpu *cpu)
{
	struct vmx_vcpu *vmx = vmx_of(cpu);

	zx_msr_leave(cpu);
	if (vmx->syscall_live)
		leave_syscall(vmx);
	leave_segments(vmx);
	zx_debug_put();
	/* Exits set the limits of the GDT and the TSS: SDM 3, 28.5.2. */
	native_load_gdt(this_cpu_ptr(&vmx_host.gdt));
	invalidate_tss_limit();
	cpu->page->regs.rflags = vmx->rflags & ZX_VCPU_RFLAGS_USER;
	cpu->page->rip = cpu->rip;
	zx_exit_to_user();
}

/* Translations of this VCPU are stale, or the whole space's are. */
static void check_flush(struct zx_cpu *cpu, struct vmx_vcpu *vmx)
{
	u64 gen = atomic64_read(&cpu->gpas->tlb_gen);

	if (likely(!cpu->flush && cpu->space.tlb_seen == gen))
		return;
	cpu->flush = false;
	cpu->space.tlb_seen = gen;
	vmx_host_flush(vmx);
}

/* An instruction was stepped over, and with it the shadow of the one before. */
static void move_rip(struct zx_cpu *cpu, struct vmx_vcpu *vmx)
{
	u32 info = vmcs_read32(GUEST_INTERRUPTIBILITY_INFO);

	vmx->rip = cpu->rip;
	vmcs_writen(GUEST_RIP, vmx->rip);
	/* An access that was served has left RF set, which is not for the next instruction. */
	if (unlikely(vmx->dr7 & ZX_DR7_ENABLED && vmx->rflags & X86_EFLAGS_RF))
		vmx_state_flags(vmx, vmx->rflags & ~X86_EFLAGS_RF);
	if (likely(!(info & (GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS))))
		return;
	vmcs_write32(GUEST_INTERRUPTIBILITY_INFO,
		     info & ~(GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS));
	vmcs_writen(GUEST_PENDING_DBG_EXCEPTIONS, 0);
}

/* Exits leave LDTR and DEBUGCTL empty (SDM 3, 28.5), and handlers of the host's change them. */
static void restore_host(struct vmx_vcpu *vmx)
{
	if (unlikely(vmx->host_ldt))
		asm volatile("lldt %0" : : "m"(vmx->host_ldt));
	if (unlikely(vmx->host_debugctl))
		vmx_wrmsr(MSR_IA32_DEBUGCTLMSR, vmx->host_debugctl);
	if (unlikely(vmx->host_pebs))
		vmx_wrmsr(MSR_IA32_PEBS_ENABLE, vmx->host_pebs);
}

static bool enter(struct zx_cpu *cpu, struct vmx_vcpu *vmx)
{
	return vmx_enter(&cpu->page->regs, &vmx->host_rsp, vmx->launched);
}

/* Out of line: an array on the stack costs those who have none of these. */
static noinline bool enter_with_breakpoints(struct zx_cpu *cpu, struct vmx_vcpu *vmx)
{
	u64 saved[4];
	bool ran;

	zx_debug_enter(cpu, saved);
	ran = enter(cpu, vmx);
	zx_debug_leave(saved);
	return ran;
}

/* CR2 is not in the VMCS. The CPU finds TPR where the APIC has it. */
static void run(struct zx_cpu *cpu)
{
	struct vmx_vcpu *vmx = vmx_of(cpu);
	struct zx_vcpu_regs *regs = &cpu->page->regs;
	bool ran;

	if (unlikely(cpu->opened)) {
		cpu->opened = false;
		sample_host(vmx);
	}
	check_flush(cpu, vmx);
	if (cpu->rip != vmx->rip)
		move_rip(cpu, vmx);
	if (regs->rsp != vmx->rsp) {
		vmx->rsp = READ_ONCE(regs->rsp);
		vmcs_writen(GUEST_RSP, vmx->rsp);
	}
	if (unlikely(vmx->cr2 != native_read_cr2()))
		native_write_cr2(vmx->cr2);
	/* Its records would go to the host's addresses, through the guest's page tables. */
	if (unlikely(vmx->host_pebs))
		vmx_wrmsr(MSR_IA32_PEBS_ENABLE, 0);

	ran = likely(!(vmx->dr7 & ZX_DR7_ENABLED)) ? enter(cpu, vmx) :
						     enter_with_breakpoints(cpu, vmx);
	zx_restrict_speculation();
	restore_host(vmx);
	if (unlikely(!ran)) {
		vmx_exit_refused(cpu->exit);
		return;
	}
	vmx->cr2 = native_read_cr2();
	vmx->rip = vmcs_readn(GUEST_RIP);
	vmx->rsp = vmcs_readn(GUEST_RSP);
	vmx->rflags = vmcs_readn(GUEST_RFLAGS);
	cpu->rip = vmx->rip;
	regs->rsp = vmx->rsp;
	cpu->stepping = vmx->rflags & X86_EFLAGS_TF;
	vmx_exit_decode(cpu, cpu->exit);
}

#define EPT_R	BIT_ULL(0)
#define EPT_W	BIT_ULL(1)
#define EPT_X	BIT_ULL(2)
#define EPT_LARGE	BIT_ULL(7)
#define EPT_TYPE(type)	((u64)(type) << VMX_EPT_MT_EPTE_SHIFT)

/* Memory types as PAT has them: UC 0, WC 1, WB 6 (SDM 3, 29.3.7.2). */
struct zx_npt_format vmx_ept_format = {
	.present = EPT_R | EPT_W | EPT_X,
	.table = EPT_R | EPT_W | EPT_X,
	.large = EPT_LARGE,
	.perm = {
		[ZX_PERM_READ] = EPT_R,
		[ZX_PERM_READ | ZX_PERM_WRITE] = EPT_R | EPT_W,
		[ZX_PERM_READ | ZX_PERM_EXEC] = EPT_R | EPT_X,
		[ZX_PERM_READ | ZX_PERM_WRITE | ZX_PERM_EXEC] = EPT_R | EPT_W | EPT_X,
	},
	.type = {
		[ZX_MEM_WRITE_BACK] = EPT_TYPE(6),
		[ZX_MEM_UNCACHED] = EPT_TYPE(0),
		[ZX_MEM_WRITE_COMBINING] = EPT_TYPE(1),
	},
};

const struct zx_backend zx_vmx_backend = {
	.name = "vmx",
	.rival = "kvm_intel",
	.npt = &vmx_ept_format,
	.refusal = vmx_refusal,
	.init = vmx_init,
	.exit = vmx_exit,
	.host_on = vmx_host_on,
	.host_off = vmx_host_off,
	.vcpu_init = vcpu_init,
	.vcpu_fini = vcpu_fini,
	.reset = vmx_vmcs_reset,
	.hold = hold,
	.load = load,
	.put = put,
	.run = run,
	.get = vmx_get,
	.set = vmx_set,
	.inject = vmx_inject,
	.window = vmx_window,
};
