// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every register of the local APIC with every bit, by MSR and in the page, and ICR in all
 * its combinations, against a model of what SDM 3, chapter 11 says of each.
 */
#include <stdio.h>
#include <stdlib.h>

#include "kselftest_harness.h"
#include "smp_vm.h"

#define MAX_STEPS	32000

FIXTURE(apic_bits) {
	struct smp smp;
	struct guest_step *steps;
	unsigned int nr;
	int log;
};

FIXTURE_SETUP(apic_bits)
{
	ASSERT_EQ(ZX_OK, smp_up(&self->smp, 1, false));
	self->smp.deaf = true;
	self->steps = calloc(MAX_STEPS, sizeof(self->steps[0]));
	ASSERT_NE(NULL, self->steps);
	self->log = smp_log_lines();
	ASSERT_LE(0, self->log);
}

/* Nothing that a guest does is worth a line. */
FIXTURE_TEARDOWN(apic_bits)
{
	EXPECT_EQ(self->log, smp_log_lines());
	free(self->steps);
	smp_down(&self->smp);
}

static void add(struct _test_data_apic_bits *self, struct guest_step step)
{
	if (self->nr < MAX_STEPS)
		self->steps[self->nr++] = step;
}

#define ADD_STEP(...)	add(self, (struct guest_step)__VA_ARGS__)

static zx_status_t run_steps(struct _test_data_apic_bits *self)
{
	if (self->nr == MAX_STEPS)
		return ZX_ERR_NO_RESOURCES;
	smp_guest(&self->smp, 0)->lists[0] = smp_list(&self->smp, self->steps, self->nr, true);
	return smp_run(&self->smp);
}

enum { NO, RO, WO, RW };

/* @bits: writable; @gone: of these, what reads as 0; @same: reads what was written */
struct model {
	int access;
	uint64_t bits, gone;
	bool same;
};

#define LVT_GONE	0x5000

/* SDM 3, table 11-6, and the figures of each register. */
static struct model model_of(unsigned int reg)
{
	if (reg >= ISR && reg < ESR)
		return (struct model){ .access = RO };
	switch (reg) {
	case ID: case VERSION: case PPR: case LDR: case CURRENT:
		return (struct model){ .access = RO };
	case EOI:
		return (struct model){ .access = WO };
	case SELF_IPI:
		return (struct model){ .access = WO, .bits = 0xff };
	case TPR:
		return (struct model){ RW, 0xff, 0, true };
	case SVR:
		return (struct model){ RW, 0x3ff, 0, true };
	case ESR:
		return (struct model){ .access = RW };
	case LVT_TIMER:
		return (struct model){ RW, 0x710ff, LVT_GONE, true };
	case LVT_CMCI: case LVT_THERMAL: case LVT_PMI:
		return (struct model){ RW, 0x117ff, LVT_GONE, true };
	case LVT_LINT0: case LVT_LINT1:
		return (struct model){ RW, 0x1f7ff, LVT_GONE, true };
	case LVT_ERROR:
		return (struct model){ RW, 0x110ff, LVT_GONE, true };
	case INITIAL:
		return (struct model){ RW, 0xffffffff, 0, true };
	case DIVIDE:
		return (struct model){ RW, 0xb, 0, true };
	default:
		return (struct model){ .access = NO };
	}
}

static bool reserved_timer_mode(unsigned int reg, uint64_t value)
{
	return reg == LVT_TIMER && (value & 0x60000) == 0x60000;
}

static const uint64_t patterns[] = {
	0, UINT64_MAX, 0xffffffff, 0x5555555555555555, 0xaaaaaaaaaaaaaaaa, 0x55555555, 0xaaaaaaaa,
	0xffff, 0xff, 0x100, 0x7fffffff, 0x12345678,
};

/* Pattern @i of them, or else a single bit. */
static uint64_t pattern(unsigned int i)
{
	return i < ARRAY_SIZE(patterns) ? patterns[i] : 1ull << (i - ARRAY_SIZE(patterns));
}

#define NR_PATTERNS	(ARRAY_SIZE(patterns) + 64)

static void write_by_msr(struct _test_data_apic_bits *self, unsigned int reg, uint64_t value)
{
	const struct model model = model_of(reg);

	if (!(model.access & WO) || value & ~model.bits || reserved_timer_mode(reg, value)) {
		ADD_STEP(FAULTS(WRMSR, 0x800 + reg, value));
		return;
	}
	ADD_STEP(WRMSR(0x800 + reg, value));
	if (model.same)
		ADD_STEP(RDMSR(0x800 + reg, value & ~model.gone));
	if (reg == SVR)
		ADD_STEP(ENABLE);
	/* The count cannot be set in TSC-deadline mode. */
	if (reg == LVT_TIMER)
		ADD_STEP(WRITE(LVT_TIMER, LVT_MASKED));
}

TEST_F(apic_bits, of_every_msr)
{
	unsigned int reg, i;

	ADD_STEP(ENABLE);
	for (reg = 0; reg < 256; reg++) {
		if (reg == ICR)
			continue;
		if (model_of(reg).access & RO)
			ADD_STEP(RDMSR(0x800 + reg, ANY));
		else
			ADD_STEP(FAULTS(RDMSR, 0x800 + reg, 0));
		for (i = 0; i < NR_PATTERNS; i++)
			write_by_msr(self, reg, pattern(i));
	}
	EXPECT_EQ(ZX_OK, run_steps(self));
}

/* Table 11-1: registers that the page has and x2APIC mode has not, and the other way. */
static bool in_page(unsigned int reg)
{
	return reg == 0x09 || reg == 0x0c || reg == DFR || reg == ICR || reg == ICR + 1 ||
	       (reg != SELF_IPI && model_of(reg).access != NO);
}

static void write_in_page(struct _test_data_apic_bits *self, unsigned int reg, uint32_t value)
{
	const struct model model = model_of(reg);

	ADD_STEP(STEP(STORE_PAGE, reg * 16, value));
	if (reg == DFR)
		ADD_STEP(STEP(LOAD_PAGE, reg * 16, value | 0x0fffffff));
	else if (reg == LDR || reg == ICR + 1)
		ADD_STEP(STEP(LOAD_PAGE, reg * 16, value & 0xff000000));
	else if (model.same && !reserved_timer_mode(reg, value))
		ADD_STEP(STEP(LOAD_PAGE, reg * 16, value & model.bits & ~model.gone));
	else
		ADD_STEP(STEP(LOAD_PAGE, reg * 16, ANY));
	if (reg == SVR)
		ADD_STEP(ENABLE);
	/* The count cannot be set in TSC-deadline mode. */
	if (reg == LVT_TIMER)
		ADD_STEP(WRITE(LVT_TIMER, LVT_MASKED));
}

static zx_status_t page_on(struct _test_data_apic_bits *self)
{
	self->smp.page = true;
	return zx_guest_set_trap(self->smp.vm.guest, ZX_GUEST_TRAP_MEM, APIC_PAGE, PAGE,
				 ZX_HANDLE_INVALID, 1);
}

TEST_F(apic_bits, of_every_register_in_the_page)
{
	unsigned int reg, i;

	ASSERT_EQ(ZX_OK, page_on(self));
	ADD_STEP(ENABLE);
	for (reg = 0; reg < 256; reg++) {
		if (!in_page(reg) || reg == ICR)
			continue;
		for (i = 0; i < NR_PATTERNS; i++)
			if (pattern(i) == (uint32_t)pattern(i))
				write_in_page(self, reg, pattern(i));
	}
	EXPECT_EQ(ZX_OK, run_steps(self));
	EXPECT_EQ(0, self->smp.cpus[0].nr_mems);
}

TEST_F(apic_bits, of_the_rest_of_the_page)
{
	unsigned int offset, packets = 0;

	ASSERT_EQ(ZX_OK, page_on(self));
	for (offset = 0; offset < PAGE; offset += 4) {
		if (!(offset & 15) && in_page(offset / 16))
			continue;
		ADD_STEP(STEP(LOAD_PAGE, offset, NO_REGISTER));
		ADD_STEP(STEP(STORE_PAGE, offset, 0));
		ADD_STEP(STEP(STORE_PAGE, offset, UINT32_MAX));
		packets += 3;
	}
	EXPECT_EQ(ZX_OK, run_steps(self));
	EXPECT_EQ(packets, self->smp.cpus[0].nr_mems);
}

TEST_F(apic_bits, of_vectors_in_lvts)
{
	static const uint8_t lvts[] = {
		LVT_CMCI, LVT_TIMER, LVT_THERMAL, LVT_PMI, LVT_LINT0, LVT_LINT1, LVT_ERROR,
	};
	unsigned int i, vector;

	ADD_STEP(ENABLE);
	for (i = 0; i < ARRAY_SIZE(lvts); i++) {
		for (vector = 0; vector < 256; vector++) {
			ADD_STEP(WRITE(lvts[i], vector));
			ADD_STEP(READ(lvts[i], vector));
		}
	}
	ADD_STEP(WRITE(ESR, 0));
	ADD_STEP(READ(ESR, 0));
	EXPECT_EQ(ZX_OK, run_steps(self));
}

/* An error that is to interrupt with such a vector, and a timer that is. */
TEST_F(apic_bits, of_vectors_that_lvts_raise)
{
	unsigned int vector;

	ADD_STEP(ENABLE);
	ADD_STEP(WRITE(DIVIDE, 0xb));
	for (vector = 0; vector < 32; vector++) {
		const uint32_t error = vector < 16 ? 0x40 : 0;

		ADD_STEP(WRITE(LVT_ERROR, vector));
		ADD_STEP(SEND(0, ASSERTED));
		ADD_STEP(WRITE(ESR, 0));
		ADD_STEP(READ(ESR, 0x20 | error));
		ADD_STEP(READ(IRR, vector < 16 ? 0 : (2u << vector) - 0x10000));
	}
	ADD_STEP(WRITE(LVT_ERROR, LVT_MASKED));
	for (vector = 0; vector < 16; vector++) {
		ADD_STEP(WRITE(LVT_TIMER, vector));
		ADD_STEP(WRITE(INITIAL, 1));
		ADD_STEP(DELAY(1000));
		ADD_STEP(READ(CURRENT, 0));
		ADD_STEP(WRITE(ESR, 0));
		ADD_STEP(READ(ESR, 0x40));
	}
	EXPECT_EQ(ZX_OK, run_steps(self));
}

/* ICR. The only VCPU is the sender: it, or nobody, is meant. */
static bool means_self(uint32_t dest, uint32_t low, bool page)
{
	switch (low >> 18 & 3) {
	case 1:
	case 2:
		return true;
	case 3:
		return false;
	}
	if (page)
		dest &= 0xff;
	if (dest == (page ? 0xff : UINT32_MAX))
		return true;
	/* Cluster 0, bit 0 by MSR; in the page LDR is 0. */
	if (low & LOGICAL)
		return !page && dest >> 16 == 0 && dest & 1;
	return dest == 0;
}

static const uint32_t dests[] = { 0, 1, 2, 63, 64, 0xfe, 0xff, 0x10001, 0x80000000, UINT32_MAX };
static const uint8_t vectors[] = { 0, 2, 15, 16, 31, 32, 0x90, 0xff };

/* One command: what ESR says then, and whether there is a packet. */
static bool add_command(struct _test_data_apic_bits *self, uint32_t dest, uint32_t low, bool kernel)
{
	const bool page = self->smp.page, me = means_self(dest, low, page);
	const unsigned int mode = low >> 8 & 7;
	const bool sent = mode > 1 || (low & 0xff) >= 16;

	ADD_STEP(WRITE(ICR, TO(dest, low)));
	ADD_STEP(READ(ICR, page ? low : TO(dest, low)));
	ADD_STEP(WRITE(ESR, 0));
	ADD_STEP(READ(ESR, sent ? 0 : 0x20));
	if (mode == 6)
		return !me || !kernel;
	return mode < 2 && sent && me && !kernel;
}

static unsigned int add_commands(struct _test_data_apic_bits *self, uint32_t dest, bool kernel)
{
	unsigned int packets = 0, bits, i;

	/* Mode, destination mode, then assert, trigger, and shorthand. */
	for (bits = 0; bits < 256; bits++) {
		const uint32_t low = (bits & 15) << 8 | (bits >> 4 & 3) << 14 |
				     (bits >> 6 & 3) << 18;

		/* To reset itself is another test's. */
		if ((bits & 7) == 5 && means_self(dest, low, self->smp.page))
			continue;
		for (i = 0; i < ARRAY_SIZE(vectors); i++)
			packets += add_command(self, dest, low | vectors[i], kernel);
	}
	return packets;
}

static bool run_commands(struct _test_data_apic_bits *self, bool kernel)
{
	unsigned int i, packets;

	if (zxl_guest_set_ipi_mode(self->smp.vm.guest, kernel) != ZX_OK)
		return false;
	for (i = 0; i < ARRAY_SIZE(dests); i++) {
		struct smp_cpu *cpu = &self->smp.cpus[0];

		self->nr = 0;
		self->smp.next_list = APIC_STEPS;
		smp_restart(&self->smp);
		ADD_STEP(ENABLE);
		packets = add_commands(self, dests[i], kernel);
		if (run_steps(self) != ZX_OK)
			return false;
		if (cpu->nr_ipis + cpu->nr_startups == packets)
			continue;
		fprintf(stderr, "# %u packets to %#x, not %u\n", cpu->nr_ipis + cpu->nr_startups,
			dests[i], packets);
		return false;
	}
	return true;
}

TEST_F(apic_bits, of_commands_by_msr)
{
	EXPECT_TRUE(run_commands(self, false));
}

TEST_F(apic_bits, of_commands_by_msr_in_the_kernel)
{
	EXPECT_TRUE(run_commands(self, true));
}

TEST_F(apic_bits, of_commands_in_the_page)
{
	ASSERT_EQ(ZX_OK, page_on(self));
	EXPECT_TRUE(run_commands(self, false));
}

TEST_F(apic_bits, of_commands_in_the_page_in_the_kernel)
{
	ASSERT_EQ(ZX_OK, page_on(self));
	EXPECT_TRUE(run_commands(self, true));
}

/* Reserved: 12 is read only, 13, 16, 17, and 20 to 31. */
TEST_F(apic_bits, of_commands_that_are_reserved)
{
	unsigned int bit;

	ADD_STEP(ENABLE);
	for (bit = 0; bit < 32; bit++) {
		/* 0x52 of mode NMI to nobody. */
		const uint64_t value = TO(9, SEND_NMI | 0x52) ^ 1ull << bit;

		if (0xfff33000u >> bit & 1)
			ADD_STEP(FAULTS(WRMSR, 0x830, value));
		else if (bit != 10)
			ADD_STEP(WRMSR(0x830, value));
	}
	EXPECT_EQ(ZX_OK, run_steps(self));
}

TEST_F(apic_bits, of_commands_that_the_page_ignores)
{
	ASSERT_EQ(ZX_OK, page_on(self));
	ADD_STEP(ENABLE);
	ADD_STEP(STEP(STORE_PAGE, 0x310, 0x09ffffff));
	ADD_STEP(STEP(STORE_PAGE, 0x300, 0xfff33452));
	ADD_STEP(STEP(LOAD_PAGE, 0x300, 0x452));
	ADD_STEP(STEP(LOAD_PAGE, 0x310, 0x09000000));
	EXPECT_EQ(ZX_OK, run_steps(self));
}

TEST_HARNESS_MAIN
