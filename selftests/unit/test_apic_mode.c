// SPDX-License-Identifier: GPL-2.0-only
/* The local APIC's modes, and level-triggered interrupts. A test for every rule. */
/* build: ../../module/hv/xapic.c ../../module/hv/apic.c -I../../module */
#include "apic_env.h"
#include "hv/xapic.h"

#define OFF	0xfee00000ull
#define XAPIC	0xfee00800ull
#define X2APIC	0xfee00c00ull
#define BSP	0x100

static u64 base(void)
{
	return zx_apic_get_base(&env.apic);
}

/* With a page, as all of these but one. */
static void to(u64 value)
{
	assert_true(zx_apic_set_base(&env.apic, value, true));
	assert_true(base() == value);
}

static void refused(u64 value)
{
	struct env before;

	memcpy(&before, &env, sizeof(before));
	assert_false(zx_apic_set_base(&env.apic, value, true));
	assert_memory_equal(&before, &env, sizeof(before));
}

static u32 prd(u32 offset)
{
	u32 value = 0xdeadbeef;

	assert_int_equal(zx_xapic_read(&env.apic, offset, &value), ZX_APIC_DONE);
	return value;
}

RULE(base_is_x2apic_at_first)
{
	assert_true(base() == X2APIC);
}

RULE(base_takes_all_ways_that_exist)
{
	to(OFF);
	to(XAPIC);
	to(X2APIC);
	to(OFF);
	to(XAPIC);
	to(OFF);
}

RULE(base_refuses_those_that_do_not)
{
	refused(XAPIC);
	refused(OFF | 0x400);
	to(OFF);
	refused(X2APIC);
	refused(OFF | 0x400);
	to(XAPIC);
	refused(OFF | 0x400);
}

RULE(base_refuses_other_addresses_and_reserved_bits)
{
	static const u64 modes[] = { X2APIC, OFF, XAPIC };
	unsigned int mode, bit;

	for (mode = 0; mode < ROWS(modes); mode++) {
		to(modes[mode]);
		for (bit = 0; bit < 64; bit++)
			if (bit != 8 && bit != 10 && bit != 11)
				refused(modes[mode] ^ 1ull << bit);
	}
	refused(0);
	refused(~0ull);
}

RULE(base_without_a_page_stays)
{
	assert_true(zx_apic_set_base(&env.apic, X2APIC, false));
	assert_false(zx_apic_set_base(&env.apic, OFF, false));
	assert_false(zx_apic_set_base(&env.apic, XAPIC, false));
	assert_true(base() == X2APIC);
}

RULE(base_says_who_is_first)
{
	zx_apic_init(&env.apic, 0, env.regs, &hooks);
	assert_true(base() == (X2APIC | BSP));
	assert_true(zx_apic_set_base(&env.apic, OFF, true));
	assert_true(base() == (OFF | BSP));
}

RULE(msrs_fault_in_the_other_modes)
{
	u64 value;
	u32 msr;

	to(OFF);
	for (msr = 0x800; msr < 0x900; msr++) {
		wr_gp(msr, 0);
		assert_int_equal(zx_apic_read(&env.apic, msr, &value), ZX_APIC_GP);
	}
	to(XAPIC);
	for (msr = 0x800; msr < 0x900; msr++) {
		wr_gp(msr, 0);
		assert_int_equal(zx_apic_read(&env.apic, msr, &value), ZX_APIC_GP);
	}
}

RULE(page_is_absent_while_off)
{
	u32 offset, value;

	to(OFF);
	for (offset = 0; offset < 0x1000; offset++) {
		assert_int_equal(zx_xapic_read(&env.apic, offset, &value), ZX_APIC_ABSENT);
		assert_int_equal(zx_xapic_write(&env.apic, offset, 0, &env.ipi), ZX_APIC_ABSENT);
	}
}

RULE(turning_off_resets)
{
	wr(X2(0x08), 0x30);
	wr(X2(0x36), 0x44);
	start(PERIODIC, 1000);
	zx_apic_accept(&env.apic, 0x50, true);
	assert_int_equal(take(), 0x50);
	zx_apic_accept(&env.apic, 0x60, false);
	wr(X2(0x30), 0);
	to(OFF);
	assert_false(env.armed);
	assert_int_equal(zx_apic_pending(&env.apic), -1);
	to(XAPIC);
	assert_int_equal(prd(0x020), 5u << 24);
	assert_int_equal(prd(0x080), 0);
	assert_int_equal(prd(0x0f0), 0xff);
	assert_int_equal(prd(0x360), MASKED);
	assert_int_equal(prd(0x380), 0);
	assert_int_equal(prd(0x120) | prd(0x1a0) | prd(0x220) | prd(0x230), 0);
	assert_int_equal(zx_xapic_write(&env.apic, 0x280, 0, &env.ipi), ZX_APIC_DONE);
	assert_int_equal(prd(0x280), 0);
}

/* SDM 3, 11.12.5.1: what both modes have stays, and LDR follows from the id. */
RULE(x2apic_takes_over_from_xapic)
{
	to(OFF);
	to(XAPIC);
	assert_int_equal(zx_xapic_write(&env.apic, 0x0f0, 0x1f3, &env.ipi), ZX_APIC_DONE);
	assert_int_equal(zx_xapic_write(&env.apic, 0x080, 0x35, &env.ipi), ZX_APIC_DONE);
	assert_int_equal(zx_xapic_write(&env.apic, 0x0d0, ~0u, &env.ipi), ZX_APIC_DONE);
	assert_int_equal(zx_xapic_write(&env.apic, 0x310, ~0u, &env.ipi), ZX_APIC_DONE);
	zx_apic_accept(&env.apic, 0x70, false);
	to(X2APIC);
	assert_int_equal(rd(X2(0x0f)), 0x1f3);
	assert_int_equal(rd(X2(0x08)), 0x35);
	assert_int_equal(rd(X2(0x0d)), 1 << 5);
	assert_int_equal(rd(X2(0x02)), 5);
	assert_true(irr_has(0x70));
	/* SDM 3, 11.12.9: no destination of the other mode. */
	assert_int_equal(rd(X2(0x30)) >> 32, 0);
}

static bool tmr_has(u8 vector)
{
	return rd(X2(0x18) + vector / 32) >> (vector % 32) & 1;
}

/* The vector whose end the EOI reports, or -1. */
static int eoi(void)
{
	enum zx_apic_action action;

	memset(&env.ipi, 0xa5, sizeof(env.ipi));
	action = zx_apic_write(&env.apic, X2(0x0b), 0, &env.ipi);
	if (action == ZX_APIC_DONE)
		return -1;
	assert_int_equal(action, ZX_APIC_EOI);
	return env.ipi.vector;
}

RULE(level_of_every_vector_reports_its_end)
{
	unsigned int vector;

	for (vector = 16; vector < 256; vector++) {
		zx_apic_accept(&env.apic, vector, true);
		assert_true(tmr_has(vector));
		assert_int_equal(take(), vector);
		assert_int_equal(eoi(), vector);
		assert_int_equal(eoi(), -1);
	}
}

RULE(edge_of_every_vector_reports_none)
{
	unsigned int vector;

	for (vector = 16; vector < 256; vector++) {
		zx_apic_accept(&env.apic, vector, true);
		zx_apic_accept(&env.apic, vector, false);
		assert_false(tmr_has(vector));
		assert_int_equal(take(), vector);
		assert_int_equal(eoi(), -1);
	}
}

RULE(level_over_a_pending_edge)
{
	zx_apic_accept(&env.apic, 0x50, false);
	zx_apic_accept(&env.apic, 0x50, true);
	assert_int_equal(take(), 0x50);
	assert_int_equal(eoi(), 0x50);
	assert_int_equal(take(), -1);
}

RULE(level_again_while_served)
{
	zx_apic_accept(&env.apic, 0x50, true);
	assert_int_equal(take(), 0x50);
	zx_apic_accept(&env.apic, 0x50, true);
	assert_int_equal(eoi(), 0x50);
	assert_int_equal(take(), 0x50);
	assert_int_equal(eoi(), 0x50);
}

RULE(levels_end_from_the_top)
{
	zx_apic_accept(&env.apic, 0x41, true);
	assert_int_equal(take(), 0x41);
	zx_apic_accept(&env.apic, 0x61, true);
	assert_int_equal(take(), 0x61);
	zx_apic_accept(&env.apic, 0x81, false);
	assert_int_equal(take(), 0x81);
	assert_int_equal(eoi(), -1);
	assert_int_equal(eoi(), 0x61);
	assert_int_equal(eoi(), 0x41);
}

RULE(level_in_the_page_reports_its_end)
{
	zx_apic_accept(&env.apic, 0x50, true);
	assert_int_equal(take(), 0x50);
	assert_int_equal(zx_xapic_write(&env.apic, 0x0b0, 0, &env.ipi), ZX_APIC_EOI);
	assert_int_equal(env.ipi.vector, 0x50);
}

/* Whatever is written to base and registers, in any order, the mode is one of three. */
RULE(random_modes_keep_the_invariants)
{
	static const u64 modes[] = { OFF, XAPIC, X2APIC, OFF | 0x400 };
	unsigned int round;
	u32 offset, value;
	u64 wide;

	srand(6);
	for (round = 0; round < 300000; round++) {
		if (rand() % 16 == 0)
			zx_apic_set_base(&env.apic, modes[rand() % 4] | (rand() % 8 == 0) << 9,
					 rand() % 8);
		offset = rand() % 0x40;
		value = (u32)rand() << (rand() % 32) >> (rand() % 32);
		zx_apic_write(&env.apic, X2(offset), value, &env.ipi);
		zx_xapic_write(&env.apic, offset * 16, value, &env.ipi);
		zx_apic_read(&env.apic, X2(offset), &wide);
		if (rand() % 4 == 0)
			zx_apic_accept(&env.apic, rand() % 256, rand() % 2);
		env.now += rand() % 1000;
		run_to(env.now);
		assert_true(base() == OFF || base() == XAPIC || base() == X2APIC);
		assert_true(base() != OFF || (zx_apic_highest_isr(&env.apic) < 0 && !env.armed));
		take();
	}
}

static const struct CMUnitTest tests[] = {
	DISABLED(base_is_x2apic_at_first),
	ENABLED(base_takes_all_ways_that_exist),
	ENABLED(base_refuses_those_that_do_not),
	ENABLED(base_refuses_other_addresses_and_reserved_bits),
	ENABLED(base_without_a_page_stays),
	DISABLED(base_says_who_is_first),
	ENABLED(msrs_fault_in_the_other_modes),
	ENABLED(page_is_absent_while_off),
	ENABLED(turning_off_resets),
	ENABLED(x2apic_takes_over_from_xapic),
	ENABLED(level_of_every_vector_reports_its_end),
	ENABLED(edge_of_every_vector_reports_none),
	ENABLED(level_over_a_pending_edge),
	ENABLED(level_again_while_served),
	ENABLED(levels_end_from_the_top),
	ENABLED(level_in_the_page_reports_its_end),
	ENABLED(random_modes_keep_the_invariants),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
