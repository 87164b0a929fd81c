// SPDX-License-Identifier: GPL-2.0-only
/* SYSENTER and SYSEXIT: they work in long mode, whoever made the CPU. */
#include "kselftest_harness.h"
#include "util.h"

#define GP		13
#define UD		6
#define KERNEL_STACK	(GUEST_STACK - 0x100)
#define USER_STACK	(GUEST_STACK - 0x800)
#define FLAG_IF		0x200

FIXTURE(sysenter) {
	struct vm vm;
	struct guest_frame *frame;
};

FIXTURE_SETUP(sysenter)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	self->frame = vm_frame(&self->vm);
}

FIXTURE_TEARDOWN(sysenter)
{
	vm_down(&self->vm);
}

static const struct record {
	uint64_t cs, ss, sp;
} records[] = {
	{ GUEST_CODE64, GUEST_CODE64 + 8, KERNEL_STACK },
	{ (GUEST_CODE64 + 32) | 3, (GUEST_CODE64 + 40) | 3, USER_STACK },
	{ GUEST_CODE64, GUEST_CODE64 + 8, KERNEL_STACK },
	{ (GUEST_CODE64 + 16) | 3, (GUEST_CODE64 + 24) | 3, USER_STACK },
	{ GUEST_CODE64, GUEST_CODE64 + 8, KERNEL_STACK },
};

TEST_F(sysenter, in_and_out)
{
	unsigned int i;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, sysenter_round));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	ASSERT_EQ(GUEST_NO_FAULT, self->frame->fault);
	for (i = 0; i < ARRAY_SIZE(records); i++) {
		EXPECT_EQ(records[i].cs, self->frame->out[4 * i]);
		EXPECT_EQ(records[i].ss, self->frame->out[4 * i + 1]);
		EXPECT_EQ(records[i].sp, self->frame->out[4 * i + 2]);
		EXPECT_EQ(0, self->frame->out[4 * i + 3] & FLAG_IF);
	}
}

/* For so long that the host's interrupts come in every mode. */
TEST_F(sysenter, interrupted_in_every_mode)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, sysenter_dwell));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(GUEST_NO_FAULT, self->frame->fault);
}

#define faults(self, name, vector) ({ \
	const zx_status_t status = vm_boot(&(self)->vm, name) ?: vm_finish(&(self)->vm); \
	\
	status == ZX_OK && (self)->frame->fault == (vector) && (self)->frame->error == 0 && \
	(self)->frame->rip == insn_at(name); \
})

TEST_F(sysenter, without_a_selector)
{
	EXPECT_TRUE(faults(self, probe_sysenter, GP));
}

TEST_F(sysenter, sysexit_without_a_selector)
{
	EXPECT_TRUE(faults(self, probe_sysexit, GP));
}

TEST_F(sysenter, lock_is_undefined)
{
	EXPECT_TRUE(faults(self, probe_lock_sysenter, UD));
}

TEST_F(sysenter, sysexit_in_user_mode)
{
	EXPECT_TRUE(faults(self, sysexit_by_user, GP));
}

TEST_F(sysenter, sysexit_to_an_address_that_is_none)
{
	self->frame->rcx = USER_STACK;
	self->frame->rdx = 1ull << 47;
	EXPECT_TRUE(faults(self, sysexit_to, GP));
}

TEST_F(sysenter, sysexit_to_a_stack_that_is_none)
{
	self->frame->rcx = 1ull << 63;
	self->frame->rdx = GUEST_ENTRY;
	EXPECT_TRUE(faults(self, sysexit_to, GP));
}

TEST_F(sysenter, msrs_want_addresses)
{
	self->frame->rcx = 0x175;
	self->frame->rdx = 0x8000;
	EXPECT_TRUE(faults(self, probe_wrmsr, GP));
	zx_handle_close(self->vm.vcpu);
	self->frame->rcx = 0x176;
	EXPECT_TRUE(faults(self, probe_wrmsr, GP));
}

TEST_F(sysenter, single_step_stops_behind_it)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, sysenter_step));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(insn_at(sysenter_step), self->frame->out[0]);
}

TEST_F(sysenter, in_protected_mode)
{
	ASSERT_EQ(ZX_OK, vm_park_first(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, ap_sysenter));
	EXPECT_EQ(ZX_OK, vm_mark(&self->vm, KERNEL_STACK));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_HARNESS_MAIN
