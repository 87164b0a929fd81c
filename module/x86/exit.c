// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of an exit, for both vendors. A handler returns true to enter
 * again at once; or it sets cpu->next and returns false.
 */
#include "../hv/stats.h"
#include "backend.h"

#define DR6_BS	BIT_ULL(14)

void zx_exit_advance_slowly(struct zx_cpu *cpu, u64 rip)
{
	if (zx_backend->get(cpu, ZX_REG_CODE_SIZE) != ZX_CODE_64)
		rip = (u32)rip;
	cpu->rip = rip;
	if (!cpu->stepping)
		return;
	/* Single step: what the CPU does behind an instruction that does not exit. */
	zx_backend->set(cpu, ZX_REG_DR6, zx_backend->get(cpu, ZX_REG_DR6) | DR6_BS);
	zx_irq_fault(cpu, 1, false, 0);
}

static bool undecodable(struct zx_cpu *cpu)
{
	zx_cpu_return(cpu, ZX_ERR_NOT_SUPPORTED, ZX_VCPU_REASON_DECODE, cpu->rip);
	return false;
}

/* As zx_decode(), which a loop around one instruction asks the same again and again. */
static int decode(struct zx_cpu *cpu, const u8 *bytes, size_t avail, enum zx_code_size mode,
		  struct zx_inst *inst)
{
	struct zx_decoded *last = &cpu->decoded;
	int len;

	if (likely(avail == ZX_INST_MAX && last->inst.len && last->mode == mode &&
		   !memcmp(last->bytes, bytes, ZX_INST_MAX))) {
		*inst = last->inst;
		return inst->len;
	}
	len = zx_decode(bytes, avail, mode, inst);
	if (len > 0 && avail == ZX_INST_MAX) {
		memcpy(last->bytes, bytes, ZX_INST_MAX);
		last->mode = mode;
		last->inst = *inst;
	}
	return len;
}

bool zx_exit_decode(struct zx_cpu *cpu, struct zx_exit *exit, struct zx_inst *inst)
{
	enum zx_code_size mode = zx_backend->get(cpu, ZX_REG_CODE_SIZE);
	size_t avail;
	int len;

	exit->mode = mode;
	exit->cr3 = zx_backend->get(cpu, ZX_REG_CR3);
	/* Bytes that came with the exit save the fetch, if they are enough. */
	if (exit->kind == ZX_EXIT_MEMORY && exit->mem.bytes &&
	    decode(cpu, exit->inst, exit->mem.bytes, mode, inst) > 0)
		return true;
	avail = zx_mem_fetch(cpu, mode, exit->cr3, exit->inst);
	if (!avail)
		return false;
	len = decode(cpu, exit->inst, avail, mode, inst);
	if (len > 0) {
		/* A second page that was missing, and not needed after all. */
		cpu->next = ZX_NEXT_NONE;
		return true;
	}
	/* Cut off at a page that was not there: come again, when cpu->next has seen to it. */
	if (!len && cpu->next != ZX_NEXT_NONE)
		return false;
	return undecodable(cpu);
}

bool zx_exit_skip(struct zx_cpu *cpu, struct zx_exit *exit)
{
	struct zx_inst inst;

	if (!exit->len) {
		if (!zx_exit_decode(cpu, exit, &inst))
			return false;
		exit->len = inst.len;
	}
	zx_exit_advance(cpu, exit->len);
	return true;
}

static noinline bool exit_cpuid(struct zx_cpu *cpu, struct zx_exit *exit)
{
	struct zx_vcpu_regs *regs = &cpu->page->regs;
	u32 eax, ebx, ecx, edx;

	if (!zx_exit_skip(cpu, exit))
		return false;
	eax = READ_ONCE(regs->rax);
	ecx = READ_ONCE(regs->rcx);
	zx_cpuid(cpu, &eax, &ebx, &ecx, &edx);
	regs->rax = eax;
	regs->rbx = ebx;
	regs->rcx = ecx;
	regs->rdx = edx;
	return true;
}

static noinline bool exit_hlt(struct zx_cpu *cpu, struct zx_exit *exit)
{
	bool intr_on = zx_backend->get(cpu, ZX_REG_RFLAGS) & X86_EFLAGS_IF;

	if (!zx_exit_skip(cpu, exit))
		return false;
	/* A single step of the HLT wakes as well. */
	if (cpu->irq.fault.pending || zx_irq_wakes(cpu, intr_on))
		return true;
	cpu->halted = true;
	cpu->halted_if = intr_on;
	cpu->next = ZX_NEXT_HALT;
	return false;
}

#define HYPERCALL_CLOCK_PAIRING	9
#define HYPERCALL_EPERM		(-1)
#define HYPERCALL_EFAULT	(-14)
#define HYPERCALL_EOPNOTSUPP	(-95)
#define HYPERCALL_ENOSYS	(-1000)

/* False: see cpu->next; the hypercall then runs again. */
static bool clock_pairing(struct zx_cpu *cpu, u64 gpa, s64 *result)
{
	struct zx_clock_pairing pairing;
	u64 refused = cpu->refused;

	cpu->refused = ZX_NO_PAGE;
	*result = HYPERCALL_EFAULT;
	if (gpa > (1ull << ZX_GPA_BITS) - sizeof(pairing) || refused == (gpa & PAGE_MASK) ||
	    refused == ((gpa + sizeof(pairing) - 1) & PAGE_MASK))
		return true;
	zx_clock_pairing(cpu, &pairing);
	if (!zx_mem_copy(cpu, gpa, &pairing, sizeof(pairing), true)) {
		cpu->fault_by = ZX_FAULT_ANSWER;
		return false;
	}
	*result = 0;
	return true;
}

/* Number in RAX, arguments in RBX, RCX. Whatever happens, a hypercall only answers. */
static noinline bool exit_hypercall(struct zx_cpu *cpu, struct zx_exit *exit)
{
	struct zx_vcpu_regs *regs = &cpu->page->regs;
	u64 nr = READ_ONCE(regs->rax);
	s64 result = HYPERCALL_ENOSYS;

	if (zx_backend->get(cpu, ZX_REG_CPL))
		result = HYPERCALL_EPERM;
	else if (nr == HYPERCALL_CLOCK_PAIRING && regs->rcx)
		result = HYPERCALL_EOPNOTSUPP;
	else if (nr == HYPERCALL_CLOCK_PAIRING &&
		 !clock_pairing(cpu, READ_ONCE(regs->rbx), &result))
		return false;
	if (!zx_exit_skip(cpu, exit))
		return false;
	regs->rax = result;
	return true;
}

/* AMD's CPUs have them outside of long mode only: APM 3, SYSENTER. */
static bool is_sysenter(struct zx_cpu *cpu, const struct zx_inst *inst)
{
	return (inst->kind == ZX_INST_SYSENTER || inst->kind == ZX_INST_SYSEXIT) &&
	       zx_backend->get(cpu, ZX_REG_EFER) & EFER_LMA;
}

/* It was no fault after all, so the next instruction's breakpoint counts. */
static void clear_resume(struct zx_cpu *cpu)
{
	u64 flags = zx_backend->get(cpu, ZX_REG_RFLAGS);

	if (flags & X86_EFLAGS_RF)
		zx_backend->set(cpu, ZX_REG_RFLAGS, flags & ~X86_EFLAGS_RF);
}

/* Either vendor's instructions work on both: the other one's come as #UD. */
static noinline bool exit_ud(struct zx_cpu *cpu, struct zx_exit *exit)
{
	struct zx_inst inst;

	if (!zx_exit_decode(cpu, exit, &inst)) {
		if (cpu->next != ZX_NEXT_RETURN)
			return false;
		cpu->next = ZX_NEXT_NONE;
	} else if (inst.opcode_map == 1 && inst.opcode == 0x01 &&
		   (inst.modrm == 0xc1 || inst.modrm == 0xd9)) {
		exit->len = inst.len;
		clear_resume(cpu);
		zx_stats_move(ZX_EXIT_UD, ZX_EXIT_HYPERCALL);
		return exit_hypercall(cpu, exit);
	} else if (is_sysenter(cpu, &inst)) {
		clear_resume(cpu);
		return zx_sysenter(cpu, &inst);
	}
	zx_irq_ud(cpu);
	return true;
}

static noinline bool exit_msr(struct zx_cpu *cpu, struct zx_exit *exit)
{
	/* Served first: an MSR that faults leaves RIP on the instruction. */
	struct zx_inst inst;

	if (!exit->len) {
		if (!zx_exit_decode(cpu, exit, &inst))
			return false;
		exit->len = inst.len;
	}
	return zx_msr_access(cpu, exit);
}

static noinline bool exit_xsetbv(struct zx_cpu *cpu, struct zx_exit *exit)
{
	struct zx_vcpu_regs *regs = &cpu->page->regs;
	u64 value = (u32)regs->rax | regs->rdx << 32;

	if (zx_backend->get(cpu, ZX_REG_CPL) || !zx_cr_set_xcr0(cpu, regs->rcx, value)) {
		zx_irq_gp(cpu);
		return true;
	}
	return zx_exit_skip(cpu, exit);
}

/* RIP is past the instruction, and the CPU has done what it does by itself. */
static noinline bool exit_apic(struct zx_cpu *cpu, struct zx_exit *exit)
{
	if (exit->kind == ZX_EXIT_EOI) {
		zx_packet_eoi(cpu, exit->vector);
		return false;
	}
	zx_apic_self_ipi(&cpu->apic, exit->vector);
	cpu->irq.busy = true;
	return true;
}

static noinline bool exit_end(struct zx_cpu *cpu, struct zx_exit *exit)
{
	static const struct {
		zx_status_t status;
		u32 reason;
	} ends[ZX_EXIT_KINDS] = {
		[ZX_EXIT_SHUTDOWN] = { ZX_ERR_NOT_SUPPORTED, ZX_VCPU_REASON_SHUTDOWN },
		[ZX_EXIT_ENTRY_FAILED] = { ZX_ERR_BAD_STATE, ZX_VCPU_REASON_ENTRY },
		[ZX_EXIT_UNKNOWN] = { ZX_ERR_NOT_SUPPORTED, ZX_VCPU_REASON_EXIT },
	};

	zx_cpu_return(cpu, ends[exit->kind].status, ends[exit->kind].reason, cpu->rip);
	cpu->page->hw_exit = exit->code;
	return false;
}

/*
 * All handlers are out of line: a frame that one of them needs would be everybody's. The
 * compiler, which may not make a table of it, looks for a port first.
 */
bool zx_exit_handle(struct zx_cpu *cpu, struct zx_exit *exit)
{
	switch (__builtin_expect(exit->kind, ZX_EXIT_IO)) {
	case ZX_EXIT_NONE:
	case ZX_EXIT_HOST_IRQ:
	case ZX_EXIT_WINDOW:
		return true;
	case ZX_EXIT_IO:
		return zx_exit_io(cpu, exit);
	case ZX_EXIT_MEMORY:
		return zx_exit_memory(cpu, exit);
	case ZX_EXIT_RDMSR:
	case ZX_EXIT_WRMSR:
		return exit_msr(cpu, exit);
	case ZX_EXIT_CPUID:
		return exit_cpuid(cpu, exit);
	case ZX_EXIT_HLT:
		return exit_hlt(cpu, exit);
	case ZX_EXIT_CR:
	case ZX_EXIT_DR:
		return zx_cr_dr_access(cpu, exit);
	case ZX_EXIT_XSETBV:
		return exit_xsetbv(cpu, exit);
	case ZX_EXIT_HYPERCALL:
		return exit_hypercall(cpu, exit);
	case ZX_EXIT_SKIP:
		return zx_exit_skip(cpu, exit);
	case ZX_EXIT_UD:
		return exit_ud(cpu, exit);
	case ZX_EXIT_EOI:
	case ZX_EXIT_SELF_IPI:
		return exit_apic(cpu, exit);
	default:
		return exit_end(cpu, exit);
	}
}
