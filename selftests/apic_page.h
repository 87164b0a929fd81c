/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC's page in a test guest: its registers, and what page_steps of
 * guest_xapic_x86.S does with them.
 */
#ifndef _SELFTESTS_APIC_PAGE_H
#define _SELFTESTS_APIC_PAGE_H

#include <string.h>

#include "util.h"

#define APIC_PAGE	0xfee00000ull
#define KEY_APIC	0x41504943

/* Offsets in the page. */
#define ID		0x020
#define VERSION		0x030
#define TPR		0x080
#define PPR		0x0a0
#define EOI		0x0b0
#define LDR		0x0d0
#define DFR		0x0e0
#define SVR		0x0f0
#define ISR		0x100
#define IRR		0x200
#define ESR		0x280
#define ICR		0x300
#define ICR_HIGH	0x310
#define LVT_TIMER	0x320
#define LVT_LINT0	0x350
#define INITIAL		0x380
#define CURRENT		0x390
#define DIVIDE		0x3e0
#define SELF_IPI	0x3f0

/* Of page_steps. */
struct step {
	uint32_t op, offset, value, unused;
};

#define END			{ 0, 0, 0, 0 }
#define LOAD(offset)		{ 1, (offset), 0, 0 }
#define STORE(offset, value)	{ 2, (offset), (value), 0 }
#define OPEN			{ 3, 0, 0, 0 }
#define WAIT(count)		{ 4, 0, (count), 0 }
#define MSR(number)		{ 5, (number), 0, 0 }
#define MARK			{ 6, 0, 0, 0 }

/* The page at GUEST_WINDOW of the guest's linear addresses. */
static inline void map_page(struct vm *vm)
{
	const uint64_t entry = APIC_PAGE | 0x87;

	memcpy(vm->mem + GUEST_TABLES + 0x2000 + 8 * (GUEST_WINDOW >> 21), &entry, sizeof(entry));
}

static inline struct step *steps_of(struct vm *vm)
{
	return (struct step *)(vm->mem + GUEST_BUFFER);
}

static inline zx_status_t trap_page(struct vm *vm, uint32_t kind, zx_handle_t port)
{
	return zx_guest_set_trap(vm->guest, kind, APIC_PAGE, PAGE, port, KEY_APIC);
}

static inline zx_status_t trap_page_mem(struct vm *vm)
{
	return trap_page(vm, ZX_GUEST_TRAP_MEM, ZX_HANDLE_INVALID);
}

#define set_steps(vm, ...) ({ \
	static const struct step steps[] = { __VA_ARGS__, END }; \
	\
	memcpy(steps_of(vm), steps, sizeof(steps)); \
})

/* Run the steps with the page on; none of them is to leave the kernel. */
#define run_steps(vm, ...) ({ \
	set_steps(vm, __VA_ARGS__); \
	trap_page_mem(vm) ?: vm_boot(vm, page_steps) ?: vm_finish(vm); \
})

#endif
