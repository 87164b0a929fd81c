// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPIs among VCPUs that run at the same time, in both modes of the registers and with both
 * ways of IPIs: each arrives, once, and what was stored before it is seen.
 */
#include "kselftest_harness.h"
#include "smp_vm.h"

FIXTURE(smp) {
	struct smp smp;
};

FIXTURE_VARIANT(smp) {
	bool page;
	uint32_t mode;
};

FIXTURE_VARIANT_ADD(smp, x2apic) { .page = false, .mode = ZXL_IPI_PACKET };
FIXTURE_VARIANT_ADD(smp, x2apic_kernel) { .page = false, .mode = ZXL_IPI_KERNEL };
FIXTURE_VARIANT_ADD(smp, xapic) { .page = true, .mode = ZXL_IPI_PACKET };
FIXTURE_VARIANT_ADD(smp, xapic_kernel) { .page = true, .mode = ZXL_IPI_KERNEL };

FIXTURE_SETUP(smp)
{
	self->smp.nr = 0;
}

FIXTURE_TEARDOWN(smp)
{
	smp_down(&self->smp);
}

#define up(nr)	(smp_up(&self->smp, nr, variant->page) ?: \
		 zxl_guest_set_ipi_mode(self->smp.vm.guest, variant->mode))

#define boots(cpu, ...)			smp_boots(&self->smp, cpu, __VA_ARGS__)
#define handles(cpu, vector, ...)	smp_handles(&self->smp, cpu, vector, __VA_ARGS__)
#define count_of(cpu, vector)		(smp_guest(&self->smp, cpu)->count[vector])

/* READY counts those that have their APIC on; ACK(n), what has arrived of n's. */
#define READY		WORD_AT(0)
#define DATA		WORD_AT(1)
#define DONE		WORD_AT(2)
#define ACK(cpu)	WORD_AT(8 * (1 + (cpu)))
#define ARRIVE(nr)	ENABLE, ADD(READY, 1), AWAIT(READY, nr)

#define ROUNDS		300

TEST_F(smp, ping_pong)
{
	ASSERT_EQ(ZX_OK, up(2));
	handles(0, 0x51, WRITE(EOI, 0), SEND(1, ASSERTED | 0x50));
	handles(1, 0x50, WRITE(EOI, 0), SEND(0, ASSERTED | 0x51));
	boots(0, ARRIVE(2), SEND(1, ASSERTED | 0x50), WAIT_FOR(0x51, ROUNDS));
	boots(1, ARRIVE(2), WAIT_FOR(0x50, ROUNDS));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	/* The ball may go round once more before the second of them stops. */
	EXPECT_LE(ROUNDS, count_of(0, 0x51));
	EXPECT_LE(count_of(0, 0x51), count_of(1, 0x50));
	EXPECT_LE(count_of(1, 0x50), count_of(0, 0x51) + 1);
	EXPECT_EQ(variant->mode == ZXL_IPI_KERNEL ? 0 : count_of(0, 0x51) + count_of(1, 0x50) + 1,
		  self->smp.cpus[0].nr_ipis + self->smp.cpus[1].nr_ipis);
}

#define ALL_ROUNDS	50

/* VCPU @from sends 0x40 + 16 * @from; who gets it counts, and says so at ACK(@from). */
static void send_to_all(struct smp *smp, unsigned int from, bool shorthand)
{
	const uint8_t vector = 0x40 + 16 * from;
	struct guest_step steps[16], *step = steps;
	unsigned int to;

	for (to = 0; to < smp->nr; to++)
		smp_handles(smp, to, vector, WRITE(EOI, 0), ADD(ACK(from), 1));
	*step++ = (struct guest_step)ENABLE;
	*step++ = (struct guest_step)ADD(READY, 1);
	*step++ = (struct guest_step)ON;
	*step++ = (struct guest_step)AWAIT(READY, smp->nr);
	if (shorthand)
		*step++ = (struct guest_step)SEND(0, ASSERTED | TO_OTHERS | vector);
	for (to = 0; to < smp->nr && !shorthand; to++)
		if (to != from)
			*step++ = (struct guest_step)SEND(to, ASSERTED | vector);
	*step++ = (struct guest_step)AWAIT(ACK(from), smp->nr - 1);
	*step++ = (struct guest_step)BUMP(1, smp->nr - 1);
	*step++ = (struct guest_step)LOOP(shorthand ? 3 : 1 + smp->nr, ALL_ROUNDS);
	*step++ = (struct guest_step)ADD(DONE, 1);
	*step++ = (struct guest_step)AWAIT(DONE, smp->nr);
	smp_guest(smp, from)->lists[0] = smp_list(smp, steps, step - steps, true);
}

static bool each_got_all(struct smp *smp)
{
	unsigned int from, to;
	bool good = true;

	for (from = 0; from < smp->nr; from++)
		for (to = 0; to < smp->nr; to++)
			good &= smp_guest(smp, to)->count[0x40 + 16 * from] ==
				(from == to ? 0 : ALL_ROUNDS);
	return good;
}

TEST_F(smp, all_to_all_are_counted)
{
	unsigned int cpu;

	ASSERT_EQ(ZX_OK, up(4));
	for (cpu = 0; cpu < 4; cpu++)
		send_to_all(&self->smp, cpu, false);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(each_got_all(&self->smp));
}

TEST_F(smp, all_to_others_are_counted)
{
	unsigned int cpu;

	ASSERT_EQ(ZX_OK, up(4));
	for (cpu = 0; cpu < 4; cpu++)
		send_to_all(&self->smp, cpu, true);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(each_got_all(&self->smp));
}

TEST_F(smp, two_to_each_other_are_counted)
{
	ASSERT_EQ(ZX_OK, up(2));
	send_to_all(&self->smp, 0, false);
	send_to_all(&self->smp, 1, false);
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(each_got_all(&self->smp));
}

TEST_F(smp, nmis_are_counted)
{
	ASSERT_EQ(ZX_OK, up(2));
	handles(1, NMI, ADD(ACK(0), 1));
	boots(0, ARRIVE(2), SEND(1, ASSERTED | SEND_NMI), AWAIT(ACK(0), 1), BUMP(1, 1),
	      LOOP(3, 50), STORE(DONE, 1));
	boots(1, ARRIVE(2), AWAIT(DONE, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(50, count_of(1, NMI));
	EXPECT_EQ(0, count_of(0, NMI));
}

TEST_F(smp, nmi_to_others)
{
	unsigned int cpu;

	ASSERT_EQ(ZX_OK, up(4));
	for (cpu = 1; cpu < 4; cpu++) {
		handles(cpu, NMI, ADD(ACK(0), 1));
		boots(cpu, ARRIVE(4), AWAIT(DONE, 1));
	}
	boots(0, ARRIVE(4), SEND(0, ASSERTED | SEND_NMI | TO_OTHERS), AWAIT(ACK(0), 3),
	      STORE(DONE, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	for (cpu = 0; cpu < 4; cpu++)
		EXPECT_EQ(cpu != 0, count_of(cpu, NMI));
}

TEST_F(smp, store_is_seen_by_the_handler)
{
	ASSERT_EQ(ZX_OK, up(2));
	handles(1, 0x50, MUST_BE(DATA, 1), BUMP(1, 1), WRITE(EOI, 0), ADD(ACK(0), 1));
	boots(0, ARRIVE(2), STORE(DATA, 1), BUMP(1, 1), SEND(1, ASSERTED | 0x50),
	      AWAIT(ACK(0), 1), BUMP(1, 1), LOOP(5, ROUNDS), STORE(DONE, 1));
	boots(1, ARRIVE(2), ON, AWAIT(DONE, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(ROUNDS, count_of(1, 0x50));
}

TEST_F(smp, to_everybody)
{
	unsigned int cpu;

	ASSERT_EQ(ZX_OK, up(4));
	for (cpu = 0; cpu < 4; cpu++) {
		handles(cpu, 0x50, WRITE(EOI, 0), ADD(ACK(0), 1));
		handles(cpu, 0x60, WRITE(EOI, 0), ADD(ACK(1), 1));
		boots(cpu, ARRIVE(4), ON, AWAIT(ACK(1), 4));
	}
	boots(0, ARRIVE(4), SEND(EVERYBODY, ASSERTED | 0x50), ON, AWAIT(ACK(0), 4),
	      SEND(0, ASSERTED | TO_ALL | 0x60), AWAIT(ACK(1), 4));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	for (cpu = 0; cpu < 4; cpu++) {
		EXPECT_EQ(1, count_of(cpu, 0x50));
		EXPECT_EQ(1, count_of(cpu, 0x60));
	}
}

/* In the page, flat ids: VCPU n is bit n, as it is in x2APIC mode's cluster 0. */
#define FLAT_ID(cpu) \
	(variant->page ? (struct guest_step)WRITE(LDR, 0x01000000u << (cpu)) : \
			 (struct guest_step)READ(LDR, 1u << (cpu)))

TEST_F(smp, by_logical_ids)
{
	unsigned int cpu;

	ASSERT_EQ(ZX_OK, up(4));
	for (cpu = 1; cpu < 4; cpu++)
		boots(cpu, FLAT_ID(cpu), ARRIVE(4), AWAIT(DONE, 1), OPEN, OPEN);
	boots(0, FLAT_ID(0), ARRIVE(4), SEND(0xa, ASSERTED | LOGICAL | 0x50),
	      SEND(4, ASSERTED | LOGICAL | 0x60), SEND(0xf0, ASSERTED | LOGICAL | 0x70),
	      STORE(DONE, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took_none(&self->smp, 0));
	EXPECT_TRUE(took(&self->smp, 1, 0x50));
	EXPECT_TRUE(took(&self->smp, 2, 0x60));
	EXPECT_TRUE(took(&self->smp, 3, 0x50));
}

TEST_F(smp, lowest_priority_chooses_by_task_priority)
{
	static const uint8_t first[4] = { 0x70, 0x60, 0x20, 0x4f };
	unsigned int cpu;

	ASSERT_EQ(ZX_OK, up(4));
	for (cpu = 1; cpu < 4; cpu++)
		boots(cpu, FLAT_ID(cpu), WRITE(TPR, first[cpu]), ARRIVE(4), AWAIT(DONE, 1),
		      WRITE(TPR, 0), OPEN, OPEN, OPEN);
	boots(0, FLAT_ID(0), WRITE(TPR, first[0]), ARRIVE(4),
	      SEND(0xf, ASSERTED | LOGICAL | LOWEST | 0x50),
	      SEND(0xb, ASSERTED | LOGICAL | LOWEST | 0x51),
	      SEND(0x3, ASSERTED | LOGICAL | LOWEST | 0x52), STORE(DONE, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took_none(&self->smp, 0));
	EXPECT_TRUE(took(&self->smp, 1, 0x52));
	EXPECT_TRUE(took(&self->smp, 2, 0x50));
	EXPECT_TRUE(took(&self->smp, 3, 0x51));
}

TEST_F(smp, lowest_priority_of_equals_is_the_first)
{
	unsigned int cpu;

	ASSERT_EQ(ZX_OK, up(3));
	for (cpu = 1; cpu < 3; cpu++)
		boots(cpu, FLAT_ID(cpu), WRITE(TPR, 0x10 + cpu), ARRIVE(3), AWAIT(DONE, 1), OPEN);
	boots(0, FLAT_ID(0), WRITE(TPR, 0x20), ARRIVE(3),
	      SEND(7, ASSERTED | LOGICAL | LOWEST | 0x50), STORE(DONE, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took(&self->smp, 1, 0x50));
	EXPECT_TRUE(took_none(&self->smp, 2));
}

TEST_F(smp, wakes_the_halted)
{
	ASSERT_EQ(ZX_OK, up(2));
	handles(1, 0x50, WRITE(EOI, 0), ADD(ACK(0), 1));
	boots(0, ARRIVE(2), AWAIT(ACK(0), 0), BUMP(1, 1), SEND(1, ASSERTED | 0x50),
	      LOOP(3, ROUNDS));
	boots(1, ARRIVE(2), WAIT(ROUNDS));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(ROUNDS, count_of(1, 0x50));
}

#define MANY	64

TEST_F(smp, to_sixty_three_others)
{
	unsigned int cpu;

	ASSERT_EQ(ZX_OK, up(MANY));
	for (cpu = 1; cpu < MANY; cpu++) {
		handles(cpu, 0x50, WRITE(EOI, 0), ADD(ACK(0), 1));
		boots(cpu, ENABLE, ADD(READY, 1), WAIT(1));
	}
	boots(0, ENABLE, AWAIT(READY, MANY - 1), SEND(0, ASSERTED | TO_OTHERS | 0x50),
	      AWAIT(ACK(0), MANY - 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(0, count_of(0, 0x50));
	for (cpu = 1; cpu < MANY; cpu++)
		EXPECT_EQ(1, count_of(cpu, 0x50));
	EXPECT_EQ(variant->mode == ZXL_IPI_KERNEL ? 0 : ~1ull, self->smp.cpus[0].ipis[0].mask);
}

/* What only the kernel does, and not zx_vcpu_interrupt. */
FIXTURE(kernel) {
	struct smp smp;
};

FIXTURE_VARIANT(kernel) {
	bool page;
	uint32_t mode;
};

FIXTURE_VARIANT_ADD(kernel, x2apic) { .page = false, .mode = ZXL_IPI_KERNEL };
FIXTURE_VARIANT_ADD(kernel, xapic) { .page = true, .mode = ZXL_IPI_KERNEL };

FIXTURE_SETUP(kernel)
{
	self->smp.nr = 0;
}

FIXTURE_TEARDOWN(kernel)
{
	smp_down(&self->smp);
}

TEST_F(kernel, disabled_one_is_not_disturbed)
{
	ASSERT_EQ(ZX_OK, up(2));
	boots(0, ENABLE, AWAIT(READY, 1), SEND(1, ASSERTED | 0x50), SEND(1, ASSERTED | 0x11),
	      STORE(DONE, 1));
	boots(1, ADD(READY, 1), AWAIT(DONE, 1), OPEN, ENABLE, OPEN, READ(IRR, 0),
	      READ(WORD(IRR, 0x50), 0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took_none(&self->smp, 1));
}

/* Vectors 0 to 31 by IPI: below 16 an error of the sender, the others are in IRR. */
TEST_F(kernel, low_vectors)
{
	ASSERT_EQ(ZX_OK, up(2));
	boots(0, ARRIVE(2), SEND(1, ASSERTED | 15), SEND(1, ASSERTED | 16), SEND(1, ASSERTED | 31),
	      WRITE(ESR, 0), READ(ESR, 0x20), STORE(DONE, 1));
	boots(1, ARRIVE(2), AWAIT(DONE, 1), READ(IRR, 0x80010000), WRITE(ESR, 0), READ(ESR, 0));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
}

/* Clusters are another thing in each mode. */
FIXTURE(clusters) {
	struct smp smp;
};

FIXTURE_VARIANT(clusters) {
	bool page;
	uint32_t mode;
};

FIXTURE_VARIANT_ADD(clusters, packets) { .mode = ZXL_IPI_PACKET };
FIXTURE_VARIANT_ADD(clusters, kernel) { .mode = ZXL_IPI_KERNEL };

FIXTURE_SETUP(clusters)
{
	self->smp.nr = 0;
}

FIXTURE_TEARDOWN(clusters)
{
	smp_down(&self->smp);
}

/* Two clusters of two. */
TEST_F(clusters, of_the_page)
{
	static const uint8_t ids[4] = { 0x11, 0x12, 0x21, 0x22 };
	unsigned int cpu;

	ASSERT_EQ(ZX_OK, smp_up(&self->smp, 4, true));
	ASSERT_EQ(ZX_OK, zxl_guest_set_ipi_mode(self->smp.vm.guest, variant->mode));
	for (cpu = 1; cpu < 4; cpu++)
		boots(cpu, WRITE(DFR, 0x0fffffff), WRITE(LDR, (uint32_t)ids[cpu] << 24), ARRIVE(4),
		      AWAIT(DONE, 1), OPEN, OPEN);
	boots(0, WRITE(DFR, 0x0fffffff), WRITE(LDR, (uint32_t)ids[0] << 24), ARRIVE(4),
	      SEND(0x12, ASSERTED | LOGICAL | 0x50), SEND(0x23, ASSERTED | LOGICAL | 0x60),
	      SEND(0x33, ASSERTED | LOGICAL | 0x70), STORE(DONE, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_TRUE(took_none(&self->smp, 0));
	EXPECT_TRUE(took(&self->smp, 1, 0x50));
	EXPECT_TRUE(took(&self->smp, 2, 0x60));
	EXPECT_TRUE(took(&self->smp, 3, 0x60));
}

TEST_F(clusters, of_x2apic)
{
	unsigned int cpu;

	ASSERT_EQ(ZX_OK, up(MANY));
	for (cpu = 1; cpu < MANY; cpu++)
		boots(cpu, ENABLE, READ(LDR, (cpu / 16) << 16 | 1u << cpu % 16), ADD(READY, 1),
		      AWAIT(DONE, 1), OPEN, OPEN);
	boots(0, ENABLE, AWAIT(READY, MANY - 1), SEND(0x00038001, ASSERTED | LOGICAL | 0x50),
	      SEND(0x00020010, ASSERTED | LOGICAL | 0x50), SEND(63, ASSERTED | 0x60),
	      STORE(DONE, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	for (cpu = 0; cpu < MANY; cpu++) {
		EXPECT_EQ(cpu == 48 || cpu == 63 || cpu == 36, count_of(cpu, 0x50));
		EXPECT_EQ(cpu == 63, count_of(cpu, 0x60));
	}
}

TEST_HARNESS_MAIN
