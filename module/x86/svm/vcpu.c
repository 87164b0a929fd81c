// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VCPU on SVM: its life, its bursts, and the door's table.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/slab.h>

#include <asm/msr-index.h>

#include "../../compat.h"
#include "../../hv/host.h"
#include "svm.h"

static int vcpu_init(struct zx_cpu *cpu)
{
	struct svm_vcpu *svm = kzalloc(sizeof(*svm), GFP_KERNEL_ACCOUNT);

	if (!svm)
		return -ENOMEM;
	svm->vmcb = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!svm->vmcb) {
		kfree(svm);
		return -ENOMEM;
	}
	svm->vmcb_pa = virt_to_phys(svm->vmcb);
	svm->cpu = -1;
	cpu->hw = svm;
	svm_vmcb_init(svm->vmcb, cpu);
	return 0;
}

static void vcpu_fini(struct zx_cpu *cpu)
{
	struct svm_vcpu *svm = svm_of(cpu);

	free_page((unsigned long)svm->vmcb);
	kfree(svm);
}

static inline void vmsave(phys_addr_t pa)
{
	asm volatile("vmsave %0" : : "a"(pa) : "memory");
}

/* The registers that user space wrote go into the VMCB: RFLAGS if bit 1 says so. */
static void take_flags(struct zx_cpu *cpu, struct svm_save *save)
{
	u64 flags = READ_ONCE(cpu->page->regs.rflags);

	if (flags & X86_EFLAGS_FIXED)
		save->rflags = (save->rflags & ~ZX_VCPU_RFLAGS_USER) |
			       (flags & ZX_VCPU_RFLAGS_USER);
}

static void hold(struct zx_cpu *cpu)
{
	struct svm_vcpu *svm = svm_of(cpu);

	if (svm->cpu != smp_processor_id()) {
		svm_dirty(svm, SVM_CLEAN_ALL);
		cpu->flush = true;
	}
}

static void load(struct zx_cpu *cpu)
{
	struct svm_host *host = this_cpu_ptr(&svm_host);
	struct svm_vcpu *svm = svm_of(cpu);

	if (unlikely(svm->asid_gen != host->asid_gen))
		cpu->flush = true;
	vmsave(host->area_pa);
	take_flags(cpu, &svm->vmcb->save);
	zx_msr_enter(cpu);
}

static noinline void put_debug(struct zx_cpu *cpu, const struct svm_save *save)
{
	if (save->dr6 != DR6_RESERVED)
		set_debugreg(DR6_RESERVED, 6);
	zx_debug_put();
	zx_msr_leave(cpu);
}

/* What calls stands last, and so needs no stack here. */
static void put(struct zx_cpu *cpu)
{
	const struct svm_save *save = &svm_of(cpu)->vmcb->save;
	struct zx_vcpu_page *page = cpu->page;

	page->regs.rflags = save->rflags & ZX_VCPU_RFLAGS_USER;
	page->rip = cpu->rip;
	zx_exit_to_user();
	/* #VMEXIT leaves the guest's DR6: APM 2, 15.6. */
	if (unlikely(save->dr6 != DR6_RESERVED || hw_breakpoint_active()))
		put_debug(cpu, save);
	else
		zx_msr_leave(cpu);
}

/* Translations of this VCPU are stale, or the whole space's are. */
static void check_flush(struct zx_cpu *cpu, struct svm_vcpu *svm)
{
	u64 gen = atomic64_read(&cpu->gpas->tlb_gen);

	if (likely(!cpu->flush && cpu->space.tlb_seen == gen))
		return;
	/* Without tags each entry has to, the next one as well. */
	cpu->flush = !zx_asid;
	cpu->space.tlb_seen = gen;
	svm_host_asid(svm);
}

static void enter(struct zx_cpu *cpu, struct svm_vcpu *svm)
{
	svm_enter(&cpu->page->regs, svm->vmcb_pa, __this_cpu_read(svm_host.area_pa));
}

/* Out of line: an array on the stack costs those who have none of these. */
static noinline void enter_with_breakpoints(struct zx_cpu *cpu, struct svm_vcpu *svm)
{
	u64 saved[4];

	zx_debug_enter(cpu, saved);
	enter(cpu, svm);
	zx_debug_leave(saved);
}

/*
 * Compatibility mode's SYSENTER is a #UD (APM 3), but not in QEMU (7.2), which then
 * leaves CS with L and D. No guest can do that on a CPU, and VMRUN refuses it (APM
 * 2, 15.5.1): L alone is what the instruction means.
 */
static void check_code_segment(struct svm_vcpu *svm)
{
	struct svm_segment *cs = &svm->vmcb->save.cs;
	const u16 both = SVM_ATTRIB_L | SVM_ATTRIB_DB;

	if ((cs->attrib & both) != both)
		return;
	cs->attrib &= ~SVM_ATTRIB_DB;
	svm_dirty(svm, SVM_CLEAN_SEG);
}

static void watch(struct zx_cpu *cpu, struct svm_vcpu *svm)
{
	if (svm->watch & SVM_WATCH_SYSENTER)
		check_code_segment(svm);
	if (svm->watch & SVM_WATCH_IRET && cpu->rip != svm->iret_rip) {
		svm->watch &= ~SVM_WATCH_IRET;
		cpu->irq.nmi_masked = false;
	}
}

/* CR8 lives in the CPU while the guest runs, and in the APIC otherwise. */
static void run(struct zx_cpu *cpu)
{
	struct svm_vcpu *svm = svm_of(cpu);
	struct svm_control *c = &svm->vmcb->control;
	struct svm_save *save = &svm->vmcb->save;
	struct zx_vcpu_regs *regs = &cpu->page->regs;
	u64 cr8 = zx_apic_get_cr8(&cpu->apic);

	/* An interrupt may have loaded another LDT (modify_ldt in another thread). */
	if (unlikely(cpu->opened)) {
		cpu->opened = false;
		vmsave(__this_cpu_read(svm_host.area_pa));
	}
	check_flush(cpu, svm);
	if (unlikely((c->vintr & SVM_VINTR_TPR) != cr8)) {
		c->vintr = (c->vintr & ~SVM_VINTR_TPR) | cr8;
		svm_dirty(svm, SVM_CLEAN_VINTR);
	}
	save->rax = regs->rax;
	save->rsp = regs->rsp;
	if (cpu->rip != save->rip) {
		save->rip = cpu->rip;
		c->shadow &= ~SVM_SHADOW_ACTIVE;
	}
	if (static_cpu_has_bug(X86_BUG_DIV0))
		amd_clear_divider();
	if (likely(!(save->dr7 & ZX_DR7_ENABLED)))
		enter(cpu, svm);
	else
		enter_with_breakpoints(cpu, svm);
	regs->rax = save->rax;
	regs->rsp = save->rsp;
	cpu->rip = save->rip;
	cpu->stepping = save->rflags & X86_EFLAGS_TF;
	c->event = 0;
	c->tlb_control = SVM_TLB_KEEP;
	c->clean = SVM_CLEAN_ALL;
	if (unlikely((c->vintr & SVM_VINTR_TPR) != cr8))
		zx_apic_set_cr8(&cpu->apic, c->vintr & SVM_VINTR_TPR);
	if (unlikely(svm->watch))
		watch(cpu, svm);
	svm_exit_decode(cpu, cpu->exit);
}

/* Present, writable, and user: the guest's accesses count as user's (APM 2, 15.25.5). */
#define NPT_P	BIT_ULL(0)
#define NPT_W	BIT_ULL(1)
#define NPT_U	BIT_ULL(2)
#define NPT_PWT	BIT_ULL(3)
#define NPT_PCD	BIT_ULL(4)
#define NPT_PS	BIT_ULL(7)
#define NPT_NX	BIT_ULL(63)

struct zx_npt_format svm_npt_format = {
	.present = NPT_P,
	.table = NPT_P | NPT_W | NPT_U,
	.large = NPT_PS,
	.perm = {
		[ZX_PERM_READ] = NPT_P | NPT_U | NPT_NX,
		[ZX_PERM_READ | ZX_PERM_WRITE] = NPT_P | NPT_U | NPT_W | NPT_NX,
		[ZX_PERM_READ | ZX_PERM_EXEC] = NPT_P | NPT_U,
		[ZX_PERM_READ | ZX_PERM_WRITE | ZX_PERM_EXEC] = NPT_P | NPT_U | NPT_W,
	},
	/*
	 * Nested entries choose from the host's PAT (APM 2, 15.25.8), where Linux
	 * has UC at 3, whatever else is in it; init says where it has WC.
	 */
	.type[ZX_MEM_UNCACHED] = NPT_PWT | NPT_PCD,
};

const struct zx_backend zx_svm_backend = {
	.name = "svm",
	.rival = "kvm_amd",
	.npt = &svm_npt_format,
	.refusal = svm_refusal,
	.init = svm_init,
	.exit = svm_exit,
	.host_on = svm_host_on,
	.host_off = svm_host_off,
	.vcpu_init = vcpu_init,
	.vcpu_fini = vcpu_fini,
	.reset = svm_vmcb_reset,
	.hold = hold,
	.load = load,
	.put = put,
	.run = run,
	.get = svm_get,
	.set = svm_set,
	.inject = svm_inject,
	.window = svm_window,
};
