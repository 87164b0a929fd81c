// SPDX-License-Identifier: GPL-2.0-only
/*
 * Four VCPUs that send to each other as fast as they can, while others kick them, interrupt
 * them, take memory from under them, and end. Nothing may be lost that must not be, nothing
 * may be left, and the host's log stays as it was.
 */
#include <stdlib.h>

#include "kselftest_harness.h"
#include "smp_vm.h"

#define STORM_MS	1500
#define CPUS		4
#define READY		WORD_AT(0)
#define AGAIN		WORD_AT(1)

FIXTURE(smp_storm) {
	struct smp smp;
	int log;
};

FIXTURE_VARIANT(smp_storm) {
	bool page;
};

FIXTURE_VARIANT_ADD(smp_storm, x2apic) { .page = false };
FIXTURE_VARIANT_ADD(smp_storm, xapic) { .page = true };

FIXTURE_SETUP(smp_storm)
{
	ASSERT_EQ(0, settled_objects());
	self->log = smp_log_lines();
	ASSERT_EQ(ZX_OK, smp_up(&self->smp, CPUS, variant->page));
	ASSERT_EQ(ZX_OK, zxl_guest_set_ipi_mode(self->smp.vm.guest, ZXL_IPI_KERNEL));
	self->smp.goes_on = true;
}

FIXTURE_TEARDOWN(smp_storm)
{
	smp_down(&self->smp);
	EXPECT_EQ(0, settled_objects());
	EXPECT_EQ(self->log, smp_log_lines());
}

/* The last step but the end's of the list: a LOOP, which the host ends. */
static void end_loops(struct smp *smp)
{
	unsigned int cpu;

	for (cpu = 0; cpu < smp->nr; cpu++) {
		struct guest_step *step = smp_step(smp, smp_guest(smp, cpu)->lists[0], 0);

		for (; step->op != OP_END; step++)
			if (step->op == OP_LOOP)
				*(volatile uint64_t *)&step->value = 0;
	}
}

#define FOR_EVER	UINT64_MAX

struct gust {
	struct smp *smp;
	pthread_t thread;
	void (*blow)(struct smp *smp, unsigned int *seed);
	volatile bool over;
	unsigned int times;
};

static void *gust_thread(void *arg)
{
	struct gust *gust = arg;
	unsigned int seed = 1;

	while (!gust->over) {
		gust->blow(gust->smp, &seed);
		gust->times++;
	}
	return NULL;
}

static zx_handle_t any_vcpu(struct smp *smp, unsigned int *seed)
{
	return smp->cpus[rand_r(seed) % smp->nr].vcpu;
}

static void kick(struct smp *smp, unsigned int *seed)
{
	zx_vcpu_kick(any_vcpu(smp, seed));
	sleep_ms(1);
}

static void interrupt(struct smp *smp, unsigned int *seed)
{
	const uint32_t vector = 32 + rand_r(seed) % 224;

	zxl_vcpu_interrupt(any_vcpu(smp, seed), vector,
			   rand_r(seed) % 2 ? ZXL_INTERRUPT_LEVEL : 0);
	/* One that starts again has no handlers yet. */
	if (!smp->deaf && rand_r(seed) % 64 == 0)
		zx_vcpu_interrupt(any_vcpu(smp, seed), NMI);
	if (rand_r(seed) % 16 == 0)
		sleep_ms(1);
}

static void take_memory(struct smp *smp, unsigned int *seed)
{
	zx_vaddr_t addr;

	zx_vmo_op_range(smp->vm.vmo, ZX_VMO_OP_DECOMMIT, GUEST_SPARE, 4 * PAGE, NULL, 0);
	if (zx_vmar_map(smp->vm.vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC,
			GUEST_HOLE, smp->vm.vmo, GUEST_SPARE, PAGE, &addr) == ZX_OK)
		zx_vmar_unmap(smp->vm.vmar, GUEST_HOLE, PAGE);
	sleep_ms(rand_r(seed) % 3);
}

static void change_mode(struct smp *smp, unsigned int *seed)
{
	zxl_guest_set_ipi_mode(smp->vm.guest, rand_r(seed) % 2);
	sleep_ms(3);
}

static void all_gusts(struct smp *smp)
{
	static void (*const blows[])(struct smp *smp, unsigned int *seed) = {
		kick, interrupt, take_memory, change_mode,
	};
	struct gust gusts[ARRAY_SIZE(blows)];
	unsigned int i;

	wait_flag(smp_word(smp, 0), smp->nr);
	for (i = 0; i < ARRAY_SIZE(gusts); i++) {
		gusts[i] = (struct gust){ .smp = smp, .blow = blows[i] };
		pthread_create(&gusts[i].thread, NULL, gust_thread, &gusts[i]);
	}
	sleep_ms(STORM_MS);
	for (i = 0; i < ARRAY_SIZE(gusts); i++) {
		gusts[i].over = true;
		pthread_join(gusts[i].thread, NULL);
		*smp_word(smp, 8 + i) = gusts[i].times;
	}
	end_loops(smp);
}

TEST_F(smp_storm, of_everything)
{
	unsigned int cpu, i;

	self->smp.middle = all_gusts;
	for (cpu = 0; cpu < CPUS; cpu++)
		smp_boots(&self->smp, cpu, ENABLE, ADD(READY, 1), ON, AWAIT(READY, CPUS),
			  SEND(0, ASSERTED | TO_OTHERS | 0x50), ADD(GUEST_SPARE + PAGE * cpu, 1),
			  SEND((cpu + 1) % CPUS, ASSERTED | SEND_NMI),
			  SEND((cpu + 2) % CPUS, ASSERTED | 0x60),
			  SEND(EVERYBODY, ASSERTED | 0x70), SEND(7, ASSERTED | LOGICAL | 0x80),
			  SEND(15, ASSERTED | LOGICAL | LOWEST | 0x90), WRITE(TPR, 0x20 + 8 * cpu),
			  LOOP(8, FOR_EVER));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	for (cpu = 0; cpu < CPUS; cpu++) {
		EXPECT_LT(0, smp_guest(&self->smp, cpu)->count[0x50]);
		EXPECT_LT(0, smp_guest(&self->smp, cpu)->count[NMI]);
	}
	for (i = 0; i < 4; i++)
		EXPECT_LT(0, *smp_word(&self->smp, 8 + i));
}

/*
 * All VCPUs INIT and start each other; whoever is first is not asked, and has interrupts on:
 * without them Bochs (2.7) keeps the host's from a guest that never leaves the kernel.
 */
TEST_F(smp_storm, of_inits)
{
	unsigned int cpu, nth;

	self->smp.middle = all_gusts;
	self->smp.deaf = true;
	for (cpu = 1; cpu < CPUS; cpu++) {
		self->smp.cpus[cpu].endless = true;
		for (nth = 0; nth < GCPU_LISTS_LEN; nth++)
			smp_starts(&self->smp, cpu, nth, ENABLE, ADD(READY, 1), ADD(AGAIN, 1),
				   SEND(1 + cpu % 3, ASSERTED | SEND_INIT),
				   SEND(1 + cpu % 3, ASSERTED | SEND_STARTUP | APIC_AP >> 12),
				   ON, HALT, LOOP(3, FOR_EVER));
	}
	smp_boots(&self->smp, 0, ENABLE, ADD(READY, 1), ON, SEND(1, ASSERTED | SEND_INIT),
		  SEND(1, ASSERTED | SEND_STARTUP | APIC_AP >> 12), SEND(1, ASSERTED | 0x50),
		  SEND(2, ASSERTED | SEND_INIT), SEND(3, ASSERTED | SEND_INIT),
		  SEND(0, ASSERTED | TO_OTHERS | SEND_STARTUP | APIC_AP >> 12),
		  LOOP(6, FOR_EVER));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_LT(10, *smp_word(&self->smp, 1));
}

#define SHOTS	50000

static void *shoot(void *arg)
{
	struct smp *smp = arg;
	unsigned int i;

	for (i = 0; i < SHOTS; i++)
		zxl_vcpu_interrupt(smp->cpus[i % CPUS].vcpu, 0x20 + i % 0xd0, i & 1);
	return NULL;
}

/* Then one more for each, which has to arrive. */
static void shoot_from_all_sides(struct smp *smp)
{
	pthread_t threads[3];
	unsigned int i;

	wait_flag(smp_word(smp, 0), CPUS);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, shoot, smp);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < CPUS; i++)
		zx_vcpu_interrupt(smp->cpus[i].vcpu, 0xf1);
}

TEST_F(smp_storm, of_interrupts)
{
	unsigned int cpu;

	self->smp.middle = shoot_from_all_sides;
	for (cpu = 0; cpu < CPUS; cpu++)
		smp_boots(&self->smp, cpu, ENABLE, ADD(READY, 1), WAIT_FOR(0xf1, 1));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	for (cpu = 0; cpu < CPUS; cpu++)
		EXPECT_LT(100, smp_guest(&self->smp, cpu)->irqs);
}

#define LIVES	300

/* VCPU number 4 comes and goes, at times without having run. */
static void *come_and_go(void *arg)
{
	struct smp *smp = arg;
	zx_port_packet_t packet;
	zx_handle_t vcpu;
	unsigned int i;

	for (i = 0; i < LIVES; i++) {
		if (zx_vcpu_create(smp->vm.guest, 0, APIC_AP, &vcpu) != ZX_OK)
			return NULL;
		zx_vcpu_kick(vcpu);
		if (i & 1)
			zx_vcpu_enter(vcpu, &packet);
		if (i & 2) {
			zx_vcpu_kick(vcpu);
			zx_vcpu_enter(vcpu, &packet);
		}
		zx_handle_close(vcpu);
	}
	*smp_word(smp, 3) = i;
	return NULL;
}

static void others_come_and_go(struct smp *smp)
{
	pthread_t thread;

	wait_flag(smp_word(smp, 0), CPUS);
	pthread_create(&thread, NULL, come_and_go, smp);
	pthread_join(thread, NULL);
	end_loops(smp);
}

TEST_F(smp_storm, at_one_that_comes_and_goes)
{
	unsigned int cpu;

	self->smp.middle = others_come_and_go;
	smp_guest(&self->smp, CPUS)->lists[0] = smp_list(&self->smp, NULL, 0, false);
	for (cpu = 0; cpu < CPUS; cpu++)
		smp_boots(&self->smp, cpu, ENABLE, ADD(READY, 1), ON, SEND(4, ASSERTED | 0x50),
			  SEND(4, ASSERTED | SEND_NMI), SEND(0x10, ASSERTED | LOGICAL | 0x60),
			  SEND(0, ASSERTED | TO_OTHERS | 0x70), SEND(4, ASSERTED | SEND_INIT),
			  SEND(0x1f, ASSERTED | LOGICAL | LOWEST | 0x80), LOOP(6, FOR_EVER));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	EXPECT_EQ(LIVES, *smp_word(&self->smp, 3));
}

static void close_guest(struct smp *smp)
{
	wait_flag(smp_word(smp, 0), CPUS);
	sleep_ms(50);
	zx_handle_close(smp->vm.guest);
	smp->vm.guest = ZX_HANDLE_INVALID;
	sleep_ms(200);
	end_loops(smp);
}

TEST_F(smp_storm, in_a_guest_that_is_closed)
{
	unsigned int cpu;

	self->smp.middle = close_guest;
	for (cpu = 0; cpu < CPUS; cpu++)
		smp_boots(&self->smp, cpu, ENABLE, ADD(READY, 1), ON,
			  SEND(0, ASSERTED | TO_OTHERS | 0x50), SEND(EVERYBODY, ASSERTED | 0x60),
			  LOOP(2, FOR_EVER));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	for (cpu = 0; cpu < CPUS; cpu++)
		EXPECT_LT(0, smp_guest(&self->smp, cpu)->count[0x50]);
}

TEST_HARNESS_MAIN
