// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine sleeps, in each way that it and its kernel can, while VCPUs run, leave to user
 * space, sleep until a timer ends, and wait there. Guests go on, and time is what the host's
 * CLOCK_MONOTONIC says, which stands still while the machine is off.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "../pv_clock.h"
#include "../smp_vm.h"
#include "../rival/machine.h"

#define NOD		"/share/nod/nod.ko"
#define STATE		"/sys/power/state"
#define PM_TEST		"/sys/power/pm_test"
#define TEST_SECONDS	"/sys/module/suspend/parameters/pm_test_delay"
#define CLOCK		"/sys/class/rtc/rtc0/since_epoch"
#define ALARM		"/sys/class/rtc/rtc0/wakealarm"
#define CLOCK_SLACK	(50 * ONE_MS)
#define STOPPED		(400 * ONE_MS)	/* a sleep stops the clock for longer */
#define TIMER_MS	600
#define FOR_EVER	UINT64_MAX

#define READY	WORD_AT(0)
#define OUTS	WORD_AT(1)
#define ENDS	WORD_AT(2)
#define TURNS	WORD_AT(3)

struct _fixture_variant_asleep;

FIXTURE(asleep) {
	struct smp smp;
	struct vm halted, waiting;
	zx_status_t halted_status;
	uint64_t halted_irqs;
	const struct _fixture_variant_asleep *way;
	uint64_t last_tsc;
	int64_t last_out;
	unsigned int clock_errors;
	int slept;
	int64_t stopped;	/* by how much the TSC went further than the clock, ns */
	int log;
};

/*
 * @state: what is written to /sys/power/state
 * @level: how far it goes, on a kernel that can stop short; NULL: all the way, until the
 *         clock's alarm
 * @nods:  with an idle state that stops the clock, and wakes the machine
 * @stops: the host's clock
 */
FIXTURE_VARIANT(asleep) {
	const char *state, *level;
	bool nods, stops;
};

FIXTURE_VARIANT_ADD(asleep, idle) { .state = "freeze", .nods = true, .stops = true };
FIXTURE_VARIANT_ADD(asleep, in_ram) { .state = "mem", .stops = true };
FIXTURE_VARIANT_ADD(asleep, idle_freezer) { .state = "freeze", .level = "freezer" };
FIXTURE_VARIANT_ADD(asleep, idle_devices) { .state = "freeze", .level = "devices" };
FIXTURE_VARIANT_ADD(asleep, idle_platform) { .state = "freeze", .level = "platform" };
FIXTURE_VARIANT_ADD(asleep, freezer) { .state = "mem", .level = "freezer" };
FIXTURE_VARIANT_ADD(asleep, devices) { .state = "mem", .level = "devices" };
FIXTURE_VARIANT_ADD(asleep, platform) { .state = "mem", .level = "platform" };
FIXTURE_VARIANT_ADD(asleep, processors) { .state = "mem", .level = "processors" };
FIXTURE_VARIANT_ADD(asleep, core) { .state = "mem", .level = "core", .stops = true };

static bool can_sleep(const struct _fixture_variant_asleep *way)
{
	if (way->level)
		return !access(PM_TEST, F_OK);
	return !access(way->nods ? NOD : ALARM, F_OK);
}

/* Devices and programs have to be asleep by then, on a busy machine too. */
static int set_alarm(void)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", file_number(CLOCK) + 4);
	file_write(ALARM, "0");
	return file_write(ALARM, text);
}

static int sleep_machine(const struct _fixture_variant_asleep *way)
{
	int result;

	if (way->level)
		return file_write(TEST_SECONDS, "1") ?: file_write(PM_TEST, way->level) ?:
		       file_write(STATE, way->state);
	if (!access(PM_TEST, F_OK))
		file_write(PM_TEST, "none");
	if (!way->nods)
		return set_alarm() ?: file_write(STATE, way->state);
	if (module_load(NOD, ""))
		return -1;
	result = file_write(STATE, way->state);
	return module_unload("nod") ?: result;
}

FIXTURE_SETUP(asleep)
{
	ASSERT_EQ(0, settled_objects());
	self->log = smp_log_lines();
}

FIXTURE_TEARDOWN(asleep)
{
	EXPECT_EQ(0, settled_objects());
	EXPECT_EQ(self->log, smp_log_lines());
}

#define OUT_LIST_TSC	5	/* the step that reads the TSC */

/* The guest's clock at its TSC is between the host's at the last OUT and the host's now. */
static void see_out(struct smp_cpu *cpu, uint32_t value)
{
	struct _test_data_asleep *self = cpu->smp->arg;
	struct smp *smp = cpu->smp;
	volatile struct pv_clock *pv = (volatile void *)(smp->vm.mem + GUEST_SPARE);
	const uint64_t tsc = smp_step(smp, smp_guest(smp, 0)->lists[0], OUT_LIST_TSC)->result;
	const int64_t seen = pv_time(pv, tsc), now = host_now(CLOCK_MONOTONIC);
	const bool right = tsc >= self->last_tsc && seen >= self->last_out - CLOCK_SLACK &&
			   seen <= now + CLOCK_SLACK;

	if (!right && !self->clock_errors++)
		fprintf(stderr, "# OUT %u: TSC %llu after %llu, clock %lld, not %lld to %lld\n",
			value, (unsigned long long)tsc, (unsigned long long)self->last_tsc,
			(long long)seen, (long long)self->last_out, (long long)now);
	self->last_tsc = tsc;
	self->last_out = now;
}

/* Sleeps until its timer ends: it must not be early by its own TSC, or it sleeps for ever. */
static void *halt_thread(void *arg)
{
	struct _test_data_asleep *self = arg;
	struct guest_frame *frame = vm_frame(&self->halted);
	const uint64_t ticks = zx_ticks_per_second() / 1000 * TIMER_MS;

	frame->eoi = 1;
	frame->rax = 0x50;
	frame->rcx = 0xb;
	frame->rdx = ticks;
	frame->rdi = ticks;
	frame->r8 = 1;
	self->halted_status = vm_boot(&self->halted, timer_phase) ?: vm_finish(&self->halted);
	self->halted_irqs = frame->irqs;
	vm_down(&self->halted);
	return NULL;
}

static void sleep_and_wait(struct smp *smp)
{
	struct _test_data_asleep *self = smp->arg;
	const unsigned int words[] = { 1, 2, 3 };
	const double per_ns = zx_ticks_per_second() / 1e9;
	uint64_t before, tsc;
	unsigned int i;
	int64_t from;

	wait_flag(smp_word(smp, 0), smp->nr);
	sleep_ms(100);
	tsc = rdtsc();
	from = host_now(CLOCK_MONOTONIC);
	self->slept = sleep_machine(self->way);
	self->stopped = (int64_t)(rdtsc() - tsc) / per_ns - (host_now(CLOCK_MONOTONIC) - from);
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		before = *smp_word(smp, words[i]);
		wait_flag(smp_word(smp, words[i]), before + 10);
	}
	smp_end_loops(smp);
}

/* One leaves to user space, one counts timers' ends, one only computes. */
static void write_lists(struct smp *smp)
{
	const uint64_t period = zx_ticks_per_second() / 1000;

	smp_boots(smp, 0, ENABLE, WRMSR(MSR_CLOCK, GUEST_SPARE | 1), ADD(READY, 1), ON,
		  AWAIT(READY, 3), RDMSR(0x10, ANY), ADD(OUTS, 1), MARK(7), LOOP(3, FOR_EVER));
	smp_boots(smp, 1, ENABLE, ADD(READY, 1), WRITE(DIVIDE, 0xb), WRITE(LVT_TIMER, 0x60),
		  WRITE(INITIAL, period), WAIT_FOR(0x60, 1), BUMP(1, 1), ADD(ENDS, 1),
		  LOOP(4, FOR_EVER));
	smp_boots(smp, 2, ENABLE, ADD(READY, 1), ON, ADD(TURNS, 1), LOOP(1, FOR_EVER));
}

/* What a VCPU that waited in user space reads then, and UTC by a wall clock asked for anew. */
static void check_waiting(struct __test_metadata *_metadata, struct _test_data_asleep *self)
{
	struct vm *vm = &self->waiting;
	volatile struct pv_clock *pv = (volatile void *)(vm->mem + GUEST_BUFFER);
	volatile struct pv_wall_clock *wall = (volatile void *)(vm->mem + GUEST_SPARE);
	const int64_t before = host_now(CLOCK_MONOTONIC), utc = host_now(CLOCK_REALTIME) - before;
	int64_t seen;

	ASSERT_EQ(ZX_OK, vm_finish(vm));
	seen = pv_time(pv, vm_frame(vm)->out[0]);
	EXPECT_GE(seen, before - CLOCK_SLACK);
	EXPECT_LE(seen, host_now(CLOCK_MONOTONIC) + CLOCK_SLACK);
	zx_handle_close(vm->vcpu);
	vm_frame(vm)->rdi = GUEST_SPARE;
	vm_frame(vm)->rcx = MSR_WALL_CLOCK;
	ASSERT_EQ(ZX_OK, vm_boot(vm, clock_read) ?: vm_mark(vm, 1));
	seen += wall->seconds * ONE_SECOND + wall->nanoseconds;
	EXPECT_GE(seen, before + utc - CLOCK_SLACK);
	EXPECT_LE(seen, host_now(CLOCK_MONOTONIC) + utc + CLOCK_SLACK);
}

TEST_F(asleep, guests_go_on_and_their_time_is_right)
{
	pthread_t halted;

	if (!can_sleep(variant))
		SKIP(return, "this kernel or machine does not sleep so");
	ASSERT_EQ(ZX_OK, vm_up(&self->waiting));
	vm_frame(&self->waiting)->rdi = GUEST_BUFFER | 1;
	vm_frame(&self->waiting)->rcx = MSR_CLOCK;
	ASSERT_EQ(ZX_OK, vm_boot(&self->waiting, clock_read) ?: vm_mark(&self->waiting, 1));
	ASSERT_EQ(ZX_OK, vm_up(&self->halted));
	ASSERT_EQ(ZX_OK, smp_up(&self->smp, 3, false));
	write_lists(&self->smp);
	self->way = variant;
	self->last_out = host_now(CLOCK_MONOTONIC);
	self->smp.arg = self;
	self->smp.mark = see_out;
	self->smp.middle = sleep_and_wait;
	ASSERT_EQ(0, pthread_create(&halted, NULL, halt_thread, self));
	EXPECT_EQ(ZX_OK, smp_run(&self->smp));
	pthread_join(halted, NULL);
	EXPECT_EQ(0, self->slept);
	EXPECT_EQ(variant->stops, llabs(self->stopped) > STOPPED);
	EXPECT_EQ(0, self->clock_errors);
	EXPECT_EQ(ZX_OK, self->halted_status);
	EXPECT_EQ(1, self->halted_irqs);
	check_waiting(_metadata, self);
	vm_down(&self->waiting);
	smp_down(&self->smp);
}

TEST_HARNESS_MAIN
