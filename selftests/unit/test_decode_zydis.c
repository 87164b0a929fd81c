// SPDX-License-Identifier: GPL-2.0-only
/*
 * The decoder against Zydis: sweeps of all opcode maps and random bytes, the same
 * on every run. What Zydis calls invalid must only stay within its bytes.
 */
/* build: ../../module/x86/decode.c -I../../module -lZydis */
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

static u64 random_state;

/* Marsaglia's xorshift: the same bytes on every run. */
static u64 random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void random_bytes(u8 *bytes)
{
	u64 words[2] = { random_u64(), random_u64() };

	memcpy(bytes, words, ZX_INST_MAX);
}

static const struct prefixes {
	const char *bytes;
	int count;
} prefixes[] = {
	{ "", 0 }, { "\x66", 1 }, { "\x67", 1 }, { "\xf2", 1 }, { "\xf3", 1 }, { "\xf0", 1 },
	{ "\x2e", 1 }, { "\x64", 1 }, { "\x66\x67", 2 }, { "\x66\xf2", 2 }, { "\xf3\x66", 2 },
	{ "\x40", 1 }, { "\x44", 1 }, { "\x48", 1 }, { "\x4f", 1 }, { "\x66\x48", 2 },
	{ "\x66\x45", 2 }, { "\x48\x66", 2 }, { "\x67\x4a", 2 }, { "\xf2\x48", 2 },
	{ "\xf0\x44", 2 }, { "\x44\xf0", 2 }, { "\x48\x41", 2 }, { "\x66\x66\x66\x66\x66\x66", 6 },
};

/* Every prefix of the table, every mode, @lead, then every opcode and ModRM. */
static void sweep(const char *lead, int lead_count, bool with_meaning)
{
	u8 bytes[ZX_INST_MAX];
	size_t p;
	int at, i, mode;

	for (p = 0; p < ARRAY_SIZE(prefixes); p++) {
		for (i = 0; i < 0x10000; i++) {
			random_bytes(bytes);
			memcpy(bytes, prefixes[p].bytes, prefixes[p].count);
			memcpy(bytes + prefixes[p].count, lead, lead_count);
			at = prefixes[p].count + lead_count;
			bytes[at] = i >> 8;
			bytes[at + 1] = i;
			for (mode = ZX_CODE_16; mode <= ZX_CODE_64; mode++)
				compare(bytes, mode, with_meaning);
		}
	}
}

static void begin(void)
{
	random_state = 0x9e3779b97f4a7c15;
	compared = 0;
	memset(kinds, 0, sizeof(kinds));
}

static void one_byte_map(void **state)
{
	int kind;

	(void)state;
	begin();
	sweep("", 0, true);
	assert_true(compared > 2000000);
	for (kind = ZX_INST_LOAD; kind <= ZX_INST_STORE_IMM; kind++)
		assert_true(kinds[kind] > 2000);
}

static void map_0f(void **state)
{
	int kind;

	(void)state;
	begin();
	sweep("\x0f", 1, true);
	assert_true(compared > 1000000);
	for (kind = ZX_INST_MOV_TO_CR; kind <= ZX_INST_LMSW; kind++)
		assert_true(kinds[kind] > 1000);
	/* In a register only. */
	assert_true(kinds[ZX_INST_SMSW] > 100);
	assert_true(kinds[ZX_INST_SYSENTER] && kinds[ZX_INST_SYSEXIT]);
}

static void maps_0f38_0f3a(void **state)
{
	(void)state;
	begin();
	sweep("\x0f\x38", 2, false);
	sweep("\x0f\x3a", 2, false);
	assert_true(compared > 100000);
}

/* Escape, @payload bytes, opcode, ModRM: @count random choices in each mode. */
static void sweep_vector(u8 escape, int count)
{
	u8 bytes[ZX_INST_MAX];
	int i, mode;

	for (i = 0; i < count; i++) {
		random_bytes(bytes);
		bytes[0] = escape;
		if (i & 1)
			bytes[1] = (bytes[1] & 0xe0) | (escape == 0x8f ? 8 : 1) | (bytes[1] & 3);
		for (mode = ZX_CODE_16; mode <= ZX_CODE_64; mode++)
			compare(bytes, mode, false);
	}
}

static void vex_maps(void **state)
{
	(void)state;
	begin();
	sweep_vector(0xc4, 700000);
	sweep_vector(0xc5, 300000);
	assert_true(compared > 100000);
}

static void evex_maps(void **state)
{
	(void)state;
	begin();
	sweep_vector(0x62, 1500000);
	assert_true(compared > 100000);
}

static void xop_maps(void **state)
{
	(void)state;
	begin();
	sweep_vector(0x8f, 500000);
	assert_true(compared > 10000);
}

static void random_instructions(void **state)
{
	u8 bytes[ZX_INST_MAX];
	int i, mode;

	(void)state;
	begin();
	for (i = 0; i < 1500000; i++) {
		random_bytes(bytes);
		for (mode = ZX_CODE_16; mode <= ZX_CODE_64; mode++)
			compare(bytes, mode, true);
	}
	assert_true(compared > 2000000);
}

/* Nothing but prefixes and escapes, where the order and the limit matter. */
static void random_prefixes(void **state)
{
	static const u8 common[16] = {
		0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x65, 0x40, 0x48, 0x44, 0x0f, 0x89, 0xc7, 0xb6,
		0xb8, 0x22,
	};
	u8 bytes[ZX_INST_MAX];
	int i, j, mode;
	u64 choice;

	(void)state;
	begin();
	for (i = 0; i < 1000000; i++) {
		random_bytes(bytes);
		choice = random_u64();
		for (j = 0; j < (int)(choice >> 60); j++)
			bytes[j] = common[choice >> 4 * j & 15];
		for (mode = ZX_CODE_16; mode <= ZX_CODE_64; mode++)
			compare(bytes, mode, true);
	}
	assert_true(compared > 1000000);
}

static int set_up(void **state)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_byte_map),
		cmocka_unit_test(map_0f),
		cmocka_unit_test(maps_0f38_0f3a),
		cmocka_unit_test(vex_maps),
		cmocka_unit_test(evex_maps),
		cmocka_unit_test(xop_maps),
		cmocka_unit_test(random_instructions),
		cmocka_unit_test(random_prefixes),
	};

	return cmocka_run_group_tests_name("decode_zydis", tests, set_up, NULL);
}
