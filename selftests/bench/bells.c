// SPDX-License-Identifier: GPL-2.0-only
/* From a guest's store to a thread that waits, and how many of those there can be. */
#include <stdatomic.h>

#include "bench.h"

#define RINGS		200u
#define BELLS		2000u
#define MAX_CONSUMERS	4u

struct listener {
	struct machine m;
	uint64_t ticks;
};

static void *listen(void *arg)
{
	struct listener *l = arg;
	unsigned int i;

	for (i = 0; i < RINGS; i++) {
		machine_bell_wait(&l->m);
		l->ticks += rdtsc() - frame_of(&l->m)->out[0];
	}
	return NULL;
}

/* The listener waits again when the guest goes on. */
static uint64_t end_to_end(const struct op *op)
{
	struct listener l = { .ticks = 0 };
	pthread_t thread;
	uint64_t value;
	unsigned int i;

	machine_start(&l.m, op, 0, GUEST_BELL);
	machine_bell(&l.m, GUEST_BELL, op->arg);
	spawn(&thread, listen, &l);
	for (i = 0; i < RINGS; i++) {
		sleep_ms(1);
		must(machine_enter(&l.m, 0, &value) == TRIP_OUT, "a mark");
	}
	pthread_join(thread, NULL);
	machine_end(&l.m);
	return each(l.ticks, RINGS);
}

struct shop {
	struct machine m;
	atomic_uint left;
	uint64_t end;
};

static void *consume(void *arg)
{
	struct shop *s = arg;

	for (;;) {
		machine_bell_wait(&s->m);
		if ((int)atomic_fetch_sub(&s->left, 1) <= 1)
			break;
	}
	/* Who was last wakes the next, who has nothing to do. */
	if (!s->end)
		s->end = rdtsc();
	machine_bell_ring(&s->m);
	return NULL;
}

/* @arg: consumers. */
static uint64_t throughput(const struct op *op)
{
	struct shop s = { .left = BELLS };
	pthread_t threads[MAX_CONSUMERS];
	uint64_t from;
	unsigned int i;

	machine_start(&s.m, op, BELLS, GUEST_BELL);
	machine_bell(&s.m, GUEST_BELL, false);
	for (i = 0; i < op->arg; i++)
		spawn(&threads[i], consume, &s);
	sleep_ms(1);
	from = rdtsc();
	machine_finish(&s.m);
	for (i = 0; i < op->arg; i++)
		pthread_join(threads[i], NULL);
	machine_end(&s.m);
	return each(s.end - from, BELLS);
}

const struct op bell_ops[] = {
	OP("BELL to a waiting thread", end_to_end, bench_ring, false, 0),
	OP("BELL to a waiting thread, any length", end_to_end, bench_ring, true, 0),
	OP("BELL, each of 2000, 1 consumer", throughput, bench_bell, 1, 0),
	OP("BELL, each of 2000, 2 consumers", throughput, bench_bell, 2, 0),
	OP("BELL, each of 2000, 4 consumers", throughput, bench_bell, 4, 0),
	{ }
};
