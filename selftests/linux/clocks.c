// SPDX-License-Identifier: GPL-2.0-only
/*
 * No clock goes backwards, whichever CPU looks at it. Each thread, one on every
 * CPU, fetches the latest time that anybody has seen and then looks at the clock:
 * that is no earlier. So a clock needs no CPU that waits for another one.
 */
#include <err.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#include "smp.h"

#define READS_PER_TURN	64

enum { MONOTONIC, REALTIME, BOOTTIME, TSC, CLOCKS };

static const char *const names[] = { "CLOCK_MONOTONIC", "CLOCK_REALTIME", "CLOCK_BOOTTIME", "TSC" };

static struct {
	_Atomic int64_t latest;
	_Atomic int64_t backwards;	/* the longest way */
	_Atomic uint64_t reads, passed;	/* ... to another CPU */
} seen[CLOCKS];
static int64_t end;

static int64_t look(int clock)
{
	static const int ids[] = { CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME };
	int64_t now;

	if (clock != TSC)
		return smp_nanoseconds(ids[clock]);
	_mm_lfence();
	now = __rdtsc();
	_mm_lfence();
	return now;
}

static void raise_to(_Atomic int64_t *value, int64_t to)
{
	int64_t old = atomic_load(value);

	while (old < to && !atomic_compare_exchange_weak(value, &old, to))
		;
}

/* Where CPUs are busy with other things, one may have been alone so far. */
static bool all_passed(void)
{
	unsigned int cpus = smp_cpus();
	bool passed = true;
	int clock;

	for (clock = 0; clock < CLOCKS; clock++)
		passed &= cpus == 1 || seen[clock].passed >= cpus;
	return passed || smp_nanoseconds(CLOCK_MONOTONIC) > end + SMP_PATIENCE;
}

static void *watch(void *cpu)
{
	int64_t mine[CLOCKS] = { 0 }, before, now;
	int clock, i;

	(void)cpu;
	do {
		for (i = 0; i < READS_PER_TURN * CLOCKS; i++) {
			clock = i % CLOCKS;
			before = atomic_load(&seen[clock].latest);
			now = look(clock);
			raise_to(&seen[clock].backwards, before - now);
			raise_to(&seen[clock].latest, now);
			atomic_fetch_add(&seen[clock].reads, 1);
			atomic_fetch_add(&seen[clock].passed, before != mine[clock]);
			mine[clock] = now;
		}
	} while (smp_nanoseconds(CLOCK_MONOTONIC) < end || !all_passed());
	return NULL;
}

int clocks(unsigned int ms)
{
	int64_t start = smp_nanoseconds(CLOCK_MONOTONIC);
	unsigned int cpus = smp_cpus();
	int clock, failed = 0;

	end = start + ms * 1000000ll;
	smp_run(watch);
	for (clock = 0; clock < CLOCKS; clock++) {
		printf("%s: %lu reads, %lu after another CPU's, %ld backwards\n", names[clock],
		       seen[clock].reads, seen[clock].passed, seen[clock].backwards);
		failed |= seen[clock].backwards > 0;
		failed |= cpus > 1 && seen[clock].passed < cpus;
	}
	return failed;
}
