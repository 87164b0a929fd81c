/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that runs one instruction between all registers loaded and stored, on a
 * window of four pages, any of which are a device that keeps bytes.
 */
#ifndef _SELFTESTS_ASSIST_VM_H
#define _SELFTESTS_ASSIST_VM_H

#include <zxl/assist.h>

#include "util.h"

#define WINDOW_PAGES	4
#define WINDOW_BYTES	(WINDOW_PAGES * PAGE)
#define WINDOW(offset)	(GUEST_MAPPED + (offset))
/* Offsets in it: where RDI, RSI and RSP point unless a row says something else. */
#define TARGET		0x1100
#define OTHER		0x2100
#define STACK		0x2800

/* The window's 64-bit tables; for 32 bits see ASSIST_TABLES. */
#define WINDOW_DIRECTORY	0x24000
#define WINDOW_TABLE		0x25000
#define PTE_P			0x1ull
#define PTE_W			0x2ull

/* What the memory holds at first; ZEROS and the addresses only where RDI points. */
enum content { PATTERN, ZEROS, LANDING, NOT_CANONICAL, EQUAL };

/*
 * @code, @len, @text: the instruction
 * @rdi, @rsi:         where they point, in the window
 * @flags:             set besides those of the run
 * @trapped:           pages of the window that are the device's
 * @undefined:         flags that the manuals leave open
 * @same:              bytes of memory that RAX, and then RDX, start with; or 0
 * @content:           enum content
 */
struct row {
	const char *code;
	uint64_t len;
	const char *text;
	uint64_t rdi, rsi, rcx, rdx, flags, trapped, undefined, same, content;
};

/* ASSIST_IN and ASSIST_OUT. */
struct registers {
	uint64_t gpr[16];
	uint64_t flags;
	uint64_t fs;
	uint64_t wide;
	uint64_t pad;
	uint8_t vector[16][32];
};

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11 };

/*
 * @base:     of the device
 * @accesses: that it has seen; @good of them it answers with ZX_OK, then it refuses
 * @start:    the blob, with its slot at @insn; @narrow: of 32 bits
 */
struct assist_vm {
	struct vm vm;
	zx_port_packet_t packet;
	unsigned int packets;
	zx_gpaddr_t base;
	uint8_t device[WINDOW_BYTES];
	unsigned int accesses, good;
	zx_status_t refusal;
	const char *start, *insn, *end;
	bool narrow;
};

zx_status_t assist_vm_up(struct assist_vm *avm);
/* A fresh VCPU that is about to run @row, with @flags and the pages of @trapped. */
zx_status_t assist_vm_load(struct assist_vm *avm, const struct row *row, uint64_t flags,
			   uint64_t trapped);
zx_status_t assist_vm_assist(struct assist_vm *avm, zx_handle_t vcpu);
/* To the blob's end, by way of the assist. */
zx_status_t assist_vm_finish(struct assist_vm *avm);

static inline uint64_t assist_vm_insn(const struct assist_vm *avm)
{
	return GUEST_ENTRY + (uint64_t)(avm->insn - avm->start);
}

#endif
