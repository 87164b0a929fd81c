// SPDX-License-Identifier: GPL-2.0-only
/* What ends an enter from outside, and what does not: kicks, signals. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

FIXTURE(kick) {
	struct vm vm;
	zx_port_packet_t packet;
};

FIXTURE_SETUP(kick)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
}

FIXTURE_TEARDOWN(kick)
{
	vm_down(&self->vm);
}

TEST_F(kick, before_enter)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, out_sizes));
	ASSERT_EQ(ZX_OK, zx_vcpu_kick(self->vm.vcpu));
	EXPECT_EQ(ZX_ERR_CANCELED, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	EXPECT_EQ(ZX_VCPU_REASON_KICK, vm_page(&self->vm)->reason);
	ASSERT_EQ(ZX_OK, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	EXPECT_EQ(1, self->packet.guest_io.access_size);
}

TEST_F(kick, several_collapse)
{
	unsigned int i;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	for (i = 0; i < 5; i++)
		ASSERT_EQ(ZX_OK, zx_vcpu_kick(self->vm.vcpu));
	EXPECT_EQ(ZX_ERR_CANCELED, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(kick, leaves_the_flags)
{
	const uint64_t fixed = 2, carry = 1;
	struct zx_vcpu_page *page;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	page = zxl_vcpu_page(self->vm.vcpu);
	page->regs.rflags = fixed | carry;
	ASSERT_EQ(ZX_OK, zx_vcpu_kick(self->vm.vcpu));
	ASSERT_EQ(ZX_ERR_CANCELED, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	EXPECT_EQ(carry, page->regs.rflags);
	/* Without that bit they are not taken over, but read again. */
	page->regs.rflags = 0;
	ASSERT_EQ(ZX_OK, zx_vcpu_kick(self->vm.vcpu));
	ASSERT_EQ(ZX_ERR_CANCELED, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	EXPECT_EQ(carry, page->regs.rflags);
}

TEST_F(kick, shows_in_the_info)
{
	zx_info_vcpu_t info = { .flags = 77 };

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	ASSERT_EQ(ZX_OK, zx_object_get_info(self->vm.vcpu, ZX_INFO_VCPU, &info, sizeof(info), NULL,
					    NULL));
	EXPECT_EQ(0, info.flags);
	ASSERT_EQ(ZX_OK, zx_vcpu_kick(self->vm.vcpu));
	ASSERT_EQ(ZX_OK, zx_object_get_info(self->vm.vcpu, ZX_INFO_VCPU, &info, sizeof(info), NULL,
					    NULL));
	EXPECT_EQ(ZX_INFO_VCPU_FLAG_KICKED, info.flags);
}

TEST_F(kick, of_a_running_one)
{
	struct later later = { .vector = LATER_KICK, .flag = &vm_frame(&self->vm)->flag,
			       .delay_ms = 20 };
	uint64_t before;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, spin));
	later.vcpu = self->vm.vcpu;
	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_ERR_CANCELED, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	later_join(&later);
	EXPECT_EQ(ZX_OK, later.status);
	before = vm_frame(&self->vm)->flag;
	later.delay_ms = 50;
	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_ERR_CANCELED, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	later_join(&later);
	EXPECT_GT(vm_frame(&self->vm)->flag, before);
}

TEST_F(kick, of_a_halted_one)
{
	struct later later = { .vector = LATER_KICK, .flag = &vm_frame(&self->vm)->flag,
			       .delay_ms = 50 };

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, halt));
	later.vcpu = self->vm.vcpu;
	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_ERR_CANCELED, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	later_join(&later);
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(0, vm_frame(&self->vm)->irqs);
}

TEST_F(kick, is_never_lost)
{
	struct later later = { .vector = LATER_KICK };
	unsigned int i;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, spin));
	later.vcpu = self->vm.vcpu;
	for (i = 0; i < 300; i++) {
		ASSERT_EQ(0, later_start(&later));
		ASSERT_EQ(ZX_ERR_CANCELED, zx_vcpu_enter(self->vm.vcpu, &self->packet));
		later_join(&later);
	}
}

static void on_signal(int number)
{
	(void)number;
}

static void signal_then_kick(struct later *later)
{
	unsigned int i;

	for (i = 0; i < 20; i++) {
		pthread_kill(*(pthread_t *)later->arg, SIGUSR1);
		sleep_ms(2);
	}
	later->status = zx_vcpu_kick(later->vcpu);
}

/* Signals while the blob spins or sleeps: only the kick ends the enter. */
static zx_status_t enter_under_signals(struct vm *vm, const char *start, const char *end)
{
	const struct sigaction action = { .sa_handler = on_signal };
	pthread_t me = pthread_self();
	struct later later = { .call = signal_then_kick, .arg = &me, .delay_ms = 20,
			       .flag = &vm_frame(vm)->flag };
	zx_status_t status;

	vm_load(vm, start, end);
	if (sigaction(SIGUSR1, &action, NULL) || vm_vcpu(vm) != ZX_OK)
		return ZX_ERR_INTERNAL;
	later.vcpu = vm->vcpu;
	if (later_start(&later))
		return ZX_ERR_INTERNAL;
	status = vm_finish(vm);
	later_join(&later);
	return status;
}

TEST_F(kick, signal_does_not_end_enter)
{
	EXPECT_EQ(ZX_ERR_CANCELED, enter_under_signals(&self->vm, spin_start, spin_end));
}

TEST_F(kick, signal_does_not_wake_a_halted_one)
{
	EXPECT_EQ(ZX_ERR_CANCELED, enter_under_signals(&self->vm, halt_start, halt_end));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

static void stop_and_go_on(struct later *later)
{
	const pid_t test = getpid();
	const pid_t child = fork();

	if (child == 0) {
		setpgid(0, 0);
		kill(test, SIGSTOP);
		sleep_ms(50);
		kill(test, SIGCONT);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	sleep_ms(20);
	later->status = zx_vcpu_kick(later->vcpu);
}

TEST_F(kick, stop_does_not_end_enter)
{
	struct later later = { .call = stop_and_go_on, .flag = &vm_frame(&self->vm)->flag };

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, halt));
	later.vcpu = self->vm.vcpu;
	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_ERR_CANCELED, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	later_join(&later);
	EXPECT_EQ(ZX_OK, later.status);
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_HARNESS_MAIN
