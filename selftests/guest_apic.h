/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What guest_apic_x86.S and smp_vm.c agree on. Every VCPU runs lists of steps from
 * memory: one list each time it starts, and one in the handler of any vector that has
 * one, so that handlers nest as the test wants it.
 */
#ifndef _SELFTESTS_GUEST_APIC_H
#define _SELFTESTS_GUEST_APIC_H

/* Guest-physical, beside the map of guest.h. */
#define APIC_AP			0x18000
#define APIC_AP_OTHER		0x1a000
#define APIC_WORDS		0x20000
#define APIC_IDT		0x270000
#define APIC_IDTR		0x271000
#define APIC_RESET		0x272000
#define APIC_CPUS		0x280000
#define APIC_CPU_SHIFT		13
#define APIC_CPU_SIZE		0x2000
#define APIC_STEPS		0x300000
#define APIC_STEPS_END		0x400000
#define APIC_PAGE		0xfee00000

#define APIC_PORT_YIELD		0x108
#define APIC_PORT_DIED		0x10c

/* Offsets in struct guest_cpu. */
#define GCPU_STARTS		0
#define GCPU_IRQS		8
#define GCPU_FAULT		16
#define GCPU_RIP			24
#define GCPU_PAGE		32
#define GCPU_CS			40
#define GCPU_LISTS		48
#define GCPU_LISTS_LEN		4
#define GCPU_LOG			0x80
#define GCPU_LOG_LEN		64
#define GCPU_COUNT		0x400
#define GCPU_ACTION		0xc00
#define GCPU_STACK		0x2000

#define ACTION_EOI		0
#define ACTION_NONE		1

/* Operations, numbered as the table of the interpreter. */
#define OP_END			0
#define OP_READ			1
#define OP_WRITE		2
#define OP_OPEN			3
#define OP_WAIT			4
#define OP_RDMSR		5
#define OP_WRMSR		6
#define OP_MARK			7
#define OP_READ_CR8		8
#define OP_WRITE_CR8		9
#define OP_STORE		10
#define OP_LOAD			11
#define OP_AWAIT		12
#define OP_LOOP			13
#define OP_SPIN			14
#define OP_ADD			15
#define OP_HALT			16
#define OP_CPUID		17
#define OP_ON			18
#define OP_OFF			19
#define OP_LOAD_PAGE		20
#define OP_STORE_PAGE		21
#define OP_AGAIN		22
#define OP_XAPIC		23
#define OP_AWAIT_COUNT		24
#define OP_DELAY		25
#define OP_BUMP			26
#define OP_EXPECT		27

#define STEP_SIZE		32
#define STEP_REG		4
#define STEP_VALUE		8
#define STEP_RESULT		16
#define STEP_FAULT		24

#ifndef __ASSEMBLER__
#include <stdint.h>

#include "guest.h"

/*
 * @starts: how often it went into long mode; the list of that number runs
 * @irqs:   interrupts and NMIs taken, their vectors in @log
 * @fault:  vector of an exception outside of the steps, plus one; where in @rip
 * @page:   the APIC's registers are in its page
 * @cs:     what it started with in real mode
 * @count:  interrupts by vector
 * @action: ACTION_*, or the list that its handler runs, EOI and all
 */
struct guest_cpu {
	volatile uint64_t starts;
	volatile uint64_t irqs;
	uint64_t fault, rip;
	uint64_t page;
	uint64_t cs;
	uint64_t lists[GCPU_LISTS_LEN];
	uint64_t unused[6];
	uint64_t log[GCPU_LOG_LEN];
	uint64_t unused2[48];
	volatile uint64_t count[256];
	uint64_t action[256];
	uint64_t stack[128 * 3];
};

/*
 * @expected: as @fault, what the test wants
 * @reg:      a register's number (MSR less 0x800), an MSR, an offset, an address
 * @value:    to write; or what is to be read
 * @fault:    vector of the exception that it raised, 255 of OP_EXPECT; 0: none
 */
struct guest_step {
	uint16_t op, expected;
	uint32_t reg;
	uint64_t value;
	uint64_t result;
	uint64_t fault;
};

DECLARE_CODE(apic_steps);
DECLARE_CODE(apic_ap);
DECLARE_CODE(apic_reset);
extern const char apic_vectors[];
#endif

#endif
