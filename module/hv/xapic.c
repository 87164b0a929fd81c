// SPDX-License-Identifier: GPL-2.0-only
/* See xapic.h. Sections are those of SDM 3, chapter 11 (10 in older editions). */
#include "apic_regs.h"
#include "xapic.h"

#define RANGE(first, last)	((2ull << (last)) - (1ull << (first)))
/*
 * ID to version; TPR to ESR; CMCI to current count; divide. Self-IPI belongs to
 * the other mode.
 */
#define KNOWN			(RANGE(0x02, 0x03) | RANGE(0x08, 0x28) | RANGE(0x2f, 0x39) | \
				 RANGE(0x3e, 0x3e))

#define DEST_SHIFT		24
#define DEST_MASK		0xff000000u
#define DEST_ALL		0xffu

#define DFR_FIXED		0x0fffffffu
#define MODEL_CLUSTER		0x0
#define MODEL_FLAT		0xf

static bool is_known(u32 offset)
{
	return offset < 0x400 && !(offset & 15) && KNOWN >> (offset >> 4) & 1;
}

enum zx_apic_action zx_xapic_read(struct zx_apic *apic, u32 offset, u32 *value)
{
	u32 reg = offset >> 4;
	u64 wide = 0;

	if (!is_known(offset) || apic->mode == ZX_APIC_OFF)
		return ZX_APIC_ABSENT;
	switch (reg) {
	case REG_ID:
		wide = apic->id << DEST_SHIFT;
		break;
	case REG_LDR:
		wide = apic->ldr;
		break;
	case REG_DFR:
		wide = apic->dfr;
		break;
	case REG_ICR_HIGH:
		wide = apic->regs[4 * REG_ICR + 1];
		break;
	/* Written only, or of the CPUs before the Pentium 4. */
	case REG_EOI:
	case REG_APR:
	case REG_RRD:
		break;
	default:
		zx_apic_read_reg(apic, reg, &wide);
	}
	*value = wide;
	return ZX_APIC_DONE;
}

/* The destination is the half written before; 11.6.1. */
static enum zx_apic_action write_icr(struct zx_apic *apic, u64 low, struct zx_apic_ipi *ipi)
{
	u64 dest = apic->regs[4 * REG_ICR + 1];
	enum zx_apic_action action;

	action = zx_apic_write_reg(apic, REG_ICR, dest << 32 | low, ipi);
	if (action != ZX_APIC_IPI)
		return action;
	ipi->page = true;
	ipi->dest >>= DEST_SHIFT;
	if (ipi->dest == DEST_ALL)
		ipi->dest = ~0u;
	return ZX_APIC_IPI;
}

enum zx_apic_action zx_xapic_write(struct zx_apic *apic, u32 offset, u32 value,
				   struct zx_apic_ipi *ipi)
{
	u32 reg = offset >> 4;
	u64 bits = value & zx_apic_writable(reg);

	if (!is_known(offset) || apic->mode == ZX_APIC_OFF)
		return ZX_APIC_ABSENT;
	switch (reg) {
	case REG_LDR:
		WRITE_ONCE(apic->ldr, value & DEST_MASK);
		break;
	case REG_DFR:
		WRITE_ONCE(apic->dfr, value | DFR_FIXED);
		break;
	case REG_ICR:
		return write_icr(apic, bits, ipi);
	case REG_ICR_HIGH:
		apic->regs[4 * REG_ICR + 1] = value & DEST_MASK;
		break;
	default:
		/* What faults there is dropped here: a register to read, a reserved mode. */
		if (zx_apic_write_reg(apic, reg, bits, ipi) == ZX_APIC_EOI)
			return ZX_APIC_EOI;
	}
	return ZX_APIC_DONE;
}

/* 11.6.2.2. All ones are everybody in both models. */
bool zx_xapic_match_logical(u8 dest, u16 logical)
{
	u8 id = logical;

	if (dest == DEST_ALL)
		return true;
	switch (logical >> 8) {
	case MODEL_FLAT:
		return dest & id;
	case MODEL_CLUSTER:
		return dest >> 4 == id >> 4 && dest & id & 0xf;
	default:
		return false;
	}
}
