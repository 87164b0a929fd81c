/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest of several VCPUs, each with a thread and its lists of steps (guest_apic.h).
 * A step that reads says what it wants to read, so that most of a test is its lists:
 * smp_run() runs them and compares.
 */
#ifndef _SELFTESTS_SMP_VM_H
#define _SELFTESTS_SMP_VM_H

#include "guest_apic.h"
#include "util.h"

#define MAX_CPUS	64
#define NMI		2
#define GP		13

/* Registers: MSR less 0x800, offset in the page / 16. */
enum {
	ID = 0x02, VERSION = 0x03, TPR = 0x08, PPR = 0x0a, EOI = 0x0b, LDR = 0x0d, DFR = 0x0e,
	SVR = 0x0f, ISR = 0x10, TMR = 0x18, IRR = 0x20, ESR = 0x28, LVT_CMCI = 0x2f,
	ICR = 0x30, LVT_TIMER = 0x32, LVT_THERMAL = 0x33, LVT_PMI = 0x34, LVT_LINT0 = 0x35,
	LVT_LINT1 = 0x36, LVT_ERROR = 0x37, INITIAL = 0x38, CURRENT = 0x39, DIVIDE = 0x3e,
	SELF_IPI = 0x3f,
};

#define LVT_MASKED	0x10000u

#define LOWEST		(1u << 8)
#define SEND_NMI	(4u << 8)
#define SEND_INIT	(5u << 8)
#define SEND_STARTUP	(6u << 8)
#define LOGICAL		(1u << 11)
#define ASSERTED	(1u << 14)
#define LEVEL		(1u << 15)
#define TO_SELF		(1u << 18)
#define TO_ALL		(2u << 18)
#define TO_OTHERS	(3u << 18)
#define EVERYBODY	0xffffffffull

/* An x2APIC ICR; in the page, @dest is the upper byte of the upper half. */
#define TO(dest, low)	((uint64_t)(dest) << 32 | (low))

/* The bit of a vector in the word that WORD() names. */
#define WORD(reg, vector)	((reg) + (vector) / 32)
#define BIT_OF(vector)		(1u << (vector) % 32)

#define ANY		0xa5a5a5a5a5a5a5a5ull

#define STEP(op_, reg_, value_)	{ .op = OP_##op_, .reg = (reg_), .value = (value_) }
#define FAULTS(op_, reg_, value_) \
	{ .op = OP_##op_, .expected = GP, .reg = (reg_), .value = (value_) }

#define READ(reg, wanted)	STEP(READ, reg, wanted)
#define WRITE(reg, value)	STEP(WRITE, reg, value)
#define OPEN			STEP(OPEN, 0, 0)
#define WAIT(count)		STEP(WAIT, 0, count)
#define SPIN(count)		STEP(SPIN, 0, count)
#define WAIT_FOR(vector, count)	STEP(AWAIT_COUNT, vector, count)
#define RDMSR(msr, wanted)	STEP(RDMSR, msr, wanted)
#define WRMSR(msr, value)	STEP(WRMSR, msr, value)
#define MARK(value)		STEP(MARK, 0, value)
#define CR8(wanted)		STEP(READ_CR8, 0, wanted)
#define SET_CR8(value)		STEP(WRITE_CR8, 0, value)
#define STORE(addr, value)	STEP(STORE, addr, value)
#define LOAD(addr, wanted)	STEP(LOAD, addr, wanted)
#define ADD(addr, value)	STEP(ADD, addr, value)
#define AWAIT(addr, value)	STEP(AWAIT, addr, value)
#define LOOP(back, count)	STEP(LOOP, back, count)
#define HALT			STEP(HALT, 0, 0)
#define ON			STEP(ON, 0, 0)
#define OFF			STEP(OFF, 0, 0)
#define DELAY(count)		STEP(DELAY, 0, count)
#define BUMP(back, more)	STEP(BUMP, back, more)
#define MUST_BE(addr, value)	STEP(EXPECT, addr, value)
/* So many of @vector has VCPU @cpu had. */
#define COUNTED(cpu, vector, count) \
	LOAD(APIC_CPUS + ((cpu) << APIC_CPU_SHIFT) + GCPU_COUNT + 8 * (vector), count)
#define ENABLE			WRITE(SVR, 0x1ff)
#define SEND(dest, low)		WRITE(ICR, TO(dest, low))
/* To itself, whatever the mode; and from the VMM, as an edge or a level. */
#define RAISE(vector)		SEND(0, ASSERTED | TO_SELF | (vector))
#define POST(vector)		MARK(0x100 | (vector))
#define POST_LEVEL(vector)	MARK(0x200 | (vector))

/* What loads give where the page has no register. */
#define NO_REGISTER	0x5a5a5a5au

struct smp;

struct smp_ipi {
	uint64_t mask;
	uint8_t vector;
};

#define KEPT_PACKETS	16

/*
 * What came out of a VCPU; the first ones of each kind are kept.
 * @endless: it is kicked when all others are through
 */
struct smp_cpu {
	struct smp *smp;
	unsigned int id;
	bool endless;
	pthread_t thread;
	zx_handle_t vcpu;
	zx_status_t status;
	unsigned int nr_marks, nr_ipis, nr_startups, nr_eois, nr_mems;
	uint32_t marks[KEPT_PACKETS];
	struct smp_ipi ipis[KEPT_PACKETS];
	uint64_t startups[KEPT_PACKETS][2];
	struct smp_ipi eois[KEPT_PACKETS];
	uint32_t last_bad;	/* type of a packet that nobody expected */
};

/*
 * @page:  xAPIC mode: each list begins by going there
 * @deaf:  packets ask for interrupts in vain
 * @goes_on: kicked VCPUs go on until all others are through
 * @limit: seconds until smp_run() gives up
 * @mark, @eoi, @startup: the VCPU's thread calls it for such a packet, if it is there
 * @middle: smp_run()'s thread calls it when all VCPUs run
 */
struct smp {
	struct vm vm;
	unsigned int nr;
	bool page, deaf, goes_on;
	unsigned int limit;
	uint64_t next_list;
	void (*mark)(struct smp_cpu *cpu, uint32_t value);
	void (*eoi)(struct smp_cpu *cpu, uint8_t vector);
	void (*startup)(struct smp_cpu *cpu, uint64_t id, uint64_t entry);
	void (*middle)(struct smp *smp);
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int made, through;
	volatile bool stop;
	struct smp_cpu cpus[MAX_CPUS];
};

zx_status_t smp_up(struct smp *smp, unsigned int nr, bool page);
void smp_down(struct smp *smp);

static inline struct guest_cpu *smp_guest(struct smp *smp, unsigned int cpu)
{
	return (struct guest_cpu *)(smp->vm.mem + APIC_CPUS) + cpu;
}

static inline volatile uint64_t *smp_word(struct smp *smp, unsigned int index)
{
	return (volatile uint64_t *)(smp->vm.mem + APIC_WORDS) + index;
}

#define WORD_AT(index)	(APIC_WORDS + 8 * (index))

/* Where the list went in the guest; @modes: with what leads to the APIC's mode. */
uint64_t smp_list(struct smp *smp, const struct guest_step *steps, unsigned int count, bool modes);

static inline struct guest_step *smp_step(struct smp *smp, uint64_t list, unsigned int index)
{
	return (struct guest_step *)(smp->vm.mem + list) + index;
}

/* VCPU @cpu runs these steps when it starts for the @nth time, from 0. */
#define smp_starts(smp, cpu, nth, ...) ({ \
	const struct guest_step list_[] = { __VA_ARGS__ }; \
	\
	smp_guest(smp, cpu)->lists[nth] = smp_list(smp, list_, ARRAY_SIZE(list_), true); \
})

#define smp_boots(smp, cpu, ...)	smp_starts(smp, cpu, 0, __VA_ARGS__)

/* Its handler of @vector runs these, which write EOI themselves. */
#define smp_handles(smp, cpu, vector, ...) ({ \
	const struct guest_step list_[] = { __VA_ARGS__ }; \
	\
	smp_guest(smp, cpu)->action[vector] = smp_list(smp, list_, ARRAY_SIZE(list_), false); \
})

/*
 * Run all VCPUs to the end of their lists, compare what they read, and say on stderr
 * what was wrong. ZX_OK: nothing.
 */
zx_status_t smp_run(struct smp *smp);
/* All VCPUs leave the loops of their first lists. */
void smp_end_loops(struct smp *smp);
/* After one: VCPUs can be made anew, and what was counted is forgotten. */
void smp_restart(struct smp *smp);
/* Have its interrupts been these vectors, in that order? */
bool smp_took(struct smp *smp, unsigned int cpu, const uint8_t *vectors, unsigned int count);

/* Lines of the module in the kernel's log; -1: it cannot be read. */
int smp_log_lines(void);

#define took(smp, cpu, ...) ({ \
	const uint8_t vectors_[] = { __VA_ARGS__ }; \
	\
	smp_took(smp, cpu, vectors_, ARRAY_SIZE(vectors_)); \
})

#define took_none(smp, cpu)	smp_took(smp, cpu, NULL, 0)

#endif
