// SPDX-License-Identifier: GPL-2.0-only
/*
 * IA32_APIC_BASE: the APIC's modes and the ways between them, figure 11-27 of SDM 3. They
 * are for guests with a trap on the page; all others stay in x2APIC mode.
 */
#include "kselftest_harness.h"
#include "smp_vm.h"

#define MSR_BASE	0x1b
#define OFF_		0xfee00100ull
#define XAPIC		0xfee00900ull
#define X2APIC		0xfee00d00ull
#define MSR(reg)	(0x800 + (reg))
#define LOAD_PAGE(reg, wanted)	STEP(LOAD_PAGE, (reg) * 16, wanted)
#define STORE_PAGE(reg, value)	STEP(STORE_PAGE, (reg) * 16, value)
#define CPUID_APIC	0x200

FIXTURE(apic_base) {
	struct smp smp;
	unsigned int nr;
	struct guest_step steps[512];
};

FIXTURE_SETUP(apic_base)
{
	ASSERT_EQ(ZX_OK, smp_up(&self->smp, 1, true));
	/* These lists choose the mode themselves. */
	self->smp.page = false;
}

FIXTURE_TEARDOWN(apic_base)
{
	smp_down(&self->smp);
}

#define boots(...)	smp_boots(&self->smp, 0, __VA_ARGS__)

TEST_F(apic_base, is_x2apic_at_first)
{
	boots(RDMSR(MSR_BASE, X2APIC), RDMSR(MSR(VERSION), 0x60015));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

TEST_F(apic_base, goes_round)
{
	boots(WRMSR(MSR_BASE, OFF_), RDMSR(MSR_BASE, OFF_), WRMSR(MSR_BASE, XAPIC),
	      RDMSR(MSR_BASE, XAPIC), WRMSR(MSR_BASE, X2APIC), RDMSR(MSR_BASE, X2APIC),
	      WRMSR(MSR_BASE, OFF_), WRMSR(MSR_BASE, XAPIC), WRMSR(MSR_BASE, OFF_),
	      RDMSR(MSR_BASE, OFF_));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

TEST_F(apic_base, same_again_is_no_change)
{
	boots(ENABLE, WRMSR(MSR(TPR), 0x30), WRMSR(MSR_BASE, X2APIC), RDMSR(MSR(TPR), 0x30),
	      RDMSR(MSR(SVR), 0x1ff), WRMSR(MSR_BASE, OFF_), WRMSR(MSR_BASE, OFF_),
	      WRMSR(MSR_BASE, XAPIC), STORE_PAGE(TPR, 0x40), WRMSR(MSR_BASE, XAPIC),
	      LOAD_PAGE(TPR, 0x40));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

TEST_F(apic_base, ways_that_do_not_exist)
{
	boots(FAULTS(WRMSR, MSR_BASE, XAPIC), RDMSR(MSR_BASE, X2APIC), WRMSR(MSR_BASE, OFF_),
	      FAULTS(WRMSR, MSR_BASE, X2APIC), RDMSR(MSR_BASE, OFF_),
	      FAULTS(WRMSR, MSR_BASE, OFF_ | 0x400), RDMSR(MSR_BASE, OFF_),
	      WRMSR(MSR_BASE, XAPIC), FAULTS(WRMSR, MSR_BASE, OFF_ | 0x400),
	      RDMSR(MSR_BASE, XAPIC));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

static void add(struct _test_data_apic_base *self, struct guest_step step)
{
	self->steps[self->nr++] = step;
}

/* In @mode, each bit flipped: #GP, but for the bits that SDM 3, 11.12.5 allows to change. */
static void flip_all(struct _test_data_apic_base *self, uint64_t mode, uint64_t may)
{
	unsigned int bit;

	for (bit = 0; bit < 64; bit++) {
		const uint64_t value = mode ^ 1ull << bit;

		/* Whose the BSP bit is, is fixed here. */
		if (bit == 8)
			continue;
		if (may >> bit & 1) {
			add(self, (struct guest_step)WRMSR(MSR_BASE, value));
			add(self, (struct guest_step)RDMSR(MSR_BASE, value));
			add(self, (struct guest_step)WRMSR(MSR_BASE, OFF_));
			if (mode == XAPIC)
				add(self, (struct guest_step)WRMSR(MSR_BASE, XAPIC));
		} else {
			add(self, (struct guest_step)FAULTS(WRMSR, MSR_BASE, value));
			add(self, (struct guest_step)RDMSR(MSR_BASE, mode));
		}
	}
	add(self, (struct guest_step)RDMSR(MSR_BASE, mode));
}

static zx_status_t run_flips(struct _test_data_apic_base *self)
{
	smp_guest(&self->smp, 0)->lists[0] = smp_list(&self->smp, self->steps, self->nr, true);
	return smp_run(&self->smp);
}

TEST_F(apic_base, each_bit_in_x2apic_mode)
{
	flip_all(self, X2APIC, 0);
	EXPECT_EQ(ZX_OK, run_flips(self));
}

TEST_F(apic_base, each_bit_in_xapic_mode)
{
	add(self, (struct guest_step)WRMSR(MSR_BASE, OFF_));
	add(self, (struct guest_step)WRMSR(MSR_BASE, XAPIC));
	flip_all(self, XAPIC, 0xc00);
	EXPECT_EQ(ZX_OK, run_flips(self));
}

TEST_F(apic_base, each_bit_while_disabled)
{
	add(self, (struct guest_step)WRMSR(MSR_BASE, OFF_));
	flip_all(self, OFF_, 0x800);
	EXPECT_EQ(ZX_OK, run_flips(self));
}

TEST_F(apic_base, values_that_are_all_wrong)
{
	boots(FAULTS(WRMSR, MSR_BASE, 0), FAULTS(WRMSR, MSR_BASE, UINT64_MAX),
	      FAULTS(WRMSR, MSR_BASE, 0x5555555555555555), FAULTS(WRMSR, MSR_BASE, ~X2APIC),
	      FAULTS(WRMSR, MSR_BASE, 0xd00), FAULTS(WRMSR, MSR_BASE, 0x900),
	      RDMSR(MSR_BASE, X2APIC));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

TEST_F(apic_base, registers_by_msr_are_of_x2apic_mode)
{
	boots(WRMSR(MSR_BASE, OFF_), FAULTS(RDMSR, MSR(ID), 0), FAULTS(WRMSR, MSR(TPR), 0),
	      FAULTS(WRMSR, MSR(EOI), 0), FAULTS(WRMSR, MSR(ICR), 0x4041), WRMSR(MSR_BASE, XAPIC),
	      FAULTS(RDMSR, MSR(ID), 0), FAULTS(RDMSR, MSR(TPR), 0), FAULTS(WRMSR, MSR(TPR), 0),
	      FAULTS(WRMSR, MSR(SELF_IPI), 0x41), WRMSR(MSR_BASE, X2APIC), RDMSR(MSR(ID), 0),
	      WRMSR(MSR(TPR), 0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

TEST_F(apic_base, cpuid_knows)
{
	struct guest_step *cpuid;
	uint64_t list;

	list = boots(STEP(CPUID, 1, 1), WRMSR(MSR_BASE, OFF_), STEP(CPUID, 1, 1),
		     WRMSR(MSR_BASE, XAPIC), STEP(CPUID, 1, 1));
	cpuid = smp_step(&self->smp, list, 0);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(CPUID_APIC, cpuid[0].result & CPUID_APIC);
	EXPECT_EQ(0, cpuid[2].result & CPUID_APIC);
	EXPECT_EQ(CPUID_APIC, cpuid[4].result & CPUID_APIC);
}

TEST_F(apic_base, disabling_resets)
{
	boots(ENABLE, WRITE(TPR, 0x30), WRITE(LVT_LINT0, 0x41), WRITE(LVT_TIMER, 0x10042),
	      WRITE(DIVIDE, 0xb), WRITE(INITIAL, 0xffffffff), RAISE(0x51), WRMSR(MSR_BASE, OFF_),
	      CR8(0), WRMSR(MSR_BASE, XAPIC), LOAD_PAGE(TPR, 0), LOAD_PAGE(SVR, 0xff),
	      LOAD_PAGE(LVT_LINT0, LVT_MASKED), LOAD_PAGE(LVT_TIMER, LVT_MASKED),
	      LOAD_PAGE(INITIAL, 0), LOAD_PAGE(CURRENT, 0), LOAD_PAGE(DIVIDE, 0),
	      LOAD_PAGE(ICR, 0), LOAD_PAGE(LDR, 0), LOAD_PAGE(DFR, 0xffffffff),
	      LOAD_PAGE(WORD(IRR, 0x51), 0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took_none(&self->smp, 0));
}

/* SDM 3, 11.12.5.1: what the two modes share stays. */
TEST_F(apic_base, from_xapic_to_x2apic_keeps_state)
{
	boots(WRMSR(MSR_BASE, OFF_), WRMSR(MSR_BASE, XAPIC), STORE_PAGE(SVR, 0x1ff),
	      STORE_PAGE(TPR, 0x30), STORE_PAGE(LDR, 0x40000000), STORE_PAGE(LVT_LINT1, 0x43),
	      STORE_PAGE(DIVIDE, 3), WRMSR(MSR_BASE, X2APIC), RDMSR(MSR(SVR), 0x1ff),
	      RDMSR(MSR(TPR), 0x30), RDMSR(MSR(LDR), 1), RDMSR(MSR(ID), 0),
	      RDMSR(MSR(LVT_LINT1), 0x43), RDMSR(MSR(DIVIDE), 3), CR8(3));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

TEST_F(apic_base, interrupts_arrive_in_each_mode)
{
	boots(ENABLE, RAISE(0x51), OPEN, WRMSR(MSR_BASE, OFF_), WRMSR(MSR_BASE, XAPIC),
	      STORE_PAGE(SVR, 0x1ff), STORE_PAGE(ICR, 0x44052), OPEN, STORE_PAGE(EOI, 0),
	      POST(0x53), OPEN, STORE_PAGE(EOI, 0), WRMSR(MSR_BASE, X2APIC), RAISE(0x54), OPEN);
	/* The default handler would use MSRs in all modes. */
	smp_guest(&self->smp, 0)->action[0x52] = ACTION_NONE;
	smp_guest(&self->smp, 0)->action[0x53] = ACTION_NONE;
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x51, 0x52, 0x53, 0x54));
}

/* While it is off, zx_vcpu_interrupt delivers as to a guest without one. */
TEST_F(apic_base, direct_while_off)
{
	smp_guest(&self->smp, 0)->action[0x51] = ACTION_NONE;
	smp_guest(&self->smp, 0)->action[0x52] = ACTION_NONE;
	boots(ENABLE, WRMSR(MSR_BASE, OFF_), POST(0x51), OPEN, POST(0x52), OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x51, 0x52));
}

FIXTURE(without_page) {
	struct smp smp;
};

FIXTURE_SETUP(without_page)
{
	ASSERT_EQ(ZX_OK, smp_up(&self->smp, 1, false));
}

FIXTURE_TEARDOWN(without_page)
{
	smp_down(&self->smp);
}

TEST_F(without_page, mode_stays)
{
	boots(WRMSR(MSR_BASE, X2APIC), FAULTS(WRMSR, MSR_BASE, OFF_),
	      FAULTS(WRMSR, MSR_BASE, XAPIC), FAULTS(WRMSR, MSR_BASE, 0),
	      RDMSR(MSR_BASE, X2APIC), RDMSR(MSR(VERSION), 0x60015));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

TEST_HARNESS_MAIN
