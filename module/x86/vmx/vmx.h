/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the VMX backend share.
 */
#ifndef _ZX_VMX_H
#define _ZX_VMX_H

#include <asm/desc_defs.h>

#include "../backend.h"
#include "vmcs.h"

#define VMX_SYSCALL_MSRS	4	/* MSR_STAR and on */

/*
 * #DB and #AC exit because a guest can make their delivery loop for ever
 * without one; #UD because AMD's hypercall is one; #MC because it is the host's.
 */
#define VMX_EXCEPTIONS	(BIT(1) | BIT(6) | BIT(17) | BIT(18))

struct vmx_vcpu {
	struct vmx_page *vmcs;		/* [I] */
	phys_addr_t vmcs_pa;		/* [I] */
	u16 vpid;			/* [I] 0: none */
	u64 eptp;			/* [I] */
	struct list_head node;		/* of vmx_host.active, if @cpu is one */
	int cpu;			/* where the VMCS is active, or -1 */
	bool launched;			/* VMRESUME it is */
	bool syscall_live;		/* the guest may have a use for SYSCALL */
	bool nmi_watch;			/* the NMI window says when NMIs are unmasked */
	u8 prio;			/* what window() was asked for */
	bool virtual;			/* the CPU has the local APIC */
	bool injected;			/* the last entry delivered an event */
	u8 serviced;			/* the vector in service at the last exit, for Bochs */
	u32 controls;			/* processor-based, as they are in the VMCS */
	u64 eoi_exits[4];		/* vectors, likewise */
	u64 rip, rsp, rflags;		/* as they are in the VMCS */
	u64 cr2, dr6, dr7, efer;
	u64 syscall[VMX_SYSCALL_MSRS];
	u64 kernel_gs;

	/* The host's, as the VMCS has them, or as they are put back. */
	u64 host_rsp, host_cr3, host_cr4, host_fs;
	u64 host_kernel_gs, host_debugctl, host_pebs;
	u16 host_ldt;
	u16 host_fs_sel, host_gs_sel, host_ds_sel, host_es_sel;
};

static inline struct vmx_vcpu *vmx_of(struct zx_cpu *cpu)
{
	return cpu->hw;
}

/* What the CPUs can; module parameters have been taken off. */
struct vmx_caps {
	u32 revision;			/* the first word of every VMCS */
	u32 pin, primary, secondary, exit, entry;	/* controls that every VMCS starts with */
	u64 cr0_fixed, cr4_fixed;	/* bits that are 1 while a guest runs */
	u32 virtual_apic;		/* secondary controls that give it to the CPU, or 0 */
	bool tpr_shadow, vpid, pebs;
	u32 slice;			/* of the preemption timer, 0: it is not used */
	bool invept_single, invvpid_single;
	bool flush_l1d;			/* the CPU leaks what it has there: L1TF */
};

extern struct vmx_caps vmx_caps;
/* Which accesses to MSRs need no exit: a sum of these, as the VCPU is. */
enum {
	VMX_MSRS_SYSCALL = 1,		/* reads of SYSCALL's */
	VMX_MSRS_APIC = 2,		/* those of the local APIC that the CPU serves */
	VMX_MSRS_KINDS = 4,
};

extern phys_addr_t vmx_msr_bitmap_pa[VMX_MSRS_KINDS];
extern struct zx_npt_format vmx_ept_format;

/* Of MSRs that are there: no fault to take care of, and no indirection. */
static inline u64 vmx_rdmsr(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return low | (u64)high << 32;
}

static inline void vmx_wrmsr(u32 msr, u64 value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

/* A VMXON region or VMCS: SDM 3, 25.2. */
struct vmx_page {
	u32 revision;
	u32 abort;
	u8 data[PAGE_SIZE - 8];
};

/* A CPU of the host; its own, with interrupts off. */
struct vmx_host {
	struct vmx_page *vmxon;
	struct list_head active;	/* VCPUs whose VMCS is, here */
	struct vmx_vcpu *current_;	/* and is the current one */
	u64 syscall[VMX_SYSCALL_MSRS];
	struct desc_ptr gdt;
};

DECLARE_PER_CPU(struct vmx_host, vmx_host);

/* host.c */
const char *vmx_refusal(void);
int vmx_init(void);
void vmx_exit(void);
int vmx_host_on(void);
void vmx_host_off(bool crash);
int vmx_host_vpid(void);		/* a new tag for translations; 0: there is none */
void vmx_host_vpid_free(u16 vpid);
/* Throw away this CPU's translations for the VCPU. */
void vmx_host_flush(struct vmx_vcpu *vmx);
void vmx_host_flush_l1d(void);

/* vmcs.c */
/* Make it active and current on this CPU. Preemption off, interrupts on. */
void vmx_vmcs_hold(struct vmx_vcpu *vmx);
/* Take it off whatever CPU it is active on. */
void vmx_vmcs_clear(struct vmx_vcpu *vmx);
/* On this CPU, interrupts off. */
void vmx_vmcs_clear_local(struct vmx_vcpu *vmx);
/* The VMCS of a new VCPU, which is held. */
void vmx_vmcs_init(struct zx_cpu *cpu);
void vmx_vmcs_reset(struct zx_cpu *cpu, bool bsp, u64 entry);
/* See ZX_REG_FLAT_CODE. */
void vmx_vmcs_flat(u64 value);

/* state.c */
u64 vmx_get(struct zx_cpu *cpu, enum zx_reg reg);
void vmx_set(struct zx_cpu *cpu, enum zx_reg reg, u64 value);
void vmx_inject(struct zx_cpu *cpu, enum zx_inject kind, const struct zx_fault *event);
void vmx_window(struct zx_cpu *cpu, unsigned int prio);

/* That of STI or MOV SS ends. */
void vmx_state_no_shadow(void);
/* RFLAGS, as they are to be. */
void vmx_state_flags(struct vmx_vcpu *vmx, u64 flags);
/* The guest uses SYSCALL, or its MSRs. */
void vmx_state_syscall(struct vmx_vcpu *vmx);
/* The secondary controls as they are to be now. */
u32 vmx_state_secondary(struct vmx_vcpu *vmx);

/* exit.c */
void vmx_exit_decode(struct zx_cpu *cpu, struct zx_exit *exit);
/* The entry failed at once. */
void vmx_exit_refused(struct zx_exit *exit);

/* enter.S */
/* False: the CPU refused, and says why in VM_INSTRUCTION_ERROR. */
bool vmx_enter(struct zx_vcpu_regs *regs, u64 *host_rsp, bool launched);
void vmx_exited(void);			/* where exits lead to */

#endif
