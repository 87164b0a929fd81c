/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC of one VCPU: registers, priorities, the timer's arithmetic
 * (SDM 3, chapter 11). Knows no vendor and no kernel beyond <linux/types.h> and
 * bit operations, so that the unit tests compile it as it is: the clock, the
 * alarm and whatever leaves the VCPU are hooks.
 *
 * Only the VCPU's own thread calls these functions; what other threads want
 * goes through irq.c's pending bits, which are merged before every entry.
 */
#ifndef _ZX_APIC_H
#define _ZX_APIC_H

#ifdef __KERNEL__
#include <linux/compiler.h>
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, value)	__atomic_store_n(&(x), value, __ATOMIC_RELAXED)
#endif

#define ZX_APIC_BASE_ADDR	0xfee00000ull
/* Where some of its registers are in zx_apic.regs. */
#define ZX_APIC_TPR		(0x08 * 4)
#define ZX_APIC_SVR		(0x0f * 4)
#define ZX_APIC_LVT_TIMER	(0x32 * 4)
#define ZX_MSR_APIC_BASE	0x1b
#define ZX_MSR_TSC_DEADLINE	0x6e0
#define ZX_MSR_X2APIC_FIRST	0x800
#define ZX_MSR_X2APIC_LAST	0x8ff

struct zx_apic;

/* What the guest's access asks of the caller. */
enum zx_apic_action {
	ZX_APIC_DONE,		/* served */
	ZX_APIC_GP,		/* the access faults: #GP(0), nothing changed */
	ZX_APIC_IPI,		/* ICR written: see struct zx_apic_ipi */
	ZX_APIC_EOI,		/* of a level-triggered interrupt: zx_apic_ipi.vector */
	ZX_APIC_ABSENT,		/* of the page only: no register that is known */
};

enum zx_apic_ipi_kind {
	ZX_IPI_FIXED,
	ZX_IPI_LOWEST,
	ZX_IPI_NMI,
	ZX_IPI_INIT,
	ZX_IPI_STARTUP,
	ZX_IPI_OTHER,		/* SMI and the reserved modes */
};

struct zx_apic_ipi {
	u8 kind;		/* enum zx_apic_ipi_kind */
	u8 vector;		/* 2 for an NMI */
	bool logical;		/* @dest is a logical destination */
	bool page;		/* sent through the page: a logical @dest has 8 bits */
	u8 shorthand;		/* 0 none, 1 self, 2 all, 3 all but self */
	u32 dest;		/* 32-bit x2APIC destination */
};

/* Called by the VCPU's own thread; may be called with interrupts off. */
struct zx_apic_hooks {
	/*
	 * The guest's TSC now in TSC-deadline mode. In the others one that a guest
	 * cannot set, of the same rate.
	 */
	u64 (*tsc)(struct zx_apic *apic);
	/*
	 * Call zx_irq's timer when that TSC is at @deadline, which may be past or never
	 * come (all ones); replaces an earlier one.
	 */
	void (*arm)(struct zx_apic *apic, u64 deadline);
	void (*disarm)(struct zx_apic *apic);
};

/* IA32_APIC_BASE's two enable bits: SDM 3, 11.12.1. */
enum zx_apic_mode { ZX_APIC_X2APIC, ZX_APIC_XAPIC, ZX_APIC_OFF };

struct zx_apic {
	const struct zx_apic_hooks *hooks;
	/*
	 * A page, register @nr at nr * 16 bytes as its MSR shows it: a CPU that
	 * virtualizes the APIC reads and writes it as it stands (SDM 3, 30.1). Senders of
	 * IPIs look at SVR and TPR, @ldr and @dfr of the VCPUs that they are for.
	 */
	u32 *regs;
	u32 id;
	u8 mode;		/* enum zx_apic_mode */
	bool arrived;		/* there may be something in IRR */
	bool changed;		/* IRR, ISR or TMR, and not by a CPU that virtualizes them */
	u32 esr_latch;
	u32 ldr, dfr;		/* of the page; by MSR, LDR follows from the id */
	/* TSC, see hooks, at which the timer is over, IA32_TSC_DEADLINE for one; 0: it stands. */
	u64 timer_deadline;
	/*
	 * A periodic timer's alarms are at least this many TSC ticks away, however
	 * short its period. Set by the owner; 0: no such floor.
	 */
	u64 min_period;
};

/* @regs: a page, kept by the caller. The APIC is in x2APIC mode and reset. */
void zx_apic_init(struct zx_apic *apic, u32 id, u32 *regs, const struct zx_apic_hooks *hooks);
/*
 * As after power-up or INIT (SDM 3, 11.4.7), but for the mode. Calls no hook: an
 * alarm that is still set is ignored when it goes off.
 */
void zx_apic_reset(struct zx_apic *apic);

/* Software-enabled (SVR bit 8)? While not, irq.c injects vectors directly. */
static inline bool zx_apic_enabled(const struct zx_apic *apic)
{
	return READ_ONCE(apic->regs[ZX_APIC_SVR]) & 0x100;
}

/* IA32_APIC_BASE. */
u64 zx_apic_get_base(const struct zx_apic *apic);
/*
 * False: #GP, since reserved bits, the address or a change of mode is not allowed.
 * @page: there is an xAPIC page, so that there is a mode beside x2APIC.
 */
bool zx_apic_set_base(struct zx_apic *apic, u64 value, bool page);

/* Is the timer in TSC-deadline mode? */
static inline bool zx_apic_by_deadline(const struct zx_apic *apic)
{
	return apic->regs[ZX_APIC_LVT_TIMER] & 1u << 18;
}

/* The x2APIC MSRs 0x800..0x8ff and IA32_TSC_DEADLINE. */
enum zx_apic_action zx_apic_read(struct zx_apic *apic, u32 msr, u64 *value);
enum zx_apic_action zx_apic_write(struct zx_apic *apic, u32 msr, u64 value,
				  struct zx_apic_ipi *ipi);

/* The same by the registers' numbers, in every mode: apic_regs.h. */
enum zx_apic_action zx_apic_read_reg(struct zx_apic *apic, u32 reg, u64 *value);
enum zx_apic_action zx_apic_write_reg(struct zx_apic *apic, u32 reg, u64 value,
				      struct zx_apic_ipi *ipi);

/* The bits of register @reg that may be written as 1. */
u64 zx_apic_writable(u32 reg);

/* A vector arrives. Vectors 0..15 set ESR instead. */
void zx_apic_accept(struct zx_apic *apic, u8 vector, bool level);
void zx_apic_self_ipi(struct zx_apic *apic, u8 vector);
/*
 * The vector to deliver now, above the processor priority; -1: none. While the
 * APIC is software-disabled, priorities do not hold anything back.
 */
int zx_apic_pending(const struct zx_apic *apic);
/* The same, were TPR 0: what a lower CR8 lets through without an exit. */
int zx_apic_waiting(const struct zx_apic *apic);
/* It was delivered: IRR to ISR. While software-disabled: out of IRR, no EOI due. */
void zx_apic_ack(struct zx_apic *apic, u8 vector);
/* The vector that this was the EOI of, if it is level-triggered; else -1. */
int zx_apic_eoi(struct zx_apic *apic);
/* IRR may have been changed by a CPU: see zx_apic.arrived. */
void zx_apic_look(struct zx_apic *apic);
/* The highest vectors in IRR and ISR; -1: none. */
int zx_apic_highest_irr(const struct zx_apic *apic);
int zx_apic_highest_isr(const struct zx_apic *apic);
/* Vectors 64 * @word and on that are level-triggered. */
u64 zx_apic_levels(const struct zx_apic *apic, unsigned int word);

/* CR8 is TPR[7:4]. */
static inline u8 zx_apic_get_cr8(const struct zx_apic *apic)
{
	return READ_ONCE(apic->regs[ZX_APIC_TPR]) >> 4;
}

static inline void zx_apic_set_cr8(struct zx_apic *apic, u8 cr8)
{
	WRITE_ONCE(apic->regs[ZX_APIC_TPR], (cr8 & 0xf) << 4);
}

/*
 * The alarm went off: raise the LVT timer's vector unless masked, re-arm. One
 * that comes early or without need does no harm.
 */
void zx_apic_timer_fired(struct zx_apic *apic);
/* Does logical destination @dest (x2APIC cluster format) name @id? */
bool zx_apic_match_logical(u32 dest, u32 id);

#endif
