/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The door between what knows no vendor and what is one. A backend answers with
 * meaning, never with its own exit codes; policy (CPUID, MSRs, control
 * registers, what a guest may do) stands above, once.
 */
#ifndef _ZX_BACKEND_H
#define _ZX_BACKEND_H

#include "../hv/cpu.h"
#include "decode.h"

#include <asm/debugreg.h>
#include <asm/msr-index.h>

enum zx_exit_kind {
	/* Up to the window, interrupts of the host are looked at before the guest goes on. */
	ZX_EXIT_NONE,		/* nothing to do: go on */
	ZX_EXIT_HOST_IRQ,	/* an interrupt of the host waits */
	ZX_EXIT_WINDOW,		/* the guest can take an interrupt now */
	ZX_EXIT_CPUID,
	ZX_EXIT_HLT,
	ZX_EXIT_IO,
	ZX_EXIT_RDMSR,
	ZX_EXIT_WRMSR,
	ZX_EXIT_MEMORY,
	ZX_EXIT_CR,		/* an access to CR0, CR4 or CR8 */
	ZX_EXIT_DR,		/* to a debug register */
	ZX_EXIT_XSETBV,
	ZX_EXIT_HYPERCALL,
	ZX_EXIT_SKIP,		/* an instruction that does nothing here: INVD, WBINVD */
	ZX_EXIT_UD,		/* #UD, or an instruction that a guest does not have */
	/* From a CPU that has the local APIC's registers: */
	ZX_EXIT_EOI,		/* of a level-triggered interrupt: zx_exit.vector */
	ZX_EXIT_SELF_IPI,	/* with a vector that is an error */
	ZX_EXIT_SHUTDOWN,
	ZX_EXIT_ENTRY_FAILED,	/* the CPU refused the state */
	ZX_EXIT_UNKNOWN,
	ZX_EXIT_KINDS
};

struct zx_exit {
	u8 kind;		/* enum zx_exit_kind */
	u8 len;			/* of the instruction; 0: not known, decode it */
	union {
		struct {
			u16 port;
			u8 size;
			bool in, string;
		} io;
		struct {
			u64 gpa;
			u8 access;	/* ZX_PERM_* tried */
			bool walk;	/* by a page-table walk, not the access itself */
			u8 bytes;	/* instruction bytes that the CPU gave, or 0 */
		} mem;
		u8 vector;
	};
	/* Since zx_exit_decode(), and how it was read: */
	u8 inst[ZX_INST_MAX];
	u8 mode;		/* enum zx_code_size */
	u64 cr3;

	u64 code;		/* the CPU's own, for zx_vcpu_page.hw_exit */
};

/* State above the door. CR0 is as the guest sees it; EFER without SVME. */
enum zx_reg {
	ZX_REG_CR0, ZX_REG_CR3, ZX_REG_CR4, ZX_REG_EFER, ZX_REG_RFLAGS,
	ZX_REG_DR6, ZX_REG_DR7, ZX_REG_PAT,
	ZX_REG_CPL,		/* read only */
	ZX_REG_CODE_SIZE,	/* read only: enum zx_code_size */
	ZX_REG_CS_LONG,		/* read only: CS.L, in long mode or not */
	ZX_REG_CS_BASE,		/* read only */
	/* Read only: the shadow of STI or MOV SS. It ends when RIP is moved. */
	ZX_REG_SHADOW,
	ZX_REG_SYSENTER_CS,	/* read only */
	ZX_REG_SYSENTER_ESP, ZX_REG_SYSENTER_EIP,	/* write only; zx_cpu keeps them */
	/*
	 * Write only: CS becomes flat with this selector, 64-bit code if ZX_FLAT_LONG
	 * is in; SS becomes the data segment behind it, and the RPL the CPL.
	 */
	ZX_REG_FLAT_CODE,
	ZX_REG_CR2,
	ZX_REG_TSC_OFFSET,	/* write only: the guest's TSC less the host's */
	/*
	 * For a backend whose CPUs do not switch them with the guest: the MSRs of
	 * SYSCALL in the order of their numbers, and, write only, PAE's four top entries.
	 */
	ZX_REG_STAR, ZX_REG_LSTAR, ZX_REG_CSTAR, ZX_REG_FMASK,
	ZX_REG_PDPTE, ZX_REG_PDPTE_LAST = ZX_REG_PDPTE + 3,
	/*
	 * Where zx_virtual_apic is set, write only: the CPU delivers the local APIC's
	 * interrupts from now on, or no longer; what it was told of IRR, ISR and TMR is old.
	 */
	ZX_REG_VIRTUAL_APIC, ZX_REG_VIRTUAL_STATUS,
	/* Read only: + ZX_SEGMENT_PARTS * enum zx_segment + enum zx_segment_part */
	ZX_REG_SEGMENT = 0x100,
};

enum zx_segment {
	ZX_SEGMENT_ES, ZX_SEGMENT_CS, ZX_SEGMENT_SS, ZX_SEGMENT_DS, ZX_SEGMENT_FS, ZX_SEGMENT_GS,
	ZX_SEGMENT_LDTR, ZX_SEGMENT_TR,
	ZX_SEGMENTS
};

enum zx_segment_part {
	ZX_SEGMENT_BASE, ZX_SEGMENT_LIMIT, ZX_SEGMENT_ACCESS, ZX_SEGMENT_SELECTOR,
	ZX_SEGMENT_PARTS
};

/* struct zxl_vcpu_segment.access */
#define ZX_SEGMENT_UNUSABLE	0x10000

#define ZX_FLAT_LONG	BIT_ULL(16)

enum zx_inject { ZX_INJECT_IRQ, ZX_INJECT_NMI, ZX_INJECT_EXCEPTION };

#define ZX_PRIO_ALWAYS	16	/* whatever TPR is */
#define ZX_PRIO_NMI	17	/* and RFLAGS.IF */

/* Host, then VCPU, in the order of their lives. Sixteen hooks at the most. */
struct zx_backend {
	const char *name;
	const char *rival;		/* KVM's module for these CPUs */
	const struct zx_npt_format *npt;

	const char *(*refusal)(void);	/* why this machine cannot, or NULL */
	int (*init)(void);		/* what all CPUs share */
	void (*exit)(void);
	int (*host_on)(void);		/* this CPU, interrupts off; -EBUSY: somebody holds it */
	/*
	 * Nothing of a guest stays in the CPU: a rival takes what it finds for the host's.
	 * @crash: only what keeps another kernel from starting; whether on or off.
	 */
	void (*host_off)(bool crash);

	int (*vcpu_init)(struct zx_cpu *cpu);
	void (*vcpu_fini)(struct zx_cpu *cpu);
	/*
	 * State as a new VCPU has it, or one after INIT, but for control and debug
	 * registers. Between zx_cpu_hold() and zx_cpu_release().
	 */
	void (*reset)(struct zx_cpu *cpu, bool bsp, u64 entry);
	/*
	 * Preemption off, interrupts on. From now on the VCPU is this CPU's, until
	 * hold() on another one, and get() and set() reach it here until hold() is
	 * called for another VCPU.
	 */
	void (*hold)(struct zx_cpu *cpu);
	void (*load)(struct zx_cpu *cpu);	/* a burst begins on this CPU */
	void (*put)(struct zx_cpu *cpu);	/* and ends */
	void (*run)(struct zx_cpu *cpu);	/* until cpu->exit; interrupts off */
	/* In a burst, or between zx_cpu_hold() and zx_cpu_release(). */
	u64 (*get)(struct zx_cpu *cpu, enum zx_reg reg);
	void (*set)(struct zx_cpu *cpu, enum zx_reg reg, u64 value);
	void (*inject)(struct zx_cpu *cpu, enum zx_inject kind, const struct zx_fault *event);
	/*
	 * Exit as soon as an interrupt of priority class @prio can be taken, or what
	 * ZX_PRIO_* says; 0 takes the wish back.
	 */
	void (*window)(struct zx_cpu *cpu, unsigned int prio);
};

extern const struct zx_backend zx_svm_backend;
extern const struct zx_backend zx_vmx_backend;
extern const struct zx_backend *zx_backend;	/* the one in use; main.c */
extern bool zx_virtual_apic;			/* its CPUs can deliver interrupts; irq.c */

/* exit.c */
/* Serve an exit. True: enter again at once; false: see cpu->next. */
bool zx_exit_handle(struct zx_cpu *cpu, struct zx_exit *exit);
/* The instruction at RIP, decoded. False: see cpu->next. */
bool zx_exit_decode(struct zx_cpu *cpu, struct zx_exit *exit, struct zx_inst *inst);
/* Step over it. False: see cpu->next. */
bool zx_exit_skip(struct zx_cpu *cpu, struct zx_exit *exit);
void zx_exit_advance_slowly(struct zx_cpu *cpu, u64 rip);

/* EIP wraps at 4 GiB, and only there does it matter which of the two it is. False: slowly. */
static __always_inline bool zx_exit_advance_plainly(struct zx_cpu *cpu, unsigned int len)
{
	u64 rip = cpu->rip + len;

	if (unlikely((u32)rip < len || cpu->stepping))
		return false;
	cpu->rip = rip;
	return true;
}

static inline void zx_exit_advance(struct zx_cpu *cpu, unsigned int len)
{
	if (unlikely(!zx_exit_advance_plainly(cpu, len)))
		zx_exit_advance_slowly(cpu, cpu->rip + len);
}

/* The host's, which came while a guest ran. */
void zx_exit_machine_check(void);

/* debug.c */
#define ZX_DR7_ENABLED	0xffull		/* any of L0-L3, G0-G3 */

/*
 * Around an entry of a guest with breakpoints of its own, which are in the CPU
 * only while it runs. @saved: room for the host's.
 */
void zx_debug_enter(struct zx_cpu *cpu, u64 saved[4]);
void zx_debug_leave(const u64 saved[4]);
/* Behind a burst: exits leave DR7 cleared. */
static inline void zx_debug_put(void)
{
	if (unlikely(hw_breakpoint_active()))
		set_debugreg(__this_cpu_read(cpu_dr7), 7);
}

/* trap.c */
bool zx_exit_io(struct zx_cpu *cpu, struct zx_exit *exit);
bool zx_exit_memory(struct zx_cpu *cpu, struct zx_exit *exit);
/* End the enter with a GUEST_VCPU packet: ZX_PKT_GUEST_VCPU_*. */
void zx_packet_vcpu(struct zx_cpu *cpu, u32 type, u64 mask_or_id, u64 vector_or_entry);

/* The guest ended a level-triggered interrupt. */
void zx_packet_eoi(struct zx_cpu *cpu, u8 vector);

/* cr.c */
bool zx_cr_dr_access(struct zx_cpu *cpu, struct zx_exit *exit);
bool zx_cr_set_xcr0(struct zx_cpu *cpu, u32 index, u64 value);
bool zx_cr_set_efer(struct zx_cpu *cpu, u64 value);
#define ZX_INITIAL_CR0	0x80010011ull	/* PG WP ET PE; an AP has ET alone of these and WP */
void zx_cr_reset(struct zx_cpu *cpu, bool bsp);
/* What INIT does to registers (SDM 3, table 10-1); on at @entry in real mode. */
void zx_cpu_reset(struct zx_cpu *cpu, u64 entry);

/* cpuid.c */
void zx_cpuid_init(void);
/* What the CPU has but cannot give to guests: bits of CR4 that are not in @cr4, instructions. */
void zx_cpuid_limit(u64 cr4, bool rdtscp, bool invpcid);
void zx_cpuid(struct zx_cpu *cpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx);
u64 zx_cpuid_cr4_mask(void);	/* the bits that the features shown allow */
u64 zx_cpuid_efer_mask(void);
unsigned int zx_cpuid_phys_bits(void);	/* of a guest-physical address */
bool zx_cpuid_has_1g(void);		/* pages of 1 GiB */

u32 zx_cpuid_signature(void);		/* family, model, stepping */

/* msr.c */
extern const u32 zx_msr_passed[];	/* need no exit; ends with 0 */
/* Those of SYSCALL: a backend that has accesses of them exit gets ZX_REG_STAR and on. */
static inline bool zx_msr_is_syscall(u32 msr)
{
	return msr >= MSR_STAR && msr <= MSR_SYSCALL_MASK;
}
/* exit->len is known. */
bool zx_msr_access(struct zx_cpu *cpu, struct zx_exit *exit);
void zx_msr_host_on(void);	/* on the CPU that was switched on */

DECLARE_PER_CPU(u64, zx_host_tsc_aux);
void zx_msr_tsc_aux(u64 value);

/*
 * Around a burst: the host needs its own again before it returns to user space, which ends
 * one. On a CPU without that MSR both are 0.
 */
static inline void zx_msr_enter(struct zx_cpu *cpu)
{
	if (cpu->tsc_aux != __this_cpu_read(zx_host_tsc_aux))
		zx_msr_tsc_aux(cpu->tsc_aux);
}

static inline void zx_msr_leave(struct zx_cpu *cpu)
{
	if (cpu->tsc_aux != __this_cpu_read(zx_host_tsc_aux))
		zx_msr_tsc_aux(__this_cpu_read(zx_host_tsc_aux));
}

/* ipi.c */
/* exit->len is known. */
bool zx_ipi_send(struct zx_cpu *cpu, struct zx_exit *exit, const struct zx_apic_ipi *ipi);

/* xapic.c */
/* @inst touches the local APIC's page. False: not served, so it is as any trap's. */
bool zx_xapic_access(struct zx_cpu *cpu, struct zx_exit *exit, const struct zx_inst *inst);

/* sysenter.c */
/* In long mode, on a CPU that has neither instruction there. */
bool zx_sysenter(struct zx_cpu *cpu, const struct zx_inst *inst);

/* mem.c */
/* How the guest pages: SDM 3, 4.1.1. */
struct zx_paging {
	int levels;		/* 0: off */
	unsigned int bits;	/* of the address that a level resolves */
	unsigned int entry;	/* bytes */
	u64 large;		/* the bit by which an entry above the last level is a page */
};

#define ZX_PTE_LARGE	BIT_ULL(7)

static inline struct zx_paging zx_paging_of(struct zx_cpu *cpu)
{
	u64 cr4;

	if (zx_backend->get(cpu, ZX_REG_EFER) & EFER_LMA)
		return (struct zx_paging){ 4, 9, 8, ZX_PTE_LARGE };
	if (!(zx_backend->get(cpu, ZX_REG_CR0) & X86_CR0_PG))
		return (struct zx_paging){ .levels = 0 };
	cr4 = zx_backend->get(cpu, ZX_REG_CR4);
	if (cr4 & X86_CR4_PAE)
		return (struct zx_paging){ 3, 9, 8, ZX_PTE_LARGE };
	return (struct zx_paging){ 2, 10, 4, cr4 & X86_CR4_PSE ? ZX_PTE_LARGE : 0 };
}

/*
 * Copy to or from guest-physical memory with interrupts off. False: a page has
 * no leaf; cpu->next then asks for it, and the caller starts over.
 */
bool zx_mem_copy(struct zx_cpu *cpu, u64 gpa, void *buf, size_t len, bool write);
/*
 * Up to ZX_INST_MAX bytes of code at RIP. Returns how many: fewer when the next
 * page cannot be had, cpu->next then says whether yet. 0: see cpu->next.
 */
size_t zx_mem_fetch(struct zx_cpu *cpu, enum zx_code_size mode, u64 cr3, u8 *buf);

/* Linear addresses have 48 bits: CPUID shows no more. */
static inline bool zx_canonical(u64 addr)
{
	return sign_extend64(addr, 47) == (s64)addr;
}

/* The guest register with number @nr in an instruction's encoding. */
static inline u64 *zx_gpr(struct zx_cpu *cpu, unsigned int nr)
{
	return &cpu->page->regs.rax + (nr & 15);
}

#endif
