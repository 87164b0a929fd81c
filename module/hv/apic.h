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
#endif

#define ZX_APIC_BASE_ADDR	0xfee00000ull
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
	u64 (*tsc)(struct zx_apic *apic);		/* the guest's TSC now */
	/*
	 * Call zx_irq's timer at guest TSC @deadline, which may be past or never
	 * come (all ones); replaces an earlier one.
	 */
	void (*arm)(struct zx_apic *apic, u64 deadline);
	void (*disarm)(struct zx_apic *apic);
};

struct zx_apic {
	const struct zx_apic_hooks *hooks;
	u32 id;
	bool bsp;
	u64 irr[4], isr[4], tmr[4];
	u32 tpr;
	u32 svr;
	u32 esr, esr_latch;
	u32 lvt_timer, lvt_cmci, lvt_thermal, lvt_pmi, lvt_lint0, lvt_lint1, lvt_error;
	u32 initial_count, divide;
	u64 icr;
	u32 ldr, dfr;		/* of the page; by MSR, LDR follows from the id */
	/* Guest TSC at which the timer is over, IA32_TSC_DEADLINE for one; 0: it stands. */
	u64 timer_deadline;
	/*
	 * A periodic timer's alarms are at least this many TSC ticks away, however
	 * short its period. Set by the owner after every reset; 0: no such floor.
	 */
	u64 min_period;
};

/*
 * As after power-up or INIT (SDM 3, 11.4.7). Calls no hook: an alarm that is
 * still set is ignored when it goes off.
 */
void zx_apic_reset(struct zx_apic *apic, u32 id, const struct zx_apic_hooks *hooks);

/* Software-enabled (SVR bit 8)? While not, irq.c injects vectors directly. */
static inline bool zx_apic_enabled(const struct zx_apic *apic)
{
	return apic->svr & 0x100;
}

/* The x2APIC MSRs 0x800..0x8ff and IA32_TSC_DEADLINE. */
enum zx_apic_action zx_apic_read(struct zx_apic *apic, u32 msr, u64 *value);
enum zx_apic_action zx_apic_write(struct zx_apic *apic, u32 msr, u64 value,
				  struct zx_apic_ipi *ipi);

/* The bits of register @msr that may be written as 1. */
u64 zx_apic_writable(u32 msr);

/* A vector arrives (fixed, edge). Vectors 0..15 set ESR instead. */
void zx_apic_accept(struct zx_apic *apic, u8 vector);
/*
 * The vector to deliver now, above the processor priority; -1: none. While the
 * APIC is software-disabled, priorities do not hold anything back.
 */
int zx_apic_pending(const struct zx_apic *apic);
/* The same, were TPR 0: what a lower CR8 lets through without an exit. */
int zx_apic_waiting(const struct zx_apic *apic);
/* It was delivered: IRR to ISR. While software-disabled: out of IRR, no EOI due. */
void zx_apic_ack(struct zx_apic *apic, u8 vector);
void zx_apic_eoi(struct zx_apic *apic);

/* CR8 is TPR[7:4]. */
static inline u8 zx_apic_get_cr8(const struct zx_apic *apic)
{
	return apic->tpr >> 4;
}

static inline void zx_apic_set_cr8(struct zx_apic *apic, u8 cr8)
{
	apic->tpr = (cr8 & 0xf) << 4;
}

/*
 * The alarm went off: raise the LVT timer's vector unless masked, re-arm. One
 * that comes early or without need does no harm.
 */
void zx_apic_timer_fired(struct zx_apic *apic);
/* Does logical destination @dest (x2APIC cluster format) name @id? */
bool zx_apic_match_logical(u32 dest, u32 id);

#endif
