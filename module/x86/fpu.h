/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's extended state: x87, SSE and AVX in an XSAVE area of its own, which
 * is in the CPU from the begin to the end of a burst. The kernel keeps its hands
 * off the FPU in between, so XCR0 can stay the guest's as well.
 */
#ifndef _ZX_FPU_H
#define _ZX_FPU_H

#include <linux/types.h>

#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#include <asm/msr.h>

/* Components that a guest may have: x87, SSE, AVX (SDM 1, 13.1). */
#define ZX_XCR0_X87	BIT_ULL(0)
#define ZX_XCR0_SSE	BIT_ULL(1)
#define ZX_XCR0_AVX	BIT_ULL(2)
#define ZX_XCR0_GUEST	(ZX_XCR0_X87 | ZX_XCR0_SSE | ZX_XCR0_AVX)

struct zxl_vcpu_vector;

struct zx_fpu {
	void *area;		/* standard format, 64-byte aligned */
	u64 xcr0;		/* the guest's */
};

int zx_fpu_setup(void);		/* once; -ENODEV: no XSAVE */
u64 zx_fpu_components(void);	/* of ZX_XCR0_GUEST, those this machine has */
int zx_fpu_init(struct zx_fpu *fpu);
void zx_fpu_fini(struct zx_fpu *fpu);
/* YMM0 to YMM15, out of a burst. */
void zx_fpu_read_vector(const struct zx_fpu *fpu, struct zxl_vcpu_vector *out);
void zx_fpu_write_vector(struct zx_fpu *fpu, const struct zxl_vcpu_vector *in);
/* XSETBV, inside a burst. */
void zx_fpu_set_xcr0(struct zx_fpu *fpu, u64 xcr0);

extern struct zx_fpu_host {
	u64 xcr0, xss;
	u64 components;		/* of ZX_XCR0_GUEST */
} zx_fpu_host;

static inline u64 zx_xgetbv0(void)
{
	u32 low, high;

	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low | (u64)high << 32;
}

static inline void zx_xsetbv0(u64 value)
{
	asm volatile("xsetbv" : : "a"((u32)value), "d"((u32)(value >> 32)), "c"(0));
}

/*
 * Make fpu->xcr0 what the CPU has. Inside a burst. XSETBV exits, and then this changes
 * nothing. QEMU's SVM (7.2) lets it through, against APM 2, 15.9: what the guest has set
 * is what the CPU says.
 */
static inline void zx_fpu_sync(struct zx_fpu *fpu)
{
	fpu->xcr0 = zx_xgetbv0();
}

/*
 * CPUs of AMD's that lack XSAVE of error pointers (APM 3, Fn8000_0008) neither save nor
 * restore where the last x87 instruction and its operand were, unless an exception is
 * pending: without this the guest would see the addresses of whoever used the x87 last.
 * FNINIT leaves none, while an instruction that used the x87 would leave its own.
 */
static inline void zx_fpu_clear_pointers(void)
{
	if (static_cpu_has_bug(X86_BUG_FXSAVE_LEAK))
		asm volatile("fninit");
}

/*
 * Preemption is off from enter to leave, which are on the way of every enter. The host's
 * XCR0 has every component of ours, the guest's need not.
 */
static inline void zx_fpu_enter(struct zx_fpu *fpu)
{
	kernel_fpu_begin_mask(0);
	zx_fpu_clear_pointers();
	asm volatile("xrstor64 (%0)" : : "r"(fpu->area), "a"((u32)zx_fpu_host.components), "d"(0) :
		     "memory");
	if (fpu->xcr0 != zx_fpu_host.xcr0)
		zx_xsetbv0(fpu->xcr0);
	/* SVM has no way to take XSAVES from a guest: it must not reach the host's CET state. */
	if (static_cpu_has(X86_FEATURE_XSAVES) && zx_fpu_host.xss)
		wrmsrl(MSR_IA32_XSS, 0);
}

static inline void zx_fpu_leave(struct zx_fpu *fpu)
{
	const u32 components = zx_fpu_host.components;

	zx_fpu_sync(fpu);
	if (fpu->xcr0 != zx_fpu_host.xcr0)
		zx_xsetbv0(zx_fpu_host.xcr0);
	if (static_cpu_has(X86_FEATURE_XSAVES) && zx_fpu_host.xss)
		wrmsrl(MSR_IA32_XSS, zx_fpu_host.xss);
	if (static_cpu_has(X86_FEATURE_XSAVEOPT))
		asm volatile("xsaveopt64 (%0)" : : "r"(fpu->area), "a"(components), "d"(0) :
			     "memory");
	else
		asm volatile("xsave64 (%0)" : : "r"(fpu->area), "a"(components), "d"(0) : "memory");
	kernel_fpu_end();
}

#endif
