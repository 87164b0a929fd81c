// SPDX-License-Identifier: GPL-2.0-only
/* What CPUID tells a guest. */
#include "kselftest_harness.h"
#include "util.h"

#define STABLE_CLOCK	(1u << 24)	/* where the TSC is one for all CPUs */

FIXTURE(cpuid) {
	struct vm vm;
	uint64_t rax, rbx, rcx, rdx;
};

FIXTURE_SETUP(cpuid)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
}

FIXTURE_TEARDOWN(cpuid)
{
	vm_down(&self->vm);
}

static zx_status_t cpuid(struct _test_data_cpuid *self, uint32_t leaf, uint32_t subleaf)
{
	struct guest_frame *frame = vm_frame(&self->vm);
	zx_status_t status;

	frame->rax = 0xffffffff00000000 | leaf;
	frame->rcx = 0xffffffff00000000 | subleaf;
	frame->rbx = frame->rdx = UINT64_MAX;
	zx_handle_close(self->vm.vcpu);
	status = vm_probe(&self->vm, probe_cpuid);
	self->rax = frame->rax;
	self->rbx = frame->rbx;
	self->rcx = frame->rcx;
	self->rdx = frame->rdx;
	return status;
}

TEST_F(cpuid, names_the_hypervisor)
{
	ASSERT_EQ(ZX_OK, cpuid(self, 0x40000000, 0));
	EXPECT_EQ(0x40000001, self->rax);
	EXPECT_EQ(0x4b4d564b, self->rbx);
	EXPECT_EQ(0x564b4d56, self->rcx);
	EXPECT_EQ(0x4d, self->rdx);
}

TEST_F(cpuid, has_the_paravirtual_clock)
{
	ASSERT_EQ(ZX_OK, cpuid(self, 0x40000001, 0));
	EXPECT_EQ(0xb, self->rax & ~STABLE_CLOCK);
	EXPECT_EQ(0, self->rbx);
	EXPECT_EQ(0, self->rcx);
	EXPECT_EQ(0, self->rdx);
}

TEST_F(cpuid, clears_the_upper_halves)
{
	ASSERT_EQ(ZX_OK, cpuid(self, 1, 0));
	EXPECT_EQ(0, (self->rax | self->rbx | self->rcx | self->rdx) >> 32);
}

TEST_F(cpuid, says_there_is_a_hypervisor)
{
	ASSERT_EQ(ZX_OK, cpuid(self, 1, 0));
	EXPECT_EQ(1u << 31, self->rcx & 1u << 31);
}

TEST_F(cpuid, has_x2apic_deadline_and_sysenter)
{
	ASSERT_EQ(ZX_OK, cpuid(self, 1, 0));
	EXPECT_EQ(1u << 21, self->rcx & 1u << 21);
	EXPECT_EQ(1u << 24, self->rcx & 1u << 24);
	EXPECT_EQ(1u << 11, self->rdx & 1u << 11);
}

TEST_F(cpuid, hides_vmx)
{
	ASSERT_EQ(ZX_OK, cpuid(self, 1, 0));
	EXPECT_EQ(0, self->rcx & 1u << 5);
}

TEST_F(cpuid, hides_svm)
{
	ASSERT_EQ(ZX_OK, cpuid(self, 0x80000001, 0));
	EXPECT_EQ(0, self->rcx & 1u << 2);
	ASSERT_EQ(ZX_OK, cpuid(self, 0x8000000a, 0));
	EXPECT_EQ(0, self->rax | self->rbx | self->rcx | self->rdx);
}

TEST_F(cpuid, hides_monitor_pdcm_and_thermal)
{
	ASSERT_EQ(ZX_OK, cpuid(self, 1, 0));
	EXPECT_EQ(0, self->rcx & (1u << 3 | 1u << 8 | 1u << 15));
	EXPECT_EQ(0, self->rdx & (1u << 22 | 1u << 29));
	ASSERT_EQ(ZX_OK, cpuid(self, 5, 0));
	EXPECT_EQ(0, self->rax | self->rbx | self->rcx | self->rdx);
}

TEST_F(cpuid, has_no_performance_counters)
{
	ASSERT_EQ(ZX_OK, cpuid(self, 10, 0));
	EXPECT_EQ(0, self->rax);
}

TEST_F(cpuid, hides_la57_and_protection_keys)
{
	ASSERT_EQ(ZX_OK, cpuid(self, 7, 0));
	EXPECT_EQ(0, self->rcx & (1u << 16 | 1u << 3));
}

TEST_F(cpuid, has_the_apic_id)
{
	ASSERT_EQ(ZX_OK, cpuid(self, 1, 0));
	EXPECT_EQ(0, self->rbx >> 24);
	ASSERT_EQ(ZX_OK, cpuid(self, 11, 0));
	EXPECT_EQ(0, self->rdx);
}

TEST_F(cpuid, xsave_size_follows_xcr0)
{
	ASSERT_EQ(ZX_OK, cpuid(self, 13, 0));
	EXPECT_EQ(7, self->rax & 7);
	EXPECT_EQ(832, self->rbx);
	EXPECT_GE(self->rcx, self->rbx);
}

TEST_F(cpuid, xsave_component_of_avx)
{
	ASSERT_EQ(ZX_OK, cpuid(self, 13, 2));
	EXPECT_EQ(256, self->rax);
	EXPECT_EQ(576, self->rbx);
}

TEST_F(cpuid, xsave_without_supervisor_state)
{
	ASSERT_EQ(ZX_OK, cpuid(self, 13, 1));
	EXPECT_EQ(0, self->rax & 1u << 3);
}

TEST_F(cpuid, caches_belong_to_one_cpu)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		ASSERT_EQ(ZX_OK, cpuid(self, 4, i));
		EXPECT_EQ(0, self->rax >> 14);
	}
	EXPECT_EQ(0, self->rax | self->rbx | self->rcx | self->rdx);
}

TEST_F(cpuid, subleaves_end)
{
	ASSERT_EQ(ZX_OK, cpuid(self, 7, 1));
	EXPECT_EQ(0, self->rax | self->rbx | self->rcx | self->rdx);
	ASSERT_EQ(ZX_OK, cpuid(self, 11, 1));
	EXPECT_EQ(0, self->rax | self->rbx | self->rdx);
	EXPECT_EQ(1, self->rcx);
	ASSERT_EQ(ZX_OK, cpuid(self, 13, 63));
	EXPECT_EQ(0, self->rax | self->rbx | self->rcx | self->rdx);
}

TEST_HARNESS_MAIN
