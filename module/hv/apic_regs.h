/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC's registers: MSR number less 0x800, and offset in the page by 16
 * (SDM 3, tables 11-1 and 11-6).
 */
#ifndef _ZX_APIC_REGS_H
#define _ZX_APIC_REGS_H

enum {
	REG_ID = 0x02,
	REG_VERSION = 0x03,
	REG_TPR = 0x08,
	REG_APR = 0x09,
	REG_PPR = 0x0a,
	REG_EOI = 0x0b,
	REG_RRD = 0x0c,
	REG_LDR = 0x0d,
	REG_DFR = 0x0e,
	REG_SVR = 0x0f,
	REG_ISR = 0x10, REG_TMR = 0x18, REG_IRR = 0x20,
	REG_ESR = 0x28,
	REG_LVT_CMCI = 0x2f,
	REG_ICR = 0x30, REG_ICR_HIGH = 0x31,
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

#endif
