/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the SVM backend share.
 */
#ifndef _ZX_SVM_H
#define _ZX_SVM_H

#include "../backend.h"
#include "vmcb.h"

#define SVM_WATCH_IRET		BIT(0)	/* NMIs stay masked until the IRET at @iret_rip is done */
#define SVM_WATCH_SYSENTER	BIT(1)	/* the guest may use it: check_code_segment() */

struct svm_vcpu {
	struct svm_vmcb *vmcb;		/* [I] */
	phys_addr_t vmcb_pa;		/* [I] */
	int cpu;			/* where the ASID below is valid */
	u64 asid_gen;			/* of that CPU's ASIDs */
	u8 watch;			/* for what may show at an exit: SVM_WATCH_* */
	u64 iret_rip;
	u64 cr4_mce;		/* CR4.MCE as the guest wrote it */
};

static inline struct svm_vcpu *svm_of(struct zx_cpu *cpu)
{
	return cpu->hw;
}

/* What this CPU can; module parameters have been taken off. */
struct svm_caps {
	bool nrips;
	bool decode_assists;
	u32 asids;
};

extern struct svm_caps svm_caps;
extern phys_addr_t svm_iopm_pa, svm_msrpm_pa;
extern struct zx_npt_format svm_npt_format;

/* A CPU of the host; its own, with interrupts off. */
struct svm_host {
	void *hsave;		/* for the hardware's use */
	void *area;		/* for VMSAVE and VMLOAD of the host's state */
	phys_addr_t area_pa;
	u64 asid_gen;
	u32 asid_next;
};

DECLARE_PER_CPU(struct svm_host, svm_host);

/* host.c */
const char *svm_refusal(void);
int svm_init(void);
void svm_exit(void);
int svm_host_on(void);
void svm_host_off(bool crash);
/* A new tag for the guest's translations on this CPU. */
void svm_host_asid(struct svm_vcpu *svm);
/* vmcb.c */
/* Fields change under clean bits: APM 2, 15.15. */
enum svm_clean {
	SVM_CLEAN_INTERCEPTS = BIT(0),
	SVM_CLEAN_ASID = BIT(2),
	SVM_CLEAN_VINTR = BIT(3),
	SVM_CLEAN_NP = BIT(4),
	SVM_CLEAN_CR = BIT(5),
	SVM_CLEAN_DR = BIT(6),
	SVM_CLEAN_SEG = BIT(8),
	SVM_CLEAN_CR2 = BIT(9),
	SVM_CLEAN_ALL = GENMASK(9, 0),
};

static inline void svm_dirty(struct svm_vcpu *svm, enum svm_clean part)
{
	svm->vmcb->control.clean &= ~(u64)part;
}

void svm_vmcb_init(struct svm_vmcb *vmcb, struct zx_cpu *cpu);
void svm_vmcb_reset(struct zx_cpu *cpu, bool bsp, u64 entry);
/* See ZX_REG_FLAT_CODE. */
void svm_vmcb_flat(struct svm_vcpu *svm, u64 value);

/* state.c */
u64 svm_get(struct zx_cpu *cpu, enum zx_reg reg);
void svm_set(struct zx_cpu *cpu, enum zx_reg reg, u64 value);
void svm_inject(struct zx_cpu *cpu, enum zx_inject kind, const struct zx_fault *event);
void svm_window(struct zx_cpu *cpu, unsigned int prio);

/* exit.c */
void svm_exit_decode(struct zx_cpu *cpu, struct zx_exit *exit);

/* enter.S */
void svm_enter(struct zx_vcpu_regs *regs, phys_addr_t vmcb_pa, phys_addr_t host_pa);

#endif
