// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "soak.h"

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static uint64_t setting(const char *name, uint64_t other)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : other;
}

void soak_begin(struct soak *soak, unsigned int seconds)
{
	soak->seed = setting("SOAK_SEED", 1);
	soak->state = soak->seed;
	soak->end = now() + setting("SOAK_SECONDS", seconds) * 1000000000ll;
	printf("# SOAK_SEED=%#llx\n", (unsigned long long)soak->seed);
	fflush(stdout);
}

/* A counter, mixed so that neighbours have nothing in common (SplitMix64). */
uint64_t soak_next(struct soak *soak)
{
	uint64_t x = soak->state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

struct soak soak_fork(const struct soak *soak, uint64_t number)
{
	struct soak fork = *soak;

	fork.state = soak->seed ^ number << 32;
	fork.state = soak_next(&fork);
	return fork;
}

bool soak_goes_on(const struct soak *soak)
{
	return now() < soak->end;
}

uint32_t soak_below(struct soak *soak, uint32_t limit)
{
	return (soak_next(soak) >> 32) * limit >> 32;
}

/* Flushed: a child of the harness ends without. */
void soak_tell(const char *what, uint64_t count)
{
	printf("# soak: %s %llu\n", what, (unsigned long long)count);
	fflush(stdout);
}
