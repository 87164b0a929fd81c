// SPDX-License-Identifier: GPL-2.0-only
/*
 * Length and meaning in one pass: prefixes, opcode, ModRM and what hangs on it,
 * immediate. One byte per opcode says what follows it (APM 3, appendix A);
 * everything that needs more than that byte is a case in opcode() or below it.
 *
 * Whether operands and prefixes suit the instruction is not judged: a CPU did that
 * before it exited. A guest may have changed the bytes since, so no answer given
 * here may be taken for what the CPU saw. Unassigned opcodes of 0F 38, 0F 3A, VEX,
 * EVEX and XOP get the length that their map gives to all its others.
 */
#include "decode.h"

/* What ends the instruction: bits 3:0 of an entry. */
enum {
	N,		/* nothing */
	B,		/* 1 byte */
	W,		/* 2 bytes */
	E,		/* 3 bytes: ENTER */
	D,		/* 4 bytes */
	Z,		/* the operand's size, 4 at most: immediates, near branches */
	V,		/* the operand's size */
	F,		/* far pointer: selector and offset */
	A,		/* address, of the address's size */
	T,		/* F6, F7: an immediate with TEST only */
	Q,		/* 0F 78: EXTRQ and INSERTQ (66, F2) have two bytes, VMREAD none */

	M = 0x10,	/* ModRM follows the opcode */
	L = 0x20,	/* legacy: no instruction in 64-bit mode */
	K = 0x40,	/* known: a mean_*() below speaks of it */
	S = 0x80,	/* special: the entries below */

	/* Prefixes: bits 2:0 are their place in struct code's state. */
	PO = S,		/* 66: operand size */
	PA,		/* 67: address size */
	PL,		/* LOCK */
	PN,		/* F2 */
	PR,		/* F3 */
	PS,		/* segment */

	R,		/* REX in 64-bit mode, else INC or DEC */
	C,		/* 0F: the second map */
	X,		/* C4, C5, 62, 8F: VEX, EVEX, XOP, or an instruction of their own */
	U,		/* unassigned */

	MB = M | B, MD = M | D, MZ = M | Z, MT = M | T, MQ = M | Q, LB = L | B, LF = L | F,
	KA = K | A, KB = K | B, KM = K | M, KMB = K | M | B, KMZ = K | M | Z, LMB = L | M | B,
};

/* What bears on all that follows: struct code's state. */
enum {
	DATA = 1 << (PO & 7),
	ADDR = 1 << (PA & 7),
	LOCK = 1 << (PL & 7),
	REPN = 1 << (PN & 7),
	REP = 1 << (PR & 7),
	CODE_16 = 0x40 << ZX_CODE_16,
	CODE_64 = 0x40 << ZX_CODE_64,
	REX_SHIFT = 10,
	REX_B = 1 << REX_SHIFT, REX_R = 4 << REX_SHIFT, REX_W = 8 << REX_SHIFT,
	REX = 0xff << REX_SHIFT,
};

/* Beside the entries, what the steps below answer. */
enum { BAD = -1, SHORT = -2 };

static const u8 one_byte[256] = {
	/* ADD, PUSH and POP ES; OR, PUSH CS, second map */
	[0x00] = M,   M,   M,   M,   B,   Z,   L,   L,   M,   M,   M,   M,   B,   Z,   L,   C,
	/* ADC, PUSH and POP SS; SBB, PUSH and POP DS */
	[0x10] = M,   M,   M,   M,   B,   Z,   L,   L,   M,   M,   M,   M,   B,   Z,   L,   L,
	/* AND, ES, DAA; SUB, CS, DAS */
	[0x20] = M,   M,   M,   M,   B,   Z,   PS,  L,   M,   M,   M,   M,   B,   Z,   PS,  L,
	/* XOR, SS, AAA; CMP, DS, AAS */
	[0x30] = M,   M,   M,   M,   B,   Z,   PS,  L,   M,   M,   M,   M,   B,   Z,   PS,  L,
	[0x40 ... 0x4f] = R,		/* INC, DEC; REX */
	[0x50 ... 0x5f] = N,		/* PUSH, POP */
	/* PUSHA, POPA, BOUND, MOVSXD, FS, GS, sizes; PUSH, IMUL, INS, OUTS */
	[0x60] = L,   L,   X,   KM,  PS,  PS,  PO,  PA,  Z,   MZ,  B,   MB,  N,   N,   N,   N,
	[0x70 ... 0x7f] = B,		/* Jcc */
	/* group 1, TEST, XCHG; MOV, MOV segment, LEA, POP */
	[0x80] = MB,  MZ,  LMB, MB,  M,   M,   M,   M,   KM,  KM,  KM,  KM,  M,   M,   M,   X,
	/* XCHG; CBW, CWD, CALL far, FWAIT, PUSHF, POPF, SAHF, LAHF */
	[0x90] = N,   N,   N,   N,   N,   N,   N,   N,   N,   N,   LF,  N,   N,   N,   N,   N,
	/* MOV of an address, MOVS, CMPS; TEST, STOS, LODS, SCAS */
	[0xa0] = KA,  KA,  KA,  KA,  N,   N,   N,   N,   B,   Z,   N,   N,   N,   N,   N,   N,
	/* MOV immediate to register */
	[0xb0] = B,   B,   B,   B,   B,   B,   B,   B,   V,   V,   V,   V,   V,   V,   V,   V,
	/* group 2, RET, LES, LDS, MOV immediate; ENTER, LEAVE, RETF, INT, IRET */
	[0xc0] = MB,  MB,  W,   N,   X,   X,   KMB, KMZ, E,   N,   W,   N,   N,   B,   L,   N,
	/* group 2, AAM, AAD, SALC, XLAT; x87 */
	[0xd0] = M,   M,   M,   M,   LB,  LB,  L,   N,   M,   M,   M,   M,   M,   M,   M,   M,
	/* LOOP, JCXZ, IN, OUT; CALL, JMP, JMP far, JMP short, IN, OUT */
	[0xe0] = B,   B,   B,   B,   B,   B,   B,   B,   Z,   Z,   LF,  B,   N,   N,   N,   N,
	/* LOCK, INT1, REP, HLT, CMC, group 3; flags, groups 4 and 5 */
	[0xf0] = PL,  N,   PN,  PR,  N,   N,   MT,  MT,  N,   N,   N,   N,   N,   N,   M,   M,
};

static const u8 two_byte[256] = {
	/* groups 6, 7, LAR, LSL, SYSCALL, CLTS; INVD, UD2, PREFETCH, 3DNow! */
	[0x00] = M,   KM,  M,   M,   U,   N,   K,   N,   N,   N,   U,   N,   U,   M,   N,   MB,
	[0x10 ... 0x1f] = M,		/* SSE moves; hints, NOP */
	/* MOV CR and DR, whose ModRM never means memory; SSE */
	[0x20] = KB,  KB,  KB,  KB,  U,   U,   U,   U,   M,   M,   M,   M,   M,   M,   M,   M,
	/* MSRs, RDTSC, RDPMC, SYSENTER, GETSEC; all of 0F 38 and 0F 3A */
	[0x30] = N,   N,   N,   N,   K,   K,   U,   N,   M,   U,   MB,  U,   U,   U,   U,   U,
	[0x40 ... 0x6f] = M,		/* CMOVcc; SSE, MMX */
	/* PSHUF, shifts, PCMPEQ, EMMS; VMREAD, VMWRITE, HADD, MOVD, MOVQ */
	[0x70] = MB,  MB,  MB,  MB,  M,   M,   M,   N,   MQ,  M,   U,   U,   M,   M,   M,   M,
	[0x80 ... 0x8f] = Z,		/* Jcc */
	[0x90 ... 0x9f] = M,		/* SETcc */
	/* FS, CPUID, BT, SHLD, PadLock; GS, RSM, BTS, SHRD, group 15, IMUL */
	[0xa0] = N,   N,   N,   M,   MB,  M,   M,   M,   N,   N,   N,   M,   MB,  M,   M,   M,
	/* CMPXCHG, LSS, BTR, LFS, LGS, MOVZX; POPCNT, UD1, group 8, BTC, BSx, MOVSX */
	[0xb0] = M,   M,   M,   M,   M,   M,   KM,  KM,  M,   M,   MB,  M,   M,   M,   KM,  KM,
	/* XADD, CMPPS, MOVNTI, PINSRW, PEXTRW, SHUFPS, group 9; BSWAP */
	[0xc0] = M,   M,   MB,  KM,  MB,  MB,  MB,  M,   N,   N,   N,   N,   N,   N,   N,   N,
	[0xd0 ... 0xff] = M,		/* MMX, SSE; UD0 */
};

/* Bytes that end the instruction, for operands of 2, 4 and 8 bytes. */
static const u8 tail_bytes[][3] = {
	[N] = { 0, 0, 0 }, [B] = { 1, 1, 1 }, [W] = { 2, 2, 2 }, [E] = { 3, 3, 3 },
	[D] = { 4, 4, 4 },
	[Z] = { 2, 4, 4 },
	[V] = { 2, 4, 8 },
	[F] = { 4, 6, 6 },
};

struct code {
	const u8 *bytes;
	size_t pos;		/* of the byte to take next */
	size_t end;		/* no byte at or above it may be looked at */
	unsigned int state;	/* mode; prefixes met; REX, if there is one that counts */
};

/*
 * In 64-bit mode 66 shortens a near branch's displacement too, as on AMD: Intel's
 * CPUs ignore it there, but they tell the length of what they intercept.
 */
static inline unsigned int operand_size(const struct code *c)
{
	if (!(c->state & (REX_W | DATA | CODE_16)))
		return 4;
	if (c->state & REX_W)
		return 8;
	return !(c->state & DATA) == !(c->state & CODE_16) ? 4 : 2;
}

static inline unsigned int address_size(const struct code *c)
{
	if (c->state & CODE_64)
		return c->state & ADDR ? 4 : 8;
	return !(c->state & ADDR) == !(c->state & CODE_16) ? 4 : 2;
}

static int vector_entry(const struct zx_inst *inst, unsigned int map, bool evex)
{
	const u8 op = inst->opcode;

	if (map == 3 || map == 8)
		return MB;
	if (map == 10)
		return MD;
	if (map != 1)
		return M;
	if (op == 0x77 && !evex)
		return N;	/* VZEROUPPER, VZEROALL */
	return (op & 0xfc) == 0x70 || op == 0xc2 || (op >= 0xc4 && op <= 0xc6) ? MB : M;
}

/* The maps: VEX 1 to 3; EVEX 1 to 3, 5, 6 (SDM 2, appendix A); XOP 8 to 10 (APM 3, 1.5). */
static int vector_opcode(struct code *c, struct zx_inst *inst)
{
	unsigned int map, maps = 0xe, payload = 2;
	u8 first;

	if (c->pos == c->end)
		return SHORT;
	first = c->bytes[c->pos];
	map = first & 0x1f;
	/* POP is /0, which makes no map above 7; LES, LDS and BOUND have memory only */
	if (inst->opcode == 0x8f ? map < 8 : !(c->state & CODE_64) && first < 0xc0)
		return M;
	if (c->state & (REX | DATA | LOCK | REPN | REP))
		return BAD;
	switch (inst->opcode) {
	case 0x62:
		maps = 0x6e;
		map = first & 0xf;
		payload = 3;
		break;
	case 0x8f:
		maps = 0x700;
		break;
	case 0xc5:
		map = 1;
		payload = 1;
		break;
	}
	if (!(maps >> map & 1))
		return BAD;
	if (c->pos + payload >= c->end)
		return SHORT;
	/* SDM 2, 2.7.1: bit 2 of EVEX's second payload byte is 1 */
	if (payload == 3 && !(c->bytes[c->pos + 1] & 4))
		return BAD;
	inst->opcode_map = 4;
	inst->opcode = c->bytes[c->pos + payload];
	c->pos += payload + 1;
	return vector_entry(inst, map, payload == 3);
}

static int escaped_opcode(struct code *c, struct zx_inst *inst)
{
	u8 op;

	if (c->pos == c->end)
		return SHORT;
	op = c->bytes[c->pos++];
	inst->opcode = op;
	inst->opcode_map = 1;
	if (op == 0x38 || op == 0x3a) {
		if (c->pos == c->end)
			return SHORT;
		inst->opcode = c->bytes[c->pos++];
		inst->opcode_map = op == 0x38 ? 2 : 3;
	}
	return two_byte[op] == U ? BAD : two_byte[op];
}

/* Takes the prefixes and the opcode; returns its entry. */
static int opcode(struct code *c, struct zx_inst *inst)
{
	u8 op, entry;

	for (;;) {
		if (c->pos == c->end)
			return SHORT;
		op = c->bytes[c->pos++];
		inst->opcode = op;
		entry = one_byte[op];
		if (!(entry & S))
			return entry & L && c->state & CODE_64 ? BAD : entry;
		if (entry > R)
			return entry == C ? escaped_opcode(c, inst) : vector_opcode(c, inst);
		if (entry == R && !(c->state & CODE_64))
			return N;
		/* REX counts right before the opcode only */
		c->state &= ~REX;
		c->state |= entry == R ? op << REX_SHIFT : 1 << (entry & 7);
	}
}

/* Bytes of displacement: with mod 0 only if @base, of SIB or ModRM, is @none. */
static inline unsigned int displacement(u8 modrm, u8 base, u8 none, unsigned int full)
{
	if (modrm < 0x40)
		return base == none ? full : 0;
	return modrm < 0x80 ? 1 : full;
}

/* Takes ModRM, SIB and displacement. */
static int operand(struct code *c, struct zx_inst *inst)
{
	u8 modrm, base;

	if (c->pos == c->end)
		return SHORT;
	modrm = c->bytes[c->pos++];
	inst->modrm = modrm;
	if (modrm >= 0xc0)
		return 0;
	base = modrm & 7;
	if (c->state & (ADDR | CODE_16) && address_size(c) == 2) {
		c->pos += displacement(modrm, base, 6, 2);
		return 0;
	}
	if (base == 4) {
		if (c->pos == c->end)
			return SHORT;
		base = c->bytes[c->pos++] & 7;
	}
	c->pos += displacement(modrm, base, 5, 4);
	return 0;
}

static unsigned int tail(const struct code *c, const struct zx_inst *inst, unsigned int kind)
{
	switch (kind) {
	case A:
		return address_size(c);
	case Q:
		return c->state & (DATA | REPN) ? 2 : 0;
	case T:
		if (inst->modrm & 0x30)
			return 0;
		kind = inst->opcode & 1 ? Z : B;
		break;
	}
	return tail_bytes[kind][operand_size(c) >> 2];
}

static inline bool is_memory(const struct zx_inst *inst)
{
	return inst->modrm < 0xc0;
}

static inline u8 modrm_reg(const struct code *c, u8 modrm)
{
	return (modrm >> 3 & 7) | (c->state & REX_R ? 8 : 0);
}

static inline u8 modrm_rm(const struct code *c, u8 modrm)
{
	return (modrm & 7) | (c->state & REX_B ? 8 : 0);
}

static void mean_immediate(const struct code *c, struct zx_inst *inst, u8 size)
{
	const u8 *at = c->bytes + c->pos;

	if (inst->modrm & 0x38)
		return;
	inst->kind = ZX_INST_STORE_IMM;
	inst->size = size;
	if (size == 1)
		inst->imm = (u64)(signed char)at[0];
	else if (size == 2)
		inst->imm = (u64)(short)(at[0] | at[1] << 8);
	else
		inst->imm = (u64)(int)(at[0] | at[1] << 8 | at[2] << 16 | (u32)at[3] << 24);
}

/* In 64-bit mode only, elsewhere it is ARPL; with 66 vendors differ in what is read. */
static void mean_movsxd(const struct code *c, struct zx_inst *inst, u8 size)
{
	if (!(c->state & CODE_64) || size == 2)
		return;
	inst->kind = ZX_INST_LOAD;
	inst->size = 4;
	inst->reg = modrm_reg(c, inst->modrm);
	inst->reg_size = size;
	inst->sign_extend = true;
}

static void mean_move(const struct code *c, struct zx_inst *inst, bool load, u8 reg, u8 size)
{
	inst->kind = load ? ZX_INST_LOAD : ZX_INST_STORE_REG;
	inst->size = size;
	inst->reg_size = size;
	if (size == 1 && reg >= 4 && !(c->state & REX)) {
		inst->high_byte = true;
		reg -= 4;
	}
	inst->reg = reg;
}

static void mean_one_byte(const struct code *c, struct zx_inst *inst)
{
	const u8 op = inst->opcode;
	u8 size;

	if (c->state & LOCK || !is_memory(inst))
		return;
	size = op & 1 ? operand_size(c) : 1;
	if (op < 0x88)
		mean_movsxd(c, inst, size);
	else if (op < 0xa0)
		mean_move(c, inst, op & 2, modrm_reg(c, inst->modrm), size);
	else if (op < 0xc0)
		mean_move(c, inst, !(op & 2), 0, size);
	else
		mean_immediate(c, inst, size);
}

/* 0F 20 to 0F 23: the ModRM byte was taken for an immediate, as mod means nothing. */
static void mean_special_register(const struct code *c, struct zx_inst *inst)
{
	inst->modrm = c->bytes[c->pos];
	inst->reg = modrm_rm(c, inst->modrm);
	inst->special = modrm_reg(c, inst->modrm);
	if (c->state & LOCK) {
		/* APM 3, MOV CRn: LOCK makes CR0 CR8 and suits nothing else */
		if (inst->opcode & 1 || inst->special)
			return;
		inst->special = 8;
	}
	if (inst->opcode & 2)
		inst->kind = inst->opcode & 1 ? ZX_INST_MOV_TO_DR : ZX_INST_MOV_TO_CR;
	else
		inst->kind = inst->opcode & 1 ? ZX_INST_MOV_FROM_DR : ZX_INST_MOV_FROM_CR;
}

static void mean_two_byte(const struct code *c, struct zx_inst *inst)
{
	const u8 op = inst->opcode;

	if ((op & 0xfc) == 0x20) {
		mean_special_register(c, inst);
		return;
	}
	if (c->state & LOCK)
		return;
	switch (op) {
	case 0x01:
		if ((inst->modrm & 0x38) == 0x20 && !is_memory(inst)) {
			inst->kind = ZX_INST_SMSW;
			inst->reg = modrm_rm(c, inst->modrm);
			inst->size = operand_size(c);
			return;
		}
		if ((inst->modrm & 0x38) != 0x30)
			return;
		inst->kind = ZX_INST_LMSW;
		if (!is_memory(inst))
			inst->reg = modrm_rm(c, inst->modrm);
		return;
	case 0x06:
		inst->kind = ZX_INST_CLTS;
		return;
	case 0x34:
		inst->kind = ZX_INST_SYSENTER;
		return;
	case 0x35:
		inst->kind = ZX_INST_SYSEXIT;
		inst->size = c->state & REX_W ? 8 : 4;
		return;
	}
	if (!is_memory(inst))
		return;
	inst->reg = modrm_reg(c, inst->modrm);
	if (op == 0xc3) {
		if (c->state & (DATA | REPN | REP))
			return;
		inst->kind = ZX_INST_STORE_REG;
		inst->size = c->state & REX_W ? 8 : 4;
		return;
	}
	inst->kind = ZX_INST_LOAD;
	inst->size = op & 1 ? 2 : 1;
	inst->reg_size = operand_size(c);
	inst->sign_extend = op & 8;
}

int zx_decode(const u8 *bytes, size_t avail, enum zx_code_size mode, struct zx_inst *inst)
{
	struct code c = {
		.bytes = bytes,
		.end = avail,
		.state = 0x40 << mode,
	};
	size_t len;
	int entry;

	if (avail > ZX_INST_MAX)
		c.end = ZX_INST_MAX;
	*inst = (struct zx_inst){ 0 };
	entry = opcode(&c, inst);
	if (entry >= 0 && entry & M && operand(&c, inst))
		entry = SHORT;
	if (entry < 0)
		return entry == SHORT && c.end < ZX_INST_MAX ? 0 : -1;
	len = c.pos;
	if (entry & 0xf)
		len += tail(&c, inst, entry & 0xf);
	if (len > c.end)
		return len > ZX_INST_MAX ? -1 : 0;
	inst->len = len;
	if (entry & K) {
		if (inst->opcode_map)
			mean_two_byte(&c, inst);
		else
			mean_one_byte(&c, inst);
	}
	return len;
}
