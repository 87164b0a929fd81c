// SPDX-License-Identifier: GPL-2.0-only
/* Level-triggered interrupts: TMR, the packet when the guest ends one, and sending again. */
#include "kselftest_harness.h"
#include "smp_vm.h"

FIXTURE(apic_level) {
	struct smp smp;
	struct smp_cpu *cpu;
};

FIXTURE_VARIANT(apic_level) {
	bool page;
};

FIXTURE_VARIANT_ADD(apic_level, x2apic) { .page = false };
FIXTURE_VARIANT_ADD(apic_level, xapic) { .page = true };

FIXTURE_SETUP(apic_level)
{
	ASSERT_EQ(ZX_OK, smp_up(&self->smp, 1, variant->page));
	self->cpu = &self->smp.cpus[0];
}

FIXTURE_TEARDOWN(apic_level)
{
	smp_down(&self->smp);
}

#define boots(...)		smp_boots(&self->smp, 0, __VA_ARGS__)
#define handles(vector, ...)	smp_handles(&self->smp, 0, vector, __VA_ARGS__)
#define TRIGGER(vector, level)	READ(WORD(TMR, vector), (level) ? BIT_OF(vector) : 0)

TEST_F(apic_level, end_is_a_packet)
{
	handles(0x61, TRIGGER(0x61, 1), READ(WORD(ISR, 0x61), BIT_OF(0x61)), WRITE(EOI, 0),
		READ(WORD(ISR, 0x61), 0));
	boots(ENABLE, POST_LEVEL(0x61), READ(WORD(IRR, 0x61), BIT_OF(0x61)), TRIGGER(0x61, 1),
	      OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x61));
	ASSERT_EQ(1, self->cpu->nr_eois);
	EXPECT_EQ(1, self->cpu->eois[0].mask);
	EXPECT_EQ(0x61, self->cpu->eois[0].vector);
}

TEST_F(apic_level, every_vector)
{
	struct guest_step steps[1 + 224 * 3], *step = steps;
	unsigned int vector;

	*step++ = (struct guest_step)ENABLE;
	for (vector = 32; vector < 256; vector++) {
		*step++ = (struct guest_step)POST_LEVEL(vector);
		*step++ = (struct guest_step)READ(WORD(IRR, vector), BIT_OF(vector));
		*step++ = (struct guest_step)OPEN;
	}
	smp_guest(&self->smp, 0)->lists[0] = smp_list(&self->smp, steps, step - steps, true);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(224, self->cpu->nr_eois);
	EXPECT_EQ(224, smp_guest(&self->smp, 0)->irqs);
}

TEST_F(apic_level, edge_has_no_packet)
{
	handles(0x61, TRIGGER(0x61, 0), WRITE(EOI, 0));
	boots(ENABLE, POST(0x61), TRIGGER(0x61, 0), OPEN, RAISE(0x62), OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x61, 0x62));
	EXPECT_EQ(0, self->cpu->nr_eois);
}

static void still_up(struct smp_cpu *cpu, uint8_t vector)
{
	if (cpu->nr_eois < 10)
		zxl_vcpu_interrupt(cpu->vcpu, vector, ZXL_INTERRUPT_LEVEL);
}

TEST_F(apic_level, line_that_stays_up_comes_again)
{
	self->smp.eoi = still_up;
	boots(ENABLE, POST_LEVEL(0x61), WAIT(10), OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(10, self->cpu->nr_eois);
	EXPECT_EQ(10, smp_guest(&self->smp, 0)->count[0x61]);
}

TEST_F(apic_level, edge_after_level_of_one_vector)
{
	boots(ENABLE, POST_LEVEL(0x61), OPEN, POST(0x61), TRIGGER(0x61, 0), OPEN,
	      POST_LEVEL(0x61), TRIGGER(0x61, 1), OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x61, 0x61, 0x61));
	EXPECT_EQ(2, self->cpu->nr_eois);
}

/* SDM 3, 11.8.4: TMR says how the last one was triggered that was accepted. */
TEST_F(apic_level, level_over_a_pending_edge_is_a_level)
{
	boots(ENABLE, POST(0x61), TRIGGER(0x61, 0), POST_LEVEL(0x61), TRIGGER(0x61, 1), OPEN,
	      OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x61));
	EXPECT_EQ(1, self->cpu->nr_eois);
}

/* 0x45, a level, is interrupted by 0x65, an edge, whose end comes first. */
TEST_F(apic_level, ends_when_it_is_its_turn)
{
	handles(0x45, POST(0x65), OPEN, COUNTED(0, 0x65, 1), MARK(1), WRITE(EOI, 0), MARK(2));
	boots(ENABLE, POST_LEVEL(0x45), OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x45, 0x65));
	ASSERT_EQ(1, self->cpu->nr_eois);
	EXPECT_EQ(0x45, self->cpu->eois[0].vector);
}

TEST_F(apic_level, nested_levels_end_from_the_top)
{
	handles(0x45, POST_LEVEL(0x65), OPEN, WRITE(EOI, 0));
	boots(ENABLE, POST_LEVEL(0x45), OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x45, 0x65));
	ASSERT_EQ(2, self->cpu->nr_eois);
	EXPECT_EQ(0x65, self->cpu->eois[0].vector);
	EXPECT_EQ(0x45, self->cpu->eois[1].vector);
}

TEST_F(apic_level, two_ends_in_a_row)
{
	smp_guest(&self->smp, 0)->action[0x45] = ACTION_NONE;
	smp_guest(&self->smp, 0)->action[0x65] = ACTION_NONE;
	boots(ENABLE, POST_LEVEL(0x45), OPEN, POST_LEVEL(0x65), OPEN, WRITE(EOI, 0),
	      WRITE(EOI, 0), WRITE(EOI, 0), READ(PPR, 0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	ASSERT_EQ(2, self->cpu->nr_eois);
	EXPECT_EQ(0x65, self->cpu->eois[0].vector);
	EXPECT_EQ(0x45, self->cpu->eois[1].vector);
}

TEST_F(apic_level, direct_while_the_apic_is_disabled)
{
	smp_guest(&self->smp, 0)->action[0x61] = ACTION_NONE;
	boots(POST_LEVEL(0x61), OPEN, READ(WORD(ISR, 0x61), 0), WRITE(EOI, 0), ENABLE,
	      WRITE(EOI, 0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x61));
	EXPECT_EQ(0, self->cpu->nr_eois);
}

TEST_F(apic_level, served_when_the_apic_is_disabled)
{
	smp_guest(&self->smp, 0)->action[0x61] = ACTION_NONE;
	boots(ENABLE, POST_LEVEL(0x61), OPEN, WRITE(SVR, 0xff), WRITE(EOI, 0),
	      READ(WORD(ISR, 0x61), 0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(1, self->cpu->nr_eois);
}

FIXTURE(level_of_two) {
	struct smp smp;
};

FIXTURE_SETUP(level_of_two)
{
	ASSERT_EQ(ZX_OK, smp_up(&self->smp, 2, false));
}

FIXTURE_TEARDOWN(level_of_two)
{
	smp_down(&self->smp);
}

TEST_F(level_of_two, packet_names_its_vcpu)
{
	smp_boots(&self->smp, 0, ENABLE);
	smp_boots(&self->smp, 1, ENABLE, POST_LEVEL(0x61), OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(0, self->smp.cpus[0].nr_eois);
	ASSERT_EQ(1, self->smp.cpus[1].nr_eois);
	EXPECT_EQ(2, self->smp.cpus[1].eois[0].mask);
}

#define LINES	300

/* An I/O APIC with one line, up for LINES times: no end is lost while it is awaited. */
static void take_turns(struct smp_cpu *cpu, uint8_t vector)
{
	struct smp *smp = cpu->smp;
	const unsigned int nr = smp->cpus[0].nr_eois + smp->cpus[1].nr_eois;

	if (nr < LINES)
		zxl_vcpu_interrupt(smp->cpus[nr & 1].vcpu, vector, ZXL_INTERRUPT_LEVEL);
}

TEST_F(level_of_two, line_that_goes_from_one_to_the_other)
{
	self->smp.eoi = take_turns;
	smp_boots(&self->smp, 0, ENABLE, AWAIT(WORD_AT(0), 1), POST_LEVEL(0x61),
		  WAIT(LINES / 2));
	smp_boots(&self->smp, 1, ENABLE, STORE(WORD_AT(0), 1), WAIT(LINES / 2));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(LINES, self->smp.cpus[0].nr_eois + self->smp.cpus[1].nr_eois);
}

TEST_HARNESS_MAIN
