// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC by guest code, each rule in both modes of its registers and with both
 * ways of IPIs: priorities, nesting, errors, masks. Numbers are those of SDM 3, chapter 11.
 */
#include <string.h>

#include "kselftest_harness.h"
#include "smp_vm.h"

FIXTURE(apic) {
	struct smp smp;
};

FIXTURE_VARIANT(apic) {
	bool page;
	uint32_t mode;
};

FIXTURE_VARIANT_ADD(apic, x2apic) { .page = false, .mode = ZXL_IPI_PACKET };
FIXTURE_VARIANT_ADD(apic, x2apic_kernel) { .page = false, .mode = ZXL_IPI_KERNEL };
FIXTURE_VARIANT_ADD(apic, xapic) { .page = true, .mode = ZXL_IPI_PACKET };
FIXTURE_VARIANT_ADD(apic, xapic_kernel) { .page = true, .mode = ZXL_IPI_KERNEL };

FIXTURE_SETUP(apic)
{
	ASSERT_EQ(ZX_OK, smp_up(&self->smp, 1, variant->page));
	ASSERT_EQ(ZX_OK, zxl_guest_set_ipi_mode(self->smp.vm.guest, variant->mode));
}

FIXTURE_TEARDOWN(apic)
{
	smp_down(&self->smp);
}

#define boots(...)		smp_boots(&self->smp, 0, __VA_ARGS__)
#define handles(vector, ...)	smp_handles(&self->smp, 0, vector, __VA_ARGS__)
#define PENDING(vector)		READ(WORD(IRR, vector), BIT_OF(vector))
#define SERVED(vector)		READ(WORD(ISR, vector), BIT_OF(vector))

TEST_F(apic, registers_after_reset)
{
	boots(READ(ID, 0), READ(VERSION, 0x60015), READ(TPR, 0), READ(PPR, 0), READ(SVR, 0xff),
	      READ(ESR, 0), READ(ICR, 0), READ(LVT_CMCI, LVT_MASKED), READ(LVT_TIMER, LVT_MASKED),
	      READ(LVT_THERMAL, LVT_MASKED), READ(LVT_PMI, LVT_MASKED),
	      READ(LVT_LINT0, LVT_MASKED), READ(LVT_LINT1, LVT_MASKED),
	      READ(LVT_ERROR, LVT_MASKED), READ(INITIAL, 0), READ(CURRENT, 0), READ(DIVIDE, 0),
	      READ(LDR, variant->page ? 0 : 1), CR8(0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

TEST_F(apic, higher_class_interrupts_a_handler)
{
	handles(0x41, SERVED(0x41), READ(PPR, 0x40), RAISE(0x51), PENDING(0x51), OPEN,
		COUNTED(0, 0x51, 1), SERVED(0x41), READ(PPR, 0x40), WRITE(EOI, 0));
	handles(0x51, READ(WORD(ISR, 0x41), BIT_OF(0x41) | BIT_OF(0x51)), READ(PPR, 0x50),
		WRITE(EOI, 0), SERVED(0x41), READ(PPR, 0x40));
	boots(ENABLE, RAISE(0x41), OPEN, READ(WORD(ISR, 0x41), 0), READ(PPR, 0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x41, 0x51));
}

TEST_F(apic, equal_class_waits_for_eoi)
{
	handles(0x41, RAISE(0x4f), OPEN, COUNTED(0, 0x4f, 0), PENDING(0x4f), WRITE(EOI, 0),
		PENDING(0x4f), OPEN, COUNTED(0, 0x4f, 1));
	boots(ENABLE, RAISE(0x41), OPEN, COUNTED(0, 0x4f, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x41, 0x4f));
}

TEST_F(apic, lower_class_waits_for_eoi)
{
	handles(0x81, RAISE(0x7f), OPEN, COUNTED(0, 0x7f, 0), WRITE(EOI, 0), OPEN,
		COUNTED(0, 0x7f, 1));
	boots(ENABLE, RAISE(0x81), OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x81, 0x7f));
}

TEST_F(apic, without_eoi_its_class_stays_shut)
{
	smp_guest(&self->smp, 0)->action[0x41] = ACTION_NONE;
	boots(ENABLE, RAISE(0x41), OPEN, RAISE(0x42), OPEN, COUNTED(0, 0x42, 0), SERVED(0x41),
	      WRITE(EOI, 0), OPEN, COUNTED(0, 0x42, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x41, 0x42));
}

TEST_F(apic, highest_of_several_comes_first)
{
	boots(ENABLE, RAISE(0x31), RAISE(0xfe), RAISE(0x80), RAISE(0x8f), RAISE(0x20), OPEN,
	      OPEN, OPEN, OPEN, OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0xfe, 0x8f, 0x80, 0x31, 0x20));
}

TEST_F(apic, of_one_class_the_higher_vector_comes_first)
{
	boots(ENABLE, RAISE(0x61), RAISE(0x63), RAISE(0x62), OPEN, OPEN, OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x63, 0x62, 0x61));
}

/* A handler in each class is interrupted by that of the next. */
TEST_F(apic, all_classes_nest)
{
	unsigned int class;

	for (class = 2; class < 15; class++)
		handles(class << 4 | 5, SERVED(class << 4 | 5), RAISE((class + 1) << 4 | 5), OPEN,
			COUNTED(0, (class + 1) << 4 | 5, 1), READ(PPR, class << 4),
			WRITE(EOI, 0));
	handles(0xf5, READ(PPR, 0xf0), READ(ISR + 7, 0x200020), READ(ISR + 1, 0x200020),
		WRITE(EOI, 0), READ(ISR + 7, 0x20));
	/* Where two classes share a word, the lower is served as well. */
	for (class = 3; class < 15; class += 2)
		smp_step(&self->smp, smp_guest(&self->smp, 0)->action[class << 4 | 5], 0)->value =
			0x200020;
	boots(ENABLE, RAISE(0x25), OPEN, READ(PPR, 0), READ(ISR + 1, 0), READ(ISR + 7, 0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(14, smp_guest(&self->smp, 0)->irqs);
}

TEST_F(apic, eoi_ends_the_highest)
{
	smp_guest(&self->smp, 0)->action[0x41] = ACTION_NONE;
	smp_guest(&self->smp, 0)->action[0x71] = ACTION_NONE;
	boots(ENABLE, RAISE(0x41), OPEN, RAISE(0x71), OPEN, SERVED(0x41), SERVED(0x71),
	      READ(PPR, 0x70), WRITE(EOI, 0), SERVED(0x41), READ(WORD(ISR, 0x71), 0),
	      READ(PPR, 0x40), WRITE(EOI, 0), READ(WORD(ISR, 0x41), 0), READ(PPR, 0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

TEST_F(apic, eoi_of_nothing)
{
	boots(ENABLE, WRITE(TPR, 0x35), WRITE(EOI, 0), RAISE(0x51), WRITE(EOI, 0), PENDING(0x51),
	      READ(TPR, 0x35), OPEN, WRITE(EOI, 0), READ(ESR, 0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x51));
}

TEST_F(apic, raised_twice_comes_once)
{
	boots(ENABLE, RAISE(0x51), RAISE(0x51), OPEN, OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x51));
}

TEST_F(apic, raised_while_served_comes_again)
{
	smp_guest(&self->smp, 0)->action[0x51] = ACTION_NONE;
	boots(ENABLE, RAISE(0x51), OPEN, RAISE(0x51), RAISE(0x51), SERVED(0x51), PENDING(0x51),
	      OPEN, COUNTED(0, 0x51, 1), WRITE(EOI, 0), OPEN, COUNTED(0, 0x51, 2),
	      WRITE(EOI, 0), OPEN, READ(WORD(IRR, 0x51), 0), READ(WORD(ISR, 0x51), 0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x51, 0x51));
}

/* Every vector goes from nothing through IRR and ISR to nothing. */
TEST_F(apic, windows_show_every_vector)
{
	struct guest_step steps[1 + 224 * 6], *step = steps;
	unsigned int vector;

	*step++ = (struct guest_step)ENABLE;
	for (vector = 32; vector < 256; vector++) {
		smp_guest(&self->smp, 0)->action[vector] = ACTION_NONE;
		*step++ = (struct guest_step)RAISE(vector);
		*step++ = (struct guest_step)PENDING(vector);
		*step++ = (struct guest_step)OPEN;
		*step++ = (struct guest_step)SERVED(vector);
		*step++ = (struct guest_step)WRITE(EOI, 0);
		*step++ = (struct guest_step)READ(WORD(TMR, vector), 0);
	}
	smp_guest(&self->smp, 0)->lists[0] = smp_list(&self->smp, steps, step - steps, true);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(224, smp_guest(&self->smp, 0)->irqs);
}

TEST_F(apic, task_priority_holds_its_class_and_below)
{
	boots(ENABLE, WRITE(TPR, 0x50), RAISE(0x4f), RAISE(0x5f), OPEN, COUNTED(0, 0x5f, 0),
	      RAISE(0x60), OPEN, COUNTED(0, 0x60, 1), COUNTED(0, 0x5f, 0), WRITE(TPR, 0x4f), OPEN,
	      COUNTED(0, 0x5f, 1), COUNTED(0, 0x4f, 0), WRITE(TPR, 0x3f), OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x60, 0x5f, 0x4f));
}

TEST_F(apic, task_priority_15_holds_all)
{
	boots(ENABLE, WRITE(TPR, 0xf0), RAISE(0xff), RAISE(0x20), OPEN, COUNTED(0, 0xff, 0),
	      WRITE(TPR, 0xef), OPEN, COUNTED(0, 0xff, 1), COUNTED(0, 0x20, 0), WRITE(TPR, 0),
	      OPEN, OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0xff, 0x20));
}

TEST_F(apic, task_priority_and_cr8_are_one)
{
	boots(ENABLE, WRITE(TPR, 0x5a), CR8(5), READ(PPR, 0x5a), SET_CR8(9), READ(TPR, 0x90),
	      READ(PPR, 0x90), CR8(9), SET_CR8(0), READ(TPR, 0), WRITE(TPR, 0xff), CR8(15),
	      SET_CR8(14), READ(TPR, 0xe0), SET_CR8(0), READ(PPR, 0), CR8(0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

TEST_F(apic, processor_priority_is_the_higher_of_two)
{
	handles(0x47, READ(PPR, 0x40), WRITE(TPR, 0x3f), READ(PPR, 0x40), WRITE(TPR, 0x4c),
		READ(PPR, 0x4c), WRITE(TPR, 0x62), READ(PPR, 0x62), CR8(6), SET_CR8(2),
		READ(PPR, 0x40), WRITE(EOI, 0), READ(PPR, 0x20));
	boots(ENABLE, WRITE(TPR, 0x35), READ(PPR, 0x35), RAISE(0x47), OPEN, READ(PPR, 0x20));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x47));
}

TEST_F(apic, falling_cr8_lets_it_in_at_once)
{
	boots(ENABLE, SET_CR8(15), RAISE(0x60), ON, COUNTED(0, 0x60, 0), SET_CR8(6),
	      COUNTED(0, 0x60, 0), SET_CR8(5), COUNTED(0, 0x60, 1), OFF);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

TEST_F(apic, falling_task_priority_lets_it_in_at_once)
{
	boots(ENABLE, WRITE(TPR, 0xff), RAISE(0x60), ON, COUNTED(0, 0x60, 0), WRITE(TPR, 0x60),
	      COUNTED(0, 0x60, 0), WRITE(TPR, 0x5f), COUNTED(0, 0x60, 1), OFF);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

TEST_F(apic, handler_may_lower_task_priority_and_be_interrupted)
{
	handles(0x51, WRITE(EOI, 0), SET_CR8(3), OPEN, COUNTED(0, 0x45, 1));
	boots(ENABLE, WRITE(TPR, 0x40), RAISE(0x51), RAISE(0x45), OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x51, 0x45));
}

static void post_below_and_above(struct smp *smp)
{
	const zx_handle_t vcpu = smp->cpus[0].vcpu;

	wait_flag(smp_word(smp, 0), 1);
	zx_vcpu_interrupt(vcpu, 0x70);
	sleep_ms(50);
	*smp_word(smp, 1) = smp_guest(smp, 0)->irqs;
	zx_vcpu_interrupt(vcpu, 0x91);
}

TEST_F(apic, task_priority_keeps_a_halted_one_asleep)
{
	self->smp.middle = post_below_and_above;
	boots(ENABLE, WRITE(TPR, 0x80), ADD(WORD_AT(0), 1), WAIT(1), PENDING(0x70),
	      COUNTED(0, 0x70, 0), WRITE(TPR, 0), OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(0, *smp_word(&self->smp, 1));
	EXPECT_TRUE(took(&self->smp, 0, 0x91, 0x70));
}

static const uint8_t lvts[] = {
	LVT_CMCI, LVT_TIMER, LVT_THERMAL, LVT_PMI, LVT_LINT0, LVT_LINT1, LVT_ERROR,
};

TEST_F(apic, disabling_masks_every_lvt)
{
	struct guest_step steps[64], *step = steps;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lvts); i++) {
		*step++ = (struct guest_step)WRITE(lvts[i], 0x55);
		*step++ = (struct guest_step)READ(lvts[i], LVT_MASKED | 0x55);
	}
	*step++ = (struct guest_step)ENABLE;
	for (i = 0; i < ARRAY_SIZE(lvts); i++) {
		*step++ = (struct guest_step)READ(lvts[i], LVT_MASKED | 0x55);
		*step++ = (struct guest_step)WRITE(lvts[i], 0x50);
		*step++ = (struct guest_step)READ(lvts[i], 0x50);
	}
	*step++ = (struct guest_step)WRITE(SVR, 0xff);
	*step++ = (struct guest_step)ENABLE;
	for (i = 0; i < ARRAY_SIZE(lvts); i++)
		*step++ = (struct guest_step)READ(lvts[i], LVT_MASKED | 0x50);
	smp_guest(&self->smp, 0)->lists[0] = smp_list(&self->smp, steps, step - steps, true);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

TEST_F(apic, disabling_keeps_what_is_pending_and_served)
{
	smp_guest(&self->smp, 0)->action[0x61] = ACTION_NONE;
	boots(ENABLE, RAISE(0x61), OPEN, RAISE(0x45), WRITE(SVR, 0xff), PENDING(0x45),
	      SERVED(0x61), ENABLE, PENDING(0x45), SERVED(0x61), OPEN, COUNTED(0, 0x45, 0),
	      WRITE(EOI, 0), OPEN, COUNTED(0, 0x45, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

TEST_F(apic, error_status_is_latched_by_writing_it)
{
	boots(ENABLE, SEND(0, ASSERTED | 5), READ(ESR, 0), WRITE(ESR, 0), READ(ESR, 0x20),
	      READ(ESR, 0x20), WRITE(ESR, 0), READ(ESR, 0), SEND(0, ASSERTED | LOWEST | 15),
	      WRITE(ESR, 0), READ(ESR, 0x20), SEND(0, ASSERTED | TO_SELF | 15), WRITE(ESR, 0),
	      READ(ESR, 0x20), WRITE(ESR, 0), READ(ESR, 0), READ(IRR, 0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took_none(&self->smp, 0));
}

TEST_F(apic, error_interrupts)
{
	boots(ENABLE, WRITE(LVT_ERROR, 0x71), SEND(0, ASSERTED | 5), OPEN, COUNTED(0, 0x71, 1),
	      SEND(0, ASSERTED | 6), OPEN, COUNTED(0, 0x71, 1), WRITE(ESR, 0), READ(ESR, 0x20),
	      SEND(0, ASSERTED | 7), OPEN, COUNTED(0, 0x71, 2));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x71, 0x71));
}

TEST_F(apic, masked_error_does_not_interrupt)
{
	boots(ENABLE, WRITE(LVT_ERROR, LVT_MASKED | 0x71), SEND(0, ASSERTED | 5), OPEN,
	      WRITE(ESR, 0), READ(ESR, 0x20));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took_none(&self->smp, 0));
}

TEST_F(apic, error_with_an_illegal_vector_is_one_more_error)
{
	boots(ENABLE, WRITE(LVT_ERROR, 0x0a), SEND(0, ASSERTED | 5), OPEN, WRITE(ESR, 0),
	      READ(ESR, 0x60), READ(IRR, 0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took_none(&self->smp, 0));
}

TEST_F(apic, to_itself_by_every_destination)
{
	boots(ENABLE, variant->page ? (struct guest_step)WRITE(LDR, 0x01000000) :
				      (struct guest_step)READ(LDR, 1),
	      SEND(0, ASSERTED | 0x41), OPEN, SEND(EVERYBODY, ASSERTED | 0x42), OPEN,
	      SEND(1, ASSERTED | LOGICAL | 0x43), OPEN, SEND(EVERYBODY, ASSERTED | LOGICAL | 0x44),
	      OPEN, SEND(9, ASSERTED | TO_SELF | 0x45), OPEN, SEND(9, ASSERTED | TO_ALL | 0x46),
	      OPEN, SEND(1, ASSERTED | LOGICAL | LOWEST | 0x47), OPEN,
	      SEND(0, ASSERTED | LOWEST | 0x48), OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48));
	EXPECT_EQ(variant->mode == ZXL_IPI_KERNEL ? 0 : 8, self->smp.cpus[0].nr_ipis);
}

TEST_F(apic, to_nobody)
{
	boots(ENABLE, SEND(1, ASSERTED | 0x41), SEND(63, ASSERTED | 0x41),
	      SEND(64, ASSERTED | 0x41), SEND(0xfe, ASSERTED | 0x41),
	      SEND(2, ASSERTED | LOGICAL | 0x41), SEND(0, ASSERTED | LOGICAL | 0x41),
	      SEND(0, ASSERTED | TO_OTHERS | 0x41), SEND(1, ASSERTED | SEND_NMI),
	      SEND(0, ASSERTED | TO_OTHERS | SEND_NMI), SEND(5, ASSERTED | SEND_INIT),
	      SEND(2, ASSERTED | LOWEST | LOGICAL | 0x41), OPEN, READ(ESR, 0), WRITE(ESR, 0),
	      READ(ESR, 0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took_none(&self->smp, 0));
	EXPECT_EQ(0, self->smp.cpus[0].nr_ipis);
}

TEST_F(apic, command_reads_as_written)
{
	const uint64_t sent = TO(9, ASSERTED | LOGICAL | 0x41);

	boots(ENABLE, WRITE(ICR, sent), READ(ICR, variant->page ? (uint32_t)sent : sent));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

TEST_F(apic, nmi_ignores_all_priorities)
{
	handles(0xf1, POST(NMI), COUNTED(0, NMI, 1), WRITE(EOI, 0));
	boots(ENABLE, RAISE(0xf1), OPEN, WRITE(TPR, 0xff), POST(NMI), COUNTED(0, NMI, 2));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 0, 0xf1, NMI, NMI));
}

static void post_nmi_once(struct smp_cpu *cpu, uint32_t value)
{
	volatile uint64_t *depth = smp_word(cpu->smp, 0), *deepest = smp_word(cpu->smp, 1);

	if (value == 1 && ++*depth > *deepest)
		*deepest = *depth;
	if (value == 1 && (*smp_word(cpu->smp, 2))++ == 0)
		zx_vcpu_interrupt(cpu->vcpu, NMI);
	if (value == 2)
		--*depth;
}

/* SVM says when a handler has ended at the next exit only: the marks are some. */
TEST_F(apic, nmi_waits_for_the_end_of_another)
{
	self->smp.mark = post_nmi_once;
	handles(NMI, MARK(1), MARK(3), MARK(3), MARK(2));
	boots(ENABLE, POST(NMI), MARK(3), COUNTED(0, NMI, 2));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(1, *smp_word(&self->smp, 1));
}

TEST_HARNESS_MAIN
