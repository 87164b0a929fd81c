/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's extended state: x87, SSE and AVX in an XSAVE area of its own, which
 * is in the CPU from the begin to the end of a burst. The kernel keeps its hands
 * off the FPU in between, so XCR0 can stay the guest's as well.
 */
#ifndef _ZX_FPU_H
#define _ZX_FPU_H

#include <linux/types.h>

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
/* Preemption is off from enter to leave. */
void zx_fpu_enter(struct zx_fpu *fpu);
void zx_fpu_leave(struct zx_fpu *fpu);
/* Make fpu->xcr0 what the CPU has. Inside a burst. */
void zx_fpu_sync(struct zx_fpu *fpu);
/* XSETBV, inside a burst. */
void zx_fpu_set_xcr0(struct zx_fpu *fpu, u64 xcr0);

#endif
