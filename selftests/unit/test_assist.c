// SPDX-License-Identifier: GPL-2.0-only
/* build: ../../libzx/assist_alu.c -I../../libzx */
/*
 * What the assist computes, against sums and flags worked out by other means, and
 * the divisions that must not be tried.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "assist_alu.h"

#define ALU_AF		((uint64_t)1 << 4)
#define OTHER_FLAGS	((uint64_t)0x244700)

static const unsigned int sizes[] = { 1, 2, 4, 8 };
static const uint64_t values[] = {
	0, 1, 2, 0x0f, 0x10, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
	0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
	0x123456789abcdef0,
};

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* ZF, SF, PF of a result: SDM 1, 3.4.3.1. */
static uint64_t result_flags(uint64_t value, unsigned int size)
{
	value &= alu_mask(size);
	return (value ? 0 : ALU_ZF) | (value >> (8 * size - 1) ? ALU_SF : 0) |
	       (__builtin_parity(value & 0xff) ? 0 : ALU_PF);
}

static uint64_t sum_flags(uint64_t a, uint64_t b, unsigned int carry, unsigned int size)
{
	uint64_t sum = (a + b + carry) & alu_mask(size), sign = (uint64_t)1 << (8 * size - 1);
	__uint128_t wide = (__uint128_t)a + b + carry;

	return result_flags(sum, size) | (wide >> 8 * size ? ALU_CF : 0) |
	       ((a & 15) + (b & 15) + carry > 15 ? ALU_AF : 0) |
	       (~(a ^ b) & (a ^ sum) & sign ? ALU_OF : 0);
}

static uint64_t difference_flags(uint64_t a, uint64_t b, unsigned int borrow, unsigned int size)
{
	uint64_t left = (a - b - borrow) & alu_mask(size), sign = (uint64_t)1 << (8 * size - 1);

	return result_flags(left, size) | ((__uint128_t)b + borrow > a ? ALU_CF : 0) |
	       ((b & 15) + borrow > (a & 15) ? ALU_AF : 0) |
	       ((a ^ b) & (a ^ left) & sign ? ALU_OF : 0);
}

static void check(enum alu_op op, unsigned int size, uint64_t a, uint64_t b, uint64_t in,
		  uint64_t value, uint64_t flags)
{
	uint64_t out = in | OTHER_FLAGS;

	assert_int_equal(value & alu_mask(size), alu_run(op, size, a, b, &out));
	assert_int_equal(flags | OTHER_FLAGS, out);
}

static void check_pair(unsigned int size, uint64_t a, uint64_t b, uint64_t in)
{
	unsigned int carry = in & ALU_CF ? 1 : 0;

	a &= alu_mask(size);
	b &= alu_mask(size);
	check(ALU_ADD, size, a, b, in, a + b, sum_flags(a, b, 0, size));
	check(ALU_ADC, size, a, b, in, a + b + carry, sum_flags(a, b, carry, size));
	check(ALU_SUB, size, a, b, in, a - b, difference_flags(a, b, 0, size));
	check(ALU_SBB, size, a, b, in, a - b - carry, difference_flags(a, b, carry, size));
	check(ALU_CMP, size, a, b, in, a, difference_flags(a, b, 0, size));
	check(ALU_INC, size, a, b, in, a + 1,
	      (sum_flags(a, 1, 0, size) & ~ALU_CF) | (in & ALU_CF));
	check(ALU_DEC, size, a, b, in, a - 1,
	      (difference_flags(a, 1, 0, size) & ~ALU_CF) | (in & ALU_CF));
	check(ALU_NEG, size, a, b, in, -a, difference_flags(0, a, 0, size));
	check(ALU_NOT, size, a, b, in, ~a, in);
}

static void sums_and_flags(void **state)
{
	unsigned int size, i, j;

	(void)state;
	for (size = 0; size < COUNT(sizes); size++) {
		for (i = 0; i < COUNT(values); i++) {
			for (j = 0; j < COUNT(values); j++) {
				check_pair(sizes[size], values[i], values[j], 0);
				check_pair(sizes[size], values[i], values[j], ALU_FLAGS);
			}
		}
	}
}

static void bits_beyond_the_operand_do_not_count(void **state)
{
	uint64_t flags = 0;

	(void)state;
	assert_int_equal(0, alu_run(ALU_ADD, 1, 0x1ff, 0xf01, &flags));
	assert_int_equal(ALU_CF | ALU_ZF | ALU_PF | ALU_AF, flags);
}

static void shifts(void **state)
{
	uint64_t flags = ALU_FLAGS;

	(void)state;
	assert_int_equal(0x81, alu_run(ALU_SHL, 1, 0x81, 0, &flags));
	assert_int_equal(ALU_FLAGS, flags);
	flags = 0;
	assert_int_equal(0x02, alu_run(ALU_SHL, 1, 0x81, 1, &flags));
	assert_int_equal(ALU_CF | ALU_OF, flags & (ALU_CF | ALU_OF));
	flags = ALU_CF;
	assert_int_equal(0x03, alu_run(ALU_RCL, 1, 0x81, 1, &flags));
	assert_int_equal(ALU_CF, flags & ALU_CF);
	assert_int_equal(0xffff8000, alu_run(ALU_SAR, 4, 0x80000000, 16, &flags));
	assert_int_equal(0x3456789a, alu_double_shift(true, 4, 0x12345678, 0x9abcdef0, 8, &flags));
	assert_int_equal(0xf0123456, alu_double_shift(false, 4, 0x12345678, 0x9abcdef0, 8, &flags));
}

static void products(void **state)
{
	uint64_t low = 0x1234, high = 0x5555, flags = 0;

	(void)state;
	alu_multiply(false, 1, &low, &high, 0x10, &flags);
	assert_int_equal(0x340, low);
	assert_int_equal(0x5555, high);
	low = 0xffffffffffffffff;
	alu_multiply(true, 8, &low, &high, 2, &flags);
	assert_int_equal(-2ull, low);
	assert_int_equal(-1ull, high);
	assert_int_equal(0, flags & (ALU_CF | ALU_OF));
	low = 0xffffffffffffffff;
	alu_multiply(false, 8, &low, &high, 2, &flags);
	assert_int_equal(1, high);
	assert_int_equal(ALU_CF | ALU_OF, flags & (ALU_CF | ALU_OF));
}

static bool divides(bool sign, unsigned int size, uint64_t low, uint64_t high, uint64_t by)
{
	uint64_t flags = 0;

	return alu_divide(sign, size, &low, &high, by, &flags);
}

static void divisions_that_fault(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(sizes); i++) {
		assert_false(divides(false, sizes[i], 1, 0, 0));
		assert_false(divides(true, sizes[i], 1, 0, 0));
	}
	assert_false(divides(false, 1, 0x100, 0, 1));
	assert_true(divides(false, 1, 0xff, 0, 1));
	assert_false(divides(false, 4, 0, 1, 1));
	assert_false(divides(false, 8, 0, 1, 1));
	assert_true(divides(false, 8, 0, 1, 2));
	assert_false(divides(true, 1, 0xff80, 0, 0xff));
	assert_true(divides(true, 1, 0xff81, 0, 0xff));
	assert_false(divides(true, 8, (uint64_t)1 << 63, -1ull, -1ull));
	assert_true(divides(true, 8, ((uint64_t)1 << 63) + 1, -1ull, -1ull));
	assert_false(divides(true, 8, 0, (uint64_t)1 << 63, -1ull));
	assert_true(divides(true, 8, (uint64_t)1 << 63, -1ull, 1));
	assert_false(divides(true, 4, 0x80000000, 0, 1));
}

static void quotients(void **state)
{
	uint64_t low = -7ull, high = -1ull, flags = 0;

	(void)state;
	assert_true(alu_divide(true, 8, &low, &high, 2, &flags));
	assert_int_equal(-3ull, low);
	assert_int_equal(-1ull, high);
	low = 0xaaaa0107;
	assert_true(alu_divide(false, 1, &low, &high, 0x10, &flags));
	assert_int_equal(0xaaaa0710, low);
}

static void conditions(void **state)
{
	(void)state;
	assert_true(alu_condition(0x4, ALU_ZF));
	assert_false(alu_condition(0x5, ALU_ZF));
	assert_true(alu_condition(0x6, ALU_CF));
	assert_true(alu_condition(0x7, 0));
	assert_true(alu_condition(0xc, ALU_SF));
	assert_false(alu_condition(0xc, ALU_SF | ALU_OF));
	assert_true(alu_condition(0xd, ALU_SF | ALU_OF));
	assert_true(alu_condition(0xe, ALU_OF));
	assert_false(alu_condition(0xf, ALU_ZF));
	assert_true(alu_condition(0xa, ALU_PF));
	assert_true(alu_condition(0x0, ALU_OF));
	assert_true(alu_condition(0x9, 0));
	assert_true(alu_condition(0x2, ALU_CF));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_and_flags),
		cmocka_unit_test(bits_beyond_the_operand_do_not_count),
		cmocka_unit_test(shifts),
		cmocka_unit_test(products),
		cmocka_unit_test(divisions_that_fault),
		cmocka_unit_test(quotients),
		cmocka_unit_test(conditions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
