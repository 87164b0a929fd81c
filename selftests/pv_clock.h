/* SPDX-License-Identifier: GPL-2.0-only */
/* The paravirtual clock as a guest reads it. */
#ifndef _SELFTESTS_PV_CLOCK_H
#define _SELFTESTS_PV_CLOCK_H

#include <stdint.h>
#include <time.h>

#define MSR_WALL_CLOCK	0x4b564d00
#define MSR_CLOCK	0x4b564d01
#define ONE_SECOND	1000000000ll

struct pv_clock {
	uint32_t version;
	uint32_t pad;
	uint64_t tsc_timestamp;
	uint64_t system_time;
	uint32_t tsc_mul;
	int8_t tsc_shift;
	uint8_t flags;
	uint8_t pad2[2];
};

struct pv_wall_clock {
	uint32_t version;
	uint32_t seconds;
	uint32_t nanoseconds;
};

/* Nanoseconds at @tsc by the guest's rule. */
static inline int64_t pv_time(volatile struct pv_clock *pv, uint64_t tsc)
{
	uint64_t delta = tsc - pv->tsc_timestamp;

	if (pv->tsc_shift >= 0)
		delta <<= pv->tsc_shift;
	else
		delta >>= -pv->tsc_shift;
	return pv->system_time + (delta >> 32) * pv->tsc_mul +
		((delta & UINT32_MAX) * pv->tsc_mul >> 32);
}

static inline int64_t host_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * ONE_SECOND + now.tv_nsec;
}

#endif
