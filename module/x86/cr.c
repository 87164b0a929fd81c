// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control and debug registers: what a guest may write, and what follows. A bad
 * value is the guest's own #GP.
 */
#include "backend.h"

#define CR0_VALID	(X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_ET | \
			 X86_CR0_NE | X86_CR0_WP | X86_CR0_AM | X86_CR0_NW | X86_CR0_CD | \
			 X86_CR0_PG)
#define DR6_ONES	0xffff0ff0ull	/* SDM 3, 19.2.3 */
#define DR6_RESET	DR6_ONES
#define DR6_VALID	0x0000e00full	/* B0-B3 BD BS BT */
#define DR6_BD		BIT_ULL(13)
#define DR7_ONES	0x00000400ull	/* SDM 3, 19.2.4 */
#define DR7_ZEROES	0x0000d000ull
#define DR7_GD		BIT_ULL(13)
#define TSS_16_BUSY	3		/* SDM 3, table 3-2 */

void zx_cr_reset(struct zx_cpu *cpu, bool bsp)
{
	u64 cr4 = X86_CR4_OSFXSR | X86_CR4_OSXSAVE;

	/* The first VCPU starts in long mode with paging on, the others in real mode. */
	if (bsp)
		cr4 |= X86_CR4_PAE | X86_CR4_PGE;
	cr4 |= X86_CR4_FSGSBASE;
	zx_backend->set(cpu, ZX_REG_EFER, (EFER_SCE | EFER_NX | (bsp ? EFER_LME | EFER_LMA : 0)) &
			zx_cpuid_efer_mask());
	zx_backend->set(cpu, ZX_REG_CR4, cr4 & zx_cpuid_cr4_mask());
	zx_backend->set(cpu, ZX_REG_CR0, bsp ? ZX_INITIAL_CR0 : X86_CR0_ET | X86_CR0_WP);
	zx_backend->set(cpu, ZX_REG_DR6, DR6_RESET);
	zx_backend->set(cpu, ZX_REG_DR7, DR7_ONES);
}

void zx_cpu_reset(struct zx_cpu *cpu, u64 entry)
{
	struct zx_vcpu_regs *regs = &cpu->page->regs;

	memset(regs, 0, sizeof(*regs));
	regs->rdx = zx_cpuid_signature();
	regs->rflags = X86_EFLAGS_FIXED;
	memset(cpu->dr, 0, sizeof(cpu->dr));
	cpu->stepping = false;
	cpu->flush = true;
	cpu->refused = ZX_NO_PAGE;
	zx_cpu_hold(cpu);
	zx_backend->reset(cpu, false, entry);
	zx_backend->set(cpu, ZX_REG_EFER, 0);
	zx_backend->set(cpu, ZX_REG_CR4, 0);
	zx_backend->set(cpu, ZX_REG_CR0, X86_CR0_CD | X86_CR0_NW | X86_CR0_ET);
	zx_backend->set(cpu, ZX_REG_CR2, 0);
	zx_backend->set(cpu, ZX_REG_DR6, DR6_RESET);
	zx_backend->set(cpu, ZX_REG_DR7, DR7_ONES);
	zx_cpu_release(cpu);
}

#define PDPTE_PRESENT	BIT_ULL(0)
#define PDPTE_RESERVED	(GENMASK_ULL(2, 1) | GENMASK_ULL(8, 5))	/* and address bits that are not */

/*
 * PAE's four top entries are read when paging comes to be like that, and when a
 * write changes any of the bits that bear on it (SDM 3, 4.4.1). False: #GP, or
 * cpu->next is set.
 */
static bool load_pdptes(struct zx_cpu *cpu)
{
	u64 reserved = PDPTE_RESERVED | ~GENMASK_ULL(zx_cpuid_phys_bits() - 1, 0);
	u64 table = zx_backend->get(cpu, ZX_REG_CR3) & GENMASK_ULL(31, 5), entries[4];
	unsigned int i;

	if (!zx_mem_copy(cpu, table, entries, sizeof(entries), false))
		return false;
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		if (entries[i] & PDPTE_PRESENT && entries[i] & reserved)
			return false;
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		zx_backend->set(cpu, ZX_REG_PDPTE + i, entries[i]);
	return true;
}

static bool is_pae(u64 cr0, u64 cr4, u64 efer)
{
	return cr0 & X86_CR0_PG && cr4 & X86_CR4_PAE && !(efer & EFER_LME);
}

static bool has_old_task(struct zx_cpu *cpu)
{
	unsigned int reg = ZX_REG_SEGMENT + ZX_SEGMENT_PARTS * ZX_SEGMENT_TR + ZX_SEGMENT_ACCESS;

	return (zx_backend->get(cpu, reg) & 0xf) == TSS_16_BUSY;
}

/* Paging goes on or off: SDM 3, 4.1.2, and 2.5 for the faults. */
static bool switch_paging(struct zx_cpu *cpu, bool on)
{
	u64 efer = zx_backend->get(cpu, ZX_REG_EFER), cr4 = zx_backend->get(cpu, ZX_REG_CR4);
	bool code64 = zx_backend->get(cpu, ZX_REG_CODE_SIZE) == ZX_CODE_64;

	if (on) {
		if (efer & EFER_LME) {
			/* CS.L must be off, and no TSS of 16 bits loaded: SDM 3, 10.8.5. */
			if (!(cr4 & X86_CR4_PAE) || zx_backend->get(cpu, ZX_REG_CS_LONG) ||
			    has_old_task(cpu))
				return false;
			efer |= EFER_LMA;
		}
	} else {
		if (code64 || cr4 & X86_CR4_PCIDE)
			return false;
		efer &= ~EFER_LMA;
	}
	zx_backend->set(cpu, ZX_REG_EFER, efer);
	return true;
}

static bool set_cr0(struct zx_cpu *cpu, u64 value)
{
	u64 old = zx_backend->get(cpu, ZX_REG_CR0), changed;

	if (value >> 32)
		return false;
	value = (value & CR0_VALID) | X86_CR0_ET;
	changed = value ^ old;
	if ((value & X86_CR0_PG && !(value & X86_CR0_PE)) ||
	    (value & X86_CR0_NW && !(value & X86_CR0_CD)))
		return false;
	if (changed & (X86_CR0_PG | X86_CR0_CD | X86_CR0_NW) &&
	    is_pae(value, zx_backend->get(cpu, ZX_REG_CR4), zx_backend->get(cpu, ZX_REG_EFER)) &&
	    !load_pdptes(cpu))
		return false;
	if (changed & X86_CR0_PG && !switch_paging(cpu, value & X86_CR0_PG))
		return false;
	if (changed & (X86_CR0_PG | X86_CR0_WP | X86_CR0_PE))
		cpu->flush = true;
	zx_backend->set(cpu, ZX_REG_CR0, value);
	return true;
}

static bool set_cr4(struct zx_cpu *cpu, u64 value)
{
	u64 efer = zx_backend->get(cpu, ZX_REG_EFER);
	u64 changed = value ^ zx_backend->get(cpu, ZX_REG_CR4);

	if (value & ~zx_cpuid_cr4_mask())
		return false;
	if (efer & EFER_LMA && !(value & X86_CR4_PAE))
		return false;
	/* PCIDs can be turned on in long mode only, and from PCID 0: SDM 3, 4.10.1. */
	if (changed & value & X86_CR4_PCIDE &&
	    (!(efer & EFER_LMA) || zx_backend->get(cpu, ZX_REG_CR3) & 0xfff))
		return false;
	if (changed & (X86_CR4_PGE | X86_CR4_PSE | X86_CR4_PAE | X86_CR4_SMEP) &&
	    is_pae(zx_backend->get(cpu, ZX_REG_CR0), value, efer) && !load_pdptes(cpu))
		return false;
	if (changed & (X86_CR4_PGE | X86_CR4_PSE | X86_CR4_PAE | X86_CR4_PCIDE | X86_CR4_SMEP |
		       X86_CR4_SMAP))
		cpu->flush = true;
	zx_backend->set(cpu, ZX_REG_CR4, value);
	return true;
}

bool zx_cr_set_efer(struct zx_cpu *cpu, u64 value)
{
	u64 old = zx_backend->get(cpu, ZX_REG_EFER);
	bool paging = zx_backend->get(cpu, ZX_REG_CR0) & X86_CR0_PG;

	if (value & ~(zx_cpuid_efer_mask() | EFER_LMA))
		return false;
	if (paging && (value ^ old) & EFER_LME)
		return false;
	/* LMA follows LME and PG; what a guest writes to it is ignored. */
	zx_backend->set(cpu, ZX_REG_EFER, (value & ~EFER_LMA) | (old & EFER_LMA));
	if ((value ^ old) & EFER_NX)
		cpu->flush = true;
	return true;
}

bool zx_cr_set_xcr0(struct zx_cpu *cpu, u32 index, u64 value)
{
	if (index || value & ~zx_fpu_components() || !(value & ZX_XCR0_X87))
		return false;
	if (value & ZX_XCR0_AVX && !(value & ZX_XCR0_SSE))
		return false;
	zx_fpu_set_xcr0(&cpu->fpu, value);
	return true;
}

static bool write_cr(struct zx_cpu *cpu, unsigned int nr, u64 value)
{
	switch (nr) {
	case 0:
		return set_cr0(cpu, value);
	case 4:
		return set_cr4(cpu, value);
	case 8:
		if (value & ~0xfull)
			return false;
		zx_apic_set_cr8(&cpu->apic, value);
		return true;
	default:
		return false;
	}
}

static u64 read_cr(struct zx_cpu *cpu, unsigned int nr)
{
	if (nr == 8)
		return zx_apic_get_cr8(&cpu->apic);
	return zx_backend->get(cpu, nr ? ZX_REG_CR4 : ZX_REG_CR0);
}

static bool write_dr(struct zx_cpu *cpu, unsigned int nr, u64 value)
{
	if (nr < 4) {
		cpu->dr[nr] = value;
		return true;
	}
	if (value >> 32)
		return false;
	if (nr == 6)
		zx_backend->set(cpu, ZX_REG_DR6, (value & DR6_VALID) | DR6_ONES);
	else
		zx_backend->set(cpu, ZX_REG_DR7, (value & ~DR7_ZEROES) | DR7_ONES);
	return true;
}

static u64 read_dr(struct zx_cpu *cpu, unsigned int nr)
{
	return nr < 4 ? cpu->dr[nr] : zx_backend->get(cpu, nr == 6 ? ZX_REG_DR6 : ZX_REG_DR7);
}

/* False: the access faults instead, and the fault is pending. */
static bool access_dr(struct zx_cpu *cpu, const struct zx_inst *inst, u64 *gpr, u64 value)
{
	u64 dr7 = zx_backend->get(cpu, ZX_REG_DR7);
	unsigned int nr = inst->special;

	/* DR4 and DR5 are DR6 and DR7, or nothing with CR4.DE; there are no others. */
	if (nr > 7 || ((nr == 4 || nr == 5) && zx_backend->get(cpu, ZX_REG_CR4) & X86_CR4_DE)) {
		zx_irq_ud(cpu);
		return false;
	}
	if (nr == 4 || nr == 5)
		nr += 2;
	if (dr7 & DR7_GD) {
		zx_backend->set(cpu, ZX_REG_DR7, dr7 & ~DR7_GD);
		zx_backend->set(cpu, ZX_REG_DR6, zx_backend->get(cpu, ZX_REG_DR6) | DR6_BD);
		zx_irq_fault(cpu, 1, false, 0);
		return false;
	}
	if (inst->kind == ZX_INST_MOV_FROM_DR) {
		*gpr = read_dr(cpu, nr);
		return true;
	}
	if (write_dr(cpu, nr, value))
		return true;
	zx_irq_gp(cpu);
	return false;
}

/* LMSW sets the low four bits of CR0, but cannot clear PE (SDM 2A, LMSW). */
static bool lmsw(struct zx_cpu *cpu, u64 value)
{
	u64 old = zx_backend->get(cpu, ZX_REG_CR0);

	return set_cr0(cpu, (old & ~0xeull) | (value & 0xf));
}

/* Writes 2 bytes of a register, or all of it. */
static void smsw(struct zx_cpu *cpu, const struct zx_inst *inst, u64 *gpr)
{
	u64 cr0 = zx_backend->get(cpu, ZX_REG_CR0);

	*gpr = inst->size == 2 ? (*gpr & ~0xffffull) | (cr0 & 0xffff) : cr0;
}

/* True: done, step over it. False: a fault is pending, or cpu->next is set. */
static bool perform(struct zx_cpu *cpu, const struct zx_inst *inst)
{
	u64 *gpr = zx_gpr(cpu, inst->reg), value = READ_ONCE(*gpr);
	bool done;

	if (zx_backend->get(cpu, ZX_REG_CODE_SIZE) != ZX_CODE_64)
		value = (u32)value;
	switch (inst->kind) {
	case ZX_INST_MOV_FROM_CR:
		*gpr = read_cr(cpu, inst->special);
		return true;
	case ZX_INST_MOV_TO_CR:
		done = write_cr(cpu, inst->special, value);
		break;
	case ZX_INST_CLTS:
		done = set_cr0(cpu, zx_backend->get(cpu, ZX_REG_CR0) & ~X86_CR0_TS);
		break;
	case ZX_INST_SMSW:
		smsw(cpu, inst, gpr);
		return true;
	case ZX_INST_LMSW:
		if (inst->modrm < 0xc0) {
			zx_cpu_return(cpu, ZX_ERR_NOT_SUPPORTED, ZX_VCPU_REASON_DECODE, cpu->rip);
			return false;
		}
		done = lmsw(cpu, value);
		break;
	case ZX_INST_MOV_TO_DR:
	case ZX_INST_MOV_FROM_DR:
		return access_dr(cpu, inst, gpr, value);
	default:
		zx_cpu_return(cpu, ZX_ERR_NOT_SUPPORTED, ZX_VCPU_REASON_DECODE, cpu->rip);
		return false;
	}
	if (!done && cpu->next == ZX_NEXT_NONE)
		zx_irq_gp(cpu);
	return done;
}

bool zx_cr_dr_access(struct zx_cpu *cpu, struct zx_exit *exit)
{
	struct zx_inst inst;

	if (!zx_exit_decode(cpu, exit, &inst))
		return false;
	/* SMSW alone is user mode's as well. */
	if (inst.kind != ZX_INST_SMSW && zx_backend->get(cpu, ZX_REG_CPL)) {
		zx_irq_gp(cpu);
		return true;
	}
	if (perform(cpu, &inst))
		zx_exit_advance(cpu, inst.len);
	return cpu->next == ZX_NEXT_NONE;
}
