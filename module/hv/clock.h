/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time for a VCPU: KVM's paravirtual clock in guest memory, the wall clock, and
 * the alarm of the local APIC's timer. The guest's TSC is the host's.
 */
#ifndef _ZX_CLOCK_H
#define _ZX_CLOCK_H

#include <linux/hrtimer.h>
#include <linux/types.h>

struct zx_cpu;

struct zx_clock {
	struct hrtimer timer;
	bool due;			/* guest memory waits for an update */
	u64 system;			/* guest-physical address, 0: off */
	u64 wall;			/* likewise, 0: written */
	u32 version;
	unsigned long next;		/* jiffies of the next update */
};

extern const struct zx_apic_hooks zx_clock_apic_hooks;

void zx_clock_init(struct zx_cpu *cpu);
void zx_clock_fini(struct zx_cpu *cpu);
/* The MSRs; @addr 0 turns the system clock off. */
void zx_clock_set_system(struct zx_cpu *cpu, u64 addr);
void zx_clock_set_wall(struct zx_cpu *cpu, u64 addr);
/* Write what is due. False: a page is missing, see zx_mem_copy(). */
bool zx_clock_update(struct zx_cpu *cpu);
/* Guest memory for it cannot be had: stop trying. */
void zx_clock_drop(struct zx_cpu *cpu);
/* The answer to hypercall CLOCK_PAIRING, 64 bytes. */
struct zx_clock_pairing {
	s64 sec;
	s64 nsec;
	u64 tsc;
	u32 flags;
	u32 pad[9];
};
void zx_clock_pairing(struct zx_clock_pairing *out);

/* Is @gpa in the page behind the start of one of the structures? */
static inline bool zx_clock_owns(const struct zx_clock *clock, u64 gpa)
{
	return (clock->system && gpa - clock->system < PAGE_SIZE) ||
	       (clock->wall && gpa - clock->wall < PAGE_SIZE);
}

static inline bool zx_clock_stale(const struct zx_clock *clock)
{
	return clock->due || (clock->system && time_after_eq(jiffies, clock->next));
}

#endif
