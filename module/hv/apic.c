// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC. Top to bottom: who may do what to which register, priorities,
 * errors, the timer, IPIs, the entrances by register number and by MSR, and its
 * modes. Interrupts come in from irq.c. Sections are those of SDM 3, chapter 11 (10
 * in older editions).
 */
#include "apic.h"
#include "apic_regs.h"

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

/* Who may do what (SDM 3, 11.12.1.3): anything else is #GP. */
#define MAY_READ	1
#define MAY_WRITE	2
#define MAY_BOTH	(MAY_READ | MAY_WRITE)

static const struct {
	u8 allowed;
	u64 bits;	/* that may be 1 in a write */
} rules[NR_REGS] = {
	[REG_ID]		= { MAY_READ, 0 },
	[REG_VERSION]		= { MAY_READ, 0 },
	[REG_TPR]		= { MAY_BOTH, 0xff },
	[REG_PPR]		= { MAY_READ, 0 },
	[REG_EOI]		= { MAY_WRITE, 0 },
	[REG_LDR]		= { MAY_READ, 0 },
	[REG_SVR]		= { MAY_BOTH, SVR_BITS },
	[REG_ISR ... REG_IRR + 7] = { MAY_READ, 0 },
	[REG_ESR]		= { MAY_BOTH, 0 },
	[REG_LVT_CMCI]		= { MAY_BOTH, LVT_MODE_BITS },
	[REG_ICR]		= { MAY_BOTH, ICR_BITS },
	[REG_LVT_TIMER]		= { MAY_BOTH, LVT_BITS | LVT_TIMER_MODE },
	[REG_LVT_THERMAL]	= { MAY_BOTH, LVT_MODE_BITS },
	[REG_LVT_PMI]		= { MAY_BOTH, LVT_MODE_BITS },
	[REG_LVT_LINT0]		= { MAY_BOTH, LVT_PIN_BITS },
	[REG_LVT_LINT1]		= { MAY_BOTH, LVT_PIN_BITS },
	[REG_LVT_ERROR]		= { MAY_BOTH, LVT_BITS },
	[REG_INITIAL_COUNT]	= { MAY_BOTH, 0xffffffff },
	[REG_CURRENT_COUNT]	= { MAY_READ, 0 },
	[REG_DIVIDE]		= { MAY_BOTH, DIVIDE_BITS },
	[REG_SELF_IPI]		= { MAY_WRITE, 0xff },
};

static u32 get(const struct zx_apic *apic, u32 reg)
{
	return apic->regs[4 * reg];
}

static void set(struct zx_apic *apic, u32 reg, u32 value)
{
	WRITE_ONCE(apic->regs[4 * reg], value);
}

/* @reg: the first of the eight of ISR, TMR or IRR. */
static bool has_vector(const struct zx_apic *apic, u32 reg, u8 vector)
{
	return get(apic, reg + vector / 32) >> vector % 32 & 1;
}

static void set_vector(struct zx_apic *apic, u32 reg, u8 vector)
{
	apic->regs[4 * (reg + vector / 32)] |= 1u << vector % 32;
}

static void clear_vector(struct zx_apic *apic, u32 reg, u8 vector)
{
	apic->regs[4 * (reg + vector / 32)] &= ~(1u << vector % 32);
}

/* The highest vector in ISR, TMR or IRR, or -1. Every interrupt looks a few times. */
static int highest(const struct zx_apic *apic, u32 reg)
{
	int i;

#pragma GCC unroll 8
	for (i = 7; i >= 0; i--)
		if (get(apic, reg + i))
			return i * 32 + 31 - __builtin_clz(get(apic, reg + i));
	return -1;
}

int zx_apic_highest_irr(const struct zx_apic *apic)
{
	return highest(apic, REG_IRR);
}

int zx_apic_highest_isr(const struct zx_apic *apic)
{
	return highest(apic, REG_ISR);
}

u64 zx_apic_levels(const struct zx_apic *apic, unsigned int word)
{
	return get(apic, REG_TMR + 2 * word) | (u64)get(apic, REG_TMR + 2 * word + 1) << 32;
}

/* SDM 3, 11.8.3.1: the higher class wins; TPR brings its sub-class along. */
static u32 processor_priority(const struct zx_apic *apic)
{
	u32 tpr = get(apic, REG_TPR);
	int serviced = highest(apic, REG_ISR);

	if (serviced < 0 || tpr >> 4 >= (u32)serviced >> 4)
		return tpr;
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

static void raise(struct zx_apic *apic, u8 vector)
{
	set_vector(apic, REG_IRR, vector);
	apic->arrived = true;
	apic->changed = true;
}

/*
 * SDM 3, 11.5.3: errors gather until ESR is written, and only the first of
 * them interrupts.
 */
static void log_error(struct zx_apic *apic, u32 error)
{
	u32 lvt = get(apic, REG_LVT_ERROR);
	bool first = !apic->esr_latch;

	apic->esr_latch |= error;
	if (!first || lvt & LVT_MASKED)
		return;
	if ((lvt & LVT_VECTOR) < FIRST_LEGAL_VECTOR)
		apic->esr_latch |= ESR_RECEIVE_ILLEGAL;
	else
		raise(apic, lvt & LVT_VECTOR);
}

void zx_apic_accept(struct zx_apic *apic, u8 vector, bool level)
{
	if (vector < FIRST_LEGAL_VECTOR) {
		log_error(apic, ESR_RECEIVE_ILLEGAL);
		return;
	}
	raise(apic, vector);
	if (level)
		set_vector(apic, REG_TMR, vector);
	else
		clear_vector(apic, REG_TMR, vector);
}

void zx_apic_self_ipi(struct zx_apic *apic, u8 vector)
{
	if (vector < FIRST_LEGAL_VECTOR)
		log_error(apic, ESR_SEND_ILLEGAL);
	zx_apic_accept(apic, vector, false);
}

int zx_apic_pending(const struct zx_apic *apic)
{
	int vector;

	if (!apic->arrived)
		return -1;
	vector = highest(apic, REG_IRR);
	if (zx_apic_enabled(apic) && vector >> 4 <= (int)processor_priority(apic) >> 4)
		return -1;
	return vector;
}

void zx_apic_look(struct zx_apic *apic)
{
	apic->arrived = highest(apic, REG_IRR) >= 0;
}

int zx_apic_waiting(const struct zx_apic *apic)
{
	int vector;

	if (!apic->arrived)
		return -1;
	vector = highest(apic, REG_IRR);
	if (zx_apic_enabled(apic) && vector >> 4 <= highest(apic, REG_ISR) >> 4)
		return -1;
	return vector;
}

void zx_apic_ack(struct zx_apic *apic, u8 vector)
{
	clear_vector(apic, REG_IRR, vector);
	apic->changed = true;
	zx_apic_look(apic);
	if (zx_apic_enabled(apic))
		set_vector(apic, REG_ISR, vector);
}

int zx_apic_eoi(struct zx_apic *apic)
{
	int vector = highest(apic, REG_ISR);

	if (vector < 0)
		return -1;
	clear_vector(apic, REG_ISR, vector);
	apic->changed = true;
	return has_vector(apic, REG_TMR, vector) ? vector : -1;
}

static u32 timer_mode(const struct zx_apic *apic)
{
	return get(apic, REG_LVT_TIMER) & LVT_TIMER_MODE;
}

/* Bits 0, 1, 3 of the divide register: 2, 4, ... 128, and then 1. */
static unsigned int timer_shift(const struct zx_apic *apic)
{
	u32 divide = get(apic, REG_DIVIDE), code = (divide & 3) | (divide & 8) >> 1;

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
	u32 lvt = get(apic, REG_LVT_TIMER);
	u64 period, late;

	if (!apic->timer_deadline || now < apic->timer_deadline)
		return now;
	if (!(lvt & LVT_MASKED))
		zx_apic_accept(apic, lvt & LVT_VECTOR, false);
	if (timer_mode(apic) == TIMER_PERIODIC) {
		period = (u64)get(apic, REG_INITIAL_COUNT) << timer_shift(apic);
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

	if (!alarm || get(apic, REG_LVT_TIMER) & LVT_MASKED) {
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
	u64 left = apic->timer_deadline - now, initial = get(apic, REG_INITIAL_COUNT);
	u64 count;

	if (!apic->timer_deadline || timer_mode(apic) == TIMER_TSC_DEADLINE)
		return 0;
	count = (left >> shift) + !!(left & ((1u << shift) - 1));
	/* A TSC that was set back must not show more than was loaded. */
	return count < initial ? count : initial;
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
		if ((get(apic, reg) ^ value) & TIMER_TSC_DEADLINE)
			apic->timer_deadline = 0;
		set(apic, reg, value);
		break;
	case REG_INITIAL_COUNT:
		if (timer_mode(apic) == TIMER_TSC_DEADLINE)
			return;
		set(apic, reg, value);
		apic->timer_deadline = value ? count_end(apic, now, value) : 0;
		break;
	case REG_DIVIDE:
		/* What is left of the count goes on at the new rate. */
		if (value == get(apic, reg))
			return;
		set(apic, reg, value);
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
		set(apic, reg, value);
	return ZX_APIC_DONE;
}

static void mask_lvts(struct zx_apic *apic)
{
	static const u8 lvts[] = {
		REG_LVT_CMCI, REG_LVT_TIMER, REG_LVT_THERMAL, REG_LVT_PMI, REG_LVT_LINT0,
		REG_LVT_LINT1, REG_LVT_ERROR,
	};
	unsigned int i;

	for (i = 0; i < sizeof(lvts); i++)
		set(apic, lvts[i], get(apic, lvts[i]) | LVT_MASKED);
}

/* SDM 3, 11.4.7.2: disabling sets every mask bit; enabling leaves them. */
static void write_svr(struct zx_apic *apic, u32 value)
{
	set(apic, REG_SVR, value);
	if (zx_apic_enabled(apic))
		return;
	write_timer(apic, REG_LVT_TIMER, get(apic, REG_LVT_TIMER) | LVT_MASKED);
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

	set(apic, REG_ICR, value);
	apic->regs[4 * REG_ICR + 1] = value >> 32;
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
	case REG_PPR:
		return processor_priority(apic);
	case REG_ICR:
		return get(apic, reg) | (u64)apic->regs[4 * reg + 1] << 32;
	case REG_CURRENT_COUNT:
		return current_count(apic, timer_catch_up(apic));
	default:
		return get(apic, reg);
	}
}

enum zx_apic_action zx_apic_read_reg(struct zx_apic *apic, u32 reg, u64 *value)
{
	if (reg >= NR_REGS || !(rules[reg].allowed & MAY_READ))
		return ZX_APIC_GP;
	*value = read_register(apic, reg);
	return ZX_APIC_DONE;
}

enum zx_apic_action zx_apic_read(struct zx_apic *apic, u32 msr, u64 *value)
{
	if (msr == ZX_MSR_TSC_DEADLINE) {
		timer_catch_up(apic);
		*value = timer_mode(apic) == TIMER_TSC_DEADLINE ? apic->timer_deadline : 0;
		return ZX_APIC_DONE;
	}
	if (apic->mode != ZX_APIC_X2APIC)
		return ZX_APIC_GP;
	return zx_apic_read_reg(apic, msr - ZX_MSR_X2APIC_FIRST, value);
}

static enum zx_apic_action write_eoi(struct zx_apic *apic, struct zx_apic_ipi *ipi)
{
	int vector = zx_apic_eoi(apic);

	if (vector < 0)
		return ZX_APIC_DONE;
	*ipi = (struct zx_apic_ipi){ .vector = vector };
	return ZX_APIC_EOI;
}

static enum zx_apic_action write_register(struct zx_apic *apic, u32 reg, u64 value,
					  struct zx_apic_ipi *ipi)
{
	switch (reg) {
	case REG_EOI:
		return write_eoi(apic, ipi);
	case REG_TPR:
		set(apic, reg, value);
		break;
	case REG_ICR:
		return write_icr(apic, value, ipi);
	case REG_SELF_IPI:
		zx_apic_self_ipi(apic, value);
		break;
	case REG_INITIAL_COUNT:
	case REG_DIVIDE:
		write_timer(apic, reg, value);
		break;
	case REG_SVR:
		write_svr(apic, value);
		break;
	case REG_ESR:
		set(apic, reg, apic->esr_latch);
		apic->esr_latch = 0;
		break;
	default:
		return write_lvt(apic, reg, value);
	}
	return ZX_APIC_DONE;
}

enum zx_apic_action zx_apic_write_reg(struct zx_apic *apic, u32 reg, u64 value,
				      struct zx_apic_ipi *ipi)
{
	if (reg >= NR_REGS || !(rules[reg].allowed & MAY_WRITE) || value & ~rules[reg].bits)
		return ZX_APIC_GP;
	return write_register(apic, reg, value, ipi);
}

enum zx_apic_action zx_apic_write(struct zx_apic *apic, u32 msr, u64 value,
				  struct zx_apic_ipi *ipi)
{
	if (msr == ZX_MSR_TSC_DEADLINE) {
		write_timer(apic, REG_TSC_DEADLINE, value);
		return ZX_APIC_DONE;
	}
	if (apic->mode != ZX_APIC_X2APIC)
		return ZX_APIC_GP;
	return zx_apic_write_reg(apic, msr - ZX_MSR_X2APIC_FIRST, value, ipi);
}

u64 zx_apic_writable(u32 reg)
{
	return reg < NR_REGS ? rules[reg].bits : 0;
}

#define BASE_BSP	(1ull << 8)
#define BASE_EXTENDED	(1ull << 10)
#define BASE_ENABLED	(1ull << 11)

static const u64 base_modes[] = {
	[ZX_APIC_X2APIC] = BASE_ENABLED | BASE_EXTENDED,
	[ZX_APIC_XAPIC] = BASE_ENABLED,
	[ZX_APIC_OFF] = 0,
};

u64 zx_apic_get_base(const struct zx_apic *apic)
{
	return ZX_APIC_BASE_ADDR | base_modes[apic->mode] | (apic->id ? 0 : BASE_BSP);
}

/* The ways through figure 11-27 of SDM 3 (11.12.5): to[] is by the mode before. */
bool zx_apic_set_base(struct zx_apic *apic, u64 value, bool page)
{
	static const u8 to[] = {
		[ZX_APIC_X2APIC] = 1 << ZX_APIC_OFF,
		[ZX_APIC_XAPIC] = 1 << ZX_APIC_OFF | 1 << ZX_APIC_X2APIC,
		[ZX_APIC_OFF] = 1 << ZX_APIC_XAPIC,
	};
	u8 mode;

	for (mode = ZX_APIC_X2APIC; mode <= ZX_APIC_OFF; mode++)
		if ((value | BASE_BSP) == (ZX_APIC_BASE_ADDR | base_modes[mode] | BASE_BSP))
			break;
	if (mode == apic->mode)
		return true;
	if (mode > ZX_APIC_OFF || !page || !(to[apic->mode] >> mode & 1))
		return false;
	if (mode == ZX_APIC_OFF) {
		apic->hooks->disarm(apic);
		zx_apic_reset(apic);
	}
	/* The destination of the other mode's ICR means nothing here: 11.12.9. */
	apic->regs[4 * REG_ICR + 1] = 0;
	apic->mode = mode;
	return true;
}

void zx_apic_reset(struct zx_apic *apic)
{
	unsigned int reg;

	for (reg = 0; reg < NR_REGS; reg++)
		set(apic, reg, 0);
	apic->regs[4 * REG_ICR + 1] = 0;
	set(apic, REG_ID, apic->id);
	set(apic, REG_VERSION, APIC_VERSION);
	set(apic, REG_LDR, logical_id(apic->id));
	set(apic, REG_SVR, SVR_RESET);
	mask_lvts(apic);
	apic->arrived = false;
	apic->changed = true;
	apic->esr_latch = 0;
	WRITE_ONCE(apic->ldr, 0);
	WRITE_ONCE(apic->dfr, DFR_RESET);
	apic->timer_deadline = 0;
}

void zx_apic_init(struct zx_apic *apic, u32 id, u32 *regs, const struct zx_apic_hooks *hooks)
{
	*apic = (struct zx_apic){ .hooks = hooks, .regs = regs, .id = id };
	zx_apic_reset(apic);
}
