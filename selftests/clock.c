// SPDX-License-Identifier: GPL-2.0-only
/* Time: libzx's clocks, and the paravirtual clock that a guest is given. */
#include <string.h>
#include <time.h>

#include "kselftest_harness.h"
#include "util.h"

#define MSR_WALL_CLOCK	0x4b564d00
#define MSR_CLOCK	0x4b564d01
#define OLD_WALL_CLOCK	0x11
#define OLD_CLOCK	0x12
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

static int64_t host_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * ONE_SECOND + now.tv_nsec;
}

TEST(monotonic_is_the_hosts)
{
	const int64_t before = host_now(CLOCK_MONOTONIC);
	const zx_time_t now = zx_clock_get_monotonic();

	EXPECT_LE(before, now);
	EXPECT_LE(now, host_now(CLOCK_MONOTONIC));
}

TEST(deadline_after_saturates)
{
	EXPECT_EQ(ZX_TIME_INFINITE, zx_deadline_after(INT64_MAX));
	EXPECT_LE(zx_clock_get_monotonic() + 1000, zx_deadline_after(ONE_SECOND));
	EXPECT_LE(zx_deadline_after(INT64_MIN), 0);
}

TEST(nanosleep_sleeps)
{
	const zx_time_t deadline = zx_deadline_after(20 * ONE_MS);

	EXPECT_EQ(ZX_OK, zx_nanosleep(deadline));
	EXPECT_GE(zx_clock_get_monotonic(), deadline);
	EXPECT_EQ(ZX_OK, zx_nanosleep(0));
}

TEST(ticks_run_at_their_rate)
{
	const zx_ticks_t start = zx_ticks_get();
	const zx_time_t from = zx_clock_get_monotonic();
	double ticks, seconds;

	zx_nanosleep(zx_deadline_after(200 * ONE_MS));
	ticks = zx_ticks_get() - start;
	seconds = (zx_clock_get_monotonic() - from) / 1e9;
	EXPECT_GT(ticks, 0);
	EXPECT_GT(ticks / zx_ticks_per_second(), seconds * 0.8);
	EXPECT_LT(ticks / zx_ticks_per_second(), seconds * 1.25);
}

FIXTURE(clock) {
	struct vm vm;
	volatile struct pv_clock *pv;
};

/* The clock's two numbers for its MSR. */
FIXTURE_VARIANT(clock) {
	uint32_t msr;
	uint32_t wall_msr;
};

FIXTURE_VARIANT_ADD(clock, new_msr) { .msr = MSR_CLOCK, .wall_msr = MSR_WALL_CLOCK };
FIXTURE_VARIANT_ADD(clock, old_msr) { .msr = OLD_CLOCK, .wall_msr = OLD_WALL_CLOCK };

FIXTURE_SETUP(clock)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	self->pv = (volatile struct pv_clock *)(self->vm.mem + GUEST_BUFFER);
	vm_frame(&self->vm)->rdi = GUEST_BUFFER | 1;
	vm_frame(&self->vm)->rcx = variant->msr;
}

FIXTURE_TEARDOWN(clock)
{
	vm_down(&self->vm);
}

/* Nanoseconds at @tsc by the guest's rule. */
static int64_t pv_time(volatile struct pv_clock *pv, uint64_t tsc)
{
	uint64_t delta = tsc - pv->tsc_timestamp;

	if (pv->tsc_shift >= 0)
		delta <<= pv->tsc_shift;
	else
		delta >>= -pv->tsc_shift;
	return pv->system_time + (delta >> 32) * pv->tsc_mul +
		((delta & UINT32_MAX) * pv->tsc_mul >> 32);
}

TEST_F(clock, is_the_hosts)
{
	int64_t before, after, seen;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, clock_read) ?: vm_mark(&self->vm, 1));
	before = host_now(CLOCK_MONOTONIC);
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	after = host_now(CLOCK_MONOTONIC);
	EXPECT_NE(0, self->pv->tsc_mul);
	EXPECT_EQ(0, self->pv->version & 1);
	EXPECT_NE(0, self->pv->version);
	seen = pv_time(self->pv, vm_frame(&self->vm)->out[0]);
	EXPECT_GE(seen, before - 20 * ONE_MS);
	EXPECT_LE(seen, after + 20 * ONE_MS);
}

TEST_F(clock, goes_on_while_the_vcpu_is_away)
{
	int64_t first;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, clock_read) ?: vm_mark(&self->vm, 1));
	first = pv_time(self->pv, rdtsc());
	sleep_ms(200);
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_GE(pv_time(self->pv, vm_frame(&self->vm)->out[0]), first + 150 * ONE_MS);
}

TEST_F(clock, starts_only_when_asked)
{
	vm_frame(&self->vm)->rdi = GUEST_BUFFER;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, clock_read) ?: vm_mark(&self->vm, 1));
	EXPECT_EQ(0, self->pv->tsc_mul);
	EXPECT_EQ(0, self->pv->version);
}

TEST_F(clock, memory_that_is_not_there_ends_enter)
{
	vm_frame(&self->vm)->rdi = GUEST_HOLE | 1;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, clock_read));
	EXPECT_EQ(ZX_ERR_NOT_FOUND, vm_mark(&self->vm, 1));
	EXPECT_EQ(ZX_VCPU_REASON_MEMORY, vm_page(&self->vm)->reason);
	EXPECT_EQ(GUEST_HOLE, vm_page(&self->vm)->addr);
	EXPECT_EQ(ZX_OK, vm_mark(&self->vm, 1));
}

TEST_F(clock, wall_clock_is_the_hosts)
{
	volatile struct pv_wall_clock *wall = (volatile void *)self->pv;
	int64_t boot;

	vm_frame(&self->vm)->rdi = GUEST_BUFFER;
	vm_frame(&self->vm)->rcx = variant->wall_msr;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, clock_read) ?: vm_mark(&self->vm, 1));
	boot = host_now(CLOCK_REALTIME) - host_now(CLOCK_MONOTONIC);
	EXPECT_EQ(0, wall->version & 1);
	EXPECT_GE(wall->seconds * ONE_SECOND + wall->nanoseconds, boot - ONE_SECOND);
	EXPECT_LE(wall->seconds * ONE_SECOND + wall->nanoseconds, boot + ONE_SECOND);
	EXPECT_LT(wall->nanoseconds, ONE_SECOND);
}

TEST_F(clock, never_goes_back)
{
	int64_t last = 0;
	unsigned int i;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, clock_read) ?: vm_mark(&self->vm, 1));
	for (i = 0; i < 200; i++) {
		int64_t now;

		if (i % 2)
			run_on_cpu(i / 2 % 2);
		ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
		now = pv_time(self->pv, rdtsc());
		ASSERT_GE(now, last);
		last = now;
	}
}

TEST_HARNESS_MAIN
