// SPDX-License-Identifier: GPL-2.0-only
/*
 * When mmap, mprotect, madvise or munmap have returned, no CPU uses what was there
 * before. One thread changes a page, those on the other CPUs look at it all the time.
 */
#include <err.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "smp.h"

#define PAGE	4096
#define LEAST	10		/* exchanges, however long they take */

static int64_t end;
static int file;
static _Atomic unsigned int stop;
/* Odd while the page is being exchanged; else which one it is, times two. */
static _Atomic uint64_t exchanges;
static _Atomic uint64_t looks, stale, faults;
static _Atomic uint64_t *exchanged, *guarded;
static __thread sigjmp_buf back;

/* The page has the exchange's number, or another one while it changes. */
static void look_once(void)
{
	uint64_t before = atomic_load(&exchanges), value = atomic_load(exchanged);

	if (before % 2 || before != atomic_load(&exchanges))
		return;
	looks++;
	stale += value != before / 2 % 2;
}

static void denied(int number)
{
	(void)number;
	faults++;
	siglongjmp(back, 1);
}

static void *look(void *cpu)
{
	unsigned int i;

	while (!stop) {
		for (i = 0; i < 100; i++)
			look_once();
		if (sigsetjmp(back, 1) == 0)
			atomic_store(guarded, (uintptr_t)cpu + 1);
	}
	return NULL;
}

static void exchange(void)
{
	uint64_t next = atomic_fetch_add(&exchanges, 1) / 2 + 1;

	if (mmap(exchanged, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, file, next % 2 * PAGE) !=
	    exchanged)
		err(1, "mmap");
	atomic_fetch_add(&exchanges, 1);
}

/* What can be read but not written stays the same. */
static void guard(void)
{
	unsigned int i;
	uint64_t value;

	if (mprotect(guarded, PAGE, PROT_READ) != 0)
		err(1, "mprotect");
	value = atomic_load(guarded);
	for (i = 0; i < 200; i++)
		stale += value != atomic_load(guarded);
	if (mprotect(guarded, PAGE, PROT_READ | PROT_WRITE) != 0)
		err(1, "mprotect");
}

static void *change(void *cpu)
{
	const struct timespec pause = { .tv_nsec = 200000 };

	while (smp_nanoseconds(CLOCK_MONOTONIC) < end || exchanges < 2 * LEAST) {
		exchange();
		guard();
		/* The others may be waiting for this very CPU. */
		nanosleep(&pause, NULL);
	}
	stop = 1;
	return cpu;
}

static void *body(void *cpu)
{
	return cpu ? look(cpu) : change(cpu);
}

static void prepare(void)
{
	struct sigaction action = { .sa_handler = denied };
	uint64_t one = 1;

	file = memfd_create("exchanged", 0);
	if (file < 0 || ftruncate(file, 2 * PAGE) != 0 || pwrite(file, &one, 8, PAGE) != 8)
		err(1, "memfd_create");
	exchanged = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
	guarded = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (exchanged == MAP_FAILED || guarded == MAP_FAILED)
		err(1, "mmap");
	sigaction(SIGSEGV, &action, NULL);
}

int shootdown(unsigned int ms)
{
	end = smp_nanoseconds(CLOCK_MONOTONIC) + ms * 1000000ll;
	prepare();
	smp_run(body);
	printf("%lu exchanges, %lu looks, %lu faults, %lu stale\n", exchanges / 2, looks, faults,
	       stale);
	return stale || exchanges < 2 * LEAST || (smp_cpus() > 1 && (!looks || !faults));
}
