// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wake-ups of halted VCPUs from several threads, each looked after, and floods of
 * interrupts; with and without looking for an event before a sleep.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"
#include "util.h"

#define GUESTS		2
#define WAKERS		4
#define VARIANTS	3
#define VECTOR		0x40		/* and as many more as there are wakers: rings a bell */
#define VECTOR_FLOOD	0x60		/* and all above */
#define HANDLER_SIZE	64
#define LONG_TIME	3600
#define PATIENCE	(20000 * ONE_MS)

#define PARAMETER	"/sys/module/zx_hypervisor/parameters/halt_poll_us"

/*
 * How many: in an emulator a wake-up takes some 200 microseconds, and longer where it has
 * 50 million instructions a second. WAKE_MANY=25 in the environment asks for 25 times
 * as many: a million wake-ups without polling and 10 million interrupts, or a tenth.
 */
static unsigned long how_many(unsigned long number)
{
	const char *many = getenv("WAKE_MANY");

	return (host_is_amd() ? number : number / 10) * (many ? strtoul(many, NULL, 0) : 1);
}

static long get_poll(void)
{
	FILE *file = fopen(PARAMETER, "r");
	long us;

	if (!file)
		return -1;
	if (fscanf(file, "%ld", &us) != 1)
		us = -1;
	fclose(file);
	return us;
}

static int set_poll(long us)
{
	FILE *file = fopen(PARAMETER, "w");

	if (!file)
		return -1;
	fprintf(file, "%ld", us);
	return fclose(file);
}

struct sleeper {
	struct vm vm;
	pthread_t thread;
	volatile zx_status_t status;	/* of its enter; SHOULD_WAIT: not in it yet */
};

struct waker {
	struct sleeper *sleeper;
	unsigned int nr;
	zx_handle_t port;		/* where its vector's handler says so */
	unsigned long times, lost;
	pthread_t thread;
};

FIXTURE(wake) {
	struct sleeper sleepers[GUESTS];
	struct waker wakers[WAKERS];
	long poll_before;
};

FIXTURE_VARIANT(wake) {
	long poll_us;
	unsigned long wake_ups;		/* in sum */
};

FIXTURE_VARIANT_ADD(wake, polling_off) { .poll_us = 0, .wake_ups = 40000 };
FIXTURE_VARIANT_ADD(wake, polling_little) { .poll_us = 50, .wake_ups = 10000 };
FIXTURE_VARIANT_ADD(wake, polling_much) { .poll_us = 1000, .wake_ups = 10000 };

/* Interrupt gate of @vector to @handler. */
static void set_gate(struct vm *vm, unsigned int vector, uint64_t handler)
{
	const uint64_t gate[2] = {
		(handler & 0xffff) | GUEST_CODE64 << 16 | 0x8e00ull << 32 |
			(handler & 0xffff0000) << 32,
		handler >> 32,
	};

	memcpy(vm->mem + GUEST_IDT + sizeof(gate) * vector, gate, sizeof(gate));
}

static void *sleep_in_guest(void *arg)
{
	struct sleeper *sleeper = arg;

	zx_status_t status = vm_boot(&sleeper->vm, sleeper);

	/* Never OK in between, which start_sleeper() would take for the end. */
	if (status == ZX_OK) {
		sleeper->status = ZX_ERR_SHOULD_WAIT;
		status = vm_finish(&sleeper->vm);
	}
	sleeper->status = status;
	return NULL;
}

static int start_sleeper(struct sleeper *sleeper)
{
	unsigned int i;

	sleeper->status = ZX_ERR_NEXT;
	if (vm_up(&sleeper->vm) != ZX_OK)
		return -1;
	vm_frame(&sleeper->vm)->eoi = 1;
	for (i = 0; i < WAKERS; i++)
		set_gate(&sleeper->vm, VECTOR + i, insn_at(sleeper) + i * HANDLER_SIZE);
	if (pthread_create(&sleeper->thread, NULL, sleep_in_guest, sleeper))
		return -1;
	while (sleeper->status == ZX_ERR_NEXT)
		sleep_ms(1);
	return sleeper->status == ZX_ERR_SHOULD_WAIT ? 0 : -1;
}

FIXTURE_SETUP(wake)
{
	unsigned int i;

	self->poll_before = get_poll();
	ASSERT_EQ(0, set_poll(variant->poll_us));
	ASSERT_EQ(variant->poll_us, get_poll());
	for (i = 0; i < GUESTS; i++)
		ASSERT_EQ(0, start_sleeper(&self->sleepers[i]));
}

FIXTURE_TEARDOWN(wake)
{
	unsigned int i;

	for (i = 0; i < WAKERS; i++)
		zx_handle_close(self->wakers[i].port);
	for (i = 0; i < GUESTS; i++)
		vm_down(&self->sleepers[i].vm);
	set_poll(self->poll_before);
}

/* How often the vector of @nr was served. */
static volatile uint64_t *served(struct sleeper *sleeper, unsigned int nr)
{
	return (volatile uint64_t *)(sleeper->vm.mem + GUEST_BUFFER + HANDLER_SIZE * nr);
}

static bool stop_sleeper(struct sleeper *sleeper)
{
	vm_frame(&sleeper->vm)->flag = 1;
	if (zx_vcpu_interrupt(sleeper->vm.vcpu, VECTOR_FLOOD) != ZX_OK)
		return false;
	pthread_join(sleeper->thread, NULL);
	return sleeper->status == ZX_OK;
}

static int start_waker(struct waker *waker, void *(*work)(void *))
{
	if (zx_port_create(0, &waker->port) != ZX_OK ||
	    zx_guest_set_trap(waker->sleeper->vm.guest, ZX_GUEST_TRAP_BELL,
			      GUEST_BELL + PAGE * waker->nr, PAGE, waker->port, KEY_BELL) != ZX_OK)
		return -1;
	return pthread_create(&waker->thread, NULL, work, waker);
}

/* One after the other: the next is sent when the one before was served. */
static void *wake_often(void *arg)
{
	struct waker *waker = arg;
	volatile uint64_t *count = served(waker->sleeper, waker->nr);
	zx_port_packet_t packet;
	unsigned long i;

	for (i = 0; i < waker->times && !waker->lost; i++) {
		if (zx_vcpu_interrupt(waker->sleeper->vm.vcpu, VECTOR + waker->nr) != ZX_OK ||
		    zx_port_wait(waker->port, zx_deadline_after(PATIENCE), &packet) != ZX_OK ||
		    *count != i + 1)
			waker->lost++;
	}
	return NULL;
}

TEST_F_TIMEOUT(wake, none_is_lost, LONG_TIME)
{
	const unsigned long times = how_many(variant->wake_ups) / WAKERS;
	unsigned int i;

	for (i = 0; i < WAKERS; i++) {
		self->wakers[i] = (struct waker){
			.sleeper = &self->sleepers[i % GUESTS], .nr = i, .times = times,
		};
		ASSERT_EQ(0, start_waker(&self->wakers[i], wake_often));
	}
	for (i = 0; i < WAKERS; i++) {
		pthread_join(self->wakers[i].thread, NULL);
		EXPECT_EQ(0, self->wakers[i].lost);
		EXPECT_EQ(times, *served(self->wakers[i].sleeper, i));
	}
	for (i = 0; i < GUESTS; i++)
		EXPECT_TRUE(stop_sleeper(&self->sleepers[i]));
}

#define FLOOD	400000

static void *flood(void *arg)
{
	struct waker *waker = arg;
	unsigned long i;

	for (i = 0; i < waker->times; i++)
		if (zx_vcpu_interrupt(waker->sleeper->vm.vcpu,
				      VECTOR_FLOOD + i % (256 - VECTOR_FLOOD)) != ZX_OK)
			waker->lost++;
	return NULL;
}

/* Kernel memory in use, in KiB. */
static long slab_kib(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = -1;

	if (!file)
		return -1;
	while (kib < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "Slab: %ld", &kib);
	fclose(file);
	return kib;
}

TEST_F_TIMEOUT(wake, flood_leaves_nothing, LONG_TIME)
{
	const unsigned long times = how_many(FLOOD) / WAKERS / VARIANTS;
	const long objects = live_objects(), slab = slab_kib();
	unsigned int i;

	for (i = 0; i < WAKERS; i++) {
		self->wakers[i] = (struct waker){
			.sleeper = &self->sleepers[i % GUESTS], .nr = i, .times = times,
		};
		ASSERT_EQ(0, pthread_create(&self->wakers[i].thread, NULL, flood,
					    &self->wakers[i]));
	}
	for (i = 0; i < WAKERS; i++) {
		pthread_join(self->wakers[i].thread, NULL);
		EXPECT_EQ(0, self->wakers[i].lost);
	}
	EXPECT_EQ(objects, live_objects());
	EXPECT_LE(slab_kib(), slab + 4096);
	for (i = 0; i < GUESTS; i++) {
		EXPECT_TRUE(stop_sleeper(&self->sleepers[i]));
		EXPECT_GT(vm_frame(&self->sleepers[i].vm)->irqs, 1);
	}
}

TEST_HARNESS_MAIN
