/* SPDX-License-Identifier: GPL-2.0-only */
/* What runs in a guest of many CPUs: a program with one command for each thing to look at. */
#ifndef LINUX_SMP_H
#define LINUX_SMP_H

#include <stdbool.h>
#include <stdint.h>

#define CPUS_MAX	64
/* How much longer something may take on a busy machine, in nanoseconds. */
#define SMP_PATIENCE	60000000000ll

/* CPUs that are online, and which: they are 0 to smp_cpus() - 1. */
unsigned int smp_cpus(void);
/* Bind the calling thread to one of them; ends the program if that fails. */
void smp_bind(unsigned int cpu);
int64_t smp_nanoseconds(int clock);

/* A thread on each CPU runs @body with the CPU's number; back when all have returned. */
void smp_run(void *(*body)(void *cpu));

/*
 * The commands: 0 when all is well, else 1 after a line that says what is not.
 * They go on for @ms milliseconds, if they have no work of their own that ends.
 */
int interrupts(unsigned int ms);
int clocks(unsigned int ms);
int shootdown(unsigned int ms);

#endif
