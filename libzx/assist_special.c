// SPDX-License-Identifier: MIT
/*
 * Instructions with operands of their own kind: the stack, branches through
 * memory, XLAT, and hints, which ask nothing of a device.
 */
#include "assist_internal.h"

/* The stack's operand is not among those that are written in the instruction. */
static unsigned int stack_operand_size(const struct assist *a)
{
	unsigned int i;

	for (i = 0; i < a->insn.operand_count; i++)
		if (a->operands[i].visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
		    a->operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
			return assist_size(&a->operands[i]);
	return 0;
}

static zx_status_t do_push(struct assist *a)
{
	uint64_t value;
	zx_status_t status = assist_get(a, &a->operands[0], &value);

	return status == ZX_OK ? assist_push(a, stack_operand_size(a), value) : status;
}

/* An address that depends on RSP sees it as it is after the pop: SDM 2B, POP. */
static zx_status_t do_pop(struct assist *a)
{
	const ZydisDecodedOperand *to = &a->operands[0];
	uint64_t value;
	zx_status_t status;

	if (to->type == ZYDIS_OPERAND_TYPE_REGISTER && !assist_is_gpr(to))
		return ZX_ERR_NOT_SUPPORTED;
	status = assist_pop(a, stack_operand_size(a), &value);
	return status == ZX_OK ? assist_put(a, to, value) : status;
}

static zx_status_t go_to(struct assist *a, uint64_t target)
{
	if (a->mode == 64 && (uint64_t)((int64_t)(target << 16) >> 16) != target)
		a->exception = 13;
	a->next = target;
	return ZX_OK;
}

/* Near ones only: a far one is a matter of segments. */
static zx_status_t do_branch(struct assist *a, bool call)
{
	const ZydisDecodedOperand *op = &a->operands[0];
	uint64_t target;
	zx_status_t status;

	if (a->insn.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		return ZX_ERR_NOT_SUPPORTED;
	status = assist_get(a, op, &target);
	if (status != ZX_OK)
		return status;
	if (op->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
		target = (a->next + op->imm.value.u) &
			 alu_mask(a->mode == 64 ? 8 : a->insn.operand_width / 8);
	go_to(a, target);
	if (a->exception >= 0 || !call)
		return ZX_OK;
	return assist_push(a, stack_operand_size(a), a->rip + a->insn.length);
}

static zx_status_t do_return(struct assist *a)
{
	uint64_t target;
	zx_status_t status;

	if (a->insn.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		return ZX_ERR_NOT_SUPPORTED;
	status = assist_pop(a, stack_operand_size(a), &target);
	if (status != ZX_OK)
		return status;
	if (a->operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
		assist_set_reg(a, 4, assist_stack_size(a),
			       a->regs.rsp + a->operands[0].imm.value.u);
	return go_to(a, target);
}

static zx_status_t do_translate(struct assist *a)
{
	uint64_t mask = alu_mask(a->insn.address_width / 8), linear;
	unsigned int i;
	uint8_t byte;
	zx_status_t status;

	for (i = 0; a->operands[i].type != ZYDIS_OPERAND_TYPE_MEMORY; i++)
		if (i + 1 == a->insn.operand_count)
			return ZX_ERR_NOT_SUPPORTED;
	linear = assist_segment_base(a, a->operands[i].mem.segment) +
		 ((a->regs.rbx + (a->regs.rax & 0xff)) & mask);
	status = assist_read(a, linear, &byte, 1);
	if (status == ZX_OK)
		assist_set_reg(a, 0, 1, byte);
	return status;
}

zx_status_t assist_special(struct assist *a)
{
	switch (a->insn.mnemonic) {
	case ZYDIS_MNEMONIC_PUSH:
		return do_push(a);
	case ZYDIS_MNEMONIC_POP:
		return do_pop(a);
	case ZYDIS_MNEMONIC_CALL:
		return do_branch(a, true);
	case ZYDIS_MNEMONIC_JMP:
		return do_branch(a, false);
	case ZYDIS_MNEMONIC_RET:
		return do_return(a);
	case ZYDIS_MNEMONIC_XLAT:
		return do_translate(a);
	case ZYDIS_MNEMONIC_NOP:
	case ZYDIS_MNEMONIC_CLDEMOTE:
	case ZYDIS_MNEMONIC_CLFLUSH:
	case ZYDIS_MNEMONIC_CLFLUSHOPT:
	case ZYDIS_MNEMONIC_CLWB:
	case ZYDIS_MNEMONIC_PREFETCH:
	case ZYDIS_MNEMONIC_PREFETCHNTA:
	case ZYDIS_MNEMONIC_PREFETCHT0:
	case ZYDIS_MNEMONIC_PREFETCHT1:
	case ZYDIS_MNEMONIC_PREFETCHT2:
	case ZYDIS_MNEMONIC_PREFETCHW:
		return ZX_OK;
	default:
		return ZX_ERR_NOT_SUPPORTED;
	}
}
