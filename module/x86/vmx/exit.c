// SPDX-License-Identifier: GPL-2.0-only
/*
 * From VMX's exit reasons to meaning.
 */
#include <asm/vmx.h>

#include "vmx.h"

#define REASON_FAILED_ENTRY	VMX_EXIT_REASONS_FAILED_VMENTRY
#define REASON_BASIC		0xffffu
#define REASON_GETSEC		11
/* In hw_exit: not an exit reason, but a VM-instruction error. */
#define CODE_REFUSED		BIT_ULL(32)

/* Exit qualifications: SDM 3, tables 28-1, 28-5 and 28-7. */
#define IO_SIZE		7u
#define IO_IN		BIT(3)
#define IO_STRING	BIT(4)
#define IO_PORT_SHIFT	16
#define EPT_WRITE	BIT(1)
#define EPT_FETCH	BIT(2)
#define EPT_LINEAR	BIT(7)		/* there is a linear address */
#define EPT_FINAL	BIT(8)		/* and it was translated */
#define NMI_UNBLOCKED	BIT(12)		/* by the IRET that exits; in all these places */
#define DB_BITS		0x600full	/* B0 to B3, BD, BS, as in DR6 */

#define MC_VECTOR	18
#define DR7_GD		BIT_ULL(13)

/* 0: not a length, so ask the decoder. */
static u8 inst_len(void)
{
	u32 len = vmcs_read32(VM_EXIT_INSTRUCTION_LEN);

	return len <= ZX_INST_MAX ? len : 0;
}

static void decode_io(struct zx_exit *exit)
{
	u64 info = vmcs_readn(EXIT_QUALIFICATION);

	exit->kind = ZX_EXIT_IO;
	exit->io.port = info >> IO_PORT_SHIFT;
	exit->io.size = (info & IO_SIZE) + 1;
	exit->io.in = info & IO_IN;
	exit->io.string = info & IO_STRING;
	exit->len = inst_len();
}

/* An IRET that faults has let NMIs in already: SDM 3, 28.2.3. */
static __always_inline void block_nmi_again(u64 info)
{
	if (unlikely(info & NMI_UNBLOCKED))
		vmcs_write32(GUEST_INTERRUPTIBILITY_INFO,
			     vmcs_read32(GUEST_INTERRUPTIBILITY_INFO) | GUEST_INTR_STATE_NMI);
}

/*
 * The access has not been made, so no step is done: SDM 3, 28.3.4. Bochs (2.7) says
 * that one is, and would deliver it before the instruction.
 */
static void forget_step(void)
{
	if (!(vmcs_read32(GUEST_INTERRUPTIBILITY_INFO) &
	      (GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS)))
		vmcs_writen(GUEST_PENDING_DBG_EXCEPTIONS, 0);
}

/*
 * The length field is not promised for these (SDM 3, 28.2.5), so it is left to
 * the decoder, which has to look at the instruction anyway.
 */
static noinline void decode_ept(struct zx_cpu *cpu, struct zx_exit *exit)
{
	u64 info = vmcs_readn(EXIT_QUALIFICATION);

	if (!cpu->irq.cut)
		block_nmi_again(info);
	if (unlikely(cpu->stepping))
		forget_step();
	exit->kind = ZX_EXIT_MEMORY;
	exit->len = 0;
	exit->mem.gpa = vmcs_read64(GUEST_PHYSICAL_ADDRESS);
	exit->mem.bytes = 0;
	/* Neither bit: MOV CR3 reads PAE's top entries. */
	exit->mem.walk = (info & (EPT_LINEAR | EPT_FINAL)) != (EPT_LINEAR | EPT_FINAL);
	exit->mem.access = info & EPT_FETCH ? ZX_PERM_READ | ZX_PERM_EXEC :
			   info & EPT_WRITE ? ZX_PERM_READ | ZX_PERM_WRITE : ZX_PERM_READ;
}

/* #DB, #UD, #AC: faults of the guest that become ours to deliver. */
static bool is_fault(u32 reason)
{
	u32 info;

	if (reason != EXIT_REASON_EXCEPTION_NMI)
		return false;
	info = vmcs_read32(VM_EXIT_INTR_INFO);
	return (info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_HARD_EXCEPTION &&
	       (info & INTR_INFO_VECTOR_MASK) != MC_VECTOR;
}

/*
 * The delivery that was cut short. Bochs (2.7) shows an older event here if it is that
 * of an interrupt which the CPU took from the local APIC (SDM 3, 28.2.4 wants the
 * interrupt): there, what has come into service since the last exit is taken for it.
 */
static u32 vectoring_info(struct vmx_vcpu *vmx)
{
	u32 event = vmcs_read32(IDT_VECTORING_INFO_FIELD);
	u8 before = vmx->serviced;

	if (likely(!vmx_caps.slice || !vmx->virtual))
		return event;
	vmx->serviced = vmcs_read16(GUEST_INTR_STATUS) >> 8;
	if (!(event & VECTORING_INFO_VALID_MASK) || vmx->injected || !vmx->serviced ||
	    vmx->serviced == before)
		return event;
	return VECTORING_INFO_VALID_MASK | INTR_TYPE_EXT_INTR | vmx->serviced;
}

/* The delivery that the exit cut short goes in again at the next entry. */
static void requeue_event(struct zx_cpu *cpu, u32 event, u32 reason)
{
	u32 type = event & INTR_INFO_INTR_TYPE_MASK;

	/* RIP is still on an INT n, INT1, INT3 or INTO: it runs again by itself. */
	if (type == INTR_TYPE_SOFT_INTR || type == INTR_TYPE_SOFT_EXCEPTION ||
	    type == INTR_TYPE_PRIV_SW_EXCEPTION)
		return;
	/* Of two faults the later is delivered; the first comes again by itself. */
	if (type == INTR_TYPE_HARD_EXCEPTION && is_fault(reason))
		return;
	/* An NMI blocks others once it is delivered, and must not be blocked before. */
	if (type == INTR_TYPE_NMI_INTR)
		vmcs_write32(GUEST_INTERRUPTIBILITY_INFO,
			     vmcs_read32(GUEST_INTERRUPTIBILITY_INFO) & ~GUEST_INTR_STATE_NMI);
	if (event & VECTORING_INFO_DELIVER_CODE_MASK)
		vmcs_write32(VM_ENTRY_EXCEPTION_ERROR_CODE,
			     vmcs_read32(IDT_VECTORING_ERROR_CODE));
	vmx_of(cpu)->injected = true;
	vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, event & ~INTR_INFO_UNBLOCK_NMI);
	cpu->irq.reinject = true;
	cpu->irq.busy = true;
}

/* The host's NMI handler, as the interrupt itself would have called it. */
static void host_nmi(void)
{
	asm volatile("int $2" : : : "memory");
}

static void debug_exception(struct zx_cpu *cpu, u32 info)
{
	struct vmx_vcpu *vmx = vmx_of(cpu);

	/* INT1 is a trap, but exits with RIP still on it: SDM 3, 28.2.5. */
	if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_PRIV_SW_EXCEPTION)
		cpu->rip += vmcs_read32(VM_EXIT_INSTRUCTION_LEN);
	/* Stepped over STI: its shadow is left, but nothing pending with it, and ends here. */
	vmx_state_no_shadow();

	vmx->dr6 = (vmx->dr6 & ~0xfull) | (vmcs_readn(EXIT_QUALIFICATION) & DB_BITS);
	/* Delivery clears it, injection does not. */
	vmx_set(cpu, ZX_REG_DR7, vmx->dr7 & ~DR7_GD);
	zx_irq_fault(cpu, 1, false, 0);
}

/* Without AM, AC and CPL 3 it is the host's watch on split locks, and not the guest's. */
static void alignment_check(struct zx_cpu *cpu, struct zx_exit *exit)
{
	if (vmx_get(cpu, ZX_REG_CR0) & X86_CR0_AM && vmx_get(cpu, ZX_REG_CPL) == 3 &&
	    vmx_get(cpu, ZX_REG_RFLAGS) & X86_EFLAGS_AC)
		zx_irq_fault(cpu, 17, true, 0);
	else
		exit->kind = ZX_EXIT_UNKNOWN;
}

/* Maybe that is what it was. If not, it comes again. */
static bool first_syscall(struct vmx_vcpu *vmx)
{
	if (vmx->syscall_live || !(vmx->efer & EFER_SCE))
		return false;
	vmx_state_syscall(vmx);
	return true;
}

static void decode_exception(struct zx_cpu *cpu, struct zx_exit *exit)
{
	u32 info = vmcs_read32(VM_EXIT_INTR_INFO);

	if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR) {
		host_nmi();
		cpu->opened = true;
		exit->kind = ZX_EXIT_NONE;
		return;
	}
	if (!cpu->irq.cut)
		block_nmi_again(info);
	exit->kind = ZX_EXIT_NONE;
	switch (info & INTR_INFO_VECTOR_MASK) {
	case 1:
		debug_exception(cpu, info);
		break;
	case 6:
		exit->kind = first_syscall(vmx_of(cpu)) ? ZX_EXIT_NONE : ZX_EXIT_UD;
		break;
	case 17:
		alignment_check(cpu, exit);
		break;
	case MC_VECTOR:
		zx_exit_machine_check();
		break;
	default:
		exit->kind = ZX_EXIT_UNKNOWN;
	}
}

/* NMIs may come now, or one that waited can. */
static void decode_nmi_window(struct zx_cpu *cpu, struct zx_exit *exit)
{
	struct vmx_vcpu *vmx = vmx_of(cpu);

	if (vmx->nmi_watch) {
		vmx->nmi_watch = false;
		cpu->irq.nmi_masked = false;
	}
	vmx_window(cpu, vmx->prio == ZX_PRIO_NMI ? 0 : vmx->prio);
	cpu->irq.busy = true;
	exit->kind = ZX_EXIT_WINDOW;
}

/*
 * A write to the page behind the APIC's MSRs, which the CPU has made but leaves to us:
 * of those that pass, only a self-IPI with a vector below 16 (SDM 3, 30.5).
 */
static void decode_apic_write(struct zx_cpu *cpu, struct zx_exit *exit)
{
	u32 offset = vmcs_readn(EXIT_QUALIFICATION) & 0xff0;

	exit->kind = ZX_EXIT_SELF_IPI;
	exit->vector = cpu->apic.regs[offset / sizeof(u32)];
}

static u8 simple_kind(u32 reason)
{
	switch (reason) {
	case EXIT_REASON_EXTERNAL_INTERRUPT:
	case EXIT_REASON_INIT_SIGNAL:	/* stays pending: SDM 3, 26.2 */
		return ZX_EXIT_HOST_IRQ;
	case EXIT_REASON_CPUID:
		return ZX_EXIT_CPUID;
	case EXIT_REASON_HLT:
		return ZX_EXIT_HLT;
	case EXIT_REASON_MSR_READ:
		return ZX_EXIT_RDMSR;
	case EXIT_REASON_MSR_WRITE:
		return ZX_EXIT_WRMSR;
	case EXIT_REASON_VMCALL:
		return ZX_EXIT_HYPERCALL;
	case EXIT_REASON_XSETBV:
		return ZX_EXIT_XSETBV;
	case EXIT_REASON_INVD:
	case EXIT_REASON_WBINVD:
		return ZX_EXIT_SKIP;
	case EXIT_REASON_RDPMC:
	case REASON_GETSEC:
	case EXIT_REASON_VMCLEAR ... EXIT_REASON_VMON:
	case EXIT_REASON_MWAIT_INSTRUCTION:
	case EXIT_REASON_MONITOR_INSTRUCTION:
	case EXIT_REASON_INVEPT:
	case EXIT_REASON_INVVPID:
	case EXIT_REASON_VMFUNC:
		return ZX_EXIT_UD;
	case EXIT_REASON_CR_ACCESS:
		return ZX_EXIT_CR;
	case EXIT_REASON_DR_ACCESS:
		return ZX_EXIT_DR;
	case EXIT_REASON_TRIPLE_FAULT:
		return ZX_EXIT_SHUTDOWN;
	default:
		return ZX_EXIT_UNKNOWN;
	}
}

static void entry_failed(struct zx_exit *exit, u64 code)
{
	exit->kind = ZX_EXIT_ENTRY_FAILED;
	exit->len = 0;
	exit->code = code;
	/* Exits take it away, but none was this: SDM 3, 27.8. */
	vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, 0);
}

void vmx_exit_refused(struct zx_exit *exit)
{
	entry_failed(exit, vmcs_read32(VM_INSTRUCTION_ERROR) | CODE_REFUSED);
}

/* Out of line, with what it keeps on the stack: the two that come most need none of that. */
static noinline void decode_other(struct zx_cpu *cpu, struct zx_exit *exit, u32 reason)
{
	exit->len = 0;
	switch (reason) {
	case EXIT_REASON_EXCEPTION_NMI:
		decode_exception(cpu, exit);
		return;
	case EXIT_REASON_INTERRUPT_WINDOW:
	case EXIT_REASON_TPR_BELOW_THRESHOLD:
		exit->kind = ZX_EXIT_WINDOW;
		cpu->irq.busy = true;
		return;
	case EXIT_REASON_NMI_WINDOW:
		decode_nmi_window(cpu, exit);
		return;
	case EXIT_REASON_PREEMPTION_TIMER:
		exit->kind = ZX_EXIT_HOST_IRQ;
		vmcs_write32(VMX_PREEMPTION_TIMER_VALUE, vmx_caps.slice);
		return;
	case EXIT_REASON_EOI_INDUCED:
		exit->kind = ZX_EXIT_EOI;
		exit->vector = vmcs_readn(EXIT_QUALIFICATION);
		return;
	case EXIT_REASON_APIC_WRITE:
		decode_apic_write(cpu, exit);
		return;
	}
	/* All that is left are instructions, or have no use for it. */
	exit->kind = simple_kind(reason);
	exit->len = inst_len();
}

static __always_inline void decode(struct zx_cpu *cpu, struct zx_exit *exit, u32 reason)
{
	if (reason == EXIT_REASON_IO_INSTRUCTION)
		decode_io(exit);
	else if (reason == EXIT_REASON_EPT_VIOLATION)
		decode_ept(cpu, exit);
	else
		decode_other(cpu, exit, reason);
}

static noinline void decode_cut(struct zx_cpu *cpu, struct zx_exit *exit, u32 event, u32 reason)
{
	requeue_event(cpu, event, reason);
	decode(cpu, exit, reason);
}

static noinline void decode_failed(struct zx_exit *exit, u32 code)
{
	if ((code & REASON_BASIC) == EXIT_REASON_MCE_DURING_VMENTRY)
		zx_exit_machine_check();
	entry_failed(exit, code);
}

void vmx_exit_decode(struct zx_cpu *cpu, struct zx_exit *exit)
{
	u32 code = vmcs_read32(VM_EXIT_REASON), reason = code & REASON_BASIC, event;
	struct vmx_vcpu *vmx = vmx_of(cpu);

	if (unlikely(code & REASON_FAILED_ENTRY)) {
		decode_failed(exit, code);
		return;
	}
	vmx->launched = true;
	exit->code = code;
	event = vectoring_info(vmx);
	vmx->injected = false;
	cpu->irq.cut = event & VECTORING_INFO_VALID_MASK;
	if (unlikely(cpu->irq.cut))
		decode_cut(cpu, exit, event, reason);
	else
		decode(cpu, exit, reason);
}
