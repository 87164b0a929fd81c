// SPDX-License-Identifier: MIT
/* One VMO is the RAM; it is mapped below and above the hole, and into this process. */
#include <string.h>
#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "memory.h"

#define RAM_OPTIONS	(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE | ZX_VM_SPECIFIC)

uint64_t memory_below_4g(uint64_t size)
{
	return size < HOLE_BASE ? size : HOLE_BASE;
}

static zx_status_t map_guest(struct memory *memory, zx_handle_t vmar)
{
	uint64_t above = memory->size - memory->below_4g;
	zx_vaddr_t address;
	zx_status_t status;

	status = zx_vmar_map(vmar, RAM_OPTIONS, 0, memory->vmo, 0, memory->below_4g, &address);
	if (status != ZX_OK || above == 0)
		return status;
	return zx_vmar_map(vmar, RAM_OPTIONS, HOLE_END, memory->vmo, memory->below_4g, above,
			   &address);
}

zx_status_t memory_create(struct memory *memory, zx_handle_t vmar, uint64_t size)
{
	zx_vaddr_t address;
	zx_status_t status;

	memory->size = size;
	memory->below_4g = memory_below_4g(size);
	status = zx_vmo_create(size, 0, &memory->vmo);
	if (status != ZX_OK)
		return status;
	status = zx_vmo_replace_as_executable(memory->vmo, ZX_HANDLE_INVALID, &memory->vmo);
	if (status != ZX_OK)
		return status;
	status = map_guest(memory, vmar);
	if (status != ZX_OK)
		return status;
	status = zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0,
			     memory->vmo, 0, size, &address);
	if (status == ZX_OK)
		memory->base = (uint8_t *)address;
	return status;
}

zx_status_t memory_clear(const struct memory *memory)
{
	return zx_vmo_op_range(memory->vmo, ZX_VMO_OP_DECOMMIT, 0, memory->size, NULL, 0);
}

void *memory_at(const struct memory *memory, uint64_t address, uint64_t length)
{
	if (length > memory->below_4g || address > memory->below_4g - length)
		return NULL;
	return memory->base + address;
}

/* Long mode needs PAE paging (SDM 3, 4.5; APM 2, 5.3): P, RW, A, D, and PS for 2 MiB pages. */
#define PTE_TABLE	0x23ull
#define PTE_LARGE	0xe3ull
#define LARGE_BYTES	0x200000ull
#define ENTRIES		512

void memory_page_tables(const struct memory *memory)
{
	uint64_t *table = memory_at(memory, PAGE_TABLES_BASE, PAGE_TABLES_END - PAGE_TABLES_BASE);
	uint64_t *pml4 = table, *pdpt = table + ENTRIES, *directory = table + 2 * ENTRIES;
	unsigned int i;

	pml4[0] = (PAGE_TABLES_BASE + PAGE_BYTES) | PTE_TABLE;
	for (i = 0; i < 4; i++)
		pdpt[i] = (PAGE_TABLES_BASE + (2 + i) * PAGE_BYTES) | PTE_TABLE;
	for (i = 0; i < 4 * ENTRIES; i++)
		directory[i] = i * LARGE_BYTES | PTE_LARGE;
}

void memory_park(const struct memory *memory)
{
	/* cli; 1: hlt; jmp 1b */
	static const uint8_t code[] = { 0xfa, 0xf4, 0xeb, 0xfd };

	memcpy(memory_at(memory, PARK_BASE, sizeof(code)), code, sizeof(code));
}
