// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC's page, where a trap turns it on: loads and stores that a
 * register stands behind are served here. SDM 3, 11.4.1 wants them 32 bits wide
 * and aligned to 16 bytes and leaves all others undefined: these are packets.
 */
#include <linux/mm.h>

#include "../hv/xapic.h"
#include "backend.h"

static bool load(struct zx_cpu *cpu, const struct zx_inst *inst, u32 offset)
{
	u32 value;

	zx_irq_show(cpu);
	if (zx_xapic_read(&cpu->apic, offset, &value) != ZX_APIC_DONE)
		return false;
	*zx_gpr(cpu, inst->reg) = inst->reg_size == 8 ? (u64)(s32)value : value;
	zx_exit_advance(cpu, inst->len);
	return true;
}

static bool store(struct zx_cpu *cpu, struct zx_exit *exit, const struct zx_inst *inst, u32 offset)
{
	u32 value = inst->kind == ZX_INST_STORE_IMM ? inst->imm : *zx_gpr(cpu, inst->reg);
	enum zx_apic_action action;
	struct zx_apic_ipi ipi;

	action = zx_xapic_write(&cpu->apic, offset, value, &ipi);
	cpu->irq.busy = true;
	switch (action) {
	case ZX_APIC_DONE:
		zx_exit_advance(cpu, inst->len);
		return true;
	case ZX_APIC_EOI:
		zx_exit_advance(cpu, inst->len);
		zx_packet_eoi(cpu, ipi.vector);
		return true;
	case ZX_APIC_IPI:
		exit->len = inst->len;
		zx_ipi_send(cpu, exit, &ipi);
		return true;
	default:
		return false;
	}
}

bool zx_xapic_access(struct zx_cpu *cpu, struct zx_exit *exit, const struct zx_inst *inst)
{
	u32 offset = offset_in_page(exit->mem.gpa);
	bool write = exit->mem.access & ZX_PERM_WRITE;

	/* Page tables do not make a register's access of the instruction that needs them. */
	if (exit->mem.walk || inst->size != 4)
		return false;
	switch (inst->kind) {
	case ZX_INST_LOAD:
		return !write && load(cpu, inst, offset);
	case ZX_INST_STORE_REG:
	case ZX_INST_STORE_IMM:
		return write && store(cpu, exit, inst, offset);
	default:
		return false;
	}
}
