// SPDX-License-Identifier: GPL-2.0-only
/* CPUs that come and go under a guest. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

FIXTURE(hotplug) {
	struct vm vm;
	bool possible;
};

static int set_online(bool online)
{
	return cpu_set_online(cpu_number(1), online);
}

FIXTURE_SETUP(hotplug)
{
	self->possible = !set_online(true);
}

FIXTURE_TEARDOWN(hotplug)
{
	vm_down(&self->vm);
	if (self->possible)
		set_online(true);
}

TEST_F(hotplug, guest_outlives_its_cpu)
{
	if (!self->possible)
		SKIP(return, "no CPU can be taken away");
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(0, run_on_cpu(1));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done) ?: vm_finish(&self->vm));
	ASSERT_EQ(0, set_online(false));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	ASSERT_EQ(0, set_online(true));
	ASSERT_EQ(0, run_on_cpu(1));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(hotplug, guest_runs_on_a_cpu_that_came_later)
{
	if (!self->possible)
		SKIP(return, "no CPU can be taken away");
	ASSERT_EQ(0, set_online(false));
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done) ?: vm_finish(&self->vm));
	ASSERT_EQ(0, set_online(true));
	ASSERT_EQ(0, run_on_cpu(1));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(hotplug, first_guest_on_a_cpu_that_went_and_came)
{
	if (!self->possible)
		SKIP(return, "no CPU can be taken away");
	ASSERT_EQ(0, set_online(false));
	ASSERT_EQ(0, set_online(true));
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(0, run_on_cpu(1));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done) ?: vm_finish(&self->vm));
}

static void take_cpu_away(struct later *later)
{
	later->status = set_online(false) ? ZX_ERR_INTERNAL : ZX_OK;
	sleep_ms(50);
	zx_vcpu_kick(later->vcpu);
}

TEST_F(hotplug, cpu_goes_under_a_running_guest)
{
	struct later later = { .call = take_cpu_away };

	if (!self->possible)
		SKIP(return, "no CPU can be taken away");
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	later.flag = &vm_frame(&self->vm)->flag;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, spin));
	later.vcpu = self->vm.vcpu;
	ASSERT_EQ(0, later_start(&later));
	ASSERT_EQ(0, run_on_cpu(1));
	EXPECT_EQ(ZX_ERR_CANCELED, vm_finish(&self->vm));
	later_join(&later);
	EXPECT_EQ(ZX_OK, later.status);
}

static void take_cpu_away_again(struct later *later)
{
	later->status = set_online(false) ? ZX_ERR_INTERNAL : ZX_OK;
}

/* The alarm of a sleeping VCPU was set on the CPU that goes. */
TEST_F(hotplug, timer_outlives_its_cpu)
{
	struct later later = { .call = take_cpu_away_again, .delay_ms = 100 };
	struct guest_frame *frame;

	if (!self->possible)
		SKIP(return, "no CPU can be taken away");
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	frame = vm_frame(&self->vm);
	later.flag = &frame->flag;
	frame->eoi = 1;
	frame->rax = 0x50;
	frame->rcx = 0xb;
	frame->rdx = zx_ticks_per_second() / 2;
	frame->rdi = zx_ticks_per_second() / 2;
	frame->r8 = 1;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, timer_phase));
	ASSERT_EQ(0, later_start(&later));
	ASSERT_EQ(0, run_on_cpu(1));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
	later_join(&later);
	EXPECT_EQ(ZX_OK, later.status);
	EXPECT_EQ(1, frame->irqs);
	EXPECT_EQ(0, frame->out[3]);
}

TEST_HARNESS_MAIN
