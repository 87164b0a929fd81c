// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VCPU's state in its VMCB, and what is asked of its next entry.
 */
#include "svm.h"

#define CACHE_BITS	(X86_CR0_CD | X86_CR0_NW)

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

u64 svm_get(struct zx_cpu *cpu, enum zx_reg reg)
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

void svm_set(struct zx_cpu *cpu, enum zx_reg reg, u64 value)
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
	case ZX_REG_TSC_OFFSET:
		svm->vmcb->control.tsc_offset = value;
		svm_dirty(svm, SVM_CLEAN_INTERCEPTS);
		return;
	case ZX_REG_FLAT_CODE:
		svm_vmcb_flat(svm, value);
		return;
	default:
		return;
	}
	svm_dirty(svm, SVM_CLEAN_CR | SVM_CLEAN_DR | SVM_CLEAN_NP);
}

void svm_inject(struct zx_cpu *cpu, enum zx_inject kind, const struct zx_fault *event)
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
void svm_window(struct zx_cpu *cpu, unsigned int prio)
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
