/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the bench share.
 */
#ifndef _SELFTESTS_BENCH_H
#define _SELFTESTS_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "../util.h"

/* Anything but ZX_OK ends the program. */
void check(const char *what, zx_status_t status);
/* Prints @ticks for each of @count. */
void report(const char *name, uint64_t ticks, uint64_t count);
/* Guest and first VCPU, which has a blob with @count in RCX and @addr in RDI. */
void start(struct vm *vm, const char *from, const char *to, uint64_t count, uint64_t addr);

#define START(vm, name, count, addr) start(vm, name##_start, name##_end, count, addr)

/* The guest's own loop, by the TSC that it wrote down at both ends. */
uint64_t guest_ticks(struct vm *vm);

/* events.c: interrupts, timers, IPIs. False: the kernel's IPIs are not what they should be. */
bool bench_events(void);

#endif
