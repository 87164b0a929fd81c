/* SPDX-License-Identifier: MIT */
/*
 * The guest's RAM, and where things lie in it.
 *
 *   0x0000_0000   page tables, command line, boot parameters
 *   0x000e_0000   ACPI tables
 *   0x0010_0000   the kernel where it wants to be, the initrd as high as it may
 *   0xc000_0000   a hole of 1 GiB for devices
 *   0x1_0000_0000 the rest of the RAM
 */
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include <stdint.h>
#include <zircon/types.h>

#define PAGE_BYTES		0x1000ull

#define PAGE_TABLES_BASE	0x0ull		/* the first VCPU starts with CR3 = 0 */
#define PAGE_TABLES_END		0x6000ull
#define BOOT_PARAMS_BASE	0x7000ull
#define CMDLINE_BASE		0x10000ull
#define CMDLINE_END		0x20000ull
#define LOW_RAM_END		0x9f000ull
#define PARK_BASE		0x9f000ull	/* where a CPU waits that nobody started */
#define ACPI_BASE		0xe0000ull
#define ACPI_END		0x100000ull
#define HIGH_RAM_BASE		0x100000ull
#define HOLE_BASE		0xc0000000ull
#define IOAPIC_BASE		0xfec00000ull
#define LOCAL_APIC_BASE		0xfee00000ull
#define HOLE_END		0x100000000ull

#define MEMORY_MIN		(4ull << 20)
#define MEMORY_MAX		(1ull << 40)

struct memory {
	uint64_t size;
	uint64_t below_4g;		/* RAM below the hole, from 0 up */
	uint8_t *base;			/* where this process sees it */
	zx_handle_t vmo;
};

/* How much of @size bytes of RAM lies below the hole. */
uint64_t memory_below_4g(uint64_t size);
/* Make the RAM and map it into the guest and into this process. */
zx_status_t memory_create(struct memory *memory, zx_handle_t vmar, uint64_t size);
/* All of it is zero again. No VCPU runs. */
zx_status_t memory_clear(const struct memory *memory);
/* The RAM at [@address, @address + @length) below the hole; NULL if not all of it is there. */
void *memory_at(const struct memory *memory, uint64_t address, uint64_t length);
/* Tables that map the first 4 GiB to themselves, for a CPU that starts in long mode. */
void memory_page_tables(const struct memory *memory);
/* At PARK_BASE: code for a CPU in real mode that waits for an INIT. */
void memory_park(const struct memory *memory);

#endif
