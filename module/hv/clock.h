/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time for a VCPU: its TSC, KVM's paravirtual clock in guest memory, the wall clock,
 * and the alarm of the local APIC's timer.
 *
 * Below, the TSC is the host's, less what it jumped while the machine slept:
 * CLOCK_MONOTONIC stands still then, and so do guests. The guest's TSC is that and an
 * offset, which is 0 until the guest writes its TSC.
 */
#ifndef _ZX_CLOCK_H
#define _ZX_CLOCK_H

#include <linux/hrtimer.h>
#include <linux/types.h>

struct zx_cpu;

/* A line through time: @ns at @tsc, and (ticks << shift) * mul >> 32 from there on. */
struct zx_clock_ref {
	u64 tsc;
	u64 ns;
	u32 mul;
	s8 shift;
};

struct zx_clock {
	struct hrtimer timer;
	bool due;			/* guest memory waits for an update */
	bool renew;			/* the TSC is not to be trusted for long: */
	unsigned long next;		/* jiffies of the next update */
	u64 system;			/* guest-physical address, 0: off */
	u64 wall;			/* likewise, 0: written */
	u64 tsc_offset;
	u32 version;
	struct zx_clock_ref ref;	/* what guest memory says, or would */
};

extern const struct zx_apic_hooks zx_clock_apic_hooks;

void zx_clock_ref_init(struct zx_clock_ref *ref);
/* Around the sleep of the machine, with one CPU left. */
void zx_clock_suspend(void);
void zx_clock_resume(void);
/*
 * Around the sleep of its devices, with no task running: suspend to idle is nothing else
 * but that, and the host's clock stands still in some idle states. True: it did, hold anew.
 */
void zx_clock_devices_suspend(void);
bool zx_clock_devices_resume(void);
/* Is the TSC a clock, the same on all CPUs? It may cease to be. */
bool zx_clock_stable(void);

void zx_clock_init(struct zx_cpu *cpu);
void zx_clock_fini(struct zx_cpu *cpu);
/* The VCPU is held on a CPU, maybe another one. */
void zx_clock_hold(struct zx_cpu *cpu);
/* Now and then: has the TSC ceased to be trusted? */
void zx_clock_check(struct zx_cpu *cpu);
/* The guest's TSC; to be set in a burst. */
u64 zx_clock_get_tsc(const struct zx_cpu *cpu);
void zx_clock_set_tsc(struct zx_cpu *cpu, u64 value);
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
void zx_clock_pairing(struct zx_cpu *cpu, struct zx_clock_pairing *out);

/* Is @gpa in the page behind the start of one of the structures? */
static inline bool zx_clock_owns(const struct zx_clock *clock, u64 gpa)
{
	return (clock->system && gpa - clock->system < PAGE_SIZE) ||
	       (clock->wall && gpa - clock->wall < PAGE_SIZE);
}

static inline bool zx_clock_stale(const struct zx_clock *clock)
{
	return clock->due || (clock->renew && time_after_eq(jiffies, clock->next));
}

#endif
