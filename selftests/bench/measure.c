// SPDX-License-Identifier: GPL-2.0-only
/* See bench.h. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

#define CALIBRATION_MS	50
#define STRAGGLERS_MS	40

struct block bench_ram;
uint64_t bench_loops;

void die(const char *what)
{
	fprintf(stderr, "bench: %s failed\n", what);
	exit(1);
}

uint64_t each(uint64_t ticks, uint64_t count)
{
	return (ticks + count / 2) / count;
}

struct guest_frame *frame_of(struct machine *m)
{
	return (struct guest_frame *)(m->ram->mem + GUEST_FRAME);
}

void machine_load(struct machine *m, const char *from, const char *to)
{
	memcpy(m->ram->mem + GUEST_ENTRY, from, to - from);
}

void machine_start(struct machine *m, const struct op *op, uint64_t count, uint64_t addr)
{
	machine_up(m, &bench_ram);
	guest_lay_out(m->ram->mem);
	memset(frame_of(m), 0, sizeof(struct guest_frame));
	frame_of(m)->rcx = count;
	frame_of(m)->rdi = addr;
	machine_load(m, op->from, op->to);
	machine_cpu(m, 0);
}

void machine_finish(struct machine *m)
{
	uint64_t value;

	must(machine_enter(m, 0, &value) == TRIP_OUT, "the guest's way to its end");
}

void machine_end(struct machine *m)
{
	machine_cpu_close(m, 0);
	machine_down(m);
}

uint64_t guest_ticks(struct machine *m)
{
	const uint64_t *out = frame_of(m)->out;

	return out[1] - out[0];
}

void spawn(pthread_t *thread, void *(*call)(void *arg), void *arg)
{
	must(!pthread_create(thread, NULL, call, arg), "a thread");
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static double ticks_per_ns(void)
{
	static double ratio;
	uint64_t ns, ticks;

	if (ratio)
		return ratio;
	ns = clock_ns(CLOCK_MONOTONIC);
	ticks = rdtsc();
	while (clock_ns(CLOCK_MONOTONIC) - ns < CALIBRATION_MS * ONE_MS)
		;
	ticks = rdtsc() - ticks;
	ratio = (double)ticks / (clock_ns(CLOCK_MONOTONIC) - ns);
	return ratio;
}

static volatile bool spinning;

static void *spin_idly(void *unused)
{
	const struct sched_param param = { 0 };

	(void)unused;
	must(!sched_setscheduler(0, SCHED_IDLE, &param), "SCHED_IDLE");
	while (spinning)
		;
	return NULL;
}

/* Where nothing else runs a thread does that is told what it took, which is no work. */
uint64_t work_ticks(void (*call)(void *arg), void *arg)
{
	uint64_t time, idle;
	clockid_t clock;
	pthread_t thread;

	ticks_per_ns();
	spinning = true;
	spawn(&thread, spin_idly, NULL);
	must(!pthread_getcpuclockid(thread, &clock), "a thread's clock");
	sleep_ms(STRAGGLERS_MS);
	idle = clock_ns(clock);
	time = clock_ns(CLOCK_MONOTONIC);
	call(arg);
	sleep_ms(STRAGGLERS_MS);
	idle = clock_ns(clock) - idle;
	time = clock_ns(CLOCK_MONOTONIC) - time;
	spinning = false;
	pthread_join(thread, NULL);
	return time > idle ? (time - idle) * ticks_per_ns() : 0;
}
