// SPDX-License-Identifier: GPL-2.0-only
/* What an exit costs, handled in the kernel or by user space. */
#include "bench.h"

#define TRIPS		1000ull
#define BELLS		200ull
#define LOOKUPS		1000ull

static uint64_t null_call(const struct op *op)
{
	uint64_t from, i;

	(void)op;
	from = rdtsc();
	for (i = 0; i < loops(TRIPS); i++)
		side_null_call();
	return each(rdtsc() - from, loops(TRIPS));
}

/* A loop in the guest whose exits the kernel handles. */
static uint64_t in_kernel(const struct op *op)
{
	struct machine m;
	uint64_t ticks;

	machine_start(&m, op, loops(TRIPS), 0);
	machine_finish(&m);
	ticks = guest_ticks(&m);
	machine_end(&m);
	return each(ticks, loops(TRIPS));
}

static volatile uint64_t taken;

static void serve(struct machine *m, enum trip kind)
{
	uint64_t value;

	must(machine_enter(m, 0, &value) == kind, "what the guest was to do");
	if (kind == TRIP_OUT || kind == TRIP_WRITE)
		taken = value;
	else
		machine_answer(m, 0, kind, 0x1234);
}

static uint64_t serve_all(struct machine *m, enum trip kind, uint64_t count)
{
	uint64_t from, i;

	serve(m, kind);
	from = rdtsc();
	for (i = 1; i < count; i++)
		serve(m, kind);
	return each(rdtsc() - from, count - 1);
}

/* @arg: what each enter ends with, and user space completes. */
static uint64_t round_trips(const struct op *op)
{
	struct machine m;
	uint64_t ticks;

	machine_start(&m, op, loops(TRIPS), GUEST_TRAP);
	machine_trap(&m, GUEST_TRAP);
	ticks = serve_all(&m, op->arg, loops(TRIPS));
	machine_end(&m);
	return ticks;
}

/* @arg: any length of a store. */
static uint64_t bell_in_kernel(const struct op *op)
{
	struct machine m;
	uint64_t ticks;

	machine_start(&m, op, BELLS, GUEST_BELL);
	machine_bell(&m, GUEST_BELL, op->arg);
	machine_finish(&m);
	ticks = guest_ticks(&m);
	machine_end(&m);
	return each(ticks, BELLS);
}

/* @arg: among how many devices. */
static uint64_t lookup(const struct op *op)
{
	struct machine m;
	uint64_t ticks = 0;

	machine_start(&m, op, loops(LOOKUPS), GUEST_WINDOW);
	frame_of(&m)->rbx = op->arg;
	if (machine_devices(&m, GUEST_WINDOW, op->arg))
		ticks = serve_all(&m, TRIP_WRITE, loops(LOOKUPS));
	machine_end(&m);
	return ticks;
}

static uint64_t kicked(const struct op *op)
{
	struct machine m;
	uint64_t from, i;

	machine_start(&m, op, loops(TRIPS), 0);
	machine_enter_kicked(&m, 0);
	from = rdtsc();
	for (i = 0; i < loops(TRIPS); i++)
		machine_enter_kicked(&m, 0);
	from = rdtsc() - from;
	machine_end(&m);
	return each(from, loops(TRIPS));
}

const struct op exit_ops[] = {
	OP("null ioctl", null_call, done, 0, 0),
	OP("CPUID exit", in_kernel, bench_cpuid, 0, 0),
	OP("MSR read", in_kernel, bench_msr, 0, 0),
	OP("OUT round trip", round_trips, bench_out, TRIP_OUT, 0),
	OP("IN round trip", round_trips, bench_in, TRIP_IN, 0),
	OP("MEM write round trip", round_trips, bench_store, TRIP_WRITE, 0),
	OP("MEM read round trip", round_trips, bench_load, TRIP_READ, 0),
	OP("BELL in the kernel", bell_in_kernel, bench_bell, false, 0),
	OP("BELL in the kernel, any length", bell_in_kernel, bench_bell, true, 0),
	OP("enter of a kicked VCPU", kicked, done, 0, 0),
	OP("MEM write among 10 traps", lookup, bench_spread, 10, 0),
	OP("MEM write among 1000 traps", lookup, bench_spread, 1000, 0),
	OP("MEM write among 100000 traps", lookup, bench_spread, 100000, 0),
	{ }
};
