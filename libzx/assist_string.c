// SPDX-License-Identifier: MIT
/*
 * MOVS, STOS, LODS, CMPS and SCAS. Each turn is complete before the next one
 * begins, so that the guest finds its registers right wherever it ends.
 */
#include "assist_internal.h"

#define RAX		0
#define RCX		1
#define RSI		6
#define RDI		7
#define FLAG_TF		((uint64_t)1 << 8)
#define FLAG_DF		((uint64_t)1 << 10)
#define VECTOR_DB	1
#define MAX_TURNS	4096

struct string {
	uint8_t opcode;		/* without the bit that tells bytes from words */
	bool repeat;
	bool until_equal;	/* REPNE, of those that compare */
	unsigned int size;	/* of an element */
	unsigned int width;	/* of an address */
	uint64_t source;	/* segment base */
	uint64_t target;
};

bool assist_is_string(const struct assist *a)
{
	if (a->insn.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY ||
	    a->insn.opcode_map != ZYDIS_OPCODE_MAP_DEFAULT)
		return false;
	return (a->insn.opcode >= 0xa4 && a->insn.opcode <= 0xa7) ||
	       (a->insn.opcode >= 0xaa && a->insn.opcode <= 0xaf);
}

/* The segment in front of SI, overridden or not. */
static ZydisRegister source_segment(const struct assist *a)
{
	unsigned int i;

	for (i = 0; i < a->insn.operand_count; i++)
		if (a->operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    (a->operands[i].mem.base == ZYDIS_REGISTER_RSI ||
		     a->operands[i].mem.base == ZYDIS_REGISTER_ESI ||
		     a->operands[i].mem.base == ZYDIS_REGISTER_SI))
			return a->operands[i].mem.segment;
	return ZYDIS_REGISTER_DS;
}

static void describe(const struct assist *a, struct string *s)
{
	unsigned int i;

	memset(s, 0, sizeof(*s));
	s->opcode = a->insn.opcode & 0xfe;
	s->width = a->insn.address_width / 8;
	s->size = a->insn.opcode & 1 ? a->insn.operand_width / 8 : 1;
	s->source = assist_segment_base(a, source_segment(a));
	s->target = assist_segment_base(a, ZYDIS_REGISTER_ES);
	/* Of F2 and F3 the last one counts, and without a comparison they are the same. */
	for (i = 0; i < a->insn.raw.prefix_count; i++) {
		if (a->insn.raw.prefixes[i].value != 0xf2 && a->insn.raw.prefixes[i].value != 0xf3)
			continue;
		s->repeat = true;
		s->until_equal = a->insn.raw.prefixes[i].value == 0xf2;
	}
}

static zx_status_t read_at(struct assist *a, const struct string *s, unsigned int reg,
			   uint64_t *value)
{
	*value = 0;
	return assist_read(a, (reg == RSI ? s->source : s->target) + assist_reg(a, reg, s->width),
			   value, s->size);
}

static zx_status_t write_target(struct assist *a, const struct string *s, uint64_t value)
{
	return assist_write(a, s->target + assist_reg(a, RDI, s->width), &value, s->size);
}

static void compare(struct assist *a, const struct string *s, uint64_t left, uint64_t right)
{
	uint64_t flags = a->regs.rflags;

	alu_run(ALU_CMP, s->size, left, right, &flags);
	a->regs.rflags = flags;
}

static void advance(struct assist *a, const struct string *s, unsigned int reg)
{
	uint64_t step = a->regs.rflags & FLAG_DF ? -(uint64_t)s->size : s->size;

	assist_set_reg(a, reg, s->width, assist_reg(a, reg, s->width) + step);
}

/* One element. What it reads and writes besides: SI for 0xac, DI for 0xaa and 0xae. */
static zx_status_t turn(struct assist *a, const struct string *s)
{
	uint64_t left = assist_reg(a, RAX, s->size), right = 0;
	zx_status_t status = ZX_OK;

	if (s->opcode == 0xa4 || s->opcode == 0xa6 || s->opcode == 0xac)
		status = read_at(a, s, RSI, &left);
	if (status == ZX_OK && (s->opcode == 0xa6 || s->opcode == 0xae))
		status = read_at(a, s, RDI, &right);
	if (status == ZX_OK && (s->opcode == 0xa4 || s->opcode == 0xaa))
		status = write_target(a, s, left);
	if (status != ZX_OK)
		return status;
	if (s->opcode == 0xa6 || s->opcode == 0xae)
		compare(a, s, left, right);
	if (s->opcode == 0xac)
		assist_set_reg(a, RAX, s->size, left);
	if (s->opcode != 0xaa && s->opcode != 0xae)
		advance(a, s, RSI);
	if (s->opcode != 0xac)
		advance(a, s, RDI);
	if (s->repeat)
		assist_set_reg(a, RCX, s->width, assist_reg(a, RCX, s->width) - 1);
	return ZX_OK;
}

/* Is the instruction at its end? */
static bool at_end(struct assist *a, const struct string *s)
{
	if (!s->repeat || !assist_reg(a, RCX, s->width))
		return true;
	if (s->opcode != 0xa6 && s->opcode != 0xae)
		return false;
	return !(a->regs.rflags & ALU_ZF) != s->until_equal;
}

/* It goes on in the guest. A single step traps behind each turn: SDM 3, 18.3.1.4. */
static zx_status_t suspend(struct assist *a)
{
	zx_status_t status = assist_move_rip(a, a->rip);

	if (status == ZX_OK && a->regs.rflags & FLAG_TF)
		status = zx_vcpu_interrupt(a->vcpu, VECTOR_DB);
	return status;
}

zx_status_t assist_string(struct assist *a)
{
	zx_status_t status = ZX_OK;
	struct zx_vcpu_regs done;
	unsigned int turns;
	struct string s;

	describe(a, &s);
	if (s.repeat && !assist_reg(a, RCX, s.width))
		return ZX_OK;
	for (turns = 0; ; ) {
		done = a->regs;
		a->trapped = false;
		status = turn(a, &s);
		if (status != ZX_OK)
			break;
		if (at_end(a, &s)) {
			assist_commit_regs(a);
			return ZX_OK;
		}
		if (++turns == MAX_TURNS || !a->trapped || a->regs.rflags & FLAG_TF) {
			assist_commit_regs(a);
			return suspend(a);
		}
	}
	if (!turns)
		return status;
	a->regs = done;
	assist_commit_regs(a);
	/* Where the guest takes a fault, RIP is there already. */
	if (!a->faulted)
		assist_move_rip(a, a->rip);
	return status;
}
