// SPDX-License-Identifier: GPL-2.0-only
/*
 * What interrupts cost, and how long they take. With one CPU, which is what -icount
 * has, whoever sends and whoever receives take turns there: a time includes the
 * switch to the other thread, and nobody can be reached while running, so what an
 * IPI costs its sender is what can be said of a receiver that does not sleep.
 */
#include <string.h>

#include "bench.h"

#define WAKES		200ull
#define TIMERS		100ull
#define TIMER_TICKS	100000ull
#define EOIS		1000ull
#define ROUNDS		200ull
#define SENDS		160ull

#define LVT_ONE_SHOT	0x60
#define LVT_DEADLINE	0x40060

/* RBX of the blobs: how the receiver waits. */
#define WAIT_RUNNING	0
#define WAIT_HALTED	1
#define WAIT_DEAF	2

#define BY_KERNEL	0
#define BY_PACKET	16

static bool two_cpus(void)
{
	return cpu_number(1) >= 0;
}

static void *enter_until_kicked(void *arg)
{
	struct machine *m = arg;
	uint64_t value;

	run_on_cpu(1);
	machine_cpu(m, 0);
	must(machine_enter(m, 0, &value) == TRIP_CANCELED, "an enter until the kick");
	return NULL;
}

/* From the call to the guest's handler, by one TSC, as guests have the host's. */
static uint64_t wake_once(struct machine *m)
{
	struct guest_frame *frame = frame_of(m);
	const uint64_t before = frame->irqs;
	uint64_t from;

	/* It is halted by then. */
	sleep_ms(2);
	from = rdtsc();
	machine_interrupt(m, 0, LVT_ONE_SHOT);
	wait_flag(&frame->irqs, before + 1);
	return frame->out[0] - from;
}

static uint64_t wake(const struct op *op)
{
	pthread_t thread;
	struct machine m;
	uint64_t sum = 0;
	uint64_t i;

	machine_up(&m, &bench_ram);
	guest_lay_out(m.ram->mem);
	memset(frame_of(&m), 0, sizeof(struct guest_frame));
	machine_load(&m, op->from, op->to);
	spawn(&thread, enter_until_kicked, &m);
	wait_flag(&frame_of(&m)->flag, 1);
	for (i = 0; i < loops(WAKES); i++)
		sum += wake_once(&m);
	machine_kick(&m, 0);
	pthread_join(thread, NULL);
	machine_end(&m);
	return each(sum, loops(WAKES));
}

/* @arg: the LVT, @more: how it waits. */
static uint64_t timer(const struct op *op)
{
	struct guest_frame *frame;
	struct machine m;
	uint64_t sum;

	machine_start(&m, op, loops(TIMERS), 0);
	frame = frame_of(&m);
	frame->rax = op->arg;
	frame->rbx = op->more;
	frame->rdx = TIMER_TICKS;
	frame->r8 = machine_timer_count(&m, TIMER_TICKS);
	machine_finish(&m);
	sum = frame->out[0];
	machine_end(&m);
	return each(sum, loops(TIMERS));
}

/* What a blob has added up. */
static uint64_t summed(const struct op *op)
{
	struct machine m;
	uint64_t sum;

	machine_start(&m, op, loops(EOIS), 0);
	machine_finish(&m);
	sum = frame_of(&m)->out[0];
	machine_end(&m);
	return each(sum, loops(EOIS));
}

/* Two VCPUs, and the thread of the second. */
struct pair {
	struct machine m;
	pthread_t thread;
};

/* Enters @id and passes its packets on to the other, until something else comes. */
static enum trip pass_on(struct machine *m, unsigned int id)
{
	enum trip kind;
	uint64_t value;

	while ((kind = machine_enter(m, id, &value)) == TRIP_IPI)
		machine_interrupt(m, !id, value);
	return kind;
}

static void *peer_thread(void *arg)
{
	struct pair *pair = arg;

	run_on_cpu(1);
	machine_cpu(&pair->m, 1);
	must(pass_on(&pair->m, 1) == TRIP_CANCELED, "the peer's way to its end");
	return NULL;
}

/* @arg: how the receiver waits, and who delivers. */
static void pair_up(struct pair *pair, const struct op *op, uint64_t count)
{
	struct machine *m = &pair->m;

	machine_start(m, op, count, 0);
	if (op->more == BY_KERNEL)
		machine_ipi_kernel(m);
	frame_of(m)->rbx = op->arg;
	memcpy(m->ram->mem + GUEST_BUFFER, bench_peer_start, bench_peer_end - bench_peer_start);
	spawn(&pair->thread, peer_thread, pair);
	wait_flag(&frame_of(m)->flag, 1);
	/* It is halted by then, if it halts. */
	sleep_ms(2);
}

static void pair_down(struct pair *pair)
{
	machine_kick(&pair->m, 1);
	pthread_join(pair->thread, NULL);
	machine_cpu_close(&pair->m, 1);
	machine_end(&pair->m);
}

/* To the other's handler: half of there and back. */
static uint64_t ipi_there(const struct op *op)
{
	struct pair pair;
	uint64_t ticks;

	if ((side_is_kvm && op->more == BY_PACKET) || (op->arg == WAIT_RUNNING && !two_cpus()))
		return 0;
	pair_up(&pair, op, loops(ROUNDS));
	must(pass_on(&pair.m, 0) == TRIP_OUT, "IPIs");
	ticks = guest_ticks(&pair.m);
	pair_down(&pair);
	return each(ticks, 2 * loops(ROUNDS));
}

/* The least of many: what else the CPU did meanwhile is not the IPI's. */
static uint64_t ipi_cost(const struct op *op)
{
	struct pair pair;
	uint64_t ticks;

	if (side_is_kvm && op->more == BY_PACKET)
		return 0;
	pair_up(&pair, op, loops(SENDS));
	must(pass_on(&pair.m, 0) == TRIP_OUT, "IPIs");
	ticks = frame_of(&pair.m)->out[0];
	pair_down(&pair);
	return ticks;
}

const struct op event_ops[] = {
	OP("interrupt to a halted VCPU", wake, bench_wake, 0, 0),
	OP("IPI in the kernel, to a halted VCPU", ipi_there, bench_ipi, WAIT_HALTED, BY_KERNEL),
	OP("IPI in the kernel, to a running VCPU", ipi_there, bench_ipi, WAIT_RUNNING, BY_KERNEL),
	OP(IPI_BY_KERNEL, ipi_cost, bench_send, WAIT_DEAF, BY_KERNEL),
	OP("IPI as a packet, to a halted VCPU", ipi_there, bench_ipi, WAIT_HALTED, BY_PACKET),
	OP(IPI_BY_PACKET, ipi_cost, bench_send, WAIT_DEAF, BY_PACKET),
	OP("one-shot timer, running", timer, bench_one_shot, LVT_ONE_SHOT, WAIT_RUNNING),
	OP("one-shot timer, halted", timer, bench_one_shot, LVT_ONE_SHOT, WAIT_HALTED),
	OP("TSC deadline, running", timer, bench_deadline, LVT_DEADLINE, WAIT_RUNNING),
	OP("TSC deadline, halted", timer, bench_deadline, LVT_DEADLINE, WAIT_HALTED),
	OP("EOI", summed, bench_eoi, 0, 0),
	OP("HLT with an interrupt pending", summed, bench_halt, 0, 0),
	{ }
};
