// SPDX-License-Identifier: GPL-2.0-only
/*
 * SVM on the host: what the CPU can, turning it on and off, and the tags (ASIDs)
 * that keep guests' translations apart.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mem_encrypt.h>
#include <linux/mm.h>
#include <linux/percpu.h>

#include <asm/msr-index.h>
#include <asm/special_insns.h>

#include "../../hv/host.h"
#include "../../compat.h"
#include "svm.h"

/* CPUID 0x8000000a, EDX (APM 3, E.4.9) */
#define SVM_CPUID		0x8000000au
#define SVM_CPUID_NP		BIT(0)
#define SVM_CPUID_NRIPS		BIT(3)
#define SVM_CPUID_DECODE	BIT(7)

#define VM_CR			0xc0010114
#define VM_CR_SVMDIS		BIT_ULL(4)
#define VM_HSAVE_PA		0xc0010117

/* 12 KiB, a bit per port; 8 KiB, two bits per MSR (APM 2, 15.10.1, 15.11). */
#define IOPM_ORDER		2
#define MSRPM_ORDER		1
#define MSRPM_SIZE		(2 * PAGE_SIZE)

DEFINE_PER_CPU(struct svm_host, svm_host);

struct svm_caps svm_caps;
phys_addr_t svm_iopm_pa, svm_msrpm_pa;

static void *iopm, *msrpm;

const char *svm_refusal(void)
{
	u64 vm_cr;

	if (!boot_cpu_has(X86_FEATURE_SVM))
		return "the CPU has no AMD-V";
	if (!(cpuid_edx(SVM_CPUID) & SVM_CPUID_NP))
		return "the CPU has AMD-V but no nested paging";
	if (rdmsrl_safe(VM_CR, &vm_cr) || vm_cr & VM_CR_SVMDIS)
		return "AMD-V is switched off by the firmware";
	/* Addresses for the CPU would need the encryption bit. */
	if (sme_me_mask)
		return "the host's memory is encrypted (SME)";
	if (svm_caps.asids < 2)
		return "the CPU has AMD-V but too few ASIDs";
	return NULL;
}

static void msrpm_pass(u8 *map, u32 msr)
{
	/* Ranges of 2 KiB: 0 and up, 0xc0000000 and up, 0xc0010000 and up. */
	u32 base = msr >= 0xc0010000 ? 0x1000 : msr >= 0xc0000000 ? 0x800 : 0;
	u32 bit = (msr & 0x1fff) * 2;

	map[base + bit / 8] &= ~(3 << bit % 8);
}

static void free_areas(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		free_page((unsigned long)per_cpu(svm_host, cpu).hsave);
		free_page((unsigned long)per_cpu(svm_host, cpu).area);
	}
	free_pages((unsigned long)iopm, IOPM_ORDER);
	free_pages((unsigned long)msrpm, MSRPM_ORDER);
	iopm = NULL;
	msrpm = NULL;
}

static int alloc_areas(void)
{
	struct svm_host *h;
	int cpu;

	iopm = (void *)__get_free_pages(GFP_KERNEL, IOPM_ORDER);
	msrpm = (void *)__get_free_pages(GFP_KERNEL, MSRPM_ORDER);
	if (!iopm || !msrpm)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		h = per_cpu_ptr(&svm_host, cpu);
		h->hsave = (void *)get_zeroed_page(GFP_KERNEL);
		h->area = (void *)get_zeroed_page(GFP_KERNEL);
		if (!h->hsave || !h->area)
			return -ENOMEM;
		h->area_pa = virt_to_phys(h->area);
	}
	return 0;
}

static void find_caps(void)
{
	u32 eax, ebx, ecx, edx;

	cpuid(SVM_CPUID, &eax, &ebx, &ecx, &edx);
	svm_caps.asids = ebx;
	svm_caps.nrips = zx_nrips && edx & SVM_CPUID_NRIPS;
	svm_caps.decode_assists = zx_decode_assists && edx & SVM_CPUID_DECODE;
}

int svm_init(void)
{
	const u32 *msr;
	int ret = alloc_areas();

	if (ret) {
		free_areas();
		return ret;
	}
	find_caps();
	/* Nested tables have as many levels as the host has (APM 2, 15.25.3). */
	svm_npt_format.five_levels = __read_cr4() & X86_CR4_LA57;
	svm_npt_format.type[ZX_MEM_WRITE_COMBINING] =
		pgprot_val(pgprot_writecombine(__pgprot(0)));
	memset(iopm, 0xff, PAGE_SIZE << IOPM_ORDER);
	memset(msrpm, 0xff, MSRPM_SIZE);
	for (msr = zx_msr_passed; *msr; msr++)
		msrpm_pass(msrpm, *msr);
	svm_iopm_pa = virt_to_phys(iopm);
	svm_msrpm_pa = virt_to_phys(msrpm);
	return 0;
}

void svm_exit(void)
{
	free_areas();
}

int svm_host_on(void)
{
	struct svm_host *h = this_cpu_ptr(&svm_host);
	u64 efer;

	rdmsrl(MSR_EFER, efer);
	if (efer & EFER_SVME)
		return -EBUSY;
	wrmsrl(MSR_EFER, efer | EFER_SVME);
	wrmsrl(VM_HSAVE_PA, virt_to_phys(h->hsave));
	/* Whatever the tags meant before, a new generation starts with a flush. */
	h->asid_gen++;
	h->asid_next = svm_caps.asids;
	zx_msr_host_on();
	return 0;
}

void svm_host_off(bool crash)
{
	u64 efer;

	if (crash) {
		if (!__this_cpu_read(zx_host_on))
			return;
		/* INIT waits as well while the global interrupt flag is off (APM 2, 15.17). */
		asm volatile("stgi" : : : "memory");
	}
	wrmsrl(VM_HSAVE_PA, 0);
	rdmsrl(MSR_EFER, efer);
	wrmsrl(MSR_EFER, efer & ~EFER_SVME);
}

/*
 * ASID 0 is the host's. When a CPU has given all others away, it begins a new
 * generation, and the entry that gets its first tag flushes them all.
 */
void svm_host_asid(struct svm_vcpu *svm)
{
	struct svm_host *h = this_cpu_ptr(&svm_host);
	struct svm_control *control = &svm->vmcb->control;

	control->tlb_control = SVM_TLB_KEEP;
	if (h->asid_next >= svm_caps.asids) {
		h->asid_gen++;
		h->asid_next = 1;
		control->tlb_control = SVM_TLB_FLUSH_ALL;
	}
	svm->cpu = smp_processor_id();
	svm->asid_gen = h->asid_gen;
	control->asid = h->asid_next++;
	svm_dirty(svm, SVM_CLEAN_ASID);
}
