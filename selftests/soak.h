/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tests that choose at random. They run for as long as they say, or for SOAK_SECONDS in the
 * environment; all their choices follow from a seed, 1 or SOAK_SEED in the environment.
 */
#ifndef _SELFTESTS_SOAK_H
#define _SELFTESTS_SOAK_H

#include <stdbool.h>
#include <stdint.h>

struct soak {
	uint64_t seed;
	uint64_t state;
	int64_t end;	/* CLOCK_MONOTONIC, ns */
};

/* Prints the seed, so that a run that fails can be had again. */
void soak_begin(struct soak *soak, unsigned int seconds);
/* Choices of its own for thread or round @number, the same each time; the end is @soak's. */
struct soak soak_fork(const struct soak *soak, uint64_t number);
bool soak_goes_on(const struct soak *soak);
uint64_t soak_next(struct soak *soak);
/* From 0 to @limit - 1. */
uint32_t soak_below(struct soak *soak, uint32_t limit);
/* One of the figures that "make soak" adds up. */
void soak_tell(const char *what, uint64_t count);
/* True once in @times. */
static inline bool soak_once_in(struct soak *soak, uint32_t times)
{
	return soak_below(soak, times) == 0;
}

#endif
