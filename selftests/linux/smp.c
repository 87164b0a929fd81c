// SPDX-License-Identifier: GPL-2.0-only
/* smp COMMAND MILLISECONDS */
#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "smp.h"

unsigned int smp_cpus(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	if (count < 1 || count > CPUS_MAX)
		errx(1, "%ld CPUs", count);
	return count;
}

void smp_bind(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		err(1, "CPU %u", cpu);
}

int64_t smp_nanoseconds(int clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) != 0)
		err(1, "clock %d", clock);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

struct worker {
	pthread_t thread;
	unsigned int cpu;
	void *(*body)(void *cpu);
};

static void *bound(void *argument)
{
	struct worker *worker = argument;

	smp_bind(worker->cpu);
	return worker->body((void *)(uintptr_t)worker->cpu);
}

void smp_run(void *(*body)(void *cpu))
{
	unsigned int cpus = smp_cpus(), i;
	struct worker worker[CPUS_MAX];

	for (i = 0; i < cpus; i++) {
		worker[i] = (struct worker) { .cpu = i, .body = body };
		if (pthread_create(&worker[i].thread, NULL, bound, &worker[i]) != 0)
			errx(1, "no thread for CPU %u", i);
	}
	for (i = 0; i < cpus; i++)
		pthread_join(worker[i].thread, NULL);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(unsigned int ms);
	} commands[] = {
		{ "interrupts", interrupts }, { "clocks", clocks }, { "shootdown", shootdown },
	};
	size_t i;

	if (argc != 3)
		errx(2, "which command, and how long?");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(atoi(argv[2]));
	errx(2, "%s: no such command", argv[1]);
}
