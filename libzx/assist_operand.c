// SPDX-License-Identifier: MIT
/* Registers, addresses and memory, as an instruction names them. */
#include "assist_internal.h"

uint64_t assist_reg(struct assist *a, unsigned int nr, unsigned int size)
{
	return *assist_gpr(a, nr) & alu_mask(size);
}

void assist_set_reg(struct assist *a, unsigned int nr, unsigned int size, uint64_t value)
{
	__u64 *reg = assist_gpr(a, nr);
	uint64_t mask = alu_mask(size);

	if (size >= 4)
		*reg = value & mask;
	else
		*reg = (*reg & ~mask) | (value & mask);
}

/*
 * The kernel knows what is there. What is in a trap, within a page, goes to the
 * devices; @known saves a string instruction the question.
 */
static zx_status_t transfer(struct assist *a, uint64_t linear, void *data, size_t size,
			    bool write, zx_gpaddr_t *gpa)
{
	struct assist_page *known = &a->known[write];
	zx_status_t status;

	if (known->valid && (linear & -PAGE_BYTES) == known->linear &&
	    (linear & (PAGE_BYTES - 1)) + size <= PAGE_BYTES) {
		*gpa = known->gpa | (linear & (PAGE_BYTES - 1));
		return ZX_ERR_UNAVAILABLE;
	}
	status = write ? zxl_vcpu_write_memory(a->vcpu, linear, data, size, gpa) :
			 zxl_vcpu_read_memory(a->vcpu, linear, data, size, gpa);
	a->faulted |= status == ZX_ERR_CANCELED;
	return status;
}

static zx_status_t device(struct assist *a, uint64_t linear, zx_gpaddr_t gpa, void *data,
			  size_t size, bool write)
{
	a->trapped = true;
	a->known[write] = (struct assist_page){
		.valid = true, .linear = linear & -PAGE_BYTES, .gpa = gpa & -PAGE_BYTES,
	};
	return write ? a->ops->write(a->context, gpa, data, size) :
		       a->ops->read(a->context, gpa, data, size);
}

/*
 * Over the edge of a page, and the kernel has met a trap on one side, at @gpa. The
 * other side may be one as well, or be refused by the guest's paging: so it is
 * asked about before any device hears of it.
 */
static zx_status_t split(struct assist *a, uint64_t linear, uint8_t *data, size_t size, bool write,
			 zx_gpaddr_t gpa)
{
	const size_t first = PAGE_BYTES - (linear & (PAGE_BYTES - 1));
	const uint64_t at[2] = { linear, linear + first };
	const size_t sizes[2] = { first, size - first };
	uint8_t *const parts[2] = { data, data + first };
	/* The second page is met at its first byte, the first page further in. */
	const unsigned int met = gpa & (PAGE_BYTES - 1) ? 0 : 1, other = !met;
	bool trapped[2] = { true, true };
	zx_gpaddr_t gpas[2] = { gpa, gpa };
	zx_status_t status;
	unsigned int i;

	status = transfer(a, at[other], parts[other], sizes[other], write, &gpas[other]);
	trapped[other] = status == ZX_ERR_UNAVAILABLE;
	if (trapped[other])
		status = ZX_OK;
	for (i = 0; i < 2 && status == ZX_OK; i++)
		if (trapped[i])
			status = device(a, at[i], gpas[i], parts[i], sizes[i], write);
	return status;
}

static zx_status_t copy(struct assist *a, uint64_t linear, void *data, size_t size, bool write)
{
	zx_gpaddr_t gpa = 0;
	zx_status_t status;

	if (a->mode != 64)
		linear = (uint32_t)linear;
	status = transfer(a, linear, data, size, write, &gpa);
	if (status != ZX_ERR_UNAVAILABLE)
		return status;
	if ((linear & (PAGE_BYTES - 1)) + size > PAGE_BYTES)
		return split(a, linear, data, size, write, gpa);
	return device(a, linear, gpa, data, size, write);
}

zx_status_t assist_read(struct assist *a, uint64_t linear, void *data, size_t size)
{
	return copy(a, linear, data, size, false);
}

zx_status_t assist_write(struct assist *a, uint64_t linear, const void *data, size_t size)
{
	return copy(a, linear, (void *)(uintptr_t)data, size, true);
}

unsigned int assist_size(const ZydisDecodedOperand *op)
{
	return op->size / 8;
}

static const struct zxl_vcpu_segment *segment_of(const struct assist *a, ZydisRegister segment)
{
	switch (segment) {
	case ZYDIS_REGISTER_ES:
		return &a->system.es;
	case ZYDIS_REGISTER_CS:
		return &a->system.cs;
	case ZYDIS_REGISTER_SS:
		return &a->system.ss;
	case ZYDIS_REGISTER_FS:
		return &a->system.fs;
	case ZYDIS_REGISTER_GS:
		return &a->system.gs;
	default:
		return &a->system.ds;
	}
}

/* In 64-bit mode only FS and GS have one. */
uint64_t assist_segment_base(const struct assist *a, ZydisRegister segment)
{
	if (a->mode == 64 && segment != ZYDIS_REGISTER_FS && segment != ZYDIS_REGISTER_GS)
		return 0;
	return segment_of(a, segment)->base;
}

/* The number of a general register, and whether it is AH, CH, DH or BH. */
static unsigned int gpr_number(ZydisRegister reg, bool *high)
{
	*high = false;
	if (reg >= ZYDIS_REGISTER_AX && reg <= ZYDIS_REGISTER_R15W)
		return reg - ZYDIS_REGISTER_AX;
	if (reg >= ZYDIS_REGISTER_EAX && reg <= ZYDIS_REGISTER_R15D)
		return reg - ZYDIS_REGISTER_EAX;
	if (reg >= ZYDIS_REGISTER_RAX && reg <= ZYDIS_REGISTER_R15)
		return reg - ZYDIS_REGISTER_RAX;
	if (reg >= ZYDIS_REGISTER_SPL)
		return reg - ZYDIS_REGISTER_SPL + 4;
	*high = reg >= ZYDIS_REGISTER_AH;
	return *high ? reg - ZYDIS_REGISTER_AH : reg - ZYDIS_REGISTER_AL;
}

static bool is_gpr(ZydisRegister reg)
{
	return reg >= ZYDIS_REGISTER_AL && reg <= ZYDIS_REGISTER_R15;
}

bool assist_is_gpr(const ZydisDecodedOperand *op)
{
	return op->type == ZYDIS_OPERAND_TYPE_REGISTER && is_gpr(op->reg.value);
}

static uint64_t address_part(struct assist *a, ZydisRegister reg)
{
	bool high;

	if (reg == ZYDIS_REGISTER_RIP || reg == ZYDIS_REGISTER_EIP)
		return a->rip + a->insn.length;
	return is_gpr(reg) ? *assist_gpr(a, gpr_number(reg, &high)) : 0;
}

uint64_t assist_linear(struct assist *a, const ZydisDecodedOperand *op)
{
	unsigned int width = a->insn.address_width / 8;
	uint64_t mask = alu_mask(width), ea;

	ea = (address_part(a, op->mem.base) & mask) +
	     (address_part(a, op->mem.index) & mask) * op->mem.scale + op->mem.disp.value +
	     a->adjust;
	return assist_segment_base(a, op->mem.segment) + (ea & mask);
}

static zx_status_t get_reg(struct assist *a, ZydisRegister reg, uint64_t *value)
{
	bool high;
	unsigned int nr;

	if (reg >= ZYDIS_REGISTER_ES && reg <= ZYDIS_REGISTER_GS) {
		*value = segment_of(a, reg)->selector;
		return ZX_OK;
	}
	if (!is_gpr(reg))
		return ZX_ERR_NOT_SUPPORTED;
	nr = gpr_number(reg, &high);
	*value = *assist_gpr(a, nr) >> (high ? 8 : 0);
	return ZX_OK;
}

zx_status_t assist_get(struct assist *a, const ZydisDecodedOperand *op, uint64_t *value)
{
	zx_status_t status = ZX_ERR_NOT_SUPPORTED;

	*value = 0;
	switch (op->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		status = get_reg(a, op->reg.value, value);
		break;
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		*value = op->imm.value.u;
		return ZX_OK;
	case ZYDIS_OPERAND_TYPE_MEMORY:
		if (assist_size(op) > sizeof(*value))
			return ZX_ERR_NOT_SUPPORTED;
		status = assist_read(a, assist_linear(a, op), value, assist_size(op));
		break;
	default:
		break;
	}
	*value &= alu_mask(assist_size(op));
	return status;
}

static zx_status_t put_reg(struct assist *a, const ZydisDecodedOperand *op, uint64_t value)
{
	bool high;
	unsigned int nr;

	if (!is_gpr(op->reg.value))
		return ZX_ERR_NOT_SUPPORTED;
	nr = gpr_number(op->reg.value, &high);
	if (high)
		*assist_gpr(a, nr) = (*assist_gpr(a, nr) & ~(uint64_t)0xff00) |
				     (value & 0xff) << 8;
	else
		assist_set_reg(a, nr, assist_size(op), value);
	return ZX_OK;
}

zx_status_t assist_put(struct assist *a, const ZydisDecodedOperand *op, uint64_t value)
{
	if (op->type == ZYDIS_OPERAND_TYPE_REGISTER)
		return put_reg(a, op, value);
	if (op->type != ZYDIS_OPERAND_TYPE_MEMORY || assist_size(op) > sizeof(value))
		return ZX_ERR_NOT_SUPPORTED;
	return assist_write(a, assist_linear(a, op), &value, assist_size(op));
}

#define ACCESS_BIG	0x4000		/* D/B of zxl_vcpu_segment.access */
#define RSP		4

unsigned int assist_stack_size(const struct assist *a)
{
	if (a->mode == 64)
		return 8;
	return a->system.ss.access & ACCESS_BIG ? 4 : 2;
}

zx_status_t assist_push(struct assist *a, unsigned int size, uint64_t value)
{
	unsigned int width = assist_stack_size(a);
	uint64_t top = (*assist_gpr(a, RSP) - size) & alu_mask(width);
	zx_status_t status;

	status = assist_write(a, assist_segment_base(a, ZYDIS_REGISTER_SS) + top, &value, size);
	if (status == ZX_OK)
		assist_set_reg(a, RSP, width, top);
	return status;
}

zx_status_t assist_pop(struct assist *a, unsigned int size, uint64_t *value)
{
	unsigned int width = assist_stack_size(a);
	uint64_t top = assist_reg(a, RSP, width);
	zx_status_t status;

	*value = 0;
	status = assist_read(a, assist_segment_base(a, ZYDIS_REGISTER_SS) + top, value, size);
	if (status == ZX_OK)
		assist_set_reg(a, RSP, width, top + size);
	return status;
}
