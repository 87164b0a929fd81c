// SPDX-License-Identifier: GPL-2.0-only
/*
 * The decoder against Zydis: sweeps of all opcode maps and random bytes, the same
 * on every run. What Zydis calls invalid must only stay within its bytes.
 */
/* build: ../../module/x86/decode.c -I../../module -lZydis */
#include "decode_oracle.h"

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

	return cmocka_run_group_tests_name("decode_zydis", tests, oracle_set_up, NULL);
}
