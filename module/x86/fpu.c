// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's extended state: see fpu.h.
 */
#include <linux/errno.h>
#include <linux/slab.h>

#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#include <asm/msr.h>

#include "../../uapi/zx_hypervisor.h"
#include "fpu.h"

#define XCR_XFEATURE_ENABLED	0
#define MXCSR_OFFSET		24
#define XMM_OFFSET		160
#define XSTATE_BV_OFFSET	512
#define MXCSR_RESET		0x1f80
#define FCW_RESET		0x037f

static u64 host_xcr0;
static u64 host_xss;
static u64 components;
static unsigned int area_size;
static unsigned int avx_offset;
static bool optimized;

static u64 xgetbv(u32 index)
{
	u32 low, high;

	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(index));
	return low | (u64)high << 32;
}

static void xsetbv(u32 index, u64 value)
{
	asm volatile("xsetbv" : : "a"((u32)value), "d"((u32)(value >> 32)), "c"(index));
}

/* Sizes of the standard format: SDM 1, 13.4. */
int zx_fpu_setup(void)
{
	u32 eax, ebx, ecx, edx;

	if (!boot_cpu_has(X86_FEATURE_XSAVE))
		return -ENODEV;
	host_xcr0 = xgetbv(XCR_XFEATURE_ENABLED);
	if (boot_cpu_has(X86_FEATURE_XSAVES))
		rdmsrl(MSR_IA32_XSS, host_xss);
	components = host_xcr0 & ZX_XCR0_GUEST;
	area_size = 512 + 64;
	if (components & ZX_XCR0_AVX) {
		cpuid_count(0xd, 2, &eax, &ebx, &ecx, &edx);
		area_size = max(area_size, eax + ebx);
		avx_offset = ebx;
	}
	optimized = boot_cpu_has(X86_FEATURE_XSAVEOPT);
	return 0;
}

u64 zx_fpu_components(void)
{
	return components;
}

int zx_fpu_init(struct zx_fpu *fpu)
{
	/* kmalloc aligns sizes that are powers of two to their size. */
	fpu->area = kzalloc(roundup_pow_of_two(area_size), GFP_KERNEL_ACCOUNT);
	if (!fpu->area)
		return -ENOMEM;
	/* XSTATE_BV is 0: all components reset, but MXCSR comes from here. */
	*(u32 *)(fpu->area + MXCSR_OFFSET) = MXCSR_RESET;
	*(u16 *)fpu->area = FCW_RESET;
	fpu->xcr0 = components;
	return 0;
}

void zx_fpu_fini(struct zx_fpu *fpu)
{
	kfree(fpu->area);
}

static u64 *xstate_bv(const struct zx_fpu *fpu)
{
	return fpu->area + XSTATE_BV_OFFSET;
}

/* A component whose bit is 0 is reset, whatever its part of the area says: SDM 1, 13.6. */
void zx_fpu_read_vector(const struct zx_fpu *fpu, struct zxl_vcpu_vector *out)
{
	unsigned int i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < ARRAY_SIZE(out->ymm); i++) {
		if (*xstate_bv(fpu) & ZX_XCR0_SSE)
			memcpy(out->ymm[i], fpu->area + XMM_OFFSET + 16 * i, 16);
		if (*xstate_bv(fpu) & ZX_XCR0_AVX)
			memcpy(out->ymm[i] + 16, fpu->area + avx_offset + 16 * i, 16);
	}
}

void zx_fpu_write_vector(struct zx_fpu *fpu, const struct zxl_vcpu_vector *in)
{
	bool avx = components & ZX_XCR0_AVX;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(in->ymm); i++) {
		memcpy(fpu->area + XMM_OFFSET + 16 * i, in->ymm[i], 16);
		if (avx)
			memcpy(fpu->area + avx_offset + 16 * i, in->ymm[i] + 16, 16);
	}
	*xstate_bv(fpu) |= ZX_XCR0_SSE | (avx ? ZX_XCR0_AVX : 0);
}

/*
 * XSETBV exits, and then this changes nothing. QEMU's SVM (7.2) lets it through,
 * against APM 2, 15.9: what the guest has set is what the CPU says.
 */
void zx_fpu_sync(struct zx_fpu *fpu)
{
	fpu->xcr0 = xgetbv(XCR_XFEATURE_ENABLED);
}

/*
 * CPUs of AMD's that lack XSAVE of error pointers (APM 3, Fn8000_0008) neither save nor
 * restore where the last x87 instruction and its operand were, unless an exception is
 * pending: without this the guest would see the addresses of whoever used the x87 last.
 * FNINIT leaves none, while an instruction that used the x87 would leave its own.
 */
static void clear_x87_pointers(void)
{
	asm volatile("fninit");
}

/* The host's XCR0 has every component of ours, the guest's need not. */
void zx_fpu_enter(struct zx_fpu *fpu)
{
	kernel_fpu_begin_mask(0);
	if (static_cpu_has_bug(X86_BUG_FXSAVE_LEAK))
		clear_x87_pointers();
	asm volatile("xrstor64 (%0)" : : "r"(fpu->area), "a"((u32)components), "d"(0) : "memory");
	if (fpu->xcr0 != host_xcr0)
		xsetbv(XCR_XFEATURE_ENABLED, fpu->xcr0);
	/* SVM has no way to take XSAVES from a guest: it must not reach the host's CET state. */
	if (host_xss)
		wrmsrl(MSR_IA32_XSS, 0);
}

void zx_fpu_leave(struct zx_fpu *fpu)
{
	zx_fpu_sync(fpu);
	if (fpu->xcr0 != host_xcr0)
		xsetbv(XCR_XFEATURE_ENABLED, host_xcr0);
	if (host_xss)
		wrmsrl(MSR_IA32_XSS, host_xss);
	if (optimized)
		asm volatile("xsaveopt64 (%0)" : : "r"(fpu->area), "a"((u32)components), "d"(0) :
			     "memory");
	else
		asm volatile("xsave64 (%0)" : : "r"(fpu->area), "a"((u32)components), "d"(0) :
			     "memory");
	kernel_fpu_end();
}

void zx_fpu_set_xcr0(struct zx_fpu *fpu, u64 xcr0)
{
	if (xcr0 == fpu->xcr0)
		return;
	fpu->xcr0 = xcr0;
	xsetbv(XCR_XFEATURE_ENABLED, xcr0);
}
