// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another hypervisor has one CPU only, or comes first at one that goes and comes: hold.ko
 * plays it. It is loaded before zx_hypervisor, so that it is called first.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "../util.h"
#include "machine.h"

#define HOLD		"/share/hold/hold.ko"
#define CPUS		"/sys/module/hold/parameters/cpus"
#define ONLINE		"/sys/devices/system/cpu/cpu1/online"
#define STATE		"/sys/power/state"
#define PM_TEST		"/sys/power/pm_test"
#define CLOCK		"/sys/class/rtc/rtc0/since_epoch"
#define ALARM		"/sys/class/rtc/rtc0/wakealarm"
#define SLEEP_SECONDS	2

/* hold.ko wants the CPUs of @mask. Which has it now? */
static long hold(unsigned int mask)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", mask);
	return file_write(CPUS, text) ? -1 : file_number(CPUS);
}

static int set_online(bool online)
{
	return file_write(ONLINE, online ? "1" : "0");
}

/*
 * The whole machine. The checking kernel goes as far as to where only sleep itself is left
 * out; others sleep until the clock wakes them.
 */
static int sleep_machine(void)
{
	char text[32];

	if (!access(PM_TEST, F_OK))
		return file_write("/sys/module/suspend/parameters/pm_test_delay", "0") ?:
		       file_write(PM_TEST, "core") ?: file_write(STATE, "mem");
	snprintf(text, sizeof(text), "%ld", file_number(CLOCK) + SLEEP_SECONDS);
	file_write(ALARM, "0");
	return file_write(ALARM, text) ?: file_write(STATE, "mem");
}

FIXTURE(held) {
	struct vm vm;
};

FIXTURE_SETUP(held)
{
	ASSERT_EQ(0, module_load(HOLD, ""));
	ASSERT_EQ(0, hypervisor_load());
}

FIXTURE_TEARDOWN(held)
{
	vm_down(&self->vm);
	hold(0);
	set_online(true);
	EXPECT_EQ(0, hypervisor_unload());
	EXPECT_EQ(0, module_unload("hold"));
}

TEST_F(held, one_line_says_that_it_is_not_kvm)
{
	int i;

	ASSERT_EQ(3, hold(3));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, try_guest());
	EXPECT_EQ(1, refusals_logged(""));
	EXPECT_EQ(1, refusals_logged("not KVM: remove its module"));
	EXPECT_EQ(0, hold(0));
	EXPECT_EQ(ZX_OK, try_guest());
}

/* What we had of the other CPU is given back: it can be taken. */
TEST_F(held, one_cpu_is_enough)
{
	unsigned int cpu;

	for (cpu = 0; cpu < 2; cpu++) {
		ASSERT_EQ(1 << cpu, hold(1 << cpu));
		EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, try_guest());
		EXPECT_EQ(3, hold(3));
		EXPECT_EQ(0, hold(0));
		EXPECT_EQ(ZX_OK, try_guest());
	}
}

TEST_F(held, none_is_to_be_had_under_our_guest)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	EXPECT_EQ(0, hold(3));
	EXPECT_EQ(ZX_OK, try_guest());
	vm_down(&self->vm);
	settled_objects();
	EXPECT_EQ(3, hold(3));
}

TEST_F(held, cpu_that_comes_held_stays_offline)
{
	if (access(ONLINE, W_OK))
		SKIP(return, "no CPU can be taken away");
	ASSERT_EQ(0, run_on_cpu(0));
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done) ?: vm_finish(&self->vm));
	ASSERT_EQ(0, hold(2));
	ASSERT_EQ(0, set_online(false));
	EXPECT_NE(0, set_online(true));
	EXPECT_NE(0, set_online(true));
	EXPECT_EQ(0, file_number(ONLINE));
	EXPECT_EQ(1, refusals_logged(""));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
	ASSERT_EQ(0, hold(0));
	ASSERT_EQ(0, set_online(true));
	ASSERT_EQ(0, run_on_cpu(1));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(held, cpu_may_come_held_when_no_guest_is_there)
{
	if (access(ONLINE, W_OK))
		SKIP(return, "no CPU can be taken away");
	ASSERT_EQ(0, set_online(false));
	ASSERT_EQ(0, hold(2));
	ASSERT_EQ(0, set_online(true));
	EXPECT_EQ(2, file_number(CPUS));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, try_guest());
	EXPECT_EQ(0, hold(0));
	EXPECT_EQ(ZX_OK, try_guest());
}

TEST_F(held, guest_outlives_the_machines_sleep)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done) ?: vm_finish(&self->vm));
	ASSERT_EQ(0, sleep_machine());
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
	ASSERT_EQ(0, run_on_cpu(0));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
	ASSERT_EQ(0, run_on_cpu(1));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
	vm_down(&self->vm);
	EXPECT_EQ(ZX_OK, try_guest());
	EXPECT_EQ(0, refusals_logged(""));
}

/* The last one awake and the first, whether or not programs are kept off it. */
static int run_on_boot_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus);
}

TEST_F(held, cpu_taken_while_the_machine_slept)
{
	ASSERT_EQ(0, run_on_boot_cpu());
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done) ?: vm_finish(&self->vm));
	ASSERT_EQ(0, hold(1));
	ASSERT_EQ(0, sleep_machine());
	EXPECT_EQ(1, file_number(CPUS));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, vm_finish(&self->vm));
	EXPECT_EQ(ZX_VCPU_REASON_HELD, vm_page(&self->vm)->reason);
	EXPECT_EQ(1, refusals_logged(""));
	ASSERT_EQ(0, run_on_cpu(1));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
	ASSERT_EQ(0, hold(0));
	ASSERT_EQ(0, sleep_machine());
	ASSERT_EQ(0, run_on_boot_cpu());
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_HARNESS_MAIN
