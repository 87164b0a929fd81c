// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of a VCPU that stands, beyond those of the shared page. All of this
 * runs between enters, in the VCPU's thread.
 */
#include <linux/string.h>

#include "backend.h"

static void read_segment(struct zx_cpu *cpu, enum zx_segment nr, struct zxl_vcpu_segment *out)
{
	unsigned int reg = ZX_REG_SEGMENT + ZX_SEGMENT_PARTS * nr;

	out->base = zx_backend->get(cpu, reg + ZX_SEGMENT_BASE);
	out->limit = zx_backend->get(cpu, reg + ZX_SEGMENT_LIMIT);
	out->access = zx_backend->get(cpu, reg + ZX_SEGMENT_ACCESS);
	out->selector = zx_backend->get(cpu, reg + ZX_SEGMENT_SELECTOR);
}

/* Flags that user space wrote count already, as zx_vcpu_read_state() shows them. */
static u64 rflags_of(struct zx_cpu *cpu)
{
	u64 flags = zx_backend->get(cpu, ZX_REG_RFLAGS);
	u64 written = READ_ONCE(cpu->page->regs.rflags);

	if (!(written & X86_EFLAGS_FIXED))
		return flags;
	return (flags & ~ZX_VCPU_RFLAGS_USER) | (written & ZX_VCPU_RFLAGS_USER);
}

void zx_cpu_read_system(struct zx_cpu *cpu, struct zxl_vcpu_system *out)
{
	memset(out, 0, sizeof(*out));
	zx_cpu_hold(cpu);
	out->rip = cpu->rip;
	out->rflags = rflags_of(cpu);
	out->cr0 = zx_backend->get(cpu, ZX_REG_CR0);
	out->cr2 = zx_backend->get(cpu, ZX_REG_CR2);
	out->cr3 = zx_backend->get(cpu, ZX_REG_CR3);
	out->cr4 = zx_backend->get(cpu, ZX_REG_CR4);
	out->efer = zx_backend->get(cpu, ZX_REG_EFER);
	out->cpl = zx_backend->get(cpu, ZX_REG_CPL);
	read_segment(cpu, ZX_SEGMENT_ES, &out->es);
	read_segment(cpu, ZX_SEGMENT_CS, &out->cs);
	read_segment(cpu, ZX_SEGMENT_SS, &out->ss);
	read_segment(cpu, ZX_SEGMENT_DS, &out->ds);
	read_segment(cpu, ZX_SEGMENT_FS, &out->fs);
	read_segment(cpu, ZX_SEGMENT_GS, &out->gs);
	read_segment(cpu, ZX_SEGMENT_LDTR, &out->ldtr);
	read_segment(cpu, ZX_SEGMENT_TR, &out->tr);
	zx_cpu_release(cpu);
}

/* VM entry has these checks on Intel (SDM 3, 27.3.1.4); they are made for both here. */
zx_status_t zx_cpu_write_rip(struct zx_cpu *cpu, u64 rip)
{
	bool wide;

	zx_cpu_hold(cpu);
	wide = zx_backend->get(cpu, ZX_REG_CODE_SIZE) == ZX_CODE_64;
	zx_cpu_release(cpu);
	if (wide ? !zx_canonical(rip) : rip >> 32)
		return ZX_ERR_INVALID_ARGS;
	/* A fault or a single step was that of the instruction which RIP leaves. */
	cpu->irq.fault.pending = false;
	cpu->rip = rip;
	cpu->page->rip = rip;
	return ZX_OK;
}
