// SPDX-License-Identifier: GPL-2.0-only
/* The decoder against cases from the manuals. */
/* build: ../../module/x86/decode.c -I../../module */
#include "decode_guard.h"

struct sample {
	const char *bytes;
	int count;
	enum zx_code_size mode;
	struct zx_inst want;		/* len 0: no instruction */
};

struct samples {
	const struct sample *list;
	size_t count;
};

#define SAMPLE(mode, bytes, ...) \
	{ bytes, sizeof(bytes) - 1, ZX_CODE_##mode, { __VA_ARGS__ } }
#define OTHER(mode, bytes)		SAMPLE(mode, bytes, .len = sizeof(bytes) - 1)
#define NONE(mode, bytes)		SAMPLE(mode, bytes, .len = 0)
#define LOAD(mode, bytes, mem, number, bits, ...) \
	SAMPLE(mode, bytes, .len = sizeof(bytes) - 1, .kind = ZX_INST_LOAD, .size = mem, \
	       .reg = number, .reg_size = bits, __VA_ARGS__)
#define STORE(mode, bytes, mem, number, ...) \
	SAMPLE(mode, bytes, .len = sizeof(bytes) - 1, .kind = ZX_INST_STORE_REG, .size = mem, \
	       .reg = number, __VA_ARGS__)
#define STORE_IMM(mode, bytes, mem, value) \
	SAMPLE(mode, bytes, .len = sizeof(bytes) - 1, .kind = ZX_INST_STORE_IMM, .size = mem, \
	       .imm = value)
#define SPECIAL(mode, bytes, what, gpr, number) \
	SAMPLE(mode, bytes, .len = sizeof(bytes) - 1, .kind = ZX_INST_##what, .reg = gpr, \
	       .special = number)

static void check_sample(const struct sample *s)
{
	const int want = s->want.len ? s->want.len : -1;
	u8 bytes[ZX_INST_MAX] = { 0 };
	struct zx_inst inst;
	int len, got;

	memcpy(bytes, s->bytes, s->count);
	for (len = 0; len < want; len++) {
		got = decode(bytes, len, s->mode, &inst);
		same(bytes, s->mode, "length cut short", got, 0);
	}
	got = decode(bytes, s->count, s->mode, &inst);
	same(bytes, s->mode, "length", got, want);
	if (got < 0)
		return;
	same(bytes, s->mode, "len", inst.len, got);
	same_meaning(bytes, s->mode, &inst, &s->want);
}

static void check_samples(void **state)
{
	const struct samples *samples = *state;
	size_t i;

	for (i = 0; i < samples->count; i++)
		check_sample(samples->list + i);
}

static const struct sample moves[] = {
	STORE(64, "\x89\x07", 4, 0),				/* mov %eax,(%rdi) */
	STORE(64, "\x88\x07", 1, 0),
	LOAD(64, "\x8b\x07", 4, 0, 4),
	LOAD(64, "\x8a\x07", 1, 0, 1),
	STORE(64, "\x48\x89\x07", 8, 0),
	STORE(64, "\x66\x89\x07", 2, 0),
	STORE(64, "\x66\x48\x89\x07", 8, 0),			/* REX.W wins */
	STORE(64, "\x4c\x89\x3d\x01\x02\x03\x04", 8, 15),	/* RIP relative */
	LOAD(64, "\x44\x8b\x44\x24\x10", 4, 8, 4),
	LOAD(64, "\x67\x8b\x04\x25\x01\x02\x03\x04", 4, 0, 4),
	STORE(32, "\x89\x07", 4, 0),
	STORE(32, "\x66\x89\x07", 2, 0),
	STORE(16, "\x89\x07", 2, 0),
	STORE(16, "\x66\x89\x07", 4, 0),
	LOAD(16, "\x8b\x1e\x34\x12", 2, 3, 2),
	LOAD(16, "\x67\x66\x8b\x1d\x01\x02\x03\x04", 4, 3, 4),
	LOAD(32, "\x67\x8b\x1e\x34\x12", 4, 3, 4),
	STORE(32, "\x2e\x89\x07", 4, 0),
	STORE(64, "\x65\x89\x07", 4, 0),
	STORE(64, "\xf2\x89\x07", 4, 0),			/* XACQUIRE */
	STORE(64, "\xf3\x89\x07", 4, 0),			/* XRELEASE */
	OTHER(64, "\xf0\x89\x07"),				/* #UD */
	OTHER(64, "\x89\xc7"),
	OTHER(64, "\x8c\x07"),
	OTHER(64, "\x8e\x07"),
};

static const struct sample high_bytes[] = {
	STORE(64, "\x88\x27", 1, 0, .high_byte = true),		/* AH */
	STORE(32, "\x88\x3f", 1, 3, .high_byte = true),		/* BH */
	LOAD(16, "\x8a\x37", 1, 2, 1, .high_byte = true),	/* DH */
	STORE(64, "\x40\x88\x27", 1, 4),			/* SPL */
	STORE(64, "\x44\x88\x27", 1, 12),
	STORE(64, "\x40\x66\x88\x27", 1, 0, .high_byte = true),
};

static const struct sample rex_positions[] = {
	STORE(64, "\x48\x66\x89\x07", 2, 0),
	STORE(64, "\x66\x48\x44\x89\x07", 2, 8),		/* the second REX counts */
	STORE(64, "\x4f\x2e\x89\x07", 4, 0),
	OTHER(32, "\x48"),
	OTHER(16, "\x40"),
	OTHER(64, "\x48\xb8\x01\x02\x03\x04\x05\x06\x07\x08"),
	OTHER(64, "\x48\x66\xb8\x01\x02"),
};

static const struct sample address_moves[] = {
	LOAD(64, "\xa0\1\2\3\4\5\6\7\1", 1, 0, 1),
	LOAD(64, "\xa1\1\2\3\4\5\6\7\1", 4, 0, 4),
	LOAD(64, "\x4c\xa1\1\2\3\4\5\6\7\1", 8, 0, 8),
	STORE(64, "\x67\xa2\1\2\3\4", 1, 0),
	STORE(64, "\x66\xa3\1\2\3\4\5\6\7\1", 2, 0),
	STORE(32, "\xa3\1\2\3\4", 4, 0),
	LOAD(32, "\x67\xa1\1\2", 4, 0, 4),
	LOAD(16, "\xa1\1\2", 2, 0, 2),
	STORE(16, "\x67\xa2\1\2\3\4", 1, 0),
	OTHER(32, "\xf0\xa3\1\2\3\4"),
};

static const struct sample immediate_stores[] = {
	STORE_IMM(64, "\xc6\x07\x7f", 1, 0x7f),
	STORE_IMM(64, "\xc6\x07\x80", 1, -128ull),
	STORE_IMM(64, "\xc7\x07\x78\x56\x34\x12", 4, 0x12345678),
	STORE_IMM(64, "\xc7\x07\x00\x00\x00\x80", 4, -0x80000000ull),
	STORE_IMM(64, "\x48\xc7\x07\xff\xff\xff\xff", 8, -1ull),
	STORE_IMM(64, "\x66\xc7\x07\x34\x92", 2, -0x6dccull),
	STORE_IMM(64, "\xc7\x84\x24\1\2\3\4\x44\x33\x22\x11", 4, 0x11223344),
	STORE_IMM(16, "\xc7\x06\1\2\x34\x12", 2, 0x1234),
	OTHER(64, "\xc6\xc0\x01"),
	OTHER(64, "\xc6\xf8\x01"),				/* XABORT */
	OTHER(64, "\xc7\xf8\1\2\3\4"),				/* XBEGIN */
	OTHER(64, "\xc6\x0f\x01"),				/* /1 */
};

static const struct sample extensions[] = {
	LOAD(64, "\x0f\xb6\x07", 1, 0, 4),
	LOAD(64, "\x48\x0f\xb6\x27", 1, 4, 8),
	LOAD(64, "\x66\x0f\xb6\x27", 1, 4, 2),
	LOAD(64, "\x44\x0f\xb7\x3f", 2, 15, 4),
	LOAD(32, "\x0f\xbe\x0f", 1, 1, 4, .sign_extend = true),
	LOAD(16, "\x0f\xbf\x0f", 2, 1, 2, .sign_extend = true),
	LOAD(64, "\x63\x07", 4, 0, 4, .sign_extend = true),
	LOAD(64, "\x48\x63\x0f", 4, 1, 8, .sign_extend = true),
	STORE(64, "\x0f\xc3\x07", 4, 0),			/* MOVNTI */
	STORE(64, "\x4c\x0f\xc3\x07", 8, 8),
	STORE(16, "\x0f\xc3\x07", 4, 0),
	OTHER(64, "\x66\x0f\xc3\x07"),
	OTHER(64, "\x66\x63\x07"),
	OTHER(32, "\x63\x07"),					/* ARPL */
	OTHER(64, "\x0f\xb6\xc0"),
	OTHER(64, "\xf0\x0f\xb6\x07"),
	OTHER(64, "\x0f\x38\xb6\x07"),
	OTHER(64, "\xf3\x0f\xb8\x07"),				/* POPCNT */
};

static const struct sample special_registers[] = {
	SPECIAL(64, "\x0f\x22\xd8", MOV_TO_CR, 0, 3),
	SPECIAL(64, "\x0f\x20\xe1", MOV_FROM_CR, 1, 4),
	SPECIAL(64, "\x44\x0f\x22\xc0", MOV_TO_CR, 0, 8),
	SPECIAL(64, "\x41\x0f\x20\xc7", MOV_FROM_CR, 15, 0),
	SPECIAL(32, "\x0f\x22\x18", MOV_TO_CR, 0, 3),		/* mod 0 */
	SPECIAL(32, "\x0f\x20\x44", MOV_FROM_CR, 4, 0),		/* neither SIB nor disp8 */
	SPECIAL(16, "\x0f\x23\xf9", MOV_TO_DR, 1, 7),
	SPECIAL(64, "\x0f\x21\x86", MOV_FROM_DR, 6, 0),
	SPECIAL(32, "\xf0\x0f\x22\xc1", MOV_TO_CR, 1, 8),	/* AMD's CR8 */
	SPECIAL(64, "\xf0\x0f\x20\xc1", MOV_FROM_CR, 1, 8),
	OTHER(64, "\xf0\x0f\x22\xd8"),
	OTHER(64, "\xf0\x0f\x23\xc0"),
	SPECIAL(64, "\x0f\x06", CLTS, 0, 0),
	OTHER(64, "\xf0\x0f\x06"),
	SPECIAL(64, "\x0f\x01\xf1", LMSW, 1, 0),
	SPECIAL(64, "\x41\x0f\x01\xf1", LMSW, 9, 0),
	SPECIAL(32, "\x0f\x01\x35\1\2\3\4", LMSW, 0, 0),
	SAMPLE(64, "\x0f\x01\xe1", .len = 3, .kind = ZX_INST_SMSW, .reg = 1, .size = 4),
	SAMPLE(64, "\x66\x41\x0f\x01\xe1", .len = 5, .kind = ZX_INST_SMSW, .reg = 9, .size = 2),
	OTHER(64, "\x0f\x01\xd9"),				/* VMMCALL */
	SAMPLE(64, "\x0f\x34", .len = 2, .kind = ZX_INST_SYSENTER),
	SAMPLE(32, "\x0f\x35", .len = 2, .kind = ZX_INST_SYSEXIT, .size = 4),
	SAMPLE(64, "\x48\x0f\x35", .len = 3, .kind = ZX_INST_SYSEXIT, .size = 8),
	OTHER(64, "\xf0\x0f\x34"),
};

static const struct sample plain_lengths[] = {
	OTHER(64, "\x0f\xa2"),					/* CPUID */
	OTHER(64, "\xf4"),					/* HLT */
	OTHER(64, "\x0f\x32"),					/* RDMSR */
	OTHER(64, "\xee"),					/* OUT */
	OTHER(64, "\xe6\x80"),
	OTHER(64, "\x66\xef"),
	OTHER(64, "\xf3\x6e"),					/* REP OUTSB */
	OTHER(64, "\x0f\x01\xf9"),				/* RDTSCP */
	OTHER(64, "\x0f\x01\xd1"),				/* XSETBV */
	OTHER(64, "\x0f\x01\x3c\x24"),				/* INVLPG (%rsp) */
	OTHER(64, "\xf3\x90"),					/* PAUSE */
	OTHER(64, "\xc8\x10\x00\x01"),				/* ENTER */
	OTHER(32, "\x9a\1\2\3\4\5\6"),				/* CALL far */
	OTHER(16, "\xea\1\2\3\4"),
	OTHER(16, "\x66\xea\1\2\3\4\5\6"),
	OTHER(32, "\x66\x9a\1\2\3\4"),
	OTHER(64, "\xf6\x07\x01"),				/* TEST */
	OTHER(64, "\xf6\x0f\x01"),
	OTHER(64, "\xf6\x17"),					/* NOT */
	OTHER(64, "\xf7\x07\1\2\3\4"),
	OTHER(64, "\x66\xf7\x07\1\2"),
	OTHER(64, "\x48\xf7\xc0\1\2\3\4"),
	OTHER(64, "\xf7\xd8"),					/* NEG */
	OTHER(64, "\xe8\1\2\3\4"),
	OTHER(64, "\x66\xe8\1\2"),				/* as on AMD */
	OTHER(16, "\x0f\x84\1\2"),
	OTHER(64, "\x0f\x84\1\2\3\4"),
	OTHER(64, "\x66\xb8\1\2"),
	OTHER(64, "\xc2\1\2"),
	OTHER(64, "\x0f\x0f\x07\x9e"),				/* PFADD */
	OTHER(64, "\x66\x0f\x78\xc1\x02\x03"),			/* EXTRQ */
	OTHER(64, "\xf2\x0f\x78\xc1\x02\x03"),			/* INSERTQ */
	OTHER(64, "\x0f\x78\xc1"),				/* VMREAD */
	OTHER(64, "\x0f\xba\xe0\x01"),
	OTHER(64, "\x0f\x3a\x0f\xc0\x01"),			/* PALIGNR */
	OTHER(64, "\xd9\xc0"),
	OTHER(64, "\xdd\x44\x24\x08"),
	OTHER(16, "\xdb\x46\x08"),
};

static const struct sample vectors[] = {
	OTHER(64, "\xc5\xf8\x77"),				/* VZEROUPPER */
	OTHER(64, "\xc4\xe1\x78\x77"),
	OTHER(64, "\xc5\xf8\x28\x07"),				/* VMOVAPS */
	OTHER(64, "\xc5\xf9\x70\xc0\x01"),			/* VPSHUFD */
	OTHER(64, "\xc4\xe2\x79\x18\x07"),			/* VBROADCASTSS */
	OTHER(64, "\xc4\xe3\x79\x0f\xc0\x01"),			/* VPALIGNR */
	OTHER(32, "\xc5\xf8\x77"),
	OTHER(32, "\xc5\x07"),					/* LDS */
	OTHER(32, "\xc4\x05\1\2\3\4"),				/* LES */
	OTHER(16, "\xc4\x06\1\2"),
	OTHER(32, "\x62\x07"),					/* BOUND */
	OTHER(64, "\x62\xf1\x7c\x48\x28\x07"),			/* VMOVAPS %zmm */
	OTHER(64, "\x62\xf3\x7d\x48\x25\xc0\x01"),		/* VPTERNLOGD */
	OTHER(64, "\x62\xf5\x7c\x48\x58\xc0"),			/* VADDPH */
	OTHER(64, "\x8f\xe8\x78\xc0\xc1\x01"),			/* VPROTB */
	OTHER(64, "\x8f\xe9\x78\x01\xc9"),			/* BLCFILL */
	OTHER(64, "\x8f\xea\x78\x10\xc1\1\2\3\4"),		/* BEXTR */
	OTHER(64, "\x8f\x07"),					/* POP */
	NONE(64, "\x66\xc5\xf8\x28\x07"),
	NONE(64, "\x48\xc5\xf8\x28\x07"),
	NONE(64, "\xf0\xc4\xe2\x79\x18\x07"),
	NONE(64, "\xc4\xe0\x79\x18\x07"),			/* map 0 */
	NONE(64, "\xc4\xff\x79\x18\x07"),			/* map 31 */
	NONE(64, "\x62\xf1\x78\x48\x28\x07"),			/* a payload bit that must be 1 */
	NONE(64, "\x62\xf8\x7c\x48\x28\x07"),
	NONE(64, "\x8f\xeb\x78\x10\xc1\x01"),
};

static void no_instruction(void **state)
{
	static const u8 legacy[] = {
		0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f, 0x37, 0x3f, 0x60, 0x61,
		0x82, 0x9a, 0xce, 0xd4, 0xd5, 0xd6, 0xea,
	};
	static const u8 unassigned[] = {
		0x04, 0x0a, 0x0c, 0x24, 0x25, 0x26, 0x27, 0x36, 0x39, 0x3b, 0x3c, 0x3d, 0x3e,
		0x3f, 0x7a, 0x7b,
	};
	u8 bytes[ZX_INST_MAX] = { 0 };
	struct zx_inst inst;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(legacy); i++) {
		bytes[0] = legacy[i];
		assert_int_equal(decode(bytes, sizeof(bytes), ZX_CODE_64, &inst), -1);
		assert_int_equal(decode(bytes, 1, ZX_CODE_64, &inst), -1);
		assert_in_range(decode(bytes, sizeof(bytes), ZX_CODE_32, &inst), 1, 7);
	}
	bytes[0] = 0x0f;
	for (i = 0; i < ARRAY_SIZE(unassigned); i++) {
		bytes[1] = unassigned[i];
		assert_int_equal(decode(bytes, sizeof(bytes), ZX_CODE_64, &inst), -1);
	}
}

static void fifteen_bytes(void **state)
{
	u8 bytes[32];
	struct zx_inst inst;

	(void)state;
	memset(bytes, 0x66, sizeof(bytes));
	assert_int_equal(decode(bytes, 14, ZX_CODE_64, &inst), 0);
	assert_int_equal(decode(bytes, 15, ZX_CODE_64, &inst), -1);
	assert_int_equal(decode(bytes, 32, ZX_CODE_64, &inst), -1);
	bytes[14] = 0x90;
	assert_int_equal(decode(bytes, 32, ZX_CODE_64, &inst), 15);
	bytes[14] = 0x0f;
	bytes[15] = 0xa2;
	assert_int_equal(decode(bytes, 32, ZX_CODE_64, &inst), -1);
	memcpy(bytes + 13, "\x89\x07", 2);
	assert_int_equal(decode(bytes, 32, ZX_CODE_64, &inst), 15);
	assert_int_equal(inst.kind, ZX_INST_STORE_REG);
	memcpy(bytes + 13, "\x89\x47\x00", 3);
	assert_int_equal(decode(bytes, 15, ZX_CODE_64, &inst), -1);
	memcpy(bytes + 8, "\x48\xc7\x84\x24\0\0\0\0\0\0\0\0", 12);
	assert_int_equal(decode(bytes, 20, ZX_CODE_64, &inst), -1);
	/* Too long whatever comes: no reason to ask for more. */
	assert_int_equal(decode(bytes, 12, ZX_CODE_64, &inst), -1);
}

static void other_fields(void **state)
{
	struct zx_inst inst;

	(void)state;
	decode((const u8 *)"\x0f\x01\xd9", 3, ZX_CODE_64, &inst);
	assert_int_equal(inst.opcode_map, 1);
	assert_int_equal(inst.opcode, 0x01);
	assert_int_equal(inst.modrm, 0xd9);
	decode((const u8 *)"\x66\x0f\x38\x82\x07", 5, ZX_CODE_64, &inst);
	assert_int_equal(inst.opcode_map, 2);
	assert_int_equal(inst.opcode, 0x82);
	decode((const u8 *)"\x0f\x3a\x0f\xc1\x01", 5, ZX_CODE_64, &inst);
	assert_int_equal(inst.opcode_map, 3);
	assert_int_equal(inst.modrm, 0xc1);
	decode((const u8 *)"\xc4\xe2\x79\x18\x07", 5, ZX_CODE_64, &inst);
	assert_int_equal(inst.opcode_map, 4);
	assert_int_equal(inst.opcode, 0x18);
	decode((const u8 *)"\xf4", 1, ZX_CODE_64, &inst);
	assert_int_equal(inst.opcode_map, 0);
	assert_int_equal(inst.modrm, 0);
	assert_int_equal(decode((const u8 *)"", 0, ZX_CODE_64, &inst), 0);
}

static int set_up(void **state)
{
	(void)state;
	return guard_set_up();
}

#define SAMPLES(name) \
	{ #name, check_samples, NULL, NULL, &(struct samples){ name, ARRAY_SIZE(name) } }

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAMPLES(moves),
		SAMPLES(high_bytes),
		SAMPLES(rex_positions),
		SAMPLES(address_moves),
		SAMPLES(immediate_stores),
		SAMPLES(extensions),
		SAMPLES(special_registers),
		SAMPLES(plain_lengths),
		SAMPLES(vectors),
		cmocka_unit_test(no_instruction),
		cmocka_unit_test(fifteen_bytes),
		cmocka_unit_test(other_fields),
	};

	return cmocka_run_group_tests_name("decode", tests, set_up, NULL);
}
