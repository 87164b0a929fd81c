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

static void touch(struct machine *m)
{
	machine_finish(m);
}

static uint64_t first_touch(const struct op *op)
{
	struct block block;
	struct machine m;
	uint64_t ticks;

	block_make(&block, PAGES * PAGE, false, false);
	machine_start(&m, op, PAGES, WINDOW);
	machine_map(&m, WINDOW, &block, PAGES * PAGE);
	touch(&m);
	ticks = guest_ticks(&m);
	machine_end(&m);
	block_free(&block);
	return each(ticks, PAGES);
}

/* That all of a page is there then is seen by who goes through it. */
static void look_through(struct machine *m)
{
	machine_cpu_close(m, 0);
	frame_of(m)->rcx = HUGE_PAGES * HUGE / PAGE;
	machine_load(m, bench_touch_start, bench_touch_end);
	machine_cpu(m, 0);
	touch(m);
	must(guest_ticks(m) / (HUGE_PAGES * HUGE / PAGE) < NO_EXIT, "a mapping of 2 MiB");
}

static uint64_t first_touch_huge(const struct op *op)
{
	struct block block;
	struct machine m;
	uint64_t ticks;

	block_make(&block, HUGE_PAGES * HUGE, true, false);
	machine_start(&m, op, HUGE_PAGES, WINDOW);
	machine_map(&m, WINDOW, &block, HUGE_PAGES * HUGE);
	touch(&m);
	ticks = guest_ticks(&m);
	look_through(&m);
	machine_end(&m);
	block_free(&block);
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
	machine_start(&m, op, UNMAPPED, WINDOW);
	machine_map(&m, WINDOW, &block, UNMAPPED * PAGE);
	touch(&m);
	ticks = work_ticks(unmap_window, &m);
	machine_end(&m);
	block_free(&block);
	return ticks;
}

static void live(void *arg)
{
	const struct op *op = arg;
	struct machine m;
	uint64_t i;

	for (i = 0; i < LIVES; i++) {
		machine_up(&m, &bench_ram);
		machine_load(&m, op->from, op->to);
		machine_cpu(&m, 0);
		machine_finish(&m);
		machine_end(&m);
	}
}

static uint64_t lifetime(const struct op *op)
{
	return each(work_ticks(live, (void *)op), LIVES);
}

const struct op memory_ops[] = {
	OP("first touch of 4 KiB", first_touch, bench_touch, 0, 0),
	OP("first touch of 2 MiB", first_touch_huge, bench_touch_huge, 0, 0),
	OP("guest and VCPU, create to destroy", lifetime, done, 0, 0),
	OP("unmap of 64 MiB in pages of 4 KiB", unmap, bench_touch, 0, 0),
	{ }
};
