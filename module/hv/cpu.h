/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine half of a VCPU: all that running it needs, and nothing about
 * handles or owners. Everything here belongs to the thread that runs it but
 * for what says [a].
 *
 * Running is a loop of bursts. In a burst the CPU is ours: no preemption, the
 * guest's FPU loaded, interrupts open only where an exit says that one waits.
 * Exits that need no sleep are served inside. What does need one, or user
 * space, is left in @next, ends the burst and is done outside.
 */
#ifndef _ZX_CPU_H
#define _ZX_CPU_H

#include <linux/rcuwait.h>
#include <linux/sched.h>

#include "../x86/decode.h"
#include "../x86/fpu.h"
#include "apic.h"
#include "clock.h"
#include "gpas.h"
#include "irq.h"

enum zx_next {
	ZX_NEXT_NONE,
	ZX_NEXT_RETURN,		/* to user space with @status */
	ZX_NEXT_WORK,		/* the host wants the thread or the CPU */
	ZX_NEXT_FAULT,		/* make @fault_gpa present, then go on */
	ZX_NEXT_HALT,		/* sleep until an event */
	ZX_NEXT_BELL,		/* sleep until @bell has a packet, then go on */
	ZX_NEXT_STARTUP,	/* after an INIT: sleep until STARTUP comes */
};

/*
 * How the page of the last instruction was found: good with interrupts off, while
 * gpas->tlb_gen is @gen and the guest's tables, four levels of them, still say the same.
 */
struct zx_code_page {
	u64 gen;		/* 0: none */
	u64 cr3;
	u64 addr, mask;		/* linear; what of @addr counts */
	const u64 *entries[4];	/* of the guest's tables, the last one's again below a large page */
	u64 values[4];
	const u8 *base;		/* host address of the page */
};

/* The last instruction decoded, when all bytes that could be its were there. */
struct zx_decoded {
	u8 bytes[ZX_INST_MAX];
	u8 mode;		/* enum zx_code_size */
	struct zx_inst inst;	/* .len 0: none */
};

/* Whose access it is that ZX_NEXT_FAULT wants to make possible. */
enum zx_fault_by {
	ZX_FAULT_GUEST,		/* its own: if it is trapped meanwhile, it is tried again */
	ZX_FAULT_OWN,		/* ours, for the guest: failing ends the enter */
	ZX_FAULT_ANSWER,	/* ours, and failing is the guest's answer */
};

#define ZX_NO_PAGE	(~0ull)

struct zx_cpu {
	struct zx_vcpu_page *page;	/* [I] registers; the guest's and user space's */
	struct zx_gpas *gpas;		/* [I] a reference is the owner's matter */
	void *hw;			/* [I] the backend's */
	struct zx_exit *exit;		/* [I] the last one: a stack would be cleared each time */
	struct task_struct *task;	/* [I] who runs it */
	struct rcuwait wait;		/* the task, asleep in ZX_NEXT_HALT or _BELL */

	struct zx_gpas_user space;
	int held_on;			/* the CPU that hold() was called on last, or -1 */
	u64 rip;
	bool opened;			/* interrupts were open since the last entry */
	u16 stepping;			/* RFLAGS.TF at the last exit */
	bool flush;			/* guest translations are stale */
	bool accessing;			/* the last enter gave a GUEST_MEM packet */
	bool halted;			/* after HLT; survives a signal */
	bool halted_if;			/* with RFLAGS.IF */
	bool starting;			/* INIT came; survives a signal and a kick */
	u64 poll_ns;			/* how long to look for an event before a sleep */
	u8 next;
	zx_status_t status;
	u64 access_rip;			/* of the instruction behind that packet */
	u64 fault_gpa;
	unsigned int fault_access;
	u8 fault_by;			/* enum zx_fault_by */
	u64 refused;			/* page that ZX_FAULT_ANSWER did not get, or ZX_NO_PAGE */
	struct zx_trap *bell;		/* a reference while ZX_NEXT_BELL */
	bool in_bell;			/* [a] asleep for it: a kick or INIT must wake the task */
	struct zx_trap_hint mem_hint;	/* good while the map is at this generation; used */
	struct zx_trap_hint io_hint;	/* with interrupts off only */
	u64 hint_gen;			/* 0: none */

	struct zx_code_page code_page;
	struct zx_decoded decoded;

	struct zx_irq irq;
	struct zx_apic apic;
	struct zx_clock clock;
	struct zx_fpu fpu;

	u64 cr0_cache_bits;		/* CD and NW as the guest wrote them */
	u64 dr[4];
	u64 tsc_aux;
	u64 sysenter_esp, sysenter_eip;	/* whole: AMD's CPUs may keep 32 bits of them */
};

/* Once, when zx_backend is known and before there is a VCPU. */
void zx_cpu_setup(void);

/* @page is the shared page, zeroed. NO_MEMORY, INTERNAL. */
zx_status_t zx_cpu_init(struct zx_cpu *cpu, struct zx_gpas *gpas, unsigned int id, u64 entry,
			struct zx_vcpu_page *page);
void zx_cpu_fini(struct zx_cpu *cpu);
/* An RCU grace period later: nobody looks at it any more, see zx_gpas_leave(). */
void zx_cpu_free(struct zx_cpu *cpu);
/* Run until there is something for user space. INTERNAL_INTR_RETRY: a signal. */
zx_status_t zx_cpu_run(struct zx_cpu *cpu);

/*
 * Registers are the backend's matter, which may have them within reach only on
 * the CPU that the VCPU's thread is on. Between these two they are; interrupts are
 * on at the first. A burst does so by itself.
 */
void zx_cpu_hold(struct zx_cpu *cpu);
void zx_cpu_release(struct zx_cpu *cpu);

/* Whose registers are within reach on this CPU: NULL makes sure that it is nobody's. */
DECLARE_PER_CPU(struct zx_cpu *, zx_cpu_held);

/*
 * startup.c. Of any thread that keeps @cpu from going: INIT or STARTUP is sent to it.
 * False: it is not one that waits for STARTUP.
 */
void zx_cpu_send_init(struct zx_cpu *cpu);
bool zx_cpu_send_startup(struct zx_cpu *cpu, u8 vector);
/* Own thread, not in a burst. OK: it starts; others end the enter. */
zx_status_t zx_cpu_startup(struct zx_cpu *cpu);
extern unsigned int zx_halt_poll_us;	/* root may write it at any time */

/* While it does not run, its own thread: x86/walk.c. */
/*
 * Copy @len bytes, at most a page, at linear @addr for the instruction behind the
 * GUEST_MEM packet. CANCELED: it gets an exception instead. UNAVAILABLE: there is
 * a trap at *@gpa. Others as of an enter, with *@gpa. INTERNAL_INTR_RETRY: a signal.
 */
zx_status_t zx_cpu_memory(struct zx_cpu *cpu, u64 addr, void *buf, size_t len, bool write,
			  u64 *gpa);
/* And x86/state.c. */
void zx_cpu_read_system(struct zx_cpu *cpu, struct zxl_vcpu_system *out);
zx_status_t zx_cpu_write_rip(struct zx_cpu *cpu, u64 rip);	/* INVALID_ARGS */

/* Nothing to take over and nothing to deliver: the common entry. */
static inline bool zx_irq_idle(const struct zx_cpu *cpu)
{
	return !READ_ONCE(cpu->irq.events) && !cpu->irq.busy && !cpu->apic.arrived;
}

/* From an exit's handler: end the enter with @status, for @reason. */
static inline void zx_cpu_return(struct zx_cpu *cpu, zx_status_t status, u32 reason, u64 addr)
{
	struct zx_vcpu_page *page = cpu->page;

	cpu->next = ZX_NEXT_RETURN;
	cpu->status = status;
	page->reason = reason;
	page->addr = addr;
}

#endif
