/* SPDX-License-Identifier: MIT */
/*
 * What an instruction computes. The CPU that runs this is the guest's as well, so
 * it is asked: operands of the instruction's own size, the guest's flags in, and
 * the flags that come out, those that the manuals leave undefined included.
 * Knows neither Zydis nor the kernel.
 */
#ifndef LIBZX_ASSIST_ALU_H
#define LIBZX_ASSIST_ALU_H

#include <stdbool.h>
#include <stdint.h>

/* CF PF AF ZF SF OF: what instructions compute. */
#define ALU_FLAGS	((uint64_t)0x8d5)
#define ALU_CF		((uint64_t)1 << 0)
#define ALU_PF		((uint64_t)1 << 2)
#define ALU_ZF		((uint64_t)1 << 6)
#define ALU_SF		((uint64_t)1 << 7)
#define ALU_OF		((uint64_t)1 << 11)

enum alu_op {
	ALU_ADD, ALU_ADC, ALU_SUB, ALU_SBB, ALU_AND, ALU_OR, ALU_XOR, ALU_CMP, ALU_TEST,
	ALU_INC, ALU_DEC, ALU_NEG, ALU_NOT,
	ALU_ROL, ALU_ROR, ALU_RCL, ALU_RCR, ALU_SHL, ALU_SHR, ALU_SAR,
	ALU_BT, ALU_BTS, ALU_BTR, ALU_BTC,
	ALU_BSF, ALU_BSR, ALU_IMUL,
};

/*
 * @size: 1, 2, 4 or 8; not 1 from ALU_BT on. @src is not used with one operand;
 * of rotations and shifts it is the count, of bit tests the bit.
 */
uint64_t alu_run(enum alu_op op, unsigned int size, uint64_t dst, uint64_t src, uint64_t *flags);

/* SHLD, SHRD: 2, 4 or 8 bytes; bits come from @src. */
uint64_t alu_double_shift(bool left, unsigned int size, uint64_t dst, uint64_t src,
			  unsigned int count, uint64_t *flags);

/* AX, DX:AX and wider in @low, @high (of 1 byte: AH is in bits 15:8 of @low). */
void alu_multiply(bool sign, unsigned int size, uint64_t *low, uint64_t *high, uint64_t src,
		  uint64_t *flags);
/* False: #DE. */
bool alu_divide(bool sign, unsigned int size, uint64_t *low, uint64_t *high, uint64_t src,
		uint64_t *flags);

/* Is the condition @cc, bits 3:0 of an opcode, true? */
bool alu_condition(unsigned int cc, uint64_t flags);

static inline uint64_t alu_mask(unsigned int size)
{
	return size >= 8 ? UINT64_MAX : ((uint64_t)1 << 8 * size) - 1;
}

static inline uint64_t alu_sign_extend(uint64_t value, unsigned int size)
{
	unsigned int shift = size >= 8 ? 0 : 64 - 8 * size;

	return (uint64_t)((int64_t)(value << shift) >> shift);
}

#endif
