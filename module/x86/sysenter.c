// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYSENTER and SYSEXIT in long mode, as SDM 2 has them, for CPUs that answer #UD
 * there.
 */
#include <asm/msr-index.h>

#include "backend.h"

/* The selector that all others are counted from; without it there is nowhere to go. */
#define SYSENTER_CS	0xfffcull

static bool enter(struct zx_cpu *cpu, u64 base)
{
	u64 flags = zx_backend->get(cpu, ZX_REG_RFLAGS);

	zx_backend->set(cpu, ZX_REG_RFLAGS, flags & ~X86_EFLAGS_IF);
	zx_backend->set(cpu, ZX_REG_FLAT_CODE, base | ZX_FLAT_LONG);
	cpu->page->regs.rsp = cpu->sysenter_esp;
	zx_exit_advance_slowly(cpu, cpu->sysenter_eip);
	return true;
}

/* To RDX with the stack at RCX; with an operand of 64 bits, to 64-bit code. */
static bool leave(struct zx_cpu *cpu, u64 base, bool to_long)
{
	u64 rsp = READ_ONCE(cpu->page->regs.rcx), rip = READ_ONCE(cpu->page->regs.rdx);

	if (!to_long) {
		rsp = (u32)rsp;
		rip = (u32)rip;
	}
	if (zx_backend->get(cpu, ZX_REG_CPL) || !zx_canonical(rsp) || !zx_canonical(rip))
		return false;
	zx_backend->set(cpu, ZX_REG_FLAT_CODE,
			((u16)(base + (to_long ? 32 : 16)) | 3) | (to_long ? ZX_FLAT_LONG : 0));
	cpu->page->regs.rsp = rsp;
	zx_exit_advance_slowly(cpu, rip);
	return true;
}

bool zx_sysenter(struct zx_cpu *cpu, const struct zx_inst *inst)
{
	u64 base = zx_backend->get(cpu, ZX_REG_SYSENTER_CS) & SYSENTER_CS;
	bool done = base;

	if (done && inst->kind == ZX_INST_SYSENTER)
		done = enter(cpu, base);
	else if (done)
		done = leave(cpu, base, inst->size == 8);
	if (!done)
		zx_irq_gp(cpu);
	return true;
}
