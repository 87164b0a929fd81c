// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's local APIC under all that a guest, other VCPUs and the clock can do
 * to it, by MSR and through its page. Every change of a vector must have a cause,
 * the timer keep its time, and registers hold no bit that they do not have.
 */
#include "fuzz.h"
#include "hv/apic.h"
#include "hv/xapic.h"

#define REG_TPR		0x08
#define REG_SVR		0x0f
#define REG_ISR		0x10
#define REG_TMR		0x18
#define REG_IRR		0x20
#define REG_LVT_TIMER	0x32
#define REG_LVT_ERROR	0x37
#define REG_INITIAL	0x38
#define REG_CURRENT	0x39
#define REG_DIVIDE	0x3e
#define MASKED		0x10000u
#define PERIODIC	0x20000u
#define BY_TSC		0x40000u
#define FIRES_MAX	64
/* What a write of the page may never leave in an LVT: status and remote IRR. */
#define LVT_NEVER	0xfff85000u

static struct env {
	struct zx_apic apic;	/* first: hooks get from one to the other */
	u32 regs[1024];
	struct input input;
	u64 now, offset, alarm;	/* @offset: of the guest's TSC */
	bool armed;
} env;

/* Vectors that an operation may raise or change besides those of timer and errors. */
static struct cause {
	int raised, acked, ended;
	bool reset;
} cause;

static u32 reg(u32 nr)
{
	return env.regs[4 * nr];
}

static bool bit(u32 first, unsigned int vector)
{
	return reg(first + vector / 32) >> vector % 32 & 1;
}

/* Deadlines go by what a guest may set, counts do not. */
static u64 tsc(void)
{
	return zx_apic_by_deadline(&env.apic) ? env.now + env.offset : env.now;
}

static u64 hook_tsc(struct zx_apic *apic)
{
	insist(apic == &env.apic);
	return tsc();
}

static void hook_arm(struct zx_apic *apic, u64 deadline)
{
	insist(apic == &env.apic && deadline);
	env.armed = true;
	env.alarm = deadline;
}

static void hook_disarm(struct zx_apic *apic)
{
	insist(apic == &env.apic);
	env.armed = false;
}

static const struct zx_apic_hooks hooks = { hook_tsc, hook_arm, hook_disarm };

static int highest(u32 first)
{
	int vector;

	for (vector = 255; vector >= 0; vector--) {
		if (!reg(first + vector / 32))
			vector &= ~31;
		else if (bit(first, vector))
			break;
	}
	return vector;
}

/* SDM 3, 11.8.3.1, said once more. */
static unsigned int priority_class(void)
{
	int serviced = highest(REG_ISR);
	unsigned int task = reg(REG_TPR) >> 4;

	return serviced >= 0 && (unsigned int)serviced >> 4 > task ? (unsigned int)serviced >> 4 :
								     task;
}

static void check_pending(void)
{
	int vector = highest(REG_IRR), pending = zx_apic_pending(&env.apic);

	insist(vector < 0 || env.apic.arrived);
	if (vector >= 0 && zx_apic_enabled(&env.apic) &&
	    (unsigned int)vector >> 4 <= priority_class())
		vector = -1;
	insist(pending == vector);
}

/* Why is vector @v no longer as before? */
static void check_vector(int v, bool irr, bool isr, bool tmr, u32 timer_was)
{
	bool own = v == (u8)reg(REG_LVT_TIMER) || v == (u8)timer_was ||
		   v == (u8)reg(REG_LVT_ERROR);

	insist(v >= 16);
	if (bit(REG_IRR, v) && !irr)
		insist(v == cause.raised || own);
	if (!bit(REG_IRR, v) && irr)
		insist(v == cause.acked || cause.reset);
	if (bit(REG_ISR, v) && !isr)
		insist(v == cause.acked);
	if (!bit(REG_ISR, v) && isr)
		insist(v == cause.ended || cause.reset);
	if (bit(REG_TMR, v) != tmr)
		insist(v == cause.raised || cause.reset || (own && tmr));
}

static void check_vectors(const u32 *before)
{
	u32 i, v, irr, isr, tmr, changed;

	for (i = 0; i < 8; i++) {
		irr = before[4 * (REG_IRR + i)];
		isr = before[4 * (REG_ISR + i)];
		tmr = before[4 * (REG_TMR + i)];
		changed = (irr ^ reg(REG_IRR + i)) | (isr ^ reg(REG_ISR + i)) |
			  (tmr ^ reg(REG_TMR + i));
		for (; changed; changed &= changed - 1) {
			v = __builtin_ctz(changed);
			check_vector(i * 32 + v, irr >> v & 1, isr >> v & 1, tmr >> v & 1,
				     before[4 * REG_LVT_TIMER]);
		}
	}
}

static u64 period(void)
{
	u32 divide = reg(REG_DIVIDE);

	return (u64)reg(REG_INITIAL) << ((((divide & 3) | (divide & 8) >> 1) + 1) & 7);
}

static void check_registers(void)
{
	u32 nr;
	u64 count;

	insist(!(reg(REG_SVR) & ~0x3ffu) && !(reg(REG_TPR) & ~0xffu));
	insist(!(reg(REG_DIVIDE) & ~0xbu));
	for (nr = REG_LVT_TIMER; nr <= REG_LVT_ERROR; nr++) {
		insist(!(reg(nr) & (nr == REG_LVT_TIMER ? LVT_NEVER & ~0x60000u : LVT_NEVER)));
		insist(zx_apic_enabled(&env.apic) || reg(nr) & MASKED);
	}
	insist((reg(REG_LVT_TIMER) & (PERIODIC | BY_TSC)) != (PERIODIC | BY_TSC));
	insist(!(env.apic.esr_latch & ~0x60u));
	insist(env.apic.mode <= ZX_APIC_OFF);
	insist(zx_apic_read_reg(&env.apic, REG_CURRENT, &count) == ZX_APIC_DONE);
	insist(count <= reg(REG_INITIAL));
}

/* Its alarm is set whenever it would interrupt, and it is at most one period away. */
static void check_timer(void)
{
	u64 deadline = env.apic.timer_deadline, latest = tsc() + env.apic.min_period;

	if (!deadline)
		return;
	if (latest < deadline)
		latest = deadline;
	if (!(reg(REG_LVT_TIMER) & MASKED))
		insist(env.armed && env.alarm <= latest);
	if (!(reg(REG_LVT_TIMER) & BY_TSC))
		insist(deadline - tsc() <= period() || deadline == ~0ull);
}

static void fire(void)
{
	env.armed = false;
	zx_apic_timer_fired(&env.apic);
}

/* Alarms come in time, late, or, when there are too many, not at all yet. */
static void pass(u64 ticks, bool late)
{
	u64 end = env.now + ticks;
	unsigned int fires = 0;

	if (end < env.now || end > 1ull << 62)
		return;
	while (!late && env.armed && fires++ < FIRES_MAX) {
		u64 ahead = env.alarm > tsc() ? env.alarm - tsc() : 0;

		if (ahead > end - env.now)
			break;
		env.now += ahead;
		fire();
	}
	env.now = end;
	if (env.armed && env.alarm <= tsc())
		fire();
}

/* A count goes down by what has passed, to the tick; at its end it has interrupted. */
static void count_down(u32 ticks)
{
	u32 lvt = reg(REG_LVT_TIMER);
	unsigned int shift;
	u64 before, after;

	if (!reg(REG_INITIAL))
		return;
	shift = __builtin_ctzll(period() / reg(REG_INITIAL));
	zx_apic_read_reg(&env.apic, REG_CURRENT, &before);
	if (lvt & (PERIODIC | BY_TSC) || !before)
		return;
	pass((u64)ticks << shift, false);
	zx_apic_read_reg(&env.apic, REG_CURRENT, &after);
	insist(after == (before > ticks ? before - ticks : 0));
	if (before <= ticks && !(lvt & MASKED) && (u8)lvt >= 16)
		insist(bit(REG_IRR, (u8)lvt));
}

/* What it asks of the caller is well-formed. */
static void check_action(enum zx_apic_action action, const struct zx_apic_ipi *ipi, bool page)
{
	if (action == ZX_APIC_EOI)
		insist(ipi->vector == cause.ended && ipi->vector >= 16);
	if (action != ZX_APIC_IPI)
		return;
	insist(ipi->kind <= ZX_IPI_OTHER && ipi->shorthand < 4 && ipi->page == page);
	insist(ipi->kind > ZX_IPI_LOWEST || ipi->vector >= 16);
	insist(ipi->kind != ZX_IPI_NMI || ipi->vector == 2);
}

static void write_msr(void)
{
	u8 nr = take(&env.input, 1) % 0x42;
	u32 msr = nr == 0x41 ? ZX_MSR_TSC_DEADLINE : ZX_MSR_X2APIC_FIRST + nr;
	u64 value = take_number(&env.input);
	enum zx_apic_action action;
	struct zx_apic_ipi ipi;
	struct env before = env;

	if (nr == 0x3f)
		cause.raised = (u8)value;
	if (nr == 0x0b && env.apic.mode == ZX_APIC_X2APIC)
		cause.ended = highest(REG_ISR);
	action = zx_apic_write(&env.apic, msr, value, &ipi);
	insist(action != ZX_APIC_ABSENT);
	if (action == ZX_APIC_GP)
		insist(!memcmp(&before, &env, sizeof(env)));
	check_action(action, &ipi, false);
}

static void write_page(void)
{
	u8 nr = take(&env.input, 1);
	u32 offset = nr < 0xf0 ? nr % 0x40 * 16 : take(&env.input, 2) % 0x1000;
	struct env before = env;
	enum zx_apic_action action;
	struct zx_apic_ipi ipi;
	u32 value = take_number(&env.input);

	before.input = env.input;
	if (offset == 0xb0)
		cause.ended = highest(REG_ISR);
	action = zx_xapic_write(&env.apic, offset, value, &ipi);
	insist(action != ZX_APIC_GP);
	if (action == ZX_APIC_ABSENT)
		insist(!memcmp(&before, &env, sizeof(env)));
	check_action(action, &ipi, true);
}

static void read_any(void)
{
	u32 offset = take(&env.input, 2) % 0x1000, value = 0;
	enum zx_apic_action action;
	u64 wide = 0;

	action = zx_apic_read(&env.apic, offset & 1 ? ZX_MSR_TSC_DEADLINE :
			      ZX_MSR_X2APIC_FIRST + (offset >> 4), &wide);
	insist(action == ZX_APIC_DONE || action == ZX_APIC_GP);
	action = zx_xapic_read(&env.apic, offset & ~15u, &value);
	insist(action == ZX_APIC_DONE || action == ZX_APIC_ABSENT);
	zx_xapic_match_logical(offset, zx_xapic_logical(&env.apic));
	zx_apic_match_logical(offset << 16 | offset, env.apic.id);
	insist(zx_apic_highest_irr(&env.apic) == highest(REG_IRR));
	insist(zx_apic_highest_isr(&env.apic) == highest(REG_ISR));
	insist((u32)zx_apic_levels(&env.apic, offset % 4) == reg(REG_TMR + offset % 4 * 2));
}

static void deliver(void)
{
	int vector = zx_apic_pending(&env.apic);

	bool serviced;

	insist(zx_apic_waiting(&env.apic) >= vector);
	if (vector < 0)
		return;
	serviced = zx_apic_enabled(&env.apic) || bit(REG_ISR, vector);
	cause.acked = vector;
	zx_apic_ack(&env.apic, vector);
	insist(!bit(REG_IRR, vector) && bit(REG_ISR, vector) == serviced);
}

static void set_base(void)
{
	static const u64 modes[] = { 0xc00, 0x800, 0, 0x400 };
	u8 how = take(&env.input, 1);
	u64 value = ZX_APIC_BASE_ADDR | modes[how % 4] | (how & 4 ? 0x100 : 0);
	struct env before = env;

	if (how & 0xf0)
		value ^= take_number(&env.input);
	before.input = env.input;
	cause.reset = true;
	if (!zx_apic_set_base(&env.apic, value, how & 8))
		insist(!memcmp(&before, &env, sizeof(env)));
	else
		insist(!((zx_apic_get_base(&env.apic) ^ value) & ~0x100ull));
}

/* What takes several writes, and to find it by chance takes long. */
static void program(void)
{
	static const u32 modes[] = { 0, PERIODIC, BY_TSC, MASKED };
	u8 how = take(&env.input, 1);
	struct zx_apic_ipi ipi;

	zx_apic_write_reg(&env.apic, REG_LVT_ERROR, take(&env.input, 1), &ipi);
	zx_apic_write_reg(&env.apic, REG_DIVIDE, how >> 2 & 0xb, &ipi);
	zx_apic_write_reg(&env.apic, REG_LVT_TIMER, modes[how & 3] | take(&env.input, 1), &ipi);
	if (how & 0x40)
		zx_apic_write_reg(&env.apic, REG_INITIAL, take_number(&env.input) & ~0u, &ipi);
	else
		zx_apic_write(&env.apic, ZX_MSR_TSC_DEADLINE, take_number(&env.input), &ipi);
}

static void change(u8 how)
{
	switch (how) {
	case 0:
		cause.raised = take(&env.input, 1);
		zx_apic_accept(&env.apic, cause.raised, take(&env.input, 1) & 1);
		break;
	case 1:
		deliver();
		break;
	case 2:
		cause.reset = true;
		zx_apic_reset(&env.apic);
		break;
	case 3:
		set_base();
		break;
	case 4:
		env.offset = take_number(&env.input);
		break;
	case 5:
		fire();
		break;
	case 6:
		zx_apic_set_cr8(&env.apic, take(&env.input, 1));
		break;
	case 7:
		program();
		break;
	}
}

static void step(void)
{
	u8 how = take(&env.input, 1);

	if (how < 0x40)
		write_msr();
	else if (how < 0x80)
		write_page();
	else if (how < 0xa0)
		read_any();
	else if (how < 0xc0)
		pass(take_number(&env.input), how & 1);
	else if (how < 0xd0)
		count_down(take_number(&env.input));
	else
		change(how % 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u32 before[1024];
	struct zx_apic_ipi ipi;
	u8 how;

	memset(&env, 0, sizeof(env));
	env.input = (struct input) { data, size };
	env.now = 1000;
	zx_apic_init(&env.apic, take(&env.input, 1), env.regs, &hooks);
	how = take(&env.input, 1);
	if (how & 1)
		env.apic.mode = ZX_APIC_XAPIC;
	if (how & 2)
		zx_apic_write_reg(&env.apic, REG_SVR, 0x1ff, &ipi);
	if (how & 4)
		env.apic.min_period = take(&env.input, 3);
	while (env.input.left) {
		memcpy(before, env.regs, sizeof(before));
		cause = (struct cause) { -1, -1, -1, false };
		step();
		check_registers();
		check_vectors(before);
		check_pending();
		check_timer();
	}
	return 0;
}
