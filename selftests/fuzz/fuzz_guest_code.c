// SPDX-License-Identifier: GPL-2.0-only
/* Instructions, from rows with random operands, from a program with errors, or from nowhere. */
#include <string.h>

#include "fuzz_guest.h"

/*
 * The bytes of a row are hexadecimal; then
 *   M, M0..M7  a ModRM byte with any or this register number, and what it brings
 *   B, W, Z    1, 2, or as many bytes as the operand size says
 *   A          an address of the address size
 *   .          any byte
 */
struct row {
	unsigned int weight;
	const char *bytes;
};

#define ALL_GROUP(weight, opcode) \
	{ weight, opcode "M0" }, { weight, opcode "M1" }, { weight, opcode "M2" }, \
	{ weight, opcode "M3" }, { weight, opcode "M4" }, { weight, opcode "M5" }, \
	{ weight, opcode "M6" }, { weight, opcode "M7" }

static const struct row rows[] = {
	/* Descriptor tables, what is in them, and the system's instructions. */
	ALL_GROUP(4, "0f00"), { 8, "0f01M0" }, { 8, "0f01M1" }, { 1, "0f01M2" }, { 1, "0f01M3" },
	{ 8, "0f01M4" }, { 2, "0f01M5" }, { 4, "0f01M6" }, { 12, "0f01M7" }, { 24, "0f01." },
	{ 4, "0f02M" }, { 4, "0f03M" }, { 6, "0f05" }, { 4, "0f06" }, { 3, "0f07" }, { 4, "0f08" },
	{ 4, "0f09" }, { 4, "0f0b" }, { 4, "0f0dM" }, { 8, "0f20." }, { 1, "0f22." },
	{ 16, "0f21." }, { 16, "0f23." }, { 20, "0f30" }, { 8, "0f31" }, { 20, "0f32" },
	{ 6, "0f33" }, { 6, "0f34" }, { 4, "0f35" }, { 2, "0f37" }, { 2, "0f77" }, { 6, "0f78M" },
	{ 6, "0f79M" }, { 12, "0fa2" }, { 4, "0faa" }, ALL_GROUP(4, "0fae"),
	ALL_GROUP(4, "f30fae"), ALL_GROUP(2, "660fae"), ALL_GROUP(4, "0fc7"),
	ALL_GROUP(3, "660fc7"), ALL_GROUP(3, "f30fc7"), { 6, "0f01d0" }, { 6, "0f01d1" },
	{ 8, "0f01c1" }, { 8, "0f01d9" }, { 4, "0f01f8" }, { 6, "0f01f9" }, { 4, "0f01ca" },
	{ 4, "0f01cb" }, { 4, "0f01c8" }, { 4, "0f01c9" }, { 3, "0f01d8" }, { 3, "0f01da" },
	{ 3, "0f01db" }, { 3, "0f01dc" }, { 3, "0f01dd" }, { 3, "0f01de" }, { 3, "0f01df" },
	{ 3, "0f01fa" }, { 3, "0f01fb" }, { 3, "0f01fc" }, { 3, "0f01fd" }, { 4, "660f3880M" },
	{ 4, "660f3881M" }, { 4, "660f3882M" }, { 3, "0f38f0M" }, { 3, "0f38f1M" },
	{ 3, "660f38f8M" }, { 3, "0f38f9M" }, { 2, "0f38." }, { 2, "0f3a." },
	/* From place to place. */
	{ 4, "e8Z" }, { 2, "e9Z" }, { 3, "ebB" }, { 3, "70B" }, { 3, "75B" }, { 2, "0f84Z" },
	{ 3, "e0B" }, { 2, "e1B" }, { 2, "e2B" }, { 2, "e3B" }, { 4, "ffM2" }, { 4, "ffM3" },
	{ 4, "ffM4" }, { 4, "ffM5" }, { 4, "ffM6" }, { 4, "9aA2b00" }, { 4, "eaAW" }, { 3, "c2W" },
	{ 3, "c3" }, { 3, "caW" }, { 3, "cb" }, { 6, "cf" }, { 6, "cc" }, { 8, "cdB" },
	{ 4, "ce" }, { 8, "f1" }, { 1, "f4" }, { 6, "fa" }, { 8, "fb" }, { 4, "fbf4" },
	{ 8, "9c" }, { 12, "9d" }, { 6, "f390" }, { 2, "c7f8Z" }, { 2, "c6f8B" }, { 3, "c8WB" },
	{ 3, "c9" }, { 4, "9b" },
	/* Ports. */
	{ 5, "e4B" }, { 5, "e5B" }, { 5, "e6B" }, { 5, "e7B" }, { 6, "ec" }, { 6, "ed" },
	{ 6, "ee" }, { 6, "ef" }, { 4, "6c" }, { 4, "6d" }, { 4, "6e" }, { 4, "6f" },
	{ 3, "f36c" }, { 3, "f36e" }, { 3, "f26d" }, { 3, "f36f" }, { 8, "66ba0401ec" },
	{ 8, "66ba0201ef" },
	/* Segments. */
	{ 10, "8eM" }, { 6, "8cM" }, { 3, "06" }, { 3, "07" }, { 3, "16" }, { 2, "17" },
	{ 3, "1e" }, { 2, "1f" }, { 3, "0fa0" }, { 3, "0fa1" }, { 3, "0fa8" }, { 3, "0fa9" },
	{ 3, "0fb2M" }, { 3, "0fb4M" }, { 3, "0fb5M" }, { 3, "c4M" }, { 3, "c5M" },
	/* Strings. */
	{ 6, "a4" }, { 6, "a5" }, { 4, "a6" }, { 4, "a7" }, { 6, "aa" }, { 6, "ab" }, { 4, "ac" },
	{ 4, "ad" }, { 4, "ae" }, { 4, "af" }, { 3, "f3a4" }, { 3, "f3a5" }, { 2, "f3a6" },
	{ 3, "f3aa" }, { 3, "f3ab" }, { 2, "f2ae" },
	/* Memory. */
	{ 12, "88M" }, { 12, "89M" }, { 12, "8aM" }, { 12, "8bM" }, { 12, "c6M0B" },
	{ 12, "c7M0Z" }, { 6, "0fb6M" }, { 6, "0fb7M" }, { 6, "0fbeM" }, { 6, "0fbfM" },
	{ 6, "63M" }, { 4, "a0A" }, { 4, "a1A" }, { 4, "a2A" }, { 4, "a3A" }, { 4, "00M" },
	{ 4, "01M" }, { 4, "0bM" }, { 4, "13M" }, { 4, "20M" }, { 4, "2bM" }, { 4, "31M" },
	{ 4, "39M" }, { 4, "80M0B" }, { 4, "80M6B" }, { 4, "83M1B" }, { 3, "81M0Z" },
	{ 3, "83M7B" }, { 3, "84M" }, { 4, "86M" }, { 4, "87M" }, { 3, "8dM" }, { 4, "8fM0" },
	{ 4, "ffM0" }, { 4, "ffM1" }, ALL_GROUP(2, "f7"), ALL_GROUP(2, "d3"), { 3, "0fa3M" },
	{ 3, "0fabM" }, { 3, "0fbaM5B" }, { 3, "0fbcM" }, { 3, "0fb0M" }, { 3, "0fb1M" },
	{ 3, "0fc0M" }, { 3, "0fc1M" }, { 3, "0fc3M" }, { 3, "0fafM" }, { 3, "69MZ" },
	{ 3, "6bMB" }, { 3, "0f40M" }, { 3, "0f90M" }, { 2, "50" }, { 2, "58" }, { 2, "5c" },
	{ 2, "60" }, { 2, "61" }, { 3, "62M" }, { 2, "68Z" }, { 2, "d7" }, { 2, "27" },
	{ 2, "d4B" },
	/* Numbers. */
	ALL_GROUP(1, "d8"), ALL_GROUP(2, "d9"), ALL_GROUP(1, "db"), ALL_GROUP(2, "dd"),
	ALL_GROUP(1, "df"), { 2, "0f10M" }, { 2, "0f11M" }, { 2, "660f7fM" }, { 2, "f30f6fM" },
	{ 2, "660fe7M" }, { 2, "0f2bM" }, { 2, "660ff7M" }, { 2, "0f58M" }, { 3, "c5fc10M" },
	{ 3, "c5fc11M" }, { 3, "c5fc77" }, { 2, "c4e27d18M" }, { 2, "c4e27591M" }, { 2, "c5." },
	{ 2, "c4.." }, { 2, "62..." }, { 2, "8f..." },
};

struct writer {
	struct soak *soak;
	unsigned char *at;
	unsigned int bits;
	bool wide, short_data, short_address;
};

static void put(struct writer *w, uint64_t value, unsigned int len)
{
	memcpy(w->at, &value, len);
	w->at += len;
}

/* Those that change sizes come first, REX last. */
static void prefixes(struct writer *w)
{
	static const uint8_t others[] = {
		0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
	};

	w->short_data = w->short_address = w->bits == 16;
	if (soak_once_in(w->soak, 8)) {
		put(w, 0x66, 1);
		w->short_data = !w->short_data;
	}
	if (soak_once_in(w->soak, w->bits == 16 ? 4 : 16)) {
		put(w, 0x67, 1);
		w->short_address = w->bits != 64 && !w->short_address;
	}
	if (soak_once_in(w->soak, 8))
		put(w, others[soak_below(w->soak, sizeof(others))], 1);
	if (w->bits == 64 && soak_once_in(w->soak, 3)) {
		put(w, 0x40 | soak_below(w->soak, 16), 1);
		w->wide = w->at[-1] & 8;
	}
}

/* SDM 2A, tables 2-1 and 2-2. */
static unsigned int displacement(const struct writer *w, unsigned int modrm, unsigned int sib)
{
	unsigned int mod = modrm >> 6, rm = modrm & 7;

	if (mod == 3)
		return 0;
	if (w->short_address)
		return mod == 2 || (mod == 0 && rm == 6) ? 2 : mod;
	if (mod == 0)
		return rm == 5 || (rm == 4 && (sib & 7) == 5) ? 4 : 0;
	return mod == 1 ? 1 : 4;
}

static void put_modrm(struct writer *w, int reg)
{
	unsigned int modrm = soak_below(w->soak, 256), sib = soak_below(w->soak, 256);

	/* Rather memory without a displacement than something far from a place that is special. */
	if (soak_once_in(w->soak, 2))
		modrm &= 0x3f;
	if (reg >= 0)
		modrm = (modrm & 0xc7) | reg << 3;
	put(w, modrm, 1);
	if (!w->short_address && modrm < 0xc0 && (modrm & 7) == 4)
		put(w, sib, 1);
	put(w, fz_number(w->soak), displacement(w, modrm, sib));
}

static unsigned int from_hex(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void put_row(struct writer *w, const char *row)
{
	while (*row) {
		switch (*row) {
		case 'M':
			put_modrm(w, row[1] >= '0' && row[1] <= '7' ? row[1] - '0' : -1);
			/* Hexadecimal digits do not follow an M that has no number. */
			row += row[1] >= '0' && row[1] <= '7';
			break;
		case 'B':
			put(w, soak_below(w->soak, 256), 1);
			break;
		case 'W':
			put(w, fz_number(w->soak), 2);
			break;
		case 'Z':
			put(w, fz_number(w->soak), w->short_data ? 2 : 4);
			break;
		case 'A':
			put(w, fz_number(w->soak), w->short_address ? 2 : w->bits / 8);
			break;
		case '.':
			put(w, soak_next(w->soak), 1);
			break;
		default:
			put(w, from_hex(row[0]) << 4 | from_hex(row[1]), 1);
			row++;
		}
		row++;
	}
}

static const struct row *any_row(struct soak *soak)
{
	static unsigned int sum;
	unsigned int i, at;

	if (!sum)
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			sum += rows[i].weight;
	at = soak_below(soak, sum);
	for (i = 0; at >= rows[i].weight; i++)
		at -= rows[i].weight;
	return &rows[i];
}

/* MOV ECX; MOV EAX; then RDMSR or WRMSR. Half of the registers are the APIC's. */
static void put_msr(struct writer *w)
{
	uint32_t msr = soak_once_in(w->soak, 2) ? 0x800 + soak_below(w->soak, 0x40) :
		       fz_number(w->soak);

	if (w->bits == 16)
		put(w, 0x66, 1);
	put(w, 0xb9, 1);
	put(w, msr, 4);
	if (soak_once_in(w->soak, 2)) {
		if (w->bits == 16)
			put(w, 0x66, 1);
		put(w, 0xb8, 1);
		put(w, fz_number(w->soak), 4);
	}
	if (soak_once_in(w->soak, 4))
		put(w, 0xd231, 2);
	put(w, soak_once_in(w->soak, 3) ? 0x320f : 0x300f, 2);
}

/* A bit of a control register more or less. What that breaks is rarely worth the restart. */
static void put_control(struct writer *w)
{
	static const uint8_t which[] = { 0, 0, 3, 4, 4, 4, 8 };
	uint8_t nr = which[soak_below(w->soak, sizeof(which))];
	uint8_t modrm = 0xc0 | (nr & 7) << 3;

	if (nr == 8)
		put(w, 0x44, 1);
	put(w, 0x200f, 2);
	put(w, modrm, 1);
	if (w->bits == 16)
		put(w, 0x66, 1);
	put(w, 0x35, 1);
	put(w, 1u << soak_below(w->soak, 32), 4);
	if (nr == 8)
		put(w, 0x44, 1);
	put(w, 0x220f, 2);
	put(w, modrm, 1);
}

/* A bit of the flags more or less. */
static void put_flags(struct writer *w)
{
	put(w, 0x9c, 1);
	put(w, 0x58, 1);
	if (w->bits != 16) {
		put(w, 0x35, 1);
		put(w, 1u << soak_below(w->soak, 22), 4);
	} else {
		put(w, 0x35, 1);
		put(w, 1u << soak_below(w->soak, 16), 2);
	}
	put(w, 0x9d50, 2);
}

/* Writes into one of the next cells. */
static void put_patch(struct writer *w)
{
	uint32_t at = FZ_CELLS + soak_below(w->soak, FZ_CELLS_LEN);

	if (w->bits == 16) {
		put(w, 0x06c62e, 3);
		put(w, at & 0xffff, 2);
	} else if (w->bits == 32) {
		put(w, 0x05c6, 2);
		put(w, at, 4);
	} else {
		put(w, 0x2504c6, 3);
		put(w, at, 4);
	}
	/* No ModRM byte of LTR: see spare_emulator(). */
	put(w, soak_next(w->soak) & ~8, 1);
}

extern const unsigned char etext[];

/* Some bytes of this very program, with an error. */
static void put_program(struct writer *w)
{
	const unsigned char *end = etext;

	/* Nothing of that size is known to the compiler. */
	asm("" : "+r" (end));
	memcpy(w->at, end - 15 - soak_below(w->soak, 0x40000), 15);
	w->at[soak_below(w->soak, 15)] ^= 1 << soak_below(w->soak, 8);
	w->at += 15;
}

static void put_noise(struct writer *w)
{
	put(w, soak_next(w->soak), 8);
	put(w, soak_next(w->soak), 7);
}

/* INC of FZ_COUNT, through the segment that cells have as DS. */
static void put_count(struct writer *w)
{
	if (w->bits == 16) {
		put(w, 0x06ff66, 3);
		put(w, FZ_COUNT - FZ_DRIVER, 2);
	} else if (w->bits == 32) {
		put(w, 0x05ff, 2);
		put(w, FZ_COUNT, 4);
	} else {
		put(w, 0x2504ff48, 4);
		put(w, FZ_COUNT, 4);
	}
}

static void put_instruction(struct writer *w)
{
	switch (soak_below(w->soak, 32)) {
	case 0 ... 1:
		put_noise(w);
		break;
	case 2 ... 3:
		put_program(w);
		break;
	case 4 ... 5:
		put_msr(w);
		break;
	case 6:
		if (soak_once_in(w->soak, 4))
			put_control(w);
		else
			put_flags(w);
		break;
	case 7:
		put_patch(w);
		break;
	default:
		prefixes(w);
		put_row(w, any_row(w->soak)->bytes);
	}
}

/*
 * QEMU (7.2) lets LTR load a selector of 0 (against APM 3, LTR), and ends itself when the next
 * exception wants a stack from that task. So there is none: LLDT stands in its place.
 */
static void spare_emulator(unsigned char *code, unsigned int len)
{
	unsigned int i;

	for (i = 0; i + 2 < len; i++)
		if (code[i] == 0x0f && !code[i + 1] && (code[i + 2] & 0x38) == 0x18)
			code[i + 2] ^= 0x08;
}

void fz_cell(struct soak *soak, unsigned char *cell, unsigned int bits)
{
	/* Longer than any row, which a cell is not. */
	unsigned char code[2 * FZ_CELL];
	struct writer w = { .soak = soak, .at = code, .bits = bits };

	memset(code, 0x90, sizeof(code));
	put_instruction(&w);
	put_count(&w);
	if (host_is_amd())
		spare_emulator(code, FZ_CELL);
	memcpy(cell, code, FZ_CELL);
}
