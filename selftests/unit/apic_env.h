/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One local APIC with a clock and an alarm: time is env.now, and alarms go off
 * in run_to(). Register numbers and bits are spelled out a second time in the
 * tests, from SDM 3, chapter 11.
 */
#ifndef APIC_ENV_H
#define APIC_ENV_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hv/apic.h"

#define UNUSED		__attribute__((unused))
#define ROWS(table)	(sizeof(table) / sizeof((table)[0]))

#define GHZ		1000000000ull
#define DEADLINE_MSR	0x6e0
#define X2(reg)		(0x800 + (reg))
#define MASKED		0x10000u
#define PERIODIC	0x20000u
#define BY_TSC		0x40000u

struct env {
	struct zx_apic apic;	/* first: hooks get from one to the other */
	u32 regs[1024];
	u64 now, alarm;
	bool armed;
	unsigned int fired;
	struct zx_apic_ipi ipi;
};

static struct env env;

static inline u64 hook_tsc(struct zx_apic *apic)
{
	return ((struct env *)apic)->now;
}

static inline void hook_arm(struct zx_apic *apic, u64 deadline)
{
	struct env *e = (struct env *)apic;

	e->armed = true;
	e->alarm = deadline;
}

static inline void hook_disarm(struct zx_apic *apic)
{
	((struct env *)apic)->armed = false;
}

static const struct zx_apic_hooks hooks = { hook_tsc, hook_arm, hook_disarm };

static inline u64 rd(u32 msr)
{
	u64 value = ~0ull;

	assert_int_equal(zx_apic_read(&env.apic, msr, &value), ZX_APIC_DONE);
	return value;
}

static inline void wr(u32 msr, u64 value)
{
	assert_int_equal(zx_apic_write(&env.apic, msr, value, &env.ipi), ZX_APIC_DONE);
}

/* The write faults, and then nothing has changed. */
static inline void wr_gp(u32 msr, u64 value)
{
	struct env before;

	memcpy(&before, &env, sizeof(before));
	assert_int_equal(zx_apic_write(&env.apic, msr, value, &env.ipi), ZX_APIC_GP);
	assert_memory_equal(&before, &env, sizeof(before));
}

static inline bool irr_has(u8 vector)
{
	return rd(X2(0x20) + vector / 32) >> (vector % 32) & 1;
}

static inline bool isr_has(u8 vector)
{
	return rd(X2(0x10) + vector / 32) >> (vector % 32) & 1;
}

/* What the CPU does: take the next interrupt, or -1. */
static inline int take(void)
{
	int vector = zx_apic_pending(&env.apic);

	if (vector >= 0)
		zx_apic_ack(&env.apic, vector);
	return vector;
}

static inline int take_and_eoi(void)
{
	int vector = take();

	if (vector >= 0)
		wr(X2(0x0b), 0);
	return vector;
}

static inline void run_to(u64 when)
{
	while (env.armed && env.alarm <= when) {
		if (env.alarm > env.now)
			env.now = env.alarm;
		env.armed = false;
		env.fired++;
		zx_apic_timer_fired(&env.apic);
	}
	env.now = when;
}

static inline int reset_env(void **state UNUSED)
{
	memset(&env, 0xa5, sizeof(env));
	env.now = 1000;
	env.armed = false;
	env.fired = 0;
	zx_apic_init(&env.apic, 5, env.regs, &hooks);
	return 0;
}

static inline int enable_env(void **state)
{
	reset_env(state);
	wr(X2(0x0f), 0x1ff);
	return 0;
}

/* Divide by 1 from here on, vector 0x40, in the given mode. */
static inline void start(u32 mode, u32 count)
{
	wr(X2(0x3e), 0x0b);
	wr(X2(0x32), mode | 0x40);
	wr(X2(0x38), count);
}

/* A test; its name is the rule. */
#define RULE(name)	static void name(void **state UNUSED)
#define DISABLED(test)	cmocka_unit_test_setup(test, reset_env)
#define ENABLED(test)	cmocka_unit_test_setup(test, enable_env)

#endif
