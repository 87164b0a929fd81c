// SPDX-License-Identifier: GPL-2.0-only
/* The local APIC's timer, by guest code in each of its modes: phases, ends, odd numbers. */
#include <sched.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define VECTOR		0x50
#define MASKED		0x10000
#define PERIODIC	0x20000
#define BY_TSC		0x40000
#define DIVIDE_BY_1	0xb
#define DIVIDE_BY_128	0xa

#define TRIES		10

/* The module takes a shorter period for this long. */
#define SHORTEST_US	200

FIXTURE(timer) {
	struct vm vm;
	struct guest_frame *frame;
};

FIXTURE_SETUP(timer)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	self->frame = vm_frame(&self->vm);
	self->frame->eoi = 1;
}

FIXTURE_TEARDOWN(timer)
{
	vm_down(&self->vm);
}

static uint64_t ticks(uint64_t us)
{
	return zx_ticks_per_second() / 1000 * us / 1000;
}

/* Results of timer_phase. */
enum { BEFORE, BEHIND, FIRST, COUNT, LAST };

static zx_status_t run_phase(struct _test_data_timer *self, uint32_t lvt, uint32_t divide,
			     uint32_t count, uint64_t run)
{
	self->frame->rax = lvt | VECTOR;
	self->frame->rcx = divide;
	self->frame->rdx = count;
	self->frame->rdi = run;
	return vm_boot(&self->vm, timer_phase) ?: vm_finish(&self->vm);
}

/*
 * How far the current count is from what is left of a period by the TSC, which was
 * read around it and around the start. UINT64_MAX: that took too long to tell.
 */
static uint64_t phase_error(const struct guest_frame *frame, uint64_t period, unsigned int shift)
{
	const uint64_t *out = frame->out;
	const uint64_t least = out[FIRST] - out[BEHIND], most = out[LAST] - out[BEFORE];
	uint64_t past = 2 * period - (out[COUNT] << shift) - least % period;

	if (most - least > period / 4)
		return UINT64_MAX;
	/* A count stands for a whole tick before it drops. */
	past = (past + (1ull << shift)) % period;
	return past <= most - least + (1ull << shift) ? 0 : past;
}

/*
 * The same. On a machine that is busy, where that takes too long, or fewer than @wanted
 * interrupts come because several are late and one, it takes several tries.
 */
static uint64_t run_and_compare(struct _test_data_timer *self, uint32_t mode, uint32_t count,
				uint64_t run, unsigned int wanted)
{
	uint64_t error = UINT64_MAX;
	unsigned int i;

	for (i = 0; i < TRIES && (error == UINT64_MAX || self->frame->irqs < wanted); i++) {
		zx_handle_close(self->vm.vcpu);
		self->frame->irqs = 0;
		if (run_phase(self, mode, DIVIDE_BY_1, count, run) != ZX_OK)
			return UINT64_MAX - 1;
		error = phase_error(self->frame, count, 0);
	}
	return error;
}

/* @periods and a half, of @us each. */
static uint64_t drift(struct _test_data_timer *self, unsigned int us, unsigned int periods)
{
	const uint64_t period = ticks(us);

	return run_and_compare(self, PERIODIC, period, periods * period + period / 2,
			       periods * 9 / 10);
}

static uint64_t most_ticks(struct _test_data_timer *self)
{
	return self->frame->out[LAST] - self->frame->out[BEFORE];
}

TEST_F(timer, periodic_does_not_drift)
{
	EXPECT_EQ(0, drift(self, 100000, 20));
	/* Interrupts that come too late are one with the next. */
	EXPECT_LE(self->frame->irqs * ticks(100000), most_ticks(self));
	EXPECT_GE(self->frame->irqs, 18);
}

TEST_F(timer, periodic_does_not_drift_by_sleeping)
{
	self->frame->r8 = 1;
	EXPECT_EQ(0, drift(self, 100000, 20));
	EXPECT_LE(self->frame->irqs * ticks(100000), most_ticks(self));
	EXPECT_GE(self->frame->irqs, 18);
}

TEST_F(timer, periodic_and_fast_does_not_drift)
{
	self->frame->r8 = 1;
	EXPECT_EQ(0, drift(self, 10000, 200));
	EXPECT_LE(self->frame->irqs * ticks(10000), most_ticks(self));
	EXPECT_GE(self->frame->irqs, 180);
}

TEST_F(timer, periodic_masked_keeps_its_phase)
{
	const uint64_t period = ticks(40000);

	self->frame->rsi = PERIODIC | MASKED | VECTOR;
	EXPECT_EQ(0, run_and_compare(self, PERIODIC, period, 5 * period + period / 2, 3));
	EXPECT_LE(self->frame->irqs, 7);
	EXPECT_GE(self->frame->irqs, 3);
}

/* A millisecond of 40: what is left of it, in tries until one was not late. */
static uint64_t early_error(struct _test_data_timer *self, uint32_t divide, uint32_t count,
			    unsigned int shift)
{
	uint64_t error = UINT64_MAX;
	unsigned int i;

	for (i = 0; i < TRIES && (error == UINT64_MAX || !self->frame->out[COUNT]); i++) {
		zx_handle_close(self->vm.vcpu);
		self->frame->irqs = 0;
		if (run_phase(self, 0, divide, count, ticks(1000)) != ZX_OK)
			return UINT64_MAX - 1;
		error = phase_error(self->frame, (uint64_t)count << shift, shift);
	}
	return error;
}

TEST_F(timer, one_shot_by_each_divider)
{
	static const uint8_t codes[] = { 0xb, 0x0, 0x1, 0x2, 0x3, 0x8, 0x9, 0xa };
	unsigned int shift;

	for (shift = 0; shift < ARRAY_SIZE(codes); shift++) {
		const uint32_t count = ticks(40000) >> shift;

		EXPECT_EQ(0, early_error(self, codes[shift], count, shift));
		EXPECT_LE(self->frame->out[COUNT], count);
		EXPECT_GT(self->frame->out[COUNT], 0);
		EXPECT_EQ(0, self->frame->irqs);
		zx_handle_close(self->vm.vcpu);
		ASSERT_EQ(ZX_OK, run_phase(self, 0, codes[shift], count / 8, ticks(60000)));
		EXPECT_EQ(0, self->frame->out[COUNT]);
		EXPECT_EQ(1, self->frame->irqs);
	}
}

TEST_F(timer, count_of_0_and_1)
{
	ASSERT_EQ(ZX_OK, run_phase(self, 0, DIVIDE_BY_1, 0, ticks(1000)));
	EXPECT_EQ(0, self->frame->irqs);
	EXPECT_EQ(0, self->frame->out[COUNT]);
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, run_phase(self, PERIODIC, DIVIDE_BY_128, 0, ticks(1000)));
	EXPECT_EQ(0, self->frame->irqs);
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, run_phase(self, 0, DIVIDE_BY_1, 1, ticks(100000)));
	EXPECT_EQ(1, self->frame->irqs);
	EXPECT_EQ(0, self->frame->out[COUNT]);
}

TEST_F(timer, largest_count)
{
	uint64_t most;

	ASSERT_EQ(ZX_OK, run_phase(self, 0, DIVIDE_BY_128, UINT32_MAX, ticks(1000)));
	most = self->frame->out[LAST] - self->frame->out[BEFORE];
	EXPECT_EQ(0, self->frame->irqs);
	EXPECT_LE(self->frame->out[COUNT], UINT32_MAX);
	EXPECT_GE(self->frame->out[COUNT], UINT32_MAX - most / 128 - 1);
}

/* A tick is shorter than any interrupt takes. */
TEST_F(timer, period_of_one_tick_is_no_storm)
{
	uint64_t took, cpu_ms;
	struct timespec used;

	ASSERT_EQ(ZX_OK, run_phase(self, PERIODIC, DIVIDE_BY_1, 1, ticks(500000)));
	took = self->frame->out[LAST] - self->frame->out[BEFORE];
	EXPECT_GT(self->frame->irqs, 10);
	EXPECT_LE(self->frame->irqs, took / ticks(SHORTEST_US) + 1);
	EXPECT_LE(self->frame->out[COUNT], 1);
	/* While nothing of it runs there is nothing to be served. */
	sleep_ms(20);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	cpu_ms = used.tv_sec * 1000 + used.tv_nsec / ONE_MS;
	sleep_ms(200);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	EXPECT_LE(used.tv_sec * 1000 + used.tv_nsec / ONE_MS - cpu_ms, 50);
}

/* What the deadline's MSR reads, the TSC then; and in the end. */
enum { READ, TSC_THEN, READ_LAST, IRQS };

/* From now on if @relative; the TSC moves by @move, and 20 ms pass. */
static zx_status_t run_deadline(struct _test_data_timer *self, uint64_t value, bool relative,
				int64_t move)
{
	zx_handle_close(self->vm.vcpu);
	self->frame->irqs = 0;
	self->frame->rax = BY_TSC | VECTOR;
	self->frame->rdx = value;
	self->frame->r8 = relative;
	self->frame->rsi = move != 0;
	self->frame->rbx = move;
	self->frame->rdi = ticks(20000);
	return vm_boot(&self->vm, deadline) ?: vm_finish(&self->vm);
}

TEST_F(timer, deadline_that_comes)
{
	ASSERT_EQ(ZX_OK, run_deadline(self, ticks(2000), true, 0));
	EXPECT_EQ(1, self->frame->out[IRQS]);
	EXPECT_EQ(0, self->frame->out[READ_LAST]);
}

TEST_F(timer, deadline_in_the_past)
{
	ASSERT_EQ(ZX_OK, run_deadline(self, -ticks(2000), true, 0));
	EXPECT_EQ(1, self->frame->out[IRQS]);
	EXPECT_EQ(0, self->frame->out[READ]);
	ASSERT_EQ(ZX_OK, run_deadline(self, 1, false, 0));
	EXPECT_EQ(1, self->frame->out[IRQS]);
}

TEST_F(timer, deadline_of_0_is_none)
{
	ASSERT_EQ(ZX_OK, run_deadline(self, 0, false, 0));
	EXPECT_EQ(0, self->frame->out[IRQS]);
	EXPECT_EQ(0, self->frame->out[READ]);
}

TEST_F(timer, deadline_that_never_comes)
{
	ASSERT_EQ(ZX_OK, run_deadline(self, UINT64_MAX, false, 0));
	EXPECT_EQ(0, self->frame->out[IRQS]);
	EXPECT_EQ(UINT64_MAX, self->frame->out[READ]);
	EXPECT_EQ(UINT64_MAX, self->frame->out[READ_LAST]);
}

TEST_F(timer, deadline_comes_sooner_when_the_tsc_is_moved)
{
	const uint64_t hour = ticks(1000000) * 3600;

	ASSERT_EQ(ZX_OK, run_deadline(self, hour, true, hour));
	EXPECT_EQ(1, self->frame->out[IRQS]);
	EXPECT_EQ(0, self->frame->out[READ_LAST]);
}

TEST_F(timer, deadline_comes_later_when_the_tsc_is_moved_back)
{
	ASSERT_EQ(ZX_OK, run_deadline(self, ticks(10000), true, -ticks(1000000)));
	EXPECT_EQ(0, self->frame->out[IRQS]);
	EXPECT_EQ(self->frame->out[READ], self->frame->out[READ_LAST]);
}

struct mover {
	struct later later;
	pid_t thread;
	volatile bool stop;
	unsigned int moves;
};

/* From CPU to CPU, every millisecond. */
static void move_about(struct later *later)
{
	struct mover *mover = later->arg;
	cpu_set_t set;

	while (!mover->stop) {
		CPU_ZERO(&set);
		CPU_SET(cpu_number(mover->moves++ % 2), &set);
		later->status = sched_setaffinity(mover->thread, sizeof(set), &set);
		sleep_ms(1);
	}
}

static zx_status_t run_moving(struct _test_data_timer *self, struct mover *mover)
{
	zx_status_t status;

	mover->later = (struct later){ .call = move_about, .arg = mover };
	mover->thread = gettid();
	if (later_start(&mover->later))
		return ZX_ERR_INTERNAL;
	status = vm_finish(&self->vm);
	mover->stop = true;
	later_join(&mover->later);
	return status ?: mover->later.status;
}

static void set_periodic(struct _test_data_timer *self, unsigned int us, unsigned int wanted)
{
	self->frame->rax = PERIODIC | VECTOR;
	self->frame->rcx = DIVIDE_BY_1;
	self->frame->rdx = ticks(us);
	self->frame->rbx = wanted;
}

TEST_F(timer, survives_that_its_thread_moves)
{
	struct mover mover = {};

	if (cpu_number(1) < 0)
		SKIP(return, "one CPU is not enough");
	set_periodic(self, 3000, 200);
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, timer_spin) ?: run_moving(self, &mover));
	EXPECT_GE(self->frame->irqs, 200);
	EXPECT_GT(mover.moves, 10);
}

TEST_F(timer, survives_that_its_sleeping_thread_moves)
{
	struct mover mover = {};

	if (cpu_number(1) < 0)
		SKIP(return, "one CPU is not enough");
	set_periodic(self, 3000, 200);
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, timer) ?: run_moving(self, &mover));
	EXPECT_GE(self->frame->irqs, 200);
	EXPECT_GT(mover.moves, 10);
}

TEST_HARNESS_MAIN
