// SPDX-License-Identifier: GPL-2.0-only
/* The example VMM's I/O APIC against VCPUs that only take notes. */
/* build: ../../examples/vmm/ioapic.c -I../../examples/vmm */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "vmm.h"

#define ROWS(array)	(sizeof(array) / sizeof((array)[0]))

#define LOWEST		(1u << 8)
#define NMI		(4u << 8)
#define LOGICAL		(1u << 11)
#define REMOTE_IRR	(1u << 14)
#define LEVEL		(1u << 15)
#define MASKED		(1u << 16)

static struct {
	unsigned int cpu;
	uint8_t vector;
	bool level;
} sent[64];
static unsigned int count;
static uint64_t absent;
static struct vmm vmm;
static struct ioapic *const ioapic = &vmm.ioapic;

bool vcpu_interrupt(struct vmm *of, unsigned int id, uint8_t vector, bool level)
{
	assert_ptr_equal(of, &vmm);
	assert_true(id < vmm.cpus);
	if (absent >> id & 1 || (level && vector < 32))
		return false;
	assert_true(count < ROWS(sent));
	sent[count].cpu = id;
	sent[count].vector = vector;
	sent[count++].level = level;
	return true;
}

static int setup(void **state)
{
	(void)state;
	memset(&vmm, 0, sizeof(vmm));
	vmm.cpus = 8;
	absent = 0;
	count = 0;
	ioapic_init(ioapic, &vmm);
	return 0;
}

static uint32_t get(unsigned int index)
{
	ioapic_write(ioapic, 0x00, index);
	return ioapic_read(ioapic, 0x10);
}

static void set(unsigned int index, uint32_t value)
{
	ioapic_write(ioapic, 0x00, index);
	ioapic_write(ioapic, 0x10, value);
}

static void route(unsigned int pin, uint8_t destination, uint32_t low)
{
	set(0x11 + 2 * pin, (uint32_t)destination << 24);
	set(0x10 + 2 * pin, low);
}

static bool waits(unsigned int pin)
{
	return get(0x10 + 2 * pin) & REMOTE_IRR;
}

/* What has come since the last time: to the CPUs in @mask, in order. */
static void came(uint64_t mask, uint8_t vector, bool level)
{
	unsigned int i;

	assert_int_equal(count, __builtin_popcountll(mask));
	for (i = 0; i < count; i++, mask &= mask - 1) {
		assert_int_equal(sent[i].cpu, __builtin_ctzll(mask));
		assert_int_equal(sent[i].vector, vector);
		assert_int_equal(sent[i].level, level);
	}
	count = 0;
}

static void pulse(unsigned int pin)
{
	ioapic_set_line(ioapic, pin, true);
	ioapic_set_line(ioapic, pin, false);
}

static void registers(void **state)
{
	unsigned int i;

	(void)state;
	assert_int_equal(get(1), 0x00170020);
	for (i = 0; i < IOAPIC_PINS; i++)
		assert_int_equal(get(0x10 + 2 * i), MASKED);
	set(0, 0xffffffff);
	assert_int_equal(get(0), 0x0f000000);
	set(0x10, 0xffffffff & ~LEVEL);
	set(0x11, 0xffffffff);
	assert_int_equal(get(0x10), 0x00012fff);
	assert_int_equal(get(0x11), 0xff000000);
	set(1, 0);
	assert_int_equal(get(1), 0x00170020);
	for (i = 0x10 + 2 * IOAPIC_PINS; i < 0x100; i++) {
		set(i, 0xffffffff);
		assert_int_equal(get(i), 0);
	}
	for (i = 4; i < 0x1000; i += 4)
		if (i != 0x10)
			assert_int_equal(ioapic_read(ioapic, i), 0);
	came(0, 0, false);
}

static void edge_once(void **state)
{
	(void)state;
	route(4, 2, 0x50);
	ioapic_set_line(ioapic, 4, true);
	ioapic_set_line(ioapic, 4, true);
	came(1 << 2, 0x50, false);
	assert_false(waits(4));
	ioapic_eoi(ioapic, 0x50);
	set(0x18, 0x50);
	came(0, 0, false);
	ioapic_set_line(ioapic, 4, false);
	ioapic_set_line(ioapic, 4, true);
	came(1 << 2, 0x50, false);
}

static void edge_masked_is_lost(void **state)
{
	(void)state;
	route(4, 2, 0x50 | MASKED);
	ioapic_set_line(ioapic, 4, true);
	set(0x18, 0x50);
	came(0, 0, false);
}

static void level_again_until_low(void **state)
{
	(void)state;
	route(9, 1, 0x61 | LEVEL);
	ioapic_set_line(ioapic, 9, true);
	came(1 << 1, 0x61, true);
	assert_true(waits(9));
	/* One at a time, whatever the line does. */
	ioapic_set_line(ioapic, 9, false);
	ioapic_set_line(ioapic, 9, true);
	set(0x22, 0x61 | LEVEL);
	came(0, 0, false);
	ioapic_eoi(ioapic, 0x62);
	assert_true(waits(9));
	ioapic_eoi(ioapic, 0x61);
	came(1 << 1, 0x61, true);
	assert_true(waits(9));
	ioapic_set_line(ioapic, 9, false);
	ioapic_write(ioapic, 0x40, 0x61);
	came(0, 0, false);
	assert_false(waits(9));
}

static void level_masked_waits(void **state)
{
	(void)state;
	route(9, 1, 0x61 | LEVEL | MASKED);
	ioapic_set_line(ioapic, 9, true);
	came(0, 0, false);
	set(0x22, 0x61 | LEVEL);
	came(1 << 1, 0x61, true);
	/* An EOI while it is masked: sent when it no longer is. */
	set(0x22, 0x61 | LEVEL | MASKED);
	assert_true(waits(9));
	ioapic_eoi(ioapic, 0x61);
	assert_false(waits(9));
	came(0, 0, false);
	set(0x22, 0x61 | LEVEL);
	came(1 << 1, 0x61, true);
}

static void remote_irr_is_read_only(void **state)
{
	(void)state;
	route(9, 1, 0x61 | LEVEL | REMOTE_IRR);
	assert_false(waits(9));
	ioapic_set_line(ioapic, 9, true);
	set(0x22, 0x61 | LEVEL | MASKED);
	set(0x23, 0);
	assert_true(waits(9));
	set(0x22, 0x61 | MASKED);
	set(0x22, 0x61 | LEVEL | MASKED);
	assert_false(waits(9));
}

static void level_that_nobody_takes(void **state)
{
	(void)state;
	absent = 1 << 1;
	route(9, 1, 0x61 | LEVEL);
	ioapic_set_line(ioapic, 9, true);
	assert_false(waits(9));
	absent = 0;
	set(0x22, 0x61 | LEVEL);
	came(1 << 1, 0x61, true);
	/* A vector that no APIC accepts. */
	route(10, 1, 0x10 | LEVEL);
	ioapic_set_line(ioapic, 10, true);
	assert_false(waits(10));
	came(0, 0, false);
}

static void two_pins_one_vector(void **state)
{
	(void)state;
	route(5, 0, 0x71 | LEVEL);
	route(6, 0, 0x71 | LEVEL);
	ioapic_set_line(ioapic, 5, true);
	ioapic_set_line(ioapic, 6, true);
	count = 0;
	ioapic_set_line(ioapic, 5, false);
	ioapic_eoi(ioapic, 0x71);
	came(1, 0x71, true);
	assert_false(waits(5));
	assert_true(waits(6));
}

static void destinations(void **state)
{
	static const struct {
		unsigned int cpus;
		uint8_t destination;
		uint32_t mode;
		uint64_t expected;
	} rows[] = {
		{ 8, 3, 0, 1 << 3 }, { 8, 8, 0, 0 }, { 8, 0xff, 0, 0xff },
		{ 64, 63, 0, 1ull << 63 }, { 64, 0x40, 0, 0 }, { 1, 0, 0, 1 },
		{ 8, 0xa4, LOGICAL, 0xa4 }, { 8, 0, LOGICAL, 0 }, { 4, 0xff, LOGICAL, 0xf },
		{ 64, 0x81, LOGICAL, 0x81 }, { 8, 0xa4, LOGICAL | LOWEST, 1 << 2 },
		{ 8, 0xff, LOWEST, 1 }, { 8, 5, LOWEST, 1 << 5 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		vmm.cpus = rows[i].cpus;
		route(2, rows[i].destination, 0x45 | rows[i].mode);
		pulse(2);
		came(rows[i].expected, 0x45, false);
	}
	/* Of these the first is not there. */
	absent = 1 << 2;
	route(2, 0xa4, 0x45 | LOGICAL | LOWEST);
	pulse(2);
	came(1 << 5, 0x45, false);
}

static void modes(void **state)
{
	unsigned int mode;

	(void)state;
	for (mode = 0; mode < 8; mode++) {
		route(7, 0, 0x45 | mode << 8);
		pulse(7);
		if (mode == 4)
			came(1, 2, false);
		else
			came(mode < 2, 0x45, false);
	}
	/* An NMI has no level. */
	route(7, 0, 0x45 | NMI | LEVEL);
	pulse(7);
	pulse(7);
	assert_int_equal(count, 2);
	assert_false(waits(7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(registers, setup),
		cmocka_unit_test_setup(edge_once, setup),
		cmocka_unit_test_setup(edge_masked_is_lost, setup),
		cmocka_unit_test_setup(level_again_until_low, setup),
		cmocka_unit_test_setup(level_masked_waits, setup),
		cmocka_unit_test_setup(remote_irr_is_read_only, setup),
		cmocka_unit_test_setup(level_that_nobody_takes, setup),
		cmocka_unit_test_setup(two_pins_one_vector, setup),
		cmocka_unit_test_setup(destinations, setup),
		cmocka_unit_test_setup(modes, setup),
	};

	return cmocka_run_group_tests_name("ioapic", tests, NULL, NULL);
}
