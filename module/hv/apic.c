// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC in x2APIC mode. Top to bottom: who may do what to which
 * register, priorities, errors, the timer, IPIs, and then the two entrances
 * for RDMSR and WRMSR. Interrupts come in from irq.c. Sections are those of
 * SDM 3, chapter 11 (10 in older editions).
 */
#include "apic.h"

/* Registers: MSR number less ZX_MSR_X2APIC_FIRST (SDM 3, table 11-6). */
enum {
	REG_ID = 0x02,
	REG_VERSION = 0x03,
	REG_TPR = 0x08,
	REG_PPR = 0x0a,
	REG_EOI = 0x0b,
	REG_LDR = 0x0d,
	REG_SVR = 0x0f,
	REG_ISR = 0x10, REG_TMR = 0x18, REG_IRR = 0x20,
	REG_ESR = 0x28,
	REG_LVT_CMCI = 0x2f,
	REG_ICR = 0x30,
	REG_LVT_TIMER = 0x32,
	REG_LVT_THERMAL = 0x33,
	REG_LVT_PMI = 0x34,
	REG_LVT_LINT0 = 0x35, REG_LVT_LINT1 = 0x36,
	REG_LVT_ERROR = 0x37,
	REG_INITIAL_COUNT = 0x38, REG_CURRENT_COUNT = 0x39,
	REG_DIVIDE = 0x3e,
	REG_SELF_IPI = 0x3f,
	NR_REGS = 0x40,
	REG_TSC_DEADLINE,	/* an MSR elsewhere, a part of the timer */
};

/* Version 0x15, seven LVT entries, no suppression of EOI broadcasts. */
#define APIC_VERSION		0x60015

#define FIRST_LEGAL_VECTOR	16

#define SVR_RESET		0xff
/* Vector, software enable, focus checking; bit 12 is reserved with APIC_VERSION. */
#define SVR_BITS		0x3ff

#define DFR_RESET		0xffffffffu

#define ESR_SEND_ILLEGAL	(1u << 5)
#define ESR_RECEIVE_ILLEGAL	(1u << 6)

#define LVT_VECTOR		0xffu
#define LVT_DELIVERY_MODE	(7u << 8)
#define LVT_STATUS		(1u << 12)
#define LVT_POLARITY		(1u << 13)
#define LVT_REMOTE_IRR		(1u << 14)
#define LVT_LEVEL		(1u << 15)
#define LVT_MASKED		(1u << 16)
#define LVT_READ_ONLY		(LVT_STATUS | LVT_REMOTE_IRR)
#define LVT_TIMER_MODE		(3u << 17)
#define TIMER_PERIODIC		(1u << 17)
#define TIMER_TSC_DEADLINE	(2u << 17)

/* What may be written as 1; the read-only ones are then dropped. */
#define LVT_BITS		(LVT_VECTOR | LVT_STATUS | LVT_MASKED)
#define LVT_MODE_BITS		(LVT_BITS | LVT_DELIVERY_MODE)
#define LVT_PIN_BITS		(LVT_MODE_BITS | LVT_POLARITY | LVT_REMOTE_IRR | LVT_LEVEL)

#define ICR_LOGICAL		(1u << 11)
#define ICR_ASSERT		(1u << 14)
#define ICR_LEVEL		(1u << 15)
/* Destination, shorthand, and the lower half without bits 12, 13, 16, 17. */
#define ICR_BITS		0xffffffff000ccfffull

#define DIVIDE_BITS		0xb

/*
 * Who may do what (SDM 3, 11.12.1.3): anything else is #GP. @field is where a
 * register is kept that reads as it was written.
 */
#define MAY_READ	1
#define MAY_WRITE	2
#define MAY_BOTH	(MAY_READ | MAY_WRITE)
#define FIELD(name)	offsetof(struct zx_apic, name)

static const struct {
	u8 allowed;
	u8 field;
	u64 bits;	/* that may be 1 in a write */
} rules[NR_REGS] = {
	[REG_ID]		= { MAY_READ, FIELD(id), 0 },
	[REG_VERSION]		= { MAY_READ, 0, 0 },
	[REG_TPR]		= { MAY_BOTH, FIELD(tpr), 0xff },
	[REG_PPR]		= { MAY_READ, 0, 0 },
	[REG_EOI]		= { MAY_WRITE, 0, 0 },
	[REG_LDR]		= { MAY_READ, 0, 0 },
	[REG_SVR]		= { MAY_BOTH, FIELD(svr), SVR_BITS },
	[REG_ISR ... REG_IRR + 7] = { MAY_READ, 0, 0 },
	[REG_ESR]		= { MAY_BOTH, FIELD(esr), 0 },
	[REG_LVT_CMCI]		= { MAY_BOTH, FIELD(lvt_cmci), LVT_MODE_BITS },
	[REG_ICR]		= { MAY_BOTH, 0, ICR_BITS },
	[REG_LVT_TIMER]		= { MAY_BOTH, FIELD(lvt_timer), LVT_BITS | LVT_TIMER_MODE },
	[REG_LVT_THERMAL]	= { MAY_BOTH, FIELD(lvt_thermal), LVT_MODE_BITS },
	[REG_LVT_PMI]		= { MAY_BOTH, FIELD(lvt_pmi), LVT_MODE_BITS },
	[REG_LVT_LINT0]		= { MAY_BOTH, FIELD(lvt_lint0), LVT_PIN_BITS },
	[REG_LVT_LINT1]		= { MAY_BOTH, FIELD(lvt_lint1), LVT_PIN_BITS },
	[REG_LVT_ERROR]		= { MAY_BOTH, FIELD(lvt_error), LVT_BITS },
	[REG_INITIAL_COUNT]	= { MAY_BOTH, FIELD(initial_count), 0xffffffff },
	[REG_CURRENT_COUNT]	= { MAY_READ, 0, 0 },
	[REG_DIVIDE]		= { MAY_BOTH, FIELD(divide), DIVIDE_BITS },
	[REG_SELF_IPI]		= { MAY_WRITE, 0, 0xff },
};

static u32 *field_of(struct zx_apic *apic, u32 reg)
{
	return (u32 *)((u8 *)apic + rules[reg].field);
}

static u64 vector_bit(u8 vector)
{
	return 1ull << (vector & 63);
}

/* The highest vector in one of the 256-bit registers, or -1. */
static int highest(const u64 *bits)
{
	int i;

	for (i = 3; i >= 0; i--)
		if (bits[i])
			return i * 64 + 63 - __builtin_clzll(bits[i]);
	return -1;
}

/* The 32 bits of ISR, TMR or IRR that register @reg shows. */
static u32 window(const u64 *bits, u32 reg)
{
	return bits[(reg & 7) >> 1] >> (32 * (reg & 1));
}

/* SDM 3, 11.8.3.1: the higher class wins; TPR brings its sub-class along. */
static u32 processor_priority(const struct zx_apic *apic)
{
	int serviced = highest(apic->isr);

	if (serviced < 0 || (apic->tpr >> 4) >= (u32)serviced >> 4)
		return apic->tpr;
	return serviced & 0xf0;
}

/* SDM 3, 11.12.10.2. */
static u32 logical_id(u32 id)
{
	return (id >> 4) << 16 | 1u << (id & 15);
}

bool zx_apic_match_logical(u32 dest, u32 id)
{
	u32 ldr = logical_id(id);

	if (dest == 0xffffffff)
		return true;
	return dest >> 16 == ldr >> 16 && (dest & ldr & 0xffff);
}

/*
 * SDM 3, 11.5.3: errors gather until ESR is written, and only the first of
 * them interrupts.
 */
static void log_error(struct zx_apic *apic, u32 error)
{
	u8 vector = apic->lvt_error & LVT_VECTOR;
	bool first = !apic->esr_latch;

	apic->esr_latch |= error;
	if (!first || apic->lvt_error & LVT_MASKED)
		return;
	if (vector < FIRST_LEGAL_VECTOR)
		apic->esr_latch |= ESR_RECEIVE_ILLEGAL;
	else
		apic->irr[vector >> 6] |= vector_bit(vector);
}

void zx_apic_accept(struct zx_apic *apic, u8 vector)
{
	if (vector < FIRST_LEGAL_VECTOR) {
		log_error(apic, ESR_RECEIVE_ILLEGAL);
		return;
	}
	apic->irr[vector >> 6] |= vector_bit(vector);
	apic->tmr[vector >> 6] &= ~vector_bit(vector);
}

int zx_apic_pending(const struct zx_apic *apic)
{
	const u64 *irr = apic->irr;
	int vector;

	if (!(irr[0] | irr[1] | irr[2] | irr[3]))
		return -1;
	vector = highest(irr);
	if (zx_apic_enabled(apic) && (u32)vector >> 4 <= processor_priority(apic) >> 4)
		return -1;
	return vector;
}

int zx_apic_waiting(const struct zx_apic *apic)
{
	int vector = highest(apic->irr);

	if (vector < 0 || (zx_apic_enabled(apic) && vector >> 4 <= highest(apic->isr) >> 4))
		return -1;
	return vector;
}

void zx_apic_ack(struct zx_apic *apic, u8 vector)
{
	apic->irr[vector >> 6] &= ~vector_bit(vector);
	if (zx_apic_enabled(apic))
		apic->isr[vector >> 6] |= vector_bit(vector);
}

void zx_apic_eoi(struct zx_apic *apic)
{
	int vector = highest(apic->isr);

	if (vector >= 0)
		apic->isr[vector >> 6] &= ~vector_bit(vector);
}

static u32 timer_mode(const struct zx_apic *apic)
{
	return apic->lvt_timer & LVT_TIMER_MODE;
}

/* Bits 0, 1, 3 of the divide register: 2, 4, ... 128, and then 1. */
static unsigned int timer_shift(const struct zx_apic *apic)
{
	u32 code = (apic->divide & 3) | (apic->divide & 8) >> 1;

	return (code + 1) & 7;
}

static u64 add_saturated(u64 a, u64 b)
{
	return a + b < a ? ~0ull : a + b;
}

/* The guest TSC at which @count ticks of the timer are over. */
static u64 count_end(const struct zx_apic *apic, u64 now, u32 count)
{
	return add_saturated(now, (u64)count << timer_shift(apic));
}

/*
 * Bring the timer up to now, which is returned. Whoever looks at the timer or
 * changes what it does comes here first, so that nothing depends on how late
 * the alarm is. A periodic timer goes on from its old deadline: the phase
 * stays, and periods that were missed are one interrupt.
 */
static u64 timer_catch_up(struct zx_apic *apic)
{
	u64 now = apic->hooks->tsc(apic);
	u64 period, late;

	if (!apic->timer_deadline || now < apic->timer_deadline)
		return now;
	if (!(apic->lvt_timer & LVT_MASKED))
		zx_apic_accept(apic, apic->lvt_timer & LVT_VECTOR);
	if (timer_mode(apic) == TIMER_PERIODIC) {
		period = (u64)apic->initial_count << timer_shift(apic);
		late = (now - apic->timer_deadline) % period;
		apic->timer_deadline = add_saturated(now, period - late);
	} else {
		apic->timer_deadline = 0;
	}
	return now;
}

/* A masked timer runs on without an alarm: timer_catch_up() does the rest. */
static void timer_set_alarm(struct zx_apic *apic, u64 now)
{
	u64 alarm = apic->timer_deadline;
	u64 earliest = add_saturated(now, apic->min_period);

	if (!alarm || apic->lvt_timer & LVT_MASKED) {
		apic->hooks->disarm(apic);
		return;
	}
	if (timer_mode(apic) == TIMER_PERIODIC && alarm < earliest)
		alarm = earliest;
	apic->hooks->arm(apic, alarm);
}

void zx_apic_timer_fired(struct zx_apic *apic)
{
	u64 now = timer_catch_up(apic);

	if (apic->timer_deadline)
		timer_set_alarm(apic, now);
}

/* Rounded up: a count stands for a whole tick before it drops. */
static u32 current_count(const struct zx_apic *apic, u64 now)
{
	unsigned int shift = timer_shift(apic);
	u64 left = apic->timer_deadline - now;
	u64 count;

	if (!apic->timer_deadline || timer_mode(apic) == TIMER_TSC_DEADLINE)
		return 0;
	count = (left >> shift) + !!(left & ((1u << shift) - 1));
	/* A TSC that was set back must not show more than was loaded. */
	return count < apic->initial_count ? count : apic->initial_count;
}

static void write_timer(struct zx_apic *apic, u32 reg, u64 value)
{
	u64 now = timer_catch_up(apic);
	u32 count = current_count(apic, now);

	switch (reg) {
	case REG_LVT_TIMER:
		/*
		 * The count goes on between one-shot and periodic, as it does in
		 * hardware; into and out of TSC-deadline mode the timer stops.
		 */
		if ((apic->lvt_timer ^ value) & TIMER_TSC_DEADLINE)
			apic->timer_deadline = 0;
		apic->lvt_timer = value;
		break;
	case REG_INITIAL_COUNT:
		if (timer_mode(apic) == TIMER_TSC_DEADLINE)
			return;
		apic->initial_count = value;
		apic->timer_deadline = value ? count_end(apic, now, value) : 0;
		break;
	case REG_DIVIDE:
		/* What is left of the count goes on at the new rate. */
		if (value == apic->divide)
			return;
		apic->divide = value;
		if (count)
			apic->timer_deadline = count_end(apic, now, count);
		break;
	case REG_TSC_DEADLINE:
		/* SDM 3, 11.5.4.1: ignored in the other modes, and reads 0. */
		if (timer_mode(apic) != TIMER_TSC_DEADLINE)
			return;
		apic->timer_deadline = value;
		break;
	}
	timer_set_alarm(apic, now);
}

static enum zx_apic_action write_lvt(struct zx_apic *apic, u32 reg, u32 value)
{
	if (reg == REG_LVT_TIMER && (value & LVT_TIMER_MODE) == LVT_TIMER_MODE)
		return ZX_APIC_GP;
	value &= ~LVT_READ_ONLY;
	if (!zx_apic_enabled(apic))
		value |= LVT_MASKED;
	if (reg == REG_LVT_TIMER)
		write_timer(apic, reg, value);
	else
		*field_of(apic, reg) = value;
	return ZX_APIC_DONE;
}

static void mask_lvts(struct zx_apic *apic)
{
	apic->lvt_cmci |= LVT_MASKED;
	apic->lvt_timer |= LVT_MASKED;
	apic->lvt_thermal |= LVT_MASKED;
	apic->lvt_pmi |= LVT_MASKED;
	apic->lvt_lint0 |= LVT_MASKED;
	apic->lvt_lint1 |= LVT_MASKED;
	apic->lvt_error |= LVT_MASKED;
}

/* SDM 3, 11.4.7.2: disabling sets every mask bit; enabling leaves them. */
static void write_svr(struct zx_apic *apic, u32 value)
{
	apic->svr = value;
	if (zx_apic_enabled(apic))
		return;
	write_timer(apic, REG_LVT_TIMER, apic->lvt_timer | LVT_MASKED);
	mask_lvts(apic);
}

/* SDM 3, 11.6.1 and 11.12.9. Only INIT knows levels: its de-assert does nothing. */
static enum zx_apic_action write_icr(struct zx_apic *apic, u64 value, struct zx_apic_ipi *ipi)
{
	static const u8 kinds[8] = {
		ZX_IPI_FIXED, ZX_IPI_LOWEST, ZX_IPI_OTHER, ZX_IPI_OTHER,
		ZX_IPI_NMI, ZX_IPI_INIT, ZX_IPI_STARTUP, ZX_IPI_OTHER,
	};
	u8 kind = kinds[value >> 8 & 7];
	u8 vector = value;

	apic->icr = value;
	if (kind == ZX_IPI_INIT && (value & (ICR_LEVEL | ICR_ASSERT)) == ICR_LEVEL)
		return ZX_APIC_DONE;
	if ((kind == ZX_IPI_FIXED || kind == ZX_IPI_LOWEST) && vector < FIRST_LEGAL_VECTOR) {
		log_error(apic, ESR_SEND_ILLEGAL);
		return ZX_APIC_DONE;
	}
	*ipi = (struct zx_apic_ipi){
		.kind = kind,
		.vector = kind == ZX_IPI_NMI ? 2 : vector,
		.logical = value & ICR_LOGICAL,
		.shorthand = value >> 18 & 3,
		.dest = value >> 32,
	};
	return ZX_APIC_IPI;
}

static u64 read_register(struct zx_apic *apic, u32 reg)
{
	switch (reg) {
	case REG_VERSION:
		return APIC_VERSION;
	case REG_PPR:
		return processor_priority(apic);
	case REG_LDR:
		return logical_id(apic->id);
	case REG_ISR ... REG_ISR + 7:
		return window(apic->isr, reg);
	case REG_TMR ... REG_TMR + 7:
		return window(apic->tmr, reg);
	case REG_IRR ... REG_IRR + 7:
		return window(apic->irr, reg);
	case REG_ICR:
		return apic->icr;
	case REG_CURRENT_COUNT:
		return current_count(apic, timer_catch_up(apic));
	default:
		return *field_of(apic, reg);
	}
}

enum zx_apic_action zx_apic_read(struct zx_apic *apic, u32 msr, u64 *value)
{
	u32 reg = msr - ZX_MSR_X2APIC_FIRST;

	if (msr == ZX_MSR_TSC_DEADLINE) {
		timer_catch_up(apic);
		*value = timer_mode(apic) == TIMER_TSC_DEADLINE ? apic->timer_deadline : 0;
		return ZX_APIC_DONE;
	}
	if (reg >= NR_REGS || !(rules[reg].allowed & MAY_READ))
		return ZX_APIC_GP;
	*value = read_register(apic, reg);
	return ZX_APIC_DONE;
}

static enum zx_apic_action write_register(struct zx_apic *apic, u32 reg, u64 value,
					  struct zx_apic_ipi *ipi)
{
	switch (reg) {
	case REG_EOI:
		zx_apic_eoi(apic);
		break;
	case REG_TPR:
		apic->tpr = value;
		break;
	case REG_ICR:
		return write_icr(apic, value, ipi);
	case REG_SELF_IPI:
		if (value < FIRST_LEGAL_VECTOR)
			log_error(apic, ESR_SEND_ILLEGAL);
		zx_apic_accept(apic, value);
		break;
	case REG_INITIAL_COUNT:
	case REG_DIVIDE:
		write_timer(apic, reg, value);
		break;
	case REG_SVR:
		write_svr(apic, value);
		break;
	case REG_ESR:
		apic->esr = apic->esr_latch;
		apic->esr_latch = 0;
		break;
	default:
		return write_lvt(apic, reg, value);
	}
	return ZX_APIC_DONE;
}

enum zx_apic_action zx_apic_write(struct zx_apic *apic, u32 msr, u64 value,
				  struct zx_apic_ipi *ipi)
{
	u32 reg = msr - ZX_MSR_X2APIC_FIRST;

	if (msr == ZX_MSR_TSC_DEADLINE) {
		write_timer(apic, REG_TSC_DEADLINE, value);
		return ZX_APIC_DONE;
	}
	if (reg >= NR_REGS || !(rules[reg].allowed & MAY_WRITE) || value & ~rules[reg].bits)
		return ZX_APIC_GP;
	return write_register(apic, reg, value, ipi);
}

u64 zx_apic_writable(u32 msr)
{
	u32 reg = msr - ZX_MSR_X2APIC_FIRST;

	return reg < NR_REGS ? rules[reg].bits : 0;
}

void zx_apic_reset(struct zx_apic *apic, u32 id, const struct zx_apic_hooks *hooks)
{
	*apic = (struct zx_apic){
		.hooks = hooks,
		.id = id,
		.bsp = id == 0,
		.svr = SVR_RESET,
		.dfr = DFR_RESET,
	};
	mask_lvts(apic);
}
