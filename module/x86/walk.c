// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory by linear address, as an instruction that user space executes for
 * the guest reaches it: through the guest's own paging, at its privilege, with
 * all that hardware checks and marks on the way (SDM 3, 4.6 to 4.8).
 *
 * This runs between enters, in the VCPU's thread. A try has interrupts off and
 * shows its CPU as a burst does, so that leaves found stay for as long as it
 * takes; a leaf that is missing ends the try, is made, and then all begins anew.
 * No lock is held but inside of zx_gpas_fault().
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "backend.h"

#define PTE_PRESENT	BIT_ULL(0)
#define PTE_WRITE	BIT_ULL(1)
#define PTE_USER	BIT_ULL(2)
#define PTE_ACCESSED	BIT_ULL(5)
#define PTE_DIRTY	BIT_ULL(6)
#define PTE_ADDR	GENMASK_ULL(51, 12)
#define PTE_NX		BIT_ULL(63)

/* Error code of a #PF: SDM 3, 4.7. */
#define PF_PRESENT	BIT(0)
#define PF_WRITE	BIT(1)
#define PF_USER		BIT(2)
#define PF_RESERVED	BIT(3)

#define VECTOR_GP	13
#define VECTOR_PF	14
#define DR6_BS		BIT_ULL(14)

enum step {
	STEP_OK,
	STEP_LEAF,		/* @gpa has no leaf that permits @perm */
	STEP_FAULT,		/* the guest's own: @vector, @error, @linear */
	STEP_AGAIN,		/* an entry changed under our hands */
};

struct access {
	struct zx_cpu *cpu;
	struct zx_paging mode;
	bool write, user, wide;
	bool write_protect;	/* CR0.WP, for the supervisor */
	bool user_forbidden;	/* SMAP, for the supervisor */
	bool nx;

	u64 gpa;
	unsigned int perm;
	bool table;		/* @gpa is that of a page table */
	u8 vector;
	u32 error;
	u64 linear;
};

/* An entry that the walk went through. */
struct entry {
	u64 gpa, value;
};

static void access_init(struct access *a, struct zx_cpu *cpu, bool write)
{
	u64 cr0 = zx_backend->get(cpu, ZX_REG_CR0), cr4 = zx_backend->get(cpu, ZX_REG_CR4);

	*a = (struct access){
		.cpu = cpu,
		.mode = zx_paging_of(cpu),
		.write = write,
		.user = zx_backend->get(cpu, ZX_REG_CPL) == 3,
		.wide = zx_backend->get(cpu, ZX_REG_CODE_SIZE) == ZX_CODE_64,
		.write_protect = cr0 & X86_CR0_WP,
		.user_forbidden = cr4 & X86_CR4_SMAP &&
				  !(zx_backend->get(cpu, ZX_REG_RFLAGS) & X86_EFLAGS_AC),
		.nx = zx_backend->get(cpu, ZX_REG_EFER) & EFER_NX,
	};
}

static enum step need(struct access *a, u64 gpa, unsigned int perm, bool table)
{
	a->gpa = gpa;
	a->perm = perm;
	a->table = table;
	return STEP_LEAF;
}

static enum step page_fault(struct access *a, u64 addr, u32 error)
{
	a->vector = VECTOR_PF;
	a->linear = addr;
	a->error = error | (a->write ? PF_WRITE : 0) | (a->user ? PF_USER : 0);
	return STEP_FAULT;
}

static void *entry_ptr(struct access *a, u64 gpa, unsigned int perm)
{
	u64 mask;

	return zx_npt_lookup(&a->cpu->gpas->npt, gpa, perm, &mask);
}

/* PAE's four top entries have no rights, no accessed bit and no large pages. */
static bool is_pae_top(const struct access *a, int level)
{
	return a->mode.levels == 3 && level == 2;
}

static enum step read_entry(struct access *a, int level, u64 table, u64 addr, struct entry *entry)
{
	unsigned int shift = PAGE_SHIFT + a->mode.bits * level;
	unsigned int index = addr >> shift & ((1u << a->mode.bits) - 1);
	void *ptr;

	if (is_pae_top(a, level))
		index &= 3;
	entry->gpa = table + index * a->mode.entry;
	ptr = entry_ptr(a, entry->gpa, ZX_PERM_READ);
	if (!ptr)
		return need(a, entry->gpa, ZX_PERM_READ, true);
	entry->value = a->mode.entry == 8 ? READ_ONCE(*(u64 *)ptr) : READ_ONCE(*(u32 *)ptr);
	return STEP_OK;
}

static bool is_leaf(const struct access *a, int level, u64 value)
{
	if (!level)
		return true;
	if (!(value & a->mode.large) || is_pae_top(a, level))
		return false;
	return level == 1 || (level == 2 && zx_cpuid_has_1g());
}

/* Bits that must be 0 in a present entry: SDM 3, tables 4-4 to 4-20. */
static u64 reserved_bits(const struct access *a, int level, u64 value)
{
	u64 bits = GENMASK_ULL(51, 12) & ~GENMASK_ULL(zx_cpuid_phys_bits() - 1, 12);
	bool leaf = is_leaf(a, level, value);

	if (a->mode.entry == 4)
		return level && leaf ? BIT_ULL(21) : 0;
	if (!a->nx)
		bits |= PTE_NX;
	if (a->mode.levels == 3)
		bits |= GENMASK_ULL(62, 52);
	if (is_pae_top(a, level))
		return bits | PTE_NX | GENMASK_ULL(8, 5) | GENMASK_ULL(2, 1);
	if (level > 1 && !leaf)
		bits |= ZX_PTE_LARGE;
	if (level && leaf)
		bits |= GENMASK_ULL(PAGE_SHIFT + 9 * level - 1, 13);
	return bits;
}

static bool permitted(const struct access *a, u64 rights)
{
	if (a->user)
		return rights & PTE_USER && (!a->write || rights & PTE_WRITE);
	if (rights & PTE_USER && a->user_forbidden)
		return false;
	return !a->write || !a->write_protect || rights & PTE_WRITE;
}

/* Accessed and dirty bits, set as the CPU sets them: nobody's change is lost. */
static enum step mark(struct access *a, const struct entry *entry, u64 bits)
{
	void *ptr;

	if ((entry->value & bits) == bits)
		return STEP_OK;
	ptr = entry_ptr(a, entry->gpa, ZX_PERM_READ | ZX_PERM_WRITE);
	if (!ptr)
		return need(a, entry->gpa, ZX_PERM_READ | ZX_PERM_WRITE, true);
	if (a->mode.entry == 8)
		return cmpxchg((u64 *)ptr, entry->value, entry->value | bits) == entry->value ?
			STEP_OK : STEP_AGAIN;
	return cmpxchg((u32 *)ptr, (u32)entry->value, (u32)(entry->value | bits)) ==
		(u32)entry->value ? STEP_OK : STEP_AGAIN;
}

static enum step mark_all(struct access *a, const struct entry *entries, int leaf)
{
	enum step step = STEP_OK;
	int level;

	for (level = a->mode.levels - 1; level >= leaf && step == STEP_OK; level--)
		if (!is_pae_top(a, level))
			step = mark(a, &entries[level], PTE_ACCESSED |
				    (a->write && level == leaf ? PTE_DIRTY : 0));
	return step;
}

static u64 leaf_gpa(const struct access *a, u64 value, int level, u64 addr)
{
	u64 span = 1ull << (PAGE_SHIFT + a->mode.bits * level), base = value & PTE_ADDR;

	if (level && a->mode.entry == 4)	/* PSE-36: SDM 3, table 4-4 */
		base |= (value >> 13 & 0xff) << 32;
	return (base & ~(span - 1)) | (addr & (span - 1));
}

/* @entries: those from the top down to the leaf, whose level is *@leaf. */
static enum step walk(struct access *a, u64 addr, struct entry *entries, int *leaf)
{
	u64 base = zx_backend->get(a->cpu, ZX_REG_CR3), rights = PTE_WRITE | PTE_USER;
	struct entry *entry;
	enum step step;
	int level;

	base &= a->mode.levels == 3 ? GENMASK_ULL(31, 5) : PTE_ADDR;
	for (level = a->mode.levels - 1; ; level--) {
		entry = &entries[level];
		step = read_entry(a, level, base, addr, entry);
		if (step != STEP_OK)
			return step;
		if (!(entry->value & PTE_PRESENT))
			return page_fault(a, addr, 0);
		if (entry->value & reserved_bits(a, level, entry->value))
			return page_fault(a, addr, PF_PRESENT | PF_RESERVED);
		if (!is_pae_top(a, level))
			rights &= entry->value;
		if (is_leaf(a, level, entry->value))
			break;
		base = entry->value & PTE_ADDR;
	}
	*leaf = level;
	return permitted(a, rights) ? STEP_OK : page_fault(a, addr, PF_PRESENT);
}

static enum step translate(struct access *a, u64 addr, u64 *gpa)
{
	struct entry entries[4];
	enum step step;
	int leaf;

	*gpa = addr;
	if (!a->mode.levels)
		return STEP_OK;
	step = walk(a, addr, entries, &leaf);
	if (step == STEP_OK)
		step = mark_all(a, entries, leaf);
	if (step == STEP_OK)
		*gpa = leaf_gpa(a, entries[leaf].value, leaf, addr);
	return step;
}

/* What does not leave the page of @addr: its host address. */
static enum step page(struct access *a, u64 addr, void **ptr)
{
	unsigned int perm = ZX_PERM_READ | (a->write ? ZX_PERM_WRITE : 0);
	enum step step;
	u64 gpa;

	if (!a->wide) {
		addr = (u32)addr;
	} else if (!zx_canonical(addr)) {
		a->vector = VECTOR_GP;
		return STEP_FAULT;
	}
	step = translate(a, addr, &gpa);
	if (step != STEP_OK)
		return step;
	*ptr = entry_ptr(a, gpa, perm);
	return *ptr ? STEP_OK : need(a, gpa, perm, false);
}

static void move(const struct access *a, void *guest, void *buf, size_t len)
{
	if (a->write)
		memcpy(guest, buf, len);
	else
		memcpy(buf, guest, len);
}

static enum step copy(struct access *a, u64 addr, void *buf, size_t len)
{
	size_t first = min_t(size_t, len, PAGE_SIZE - offset_in_page(addr));
	void *low, *high = NULL;
	enum step step = page(a, addr, &low);

	if (step == STEP_OK && first < len)
		step = page(a, addr + first, &high);
	if (step != STEP_OK)
		return step;
	move(a, low, buf, first);
	if (high)
		move(a, high, buf + first, len - first);
	return STEP_OK;
}

static enum step try(struct access *a, u64 addr, void *buf, size_t len)
{
	struct zx_cpu *cpu = a->cpu;
	enum step step;

	zx_cpu_hold(cpu);
	local_irq_disable();
	WRITE_ONCE(cpu->space.cpu, smp_processor_id());
	smp_mb();	/* pairs with flush() in gpas.c, as in burst() */
	step = copy(a, addr, buf, len);
	/* Pairs with flush(), which frees what was copied once it sees this. */
	smp_store_release(&cpu->space.cpu, -1);
	local_irq_enable();
	zx_cpu_release(cpu);
	return step;
}

static zx_status_t make_leaf(struct access *a)
{
	u64 pfn = a->gpa >> PAGE_SHIFT;

	/* Nobody can answer for a page table that is a device. */
	if (zx_trap_any_mem(&a->cpu->gpas->traps, pfn, pfn))
		return a->table ? ZX_ERR_NOT_SUPPORTED : ZX_ERR_UNAVAILABLE;
	return zx_gpas_fault(a->cpu->gpas, a->gpa, a->perm);
}

/* The guest takes the exception in place of the instruction. */
static zx_status_t give_up(struct access *a)
{
	struct zx_cpu *cpu = a->cpu;

	zx_cpu_hold(cpu);
	/* What was pending of the instruction (a single step) has not happened. */
	if (cpu->stepping)
		zx_backend->set(cpu, ZX_REG_DR6, zx_backend->get(cpu, ZX_REG_DR6) & ~DR6_BS);
	if (a->vector == VECTOR_PF)
		zx_backend->set(cpu, ZX_REG_CR2, a->linear);
	zx_cpu_release(cpu);
	zx_irq_fault(cpu, a->vector, true, a->error);
	cpu->rip = cpu->access_rip;
	cpu->page->rip = cpu->rip;
	cpu->accessing = false;
	return ZX_ERR_CANCELED;
}

zx_status_t zx_cpu_memory(struct zx_cpu *cpu, u64 addr, void *buf, size_t len, bool write,
			  u64 *gpa)
{
	struct access a;
	zx_status_t status = ZX_OK;
	enum step step;

	zx_cpu_hold(cpu);
	access_init(&a, cpu, write);
	zx_cpu_release(cpu);
	do {
		step = try(&a, addr, buf, len);
		if (step == STEP_OK)
			return ZX_OK;
		if (step == STEP_FAULT)
			return give_up(&a);
		if (step == STEP_LEAF)
			status = make_leaf(&a);
		if (status != ZX_OK) {
			*gpa = a.gpa;
			return status;
		}
		cond_resched();
	} while (!signal_pending(current));
	return ZX_ERR_INTERNAL_INTR_RETRY;
}
