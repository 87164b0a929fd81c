/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instruction lengths, and the plain MOV forms whole. Knows no kernel, so the
 * unit tests compile it as it is.
 */
#ifndef _ZX_DECODE_H
#define _ZX_DECODE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
#endif

#define ZX_INST_MAX	15

/* How wide code is: CS.D and CS.L with EFER.LMA say which. */
enum zx_code_size { ZX_CODE_16, ZX_CODE_32, ZX_CODE_64 };

enum zx_inst_kind {
	ZX_INST_OTHER,		/* the length is right, the meaning unknown */
	ZX_INST_LOAD,		/* MOV, MOVZX, MOVSX, MOVSXD: memory to register */
	ZX_INST_STORE_REG,	/* MOV: register to memory */
	ZX_INST_STORE_IMM,	/* MOV: immediate to memory */
	ZX_INST_MOV_TO_CR,	/* 0F 22: @reg is the GPR, @special the number */
	ZX_INST_MOV_FROM_CR,	/* 0F 20 */
	ZX_INST_MOV_TO_DR,	/* 0F 23 */
	ZX_INST_MOV_FROM_DR,	/* 0F 21 */
	ZX_INST_CLTS,		/* 0F 06 */
	ZX_INST_LMSW,		/* 0F 01 /6, any operand */
	ZX_INST_SMSW,		/* 0F 01 /4, register: @size bytes of @reg are written */
	ZX_INST_SYSENTER,	/* 0F 34 */
	ZX_INST_SYSEXIT,	/* 0F 35: @size 8 to 64-bit code, 4 to other */
};

struct zx_inst {
	u8 len;			/* 1..15, prefixes and immediate included */
	u8 kind;		/* enum zx_inst_kind */
	u8 opcode_map;		/* 0: one byte, 1: 0F, 2: 0F 38, 3: 0F 3A, 4: VEX/EVEX/XOP */
	u8 opcode;
	u8 modrm;		/* 0 if there is none */
	u8 size;		/* bytes of memory accessed by a LOAD or STORE: 1 2 4 8 */
	u8 reg;			/* GPR, REX applied; for high_byte 0..3 */
	u8 reg_size;		/* of a LOAD: bytes of the register written */
	u8 special;		/* CR or DR number, REX.R applied (and LOCK as CR8 on AMD) */
	bool high_byte;		/* the register is AH, CH, DH or BH */
	bool sign_extend;
	u64 imm;		/* of a STORE_IMM, sign-extended to 64 bits */
};

/*
 * Decode the instruction at @bytes, of which @avail (at most 15 count) are
 * there. Returns its length, 0 when more bytes than @avail are needed, or -1
 * when the bytes are no instruction that this mode has (or are over 15 long).
 */
int zx_decode(const u8 *bytes, size_t avail, enum zx_code_size mode, struct zx_inst *inst);

#endif
