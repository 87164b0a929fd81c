// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's decoder against Zydis: the first byte of the input says how wide
 * code is, the others are the instruction.
 */
#include "decode_oracle.h"
#include "fuzz.h"

/* Opcodes by map, and kinds by mode: tables hide them from the code's coverage. */
REACHED(opcodes, 5 * 256);
REACHED(meanings, 3 * 16 * 8);

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* A comparison that fails aborts. */
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	return oracle_set_up(NULL);
}

static void reach(const struct zx_inst *inst, enum zx_code_size mode)
{
	insist(inst->opcode_map < 5 && inst->kind <= ZX_INST_SYSEXIT);
	opcodes[inst->opcode_map * 256 + inst->opcode] |= 1 << mode;
	meanings[(mode * 16 + inst->kind) * 8 + inst->size % 8] |= 1 << inst->reg % 8;
}

/* What is no LOAD or STORE has nothing to do with memory, and what is has a width. */
static void check_fields(const struct zx_inst *inst)
{
	insist(inst->reg < 16 && inst->special < 16);
	insist(!inst->high_byte || inst->reg < 4);
	if (inst->kind < ZX_INST_LOAD || inst->kind > ZX_INST_STORE_IMM)
		return;
	insist(inst->modrm < 0xc0);
	insist(inst->size == 1 || inst->size == 2 || inst->size == 4 || inst->size == 8);
	insist(inst->kind != ZX_INST_LOAD || inst->reg_size >= inst->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u8 bytes[ZX_INST_MAX] = { 0 };
	enum zx_code_size mode;
	struct zx_inst inst;
	int length;

	if (!size)
		return 0;
	mode = data[0] % 3;
	size = size - 1 < ZX_INST_MAX ? size - 1 : ZX_INST_MAX;
	memcpy(bytes, data + 1, size);
	compare(bytes, mode, true);
	length = decode(bytes, size, mode, &inst);
	insist(length >= -1 && length <= (int)size);
	if (length > 0) {
		insist(inst.len == length);
		check_fields(&inst);
		reach(&inst, mode);
	}
	return 0;
}
