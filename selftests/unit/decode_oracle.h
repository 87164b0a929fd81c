/* SPDX-License-Identifier: GPL-2.0-only */
/* What Zydis says of an instruction, and the comparison with the decoder. */
#ifndef _DECODE_ORACLE_H
#define _DECODE_ORACLE_H

#include <Zydis/Zydis.h>

#include "decode_guard.h"

static ZydisDecoder oracle[3];
static unsigned long compared, kinds[ZX_INST_SYSEXIT + 1];

/* What Zydis knows and no CPU that we run on does: Knights Corner. */
static bool is_foreign(const ZydisDecodedInstruction *z)
{
	switch (z->meta.isa_ext) {
	case ZYDIS_ISA_EXT_KNC:
	case ZYDIS_ISA_EXT_KNCE:
	case ZYDIS_ISA_EXT_KNCV:
		return true;
	default:
		break;
	}
	return z->encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX ||
	       z->meta.isa_set == ZYDIS_ISA_SET_KNCJKBR;
}

static void want_register(ZydisRegister reg, struct zx_inst *want)
{
	if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH) {
		want->high_byte = true;
		want->reg = reg - ZYDIS_REGISTER_AH;
	} else if (reg >= ZYDIS_REGISTER_SPL && reg <= ZYDIS_REGISTER_R15B) {
		want->reg = reg - ZYDIS_REGISTER_SPL + 4;
	} else {
		want->reg = ZydisRegisterGetId(reg);
	}
}

static bool is_gpr(const ZydisDecodedOperand *op)
{
	return op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
	       ZydisRegisterGetClass(op->reg.value) >= ZYDIS_REGCLASS_GPR8 &&
	       ZydisRegisterGetClass(op->reg.value) <= ZYDIS_REGCLASS_GPR64;
}

static void want_move(const ZydisDecodedOperand *op, struct zx_inst *want)
{
	const ZydisDecodedOperand *dst = op, *src = op + 1;

	if (dst->type == ZYDIS_OPERAND_TYPE_MEMORY && is_gpr(src)) {
		want->kind = ZX_INST_STORE_REG;
		want->size = dst->size / 8;
		want_register(src->reg.value, want);
	} else if (dst->type == ZYDIS_OPERAND_TYPE_MEMORY &&
		   src->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
		want->kind = ZX_INST_STORE_IMM;
		want->size = dst->size / 8;
		want->imm = (u64)src->imm.value.s;
	} else if (is_gpr(dst) && src->type == ZYDIS_OPERAND_TYPE_MEMORY) {
		want->kind = ZX_INST_LOAD;
		want->size = src->size / 8;
		want->reg_size = dst->size / 8;
		want_register(dst->reg.value, want);
	}
}

static void want_special(const ZydisDecodedOperand *op, struct zx_inst *want)
{
	const bool to = is_gpr(op + 1);
	const ZydisRegister reg = op[!to].reg.value;

	if (ZydisRegisterGetClass(reg) == ZYDIS_REGCLASS_CONTROL)
		want->kind = to ? ZX_INST_MOV_TO_CR : ZX_INST_MOV_FROM_CR;
	else if (ZydisRegisterGetClass(reg) == ZYDIS_REGCLASS_DEBUG)
		want->kind = to ? ZX_INST_MOV_TO_DR : ZX_INST_MOV_FROM_DR;
	else
		return;
	want->reg = ZydisRegisterGetId(op[to].reg.value);
	want->special = ZydisRegisterGetId(reg);
}

static void want_of(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *op,
		    struct zx_inst *want)
{
	memset(want, 0, sizeof(*want));
	switch (z->mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
		if (op[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    op[1].type == ZYDIS_OPERAND_TYPE_REGISTER)
			want_special(op, want);
		else if (z->opcode != 0x8e && z->opcode != 0x8c)
			want_move(op, want);
		break;
	case ZYDIS_MNEMONIC_MOVSXD:
	case ZYDIS_MNEMONIC_MOVZX:
	case ZYDIS_MNEMONIC_MOVSX:
		if (z->mnemonic == ZYDIS_MNEMONIC_MOVSXD && z->operand_width == 16)
			break;
		want_move(op, want);
		want->sign_extend = want->kind && z->mnemonic != ZYDIS_MNEMONIC_MOVZX;
		break;
	case ZYDIS_MNEMONIC_MOVNTI:
		want_move(op, want);
		break;
	case ZYDIS_MNEMONIC_CLTS:
		want->kind = ZX_INST_CLTS;
		break;
	case ZYDIS_MNEMONIC_LMSW:
		want->kind = ZX_INST_LMSW;
		if (is_gpr(op))
			want->reg = ZydisRegisterGetId(op->reg.value);
		break;
	case ZYDIS_MNEMONIC_SMSW:
		if (!is_gpr(op))
			break;
		want->kind = ZX_INST_SMSW;
		want->reg = ZydisRegisterGetId(op->reg.value);
		want->size = op->size / 8;
		break;
	case ZYDIS_MNEMONIC_SYSENTER:
		want->kind = ZX_INST_SYSENTER;
		break;
	case ZYDIS_MNEMONIC_SYSEXIT:
		want->kind = ZX_INST_SYSEXIT;
		want->size = z->attributes & ZYDIS_ATTRIB_HAS_REX && z->raw.rex.W ? 8 : 4;
		break;
	default:
		break;
	}
}

static void compare_meaning(const u8 *bytes, enum zx_code_size mode, const struct zx_inst *inst,
			    const ZydisDecodedInstruction *z, const ZydisDecodedOperand *op)
{
	struct zx_inst want;

	want_of(z, op, &want);
	same_meaning(bytes, mode, inst, &want);
	kinds[inst->kind]++;
}

/* Fewer bytes must give 0, or the same answer if that did not need the missing ones. */
static void compare_short(const u8 *bytes, enum zx_code_size mode, int whole, int avail)
{
	struct zx_inst inst;
	int got = decode(bytes, avail, mode, &inst);

	if (got && (got != whole || got > avail))
		same(bytes, mode, "length cut short", got, 0);
}

static void compare(const u8 *bytes, enum zx_code_size mode, bool with_meaning)
{
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction z;
	ZydisDecoderContext context;
	struct zx_inst inst;
	int got;

	got = decode(bytes, ZX_INST_MAX, mode, &inst);
	if (got != -1 && (got < 1 || got > ZX_INST_MAX))
		same(bytes, mode, "length", got, -1);
	compare_short(bytes, mode, got, (bytes[0] ^ bytes[3] ^ bytes[7]) % ZX_INST_MAX);
	if (ZYAN_FAILED(ZydisDecoderDecodeInstruction(oracle + mode, &context, bytes, ZX_INST_MAX,
						      &z)) || is_foreign(&z))
		return;
	compared++;
	same(bytes, mode, "length", got, z.length);
	same(bytes, mode, "len", inst.len, z.length);
	compare_short(bytes, mode, got, got - 1);
	if (!with_meaning && !inst.kind)
		return;
	ZydisDecoderDecodeOperands(oracle + mode, &context, &z, op, z.operand_count);
	compare_meaning(bytes, mode, &inst, &z, op);
}

static int oracle_set_up(void **state)
{
	static const ZydisMachineMode machine[] = {
		ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_MACHINE_MODE_LEGACY_32,
		ZYDIS_MACHINE_MODE_LONG_64,
	};
	static const ZydisStackWidth stack[] = {
		ZYDIS_STACK_WIDTH_16, ZYDIS_STACK_WIDTH_32, ZYDIS_STACK_WIDTH_64,
	};
	int i;

	(void)state;
	if (guard_set_up())
		return -1;
	for (i = 0; i < 3; i++) {
		if (ZYAN_FAILED(ZydisDecoderInit(oracle + i, machine[i], stack[i])) ||
		    ZYAN_FAILED(ZydisDecoderEnableMode(oracle + i,
						       ZYDIS_DECODER_MODE_AMD_BRANCHES, ZYAN_TRUE)))
			return -1;
	}
	return 0;
}

#endif
