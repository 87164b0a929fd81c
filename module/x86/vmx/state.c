// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VCPU's state in its VMCS, and what is asked of its next entry.
 */
#include <asm/msr-index.h>

#include "../../compat.h"
#include "vmx.h"

#define CACHE_BITS	(X86_CR0_CD | X86_CR0_NW)
#define SHADOWS		(GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS)
#define PENDING_BS	BIT_ULL(14)

static enum zx_code_size code_size(struct vmx_vcpu *vmx)
{
	u32 rights = vmcs_read32(GUEST_CS_AR_BYTES);

	if (rights & VMX_AR_L_MASK && vmx->efer & EFER_LMA)
		return ZX_CODE_64;
	return rights & VMX_AR_DB_MASK ? ZX_CODE_32 : ZX_CODE_16;
}

/* Out of line: get() is on the way of every exit. */
static noinline u64 segment_part(unsigned int reg)
{
	unsigned long nr = reg / ZX_SEGMENT_PARTS;

	switch (reg % ZX_SEGMENT_PARTS) {
	case ZX_SEGMENT_BASE:
		return vmcs_readn(GUEST_ES_BASE + 2 * nr);
	case ZX_SEGMENT_LIMIT:
		return vmcs_read32(GUEST_ES_LIMIT + 2 * nr);
	case ZX_SEGMENT_ACCESS:
		return vmcs_read32(GUEST_ES_AR_BYTES + 2 * nr);
	default:
		return vmcs_read16(GUEST_ES_SELECTOR + 2 * nr);
	}
}

void vmx_state_no_shadow(void)
{
	u32 info = vmcs_read32(GUEST_INTERRUPTIBILITY_INFO);

	if (info & SHADOWS)
		vmcs_write32(GUEST_INTERRUPTIBILITY_INFO, info & ~SHADOWS);
}

/*
 * Single step and a shadow at once are possible only with a trap pending (SDM 3,
 * 27.3.1.5), as hardware leaves them. If it is switched meanwhile, the shadow goes
 * or the trap: what is stepped is the next instruction.
 */
void vmx_state_flags(struct vmx_vcpu *vmx, u64 flags)
{
	bool switched = (vmx->rflags ^ flags) & X86_EFLAGS_TF;

	vmx->rflags = flags;
	vmcs_writen(GUEST_RFLAGS, flags);
	if (likely(!switched))
		return;
	if (flags & X86_EFLAGS_TF)
		vmx_state_no_shadow();
	else
		vmcs_writen(GUEST_PENDING_DBG_EXCEPTIONS,
			    vmcs_readn(GUEST_PENDING_DBG_EXCEPTIONS) & ~PENDING_BS);
}

u64 vmx_get(struct zx_cpu *cpu, enum zx_reg reg)
{
	struct vmx_vcpu *vmx = vmx_of(cpu);

	switch (reg) {
	case ZX_REG_CR0:
		return vmcs_readn(CR0_READ_SHADOW);
	case ZX_REG_CR3:
		return vmcs_readn(GUEST_CR3);
	case ZX_REG_CR4:
		return vmcs_readn(CR4_READ_SHADOW);
	case ZX_REG_EFER:
		return vmx->efer;
	case ZX_REG_RFLAGS:
		return vmx->rflags;
	case ZX_REG_DR6:
		return vmx->dr6;
	case ZX_REG_DR7:
		return vmx->dr7;
	case ZX_REG_PAT:
		return vmcs_read64(GUEST_IA32_PAT);
	case ZX_REG_CPL:
		return VMX_AR_DPL(vmcs_read32(GUEST_SS_AR_BYTES));
	case ZX_REG_CODE_SIZE:
		return code_size(vmx);
	case ZX_REG_CS_LONG:
		return !!(vmcs_read32(GUEST_CS_AR_BYTES) & VMX_AR_L_MASK);
	case ZX_REG_CS_BASE:
		return vmcs_readn(GUEST_CS_BASE);
	case ZX_REG_SHADOW:
		return cpu->rip == vmx->rip &&
		       vmcs_read32(GUEST_INTERRUPTIBILITY_INFO) & SHADOWS;
	case ZX_REG_SYSENTER_CS:
		return vmcs_read32(GUEST_SYSENTER_CS);
	case ZX_REG_CR2:
		return vmx->cr2;
	case ZX_REG_STAR ... ZX_REG_FMASK:
		return vmx->syscall[reg - ZX_REG_STAR];
	default:
		return segment_part(reg - ZX_REG_SEGMENT);
	}
}

/* CD and NW stay out of the CPU: a guest must not slow down its neighbours. */
static void set_cr0(u64 value)
{
	vmcs_writen(CR0_READ_SHADOW, value);
	vmcs_writen(GUEST_CR0, (value & ~CACHE_BITS) | vmx_caps.cr0_fixed);
}

/* A machine check in a guest without MCE would be a shutdown: the host's bit stays on. */
static void set_cr4(u64 value)
{
	vmcs_writen(CR4_READ_SHADOW, value);
	vmcs_writen(GUEST_CR4, value | vmx_caps.cr4_fixed | (__read_cr4() & X86_CR4_MCE));
}

/*
 * A guest starts without SYSCALL and with all accesses to its MSRs intercepted, so
 * that they need no switching: until it writes one, or raises a #UD that may be
 * SYSCALL's. From then on they are the guest's in the CPU during a burst.
 */
static void write_efer(struct vmx_vcpu *vmx)
{
	vmcs_write64(GUEST_IA32_EFER, vmx->efer & ~(vmx->syscall_live ? 0 : EFER_SCE));
}

static void write_bitmap(struct vmx_vcpu *vmx)
{
	vmcs_write64(MSR_BITMAP, vmx_msr_bitmap_pa[(vmx->syscall_live ? VMX_MSRS_SYSCALL : 0) +
						   (vmx->virtual ? VMX_MSRS_APIC : 0)]);
}

void vmx_state_syscall(struct vmx_vcpu *vmx)
{
	int i;

	vmx->syscall_live = true;
	write_bitmap(vmx);
	write_efer(vmx);
	for (i = 0; i < VMX_SYSCALL_MSRS; i++)
		vmx_wrmsr(MSR_STAR + i, vmx->syscall[i]);
}

static void set_efer(struct vmx_vcpu *vmx, u64 value)
{
	vmx->efer = value;
	write_efer(vmx);
	vmcs_write32(VM_ENTRY_CONTROLS,
		     vmx_caps.entry | (value & EFER_LMA ? VM_ENTRY_IA32E_MODE : 0));
}

/* The access was an exit of a burst. */
static void set_syscall(struct vmx_vcpu *vmx, unsigned int nr, u64 value)
{
	vmx->syscall[nr] = value;
	if (vmx->syscall_live)
		vmx_wrmsr(MSR_STAR + nr, value);
	else
		vmx_state_syscall(vmx);
}

u32 vmx_state_secondary(struct vmx_vcpu *vmx)
{
	return (vmx_caps.secondary & (vmx->vpid ? ~0u : ~SECONDARY_EXEC_ENABLE_VPID)) |
	       (vmx->virtual ? vmx_caps.virtual_apic : 0);
}

static void set_virtual_apic(struct vmx_vcpu *vmx, bool on)
{
	vmx->virtual = on;
	vmcs_write32(SECONDARY_VM_EXEC_CONTROL, vmx_state_secondary(vmx));
	write_bitmap(vmx);
}

/*
 * What is requested and what is serviced (RVI and SVI: SDM 3, 25.4.2), where 0 is
 * nothing; and whose EOI exits.
 */
static void write_virtual_status(struct vmx_vcpu *vmx, const struct zx_apic *apic)
{
	int requested = max(zx_apic_highest_irr(apic), 0);
	int serviced = max(zx_apic_highest_isr(apic), 0);
	unsigned int i;
	u64 levels;

	vmcs_write16(GUEST_INTR_STATUS, requested | serviced << 8);
	vmx->serviced = serviced;
	for (i = 0; i < ARRAY_SIZE(vmx->eoi_exits); i++) {
		levels = zx_apic_levels(apic, i);
		if (likely(vmx->eoi_exits[i] == levels))
			continue;
		vmx->eoi_exits[i] = levels;
		vmcs_write64(EOI_EXIT_BITMAP0 + 2ul * i, levels);
	}
}

/* Those of which nothing follows. */
static void set_field(enum zx_reg reg, u64 value)
{
	switch (reg) {
	case ZX_REG_CR3:
		vmcs_writen(GUEST_CR3, value);
		break;
	case ZX_REG_PAT:
		vmcs_write64(GUEST_IA32_PAT, value);
		break;
	case ZX_REG_SYSENTER_ESP:
		vmcs_writen(GUEST_SYSENTER_ESP, value);
		break;
	case ZX_REG_SYSENTER_EIP:
		vmcs_writen(GUEST_SYSENTER_EIP, value);
		break;
	case ZX_REG_TSC_OFFSET:
		vmcs_write64(TSC_OFFSET, value);
		break;
	case ZX_REG_FLAT_CODE:
		vmx_vmcs_flat(value);
		break;
	case ZX_REG_PDPTE ... ZX_REG_PDPTE_LAST:
		vmcs_write64(GUEST_PDPTR0 + 2ul * (reg - ZX_REG_PDPTE), value);
		break;
	default:
		break;
	}
}

void vmx_set(struct zx_cpu *cpu, enum zx_reg reg, u64 value)
{
	struct vmx_vcpu *vmx = vmx_of(cpu);

	switch (reg) {
	case ZX_REG_CR0:
		set_cr0(value);
		break;
	case ZX_REG_CR4:
		set_cr4(value);
		break;
	case ZX_REG_EFER:
		set_efer(vmx, value);
		break;
	case ZX_REG_RFLAGS:
		vmx_state_flags(vmx, value);
		break;
	case ZX_REG_DR6:
		vmx->dr6 = value;
		break;
	case ZX_REG_DR7:
		vmx->dr7 = value;
		vmcs_writen(GUEST_DR7, value);
		break;
	case ZX_REG_CR2:
		vmx->cr2 = value;
		break;
	case ZX_REG_STAR ... ZX_REG_FMASK:
		set_syscall(vmx, reg - ZX_REG_STAR, value);
		break;
	case ZX_REG_VIRTUAL_APIC:
		set_virtual_apic(vmx, value);
		break;
	case ZX_REG_VIRTUAL_STATUS:
		write_virtual_status(vmx, &cpu->apic);
		break;
	default:
		set_field(reg, value);
	}
}

void vmx_inject(struct zx_cpu *cpu, enum zx_inject kind, const struct zx_fault *event)
{
	struct vmx_vcpu *vmx = vmx_of(cpu);
	u32 info = INTR_INFO_VALID_MASK;

	switch (kind) {
	case ZX_INJECT_IRQ:
		info |= INTR_TYPE_EXT_INTR | event->vector;
		break;
	case ZX_INJECT_NMI:
		info |= INTR_TYPE_NMI_INTR | 2;
		vmx->nmi_watch = true;
		vmx_window(cpu, vmx->prio);
		break;
	case ZX_INJECT_EXCEPTION:
		info |= INTR_TYPE_HARD_EXCEPTION | event->vector;
		/* In real mode there are none. */
		if (event->has_error && vmx_get(cpu, ZX_REG_CR0) & X86_CR0_PE) {
			info |= INTR_INFO_DELIVER_CODE_MASK;
			vmcs_write32(VM_ENTRY_EXCEPTION_ERROR_CODE, event->error);
		}
		break;
	}
	vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, info);
	vmx->injected = true;
}

/*
 * What CR8 holds back, a write of CR8 may let in: that is the TPR threshold's exit,
 * or without it the write itself. The threshold must not be above TPR (SDM 3,
 * 27.2.1.1).
 */
void vmx_window(struct zx_cpu *cpu, unsigned int prio)
{
	unsigned int tpr = zx_apic_get_cr8(&cpu->apic);
	struct vmx_vcpu *vmx = vmx_of(cpu);
	u32 controls = vmx->controls & ~(CPU_BASED_INTR_WINDOW_EXITING |
					 CPU_BASED_NMI_WINDOW_EXITING);

	vmx->prio = prio;
	/* NMIs' may be open in STI's shadow already; IF is set there, so interrupts' will do. */
	if (prio == ZX_PRIO_NMI && vmcs_read32(GUEST_INTERRUPTIBILITY_INFO) & GUEST_INTR_STATE_STI)
		controls |= CPU_BASED_INTR_WINDOW_EXITING;
	else if (prio == ZX_PRIO_NMI)
		controls |= CPU_BASED_NMI_WINDOW_EXITING;
	else if (prio > tpr)
		controls |= CPU_BASED_INTR_WINDOW_EXITING;
	if (vmx->nmi_watch)
		controls |= CPU_BASED_NMI_WINDOW_EXITING;
	if (controls != vmx->controls) {
		vmx->controls = controls;
		vmcs_write32(CPU_BASED_VM_EXEC_CONTROL, controls);
	}
	if (vmx_caps.tpr_shadow)
		vmcs_write32(TPR_THRESHOLD, prio <= tpr ? prio : 0);
}
