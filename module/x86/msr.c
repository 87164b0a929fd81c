// SPDX-License-Identifier: GPL-2.0-only
/*
 * Model-specific registers: one policy for both vendors. What is not named here
 * does not exist for a guest, and its access is a #GP.
 */
#include <asm/msr-index.h>
#include <asm/mtrr.h>

#include "../compat.h"
#include "backend.h"

#define MSR_KVM_WALL_CLOCK_OLD	0x11
#define MSR_KVM_SYSTEM_TIME_OLD	0x12
#define MSR_KVM_WALL_CLOCK	0x4b564d00
#define MSR_KVM_SYSTEM_TIME	0x4b564d01
#define MSR_PLATFORM_POWER_LIMIT 0x65c

/* Switched with the guest by hardware or by the backend: no exit needed. */
const u32 zx_msr_passed[] = {
	MSR_IA32_SYSENTER_CS,
	MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK,
	MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE,
	0
};

/*
 * Runs of MSRs that read as 0. Writes to those with @ignore are dropped, to the
 * others they fault.
 */
static const struct quiet {
	u32 first, last;
	bool ignore;
} quiet[] = {
	{ MSR_IA32_PLATFORM_ID, MSR_IA32_PLATFORM_ID },
	{ MSR_IA32_UCODE_REV, MSR_IA32_UCODE_REV, true },
	{ MSR_MTRRcap, MSR_MTRRcap, true },
	{ MSR_IA32_MCG_CAP, MSR_IA32_MCG_STATUS },
	{ MSR_IA32_TEMPERATURE_TARGET, MSR_IA32_TEMPERATURE_TARGET },
	{ MTRRphysBase_MSR(0), MTRRphysMask_MSR(9), true },
	{ MSR_MTRRfix64K_00000, MSR_MTRRfix64K_00000, true },
	{ MSR_MTRRfix16K_80000, MSR_MTRRfix16K_A0000, true },
	{ MSR_MTRRfix4K_C0000, MSR_MTRRfix4K_F8000, true },
	{ MSR_MTRRdefType, MSR_MTRRdefType, true },
	{ MSR_RAPL_POWER_UNIT, MSR_RAPL_POWER_UNIT },
	{ MSR_PKG_ENERGY_STATUS, MSR_PKG_ENERGY_STATUS },
	{ MSR_DRAM_POWER_LIMIT, MSR_DRAM_ENERGY_STATUS, true },
	{ MSR_PP0_POWER_LIMIT, MSR_PP0_ENERGY_STATUS, true },
	{ MSR_PP1_POWER_LIMIT, MSR_PP1_ENERGY_STATUS, true },
	{ MSR_PLATFORM_ENERGY_STATUS, MSR_PLATFORM_ENERGY_STATUS },
	{ MSR_PLATFORM_POWER_LIMIT, MSR_PLATFORM_POWER_LIMIT, true },
	{ MSR_PPERF, MSR_PPERF },
	{ MSR_SMI_COUNT, MSR_SMI_COUNT },
	/* AMD's that its own kernels touch without asking. */
	{ MSR_AMD64_SYSCFG, MSR_AMD64_SYSCFG, true },
	{ MSR_K7_HWCR, MSR_K7_HWCR, true },
	{ MSR_AMD64_NB_CFG, MSR_AMD64_NB_CFG, true },
	{ MSR_K8_INT_PENDING_MSG, MSR_K8_INT_PENDING_MSG, true },
	{ MSR_AMD64_PATCH_LEVEL, MSR_AMD64_PATCH_LEVEL, true },
	{ MSR_AMD64_DE_CFG, MSR_AMD64_DE_CFG, true },
};

static const struct quiet *find_quiet(u32 msr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(quiet); i++)
		if (msr >= quiet[i].first && msr <= quiet[i].last)
			return &quiet[i];
	return NULL;
}

static bool is_apic(u32 msr)
{
	return (msr >= ZX_MSR_X2APIC_FIRST && msr <= ZX_MSR_X2APIC_LAST) ||
	       msr == ZX_MSR_TSC_DEADLINE;
}

/* False: #GP. */
static bool read_msr(struct zx_cpu *cpu, u32 msr, u64 *value)
{
	*value = 0;
	if (is_apic(msr)) {
		zx_irq_show(cpu);
		return zx_apic_read(&cpu->apic, msr, value) == ZX_APIC_DONE;
	}
	switch (msr) {
	case ZX_MSR_APIC_BASE:
		*value = zx_apic_get_base(&cpu->apic);
		return true;
	case MSR_IA32_TSC:
		*value = zx_clock_get_tsc(cpu);
		return true;
	case MSR_EFER:
		*value = zx_backend->get(cpu, ZX_REG_EFER);
		return true;
	case MSR_IA32_CR_PAT:
		*value = zx_backend->get(cpu, ZX_REG_PAT);
		return true;
	case MSR_TSC_AUX:
		*value = cpu->tsc_aux;
		return boot_cpu_has(X86_FEATURE_RDTSCP);
	case MSR_IA32_SYSENTER_ESP:
		*value = cpu->sysenter_esp;
		return true;
	case MSR_IA32_SYSENTER_EIP:
		*value = cpu->sysenter_eip;
		return true;
	case MSR_STAR ... MSR_SYSCALL_MASK:
		*value = zx_backend->get(cpu, ZX_REG_STAR + (msr - MSR_STAR));
		return true;
	case MSR_IA32_MISC_ENABLE:
		*value = MSR_IA32_MISC_ENABLE_FAST_STRING;
		return true;
	default:
		return find_quiet(msr);
	}
}

/* An address with an enable bit, for a structure that must not leave the space. */
static bool clock_msr(struct zx_cpu *cpu, u32 msr, u64 value)
{
	u64 gpa = value & ~1ull;

	if (gpa & 3 || gpa >= 1ull << ZX_GPA_BITS)
		return false;
	if (msr == MSR_KVM_WALL_CLOCK || msr == MSR_KVM_WALL_CLOCK_OLD)
		zx_clock_set_wall(cpu, gpa);
	else
		zx_clock_set_system(cpu, value & 1 ? gpa : 0);
	return true;
}

static bool write_tsc_aux(struct zx_cpu *cpu, u64 value)
{
	if (value >> 32 || !boot_cpu_has(X86_FEATURE_RDTSCP))
		return false;
	cpu->tsc_aux = value;
	wrmsrl(MSR_TSC_AUX, value);
	return true;
}

/* Addresses: SDM 4, table 2-2 wants them canonical. */
static bool write_sysenter(struct zx_cpu *cpu, u32 msr, u64 value)
{
	if (!zx_canonical(value))
		return false;
	if (msr == MSR_IA32_SYSENTER_ESP) {
		cpu->sysenter_esp = value;
		zx_backend->set(cpu, ZX_REG_SYSENTER_ESP, value);
	} else {
		cpu->sysenter_eip = value;
		zx_backend->set(cpu, ZX_REG_SYSENTER_EIP, value);
	}
	return true;
}

/* Eight memory types of a byte each; 2, 3 and all above 7 are reserved (SDM 3, 12.12.2). */
static bool write_pat(struct zx_cpu *cpu, u64 value)
{
	unsigned int i;

	for (i = 0; i < 64; i += 8)
		if ((value >> i & 0xff) > 7 || (value >> i & 0xfe) == 2)
			return false;
	zx_backend->set(cpu, ZX_REG_PAT, value);
	return true;
}

/* Only where the backend asks for it; SDM 4, table 2-2 for what they take. */
static bool write_syscall(struct zx_cpu *cpu, u32 msr, u64 value)
{
	if ((msr == MSR_LSTAR || msr == MSR_CSTAR) && !zx_canonical(value))
		return false;
	if (msr == MSR_SYSCALL_MASK && value >> 32)
		return false;
	zx_backend->set(cpu, ZX_REG_STAR + (msr - MSR_STAR), value);
	return true;
}

/* A trap that begins at the page is what makes it the APIC's. */
static bool write_apic_base(struct zx_cpu *cpu, u64 value)
{
	cpu->irq.busy = true;
	return zx_apic_set_base(&cpu->apic, value, zx_trap_has_apic(&cpu->gpas->traps));
}

static bool write_msr(struct zx_cpu *cpu, u32 msr, u64 value)
{
	const struct quiet *row;

	switch (msr) {
	case ZX_MSR_APIC_BASE:
		return write_apic_base(cpu, value);
	case MSR_IA32_TSC:
		zx_clock_set_tsc(cpu, value);
		return true;
	case MSR_EFER:
		return zx_cr_set_efer(cpu, value);
	case MSR_IA32_CR_PAT:
		return write_pat(cpu, value);
	case MSR_TSC_AUX:
		return write_tsc_aux(cpu, value);
	case MSR_IA32_SYSENTER_ESP:
	case MSR_IA32_SYSENTER_EIP:
		return write_sysenter(cpu, msr, value);
	case MSR_STAR ... MSR_SYSCALL_MASK:
		return write_syscall(cpu, msr, value);
	case MSR_KVM_WALL_CLOCK:
	case MSR_KVM_WALL_CLOCK_OLD:
	case MSR_KVM_SYSTEM_TIME:
	case MSR_KVM_SYSTEM_TIME_OLD:
		return clock_msr(cpu, msr, value);
	case MSR_IA32_PRED_CMD:
		if (value & PRED_CMD_IBPB)
			zx_ibpb();
		return true;
	case MSR_IA32_SPEC_CTRL:
		return true;
	default:
		row = find_quiet(msr);
		return row && row->ignore;
	}
}

/* WRMSR to the APIC. True: served; false: it became a #GP, or a packet. */
static bool write_apic(struct zx_cpu *cpu, struct zx_exit *exit, u32 msr, u64 value)
{
	struct zx_apic_ipi ipi;

	enum zx_apic_action action = zx_apic_write(&cpu->apic, msr, value, &ipi);

	cpu->irq.busy |= zx_virtual_apic;
	switch (action) {
	case ZX_APIC_DONE:
		zx_exit_advance(cpu, exit->len);
		return true;
	case ZX_APIC_EOI:
		zx_exit_advance(cpu, exit->len);
		zx_packet_eoi(cpu, ipi.vector);
		return false;
	case ZX_APIC_IPI:
		return zx_ipi_send(cpu, exit, &ipi);
	default:
		zx_irq_gp(cpu);
		return true;
	}
}

bool zx_msr_access(struct zx_cpu *cpu, struct zx_exit *exit)
{
	struct zx_vcpu_regs *regs = &cpu->page->regs;
	u64 value = (u32)regs->rax | regs->rdx << 32;
	u32 msr = READ_ONCE(regs->rcx);
	bool write = exit->kind == ZX_EXIT_WRMSR;

	if (write && is_apic(msr))
		return write_apic(cpu, exit, msr, value);
	if (write ? !write_msr(cpu, msr, value) : !read_msr(cpu, msr, &value)) {
		zx_irq_gp(cpu);
		return true;
	}
	if (!write) {
		regs->rax = (u32)value;
		regs->rdx = value >> 32;
	}
	zx_exit_advance(cpu, exit->len);
	return true;
}

DEFINE_PER_CPU(u64, zx_host_tsc_aux);

void zx_msr_host_on(void)
{
	u64 value = 0;

	if (boot_cpu_has(X86_FEATURE_RDTSCP))
		rdmsrl(MSR_TSC_AUX, value);
	__this_cpu_write(zx_host_tsc_aux, value);
}

void zx_msr_tsc_aux(u64 value)
{
	wrmsrl(MSR_TSC_AUX, value);
}
