// SPDX-License-Identifier: GPL-2.0-only
/* The guest's memory before it runs: descriptor and page tables, registers, cells. */
#include <string.h>

#include "fuzz_guest.h"

#define CR0_PROTECTED	0x00000011u
#define CR0_PAGED	0x80000011u
#define CR4_USUAL	0x00000640u	/* MCE, and what vector instructions need */
#define CR4_PSE		0x10u
#define CR4_PAE		0x20u

#define CODE_AT(label)	(FZ_DRIVER + (uint64_t)((label) - fuzz_driver))

const struct fz_mode fz_modes[] = {
	{ "64 bits", fuzz_long, 64, 0, FZ_CODE64, FZ_DATA, FZ_DATA, FZ_CELLS,
	  0, FZ_PML4, CR4_USUAL },
	{ "64 bits, user", fuzz_long, 64, 0, FZ_USER_CODE64, FZ_USER_DATA, FZ_USER_DATA, FZ_CELLS,
	  0, FZ_PML4, CR4_USUAL },
	{ "compatibility, 32 bits", fuzz_long, 32, 0, FZ_CODE32, FZ_DATA, FZ_DATA, FZ_CELLS,
	  0, FZ_PML4, CR4_USUAL },
	{ "compatibility, 32 bits, user", fuzz_long, 32, 0, FZ_USER_CODE32, FZ_USER_DATA,
	  FZ_USER_DATA, FZ_CELLS, 0, FZ_PML4, CR4_USUAL },
	{ "compatibility, 16 bits", fuzz_long, 16, 0, FZ_CODE16, FZ_DATA16, FZ_DATA16, 0,
	  0, FZ_PML4, CR4_USUAL },
	{ "compatibility, 16 bits, user", fuzz_long, 16, 0, FZ_USER_CODE16, FZ_USER_DATA16,
	  FZ_USER_DATA16, 0, 0, FZ_PML4, CR4_USUAL },
	{ "protected, 32 bits", fuzz_protected, 32, FZ_FRAME_SAME, FZ_CODE32, FZ_DATA, FZ_DATA,
	  FZ_CELLS, CR0_PROTECTED, 0, CR4_USUAL },
	{ "protected, 32 bits, user", fuzz_protected, 32, FZ_FRAME_USER, FZ_USER_CODE32,
	  FZ_USER_DATA, FZ_USER_DATA, FZ_CELLS, CR0_PROTECTED, 0, CR4_USUAL },
	{ "protected, 16 bits", fuzz_protected, 16, FZ_FRAME_SAME, FZ_CODE16, FZ_DATA, FZ_DATA16,
	  0, CR0_PROTECTED, 0, CR4_USUAL },
	{ "paged, 32 bits", fuzz_protected, 32, FZ_FRAME_SAME, FZ_CODE32, FZ_DATA, FZ_DATA,
	  FZ_CELLS, CR0_PAGED, FZ_PD32, CR4_USUAL | CR4_PSE },
	{ "paged, 32 bits, user", fuzz_protected, 32, FZ_FRAME_USER, FZ_USER_CODE32, FZ_USER_DATA,
	  FZ_USER_DATA, FZ_CELLS, CR0_PAGED, FZ_PD32, CR4_USUAL | CR4_PSE },
	{ "paged, 16 bits, user", fuzz_protected, 16, FZ_FRAME_USER, FZ_USER_CODE16,
	  FZ_USER_DATA16, FZ_USER_DATA16, 0, CR0_PAGED, FZ_PD32, CR4_USUAL | CR4_PSE },
	{ "PAE, 32 bits", fuzz_protected, 32, FZ_FRAME_SAME, FZ_CODE32, FZ_DATA, FZ_DATA,
	  FZ_CELLS, CR0_PAGED, FZ_PAE, CR4_USUAL | CR4_PAE },
	{ "PAE, 32 bits, user", fuzz_protected, 32, FZ_FRAME_USER, FZ_USER_CODE32, FZ_USER_DATA,
	  FZ_USER_DATA, FZ_CELLS, CR0_PAGED, FZ_PAE, CR4_USUAL | CR4_PAE },
	{ "virtual 8086", fuzz_protected, 16, FZ_FRAME_V86, FZ_REAL_CELLS, FZ_REAL_DRIVER,
	  FZ_REAL_DRIVER, 0, CR0_PROTECTED, 0, CR4_USUAL },
	{ "virtual 8086, paged", fuzz_protected, 16, FZ_FRAME_V86, FZ_REAL_CELLS, FZ_REAL_DRIVER,
	  FZ_REAL_DRIVER, 0, CR0_PAGED, FZ_PD32, CR4_USUAL | CR4_PSE },
	{ "real", fuzz_real, 16, 0, FZ_REAL_CELLS, 0, FZ_REAL_DRIVER, 0, 0, 0, CR4_USUAL },
};

const unsigned int fz_nr_modes = sizeof(fz_modes) / sizeof(fz_modes[0]);

/* Places that are special, to be met from a little before to a little after. */
static const uint64_t places[] = {
	0, FZ_CELLS, FZ_CELLS, FZ_DRIVER, FZ_IDT64, FZ_GDT, FZ_SCRATCH, FZ_SCRATCH,
	FZ_SCRATCH, FZ_PML4, FZ_WILD_PD, FZ_TABLES_END, GUEST_LOW_TRAP, GUEST_LOW_TRAP, 0x100000,
	GUEST_SPARE, GUEST_SPARE, GUEST_RAM, GUEST_TRAP, GUEST_TRAP, GUEST_BELL, GUEST_HOLE,
	GUEST_WINDOW, GUEST_WINDOW + PAGE, GUEST_WINDOW + 2 * PAGE, 0x40000000, 0x40200000,
	0x80000000, 0xfee00000, 0xfee00000, 0x100000000, 0x8000000000, 0x800000000000,
	0xffff800000000000, 0xffffff8000000000, 0xfffffffffffff000,
};

static const uint32_t registers[] = {
	0x10, 0x11, 0x12, 0x1b, 0x3a, 0x48, 0x49, 0x8b, 0xfe, 0x10a, 0x122, 0x174, 0x175, 0x176,
	0x179, 0x17a, 0x180, 0x186, 0x1a0, 0x1d9, 0x1db, 0x200, 0x250, 0x26f, 0x277, 0x2ff, 0x345,
	0x38d, 0x38f, 0x480, 0x48f, 0x560, 0x6e0, 0x6a0, 0x6a2, 0xd90, 0xda0, 0x802, 0x808, 0x80b,
	0x80d, 0x80f, 0x828, 0x830, 0x832, 0x838, 0x839, 0x83e, 0x83f, 0x4b564d00, 0x4b564d01,
	0x4b564d02, 0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000100,
	0xc0000101, 0xc0000102, 0xc0000103, 0xc0000104, 0xc0010010, 0xc0010015, 0xc0010114,
	0xc0010117, 0xc001011f, 0xc0011020, 0xc0011029,
};

#define PICK(soak, table)	(table)[soak_below(soak, sizeof(table) / sizeof((table)[0]))]

static uint64_t near_place(struct soak *soak)
{
	return PICK(soak, places) + (soak_once_in(soak, 2) ? soak_below(soak, PAGE) :
				     soak_below(soak, 32) - 16ull);
}

uint64_t fz_number(struct soak *soak)
{
	switch (soak_below(soak, 16)) {
	case 0 ... 7:
		return near_place(soak);
	case 8:
		return PICK(soak, registers);
	case 9:
		return 0x800 + soak_below(soak, 0x100);
	case 10:
		return soak_below(soak, 0x10000);
	case 11:
		return 1ull << soak_below(soak, 64);
	case 12:
		return soak_next(soak) & soak_next(soak);
	case 13:
		return soak_below(soak, 256);
	case 14:
		return -(uint64_t)soak_below(soak, 256);
	default:
		return soak_next(soak);
	}
}

static void put32(unsigned char *mem, uint64_t addr, uint32_t value)
{
	memcpy(mem + addr, &value, sizeof(value));
}

static void put64(unsigned char *mem, uint64_t addr, uint64_t value)
{
	memcpy(mem + addr, &value, sizeof(value));
}

#define ENTRY		0x67ull		/* present, writable, user, accessed, dirty */
#define ENTRY_LARGE	0xe7ull

/* Leads anywhere. */
static uint64_t wild_entry(struct soak *soak)
{
	uint64_t entry = fz_number(soak) & ~(PAGE - 1);

	if (soak_once_in(soak, 4))
		return soak_next(soak);
	if (soak_once_in(soak, 2))
		entry &= 0xffffffff;
	entry |= ENTRY;
	if (soak_once_in(soak, 3))
		entry ^= 1ull << soak_below(soak, 12);
	if (soak_once_in(soak, 16))
		entry ^= 1ull << soak_below(soak, 64);
	return entry;
}

static void wild_table(struct soak *soak, unsigned char *mem, uint64_t table)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		put64(mem, table + 8 * i, wild_entry(soak));
}

static void long_tables(struct soak *soak, unsigned char *mem)
{
	uint64_t i;

	wild_table(soak, mem, FZ_PML4);
	wild_table(soak, mem, FZ_PDPT);
	wild_table(soak, mem, FZ_WILD_PD);
	wild_table(soak, mem, FZ_WILD_PT);
	put64(mem, FZ_PML4, FZ_PDPT | ENTRY);
	put64(mem, FZ_PML4 + 8 * 511, FZ_PML4 | ENTRY);
	put64(mem, FZ_PDPT, FZ_PD | ENTRY);
	put64(mem, FZ_PDPT + 8, FZ_WILD_PD | ENTRY);
	put64(mem, FZ_PDPT + 16, GUEST_TRAP | ENTRY);
	put64(mem, FZ_PDPT + 24, FZ_HIGH_PD | ENTRY);
	for (i = 0; i < 512; i++) {
		put64(mem, FZ_PT + 8 * i, i * PAGE | ENTRY);
		put64(mem, FZ_PD + 8 * i, i << 21 | ENTRY_LARGE);
		put64(mem, FZ_HIGH_PD + 8 * i, (3ull << 30 | i << 21) | ENTRY_LARGE);
	}
	put64(mem, FZ_PD, FZ_PT | ENTRY);
	put64(mem, FZ_WILD_PD, FZ_WILD_PT | ENTRY);
	put64(mem, FZ_WILD_PD + 8, GUEST_HOLE | ENTRY);
}

static void short_tables(struct soak *soak, unsigned char *mem)
{
	uint32_t i;

	put64(mem, FZ_PAE, FZ_PD | 1);
	put64(mem, FZ_PAE + 8, FZ_WILD_PD | 1);
	put64(mem, FZ_PAE + 16, (fz_number(soak) & 0xfffff000) | 1);
	put64(mem, FZ_PAE + 24, FZ_HIGH_PD | 1);
	for (i = 0; i < 1024; i++) {
		put32(mem, FZ_PT32 + 4 * i, i << 12 | ENTRY);
		put32(mem, FZ_PD32 + 4 * i, i < 256 || i >= 768 ? i << 22 | ENTRY_LARGE :
		      wild_entry(soak));
	}
	put32(mem, FZ_PD32, FZ_PT32 | ENTRY);
}

/* SDM 3, 3.4.5: base, limit 0xfffff pages or 0xffff bytes. */
static uint64_t segment(uint32_t base, uint32_t access)
{
	uint64_t limit = access & 0x8000 ? 0xf00000000ffffull : 0xffff;

	return limit | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)access << 40 |
	       (uint64_t)(base >> 24) << 56;
}

static uint64_t wild_descriptor(struct soak *soak)
{
	if (soak_once_in(soak, 3))
		return soak_next(soak);
	return segment(fz_number(soak),
		       soak_below(soak, 0x10000) | (soak_below(soak, 4) ? 0x80 : 0));
}

static void descriptors(struct soak *soak, unsigned char *mem)
{
	static const struct {
		uint16_t selector;
		uint32_t base, access;
	} fixed[] = {
		{ FZ_CODE64, 0, 0xa09b }, { FZ_DATA, 0, 0xc093 }, { FZ_CODE32, 0, 0xc09b },
		{ FZ_CODE16, FZ_CELLS, 0x009b }, { FZ_DATA16, FZ_DRIVER, 0x0093 },
		{ FZ_USER_CODE64, 0, 0xa0fb }, { FZ_USER_DATA, 0, 0xc0f3 },
		{ FZ_USER_CODE32, 0, 0xc0fb }, { FZ_USER_CODE16, FZ_CELLS, 0x00fb },
		{ FZ_USER_DATA16, FZ_DRIVER, 0x00f3 }, { FZ_TASK64, FZ_TSS64, 0x0089 },
		{ FZ_TASK32, FZ_TSS32, 0x0089 }, { FZ_DRIVER16, FZ_DRIVER, 0x009b },
	};
	unsigned int i;

	for (i = 1; i < FZ_GDT_COUNT; i++)
		put64(mem, FZ_GDT + 8 * i, wild_descriptor(soak));
	put64(mem, FZ_GDT + FZ_TASK64 + 8, 0);
	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		put64(mem, FZ_GDT + (fixed[i].selector & ~7),
		      segment(fixed[i].base, fixed[i].access));
}

static bool has_code(unsigned int vector)
{
	return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21;
}

/* Single steps and interrupts are nothing that a cell does. */
static bool is_fault(unsigned int vector)
{
	return vector < 32 && vector != 1 && vector != 2;
}

static void put_gates(unsigned char *mem, unsigned int i)
{
	uint64_t gate = CODE_AT(is_fault(i) ? fuzz_fault64 : fuzz_other64);

	put64(mem, FZ_IDT64 + 16 * i, (gate & 0xffff) | FZ_CODE64 << 16 | 0xee01ull << 32 |
	      (gate & 0xffff0000) << 32);
	put64(mem, FZ_IDT64 + 16 * i + 8, 0);
	gate = CODE_AT(!is_fault(i) ? fuzz_other32 : has_code(i) ? fuzz_code32 : fuzz_fault32);
	put64(mem, FZ_IDT32 + 8 * i, (gate & 0xffff) | FZ_CODE32 << 16 | 0xee00ull << 32 |
	      (gate & 0xffff0000) << 32);
	gate = (is_fault(i) ? fuzz_fault16 : fuzz_other16) - fuzz_driver;
	put32(mem, FZ_IVT + 4 * i, gate | FZ_REAL_DRIVER << 16);
}

static void vectors(struct soak *soak, unsigned char *mem)
{
	unsigned int i;

	for (i = 0; i < 256; i++)
		put_gates(mem, i);
	for (i = 0xc0; i < 0x100; i++) {
		put64(mem, FZ_IDT64 + 16 * i, soak_next(soak));
		put64(mem, FZ_IDT32 + 8 * i, soak_next(soak));
	}
	memset(mem + FZ_TSS64, 0, 0x68);
	memset(mem + FZ_TSS32, 0, 0x68);
	put64(mem, FZ_TSS64 + 4, FZ_STACK);
	put64(mem, FZ_TSS64 + 36, FZ_STACK);
	put32(mem, FZ_TSS32 + 4, FZ_STACK);
	put32(mem, FZ_TSS32 + 8, FZ_DATA);
}

#define FLAGS_USUAL	0x00000002u
#define FLAGS_WILD	0x00247fd5u	/* but RF and VM */

static void register_sets(struct soak *soak, unsigned char *mem)
{
	unsigned int set, reg;
	uint64_t at, flags;

	for (set = 0; set < FZ_SETS_COUNT; set++) {
		at = FZ_SETS + (set << FZ_SET_SHIFT);
		for (reg = 0; reg < 16; reg++)
			put64(mem, at + 8 * reg, fz_number(soak));
		if (soak_below(soak, 4))
			put64(mem, at + FZ_SET_RSP, FZ_SCRATCH + PAGE + soak_below(soak, PAGE));
		flags = soak_next(soak) & FLAGS_WILD & ~0x4100ull;
		flags |= soak_once_in(soak, 8) ? 0x100 : 0;
		put64(mem, at + FZ_SET_FLAGS, flags | FLAGS_USUAL);
	}
}

void fz_machine(struct soak *soak, unsigned char *mem, const struct fz_mode *mode)
{
	struct fz_state *state = (struct fz_state *)(mem + FZ_STATE);
	unsigned int i;

	memcpy(mem + FZ_DRIVER, fuzz_driver, fuzz_driver_end - fuzz_driver);
	long_tables(soak, mem);
	short_tables(soak, mem);
	descriptors(soak, mem);
	vectors(soak, mem);
	register_sets(soak, mem);
	*state = (struct fz_state){
		.seed = soak_next(soak), .start = CODE_AT(mode->start), .base = mode->base,
		.cs = mode->cs, .ss = mode->ss, .ds = mode->ds, .frame = mode->frame,
		.cr0 = mode->cr0, .cr3 = mode->cr3, .cr4 = mode->cr4,
		.gdtr = { 8 * FZ_GDT_COUNT - 1, FZ_GDT, {} }, .idtr64 = { 0xfff, FZ_IDT64, {} },
		.idtr32 = { 0x7ff, FZ_IDT32, {} }, .ivtr = { 0x3ff, FZ_IVT, {} },
	};
	for (i = 0; i < FZ_CELLS_LEN; i += FZ_CELL)
		fz_cell(soak, mem + FZ_CELLS + i, mode->bits);
}
