// SPDX-License-Identifier: GPL-2.0-only
/* The local APIC's priorities and errors. A test for every rule. */
/* build: ../../module/hv/apic.c -I../../module */
#include "apic_env.h"

RULE(irr_isr_windows_show_every_vector)
{
	unsigned int vector;

	for (vector = 16; vector < 256; vector++) {
		zx_apic_accept(&env.apic, vector, false);
		assert_true(irr_has(vector));
		assert_int_equal(take(), vector);
		assert_false(irr_has(vector));
		assert_true(isr_has(vector));
		wr(X2(0x0b), 0);
		assert_false(isr_has(vector));
	}
}

RULE(tmr_shows_its_bits_and_edge_clears_them)
{
	zx_apic_accept(&env.apic, 64 + 5, true);
	zx_apic_accept(&env.apic, 64 + 40, true);
	assert_int_equal(rd(X2(0x1a)), 1 << 5);
	assert_int_equal(rd(X2(0x1b)), 1 << 8);
	zx_apic_accept(&env.apic, 64 + 40, false);
	assert_int_equal(rd(X2(0x1a)), 1 << 5);
	assert_int_equal(rd(X2(0x1b)), 0);
}

RULE(pending_is_the_highest)
{
	zx_apic_accept(&env.apic, 0x31, false);
	zx_apic_accept(&env.apic, 0xfe, false);
	zx_apic_accept(&env.apic, 0x80, false);
	assert_int_equal(take_and_eoi(), 0xfe);
	assert_int_equal(take_and_eoi(), 0x80);
	assert_int_equal(take_and_eoi(), 0x31);
	assert_int_equal(take_and_eoi(), -1);
}

RULE(pending_twice_is_delivered_once)
{
	zx_apic_accept(&env.apic, 0x31, false);
	zx_apic_accept(&env.apic, 0x31, false);
	assert_int_equal(take_and_eoi(), 0x31);
	assert_int_equal(take_and_eoi(), -1);
}

RULE(pending_again_while_in_service)
{
	zx_apic_accept(&env.apic, 0x31, false);
	assert_int_equal(take(), 0x31);
	zx_apic_accept(&env.apic, 0x31, false);
	assert_int_equal(take(), -1);
	wr(X2(0x0b), 0);
	assert_int_equal(take(), 0x31);
}

RULE(in_service_holds_back_its_class)
{
	zx_apic_accept(&env.apic, 0x41, false);
	assert_int_equal(take(), 0x41);
	zx_apic_accept(&env.apic, 0x4f, false);
	assert_int_equal(take(), -1);
	zx_apic_accept(&env.apic, 0x50, false);
	assert_int_equal(take(), 0x50);
}

RULE(nesting_unwinds_from_the_top)
{
	zx_apic_accept(&env.apic, 0x30, false);
	assert_int_equal(take(), 0x30);
	zx_apic_accept(&env.apic, 0x50, false);
	assert_int_equal(take(), 0x50);
	zx_apic_accept(&env.apic, 0xe0, false);
	assert_int_equal(take(), 0xe0);
	zx_apic_accept(&env.apic, 0x51, false);
	wr(X2(0x0b), 0);
	assert_false(isr_has(0xe0));
	assert_true(isr_has(0x50) && isr_has(0x30));
	assert_int_equal(take(), -1);
	wr(X2(0x0b), 0);
	assert_false(isr_has(0x50));
	assert_int_equal(take(), 0x51);
	wr(X2(0x0b), 0);
	wr(X2(0x0b), 0);
	assert_false(isr_has(0x30));
}

RULE(eoi_with_nothing_in_service)
{
	zx_apic_accept(&env.apic, 0x30, false);
	wr(X2(0x0b), 0);
	assert_true(irr_has(0x30));
	assert_int_equal(take(), 0x30);
}

RULE(eoi_leaves_tpr)
{
	wr(X2(0x08), 0x35);
	wr(X2(0x0b), 0);
	assert_int_equal(rd(X2(0x08)), 0x35);
}

RULE(tpr_holds_back_its_class_and_below)
{
	zx_apic_accept(&env.apic, 0x4f, false);
	wr(X2(0x08), 0x40);
	assert_int_equal(take(), -1);
	wr(X2(0x08), 0x3f);
	assert_int_equal(take(), 0x4f);
}

RULE(tpr_of_15_holds_back_all)
{
	zx_apic_accept(&env.apic, 0xff, false);
	wr(X2(0x08), 0xf0);
	assert_int_equal(take(), -1);
	wr(X2(0x08), 0xef);
	assert_int_equal(take(), 0xff);
}

RULE(ppr_is_tpr_or_class_in_service)
{
	wr(X2(0x08), 0x35);
	assert_int_equal(rd(X2(0x0a)), 0x35);
	zx_apic_accept(&env.apic, 0x47, false);
	take();
	assert_int_equal(rd(X2(0x0a)), 0x40);
	wr(X2(0x08), 0x62);
	assert_int_equal(rd(X2(0x0a)), 0x62);
	wr(X2(0x08), 0);
	wr(X2(0x0b), 0);
	assert_int_equal(rd(X2(0x0a)), 0);
}

RULE(cr8_is_the_class_of_tpr)
{
	wr(X2(0x08), 0x5a);
	assert_int_equal(zx_apic_get_cr8(&env.apic), 5);
	zx_apic_set_cr8(&env.apic, 9);
	assert_int_equal(rd(X2(0x08)), 0x90);
	zx_apic_set_cr8(&env.apic, 0xf3);
	assert_int_equal(rd(X2(0x08)), 0x30);
}

RULE(disabled_needs_no_eoi_and_no_priority)
{
	wr(X2(0x08), 0xff);
	zx_apic_accept(&env.apic, 0x31, false);
	zx_apic_accept(&env.apic, 0x32, false);
	assert_int_equal(take(), 0x32);
	assert_false(isr_has(0x32));
	assert_int_equal(take(), 0x31);
	assert_int_equal(take(), -1);
}

RULE(disabling_keeps_irr_and_isr)
{
	zx_apic_accept(&env.apic, 0x60, false);
	take();
	zx_apic_accept(&env.apic, 0x40, false);
	wr(X2(0x0f), 0xff);
	assert_true(isr_has(0x60) && irr_has(0x40));
	wr(X2(0x0f), 0x1ff);
	assert_int_equal(take(), -1);
	wr(X2(0x0b), 0);
	assert_int_equal(take(), 0x40);
}

/* The definition, the slow way: for a random IRR, ISR and TPR. */
RULE(priorities_agree_with_their_definition)
{
	unsigned int round, i, expect_ppr;
	int vector, isrv, irrv;

	srand(1);
	for (round = 0; round < 20000; round++) {
		zx_apic_reset(&env.apic);
		wr(X2(0x0f), 0x1ff);
		for (i = rand() % 4; i; i--)
			zx_apic_accept(&env.apic, 16 + rand() % 240, false);
		for (i = rand() % 3; i; i--)
			zx_apic_ack(&env.apic, 16 + rand() % 240);
		wr(X2(0x08), rand() & 0xff);
		for (isrv = 255; isrv >= 0 && !isr_has(isrv); isrv--)
			;
		for (irrv = 255; irrv >= 0 && !irr_has(irrv); irrv--)
			;
		expect_ppr = rd(X2(0x08));
		if (isrv >= 0 && isrv >> 4 > (int)expect_ppr >> 4)
			expect_ppr = isrv & ~15;
		vector = irrv >= 0 && irrv >> 4 > (int)expect_ppr >> 4 ? irrv : -1;
		assert_int_equal(rd(X2(0x0a)), expect_ppr);
		assert_int_equal(zx_apic_pending(&env.apic), vector);
	}
}

RULE(esr_shows_errors_after_a_write_only)
{
	zx_apic_accept(&env.apic, 3, false);
	assert_int_equal(rd(X2(0x28)), 0);
	wr(X2(0x28), 0);
	assert_int_equal(rd(X2(0x28)), 0x40);
	assert_int_equal(rd(X2(0x28)), 0x40);
	wr(X2(0x28), 0);
	assert_int_equal(rd(X2(0x28)), 0);
}

RULE(esr_gathers_between_writes)
{
	zx_apic_accept(&env.apic, 15, false);
	wr(X2(0x30), 0);
	wr(X2(0x28), 0);
	assert_int_equal(rd(X2(0x28)), 0x60);
}

RULE(vectors_below_16_never_reach_irr)
{
	unsigned int vector;

	for (vector = 0; vector < 16; vector++) {
		zx_apic_accept(&env.apic, vector, false);
		assert_int_equal(rd(X2(0x20)), 0);
	}
	assert_int_equal(zx_apic_pending(&env.apic), -1);
}

RULE(esr_is_latched_by_its_own_writes_only)
{
	zx_apic_accept(&env.apic, 3, false);
	wr(X2(0x0f), 0x1fe);
	wr(X2(0x08), 0);
	wr(X2(0x0b), 0);
	assert_int_equal(rd(X2(0x28)), 0);
}

RULE(vector_16_is_legal_everywhere)
{
	wr(X2(0x37), 16);
	zx_apic_accept(&env.apic, 1, false);
	assert_int_equal(take_and_eoi(), 16);
	wr(X2(0x28), 0);
	assert_int_equal(rd(X2(0x28)), 0x40);
	wr(X2(0x3f), 16);
	assert_int_equal(take_and_eoi(), 16);
	wr(X2(0x28), 0);
	assert_int_equal(rd(X2(0x28)), 0);
}

RULE(error_interrupt_is_raised_unmasked)
{
	wr(X2(0x37), 0xfe);
	zx_apic_accept(&env.apic, 1, false);
	assert_int_equal(take_and_eoi(), 0xfe);
}

RULE(error_interrupt_is_not_raised_masked)
{
	wr(X2(0x37), MASKED | 0xfe);
	zx_apic_accept(&env.apic, 1, false);
	assert_int_equal(take(), -1);
}

RULE(error_interrupt_is_rearmed_by_writing_esr)
{
	wr(X2(0x37), 0xfe);
	zx_apic_accept(&env.apic, 1, false);
	assert_int_equal(take_and_eoi(), 0xfe);
	zx_apic_accept(&env.apic, 1, false);
	assert_int_equal(take_and_eoi(), -1);
	wr(X2(0x28), 0);
	zx_apic_accept(&env.apic, 1, false);
	assert_int_equal(take_and_eoi(), 0xfe);
}

RULE(error_interrupt_with_illegal_vector)
{
	wr(X2(0x37), 0x0a);
	wr(X2(0x30), 0);
	assert_int_equal(take(), -1);
	wr(X2(0x28), 0);
	assert_int_equal(rd(X2(0x28)), 0x60);
}

static const struct CMUnitTest tests[] = {
	ENABLED(irr_isr_windows_show_every_vector),
	ENABLED(tmr_shows_its_bits_and_edge_clears_them),
	ENABLED(pending_is_the_highest),
	ENABLED(pending_twice_is_delivered_once),
	ENABLED(pending_again_while_in_service),
	ENABLED(in_service_holds_back_its_class),
	ENABLED(nesting_unwinds_from_the_top),
	ENABLED(eoi_with_nothing_in_service),
	ENABLED(eoi_leaves_tpr),
	ENABLED(tpr_holds_back_its_class_and_below),
	ENABLED(tpr_of_15_holds_back_all),
	ENABLED(ppr_is_tpr_or_class_in_service),
	ENABLED(cr8_is_the_class_of_tpr),
	DISABLED(disabled_needs_no_eoi_and_no_priority),
	ENABLED(disabling_keeps_irr_and_isr),
	ENABLED(priorities_agree_with_their_definition),
	ENABLED(esr_shows_errors_after_a_write_only),
	ENABLED(esr_gathers_between_writes),
	ENABLED(vectors_below_16_never_reach_irr),
	ENABLED(esr_is_latched_by_its_own_writes_only),
	ENABLED(vector_16_is_legal_everywhere),
	ENABLED(error_interrupt_is_raised_unmasked),
	ENABLED(error_interrupt_is_not_raised_masked),
	ENABLED(error_interrupt_is_rearmed_by_writing_esr),
	ENABLED(error_interrupt_with_illegal_vector),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
