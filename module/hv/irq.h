/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is to be delivered to a VCPU, and in which order.
 *
 * Other threads only post: a bit for the vector, a bit in @events, a wake-up.
 * The VCPU's own thread takes posts over before it enters, so that all else is
 * its own and needs no lock.
 */
#ifndef _ZX_IRQ_H
#define _ZX_IRQ_H

#include <linux/bits.h>
#include <linux/types.h>

struct zx_cpu;

/* Words of zx_irq.posted: 64 vectors each, and again those that are level-triggered. */
#define ZX_POSTED_LEVELS	4
#define ZX_POSTED_WORDS		8

/* Bits of zx_irq.events. */
enum zx_event {
	ZX_EVENT_KICK,
	ZX_EVENT_TIMER,
	ZX_EVENT_STARTUP,
	ZX_EVENT_LOW,
	ZX_EVENT_POSTED,	/* and the words behind the first */
	ZX_EVENT_POSTED_LAST = ZX_EVENT_POSTED + ZX_POSTED_WORDS - 1,
};

/* Those that do not wait until the VCPU enters again. */
#define ZX_EVENTS_URGENT	(BIT(ZX_EVENT_KICK) | BIT(ZX_EVENT_STARTUP))

struct zx_fault {
	bool pending;
	u8 vector;
	bool has_error;
	u32 error;
};

struct zx_irq {
	unsigned long events;		/* [a] 1 << enum zx_event */
	unsigned long posted[ZX_POSTED_WORDS];	/* [a] vectors not yet taken over */
	unsigned long low;		/* [a] vectors 16 to 31, posted for the local APIC */
	unsigned int startup;		/* [a] startup.c's */

	u64 direct[4];			/* vectors 32 and up while the APIC is off */
	u32 exceptions;			/* vectors 0 to 31 but NMI, from zx_vcpu_interrupt */
	bool nmi;			/* waits for delivery */
	bool nmi_masked;		/* one is being served */
	bool cut;			/* the last exit cut the delivery of an event short */
	bool reinject;			/* and the backend has it in its slot again */
	bool busy;			/* any of the above may want delivery */
	bool windowed;			/* the backend was asked for a window */
	bool virtual;			/* the CPU delivers what the local APIC has */
	struct zx_fault fault;		/* of the instruction just emulated */
};

/* From any thread or interrupt. */
void zx_irq_post(struct zx_cpu *cpu, enum zx_event event);
/* As of zx_vcpu_interrupt(). */
void zx_irq_post_vector(struct zx_cpu *cpu, u8 vector, bool level);
/* As of another local APIC's ICR: dropped while that of @cpu is disabled. */
void zx_irq_post_ipi(struct zx_cpu *cpu, u8 vector);

/* The VCPU's thread, from here on. */
void zx_irq_fault(struct zx_cpu *cpu, u8 vector, bool has_error, u32 error);
void zx_irq_gp(struct zx_cpu *cpu);
void zx_irq_ud(struct zx_cpu *cpu);
/* All that waits is forgotten. */
void zx_irq_reset(struct zx_cpu *cpu);
/*
 * Vectors that were posted are in the local APIC's registers from here on, for a guest
 * that reads them before the wake-up has made it exit.
 */
void zx_irq_show(struct zx_cpu *cpu);
/* Take posts over. False: kicked. */
bool zx_irq_take(struct zx_cpu *cpu);
/* Put the first deliverable event into the backend's slot. NOT_SUPPORTED: a vector 21..31. */
zx_status_t zx_irq_deliver(struct zx_cpu *cpu);
/* Does anything end a HLT that ran with RFLAGS.IF as @intr_on says? */
bool zx_irq_wakes(struct zx_cpu *cpu, bool intr_on);

#endif
