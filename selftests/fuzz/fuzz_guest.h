/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of fuzz_guest agree on. Its guest runs cells: pieces of memory of 32 bytes
 * that each hold an instruction, or a few, and behind them an increment of a counter. The driver
 * (fuzz_guest_x86.S) takes every exception, counts the cell in which it came, and goes on
 * behind it with other registers, so that the guest gets through thousands of cells without
 * the VMM. What even the driver does not survive, the VMM (fuzz_guest.c) replaces.
 */
#ifndef _FUZZ_GUEST_H
#define _FUZZ_GUEST_H

/* Physical memory. All but what the tables say otherwise is mapped to itself. */
#define FZ_CELLS		0x40000
#define FZ_CELLS_LEN		0x10000
#define FZ_CELL			32
#define FZ_DRIVER		0x50000
#define FZ_DRIVER_LEN		0x2000
#define FZ_STATE		0x52000
#define FZ_SETS			0x53000
#define FZ_SET_SHIFT		7
#define FZ_SETS_COUNT		64
#define FZ_IDT64		0x55000
#define FZ_IDT32		0x56000
#define FZ_IVT			0x56800
#define FZ_GDT			0x57000
#define FZ_GDT_COUNT		128
#define FZ_TSS64		0x57800
#define FZ_TSS32		0x57a00
#define FZ_STACK		0x59000
#define FZ_SCRATCH		0x5a000
#define FZ_PML4			0x60000
#define FZ_PDPT			0x61000
#define FZ_PD			0x62000
#define FZ_PT			0x63000
#define FZ_WILD_PD		0x64000
#define FZ_WILD_PT		0x65000
#define FZ_HIGH_PD		0x66000
#define FZ_PAE			0x67000
#define FZ_PD32			0x68000
#define FZ_PT32			0x69000
#define FZ_TABLES_END		0x6a000

/* Segments in which 16 bits reach the driver's memory, and the cells. */
#define FZ_REAL_DRIVER		(FZ_DRIVER >> 4)
#define FZ_REAL_CELLS		(FZ_CELLS >> 4)

/* Selectors; those of user mode have RPL 3. What is behind them is random. */
#define FZ_CODE64		0x08
#define FZ_DATA			0x10
#define FZ_CODE32		0x18
#define FZ_CODE16		0x20
#define FZ_DATA16		0x28
#define FZ_USER_CODE64		0x33
#define FZ_USER_DATA		0x3b
#define FZ_USER_CODE32		0x43
#define FZ_USER_CODE16		0x4b
#define FZ_USER_DATA16		0x53
#define FZ_TASK64		0x58
#define FZ_TASK32		0x68
#define FZ_DRIVER16		0x70
#define FZ_RANDOM_SELECTOR	0x78

/* The driver says that the cells are through, or that it is at its wits' end. */
#define FZ_PORT_END		0x100
#define FZ_PORT_WRECK		0x101

/* Offsets in struct fz_state. */
#define FZ_COUNT		(FZ_STATE + 0)
#define FZ_CURSOR		(FZ_STATE + 8)
#define FZ_SEED			(FZ_STATE + 12)
#define FZ_START		(FZ_STATE + 16)
#define FZ_BASE			(FZ_STATE + 20)
#define FZ_CS			(FZ_STATE + 24)
#define FZ_SS			(FZ_STATE + 28)
#define FZ_DS			(FZ_STATE + 32)
#define FZ_FRAME		(FZ_STATE + 36)
#define FZ_CR0			(FZ_STATE + 40)
#define FZ_CR3			(FZ_STATE + 44)
#define FZ_CR4			(FZ_STATE + 48)
#define FZ_GDTR			(FZ_STATE + 64)
#define FZ_IDTR64		(FZ_STATE + 80)
#define FZ_IDTR32		(FZ_STATE + 96)
#define FZ_IVTR			(FZ_STATE + 112)

/* How many words more than CS:EIP and the flags an IRET to the cells takes. */
#define FZ_FRAME_SAME		0
#define FZ_FRAME_USER		1
#define FZ_FRAME_V86		2

/* In a register set: the general registers in the order of their numbers; in RSP's place */
#define FZ_SET_RSP		32
#define FZ_SET_FLAGS		40	/* and in RBP's place, the flags */

#ifndef __ASSEMBLER__
#include "soak.h"
#include "util.h"

struct fz_pseudo {
	uint16_t limit;
	uint64_t base;
	uint16_t pad[3];
} __attribute__((packed));

/*
 * @count:  cells that ran to their end, or to an exception that they are to blame for
 * @cursor: offset of the last cell that the driver went to, or of the first one
 * @start:  the driver's way to the mode
 * @base:   what RIP is at the first cell
 * @cs, @ss, @ds: the cells' segments
 * @frame:  FZ_FRAME_*
 */
struct fz_state {
	volatile uint64_t count;
	volatile uint32_t cursor;
	uint32_t seed;
	uint32_t start;
	uint32_t base;
	uint32_t cs, ss, ds;
	uint32_t frame;
	uint32_t cr0, cr3, cr4;
	uint32_t pad[3];
	struct fz_pseudo gdtr, idtr64, idtr32, ivtr;
};

/*
 * @bits: of the cells' code
 * @frame: FZ_FRAME_*
 */
struct fz_mode {
	const char *name;
	const char *start;
	uint8_t bits, frame;
	uint16_t cs, ss, ds;
	uint32_t base, cr0, cr3, cr4;
};

extern const struct fz_mode fz_modes[];
extern const unsigned int fz_nr_modes;

extern const char fuzz_driver[], fuzz_driver_end[];
extern const char fuzz_long[], fuzz_protected[], fuzz_real[];
extern const char fuzz_fault64[], fuzz_other64[];
extern const char fuzz_fault32[], fuzz_code32[], fuzz_other32[];
extern const char fuzz_fault16[], fuzz_other16[];

/* A number that means something to a guest: an address, a register's number, its contents. */
uint64_t fz_number(struct soak *soak);
/* All of the guest's memory that the VMM makes: driver, tables, registers and cells. */
void fz_machine(struct soak *soak, unsigned char *mem, const struct fz_mode *mode);
/* One of the cells, for code of so many bits. */
void fz_cell(struct soak *soak, unsigned char *cell, unsigned int bits);

/* What is the host's own, as far as a program sees it, and more if the module for it is there. */
struct fz_host;
struct fz_host *fz_host_new(void);
/* Is it all as it was? Says on stderr what is not. */
bool fz_host_same(struct fz_host *host);
/* ZX_IOC_VCPU_ENTER with no packet. False: a register of the host's was not kept. */
bool fz_host_enter(struct fz_host *host, zx_handle_t vcpu, zx_status_t *status);
#endif

#endif
