// SPDX-License-Identifier: GPL-2.0-only
/*
 * From SVM's exit codes to meaning.
 */
#include "svm.h"

#define OPCODE_HLT	0xf4

/* 0: not a length, so ask the decoder. */
static u8 inst_len(u64 next, u64 rip)
{
	u64 len = next - rip;

	return len <= ZX_INST_MAX ? len : 0;
}

static void decode_io(const struct svm_control *c, struct zx_cpu *cpu, struct zx_exit *exit)
{
	u64 info = c->exit_info1;

	exit->kind = ZX_EXIT_IO;
	exit->io.port = info >> SVM_IO_PORT_SHIFT;
	exit->io.size = info >> SVM_IO_SIZE_SHIFT & 7;
	exit->io.in = info & SVM_IO_IN;
	exit->io.string = info & SVM_IO_STRING;
	/* EXITINFO2 is the next RIP, with or without NRIPS. */
	exit->len = inst_len(c->exit_info2, cpu->rip);
}

/* Bytes that the CPU fetched: none for a fetch itself (APM 2, 15.8.4). */
static void take_bytes(const struct svm_control *c, struct zx_exit *exit)
{
	exit->mem.bytes = 0;
	if (!svm_caps.decode_assists)
		return;
	exit->mem.bytes = min_t(u8, c->fetched & 0xf, ZX_INST_MAX);
	memcpy(exit->inst, c->inst, ZX_INST_MAX);
}

static noinline void decode_npf(const struct svm_control *c, struct zx_exit *exit)
{
	u64 info = c->exit_info1;

	exit->kind = ZX_EXIT_MEMORY;
	exit->len = 0;
	exit->mem.gpa = c->exit_info2;
	take_bytes(c, exit);
	exit->mem.walk = info & SVM_NPF_WALK;
	exit->mem.access = info & SVM_NPF_EXEC ? ZX_PERM_READ | ZX_PERM_EXEC :
			   info & SVM_NPF_WRITE ? ZX_PERM_READ | ZX_PERM_WRITE : ZX_PERM_READ;
}

/* The delivery that the exit cut short goes in again at the next entry. */
static void requeue_event(struct svm_control *c, struct zx_cpu *cpu)
{
	u64 event = c->exit_event, type = event & SVM_EVENT_TYPE;
	u8 vector = event;

	/* RIP is still on an INT n, INT3 or INTO: it runs again by itself. */
	if (type == SVM_EVENT_SOFTWARE ||
	    (type == SVM_EVENT_EXCEPTION && (vector == 3 || vector == 4)))
		return;
	/* Of two faults the later is delivered; the first comes again by itself. */
	if (type == SVM_EVENT_EXCEPTION && (c->exit_code == SVM_EXIT_EXCEPTION + 1 ||
					    c->exit_code == SVM_EXIT_EXCEPTION + 17))
		return;
	c->event = event;
	cpu->irq.reinject = true;
	cpu->irq.busy = true;
}

/* IRET is about to run: NMIs may come once it has. */
static void decode_iret(struct svm_vcpu *svm, struct zx_cpu *cpu)
{
	svm->vmcb->control.intercepts1 &= ~SVM_I1_IRET;
	svm_dirty(svm, SVM_CLEAN_INTERCEPTS);
	svm->watch |= SVM_WATCH_IRET;
	svm->iret_rip = cpu->rip;
	cpu->irq.busy = true;
}

static void decode_exception(struct zx_cpu *cpu, struct zx_exit *exit, unsigned int vector)
{
	exit->kind = ZX_EXIT_NONE;
	switch (vector) {
	case 1:
		zx_irq_fault(cpu, 1, false, 0);
		break;
	case 6:
		exit->kind = ZX_EXIT_UD;
		break;
	case 17:
		zx_irq_fault(cpu, 17, true, 0);
		break;
	case 18:
		zx_exit_machine_check();
		break;
	default:
		exit->kind = ZX_EXIT_UNKNOWN;
	}
}

static u8 simple_kind(u64 code, u64 info)
{
	switch (code) {
	case SVM_EXIT_NMI:	/* taken when GIF was set again */
	case SVM_EXIT_SMI:
	case SVM_EXIT_INIT:
		return ZX_EXIT_HOST_IRQ;
	case SVM_EXIT_CPUID:
		return ZX_EXIT_CPUID;
	case SVM_EXIT_HLT:
		return ZX_EXIT_HLT;
	case SVM_EXIT_MSR:
		return info & 1 ? ZX_EXIT_WRMSR : ZX_EXIT_RDMSR;
	case SVM_EXIT_VMMCALL:
		return ZX_EXIT_HYPERCALL;
	case SVM_EXIT_XSETBV:
		return ZX_EXIT_XSETBV;
	case SVM_EXIT_INVD:
	case SVM_EXIT_WBINVD:
		return ZX_EXIT_SKIP;
	case SVM_EXIT_RDPMC:
	case SVM_EXIT_RSM:
	case SVM_EXIT_INVLPGA:
	case SVM_EXIT_VMRUN:
	case SVM_EXIT_VMMCALL + 1 ... SVM_EXIT_SKINIT:
	case SVM_EXIT_MONITOR ... SVM_EXIT_MWAIT_ARMED:
	case SVM_EXIT_RDPRU:
	case SVM_EXIT_INVLPGB ... SVM_EXIT_TLBSYNC:
		return ZX_EXIT_UD;
	case SVM_EXIT_CR_READ ... SVM_EXIT_CR_WRITE + 15:
		return ZX_EXIT_CR;
	case SVM_EXIT_DR_READ ... SVM_EXIT_DR_WRITE + 15:
		return ZX_EXIT_DR;
	case SVM_EXIT_SHUTDOWN:
		return ZX_EXIT_SHUTDOWN;
	case ~0ull:		/* VMEXIT_INVALID */
	case ~0u:		/* ... of QEMU and older KVM */
		return ZX_EXIT_ENTRY_FAILED;
	default:
		return ZX_EXIT_UNKNOWN;
	}
}

/*
 * QEMU (7.2) does not load the shadow of an STI at VMRUN (against APM 2, 15.21.5):
 * after an exit between STI and HLT an interrupt would come before the HLT, which
 * would then sleep through it. So the HLT is done with the exit.
 */
static noinline bool halts(struct zx_cpu *cpu, const struct svm_vmcb *vmcb)
{
	u8 inst[ZX_INST_MAX];
	size_t len;

	if (vmcb->save.cpl || vmcb->save.dr7 & ZX_DR7_ENABLED)
		return false;
	len = zx_mem_fetch(cpu, zx_backend->get(cpu, ZX_REG_CODE_SIZE), vmcb->save.cr3, inst);
	/* What it lacks the guest will fetch itself. */
	cpu->next = ZX_NEXT_NONE;
	return len && inst[0] == OPCODE_HLT;
}

/* Out of line, with what it keeps on the stack: the two that come most need none of that. */
static noinline void decode_other(struct zx_cpu *cpu, struct zx_exit *exit)
{
	struct svm_vcpu *svm = svm_of(cpu);
	struct svm_control *c = &svm->vmcb->control;
	u64 code = c->exit_code;

	switch (code) {
	case SVM_EXIT_EXCEPTION ... SVM_EXIT_EXCEPTION + 31:
		decode_exception(cpu, exit, code - SVM_EXIT_EXCEPTION);
		break;
	case SVM_EXIT_IRET:
		decode_iret(svm, cpu);
		exit->kind = ZX_EXIT_NONE;
		break;
	case SVM_EXIT_INTR:
		exit->kind = ZX_EXIT_HOST_IRQ;
		exit->len = 0;
		if (unlikely(c->shadow & SVM_SHADOW_ACTIVE) && halts(cpu, svm->vmcb)) {
			exit->kind = ZX_EXIT_HLT;
			exit->len = 1;
		}
		return;
	case SVM_EXIT_VINTR:
		exit->kind = ZX_EXIT_WINDOW;
		cpu->irq.busy = true;
		break;
	default:
		exit->kind = simple_kind(code, c->exit_info1);
	}
	if (unlikely(exit->kind == ZX_EXIT_ENTRY_FAILED)) {
		cpu->flush = true;
		svm_dirty(svm, SVM_CLEAN_ALL);
		__this_cpu_write(svm_host.asid_next, svm_caps.asids);
	}
	exit->len = 0;
	if (svm_caps.nrips && exit->kind != ZX_EXIT_UD)
		exit->len = inst_len(c->next_rip, cpu->rip);
}

static __always_inline void decode(const struct svm_control *c, struct zx_cpu *cpu,
				   struct zx_exit *exit)
{
	const u64 code = c->exit_code;

	exit->code = code;
	if (code == SVM_EXIT_IO)
		decode_io(c, cpu, exit);
	else if (code == SVM_EXIT_NPF)
		decode_npf(c, exit);
	else
		decode_other(cpu, exit);
}

static noinline void decode_cut(struct zx_cpu *cpu, struct zx_exit *exit)
{
	struct svm_control *c = &svm_of(cpu)->vmcb->control;

	requeue_event(c, cpu);
	decode(c, cpu, exit);
}

void svm_exit_decode(struct zx_cpu *cpu, struct zx_exit *exit)
{
	const struct svm_control *c = &svm_of(cpu)->vmcb->control;

	cpu->irq.cut = c->exit_event & SVM_EVENT_VALID;
	if (unlikely(cpu->irq.cut))
		decode_cut(cpu, exit);
	else
		decode(c, cpu, exit);
}
