/* SPDX-License-Identifier: GPL-2.0-only */
/* What the fuzzers share: choices taken from libFuzzer's bytes, and how a finding ends. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at;
	size_t left;
};

/* Past the end, everything is 0. */
static inline uint64_t take(struct input *input, size_t bytes)
{
	uint64_t value = 0;
	size_t count = bytes < input->left ? bytes : input->left;

	memcpy(&value, input->at, count);
	input->at += count;
	input->left -= count;
	return value;
}

/* Any number, small ones and those near powers of two more often than the bits have it. */
static inline uint64_t take_number(struct input *input)
{
	uint8_t how = take(input, 1);

	if (how < 0x80)
		return how;
	if (how < 0xc0)
		return (1ull << (how & 0x3f)) - 1 + take(input, 1) % 3;
	return take(input, 1 + how % 8);
}

/* What libFuzzer may count as reached beside the code: one bit per byte set. */
#define REACHED(name, size) \
	static uint8_t name[size] __attribute__((section("__libfuzzer_extra_counters"), used))

/* A finding. */
#define insist(condition) do { \
	if (!(condition)) { \
		fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
		abort(); \
	} \
} while (0)

#endif
