// SPDX-License-Identifier: GPL-2.0-only
/*
 * INIT and STARTUP: what they reset, who waits for what, and where it goes on; SDM 3,
 * 9.4.4 and table 10-1. The same for both ways of IPIs, but for a STARTUP that nobody
 * waits for.
 */
#include "kselftest_harness.h"
#include "smp_vm.h"

FIXTURE(smp_init) {
	struct smp smp;
};

FIXTURE_VARIANT(smp_init) {
	bool page;
	uint32_t mode;
};

FIXTURE_VARIANT_ADD(smp_init, x2apic) { .page = false, .mode = ZXL_IPI_PACKET };
FIXTURE_VARIANT_ADD(smp_init, x2apic_kernel) { .page = false, .mode = ZXL_IPI_KERNEL };
FIXTURE_VARIANT_ADD(smp_init, xapic) { .page = true, .mode = ZXL_IPI_PACKET };
FIXTURE_VARIANT_ADD(smp_init, xapic_kernel) { .page = true, .mode = ZXL_IPI_KERNEL };

FIXTURE_SETUP(smp_init)
{
	self->smp.nr = 0;
}

FIXTURE_TEARDOWN(smp_init)
{
	smp_down(&self->smp);
}

#define up(nr)	(smp_up(&self->smp, nr, variant->page) ?: \
		 zxl_guest_set_ipi_mode(self->smp.vm.guest, variant->mode))

#define boots(cpu, ...)			smp_boots(&self->smp, cpu, __VA_ARGS__)
#define restarts(cpu, ...)		smp_starts(&self->smp, cpu, 1, __VA_ARGS__)
#define handles(cpu, vector, ...)	smp_handles(&self->smp, cpu, vector, __VA_ARGS__)
#define guest(cpu)			smp_guest(&self->smp, cpu)

#define READY		WORD_AT(0)
#define AGAIN		WORD_AT(1)
#define DONE		WORD_AT(2)
#define PAUSE		MARK(PAUSE_MARK)
#define PAUSE_MARK	0xff00

#define FOR_EVER	UINT64_MAX
#define SLEEP		ON, HALT, LOOP(1, FOR_EVER)
#define INIT(dest)	SEND(dest, ASSERTED | LEVEL | SEND_INIT), SEND(dest, LEVEL | SEND_INIT)
#define START(dest)	SEND(dest, ASSERTED | SEND_STARTUP | APIC_AP_OTHER >> 12)

/* What another VCPU was sent has arrived by then. */
static void pause_a_little(struct smp_cpu *cpu, uint32_t value)
{
	(void)cpu;
	if (value == PAUSE_MARK)
		sleep_ms(20);
}

TEST_F(smp_init, starts_again_elsewhere)
{
	ASSERT_EQ(ZX_OK, up(2));
	boots(0, ENABLE, AWAIT(READY, 1), INIT(1), START(1), AWAIT(AGAIN, 1));
	boots(1, ENABLE, ADD(READY, 1), SLEEP);
	restarts(1, ADD(AGAIN, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(2, guest(1)->starts);
	EXPECT_EQ(APIC_AP_OTHER >> 4, guest(1)->cs);
	EXPECT_EQ(0, self->smp.cpus[0].nr_startups);
	EXPECT_EQ(0, self->smp.cpus[0].nr_ipis);
}

TEST_F(smp_init, one_that_runs_without_exits)
{
	ASSERT_EQ(ZX_OK, up(2));
	boots(0, ENABLE, AWAIT(READY, 1), INIT(1), START(1), AWAIT(AGAIN, 1));
	boots(1, ENABLE, ADD(READY, 1), DELAY(FOR_EVER));
	restarts(1, ADD(AGAIN, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(2, guest(1)->starts);
}

TEST_F(smp_init, one_that_is_halted_for_good)
{
	ASSERT_EQ(ZX_OK, up(2));
	self->smp.mark = pause_a_little;
	boots(0, ENABLE, AWAIT(READY, 1), PAUSE, INIT(1), START(1), AWAIT(AGAIN, 1));
	boots(1, ENABLE, ADD(READY, 1), HALT);
	restarts(1, ADD(AGAIN, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(2, guest(1)->starts);
}

/* The second STARTUP, which the SDM's algorithm sends, finds one that runs. */
TEST_F(smp_init, second_startup)
{
	ASSERT_EQ(ZX_OK, up(2));
	boots(0, ENABLE, AWAIT(READY, 1), INIT(1), START(1), AWAIT(AGAIN, 1), START(1), START(1),
	      STORE(DONE, 1));
	boots(1, ENABLE, ADD(READY, 1), SLEEP);
	restarts(1, ENABLE, ADD(AGAIN, 1), AWAIT(DONE, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(2, guest(1)->starts);
	if (variant->mode == ZXL_IPI_KERNEL) {
		EXPECT_EQ(0, self->smp.cpus[0].nr_startups);
	} else {
		ASSERT_EQ(2, self->smp.cpus[0].nr_startups);
		EXPECT_EQ(1, self->smp.cpus[0].startups[0][0]);
		EXPECT_EQ(APIC_AP_OTHER, self->smp.cpus[0].startups[0][1]);
	}
}

TEST_F(smp_init, startup_of_none_is_a_packet)
{
	ASSERT_EQ(ZX_OK, up(1));
	boots(0, ENABLE, INIT(5), START(5));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	ASSERT_EQ(1, self->smp.cpus[0].nr_startups);
	EXPECT_EQ(5, self->smp.cpus[0].startups[0][0]);
	EXPECT_EQ(APIC_AP_OTHER, self->smp.cpus[0].startups[0][1]);
}

TEST_F(smp_init, what_comes_meanwhile_is_lost)
{
	ASSERT_EQ(ZX_OK, up(2));
	self->smp.mark = pause_a_little;
	boots(0, ENABLE, AWAIT(READY, 1), INIT(1), PAUSE, SEND(1, ASSERTED | 0x50),
	      SEND(1, ASSERTED | SEND_NMI), PAUSE, START(1), AWAIT(AGAIN, 1), STORE(DONE, 1));
	boots(1, ENABLE, ADD(READY, 1), SLEEP);
	restarts(1, ENABLE, READ(WORD(IRR, 0x50), 0), ADD(AGAIN, 1), AWAIT(DONE, 1), OPEN);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took_none(&self->smp, 1));
}

TEST_F(smp_init, what_was_pending_is_lost)
{
	ASSERT_EQ(ZX_OK, up(2));
	boots(0, ENABLE, AWAIT(READY, 1), INIT(1), START(1), AWAIT(AGAIN, 1));
	boots(1, ENABLE, RAISE(0x61), WRITE(TPR, 0x40), ADD(READY, 1), DELAY(FOR_EVER));
	restarts(1, READ(WORD(IRR, 0x61), 0), ENABLE, OPEN, ADD(AGAIN, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took_none(&self->smp, 1));
}

/* As after power-up, but the id and the mode stay: SDM 3, 11.4.7.3. */
TEST_F(smp_init, resets_the_apic)
{
	ASSERT_EQ(ZX_OK, up(2));
	boots(0, ENABLE, AWAIT(READY, 1), INIT(1), START(1), AWAIT(AGAIN, 1));
	boots(1, ENABLE, WRITE(TPR, 0x35), WRITE(LVT_LINT0, 0x45), WRITE(LVT_TIMER, 0x20046),
	      WRITE(DIVIDE, 0xb), WRITE(INITIAL, 0x1000000), SEND(9, SEND_NMI), ADD(READY, 1),
	      SLEEP);
	restarts(1, READ(ID, variant->page ? 1u << 24 : 1), READ(TPR, 0), READ(PPR, 0), CR8(0),
		 READ(SVR, 0xff), READ(LVT_LINT0, LVT_MASKED), READ(LVT_TIMER, LVT_MASKED),
		 READ(LVT_ERROR, LVT_MASKED), READ(DIVIDE, 0), READ(INITIAL, 0), READ(CURRENT, 0),
		 READ(ICR, 0), READ(ESR, 0), RDMSR(0x1b, variant->page ? 0xfee00800 : 0xfee00c00),
		 ADD(AGAIN, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

TEST_F(smp_init, of_itself)
{
	ASSERT_EQ(ZX_OK, up(2));
	self->smp.mark = pause_a_little;
	boots(0, ENABLE, AWAIT(READY, 1), PAUSE, START(1), AWAIT(AGAIN, 1));
	boots(1, ENABLE, ADD(READY, 1), INIT(1), ADD(AGAIN, 100));
	restarts(1, ADD(AGAIN, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(1, *smp_word(&self->smp, 1));
}

TEST_F(smp_init, again_and_again)
{
	unsigned int nth;

	ASSERT_EQ(ZX_OK, up(2));
	boots(0, ENABLE, INIT(1), START(1), AWAIT(AGAIN, 1), BUMP(1, 1), LOOP(5, 200));
	for (nth = 0; nth < GCPU_LISTS_LEN; nth++)
		smp_starts(&self->smp, 1, nth, ENABLE, ADD(AGAIN, 1), SLEEP);
	self->smp.cpus[1].endless = true;
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_LE(200, guest(1)->starts);
	EXPECT_GE(201, guest(1)->starts);
}

/* Without a pause: each STARTUP finds an INIT that may not have been noticed yet. */
TEST_F(smp_init, as_fast_as_it_goes)
{
	unsigned int nth;

	ASSERT_EQ(ZX_OK, up(2));
	boots(0, ENABLE, INIT(1), START(1), LOOP(3, 1000), AWAIT(AGAIN, 1));
	for (nth = 0; nth < GCPU_LISTS_LEN; nth++)
		smp_starts(&self->smp, 1, nth, ENABLE, ADD(AGAIN, 1), SLEEP);
	self->smp.cpus[1].endless = true;
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_LE(1, guest(1)->starts);
	EXPECT_GE(1001, guest(1)->starts);
}

TEST_F(smp_init, waiting_ends_with_a_kick)
{
	ASSERT_EQ(ZX_OK, up(2));
	self->smp.mark = pause_a_little;
	boots(0, ENABLE, AWAIT(READY, 1), INIT(1), PAUSE);
	boots(1, ENABLE, ADD(READY, 1), SLEEP);
	restarts(1, ADD(AGAIN, 1));
	self->smp.cpus[1].endless = true;
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(1, guest(1)->starts);
	EXPECT_EQ(0, *smp_word(&self->smp, 1));
}

static void kick_often(struct smp *smp)
{
	unsigned int i;

	wait_flag(smp_word(smp, 0), 1);
	for (i = 0; i < 50; i++) {
		sleep_ms(1);
		zx_vcpu_kick(smp->cpus[1].vcpu);
	}
	*smp_word(smp, 2) = 1;
}

TEST_F(smp_init, waiting_outlives_kicks)
{
	ASSERT_EQ(ZX_OK, up(2));
	self->smp.goes_on = true;
	self->smp.middle = kick_often;
	boots(0, ENABLE, AWAIT(READY, 1), INIT(1), AWAIT(DONE, 1), START(1), AWAIT(AGAIN, 1));
	boots(1, ENABLE, ADD(READY, 1), SLEEP);
	restarts(1, ADD(AGAIN, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(2, guest(1)->starts);
}

TEST_F(smp_init, to_all_others)
{
	unsigned int cpu;

	ASSERT_EQ(ZX_OK, up(4));
	for (cpu = 1; cpu < 4; cpu++) {
		boots(cpu, ENABLE, ADD(READY, 1), SLEEP);
		restarts(cpu, ADD(AGAIN, 1));
	}
	boots(0, ENABLE, AWAIT(READY, 3), SEND(0, ASSERTED | LEVEL | SEND_INIT | TO_OTHERS),
	      SEND(0, ASSERTED | SEND_STARTUP | TO_OTHERS | APIC_AP_OTHER >> 12),
	      AWAIT(AGAIN, 3));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	for (cpu = 1; cpu < 4; cpu++)
		EXPECT_EQ(2, guest(cpu)->starts);
	EXPECT_EQ(1, guest(0)->starts);
}

TEST_F(smp_init, to_one_of_several)
{
	unsigned int cpu;

	ASSERT_EQ(ZX_OK, up(4));
	for (cpu = 1; cpu < 4; cpu++) {
		boots(cpu, ENABLE, ADD(READY, 1), AWAIT(DONE, 1));
		restarts(cpu, ENABLE, ADD(AGAIN, 1), AWAIT(DONE, 1));
	}
	boots(0, ENABLE, AWAIT(READY, 3), INIT(2), START(2), AWAIT(AGAIN, 1), STORE(DONE, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	for (cpu = 0; cpu < 4; cpu++)
		EXPECT_EQ(1 + (cpu == 2), guest(cpu)->starts);
}

/* A level-triggered INIT without the assert bit is the end of one, and does nothing. */
TEST_F(smp_init, deassert_does_nothing)
{
	ASSERT_EQ(ZX_OK, up(2));
	self->smp.mark = pause_a_little;
	boots(0, ENABLE, AWAIT(READY, 1), SEND(1, LEVEL | SEND_INIT),
	      SEND(0, LEVEL | SEND_INIT | TO_ALL), PAUSE, STORE(DONE, 1));
	boots(1, ENABLE, ADD(READY, 1), AWAIT(DONE, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(1, guest(1)->starts);
}

/* The first VCPU does not wait: it is at the reset vector. */
TEST_F(smp_init, of_the_first_one)
{
	zx_vaddr_t addr;

	ASSERT_EQ(ZX_OK, up(2));
	ASSERT_EQ(ZX_OK, zx_vmar_map(self->smp.vm.vmar, ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE |
				     ZX_VM_SPECIFIC, 0xfffff000, self->smp.vm.vmo, APIC_RESET, PAGE,
				     &addr));
	boots(0, ENABLE, ADD(READY, 1), SLEEP);
	restarts(0, READ(ID, 0), READ(SVR, 0xff), ADD(AGAIN, 1));
	boots(1, ENABLE, AWAIT(READY, 1), INIT(0), AWAIT(AGAIN, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(2, guest(0)->starts);
	EXPECT_EQ(APIC_AP >> 4, guest(0)->cs);
}

TEST_F(smp_init, of_the_first_one_by_itself)
{
	zx_vaddr_t addr;

	ASSERT_EQ(ZX_OK, up(1));
	ASSERT_EQ(ZX_OK, zx_vmar_map(self->smp.vm.vmar, ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE |
				     ZX_VM_SPECIFIC, 0xfffff000, self->smp.vm.vmo, APIC_RESET, PAGE,
				     &addr));
	boots(0, ENABLE, INIT(0), ADD(AGAIN, 100));
	restarts(0, ADD(AGAIN, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(1, *smp_word(&self->smp, 1));
}

/* Between INIT and STARTUP nothing of a running timer reaches it. */
TEST_F(smp_init, stops_the_timer)
{
	ASSERT_EQ(ZX_OK, up(2));
	self->smp.mark = pause_a_little;
	boots(0, ENABLE, AWAIT(READY, 1), INIT(1), START(1), AWAIT(AGAIN, 1), PAUSE,
	      STORE(DONE, 1));
	boots(1, ENABLE, WRITE(DIVIDE, 0xb), WRITE(LVT_TIMER, 0x20051), WRITE(INITIAL, 1000000),
	      ADD(READY, 1), DELAY(FOR_EVER));
	restarts(1, ENABLE, ADD(AGAIN, 1), AWAIT(DONE, 1), READ(WORD(IRR, 0x51), 0), OPEN,
		 COUNTED(1, 0x51, 0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took_none(&self->smp, 1));
}

TEST_HARNESS_MAIN
