// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VCPU on SVM: its life, its bursts, its registers, and the door's table.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/slab.h>

#include <asm/msr-index.h>

#include "../../compat.h"
#include "../../hv/host.h"
#include "svm.h"

#define CACHE_BITS	(X86_CR0_CD | X86_CR0_NW)

static int vcpu_init(struct zx_cpu *cpu, bool bsp, u64 entry)
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
	svm_vmcb_init(svm->vmcb, cpu, bsp, entry);
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
	zx_msr_enter(cpu);
	take_flags(cpu, &svm->vmcb->save);
}

static void put(struct zx_cpu *cpu)
{
	struct svm_save *save = &svm_of(cpu)->vmcb->save;

	zx_msr_leave(cpu);
	/* #VMEXIT leaves the guest's DR6: APM 2, 15.6. */
	if (unlikely(save->dr6 != DR6_RESERVED))
		set_debugreg(DR6_RESERVED, 6);
	zx_debug_put();
	cpu->page->regs.rflags = save->rflags & ZX_VCPU_RFLAGS_USER;
	cpu->page->rip = cpu->rip;
	zx_exit_to_user();
}

/* Translations of this VCPU are stale, or the whole space's are. */
static void check_flush(struct zx_cpu *cpu, struct svm_vcpu *svm)
{
	u64 gen = atomic64_read(&cpu->gpas->tlb_gen);

	if (likely(!cpu->flush && cpu->space.tlb_seen == gen && zx_asid)) {
		svm->vmcb->control.tlb_control = SVM_TLB_KEEP;
		return;
	}
	cpu->flush = false;
	cpu->space.tlb_seen = gen;
	svm_host_asid(svm);
}

static void enter(struct zx_cpu *cpu, struct svm_vcpu *svm)
{
	phys_addr_t host = __this_cpu_read(svm_host.area_pa);
	u64 saved[4];

	if (likely(!(svm->vmcb->save.dr7 & ZX_DR7_ENABLED))) {
		svm_enter(&cpu->page->regs, svm->vmcb_pa, host);
		return;
	}
	zx_debug_enter(cpu, saved);
	svm_enter(&cpu->page->regs, svm->vmcb_pa, host);
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
static void run(struct zx_cpu *cpu, struct zx_exit *exit)
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
	amd_clear_divider();
	enter(cpu, svm);
	regs->rax = save->rax;
	regs->rsp = save->rsp;
	cpu->rip = save->rip;
	cpu->stepping = save->rflags & X86_EFLAGS_TF;
	c->event = 0;
	c->clean = SVM_CLEAN_ALL;
	if (unlikely((c->vintr & SVM_VINTR_TPR) != cr8))
		zx_apic_set_cr8(&cpu->apic, c->vintr & SVM_VINTR_TPR);
	if (unlikely(svm->watch))
		watch(cpu, svm);
	svm_exit_decode(cpu, exit);
}

static enum zx_code_size code_size(const struct svm_save *save)
{
	if (save->cs.attrib & SVM_ATTRIB_L && save->efer & EFER_LMA)
		return ZX_CODE_64;
	return save->cs.attrib & SVM_ATTRIB_DB ? ZX_CODE_32 : ZX_CODE_16;
}

static const struct svm_segment *segment(const struct svm_save *save, enum zx_segment nr)
{
	switch (nr) {
	case ZX_SEGMENT_ES ... ZX_SEGMENT_GS:
		return &save->es + nr;
	case ZX_SEGMENT_LDTR:
		return &save->ldtr;
	default:
		return &save->tr;
	}
}

/*
 * Its attributes leave out the limit's bits 19:16, which stand in a descriptor's
 * 11:8. Out of line: get() is on the way of every exit.
 */
static noinline u64 segment_part(const struct svm_save *save, unsigned int reg)
{
	const struct svm_segment *s = segment(save, reg / ZX_SEGMENT_PARTS);

	switch (reg % ZX_SEGMENT_PARTS) {
	case ZX_SEGMENT_BASE:
		return s->base;
	case ZX_SEGMENT_LIMIT:
		return s->limit;
	case ZX_SEGMENT_ACCESS:
		return (s->attrib & 0xff) | (s->attrib & 0xf00) << 4 |
		       (s->attrib & SVM_ATTRIB_P ? 0 : ZX_SEGMENT_UNUSABLE);
	default:
		return s->selector;
	}
}

static u64 get(struct zx_cpu *cpu, enum zx_reg reg)
{
	struct svm_vmcb *vmcb = svm_of(cpu)->vmcb;

	switch (reg) {
	case ZX_REG_CR0:
		return vmcb->save.cr0 | cpu->cr0_cache_bits;
	case ZX_REG_CR3:
		return vmcb->save.cr3;
	case ZX_REG_CR4:
		return (vmcb->save.cr4 & ~X86_CR4_MCE) | svm_of(cpu)->cr4_mce;
	case ZX_REG_EFER:
		return vmcb->save.efer & ~EFER_SVME;
	case ZX_REG_RFLAGS:
		return vmcb->save.rflags;
	case ZX_REG_DR6:
		return vmcb->save.dr6;
	case ZX_REG_DR7:
		return vmcb->save.dr7;
	case ZX_REG_PAT:
		return vmcb->save.pat;
	case ZX_REG_CPL:
		return vmcb->save.cpl;
	case ZX_REG_CODE_SIZE:
		return code_size(&vmcb->save);
	case ZX_REG_CS_LONG:
		return !!(vmcb->save.cs.attrib & SVM_ATTRIB_L);
	case ZX_REG_CS_BASE:
		return vmcb->save.cs.base;
	case ZX_REG_SHADOW:
		return cpu->rip == vmcb->save.rip && vmcb->control.shadow & SVM_SHADOW_ACTIVE;
	case ZX_REG_SYSENTER_CS:
		return vmcb->save.sysenter_cs;
	case ZX_REG_CR2:
		return vmcb->save.cr2;
	default:
		return segment_part(&vmcb->save, reg - ZX_REG_SEGMENT);
	}
}

/* CD and NW stay out of the CPU: a guest must not slow down its neighbours. */
static void set_cr0(struct zx_cpu *cpu, struct svm_vmcb *vmcb, u64 value)
{
	cpu->cr0_cache_bits = value & CACHE_BITS;
	vmcb->save.cr0 = value & ~CACHE_BITS;
	vmcb->control.cr_read &= ~BIT(0);
	vmcb->control.cr_read |= cpu->cr0_cache_bits ? BIT(0) : 0;
	svm_dirty(svm_of(cpu), SVM_CLEAN_INTERCEPTS);
}

/* A machine check in a guest without MCE would be a shutdown: the host's bit stays on. */
static void set_cr4(struct svm_vcpu *svm, u64 value)
{
	struct svm_vmcb *vmcb = svm->vmcb;

	svm->cr4_mce = value & X86_CR4_MCE;
	vmcb->save.cr4 = value | (__read_cr4() & X86_CR4_MCE);
	vmcb->control.cr_read &= ~BIT(4);
	vmcb->control.cr_read |= (vmcb->save.cr4 ^ value) ? BIT(4) : 0;
	svm_dirty(svm, SVM_CLEAN_INTERCEPTS);
}

static void set(struct zx_cpu *cpu, enum zx_reg reg, u64 value)
{
	struct svm_vcpu *svm = svm_of(cpu);
	struct svm_save *save = &svm->vmcb->save;

	switch (reg) {
	case ZX_REG_CR0:
		set_cr0(cpu, svm->vmcb, value);
		break;
	case ZX_REG_CR3:
		save->cr3 = value;
		break;
	case ZX_REG_CR4:
		set_cr4(svm, value);
		break;
	case ZX_REG_EFER:
		save->efer = value | EFER_SVME;
		break;
	case ZX_REG_RFLAGS:
		save->rflags = value;
		return;
	case ZX_REG_DR6:
		save->dr6 = value;
		break;
	case ZX_REG_DR7:
		save->dr7 = value;
		break;
	case ZX_REG_PAT:
		save->pat = value;
		break;
	case ZX_REG_CR2:
		save->cr2 = value;
		svm_dirty(svm, SVM_CLEAN_CR2);
		return;
	case ZX_REG_SYSENTER_ESP:
		save->sysenter_esp = value;
		return;
	case ZX_REG_SYSENTER_EIP:
		save->sysenter_eip = value;
		svm->watch |= SVM_WATCH_SYSENTER;
		return;
	case ZX_REG_FLAT_CODE:
		svm_vmcb_flat(svm, value);
		return;
	default:
		return;
	}
	svm_dirty(svm, SVM_CLEAN_CR | SVM_CLEAN_DR | SVM_CLEAN_NP);
}

static void inject(struct zx_cpu *cpu, enum zx_inject kind, const struct zx_fault *event)
{
	struct svm_vcpu *svm = svm_of(cpu);
	struct svm_control *c = &svm->vmcb->control;

	switch (kind) {
	case ZX_INJECT_IRQ:
		c->event = SVM_EVENT_VALID | SVM_EVENT_IRQ | event->vector;
		break;
	case ZX_INJECT_NMI:
		c->event = SVM_EVENT_VALID | SVM_EVENT_NMI | 2;
		c->intercepts1 |= SVM_I1_IRET;
		svm_dirty(svm, SVM_CLEAN_INTERCEPTS);
		break;
	case ZX_INJECT_EXCEPTION:
		c->event = SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | event->vector;
		/* In real mode there are none. */
		if (event->has_error && svm->vmcb->save.cr0 & X86_CR0_PE)
			c->event |= SVM_EVENT_ERROR | (u64)event->error << SVM_EVENT_CODE_SHIFT;
		break;
	}
}

/*
 * A virtual interrupt that is never delivered: its VINTR intercept comes first
 * (APM 2, 15.21.4).
 */
static void window(struct zx_cpu *cpu, unsigned int prio)
{
	struct svm_vcpu *svm = svm_of(cpu);
	struct svm_control *c = &svm->vmcb->control;

	c->vintr &= ~(SVM_VINTR_IRQ | SVM_VINTR_PRIO | SVM_VINTR_IGNORE_TPR);
	c->intercepts1 &= ~SVM_I1_VINTR;
	/* What CR8 holds back, a write of CR8 may let in. */
	c->cr_write = prio ? c->cr_write | BIT(8) : c->cr_write & ~BIT(8);
	if (prio > zx_apic_get_cr8(&cpu->apic)) {
		c->vintr |= SVM_VINTR_IRQ | (u64)min(prio, 15u) << SVM_VINTR_PRIO_SHIFT;
		c->vintr |= prio > 15 ? SVM_VINTR_IGNORE_TPR : 0;
		c->intercepts1 |= SVM_I1_VINTR;
	}
	svm_dirty(svm, SVM_CLEAN_VINTR | SVM_CLEAN_INTERCEPTS);
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
	.hold = hold,
	.load = load,
	.put = put,
	.run = run,
	.get = get,
	.set = set,
	.inject = inject,
	.window = window,
};
