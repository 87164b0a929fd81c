// SPDX-License-Identifier: GPL-2.0-only
/* The local APIC's timer counting down. A test for every rule. */
/* build: ../../module/hv/apic.c -I../../module */
#include "apic_env.h"

RULE(divide_values)
{
	static const struct {
		u32 code;
		unsigned int by;
	} rows[] = {
		{ 0x0, 2 }, { 0x1, 4 }, { 0x2, 8 }, { 0x3, 16 },
		{ 0x8, 32 }, { 0x9, 64 }, { 0xa, 128 }, { 0xb, 1 },
	};
	size_t i;

	wr(X2(0x32), 0x40);
	for (i = 0; i < ROWS(rows); i++) {
		wr(X2(0x3e), rows[i].code);
		assert_int_equal(rd(X2(0x3e)), rows[i].code);
		wr(X2(0x38), 1000);
		assert_true(env.armed);
		assert_int_equal(env.alarm, env.now + 1000 * rows[i].by);
	}
}

RULE(one_shot_fires_once)
{
	start(0, 500);
	run_to(1499);
	assert_int_equal(take(), -1);
	run_to(1500);
	assert_int_equal(take_and_eoi(), 0x40);
	run_to(1000000);
	assert_int_equal(take(), -1);
	assert_int_equal(env.fired, 1);
	assert_int_equal(rd(X2(0x39)), 0);
	assert_int_equal(rd(X2(0x38)), 500);
}

RULE(one_shot_counts_down)
{
	start(0, 500);
	assert_int_equal(rd(X2(0x39)), 500);
	run_to(1001);
	assert_int_equal(rd(X2(0x39)), 499);
	run_to(1499);
	assert_int_equal(rd(X2(0x39)), 1);
	run_to(1500);
	assert_int_equal(rd(X2(0x39)), 0);
}

RULE(count_drops_after_whole_ticks)
{
	start(0, 500);
	wr(X2(0x3e), 0x03);
	wr(X2(0x38), 10);
	run_to(1015);
	assert_int_equal(rd(X2(0x39)), 10);
	run_to(1016);
	assert_int_equal(rd(X2(0x39)), 9);
}

RULE(initial_count_0_stops)
{
	start(PERIODIC, 500);
	run_to(1200);
	wr(X2(0x38), 0);
	assert_false(env.armed);
	assert_int_equal(rd(X2(0x39)), 0);
	run_to(100000);
	assert_int_equal(take(), -1);
}

RULE(initial_count_reloads)
{
	start(0, 500);
	run_to(1400);
	wr(X2(0x38), 500);
	assert_int_equal(rd(X2(0x39)), 500);
	run_to(1899);
	assert_int_equal(take(), -1);
	run_to(1900);
	assert_int_equal(take(), 0x40);
}

RULE(largest_count_takes_64_bits)
{
	start(0, 1);
	wr(X2(0x3e), 0x0a);
	wr(X2(0x38), 0xffffffff);
	assert_int_equal(env.alarm, 1000 + 0xffffffffull * 128);
	run_to(1000 + 0x80000000ull * 128);
	assert_int_equal(rd(X2(0x39)), 0x7fffffff);
}

RULE(periodic_fires_every_period)
{
	unsigned int i;

	start(PERIODIC, 500);
	for (i = 1; i <= 100; i++) {
		run_to(1000 + i * 500 - 1);
		assert_int_equal(take(), -1);
		run_to(1000 + i * 500);
		assert_int_equal(take_and_eoi(), 0x40);
	}
}

RULE(periodic_count_wraps)
{
	start(PERIODIC, 500);
	run_to(1499);
	assert_int_equal(rd(X2(0x39)), 1);
	run_to(1500);
	assert_int_equal(rd(X2(0x39)), 500);
	run_to(1501);
	assert_int_equal(rd(X2(0x39)), 499);
}

RULE(periodic_count_is_right_before_a_late_alarm)
{
	start(PERIODIC, 500);
	env.now = 1000 + 3 * 500 + 120;
	assert_int_equal(rd(X2(0x39)), 380);
	assert_int_equal(take_and_eoi(), 0x40);
	run_to(env.now);
	assert_int_equal(take(), -1);
	assert_int_equal(env.alarm, 1000 + 4 * 500);
}

/* 1 kHz at 1 GHz, every alarm late by up to half a period, for 10 minutes. */
RULE(periodic_does_not_drift_in_10_minutes)
{
	const u64 base = env.now;
	unsigned int i;

	srand(2);
	start(PERIODIC, GHZ / 1000);
	for (i = 1; i <= 600000; i++) {
		assert_int_equal(env.alarm, base + i * (GHZ / 1000));
		env.now = env.alarm + rand() % (GHZ / 2000);
		zx_apic_timer_fired(&env.apic);
		assert_int_equal(take_and_eoi(), 0x40);
	}
	assert_int_equal(env.now / GHZ, 600);
}

RULE(periodic_far_behind_skips_whole_periods)
{
	start(PERIODIC, 500);
	env.now = 1000 + 1000000 * 500ull + 7;
	zx_apic_timer_fired(&env.apic);
	assert_int_equal(take_and_eoi(), 0x40);
	assert_int_equal(take_and_eoi(), -1);
	assert_int_equal(env.alarm, 1000 + 1000001 * 500ull);
}

RULE(periodic_masked_keeps_its_phase)
{
	start(PERIODIC, 500);
	run_to(1100);
	wr(X2(0x32), MASKED | PERIODIC | 0x40);
	assert_false(env.armed);
	run_to(100200);
	assert_int_equal(rd(X2(0x39)), 300);
	wr(X2(0x32), PERIODIC | 0x40);
	assert_int_equal(take(), -1);
	assert_int_equal(env.alarm, 100500);
}

RULE(periodic_alarms_keep_to_min_period)
{
	env.apic.min_period = 10000;
	start(PERIODIC, 1);
	assert_int_equal(env.alarm, 11000);
	run_to(1000000);
	assert_in_range(env.fired, 90, 100);
	assert_int_equal(take_and_eoi(), 0x40);
}

RULE(periodic_min_period_keeps_the_phase)
{
	env.apic.min_period = 1200;
	start(PERIODIC, 500);
	run_to(2200);
	assert_int_equal(take_and_eoi(), 0x40);
	assert_int_equal(rd(X2(0x39)), 300);
}

RULE(one_shot_knows_no_min_period)
{
	env.apic.min_period = 10000;
	start(0, 10);
	assert_int_equal(env.alarm, 1010);
	start(BY_TSC, 0);
	wr(DEADLINE_MSR, 1020);
	assert_int_equal(env.alarm, 1020);
}

RULE(one_shot_masked_expires_unseen)
{
	start(MASKED, 500);
	assert_false(env.armed);
	run_to(2000);
	wr(X2(0x32), 0x40);
	assert_false(env.armed);
	assert_int_equal(take(), -1);
	assert_int_equal(rd(X2(0x39)), 0);
}

RULE(one_shot_unmasked_in_time)
{
	start(MASKED, 500);
	run_to(1499);
	wr(X2(0x32), 0x40);
	run_to(1500);
	assert_int_equal(take(), 0x40);
}

RULE(masking_after_expiry_does_not_lose_it)
{
	start(0, 500);
	env.now = 1500;		/* the alarm is late */
	wr(X2(0x32), MASKED | 0x40);
	assert_int_equal(take(), 0x40);
}

RULE(software_disabling_stops_interrupts)
{
	start(PERIODIC, 500);
	wr(X2(0x0f), 0xff);
	assert_false(env.armed);
	run_to(10000);
	assert_int_equal(take(), -1);
}

RULE(timer_with_illegal_vector_is_an_error)
{
	wr(X2(0x32), 0x0f);
	wr(X2(0x38), 10);
	run_to(5000);
	assert_int_equal(take(), -1);
	wr(X2(0x28), 0);
	assert_int_equal(rd(X2(0x28)), 0x40);
}

RULE(alarm_that_comes_early_is_set_again)
{
	start(0, 500);
	env.now = 1499;
	env.armed = false;
	zx_apic_timer_fired(&env.apic);
	assert_int_equal(take(), -1);
	assert_true(env.armed);
	assert_int_equal(env.alarm, 1500);
}

RULE(alarm_without_need_is_ignored)
{
	zx_apic_timer_fired(&env.apic);
	assert_false(env.armed);
	assert_int_equal(take(), -1);
}

RULE(divide_change_keeps_the_count)
{
	start(0, 500);
	run_to(1200);
	wr(X2(0x3e), 0x01);
	assert_int_equal(rd(X2(0x39)), 300);
	assert_int_equal(env.alarm, 1200 + 300 * 4);
}

RULE(divide_rewritten_changes_nothing)
{
	start(0, 500);
	wr(X2(0x3e), 0x03);
	wr(X2(0x38), 10);
	run_to(1007);
	wr(X2(0x3e), 0x03);
	assert_int_equal(env.alarm, 1000 + 160);
}

RULE(divide_change_starts_no_stopped_timer)
{
	start(0, 500);
	run_to(2000);
	take_and_eoi();
	wr(X2(0x3e), 0x01);
	assert_false(env.armed);
	assert_int_equal(rd(X2(0x39)), 0);
}

RULE(mode_change_one_shot_to_periodic_goes_on)
{
	start(0, 500);
	run_to(1200);
	wr(X2(0x32), PERIODIC | 0x40);
	assert_int_equal(rd(X2(0x39)), 300);
	run_to(1500);
	assert_int_equal(take_and_eoi(), 0x40);
	run_to(2000);
	assert_int_equal(take_and_eoi(), 0x40);
}

RULE(mode_change_periodic_to_one_shot_goes_on)
{
	start(PERIODIC, 500);
	run_to(1200);
	wr(X2(0x32), 0x40);
	run_to(5000);
	assert_int_equal(take_and_eoi(), 0x40);
	assert_int_equal(env.fired, 1);
}

RULE(mode_change_after_expiry_stays_stopped)
{
	start(0, 500);
	run_to(1500);
	take_and_eoi();
	wr(X2(0x32), PERIODIC | 0x40);
	run_to(5000);
	assert_int_equal(take(), -1);
	assert_int_equal(rd(X2(0x39)), 0);
}

RULE(mode_change_to_deadline_disarms)
{
	start(PERIODIC, 500);
	wr(X2(0x32), BY_TSC | 0x40);
	assert_false(env.armed);
	assert_int_equal(rd(X2(0x39)), 0);
	assert_int_equal(rd(DEADLINE_MSR), 0);
	run_to(10000);
	assert_int_equal(take(), -1);
}

RULE(mode_change_from_deadline_disarms)
{
	start(BY_TSC, 0);
	wr(DEADLINE_MSR, 5000);
	wr(X2(0x32), 0x40);
	assert_false(env.armed);
	assert_int_equal(rd(DEADLINE_MSR), 0);
	wr(X2(0x32), BY_TSC | 0x40);
	assert_int_equal(rd(DEADLINE_MSR), 0);
	run_to(10000);
	assert_int_equal(take(), -1);
}

static const struct CMUnitTest tests[] = {
	ENABLED(divide_values),
	ENABLED(one_shot_fires_once),
	ENABLED(one_shot_counts_down),
	ENABLED(count_drops_after_whole_ticks),
	ENABLED(initial_count_0_stops),
	ENABLED(initial_count_reloads),
	ENABLED(largest_count_takes_64_bits),
	ENABLED(periodic_fires_every_period),
	ENABLED(periodic_count_wraps),
	ENABLED(periodic_count_is_right_before_a_late_alarm),
	ENABLED(periodic_does_not_drift_in_10_minutes),
	ENABLED(periodic_far_behind_skips_whole_periods),
	ENABLED(periodic_masked_keeps_its_phase),
	ENABLED(periodic_alarms_keep_to_min_period),
	ENABLED(periodic_min_period_keeps_the_phase),
	ENABLED(one_shot_knows_no_min_period),
	ENABLED(one_shot_masked_expires_unseen),
	ENABLED(one_shot_unmasked_in_time),
	ENABLED(masking_after_expiry_does_not_lose_it),
	ENABLED(software_disabling_stops_interrupts),
	ENABLED(timer_with_illegal_vector_is_an_error),
	ENABLED(alarm_that_comes_early_is_set_again),
	ENABLED(alarm_without_need_is_ignored),
	ENABLED(divide_change_keeps_the_count),
	ENABLED(divide_rewritten_changes_nothing),
	ENABLED(divide_change_starts_no_stopped_timer),
	ENABLED(mode_change_one_shot_to_periodic_goes_on),
	ENABLED(mode_change_periodic_to_one_shot_goes_on),
	ENABLED(mode_change_after_expiry_stays_stopped),
	ENABLED(mode_change_to_deadline_disarms),
	ENABLED(mode_change_from_deadline_disarms),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
