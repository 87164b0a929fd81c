/* SPDX-License-Identifier: MIT */
/*
 * What the files of the assist share. An instruction works on copies: registers
 * and flags in struct assist, which go to the VCPU when it has succeeded. Memory
 * alone changes at once, and so comes last.
 */
#ifndef LIBZX_ASSIST_INTERNAL_H
#define LIBZX_ASSIST_INTERNAL_H

#include <Zydis/Zydis.h>
#include <string.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zx_hypervisor.h>
#include <zxl/assist.h>
#include <zxl/hypervisor.h>

#include "assist_alu.h"

#define PAGE_BYTES	((uint64_t)4096)
#define VECTOR_BYTES	32

/* A page known to be in a trap: string instructions come back to it. */
struct assist_page {
	bool valid;
	uint64_t linear, gpa;
};

struct assist {
	zx_handle_t vcpu;
	const zxl_assist_ops_t *ops;
	void *context;
	struct zx_vcpu_page *page;
	struct zxl_vcpu_system system;
	unsigned int mode;		/* 16, 32 or 64 */

	ZydisDecodedInstruction insn;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

	struct zx_vcpu_regs regs;
	uint64_t rip;			/* of the instruction */
	uint64_t next;			/* where it goes on */
	int64_t adjust;			/* of the effective address: bit tests */
	struct zxl_vcpu_vector vector;
	bool vector_dirty;
	int exception;			/* that the guest takes instead; -1: none */
	bool trapped;			/* an access met a trap */
	bool faulted;			/* one was refused by the guest's paging */
	struct assist_page known[2];	/* [0] read, [1] written */
};

/* assist_operand.c */
static inline __u64 *assist_gpr(struct assist *a, unsigned int nr)
{
	return &a->regs.rax + nr;
}

/* @size bytes of a register; writing 4 clears the upper half (SDM 1, 3.4.1.1). */
uint64_t assist_reg(struct assist *a, unsigned int nr, unsigned int size);
void assist_set_reg(struct assist *a, unsigned int nr, unsigned int size, uint64_t value);

/* 1 to 32 bytes at a linear address. */
zx_status_t assist_read(struct assist *a, uint64_t linear, void *data, size_t size);
zx_status_t assist_write(struct assist *a, uint64_t linear, const void *data, size_t size);

unsigned int assist_size(const ZydisDecodedOperand *op);
bool assist_is_gpr(const ZydisDecodedOperand *op);
uint64_t assist_segment_base(const struct assist *a, ZydisRegister segment);
uint64_t assist_linear(struct assist *a, const ZydisDecodedOperand *op);
/* A general register, a segment register, an immediate, or memory of up to 8 bytes. */
zx_status_t assist_get(struct assist *a, const ZydisDecodedOperand *op, uint64_t *value);
zx_status_t assist_put(struct assist *a, const ZydisDecodedOperand *op, uint64_t value);
unsigned int assist_stack_size(const struct assist *a);
zx_status_t assist_push(struct assist *a, unsigned int size, uint64_t value);
zx_status_t assist_pop(struct assist *a, unsigned int size, uint64_t *value);

/* NOT_SUPPORTED: not one of theirs. assist_integer.c, assist_special.c, assist_vector.c */
zx_status_t assist_integer(struct assist *a);
zx_status_t assist_special(struct assist *a);
zx_status_t assist_vector(struct assist *a);

/* assist_string.c; it writes registers to the VCPU itself. */
bool assist_is_string(const struct assist *a);
zx_status_t assist_string(struct assist *a);

/* assist.c */
void assist_commit_regs(struct assist *a);
zx_status_t assist_move_rip(struct assist *a, uint64_t rip);

#endif
