// SPDX-License-Identifier: MIT
/* See assist_alu.h. */
#include "assist_alu.h"

/* The compiler may keep things below the stack pointer (the ABI's red zone). */
#define WITH_FLAGS(text)				\
	"lea	-128(%%rsp), %%rsp\n\t"			\
	"push	%[flags]\n\t"				\
	"popf\n\t"					\
	text "\n\t"					\
	"pushf\n\t"					\
	"pop	%[flags]\n\t"				\
	"lea	128(%%rsp), %%rsp"

#define RUN(text)						\
	__asm__ volatile(WITH_FLAGS(text)			\
			 : [dst] "+&r" (dst), [flags] "+&r" (bits)	\
			 : [src] "r" (src) : "cc", "memory")
#define RUN_CL(text)						\
	__asm__ volatile(WITH_FLAGS(text)			\
			 : [dst] "+&r" (dst), [flags] "+&r" (bits)	\
			 : "c" (src) : "cc", "memory")

/* A function for an operation, one case for each size. */
#define DEFINE(name, run, op1, op2, op4, op8)					\
static void name(unsigned int size, uint64_t *value, uint64_t src, uint64_t *flags)	\
{										\
	uint64_t dst = *value, bits = *flags;					\
										\
	(void)src;								\
	switch (size) {								\
	case 1:									\
		run(op1);							\
		break;								\
	case 2:									\
		run(op2);							\
		break;								\
	case 4:									\
		run(op4);							\
		break;								\
	default:								\
		run(op8);							\
	}									\
	*value = dst;								\
	*flags = bits;								\
}

#define BINARY(op)	DEFINE(run_##op, RUN, #op "b %b[src], %b[dst]",	\
			       #op "w %w[src], %w[dst]", #op "l %k[src], %k[dst]",	\
			       #op "q %q[src], %q[dst]")
#define UNARY(op)	DEFINE(run_##op, RUN, #op "b %b[dst]", #op "w %w[dst]",	\
			       #op "l %k[dst]", #op "q %q[dst]")
#define SHIFT(op)	DEFINE(run_##op, RUN_CL, #op "b %%cl, %b[dst]",		\
			       #op "w %%cl, %w[dst]", #op "l %%cl, %k[dst]",	\
			       #op "q %%cl, %q[dst]")
/* Not of bytes. */
#define WIDE(op)	DEFINE(run_##op, RUN, "ud2", #op "w %w[src], %w[dst]",	\
			       #op "l %k[src], %k[dst]", #op "q %q[src], %q[dst]")

BINARY(add)
BINARY(adc)
BINARY(sub)
BINARY(sbb)
BINARY(and)
BINARY(or)
BINARY(xor)
BINARY(cmp)
BINARY(test)
UNARY(inc)
UNARY(dec)
UNARY(neg)
UNARY(not)
SHIFT(rol)
SHIFT(ror)
SHIFT(rcl)
SHIFT(rcr)
SHIFT(shl)
SHIFT(shr)
SHIFT(sar)
WIDE(bt)
WIDE(bts)
WIDE(btr)
WIDE(btc)
WIDE(bsf)
WIDE(bsr)
WIDE(imul)

static void (*const functions[])(unsigned int size, uint64_t *value, uint64_t src,
				 uint64_t *flags) = {
	[ALU_ADD] = run_add, [ALU_ADC] = run_adc, [ALU_SUB] = run_sub, [ALU_SBB] = run_sbb,
	[ALU_AND] = run_and, [ALU_OR] = run_or, [ALU_XOR] = run_xor, [ALU_CMP] = run_cmp,
	[ALU_TEST] = run_test,
	[ALU_INC] = run_inc, [ALU_DEC] = run_dec, [ALU_NEG] = run_neg, [ALU_NOT] = run_not,
	[ALU_ROL] = run_rol, [ALU_ROR] = run_ror, [ALU_RCL] = run_rcl, [ALU_RCR] = run_rcr,
	[ALU_SHL] = run_shl, [ALU_SHR] = run_shr, [ALU_SAR] = run_sar,
	[ALU_BT] = run_bt, [ALU_BTS] = run_bts, [ALU_BTR] = run_btr, [ALU_BTC] = run_btc,
	[ALU_BSF] = run_bsf, [ALU_BSR] = run_bsr, [ALU_IMUL] = run_imul,
};

uint64_t alu_run(enum alu_op op, unsigned int size, uint64_t dst, uint64_t src, uint64_t *flags)
{
	uint64_t bits = (*flags & ALU_FLAGS) | 2;

	functions[op](size, &dst, src, &bits);
	*flags = (*flags & ~ALU_FLAGS) | (bits & ALU_FLAGS);
	return dst & alu_mask(size);
}

#define RUN_DOUBLE(text)						\
	__asm__ volatile(WITH_FLAGS(text)				\
			 : [dst] "+&r" (dst), [flags] "+&r" (bits)	\
			 : [src] "r" (src), "c" (count) : "cc", "memory")

uint64_t alu_double_shift(bool left, unsigned int size, uint64_t dst, uint64_t src,
			  unsigned int count, uint64_t *flags)
{
	uint64_t bits = (*flags & ALU_FLAGS) | 2;

	if (size == 2 && left)
		RUN_DOUBLE("shldw %%cl, %w[src], %w[dst]");
	else if (size == 2)
		RUN_DOUBLE("shrdw %%cl, %w[src], %w[dst]");
	else if (size == 4 && left)
		RUN_DOUBLE("shldl %%cl, %k[src], %k[dst]");
	else if (size == 4)
		RUN_DOUBLE("shrdl %%cl, %k[src], %k[dst]");
	else if (left)
		RUN_DOUBLE("shldq %%cl, %q[src], %q[dst]");
	else
		RUN_DOUBLE("shrdq %%cl, %q[src], %q[dst]");
	*flags = (*flags & ~ALU_FLAGS) | (bits & ALU_FLAGS);
	return dst & alu_mask(size);
}

#define RUN_PAIR(text)							\
	__asm__ volatile(WITH_FLAGS(text)				\
			 : "+a" (a), "+d" (d), [flags] "+&r" (bits)	\
			 : [src] "r" (src) : "cc", "memory")

void alu_multiply(bool sign, unsigned int size, uint64_t *low, uint64_t *high, uint64_t src,
		  uint64_t *flags)
{
	uint64_t a = *low, d = *high, bits = (*flags & ALU_FLAGS) | 2;

	if (size == 1 && sign)
		RUN_PAIR("imulb %b[src]");
	else if (size == 1)
		RUN_PAIR("mulb %b[src]");
	else if (size == 2 && sign)
		RUN_PAIR("imulw %w[src]");
	else if (size == 2)
		RUN_PAIR("mulw %w[src]");
	else if (size == 4 && sign)
		RUN_PAIR("imull %k[src]");
	else if (size == 4)
		RUN_PAIR("mull %k[src]");
	else if (sign)
		RUN_PAIR("imulq %q[src]");
	else
		RUN_PAIR("mulq %q[src]");
	*low = a;
	*high = d;
	*flags = (*flags & ~ALU_FLAGS) | (bits & ALU_FLAGS);
}

/* Does the quotient fit? SDM 2A, DIV and IDIV. */
static bool divides(bool sign, unsigned int size, __int128 dividend, uint64_t src)
{
	__uint128_t mask = alu_mask(size), quotient;
	__int128 limit = (__int128)1 << (8 * size - 1), result;
	int64_t divisor = (int64_t)alu_sign_extend(src, size);

	src &= mask;
	if (!src)
		return false;
	if (!sign) {
		quotient = (__uint128_t)dividend / src;
		return quotient <= mask;
	}
	if (divisor == -1)
		return dividend > -limit && dividend <= limit;
	result = dividend / divisor;
	return result >= -limit && result < limit;
}

static __int128 dividend_of(bool sign, unsigned int size, uint64_t low, uint64_t high)
{
	__uint128_t value;
	unsigned int bits = 128 - 16 * size;

	if (size == 1)
		value = low & 0xffff;
	else
		value = (__uint128_t)(high & alu_mask(size)) << 8 * size |
			(low & alu_mask(size));
	return sign ? (__int128)(value << bits) >> bits : (__int128)value;
}

bool alu_divide(bool sign, unsigned int size, uint64_t *low, uint64_t *high, uint64_t src,
		uint64_t *flags)
{
	uint64_t a = *low, d = *high, bits = (*flags & ALU_FLAGS) | 2;

	if (!divides(sign, size, dividend_of(sign, size, a, d), src))
		return false;
	if (size == 1 && sign)
		RUN_PAIR("idivb %b[src]");
	else if (size == 1)
		RUN_PAIR("divb %b[src]");
	else if (size == 2 && sign)
		RUN_PAIR("idivw %w[src]");
	else if (size == 2)
		RUN_PAIR("divw %w[src]");
	else if (size == 4 && sign)
		RUN_PAIR("idivl %k[src]");
	else if (size == 4)
		RUN_PAIR("divl %k[src]");
	else if (sign)
		RUN_PAIR("idivq %q[src]");
	else
		RUN_PAIR("divq %q[src]");
	*low = a;
	*high = d;
	*flags = (*flags & ~ALU_FLAGS) | (bits & ALU_FLAGS);
	return true;
}

bool alu_condition(unsigned int cc, uint64_t flags)
{
	bool less = !(flags & ALU_SF) != !(flags & ALU_OF), value = false;

	switch (cc >> 1 & 7) {
	case 0:
		value = flags & ALU_OF;
		break;
	case 1:
		value = flags & ALU_CF;
		break;
	case 2:
		value = flags & ALU_ZF;
		break;
	case 3:
		value = flags & (ALU_CF | ALU_ZF);
		break;
	case 4:
		value = flags & ALU_SF;
		break;
	case 5:
		value = flags & ALU_PF;
		break;
	case 6:
		value = less;
		break;
	case 7:
		value = less || flags & ALU_ZF;
		break;
	}
	return value != (cc & 1);
}
