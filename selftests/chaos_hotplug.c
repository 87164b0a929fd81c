// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs go and come at random under guests that compute, sleep, count timers' ends, send each
 * other interrupts, ring bells and are kicked. Each counts what it does, and what was counted
 * on both sides of a border must be the same.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "pv_clock.h"
#include "smp_vm.h"
#include "soak.h"

#define SECONDS		5
#define LONGEST		7200
#define MAX_HOST_CPUS	32
#define FOR_EVER	UINT64_MAX
#define CLOCK_SLACK	(20 * ONE_MS)

#define READY	WORD_AT(0)
#define OUTS	WORD_AT(1)
#define RINGS	WORD_AT(2)
#define ENDS	WORD_AT(3)
#define SENT	WORD_AT(4)
#define GOT	WORD_AT(5)

/* CPUs that programs run on; one of them always stays. */
struct host_cpus {
	unsigned int nr, nr_on;
	bool fixed[MAX_HOST_CPUS], on[MAX_HOST_CPUS];
	unsigned int changes, failures;
};

/* False: none can be taken away. */
static bool find_cpus(struct host_cpus *cpus)
{
	unsigned int movable = 0;

	*cpus = (struct host_cpus){};
	for (; cpus->nr < MAX_HOST_CPUS && cpu_number(cpus->nr) >= 0; cpus->nr++) {
		cpus->on[cpus->nr] = true;
		cpus->fixed[cpus->nr] = cpu_set_online(cpu_number(cpus->nr), true);
		movable += !cpus->fixed[cpus->nr];
	}
	cpus->nr_on = cpus->nr;
	return movable && cpus->nr > 1;
}

static void toggle(struct host_cpus *cpus, unsigned int index)
{
	const bool on = cpus->on[index];

	if (cpus->fixed[index] || (on && cpus->nr_on == 1))
		return;
	if (cpu_set_online(cpu_number(index), !on)) {
		cpus->failures++;
		return;
	}
	cpus->on[index] = !on;
	cpus->nr_on += on ? -1 : 1;
	cpus->changes++;
}

static void all_online(struct host_cpus *cpus)
{
	unsigned int i;

	for (i = 0; i < cpus->nr; i++)
		if (!cpus->on[i])
			toggle(cpus, i);
}

static void storm(struct host_cpus *cpus, struct soak *soak)
{
	while (soak_goes_on(soak)) {
		toggle(cpus, soak_below(soak, cpus->nr));
		if (!soak_once_in(soak, 3))
			sleep_ms(soak_below(soak, 20));
	}
	all_online(cpus);
	soak_tell("hotplugs", cpus->changes);
}

FIXTURE(chaos_hotplug) {
	struct host_cpus cpus;
	bool possible;
	struct soak soak;
	int log;
};

FIXTURE_SETUP(chaos_hotplug)
{
	ASSERT_EQ(0, settled_objects());
	self->log = smp_log_lines();
	self->possible = find_cpus(&self->cpus);
	soak_begin(&self->soak, SECONDS);
}

FIXTURE_TEARDOWN(chaos_hotplug)
{
	all_online(&self->cpus);
	EXPECT_EQ(0, self->cpus.failures);
	EXPECT_EQ(0, settled_objects());
	EXPECT_EQ(self->log, smp_log_lines());
}

/* What the guest of several VCPUs does, seen from outside. */
struct watch {
	struct smp smp;
	struct host_cpus *cpus;
	struct soak *soak;
	zx_handle_t port;
	volatile bool over, through;
	unsigned int rings, outs, kicks;
	uint64_t tsc;
	unsigned int clock_errors;
};

#define OUT_LIST_TSC	5	/* the step that reads the TSC */

/* The TSC that was read before this OUT, and the clock now. */
static void see_out(struct smp_cpu *cpu, uint32_t value)
{
	struct watch *watch = cpu->smp->arg;
	struct smp *smp = cpu->smp;
	volatile struct pv_clock *pv = (volatile void *)(smp->vm.mem + GUEST_SPARE);
	const uint64_t tsc = smp_step(smp, smp_guest(smp, 0)->lists[0], OUT_LIST_TSC)->result;
	const int64_t before = host_now(CLOCK_MONOTONIC), seen = pv_time(pv, rdtsc());

	watch->outs++;
	if (tsc >= watch->tsc && tsc <= rdtsc() && seen >= before - CLOCK_SLACK &&
	    seen <= host_now(CLOCK_MONOTONIC) + CLOCK_SLACK) {
		watch->tsc = tsc;
		return;
	}
	if (!watch->clock_errors++)
		fprintf(stderr, "# OUT %u: TSC %llu after %llu, clock %lld after %lld\n", value,
			(unsigned long long)tsc, (unsigned long long)watch->tsc,
			(long long)seen, (long long)before);
}

static void *count_rings(void *arg)
{
	struct watch *watch = arg;
	zx_status_t status;

	do {
		status = zx_port_wait(watch->port, zx_deadline_after(ONE_SECOND / 5), NULL);
		watch->rings += status == ZX_OK;
	} while (status == ZX_OK || !watch->through);
	return NULL;
}

static void *kick_at_random(void *arg)
{
	struct watch *watch = arg;
	struct soak soak = soak_fork(watch->soak, 1);

	while (!watch->over) {
		zx_vcpu_kick(watch->smp.cpus[soak_below(&soak, watch->smp.nr)].vcpu);
		watch->kicks++;
		sleep_ms(1 + soak_below(&soak, 5));
	}
	return NULL;
}

static void storm_over_guest(struct smp *smp)
{
	struct watch *watch = smp->arg;
	pthread_t kicker;

	wait_flag(smp_word(smp, 0), smp->nr);
	pthread_create(&kicker, NULL, kick_at_random, watch);
	storm(watch->cpus, watch->soak);
	watch->over = true;
	pthread_join(kicker, NULL);
	smp_end_loops(smp);
}

/*
 * One VCPU leaves to user space and rings, the second sleeps until its timer ends, the third
 * sends an interrupt and waits until the last one, which sleeps, has counted it.
 */
static void write_lists(struct smp *smp)
{
	const uint64_t period = zx_ticks_per_second() / 2000;

	smp_boots(smp, 0, ENABLE, WRMSR(MSR_CLOCK, GUEST_SPARE | 1), ADD(READY, 1), ON,
		  AWAIT(READY, 4), RDMSR(0x10, ANY), ADD(OUTS, 1), MARK(7),
		  STORE(GUEST_BELL, 1), ADD(RINGS, 1), LOOP(5, FOR_EVER));
	smp_boots(smp, 1, ENABLE, ADD(READY, 1), WRITE(DIVIDE, 0xb), WRITE(LVT_TIMER, 0x60),
		  WRITE(INITIAL, period), WAIT_FOR(0x60, 1), BUMP(1, 1), ADD(ENDS, 1),
		  LOOP(4, FOR_EVER));
	smp_boots(smp, 2, ENABLE, ADD(READY, 1), ON, AWAIT(READY, 4), ADD(SENT, 1),
		  SEND(3, ASSERTED | 0x50), AWAIT(GOT, 1), BUMP(1, 1), LOOP(4, FOR_EVER));
	smp_boots(smp, 3, ENABLE, ADD(READY, 1), ON, HALT, LOOP(1, FOR_EVER));
	smp_handles(smp, 3, 0x50, ADD(GOT, 1), WRITE(EOI, 0));
	smp->cpus[3].endless = true;
}

TEST_F_TIMEOUT(chaos_hotplug, nothing_is_lost_under_a_guest, LONGEST)
{
	struct watch watch = { .cpus = &self->cpus, .soak = &self->soak };
	struct smp *smp = &watch.smp;
	pthread_t reader;

	if (!self->possible)
		SKIP(return, "no CPU can be taken away");
	ASSERT_EQ(ZX_OK, smp_up(smp, 4, false));
	ASSERT_EQ(ZX_OK, zxl_guest_set_ipi_mode(smp->vm.guest, ZXL_IPI_KERNEL));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &watch.port));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(smp->vm.guest, ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE,
					   watch.port, KEY_BELL));
	write_lists(smp);
	smp->arg = &watch;
	smp->mark = see_out;
	smp->goes_on = true;
	smp->middle = storm_over_guest;
	ASSERT_EQ(0, pthread_create(&reader, NULL, count_rings, &watch));
	EXPECT_EQ(ZX_OK, smp_run(smp));
	watch.through = true;
	pthread_join(reader, NULL);
	EXPECT_EQ(0, watch.clock_errors);
	EXPECT_LT(10, watch.outs);
	EXPECT_EQ(*smp_word(smp, 1), watch.outs);
	EXPECT_EQ(*smp_word(smp, 2), watch.rings);
	EXPECT_LT(10, *smp_word(smp, 3));
	EXPECT_EQ(*smp_word(smp, 3), smp_guest(smp, 1)->count[0x60]);
	EXPECT_LT(10, *smp_word(smp, 4));
	EXPECT_EQ(*smp_word(smp, 4), smp_guest(smp, 3)->count[0x50]);
	zx_handle_close(watch.port);
	smp_down(smp);
}

struct lives {
	struct soak soak;
	pthread_t thread;
	zx_status_t status;
	unsigned int count;
};

/* Often the only guest, for which virtualization is switched on and off everywhere. */
static void *live_and_die(void *arg)
{
	struct lives *lives = arg;
	struct vm vm;

	while (soak_goes_on(&lives->soak) && lives->status == ZX_OK) {
		lives->status = vm_up(&vm) ?: vm_boot(&vm, done) ?: vm_finish(&vm);
		vm_down(&vm);
		lives->count++;
		if (soak_once_in(&lives->soak, 2))
			sleep_ms(soak_below(&lives->soak, 10));
	}
	return NULL;
}

TEST_F_TIMEOUT(chaos_hotplug, guests_come_and_go_as_well, LONGEST)
{
	struct lives lives[2] = {};
	unsigned int i;

	if (!self->possible)
		SKIP(return, "no CPU can be taken away");
	for (i = 0; i < ARRAY_SIZE(lives); i++) {
		lives[i].soak = soak_fork(&self->soak, i);
		ASSERT_EQ(0, pthread_create(&lives[i].thread, NULL, live_and_die, &lives[i]));
	}
	storm(&self->cpus, &self->soak);
	for (i = 0; i < ARRAY_SIZE(lives); i++) {
		pthread_join(lives[i].thread, NULL);
		EXPECT_EQ(ZX_OK, lives[i].status);
		EXPECT_LT(0, lives[i].count);
	}
}

TEST_HARNESS_MAIN
