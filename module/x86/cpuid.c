// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest learns from CPUID: the host's answers, cut down to an allow-list
 * of features that the rest of the module really provides, the same list for
 * both vendors. The table is made once; an exit is a look-up and a few edits.
 */
#include <asm/processor.h>

#include "../compat.h"
#include "backend.h"

#define HV_BASE		0x40000000u
#define EXT_BASE	0x80000000u
#define BASIC_MAX	0x16u
#define EXT_MAX		0x80000008u

struct leaf {
	u32 eax, ebx, ecx, edx;
};

/*
 * Powers of two: the guest's index is masked, for even what a CPU reads in speculation
 * must not be of the guest's choice.
 */
static struct leaf basic[32];
static struct leaf extended[16];
static struct leaf caches[4];		/* leaf 4 */
static struct leaf xsave[4];		/* leaf 0xd */
static const struct leaf none;

#define MASK(table)	(ARRAY_SIZE(table) - 1)
static_assert(ARRAY_SIZE(basic) > BASIC_MAX && ARRAY_SIZE(extended) > EXT_MAX - EXT_BASE);

/*
 * Leaf 1, ECX: SSE3 PCLMUL SSSE3 FMA CX16 PCID SSE4.1 SSE4.2 MOVBE POPCNT AES
 * XSAVE AVX F16C RDRAND
 */
#define L1_ECX	(BIT(0) | BIT(1) | BIT(9) | BIT(12) | BIT(13) | BIT(17) | BIT(19) | BIT(20) | \
		 BIT(22) | BIT(23) | BIT(25) | BIT(26) | BIT(28) | BIT(29) | BIT(30))
/* Always: x2APIC, TSC deadline, hypervisor. OSXSAVE follows CR4. */
#define L1_ECX_SET	(BIT(21) | BIT(24) | BIT(31))
#define L1_ECX_OSXSAVE	BIT(27)
#define L1_ECX_AVX	(BIT(12) | BIT(28) | BIT(29))
/* Leaf 1, EDX: all from FPU to SSE2 but PSN, DS, ACPI and the thermal ones. SEP is always there. */
#define L1_EDX	0x078bfbffu
#define L1_EDX_APIC	BIT(9)
#define L1_EDX_SET	BIT(11)
/* Leaf 7, EBX: FSGSBASE BMI1 AVX2 SMEP BMI2 ERMS INVPCID RDSEED ADX SMAP CLFLUSHOPT CLWB SHA */
#define L7_EBX	(BIT(0) | BIT(3) | BIT(5) | BIT(7) | BIT(8) | BIT(9) | BIT(10) | BIT(18) | \
		 BIT(19) | BIT(20) | BIT(23) | BIT(24) | BIT(29))
#define L7_EBX_AVX	BIT(5)
#define L7_EBX_INVPCID	BIT(10)
/* Leaf 7, ECX: UMIP VAES VPCLMUL RDPID; EDX: FSRM, and that VERW clears buffers */
#define L7_ECX	(BIT(2) | BIT(9) | BIT(10) | BIT(22))
#define L7_ECX_AVX	(BIT(9) | BIT(10))
#define L7_ECX_RDPID	BIT(22)
#define L7_EDX	(BIT(4) | BIT(10))
/* Leaf 0xd.1: XSAVEOPT, XGETBV with ECX 1 */
#define LD1_EAX	(BIT(0) | BIT(2))
/* Leaf 0x80000001, ECX: LAHF ABM SSE4A misaligned-SSE PREFETCHW */
#define E1_ECX	(BIT(0) | BIT(5) | BIT(6) | BIT(7) | BIT(8))
/* EDX: the copy of leaf 1 that AMD has, SYSCALL NX MMXEXT FXSR_OPT 1-GiB pages RDTSCP LM */
#define E1_EDX	(0x0183f3ffu | BIT(11) | BIT(20) | BIT(22) | BIT(25) | BIT(26) | BIT(27) | BIT(29))
#define E1_EDX_RDTSCP	BIT(27)
/* Leaf 0x80000007, EDX: invariant TSC. Leaf 0x80000008, EBX: CLZERO, XSAVE of error pointers */
#define E7_EDX	BIT(8)
#define E8_EBX	(BIT(0) | BIT(2))
/* The barrier for predictions: this bit speaks of PRED_CMD only, on CPUs of Intel's as well. */
#define E8_EBX_IBPB	BIT(12)
/* Leaf 6, EAX: the APIC timer never stops */
#define L6_EAX	BIT(2)
/*
 * KVM's paravirtual features: clock at the old and new MSRs, no I/O delay needed; and
 * that bit 0 of the clock's flags means something.
 */
#define KVM_FEATURES	0xbu
#define KVM_CLOCK_STABLE	BIT(24)

static void host_leaf(struct leaf *out, u32 leaf, u32 sub)
{
	cpuid_count(leaf, sub, &out->eax, &out->ebx, &out->ecx, &out->edx);
}

static void cut_basic(void)
{
	bool avx = zx_fpu_components() & ZX_XCR0_AVX;

	basic[0].eax = min(basic[0].eax, BASIC_MAX);
	basic[1].ebx = (basic[1].ebx & 0xffff) | 1 << 16;
	basic[1].ecx = (basic[1].ecx & (avx ? L1_ECX : L1_ECX & ~L1_ECX_AVX)) | L1_ECX_SET;
	basic[1].edx = (basic[1].edx & L1_EDX) | L1_EDX_SET;
	basic[5] = none;
	basic[6] = (struct leaf){ .eax = L6_EAX };
	basic[7].eax = 0;
	basic[7].ebx &= avx ? L7_EBX : L7_EBX & ~L7_EBX_AVX;
	basic[7].ecx &= avx ? L7_ECX : L7_ECX & ~L7_ECX_AVX;
	basic[7].edx &= L7_EDX;
	memset(&basic[8], 0, 5 * sizeof(basic[0]));
	/* Beyond XSAVE only the frequencies; nothing of tracing, enclaves and the like. */
	memset(&basic[0xe], 0, 7 * sizeof(basic[0]));
}

static void cut_extended(void)
{
	extended[0].eax = min(extended[0].eax, EXT_MAX);
	extended[1].ecx &= E1_ECX;
	extended[1].edx &= E1_EDX;
	extended[7] = (struct leaf){ .edx = zx_clock_stable() ? extended[7].edx & E7_EDX : 0 };
	extended[8].eax = (extended[8].eax & 0xff00) |
			  min_t(u32, extended[8].eax & 0xff, ZX_GPA_BITS);
	extended[8].ebx = (extended[8].ebx & E8_EBX) | (zx_has_ibpb() ? E8_EBX_IBPB : 0);
	extended[8].ecx = 0;
	extended[8].edx = 0;
}

static void cut_subleaves(void)
{
	u32 i;

	/* One CPU per cache: this guest's topology says no more than that. */
	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		host_leaf(&caches[i], 4, i);
		caches[i].eax &= 0x3fff;
		if (!(caches[i].eax & 0x1f))
			caches[i] = none;
	}
	xsave[0].eax = zx_fpu_components();
	xsave[0].ecx = 512 + 64;
	host_leaf(&xsave[1], 0xd, 1);
	xsave[1] = (struct leaf){ .eax = xsave[1].eax & LD1_EAX };
	if (zx_fpu_components() & ZX_XCR0_AVX) {
		host_leaf(&xsave[2], 0xd, 2);
		xsave[0].ecx = xsave[2].eax + xsave[2].ebx;
	}
}

void zx_cpuid_init(void)
{
	u32 max = cpuid_eax(0), i;

	for (i = 0; i <= min(max, BASIC_MAX); i++)
		host_leaf(&basic[i], i, 0);
	max = cpuid_eax(EXT_BASE);
	for (i = EXT_BASE; i <= min(max, EXT_MAX); i++)
		host_leaf(&extended[i - EXT_BASE], i, 0);
	cut_basic();
	cut_extended();
	cut_subleaves();
}

/* The size of the XSAVE area for what the guest has turned on now. */
static void xsave_leaf(struct zx_cpu *cpu, u32 sub, struct leaf *out)
{
	*out = sub < ARRAY_SIZE(xsave) ? xsave[sub & MASK(xsave)] : none;
	zx_fpu_sync(&cpu->fpu);
	if (!sub)
		out->ebx = cpu->fpu.xcr0 & ZX_XCR0_AVX ? xsave[0].ecx : 512 + 64;
}

static void basic_leaf(struct zx_cpu *cpu, u32 nr, u32 sub, struct leaf *out)
{
	*out = basic[nr & MASK(basic)];
	switch (nr) {
	case 1:
		if (cpu->apic.mode == ZX_APIC_OFF)
			out->edx &= ~L1_EDX_APIC;
		out->ebx |= cpu->space.id << 24;
		if (zx_backend->get(cpu, ZX_REG_CR4) & X86_CR4_OSXSAVE)
			out->ecx |= L1_ECX_OSXSAVE;
		break;
	case 4:
		*out = sub < ARRAY_SIZE(caches) ? caches[sub & MASK(caches)] : none;
		break;
	case 7:
		if (sub)
			*out = none;
		break;
	case 0xb:
		/* One thread per core, one level: SDM 2A, CPUID leaf 0BH. */
		*out = (struct leaf){ .ecx = sub & 0xff, .edx = cpu->space.id };
		if (!sub) {
			out->ebx = 1;
			out->ecx = 0x100;
		}
		break;
	case 0xd:
		xsave_leaf(cpu, sub, out);
		break;
	}
}

static void extended_leaf(struct zx_cpu *cpu, u32 nr, struct leaf *out)
{
	*out = extended[nr & MASK(extended)];
	/* AMD's copy of leaf 1. */
	if (nr == 1 && cpu->apic.mode == ZX_APIC_OFF)
		out->edx &= ~L1_EDX_APIC;
}

static void hypervisor_leaf(u32 nr, struct leaf *out)
{
	if (nr == HV_BASE)
		*out = (struct leaf){ HV_BASE + 1, 0x4b4d564b, 0x564b4d56, 0x4d };
	else if (nr == HV_BASE + 1)
		out->eax = KVM_FEATURES | (zx_clock_stable() ? KVM_CLOCK_STABLE : 0);
}

void zx_cpuid(struct zx_cpu *cpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	struct leaf out = none;
	u32 nr = *eax;

	if (nr <= basic[0].eax)
		basic_leaf(cpu, nr, *ecx, &out);
	else if (nr >= EXT_BASE && nr <= extended[0].eax)
		extended_leaf(cpu, nr - EXT_BASE, &out);
	else if (nr >= HV_BASE && nr <= HV_BASE + 1)
		hypervisor_leaf(nr, &out);
	*eax = out.eax;
	*ebx = out.ebx;
	*ecx = out.ecx;
	*edx = out.edx;
}

/* Features that a guest turns on in CR4. */
static const struct {
	u32 *word;
	u32 bit;
	u64 cr4;
} cr4_features[] = {
	{ &basic[1].ecx, BIT(17), X86_CR4_PCIDE },
	{ &basic[7].ebx, BIT(0), X86_CR4_FSGSBASE },
	{ &basic[7].ebx, BIT(7), X86_CR4_SMEP },
	{ &basic[7].ebx, BIT(20), X86_CR4_SMAP },
	{ &basic[7].ecx, BIT(2), X86_CR4_UMIP },
};

void zx_cpuid_limit(u64 cr4, bool rdtscp, bool invpcid)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cr4_features); i++)
		if (!(cr4_features[i].cr4 & cr4))
			*cr4_features[i].word &= ~cr4_features[i].bit;
	if (!rdtscp) {
		extended[1].edx &= ~E1_EDX_RDTSCP;
		basic[7].ecx &= ~L7_ECX_RDPID;
	}
	if (!invpcid)
		basic[7].ebx &= ~L7_EBX_INVPCID;
}

u64 zx_cpuid_cr4_mask(void)
{
	u64 mask = X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PSE |
		   X86_CR4_PAE | X86_CR4_MCE | X86_CR4_PGE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT |
		   X86_CR4_OSXSAVE;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cr4_features); i++)
		mask |= *cr4_features[i].word & cr4_features[i].bit ? cr4_features[i].cr4 : 0;
	return mask;
}

u64 zx_cpuid_efer_mask(void)
{
	u64 mask = EFER_SCE | EFER_LME | EFER_LMA;

	mask |= extended[1].edx & BIT(20) ? EFER_NX : 0;
	mask |= extended[1].edx & BIT(25) ? EFER_FFXSR : 0;
	return mask;
}

unsigned int zx_cpuid_phys_bits(void)
{
	return extended[8].eax & 0xff ?: 36;	/* SDM 3, 4.1.4 */
}

u32 zx_cpuid_signature(void)
{
	return basic[1].eax;
}

bool zx_cpuid_has_1g(void)
{
	return extended[1].edx & BIT(26);
}
