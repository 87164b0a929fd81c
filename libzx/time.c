// SPDX-License-Identifier: MIT
/* Time: the monotonic clock and the time-stamp counter. */
#include <pthread.h>
#include <time.h>
#include <x86intrin.h>

#include "internal.h"

#define NS_PER_SEC		1000000000ll
#define CALIBRATION_NS		20000000ll

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;
	int saved = errno;

	clock_gettime(clock, &now);
	errno = saved;
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

__EXPORT zx_time_t zx_clock_get_monotonic(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

__EXPORT zx_instant_boot_t zx_clock_get_boot(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

__EXPORT zx_time_t zx_deadline_after(zx_duration_t nanoseconds)
{
	return zx_time_add_duration(zx_clock_get_monotonic(), nanoseconds);
}

__EXPORT zx_ticks_t zx_ticks_get(void)
{
	return (zx_ticks_t)__rdtsc();
}

/* A moment in both times; the narrowest of a few looks, against preemption. */
static void both_times(int64_t *ns, int64_t *ticks)
{
	int64_t before, width, now, best = INT64_MAX;
	int i;

	for (i = 0; i < 16; i++) {
		before = zx_ticks_get();
		now = clock_ns(CLOCK_MONOTONIC_RAW);
		width = zx_ticks_get() - before;
		if (width >= best)
			continue;
		best = width;
		*ns = now;
		*ticks = before + width / 2;
	}
}

static pthread_once_t calibrated = PTHREAD_ONCE_INIT;
static zx_ticks_t ticks_per_second;

static void calibrate(void)
{
	int64_t ns[2] = { 0 };
	int64_t ticks[2] = { 0 };

	both_times(&ns[0], &ticks[0]);
	zx_nanosleep(zx_deadline_after(CALIBRATION_NS));
	both_times(&ns[1], &ticks[1]);
	ticks_per_second = (zx_ticks_t)((__int128)(ticks[1] - ticks[0]) * NS_PER_SEC /
					(ns[1] - ns[0]));
}

__EXPORT zx_ticks_t zx_ticks_per_second(void)
{
	pthread_once(&calibrated, calibrate);
	return ticks_per_second;
}

__EXPORT zx_status_t zx_nanosleep(zx_time_t deadline)
{
	struct timespec until = {
		.tv_sec = deadline / NS_PER_SEC, .tv_nsec = deadline % NS_PER_SEC,
	};

	if (deadline > 0)
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
			;
	return ZX_OK;
}
