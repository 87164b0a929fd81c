// SPDX-License-Identifier: GPL-2.0-only
/* Time: libzx's clocks, and the paravirtual clock that a guest is given. */
#include <errno.h>
#include <string.h>

#include "kselftest_harness.h"
#include "pv_clock.h"
#include "util.h"

#define OLD_WALL_CLOCK	0x11
#define OLD_CLOCK	0x12

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

#define STABLE	1

/* Where the TSC is one for all CPUs there is nothing to say again. */
TEST_F(clock, stays_as_it_is_while_it_is_stable)
{
	uint32_t version;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, clock_read) ?: vm_mark(&self->vm, 1));
	version = self->pv->version;
	sleep_ms(1500);
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(self->pv->flags & STABLE, self->pv->version == version);
}

static void start_other(struct later *later)
{
	struct _test_data_clock *self = later->arg;
	zx_port_packet_t packet;

	run_on_cpu(1);
	vm_load(&self->vm, ap_clock_start, ap_clock_end);
	later->status = zx_vcpu_create(self->vm.guest, 0, GUEST_ENTRY, &later->vcpu) ?:
			zx_vcpu_enter(later->vcpu, &packet);
	zx_handle_close(later->vcpu);
}

/* A second later, from another CPU. */
TEST_F(clock, is_the_same_for_all_vcpus)
{
	volatile struct pv_clock *other = (volatile void *)(self->vm.mem + GUEST_SPARE);
	struct later later = { .call = start_other, .arg = self, .delay_ms = 1000 };
	uint64_t tsc;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, clock_read) ?: vm_mark(&self->vm, 1));
	ASSERT_EQ(0, later_start(&later));
	later_join(&later);
	ASSERT_EQ(ZX_OK, later.status);
	ASSERT_NE(0, other->tsc_mul);
	tsc = rdtsc();
	EXPECT_EQ(self->pv->flags, other->flags);
	if (self->pv->flags & STABLE) {
		EXPECT_EQ(pv_time(self->pv, tsc), pv_time(other, tsc));
		EXPECT_EQ(self->pv->tsc_timestamp, other->tsc_timestamp);
	} else {
		EXPECT_LE(pv_time(self->pv, tsc), pv_time(other, tsc) + 20 * ONE_MS);
		EXPECT_GE(pv_time(self->pv, tsc), pv_time(other, tsc) - 20 * ONE_MS);
	}
}

TEST_F(clock, and_wall_clock_give_utc)
{
	volatile struct pv_wall_clock *wall = (volatile void *)(self->vm.mem + GUEST_SPARE);
	int64_t before, seen;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, clock_read) ?: vm_mark(&self->vm, 1));
	zx_handle_close(self->vm.vcpu);
	vm_frame(&self->vm)->rdi = GUEST_SPARE;
	vm_frame(&self->vm)->rcx = variant->wall_msr;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, clock_read) ?: vm_mark(&self->vm, 1));
	before = host_now(CLOCK_REALTIME);
	seen = wall->seconds * ONE_SECOND + wall->nanoseconds + pv_time(self->pv, rdtsc());
	EXPECT_GE(seen, before - 20 * ONE_MS);
	EXPECT_LE(seen, host_now(CLOCK_REALTIME) + 20 * ONE_MS);
}

/* The clock's page is trapped: no update is possible, the guest goes on without. */
TEST_F(clock, trap_over_it_ends_one_enter_at_most)
{
	zx_status_t status;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, clock_read) ?: vm_mark(&self->vm, 1));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_BUFFER, PAGE,
					   ZX_HANDLE_INVALID, KEY_TRAP));
	sleep_ms(1500);
	status = vm_finish(&self->vm);
	EXPECT_TRUE(status == ZX_OK || status == ZX_ERR_NOT_SUPPORTED);
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

/* The guest's TSC becomes @value; all ways to read it say so, some emulator's twice the same. */
static void set_tsc(struct __test_metadata *_metadata, struct _test_data_clock *self,
		    uint64_t value)
{
	const uint64_t *out = vm_frame(&self->vm)->out;
	const uint64_t before = rdtsc();

	vm_frame(&self->vm)->rbx = value;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, tsc_write) ?: vm_mark(&self->vm, 1));
	EXPECT_LE(out[0] - value, out[1] - value);
	EXPECT_LE(out[1] - value, out[2] - value);
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_LE(out[2] - value, out[3] - value);
	EXPECT_LT(out[3] - value, rdtsc() - before);
	zx_handle_close(self->vm.vcpu);
}

TEST_F(clock, tsc_is_what_the_guest_writes)
{
	set_tsc(_metadata, self, 0);
	set_tsc(_metadata, self, 1ull << 62);
	set_tsc(_metadata, self, -1000ull);
}

TEST_F(clock, tsc_is_the_hosts_until_then)
{
	const uint64_t before = rdtsc();
	uint64_t seen;

	vm_frame(&self->vm)->rcx = 0x10;
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_rdmsr));
	seen = vm_frame(&self->vm)->rdx << 32 | (uint32_t)vm_frame(&self->vm)->rax;
	EXPECT_GE(seen, before);
	EXPECT_LE(seen, rdtsc());
}

/* The clock is set up again in terms of the new TSC, at the next enter. */
TEST_F(clock, goes_on_when_the_tsc_is_set)
{
	int64_t before, seen;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, clock_then_tsc) ?: vm_mark(&self->vm, 1));
	before = host_now(CLOCK_MONOTONIC);
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_LT(vm_frame(&self->vm)->out[0], zx_ticks_per_second() * 1000);
	seen = pv_time(self->pv, vm_frame(&self->vm)->out[0]);
	EXPECT_GE(seen, before - 20 * ONE_MS);
	EXPECT_LE(seen, host_now(CLOCK_MONOTONIC) + 20 * ONE_MS);
}

#define CLOCK_PAIRING	9

struct pv_pairing {
	int64_t seconds;
	int64_t nanoseconds;
	uint64_t tsc;
	uint32_t flags;
	uint32_t pad[9];
};

FIXTURE(pairing) {
	struct vm vm;
	struct guest_frame *frame;
};

FIXTURE_SETUP(pairing)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	self->frame = vm_frame(&self->vm);
}

FIXTURE_TEARDOWN(pairing)
{
	vm_down(&self->vm);
}

/* What the hypercall for @addr answers; INT64_MIN: it did not. */
static int64_t pair(struct _test_data_pairing *self, uint64_t addr, uint64_t type)
{
	self->frame->rax = CLOCK_PAIRING;
	self->frame->rbx = addr;
	self->frame->rcx = type;
	if (vm_hypercall(&self->vm) != ZX_OK || self->frame->fault != GUEST_NO_FAULT)
		return INT64_MIN;
	return self->frame->rax;
}

TEST_F(pairing, of_wall_clock_and_tsc)
{
	const int64_t before = host_now(CLOCK_REALTIME), from = rdtsc();
	struct pv_pairing pairing;

	memset(self->vm.mem + GUEST_BUFFER, 0xff, PAGE);
	ASSERT_EQ(0, pair(self, GUEST_BUFFER + 8, 0));
	memcpy(&pairing, self->vm.mem + GUEST_BUFFER + 8, sizeof(pairing));
	EXPECT_LT(pairing.nanoseconds, ONE_SECOND);
	EXPECT_GE(pairing.seconds * ONE_SECOND + pairing.nanoseconds, before);
	EXPECT_LE(pairing.seconds * ONE_SECOND + pairing.nanoseconds, host_now(CLOCK_REALTIME));
	EXPECT_GE(pairing.tsc, from);
	EXPECT_LE(pairing.tsc, rdtsc());
	EXPECT_EQ(0, pairing.flags);
	EXPECT_EQ(0xff, self->vm.mem[GUEST_BUFFER + 7]);
	EXPECT_EQ(0xff, self->vm.mem[GUEST_BUFFER + 8 + sizeof(pairing)]);
}

/* Its TSC is the guest's, and so is its time, by wall clock and clock. */
TEST_F(pairing, agrees_with_the_clock)
{
	volatile struct pv_clock *pv = (volatile void *)(self->vm.mem + GUEST_SPARE);
	const int64_t utc = host_now(CLOCK_REALTIME) - host_now(CLOCK_MONOTONIC);
	struct pv_pairing pairing;
	int64_t seen;

	self->frame->rdi = GUEST_SPARE | 1;
	self->frame->rcx = MSR_CLOCK;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, clock_read) ?: vm_mark(&self->vm, 1));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(0, pair(self, GUEST_BUFFER, 0));
	memcpy(&pairing, self->vm.mem + GUEST_BUFFER, sizeof(pairing));
	seen = pairing.seconds * ONE_SECOND + pairing.nanoseconds - utc;
	EXPECT_LE(seen, pv_time(pv, pairing.tsc) + 5 * ONE_MS);
	EXPECT_GE(seen, pv_time(pv, pairing.tsc) - 5 * ONE_MS);
}

TEST_F(pairing, over_two_pages)
{
	int64_t seconds;

	ASSERT_EQ(0, pair(self, GUEST_SPARE + PAGE - 8, 0));
	memcpy(&seconds, self->vm.mem + GUEST_SPARE + PAGE - 8, sizeof(seconds));
	EXPECT_LE(seconds, host_now(CLOCK_REALTIME) / ONE_SECOND);
	EXPECT_NE(0, seconds);
}

TEST_F(pairing, into_a_hole)
{
	EXPECT_EQ(-EFAULT, pair(self, GUEST_HOLE, 0));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(-EFAULT, pair(self, GUEST_RAM - 8, 0));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(-EFAULT, pair(self, UINT64_MAX, 0));
}

TEST_F(pairing, into_read_only_memory)
{
	ASSERT_EQ(ZX_OK, zx_vmar_protect(self->vm.vmar, ZX_VM_PERM_READ, GUEST_SPARE, PAGE));
	EXPECT_EQ(-EFAULT, pair(self, GUEST_SPARE, 0));
	EXPECT_EQ(0, self->vm.mem[GUEST_SPARE]);
}

TEST_F(pairing, into_a_trap)
{
	zx_handle_t port;

	ASSERT_EQ(ZX_OK, zx_port_create(0, &port));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE,
					   ZX_HANDLE_INVALID, KEY_TRAP));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_BELL, GUEST_SPARE, PAGE,
					   port, KEY_BELL));
	EXPECT_EQ(-EFAULT, pair(self, GUEST_TRAP, 0));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(-EFAULT, pair(self, GUEST_SPARE, 0));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(port, 0, NULL));
	zx_handle_close(port);
}

TEST_F(pairing, of_another_clock)
{
	EXPECT_EQ(-EOPNOTSUPP, pair(self, GUEST_BUFFER, 1));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(-EOPNOTSUPP, pair(self, GUEST_HOLE, 1ull << 32));
}

TEST_HARNESS_MAIN
