// SPDX-License-Identifier: MIT
/*
 * SSE and AVX moves between memory and XMM or YMM registers. How many bytes, the
 * memory operand says; what becomes of the rest of the register, the row.
 */
#include "assist_internal.h"

enum shape {
	WHOLE,		/* a load clears what is above it in XMM */
	LOW, HIGH,	/* eight bytes of XMM; a load leaves the other eight */
	REPEAT,		/* a load of one element fills the register */
};

struct vector_row {
	ZydisMnemonic mnemonic;
	enum shape shape;
};

static const struct vector_row rows[] = {
	{ ZYDIS_MNEMONIC_MOVAPS, WHOLE }, { ZYDIS_MNEMONIC_VMOVAPS, WHOLE },
	{ ZYDIS_MNEMONIC_MOVAPD, WHOLE }, { ZYDIS_MNEMONIC_VMOVAPD, WHOLE },
	{ ZYDIS_MNEMONIC_MOVUPS, WHOLE }, { ZYDIS_MNEMONIC_VMOVUPS, WHOLE },
	{ ZYDIS_MNEMONIC_MOVUPD, WHOLE }, { ZYDIS_MNEMONIC_VMOVUPD, WHOLE },
	{ ZYDIS_MNEMONIC_MOVDQA, WHOLE }, { ZYDIS_MNEMONIC_VMOVDQA, WHOLE },
	{ ZYDIS_MNEMONIC_MOVDQU, WHOLE }, { ZYDIS_MNEMONIC_VMOVDQU, WHOLE },
	{ ZYDIS_MNEMONIC_LDDQU, WHOLE }, { ZYDIS_MNEMONIC_VLDDQU, WHOLE },
	{ ZYDIS_MNEMONIC_MOVNTPS, WHOLE }, { ZYDIS_MNEMONIC_VMOVNTPS, WHOLE },
	{ ZYDIS_MNEMONIC_MOVNTPD, WHOLE }, { ZYDIS_MNEMONIC_VMOVNTPD, WHOLE },
	{ ZYDIS_MNEMONIC_MOVNTDQ, WHOLE }, { ZYDIS_MNEMONIC_VMOVNTDQ, WHOLE },
	{ ZYDIS_MNEMONIC_MOVNTDQA, WHOLE }, { ZYDIS_MNEMONIC_VMOVNTDQA, WHOLE },
	{ ZYDIS_MNEMONIC_MOVNTSS, WHOLE }, { ZYDIS_MNEMONIC_MOVNTSD, WHOLE },
	{ ZYDIS_MNEMONIC_MOVD, WHOLE }, { ZYDIS_MNEMONIC_VMOVD, WHOLE },
	{ ZYDIS_MNEMONIC_MOVQ, WHOLE }, { ZYDIS_MNEMONIC_VMOVQ, WHOLE },
	{ ZYDIS_MNEMONIC_MOVSS, WHOLE }, { ZYDIS_MNEMONIC_VMOVSS, WHOLE },
	{ ZYDIS_MNEMONIC_MOVSD, WHOLE }, { ZYDIS_MNEMONIC_VMOVSD, WHOLE },
	{ ZYDIS_MNEMONIC_MOVLPS, LOW }, { ZYDIS_MNEMONIC_VMOVLPS, LOW },
	{ ZYDIS_MNEMONIC_MOVLPD, LOW }, { ZYDIS_MNEMONIC_VMOVLPD, LOW },
	{ ZYDIS_MNEMONIC_MOVHPS, HIGH }, { ZYDIS_MNEMONIC_VMOVHPS, HIGH },
	{ ZYDIS_MNEMONIC_MOVHPD, HIGH }, { ZYDIS_MNEMONIC_VMOVHPD, HIGH },
	{ ZYDIS_MNEMONIC_VBROADCASTSS, REPEAT }, { ZYDIS_MNEMONIC_VBROADCASTSD, REPEAT },
	{ ZYDIS_MNEMONIC_VBROADCASTF128, REPEAT }, { ZYDIS_MNEMONIC_VBROADCASTI128, REPEAT },
};

static const struct vector_row *find_row(const struct assist *a)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].mnemonic == a->insn.mnemonic)
			return &rows[i];
	return NULL;
}

/* The bytes of a register operand, or NULL: not XMM or YMM. */
static uint8_t *vector_reg(struct assist *a, const ZydisDecodedOperand *op)
{
	ZydisRegister reg = op->reg.value;

	if (op->type != ZYDIS_OPERAND_TYPE_REGISTER)
		return NULL;
	if (reg >= ZYDIS_REGISTER_XMM0 && reg <= ZYDIS_REGISTER_XMM15)
		return a->vector.ymm[reg - ZYDIS_REGISTER_XMM0];
	if (reg >= ZYDIS_REGISTER_YMM0 && reg <= ZYDIS_REGISTER_YMM15)
		return a->vector.ymm[reg - ZYDIS_REGISTER_YMM0];
	return NULL;
}

static void fill(uint8_t *value, const uint8_t *data, unsigned int size, unsigned int room)
{
	unsigned int at;

	for (at = 0; at < room; at += size)
		memcpy(value + at, data, size);
}

/* VEX clears what is above the operand, the older encoding leaves YMM's upper half. */
static zx_status_t do_load(struct assist *a, const struct vector_row *row, uint8_t *reg,
			   const ZydisDecodedOperand *mem)
{
	const bool vex = a->insn.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX;
	unsigned int size = assist_size(mem);
	uint8_t data[VECTOR_BYTES], value[VECTOR_BYTES] = { 0 };
	const uint8_t *other = reg;
	zx_status_t status = assist_read(a, assist_linear(a, mem), data, size);

	if (status != ZX_OK)
		return status;
	if (a->insn.operand_count_visible == 3)
		other = vector_reg(a, &a->operands[1]);
	if (!other)
		return ZX_ERR_NOT_SUPPORTED;
	if (row->shape == LOW || row->shape == HIGH)
		memcpy(value, other, 16);
	if (row->shape == REPEAT)
		fill(value, data, size, assist_size(&a->operands[0]));
	else
		memcpy(value + (row->shape == HIGH ? 8 : 0), data, size);
	memcpy(reg, value, vex ? VECTOR_BYTES : 16);
	a->vector_dirty = true;
	return ZX_OK;
}

zx_status_t assist_vector(struct assist *a)
{
	const struct vector_row *row = find_row(a);
	const ZydisDecodedOperand *last, *mem = &a->operands[0];
	bool store = mem->type == ZYDIS_OPERAND_TYPE_MEMORY;
	zx_status_t status;
	uint8_t *reg;

	if (!row || a->insn.operand_count_visible < 2 ||
	    (a->insn.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
	     a->insn.encoding != ZYDIS_INSTRUCTION_ENCODING_VEX))
		return ZX_ERR_NOT_SUPPORTED;
	last = &a->operands[a->insn.operand_count_visible - 1];
	mem = store ? mem : last;
	reg = vector_reg(a, store ? last : &a->operands[0]);
	if (!reg || mem->type != ZYDIS_OPERAND_TYPE_MEMORY || assist_size(mem) > VECTOR_BYTES)
		return ZX_ERR_NOT_SUPPORTED;
	status = zx_vcpu_read_state(a->vcpu, ZXL_VCPU_VECTOR, &a->vector, sizeof(a->vector));
	if (status != ZX_OK)
		return status;
	if (!store)
		return do_load(a, row, reg, mem);
	return assist_write(a, assist_linear(a, mem), reg + (row->shape == HIGH ? 8 : 0),
			    assist_size(mem));
}
