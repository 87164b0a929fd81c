// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/interrupts before and after: every CPU has its own timer, and is reached by
 * the others: to look at its run queue, to call a function, to forget translations.
 */
#include <err.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "smp.h"

enum { LOC, RES, CAL, TLB, SPU, KINDS };

static const char *const names[] = { "LOC", "RES", "CAL", "TLB", "SPU" };
static int64_t end;

static void parse(char *line, unsigned long counts[KINDS][CPUS_MAX])
{
	unsigned int cpus = smp_cpus(), cpu;
	char *name = line + strspn(line, " ");
	int kind;

	for (kind = 0; kind < KINDS; kind++)
		if (!strncmp(name, names[kind], 3) && name[3] == ':')
			for (cpu = 0, line = name + 4; cpu < cpus; cpu++)
				counts[kind][cpu] = strtoul(line, &line, 10);
}

static void count(unsigned long counts[KINDS][CPUS_MAX])
{
	FILE *file = fopen("/proc/interrupts", "r");
	char line[2048];

	if (!file)
		err(1, "/proc/interrupts");
	memset(counts, 0, KINDS * sizeof(counts[0]));
	while (fgets(line, sizeof(line), file))
		parse(line, counts);
	fclose(file);
}

static void nap(void)
{
	static const struct timespec time = { .tv_nsec = 1000000 };

	nanosleep(&time, NULL);
}

/* One CPU at a time asks all others, which are busy here: who sleeps has no translations. */
static void *ask(void *argument)
{
	unsigned int cpu = (uintptr_t)argument, cpus = smp_cpus();
	char *page;

	while (smp_nanoseconds(CLOCK_MONOTONIC) < end) {
		if (cpu == smp_nanoseconds(CLOCK_MONOTONIC) / 20000000 % cpus) {
			syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
			page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
			munmap(page, 4096);
			nap();
		}
	}
	return NULL;
}

static bool judge(unsigned long before[KINDS][CPUS_MAX],
		  unsigned long after[KINDS][CPUS_MAX], int kind, unsigned long least)
{
	unsigned int cpus = smp_cpus(), cpu;
	unsigned long more;
	bool good = true;

	printf("%s:", names[kind]);
	for (cpu = 0; cpu < cpus; cpu++) {
		more = after[kind][cpu] - before[kind][cpu];
		good &= more >= least;
		printf(" %lu", more);
	}
	printf("\n");
	return good;
}

int interrupts(unsigned int ms)
{
	static unsigned long before[KINDS][CPUS_MAX], after[KINDS][CPUS_MAX];
	unsigned int cpus = smp_cpus(), cpu;
	int64_t limit = smp_nanoseconds(CLOCK_MONOTONIC) + SMP_PATIENCE;
	bool good;

	if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) != 0)
		err(1, "membarrier");
	count(before);
	do {
		end = smp_nanoseconds(CLOCK_MONOTONIC) + ms * 1000000ll;
		smp_run(ask);
		count(after);
		good = judge(before, after, LOC, 3);
		good &= judge(before, after, CAL, cpus > 1);
		good &= judge(before, after, TLB, cpus > 1);
		judge(before, after, RES, 0);
	} while (!good && smp_nanoseconds(CLOCK_MONOTONIC) < limit);
	for (cpu = 0; cpu < cpus; cpu++)
		good &= after[SPU][cpu] == 0;
	return !good;
}
