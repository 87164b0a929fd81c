// SPDX-License-Identifier: GPL-2.0-only
/* Guest memory and whole guests: what comes, and what goes. */
#include "bench.h"

#define WINDOW		GUEST_WINDOW
#define PAGES		1000ull
#define HUGE_PAGES	32ull
#define UNMAPPED	16384ull
#define LIVES		10ull

/* Beyond what is in a few instructions of the guest there would be an exit. */
#define NO_EXIT		200

/* Memory at WINDOW that the blob of @op touches, @count times. */
static void window_touch(struct machine *m, struct block *block, const struct op *op,
			 uint64_t count)
{
	machine_start(m, op, count, WINDOW);
	machine_map(m, WINDOW, block, block->size);
	machine_finish(m);
}

static void window_end(struct machine *m, struct block *block)
{
	machine_end(m);
	block_free(block);
}

static uint64_t first_touch(const struct op *op)
{
	struct block block;
	struct machine m;
	uint64_t ticks;

	block_make(&block, PAGES * PAGE, false, false);
	window_touch(&m, &block, op, PAGES);
	ticks = guest_ticks(&m);
	window_end(&m, &block);
	return each(ticks, PAGES);
}

/* That all of a page is there then is seen by who goes through it. */
static void must_be_huge(struct machine *m)
{
	const uint64_t *out = frame_of(m)->out;

	must((out[2] - out[1]) / (HUGE_PAGES * HUGE / PAGE) < NO_EXIT, "a mapping of 2 MiB");
}

static uint64_t first_touch_huge(const struct op *op)
{
	struct block block;
	struct machine m;
	uint64_t ticks;

	block_make(&block, HUGE_PAGES * HUGE, true, false);
	window_touch(&m, &block, op, HUGE_PAGES);
	ticks = guest_ticks(&m);
	must_be_huge(&m);
	window_end(&m, &block);
	return each(ticks, HUGE_PAGES);
}

static void unmap_window(void *m)
{
	machine_unmap(m, WINDOW, UNMAPPED * PAGE);
}

static uint64_t unmap(const struct op *op)
{
	struct block block;
	struct machine m;
	uint64_t ticks;

	block_make(&block, UNMAPPED * PAGE, false, false);
	window_touch(&m, &block, op, UNMAPPED);
	ticks = work_ticks(unmap_window, &m);
	window_end(&m, &block);
	return ticks;
}

static void live(void *unused)
{
	struct machine m;
	uint64_t i;

	(void)unused;
	for (i = 0; i < LIVES; i++) {
		machine_up(&m, &bench_ram);
		machine_load(&m, done_start, done_end);
		machine_cpu(&m, 0);
		machine_finish(&m);
		machine_end(&m);
	}
}

static void *live_in_thread(void *unused)
{
	live(unused);
	return NULL;
}

static void live_elsewhere(void *unused)
{
	pthread_t thread;

	spawn(&thread, live_in_thread, unused);
	pthread_join(thread, NULL);
}

uint64_t life_ticks(bool in_thread)
{
	return each(work_ticks(in_thread ? live_elsewhere : live, NULL), LIVES);
}

/* @arg: by a thread that is not the first. */
static uint64_t lifetime(const struct op *op)
{
	return life_ticks(op->arg);
}

const struct op memory_ops[] = {
	OP("first touch of 4 KiB", first_touch, bench_touch, 0, 0),
	OP("first touch of 2 MiB", first_touch_huge, bench_touch_huge, 0, 0),
	OP("guest and VCPU, create to destroy", lifetime, done, false, 0),
	OP("guest and VCPU, create to destroy, in a thread", lifetime, done, true, 0),
	OP("unmap of 64 MiB in pages of 4 KiB", unmap, bench_touch, 0, 0),
	{ }
};
