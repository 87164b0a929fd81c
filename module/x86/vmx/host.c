// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX on the host: what the CPU can, turning it on and off, and the tags (VPIDs)
 * that keep guests' translations apart.
 *
 * What a CPU's bugs ask for:
 *   L1TF		the L1 data cache is emptied when a burst begins, and when interrupts
 *			of the host were served in it
 *   ITLB_MULTIHIT	guest memory that can be executed has pages of 4 KiB only
 *   MDS, TAA, RFDS	VERW before each entry, where the kernel uses it
 *   MMIO_STALE_DATA	VERW before each entry
 *   RETBLEED, PBRSB	return predictor filled and IBRS written at each exit
 *   BHI		branch history cleared at each exit
 *   SPECTRE_V2	IBPB between two guests on one CPU
 */
#include <linux/cpu.h>
#include <linux/gfp.h>
#include <linux/idr.h>
#include <linux/io.h>
#include <linux/percpu.h>

#include <asm/desc.h>
#include <asm/msr-index.h>
#include <asm/perf_event.h>
#include <asm/tlbflush.h>
#include <asm/tsc.h>

#include "../../compat.h"
#include "../../hv/host.h"
#include "vmx.h"

#define BASIC_TRUE_CONTROLS	BIT_ULL(55)	/* SDM 3, A.1 */
#define BASIC_MEMORY_TYPE(x)	((x) >> 50 & 0xf)
#define BASIC_WRITE_BACK	6

/* EPT of four levels in write-back memory, pages of 2 MiB, INVEPT: SDM 3, A.10. */
#define EPT_NEEDED	(VMX_EPT_PAGE_WALK_4_BIT | VMX_EPTP_WB_BIT | VMX_EPT_INVEPT_BIT)
#define CAP_INVVPID	BIT_ULL(32)
#define CAP_INVVPID_SINGLE	BIT_ULL(41)
#define CAP_INVVPID_ALL	BIT_ULL(42)

#define L1D_ORDER	4		/* twice the largest L1 data cache */

DEFINE_PER_CPU(struct vmx_host, vmx_host);

struct vmx_caps vmx_caps;
phys_addr_t vmx_msr_bitmap_pa[VMX_MSRS_KINDS];

static const char *lack;		/* what the CPUs do not have */
static u8 *msr_bitmap[VMX_MSRS_KINDS];
static u8 *l1d_pages;
static DEFINE_IDA(vpids);

/*
 * Controls that an MSR permits: what is @needed must be possible, @wanted is taken
 * if it is. SDM 3, A.3 to A.5: low half what must be 1, high half what may be.
 */
static bool controls(u32 msr, u32 needed, u32 wanted, u32 *out)
{
	u64 cap;

	if (rdmsrl_safe(msr, &cap))
		return false;
	*out = ((needed | wanted) & cap >> 32) | (u32)cap;
	return (*out & needed) == needed;
}

#define PIN_NEEDED	(PIN_BASED_EXT_INTR_MASK | PIN_BASED_NMI_EXITING | PIN_BASED_VIRTUAL_NMIS)
#define PRIMARY_NEEDED	(CPU_BASED_HLT_EXITING | CPU_BASED_MWAIT_EXITING | \
			 CPU_BASED_RDPMC_EXITING | CPU_BASED_CR8_LOAD_EXITING | \
			 CPU_BASED_CR8_STORE_EXITING | CPU_BASED_MOV_DR_EXITING | \
			 CPU_BASED_UNCOND_IO_EXITING | CPU_BASED_USE_MSR_BITMAPS | \
			 CPU_BASED_MONITOR_EXITING | CPU_BASED_USE_TSC_OFFSETTING | \
			 CPU_BASED_ACTIVATE_SECONDARY_CONTROLS)
#define PRIMARY_BAD	(CPU_BASED_CR3_LOAD_EXITING | CPU_BASED_CR3_STORE_EXITING)
#define SECONDARY_NEEDED (SECONDARY_EXEC_ENABLE_EPT | SECONDARY_EXEC_UNRESTRICTED_GUEST | \
			  SECONDARY_EXEC_WBINVD_EXITING)
#define SECONDARY_WANTED (SECONDARY_EXEC_ENABLE_RDTSCP | SECONDARY_EXEC_ENABLE_VPID | \
			  SECONDARY_EXEC_ENABLE_INVPCID)
/* All or nothing: only together do they make the CPU deliver interrupts. */
#define SECONDARY_APIC	(SECONDARY_EXEC_APIC_REGISTER_VIRT | \
			 SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY | \
			 SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE)
#define EXIT_NEEDED	(VM_EXIT_SAVE_DEBUG_CONTROLS | VM_EXIT_HOST_ADDR_SPACE_SIZE | \
			 VM_EXIT_LOAD_IA32_PAT | VM_EXIT_LOAD_IA32_EFER)
#define ENTRY_NEEDED	(VM_ENTRY_LOAD_DEBUG_CONTROLS | VM_ENTRY_LOAD_IA32_PAT | \
			 VM_ENTRY_LOAD_IA32_EFER)

static const char *find_controls(void)
{
	struct vmx_caps *caps = &vmx_caps;
	u64 basic;

	rdmsrl(MSR_IA32_VMX_BASIC, basic);
	caps->revision = basic & GENMASK(30, 0);
	if (!(basic & BASIC_TRUE_CONTROLS) || BASIC_MEMORY_TYPE(basic) != BASIC_WRITE_BACK ||
	    !controls(MSR_IA32_VMX_TRUE_PINBASED_CTLS, PIN_NEEDED, 0, &caps->pin) ||
	    !controls(MSR_IA32_VMX_TRUE_PROCBASED_CTLS, PRIMARY_NEEDED, CPU_BASED_TPR_SHADOW,
		      &caps->primary) || caps->primary & PRIMARY_BAD)
		return "the CPU's VT-x lacks controls that are needed";
	if (!controls(MSR_IA32_VMX_PROCBASED_CTLS2, SECONDARY_NEEDED, SECONDARY_WANTED,
		      &caps->secondary))
		return "the CPU has VT-x but no EPT, or no unrestricted guest";
	if (!controls(MSR_IA32_VMX_TRUE_EXIT_CTLS, EXIT_NEEDED, 0, &caps->exit) ||
	    !controls(MSR_IA32_VMX_TRUE_ENTRY_CTLS, ENTRY_NEEDED, 0, &caps->entry))
		return "the CPU's VT-x cannot switch EFER or PAT";
	return NULL;
}

static const char *find_ept(void)
{
	struct vmx_caps *caps = &vmx_caps;
	u64 cap;

	rdmsrl(MSR_IA32_VMX_EPT_VPID_CAP, cap);
	if ((cap & EPT_NEEDED) != EPT_NEEDED ||
	    !(cap & (VMX_EPT_EXTENT_CONTEXT_BIT | VMX_EPT_EXTENT_GLOBAL_BIT)))
		return "the CPU's EPT lacks four levels, write-back memory or INVEPT";
	caps->invept_single = cap & VMX_EPT_EXTENT_CONTEXT_BIT;
	caps->invvpid_single = cap & CAP_INVVPID_SINGLE;
	caps->vpid = zx_vpid && caps->secondary & SECONDARY_EXEC_ENABLE_VPID &&
		     cap & CAP_INVVPID && cap & (CAP_INVVPID_SINGLE | CAP_INVVPID_ALL);
	if (!caps->vpid)
		caps->secondary &= ~SECONDARY_EXEC_ENABLE_VPID;
	/* A guest's own types for memory must not meet the host's if caches do not snoop. */
	if (!boot_cpu_has(X86_FEATURE_SELFSNOOP))
		vmx_ept_format.type[ZX_MEM_WRITE_BACK] |= VMX_EPT_IPAT_BIT;
	vmx_ept_format.no_large = !(cap & VMX_EPT_2MB_PAGE_BIT);
	vmx_ept_format.no_large_code = boot_cpu_has_bug(X86_BUG_ITLB_MULTIHIT) &&
				       !cpu_mitigations_off();
	return NULL;
}

/*
 * Bochs (2.7) holds back the host's interrupts from a guest that it enters with
 * RFLAGS.IF clear, against SDM 3, 26.2: the timer gives the host its turn there. It
 * goes on over exits, which such a guest may make as often as it wants.
 */
static void find_slice(void)
{
	struct vmx_caps *caps = &vmx_caps;
	u64 misc, ticks;
	u32 pin, exit;

	if (!zx_slice_us ||
	    !controls(MSR_IA32_VMX_TRUE_PINBASED_CTLS, caps->pin | PIN_BASED_VMX_PREEMPTION_TIMER,
		      0, &pin) ||
	    !controls(MSR_IA32_VMX_TRUE_EXIT_CTLS, caps->exit | VM_EXIT_SAVE_VMX_PREEMPTION_TIMER,
		      0, &exit))
		return;
	/* It counts each time that this bit of the TSC changes: SDM 3, 26.5.1. */
	rdmsrl(MSR_IA32_VMX_MISC, misc);
	ticks = ((u64)zx_slice_us * tsc_khz / 1000) >> vmx_misc_preemption_timer_rate(misc);
	caps->slice = clamp_t(u64, ticks, 1, U32_MAX);
	caps->pin = pin;
	caps->exit = exit;
}

static void find_virtual_apic(void)
{
	struct vmx_caps *caps = &vmx_caps;
	u32 needed = caps->secondary | SECONDARY_APIC, secondary;

	if (!zx_apicv || !caps->tpr_shadow ||
	    !controls(MSR_IA32_VMX_PROCBASED_CTLS2, needed, 0, &secondary))
		return;
	caps->virtual_apic = SECONDARY_APIC;
	zx_virtual_apic = true;
}

/*
 * Paging and protection are the guest's own, with an unrestricted guest. What a
 * hypervisor below us keeps for itself is not shown to our guests either.
 */
static const char *find_fixed(void)
{
	struct vmx_caps *caps = &vmx_caps;
	u64 allowed;

	rdmsrl(MSR_IA32_VMX_CR0_FIXED0, caps->cr0_fixed);
	caps->cr0_fixed &= ~(X86_CR0_PE | X86_CR0_PG);
	rdmsrl(MSR_IA32_VMX_CR4_FIXED0, caps->cr4_fixed);
	rdmsrl(MSR_IA32_VMX_CR4_FIXED1, allowed);
	zx_cpuid_limit(allowed, caps->secondary & SECONDARY_EXEC_ENABLE_RDTSCP,
		       caps->secondary & SECONDARY_EXEC_ENABLE_INVPCID);
	if (zx_cpuid_cr4_mask() & ~allowed)
		return "the CPU's VT-x keeps bits of CR4 from guests";
	return NULL;
}

static const char *find_caps(void)
{
	struct vmx_caps *caps = &vmx_caps;
	const char *reason;
	u64 pebs;

	if (!boot_cpu_has(X86_FEATURE_VMX))
		return "the CPU has no VT-x, or the firmware switched it off";
#ifdef X86_FEATURE_FRED
	/* Nothing but the CPU can raise an NMI there, so one that ended a guest would be lost. */
	if (cpu_feature_enabled(X86_FEATURE_FRED))
		return "the host uses FRED (boot with fred=off)";
#endif
	reason = find_controls() ?: find_ept() ?: find_fixed();
	if (reason)
		return reason;
	caps->tpr_shadow = zx_tpr_shadow && caps->primary & CPU_BASED_TPR_SHADOW;
	if (caps->tpr_shadow)
		caps->primary &= ~(CPU_BASED_CR8_LOAD_EXITING | CPU_BASED_CR8_STORE_EXITING);
	else
		caps->primary &= ~CPU_BASED_TPR_SHADOW;
	find_virtual_apic();
	find_slice();
	caps->pebs = boot_cpu_has(X86_FEATURE_PEBS) &&
		     !rdmsrl_safe(MSR_IA32_PEBS_ENABLE, &pebs);
	caps->flush_l1d = boot_cpu_has_bug(X86_BUG_L1TF) && !cpu_mitigations_off();
	return NULL;
}

const char *vmx_refusal(void)
{
	return lack;
}

/* SDM 3, 25.6.9: 1 KiB each for reads of low and high numbers, then for writes. */
#define BITMAP_WRITES	2048

static void bitmap_pass(u8 *map, u32 msr, bool write)
{
	u32 at = (msr >= 0xc0000000 ? 1024 : 0) + (msr & 0x1fff) / 8, bit = BIT(msr % 8);

	map[at] &= ~bit;
	if (write)
		map[at + BITMAP_WRITES] &= ~bit;
}

/*
 * TPR, EOI and self-IPI, which the CPU does whole (SDM 3, 30.5), but that the self-IPI
 * of a vector which was level-triggered before leaves it so: its EOI is then reported.
 */
static const u32 apic_written[] = { 0x808, 0x80b, 0x83f };

/* Registers that read as the page has them, and none that counts. */
static const struct { u32 first, last; } apic_read[] = {
	{ 0x802, 0x803 }, { 0x808, 0x808 }, { 0x80a, 0x80a }, { 0x80d, 0x80d }, { 0x80f, 0x828 },
	{ 0x82f, 0x830 }, { 0x832, 0x838 }, { 0x83e, 0x83e },
};

static void bitmap_pass_apic(u8 *map)
{
	unsigned int i;
	u32 msr;

	for (i = 0; i < ARRAY_SIZE(apic_read); i++)
		for (msr = apic_read[i].first; msr <= apic_read[i].last; msr++)
			bitmap_pass(map, msr, false);
	for (i = 0; i < ARRAY_SIZE(apic_written); i++)
		map[BITMAP_WRITES + apic_written[i] / 8] &= ~BIT(apic_written[i] % 8);
}

static void fill_bitmap(u8 *map, unsigned int kind)
{
	const u32 *msr;

	memset(map, 0xff, PAGE_SIZE);
	for (msr = zx_msr_passed; *msr; msr++) {
		/* Nobody would know what was written to those of SYSCALL. */
		if (!zx_msr_is_syscall(*msr))
			bitmap_pass(map, *msr, true);
		else if (kind & VMX_MSRS_SYSCALL)
			bitmap_pass(map, *msr, false);
	}
	if (kind & VMX_MSRS_APIC)
		bitmap_pass_apic(map);
}

static void free_areas(void)
{
	int cpu, i;

	for_each_possible_cpu(cpu)
		free_page((unsigned long)per_cpu(vmx_host, cpu).vmxon);
	for (i = 0; i < ARRAY_SIZE(msr_bitmap); i++) {
		free_page((unsigned long)msr_bitmap[i]);
		msr_bitmap[i] = NULL;
	}
	free_pages((unsigned long)l1d_pages, L1D_ORDER);
	l1d_pages = NULL;
}

static int alloc_areas(void)
{
	struct vmx_host *h;
	int cpu, i;

	for (i = 0; i < VMX_MSRS_KINDS; i++) {
		msr_bitmap[i] = (void *)__get_free_page(GFP_KERNEL);
		if (!msr_bitmap[i])
			return -ENOMEM;
		fill_bitmap(msr_bitmap[i], i);
		vmx_msr_bitmap_pa[i] = virt_to_phys(msr_bitmap[i]);
	}
	l1d_pages = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, L1D_ORDER);
	if (!l1d_pages)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		h = per_cpu_ptr(&vmx_host, cpu);
		INIT_LIST_HEAD(&h->active);
		h->vmxon = (void *)get_zeroed_page(GFP_KERNEL);
		if (!h->vmxon)
			return -ENOMEM;
		h->vmxon->revision = vmx_caps.revision;
	}
	return 0;
}

int vmx_init(void)
{
	int ret;

	lack = find_caps();
	ret = alloc_areas();
	if (ret)
		free_areas();
	return ret;
}

void vmx_exit(void)
{
	free_areas();
	ida_destroy(&vpids);
}

/* Firmware decides, CPU by CPU, and again after each sleep. */
static bool permitted(void)
{
	const u64 bits = FEAT_CTL_LOCKED | FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX;
	u64 value;

	return !rdmsrl_safe(MSR_IA32_FEAT_CTL, &value) && (value & bits) == bits;
}

int vmx_host_on(void)
{
	struct vmx_host *h = this_cpu_ptr(&vmx_host);
	int i;

	if (__read_cr4() & X86_CR4_VMXE)
		return -EBUSY;
	if (!permitted())
		return -EACCES;
	for (i = 0; i < VMX_SYSCALL_MSRS; i++)
		rdmsrl(MSR_STAR + i, h->syscall[i]);
	native_store_gdt(&h->gdt);
	cr4_set_bits(X86_CR4_VMXE);
	intel_pt_handle_vmx(1);
	if (!vmxon(virt_to_phys(h->vmxon))) {
		intel_pt_handle_vmx(0);
		cr4_clear_bits(X86_CR4_VMXE);
		return -EIO;
	}
	/* Whatever the tags meant before. */
	invept(VMX_EPT_EXTENT_GLOBAL, 0);
	if (vmx_caps.vpid)
		invvpid(VMX_VPID_EXTENT_ALL_CONTEXT, 0);
	zx_msr_host_on();
	return 0;
}

/* In VMX operation INIT waits, and CR4.VMXE cannot be cleared: SDM 3, 24.8. */
static void leave_vmx(void)
{
	vmxoff();
	cr4_clear_bits(X86_CR4_VMXE);
}

void vmx_host_off(bool crash)
{
	struct vmx_host *h = this_cpu_ptr(&vmx_host);
	struct vmx_vcpu *vmx, *next;

	/* What the CPU still keeps of a VMCS goes to memory of the kernel that has ended. */
	if (crash) {
		if (__read_cr4() & X86_CR4_VMXE)
			leave_vmx();
		return;
	}
	list_for_each_entry_safe(vmx, next, &h->active, node)
		vmx_vmcs_clear_local(vmx);
	leave_vmx();
	intel_pt_handle_vmx(0);
}

int vmx_host_vpid(void)
{
	int vpid;

	if (!vmx_caps.vpid)
		return 0;
	vpid = ida_alloc_range(&vpids, 1, U16_MAX, GFP_KERNEL);
	return vpid == -ENOSPC ? 0 : vpid;
}

void vmx_host_vpid_free(u16 vpid)
{
	if (vpid)
		ida_free(&vpids, vpid);
}

void vmx_host_flush(struct vmx_vcpu *vmx)
{
	if (vmx_caps.invept_single)
		invept(VMX_EPT_EXTENT_CONTEXT, vmx->eptp);
	else
		invept(VMX_EPT_EXTENT_GLOBAL, 0);
	/* Without a tag of its own each entry flushes: SDM 3, 29.4.3.1. */
	if (!vmx->vpid)
		return;
	if (vmx_caps.invvpid_single)
		invvpid(VMX_VPID_EXTENT_SINGLE_CONTEXT, vmx->vpid);
	else
		invvpid(VMX_VPID_EXTENT_ALL_CONTEXT, 0);
}

/* Without the command, reading as much as the cache holds, and more, replaces it. */
void vmx_host_flush_l1d(void)
{
	unsigned int i;

	if (static_cpu_has(X86_FEATURE_FLUSH_L1D)) {
		wrmsrl(MSR_IA32_FLUSH_CMD, L1D_FLUSH);
		return;
	}
	/* Translations first, so that page walks do not bring anything back. */
#pragma GCC unroll 16
	for (i = 0; i < PAGE_SIZE << L1D_ORDER; i += PAGE_SIZE)
		READ_ONCE(l1d_pages[i]);
#pragma GCC unroll 64
	for (i = 0; i < PAGE_SIZE << L1D_ORDER; i += 64)
		READ_ONCE(l1d_pages[i]);
}
