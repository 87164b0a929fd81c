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

static void *ask_for(struct zx_cpu *cpu, u64 gpa, unsigned int perm)
{
	cpu->next = ZX_NEXT_FAULT;
	cpu->fault_by = ZX_FAULT_OWN;
	cpu->fault_gpa = gpa;
	cpu->fault_access = perm;
	return NULL;
}

/*
 * The host address of @gpa, or NULL with cpu->next set. @mask: what of @gpa makes it
 * another leaf's. Whoever takes leaves away counts tlb_gen up first and then waits for
 * us, so one that was found under the present tlb_gen is still there.
 */
static void *gpa_ptr(struct zx_cpu *cpu, u64 gpa, unsigned int perm, u64 *mask)
{
	void *ptr = zx_npt_lookup(&cpu->gpas->npt, gpa, perm, mask);

	return likely(ptr) ? ptr : ask_for(cpu, gpa, perm);
}

bool zx_mem_copy(struct zx_cpu *cpu, u64 gpa, void *buf, size_t len, bool write)
{
	unsigned int perm = write ? ZX_PERM_READ | ZX_PERM_WRITE : ZX_PERM_READ;
	size_t part;
	void *ptr;
	u64 mask;

	for (; len; gpa += part, buf += part, len -= part) {
		part = min_t(size_t, len, PAGE_SIZE - offset_in_page(gpa));
		ptr = gpa_ptr(cpu, gpa, perm, &mask);
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
		       u64 addr)
{
	unsigned int shift = PAGE_SHIFT + mode->bits * level;
	unsigned int index = addr >> shift & ((1u << mode->bits) - 1);
	struct zx_code_page *page = &cpu->code_page;
	u64 entry, mask;
	void *ptr;

	/* PAE has four top entries, and addresses of 32 bits. */
	if (mode->levels == 3 && level == 2)
		index &= 3;
	ptr = gpa_ptr(cpu, table + index * mode->entry, ZX_PERM_READ, &mask);
	if (!ptr)
		return false;
	entry = mode->entry == 8 ? READ_ONCE(*(u64 *)ptr) : READ_ONCE(*(u32 *)ptr);
	for (; level >= 0; level--) {
		page->entries[level] = ptr;
		page->values[level] = entry;
	}
	return entry & PTE_PRESENT;
}

/*
 * The guest-physical address of linear @addr. The hardware has just done this
 * walk for the fetch, so permissions and accessed bits are its business; here a
 * walk that ends nowhere means that another VCPU changed the tables meanwhile.
 * Returns false with cpu->next NONE for that, FAULT for a missing leaf.
 */
static bool walk(struct zx_cpu *cpu, const struct zx_paging *mode, u64 cr3, u64 addr, u64 *gpa)
{
	struct zx_code_page *page = &cpu->code_page;
	u64 base, entry, span;
	int level;

	*gpa = addr;
	page->mask = PAGE_MASK;
	if (!mode->levels)
		return true;
	/* PAE's four top entries are 32-byte aligned, all other tables fill a page. */
	base = cr3 & (mode->levels == 3 ? GENMASK_ULL(31, 5) : PTE_ADDR);
	for (level = mode->levels - 1; ; level--) {
		if (!read_entry(cpu, mode, level, base, addr))
			return false;
		entry = page->values[level];
		base = entry & PTE_ADDR;
		if (!level || entry & mode->large)
			break;
	}
	span = 1ull << (PAGE_SHIFT + mode->bits * level);
	if (level && mode->entry == 4)	/* PSE-36: SDM 3, table 4-4 */
		base |= (entry >> 13 & 0xff) << 32;
	page->mask = ~(span - 1);
	*gpa = (base & page->mask) | (addr & ~page->mask);
	return true;
}

/* The host address of the code at linear @addr. NULL: see walk(). */
static const u8 *find_code(struct zx_cpu *cpu, u64 cr3, u64 addr)
{
	u64 gen = atomic64_read(&cpu->gpas->tlb_gen), gpa, mask;
	struct zx_code_page *page = &cpu->code_page;
	struct zx_paging mode = zx_paging_of(cpu);
	const u8 *ptr;

	page->gen = 0;
	if (!walk(cpu, &mode, cr3, addr, &gpa))
		return NULL;
	ptr = gpa_ptr(cpu, gpa, ZX_PERM_READ, &mask);
	if (!ptr || mode.levels != 4)
		return ptr;
	/* As far as both the guest's page and ours go. */
	page->mask |= mask;
	page->base = ptr - (addr & ~page->mask);
	page->addr = addr;
	page->cr3 = cr3;
	page->gen = gen;
	return ptr;
}

/* The same by what was found last, or NULL. For 64-bit code, which has four levels. */
static const u8 *found_code(struct zx_cpu *cpu, u64 cr3, u64 addr)
{
	const struct zx_code_page *page = &cpu->code_page;

	if (unlikely(page->gen != atomic64_read(&cpu->gpas->tlb_gen) ||
		     (addr ^ page->addr) & page->mask || cr3 != page->cr3))
		return NULL;
	if (unlikely((READ_ONCE(*page->entries[0]) ^ page->values[0]) |
		     (READ_ONCE(*page->entries[1]) ^ page->values[1]) |
		     (READ_ONCE(*page->entries[2]) ^ page->values[2]) |
		     (READ_ONCE(*page->entries[3]) ^ page->values[3])))
		return NULL;
	return page->base + (addr & ~page->mask);
}

/* The tables no longer say what the CPU went by: have it walk them anew, and fault itself. */
static void run_again(struct zx_cpu *cpu)
{
	cpu->flush = true;
	cpu->next = ZX_NEXT_WORK;
}

/* Code that may go on in another page, whose bytes may not be needed: let the decoder say. */
static noinline size_t fetch_slowly(struct zx_cpu *cpu, enum zx_code_size mode, u64 cr3, u64 addr,
				    u8 *buf)
{
	size_t first = min_t(size_t, ZX_INST_MAX, PAGE_SIZE - offset_in_page(addr)), len = 0;
	const u8 *ptr;

	ptr = find_code(cpu, cr3, addr);
	if (ptr) {
		memcpy(buf, ptr, first);
		len = first;
		if (len == ZX_INST_MAX)
			return len;
		addr += first;
		ptr = find_code(cpu, cr3, mode == ZX_CODE_64 ? addr : (u32)addr);
	}
	if (ptr) {
		memcpy(buf + len, ptr, ZX_INST_MAX - len);
		return ZX_INST_MAX;
	}
	if (cpu->next == ZX_NEXT_NONE)
		run_again(cpu);
	return len;
}

size_t zx_mem_fetch(struct zx_cpu *cpu, enum zx_code_size mode, u64 cr3, u8 *buf)
{
	u64 addr = cpu->rip;
	const u8 *ptr;

	if (unlikely(mode != ZX_CODE_64)) {
		addr = (u32)(addr + zx_backend->get(cpu, ZX_REG_CS_BASE));
	} else if (likely(offset_in_page(addr) <= PAGE_SIZE - ZX_INST_MAX)) {
		ptr = found_code(cpu, cr3, addr);
		if (likely(ptr)) {
			memcpy(buf, ptr, ZX_INST_MAX);
			return ZX_INST_MAX;
		}
	}
	return fetch_slowly(cpu, mode, cr3, addr, buf);
}
