// SPDX-License-Identifier: GPL-2.0-only
/* TSC-deadline mode, and every mode against a counter stepped tick by tick. */
/* build: ../../module/hv/apic.c -I../../module */
#include "apic_env.h"

RULE(deadline_fires_once_and_reads_0)
{
	start(BY_TSC, 0);
	wr(DEADLINE_MSR, 5000);
	assert_int_equal(rd(DEADLINE_MSR), 5000);
	run_to(4999);
	assert_int_equal(take(), -1);
	run_to(5000);
	assert_int_equal(take_and_eoi(), 0x40);
	assert_int_equal(rd(DEADLINE_MSR), 0);
	run_to(1000000);
	assert_int_equal(take(), -1);
}

RULE(deadline_0_disarms)
{
	start(BY_TSC, 0);
	wr(DEADLINE_MSR, 5000);
	wr(DEADLINE_MSR, 0);
	assert_false(env.armed);
	run_to(10000);
	assert_int_equal(take(), -1);
}

RULE(deadline_in_the_past_fires_at_once)
{
	start(BY_TSC, 0);
	wr(DEADLINE_MSR, 1);
	assert_true(env.armed);
	run_to(env.now);
	assert_int_equal(take(), 0x40);
	assert_int_equal(env.fired, 1);
}

RULE(deadline_of_all_ones_is_far_away)
{
	start(BY_TSC, 0);
	wr(DEADLINE_MSR, ~0ull);
	assert_true(env.alarm == ~0ull);
	run_to(1ull << 62);
	assert_int_equal(take(), -1);
	assert_true(rd(DEADLINE_MSR) == ~0ull);
	run_to(~0ull);
	assert_int_equal(take(), 0x40);
}

RULE(deadline_ignored_in_other_modes)
{
	start(0, 500);
	wr(DEADLINE_MSR, 1200);
	assert_int_equal(rd(DEADLINE_MSR), 0);
	assert_int_equal(env.alarm, 1500);
	assert_int_equal(rd(X2(0x39)), 500);
}

RULE(deadline_mode_ignores_initial_count)
{
	start(BY_TSC, 500);
	assert_false(env.armed);
	assert_int_equal(rd(X2(0x38)), 0);
	wr(DEADLINE_MSR, 5000);
	wr(X2(0x38), 7);
	wr(X2(0x3e), 0x02);
	assert_int_equal(rd(X2(0x38)), 0);
	assert_int_equal(rd(X2(0x39)), 0);
	assert_int_equal(env.alarm, 5000);
}

RULE(deadline_moved_before_it_fires)
{
	start(BY_TSC, 0);
	wr(DEADLINE_MSR, 5000);
	wr(DEADLINE_MSR, 7000);
	run_to(6999);
	assert_int_equal(take(), -1);
	run_to(7000);
	assert_int_equal(take(), 0x40);
}

RULE(deadline_passes_unseen_while_masked)
{
	start(BY_TSC | MASKED, 0);
	wr(DEADLINE_MSR, 5000);
	assert_false(env.armed);
	run_to(4999);
	assert_int_equal(rd(DEADLINE_MSR), 5000);
	run_to(5000);
	assert_int_equal(rd(DEADLINE_MSR), 0);
	wr(X2(0x32), BY_TSC | 0x40);
	assert_int_equal(take(), -1);
}

RULE(clock_near_its_end_saturates)
{
	env.now = ~0ull - 100;
	start(PERIODIC, 500);
	assert_true(env.alarm == ~0ull);
	assert_in_range(rd(X2(0x39)), 1, 500);
}

RULE(clock_set_back_shows_no_more_than_was_loaded)
{
	start(0, 500);
	env.now = 10;
	assert_int_equal(rd(X2(0x39)), 500);
}

/* A counter that is stepped tick by tick, as the manual describes it. */
struct model {
	u32 lvt, initial, count, divide, prescale;
	u64 deadline;
	bool raised;
};

static void model_step(struct model *m, u64 now)
{
	static const u32 by[] = { 2, 4, 8, 16, 32, 64, 128, 1 };
	bool over = false;

	if (m->lvt & BY_TSC) {
		over = m->deadline && now >= m->deadline;
		m->deadline = over ? 0 : m->deadline;
	} else if (m->count && ++m->prescale == by[(m->divide & 3) | (m->divide & 8) >> 1]) {
		m->prescale = 0;
		over = !--m->count;
		if (over && m->lvt & PERIODIC)
			m->count = m->initial;
	}
	m->raised |= over && !(m->lvt & MASKED);
}

static void model_write(struct model *m, u32 msr, u64 value)
{
	switch (msr) {
	case X2(0x32):
		if ((m->lvt ^ value) & BY_TSC) {
			m->count = 0;
			m->deadline = 0;
		}
		m->lvt = value;
		break;
	case X2(0x38):
		if (!(m->lvt & BY_TSC)) {
			m->initial = value;
			m->count = value;
			m->prescale = 0;
		}
		break;
	case X2(0x3e):
		if (m->divide != value)
			m->prescale = 0;
		m->divide = value;
		break;
	case DEADLINE_MSR:
		if (m->lvt & BY_TSC)
			m->deadline = value;
		break;
	}
}

static void random_timer_write(struct model *m)
{
	static const u32 modes[] = { 0, PERIODIC, BY_TSC };
	u32 msr = 0;
	u64 value = 0;

	switch (rand() % 4) {
	case 0:
		msr = X2(0x32);
		value = modes[rand() % 3] | (rand() % 3 ? 0 : MASKED) | 0x40;
		break;
	case 1:
		msr = X2(0x38);
		value = rand() % 12;
		break;
	case 2:
		msr = X2(0x3e);
		value = rand() & 0xb;
		break;
	default:
		msr = DEADLINE_MSR;
		value = rand() % 8 ? env.now + rand() % 40 : 0;
		break;
	}
	wr(msr, value);
	model_write(m, msr, value);
}

RULE(timer_agrees_with_a_stepped_counter)
{
	struct model m = { .lvt = MASKED };
	unsigned int tick, seen = 0;

	srand(3);
	for (tick = 0; tick < 300000; tick++) {
		run_to(env.now + 1);
		model_step(&m, env.now);
		assert_int_equal(take_and_eoi() == 0x40, m.raised);
		seen += m.raised;
		m.raised = false;
		assert_int_equal(rd(X2(0x39)), m.lvt & BY_TSC ? 0 : m.count);
		assert_int_equal(rd(X2(0x38)), m.initial);
		assert_int_equal(rd(DEADLINE_MSR), m.deadline);
		if (rand() % 16 == 0)
			random_timer_write(&m);
	}
	assert_in_range(seen, 3000, 300000);
}

static const struct CMUnitTest tests[] = {
	ENABLED(deadline_fires_once_and_reads_0),
	ENABLED(deadline_0_disarms),
	ENABLED(deadline_in_the_past_fires_at_once),
	ENABLED(deadline_of_all_ones_is_far_away),
	ENABLED(deadline_ignored_in_other_modes),
	ENABLED(deadline_mode_ignores_initial_count),
	ENABLED(deadline_moved_before_it_fires),
	ENABLED(deadline_passes_unseen_while_masked),
	ENABLED(clock_near_its_end_saturates),
	ENABLED(clock_set_back_shows_no_more_than_was_loaded),
	ENABLED(timer_agrees_with_a_stepped_counter),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
