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

#define MXCSR_OFFSET		24
#define XMM_OFFSET		160
#define XSTATE_BV_OFFSET	512
#define MXCSR_RESET		0x1f80
#define FCW_RESET		0x037f

struct zx_fpu_host zx_fpu_host __ro_after_init;

static unsigned int area_size;
static unsigned int avx_offset;

/* Sizes of the standard format: SDM 1, 13.4. */
int zx_fpu_setup(void)
{
	u32 eax, ebx, ecx, edx;

	if (!boot_cpu_has(X86_FEATURE_XSAVE))
		return -ENODEV;
	zx_fpu_host.xcr0 = zx_xgetbv0();
	if (boot_cpu_has(X86_FEATURE_XSAVES))
		rdmsrl(MSR_IA32_XSS, zx_fpu_host.xss);
	zx_fpu_host.components = zx_fpu_host.xcr0 & ZX_XCR0_GUEST;
	area_size = 512 + 64;
	if (zx_fpu_host.components & ZX_XCR0_AVX) {
		cpuid_count(0xd, 2, &eax, &ebx, &ecx, &edx);
		area_size = max(area_size, eax + ebx);
		avx_offset = ebx;
	}
	return 0;
}

u64 zx_fpu_components(void)
{
	return zx_fpu_host.components;
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
	fpu->xcr0 = zx_fpu_host.components;
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
	bool avx = zx_fpu_host.components & ZX_XCR0_AVX;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(in->ymm); i++) {
		memcpy(fpu->area + XMM_OFFSET + 16 * i, in->ymm[i], 16);
		if (avx)
			memcpy(fpu->area + avx_offset + 16 * i, in->ymm[i] + 16, 16);
	}
	*xstate_bv(fpu) |= ZX_XCR0_SSE | (avx ? ZX_XCR0_AVX : 0);
}

void zx_fpu_set_xcr0(struct zx_fpu *fpu, u64 xcr0)
{
	if (xcr0 == fpu->xcr0)
		return;
	fpu->xcr0 = xcr0;
	zx_xsetbv0(xcr0);
}
