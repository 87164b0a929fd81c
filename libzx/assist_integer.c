// SPDX-License-Identifier: MIT
/*
 * Integer instructions whose operands are what is written in them: read,
 * compute, write back.
 */
#include "assist_internal.h"

struct alu_row {
	ZydisMnemonic mnemonic;
	enum alu_op op;
	bool keep;		/* flags only */
};

static const struct alu_row binary_rows[] = {
	{ ZYDIS_MNEMONIC_ADD, ALU_ADD, false }, { ZYDIS_MNEMONIC_ADC, ALU_ADC, false },
	{ ZYDIS_MNEMONIC_SUB, ALU_SUB, false }, { ZYDIS_MNEMONIC_SBB, ALU_SBB, false },
	{ ZYDIS_MNEMONIC_AND, ALU_AND, false }, { ZYDIS_MNEMONIC_OR, ALU_OR, false },
	{ ZYDIS_MNEMONIC_XOR, ALU_XOR, false }, { ZYDIS_MNEMONIC_CMP, ALU_CMP, true },
	{ ZYDIS_MNEMONIC_TEST, ALU_TEST, true },
	{ ZYDIS_MNEMONIC_ROL, ALU_ROL, false }, { ZYDIS_MNEMONIC_ROR, ALU_ROR, false },
	{ ZYDIS_MNEMONIC_RCL, ALU_RCL, false }, { ZYDIS_MNEMONIC_RCR, ALU_RCR, false },
	{ ZYDIS_MNEMONIC_SHL, ALU_SHL, false }, { ZYDIS_MNEMONIC_SHR, ALU_SHR, false },
	{ ZYDIS_MNEMONIC_SAR, ALU_SAR, false },
};

static const struct alu_row unary_rows[] = {
	{ ZYDIS_MNEMONIC_INC, ALU_INC, false }, { ZYDIS_MNEMONIC_DEC, ALU_DEC, false },
	{ ZYDIS_MNEMONIC_NEG, ALU_NEG, false }, { ZYDIS_MNEMONIC_NOT, ALU_NOT, false },
};

static const struct alu_row bit_rows[] = {
	{ ZYDIS_MNEMONIC_BT, ALU_BT, true }, { ZYDIS_MNEMONIC_BTS, ALU_BTS, false },
	{ ZYDIS_MNEMONIC_BTR, ALU_BTR, false }, { ZYDIS_MNEMONIC_BTC, ALU_BTC, false },
};

#define COUNT(rows)		(sizeof(rows) / sizeof((rows)[0]))
#define FIND(a, rows)		find_row(a, rows, COUNT(rows))

static const struct alu_row *find_row(const struct assist *a, const struct alu_row *rows,
				      size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (rows[i].mnemonic == a->insn.mnemonic)
			return &rows[i];
	return NULL;
}

static zx_status_t do_alu(struct assist *a, const struct alu_row *row, uint64_t src)
{
	const ZydisDecodedOperand *op = &a->operands[0];
	uint64_t value, flags = a->regs.rflags;
	zx_status_t status = assist_get(a, op, &value);

	if (status != ZX_OK)
		return status;
	value = alu_run(row->op, assist_size(op), value, src, &flags);
	a->regs.rflags = flags;
	return row->keep ? ZX_OK : assist_put(a, op, value);
}

static zx_status_t do_binary(struct assist *a, const struct alu_row *row)
{
	uint64_t src;
	zx_status_t status = assist_get(a, &a->operands[1], &src);

	return status == ZX_OK ? do_alu(a, row, src) : status;
}

/* A bit number in a register reaches beyond the operand, either way: SDM 2A, BT. */
static zx_status_t do_bit(struct assist *a, const struct alu_row *row)
{
	unsigned int size = assist_size(&a->operands[0]);
	int64_t bit;
	uint64_t src;
	zx_status_t status = assist_get(a, &a->operands[1], &src);

	if (status != ZX_OK)
		return status;
	if (a->operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY &&
	    a->operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER) {
		bit = (int64_t)alu_sign_extend(src, size);
		a->adjust = (bit >> (size == 8 ? 6 : size == 4 ? 5 : 4)) * size;
	}
	return do_alu(a, row, src & (8 * size - 1));
}

static zx_status_t do_double_shift(struct assist *a)
{
	const ZydisDecodedOperand *op = &a->operands[0];
	uint64_t value, src, count, flags = a->regs.rflags;
	zx_status_t status = assist_get(a, op, &value);

	if (status != ZX_OK)
		return status;
	assist_get(a, &a->operands[1], &src);
	assist_get(a, &a->operands[2], &count);
	value = alu_double_shift(a->insn.mnemonic == ZYDIS_MNEMONIC_SHLD, assist_size(op), value,
				 src, count & 0xff, &flags);
	a->regs.rflags = flags;
	return assist_put(a, op, value);
}

/* MOV and its like: @sign for MOVSX, @swap for MOVBE. */
static zx_status_t do_move(struct assist *a, bool sign, bool swap)
{
	const ZydisDecodedOperand *to = &a->operands[0];
	unsigned int size = assist_size(&a->operands[1]);
	uint64_t value;
	zx_status_t status;

	/* Loads of segment registers are not known here: before a device hears of it. */
	if (to->type == ZYDIS_OPERAND_TYPE_REGISTER && !assist_is_gpr(to))
		return ZX_ERR_NOT_SUPPORTED;
	status = assist_get(a, &a->operands[1], &value);
	if (status != ZX_OK)
		return status;
	if (sign)
		value = alu_sign_extend(value, size);
	if (swap)
		value = __builtin_bswap64(value) >> (64 - 8 * size);
	return assist_put(a, to, value);
}

static zx_status_t do_exchange(struct assist *a, bool add)
{
	uint64_t first, second = 0, flags = a->regs.rflags;
	zx_status_t status = assist_get(a, &a->operands[0], &first);

	if (status == ZX_OK)
		status = assist_get(a, &a->operands[1], &second);
	if (status != ZX_OK)
		return status;
	if (add) {
		second = alu_run(ALU_ADD, assist_size(&a->operands[0]), first, second, &flags);
		a->regs.rflags = flags;
	}
	/* Memory first: the register may be part of its address. */
	status = assist_put(a, &a->operands[0], second);
	return status == ZX_OK ? assist_put(a, &a->operands[1], first) : status;
}

/* Memory is written whether it compares or not, as the CPU does: SDM 2A, CMPXCHG. */
static zx_status_t do_compare_exchange(struct assist *a)
{
	const ZydisDecodedOperand *op = &a->operands[0];
	unsigned int size = assist_size(op);
	uint64_t value, src, flags = a->regs.rflags;
	zx_status_t status = assist_get(a, op, &value);

	if (status != ZX_OK)
		return status;
	assist_get(a, &a->operands[1], &src);
	alu_run(ALU_CMP, size, assist_reg(a, 0, size), value, &flags);
	status = assist_put(a, op, flags & ALU_ZF ? src : value);
	if (!(flags & ALU_ZF))
		assist_set_reg(a, 0, size, value);
	a->regs.rflags = flags;
	return status;
}

/* CMPXCHG8B and CMPXCHG16B: @half bytes in each register. */
static zx_status_t do_compare_exchange_pair(struct assist *a, unsigned int half)
{
	uint64_t linear = assist_linear(a, &a->operands[0]), low = 0, high = 0;
	uint8_t data[16];
	zx_status_t status = assist_read(a, linear, data, 2 * half);

	if (status != ZX_OK)
		return status;
	memcpy(&low, data, half);
	memcpy(&high, data + half, half);
	if (low == assist_reg(a, 0, half) && high == assist_reg(a, 2, half)) {
		a->regs.rflags |= ALU_ZF;
		memcpy(data, &a->regs.rbx, half);
		memcpy(data + half, &a->regs.rcx, half);
	} else {
		a->regs.rflags &= ~ALU_ZF;
		assist_set_reg(a, 0, half, low);
		assist_set_reg(a, 2, half, high);
	}
	return assist_write(a, linear, data, 2 * half);
}

static zx_status_t do_conditional_move(struct assist *a)
{
	uint64_t value, old;
	zx_status_t status = assist_get(a, &a->operands[1], &value);

	if (status != ZX_OK)
		return status;
	assist_get(a, &a->operands[0], &old);
	/* Written in any case: 4 bytes clear the upper half. */
	return assist_put(a, &a->operands[0],
			  alu_condition(a->insn.opcode & 0xf, a->regs.rflags) ? value : old);
}

/* The forms with one operand: AX, or DX:AX. */
static zx_status_t do_wide(struct assist *a, bool divide, bool sign)
{
	unsigned int size = assist_size(&a->operands[0]);
	uint64_t src, low = a->regs.rax, high = a->regs.rdx, flags = a->regs.rflags;
	zx_status_t status = assist_get(a, &a->operands[0], &src);

	if (status != ZX_OK)
		return status;
	if (!divide) {
		alu_multiply(sign, size, &low, &high, src, &flags);
	} else if (!alu_divide(sign, size, &low, &high, src, &flags)) {
		a->exception = 0;
		return ZX_OK;
	}
	a->regs.rax = low;
	a->regs.rdx = high;
	a->regs.rflags = flags;
	return ZX_OK;
}

/* Two explicit operands, or three, of which the last is an immediate. */
static zx_status_t do_signed_multiply(struct assist *a)
{
	const bool three = a->insn.operand_count_visible == 3;
	uint64_t value, factor, flags = a->regs.rflags;
	zx_status_t status = assist_get(a, &a->operands[1], &value);

	if (status == ZX_OK)
		status = assist_get(a, &a->operands[three ? 2 : 0], &factor);
	if (status != ZX_OK)
		return status;
	value = alu_run(ALU_IMUL, assist_size(&a->operands[0]), value, factor, &flags);
	a->regs.rflags = flags;
	return assist_put(a, &a->operands[0], value);
}

/* BSF and BSR leave the destination alone if there is no bit. */
static zx_status_t do_scan(struct assist *a, enum alu_op op)
{
	uint64_t value, old, flags = a->regs.rflags;
	zx_status_t status = assist_get(a, &a->operands[1], &value);

	if (status != ZX_OK)
		return status;
	assist_get(a, &a->operands[0], &old);
	old = alu_run(op, assist_size(&a->operands[0]), old, value, &flags);
	a->regs.rflags = flags;
	return flags & ALU_ZF ? ZX_OK : assist_put(a, &a->operands[0], old);
}

/* POPCNT, LZCNT, TZCNT: what they count; the last two set CF where there is no bit. */
static zx_status_t do_count(struct assist *a)
{
	unsigned int bits = a->operands[1].size, count;
	uint64_t value;
	zx_status_t status = assist_get(a, &a->operands[1], &value);
	bool popcnt = a->insn.mnemonic == ZYDIS_MNEMONIC_POPCNT;

	if (status != ZX_OK)
		return status;
	if (popcnt)
		count = __builtin_popcountll(value);
	else if (!value)
		count = bits;
	else if (a->insn.mnemonic == ZYDIS_MNEMONIC_LZCNT)
		count = __builtin_clzll(value) - (64 - bits);
	else
		count = __builtin_ctzll(value);
	a->regs.rflags &= ~(popcnt ? ALU_FLAGS : ALU_CF | ALU_ZF);
	a->regs.rflags |= !popcnt && !value ? ALU_CF : 0;
	a->regs.rflags |= (popcnt ? !value : !count) ? ALU_ZF : 0;
	return assist_put(a, &a->operands[0], count);
}

/* ADCX carries in CF, ADOX in OF, and neither touches another flag. */
static zx_status_t do_add_carry(struct assist *a, uint64_t carry)
{
	unsigned int size = assist_size(&a->operands[0]);
	uint64_t value, sum, flags = a->regs.rflags & carry ? ALU_CF : 0;
	zx_status_t status = assist_get(a, &a->operands[1], &value);

	if (status != ZX_OK)
		return status;
	assist_get(a, &a->operands[0], &sum);
	sum = alu_run(ALU_ADC, size, sum, value, &flags);
	a->regs.rflags = (a->regs.rflags & ~carry) | (flags & ALU_CF ? carry : 0);
	return assist_put(a, &a->operands[0], sum);
}

static zx_status_t do_set(struct assist *a)
{
	return assist_put(a, &a->operands[0],
			  alu_condition(a->insn.opcode & 0xf, a->regs.rflags));
}

static zx_status_t by_category(struct assist *a)
{
	switch (a->insn.meta.category) {
	case ZYDIS_CATEGORY_SETCC:
		return do_set(a);
	case ZYDIS_CATEGORY_CMOV:
		return do_conditional_move(a);
	default:
		return ZX_ERR_NOT_SUPPORTED;
	}
}

static zx_status_t by_mnemonic(struct assist *a)
{
	switch (a->insn.mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
	case ZYDIS_MNEMONIC_MOVZX:
	case ZYDIS_MNEMONIC_MOVNTI:
		return do_move(a, false, false);
	case ZYDIS_MNEMONIC_MOVSX:
	case ZYDIS_MNEMONIC_MOVSXD:
		return do_move(a, true, false);
	case ZYDIS_MNEMONIC_MOVBE:
		return do_move(a, false, true);
	case ZYDIS_MNEMONIC_XCHG:
		return do_exchange(a, false);
	case ZYDIS_MNEMONIC_XADD:
		return do_exchange(a, true);
	case ZYDIS_MNEMONIC_CMPXCHG:
		return do_compare_exchange(a);
	case ZYDIS_MNEMONIC_CMPXCHG8B:
		return do_compare_exchange_pair(a, 4);
	case ZYDIS_MNEMONIC_CMPXCHG16B:
		return do_compare_exchange_pair(a, 8);
	case ZYDIS_MNEMONIC_SHLD:
	case ZYDIS_MNEMONIC_SHRD:
		return do_double_shift(a);
	case ZYDIS_MNEMONIC_MUL:
		return do_wide(a, false, false);
	case ZYDIS_MNEMONIC_IMUL:
		return a->insn.operand_count_visible == 1 ? do_wide(a, false, true) :
							    do_signed_multiply(a);
	case ZYDIS_MNEMONIC_DIV:
		return do_wide(a, true, false);
	case ZYDIS_MNEMONIC_IDIV:
		return do_wide(a, true, true);
	case ZYDIS_MNEMONIC_BSF:
		return do_scan(a, ALU_BSF);
	case ZYDIS_MNEMONIC_BSR:
		return do_scan(a, ALU_BSR);
	case ZYDIS_MNEMONIC_POPCNT:
	case ZYDIS_MNEMONIC_LZCNT:
	case ZYDIS_MNEMONIC_TZCNT:
		return do_count(a);
	case ZYDIS_MNEMONIC_ADCX:
		return do_add_carry(a, ALU_CF);
	case ZYDIS_MNEMONIC_ADOX:
		return do_add_carry(a, ALU_OF);
	default:
		return by_category(a);
	}
}

zx_status_t assist_integer(struct assist *a)
{
	const struct alu_row *row;

	row = FIND(a, binary_rows);
	if (row)
		return do_binary(a, row);
	row = FIND(a, unary_rows);
	if (row)
		return do_alu(a, row, 0);
	row = FIND(a, bit_rows);
	return row ? do_bit(a, row) : by_mnemonic(a);
}
