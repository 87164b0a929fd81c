/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How often guests left each CPU of the host, by kind: ZX_INFO_GUEST_STATS. One
 * increment per exit, on the CPU's own counters; all else is derived.
 */
#ifndef _ZX_STATS_H
#define _ZX_STATS_H

#include <linux/percpu.h>

#include "../x86/backend.h"

struct zx_stats {
	u64 exits[ZX_EXIT_KINDS];
};

DECLARE_PER_CPU(struct zx_stats, zx_stats);

/* Interrupts are off. */
static inline void zx_stats_count(u8 kind)
{
	__this_cpu_inc(zx_stats.exits[kind]);
}

/* The exit that was counted as @from is known better now. */
static inline void zx_stats_move(u8 from, u8 to)
{
	__this_cpu_dec(zx_stats.exits[from]);
	__this_cpu_inc(zx_stats.exits[to]);
}

/* @cpu: any possible one. What it counts meanwhile may be in or not. */
void zx_stats_read(unsigned int cpu, struct zx_ioc_info_guest_stats *out);

#endif
