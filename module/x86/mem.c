// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing guest memory from an exit's handler: through the leaves
 * that the guest itself uses, with interrupts off, so without any lock. A page
 * that has no leaf yet is asked for, and the instruction runs again.
 */
#include <linux/mm.h>
#include <linux/string.h>

#include "backend.h"

#define PTE_PRESENT	BIT_ULL(0)
#define PTE_ADDR	GENMASK_ULL(51, 12)

/* Past the last level of page tables: what they lead to. */
#define SLOT_DATA	(ZX_LOOKUPS - 1)

static void *ask_for(struct zx_cpu *cpu, u64 gpa, unsigned int perm)
{
	cpu->next = ZX_NEXT_FAULT;
	cpu->fault_by = ZX_FAULT_OWN;
	cpu->fault_gpa = gpa;
	cpu->fault_access = perm;
	return NULL;
}

/*
 * The host address of @gpa, or NULL with cpu->next set. Whoever takes leaves
 * away counts tlb_gen up first and then waits for us, so one that was found
 * under the present tlb_gen is still there.
 */
static void *gpa_ptr(struct zx_cpu *cpu, unsigned int slot, u64 gpa, unsigned int perm)
{
	struct zx_lookup *found = &cpu->lookups[slot];
	u64 gen = atomic64_read(&cpu->gpas->tlb_gen);
	void *ptr;

	if (likely(found->gen == gen && !((gpa ^ found->gpa) & found->mask) &&
		   !(perm & ~found->perm)))
		return found->base + (gpa & ~found->mask);
	ptr = zx_npt_lookup(&cpu->gpas->npt, gpa, perm, &found->mask);
	if (unlikely(!ptr)) {
		found->gen = 0;
		return ask_for(cpu, gpa, perm);
	}
	found->gen = gen;
	found->gpa = gpa;
	found->perm = perm;
	found->base = ptr - (gpa & ~found->mask);
	return ptr;
}

bool zx_mem_copy(struct zx_cpu *cpu, u64 gpa, void *buf, size_t len, bool write)
{
	unsigned int perm = write ? ZX_PERM_READ | ZX_PERM_WRITE : ZX_PERM_READ;
	size_t part;
	void *ptr;

	for (; len; gpa += part, buf += part, len -= part) {
		part = min_t(size_t, len, PAGE_SIZE - offset_in_page(gpa));
		ptr = gpa_ptr(cpu, SLOT_DATA, gpa, perm);
		if (!ptr)
			return false;
		if (write)
			memcpy(ptr, buf, part);
		else
			memcpy(buf, ptr, part);
	}
	return true;
}

/* One table's entry for @addr. False: see walk(). */
static bool read_entry(struct zx_cpu *cpu, const struct zx_paging *mode, int level, u64 table,
		       u64 addr, u64 *entry)
{
	unsigned int shift = PAGE_SHIFT + mode->bits * level;
	unsigned int index = addr >> shift & ((1u << mode->bits) - 1);
	void *ptr;

	/* PAE has four top entries, and addresses of 32 bits. */
	if (mode->levels == 3 && level == 2)
		index &= 3;
	ptr = gpa_ptr(cpu, level, table + index * mode->entry, ZX_PERM_READ);
	if (!ptr)
		return false;
	*entry = mode->entry == 8 ? READ_ONCE(*(u64 *)ptr) : READ_ONCE(*(u32 *)ptr);
	return *entry & PTE_PRESENT;
}

/*
 * The guest-physical address of linear @addr. The hardware has just done this
 * walk for the fetch, so permissions and accessed bits are its business; here a
 * walk that ends nowhere means that another VCPU changed the tables meanwhile.
 * Returns false with cpu->next NONE for that, FAULT for a missing leaf.
 */
static bool walk(struct zx_cpu *cpu, u64 addr, u64 *gpa)
{
	struct zx_paging mode = zx_paging_of(cpu);
	u64 base, entry, span;
	int level;

	*gpa = addr;
	if (!mode.levels)
		return true;
	base = zx_backend->get(cpu, ZX_REG_CR3);
	/* PAE's four top entries are 32-byte aligned, all other tables fill a page. */
	base &= mode.levels == 3 ? GENMASK_ULL(31, 5) : PTE_ADDR;
	for (level = mode.levels - 1; ; level--) {
		if (!read_entry(cpu, &mode, level, base, addr, &entry))
			return false;
		base = entry & PTE_ADDR;
		if (!level || entry & mode.large)
			break;
	}
	span = 1ull << (PAGE_SHIFT + mode.bits * level);
	if (level && mode.entry == 4)	/* PSE-36: SDM 3, table 4-4 */
		base |= (entry >> 13 & 0xff) << 32;
	*gpa = (base & ~(span - 1)) | (addr & (span - 1));
	return true;
}

/* Part of an instruction that does not leave its page. */
static bool fetch_part(struct zx_cpu *cpu, u64 addr, u8 *buf, size_t len)
{
	void *ptr;
	u64 gpa;

	if (!walk(cpu, addr, &gpa))
		return false;
	ptr = gpa_ptr(cpu, SLOT_DATA, gpa, ZX_PERM_READ);
	if (!ptr)
		return false;
	if (likely(len == ZX_INST_MAX))
		memcpy(buf, ptr, ZX_INST_MAX);
	else
		memcpy(buf, ptr, len);
	return true;
}

/* The tables no longer say what the CPU went by: have it walk them anew, and fault itself. */
static void run_again(struct zx_cpu *cpu)
{
	cpu->flush = true;
	cpu->next = ZX_NEXT_WORK;
}

size_t zx_mem_fetch(struct zx_cpu *cpu, enum zx_code_size mode, u8 *buf)
{
	u64 addr = cpu->rip;
	size_t first;

	if (unlikely(mode != ZX_CODE_64))
		addr = (u32)(addr + zx_backend->get(cpu, ZX_REG_CS_BASE));
	first = min_t(size_t, ZX_INST_MAX, PAGE_SIZE - offset_in_page(addr));
	if (!fetch_part(cpu, addr, buf, first)) {
		if (cpu->next == ZX_NEXT_NONE)
			run_again(cpu);
		return 0;
	}
	if (likely(first == ZX_INST_MAX))
		return first;
	/* Bytes of the next page may not be needed: let the decoder say. */
	addr += first;
	if (fetch_part(cpu, mode == ZX_CODE_64 ? addr : (u32)addr, buf + first,
		       ZX_INST_MAX - first))
		return ZX_INST_MAX;
	if (cpu->next == ZX_NEXT_NONE)
		run_again(cpu);
	return first;
}
