// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested page tables: see npt.h for the rules of taking entries away.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>

#include "npt.h"

#define NPT_ADDR	GENMASK_ULL(51, 12)
/*
 * Software bits (APM 2, 5.3.3: bits 58:52 are available; SDM 3, table 29-6:
 * bits 62:52 are ignored): CUT marks an entry that waits for the sweep, LEAF
 * tells it a page from a table.
 */
#define NPT_CUT		BIT_ULL(52)
#define NPT_LEAF	BIT_ULL(53)
/* NX on AMD: a bit that forbids, so no reader ever wants it. */
#define NPT_FORBID	BIT_ULL(63)

static unsigned int level_shift(enum zx_npt_level level)
{
	return 9 * level;
}

static unsigned int level_index(u64 pfn, enum zx_npt_level level)
{
	return pfn >> level_shift(level) & 511;
}

static u64 *entry_table(u64 entry)
{
	return phys_to_virt(entry & NPT_ADDR);
}

static bool entry_present(const struct zx_npt *npt, u64 entry)
{
	return entry & npt->format->present;
}

static u64 *table_alloc(struct zx_npt *npt)
{
	u64 *table = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);

	if (table)
		WRITE_ONCE(npt->tables, npt->tables + 1);
	return table;
}

static void table_free(struct zx_npt *npt, u64 *table)
{
	WRITE_ONCE(npt->tables, npt->tables - 1);
	free_page((unsigned long)table);
}

int zx_npt_init(struct zx_npt *npt, const struct zx_npt_format *format)
{
	mutex_init(&npt->lock);
	npt->format = format;
	npt->tables = 0;
	npt->root = table_alloc(npt);
	npt->top = format->five_levels ? table_alloc(npt) : npt->root;
	if (!npt->root || !npt->top) {
		free_page((unsigned long)npt->root);
		if (npt->top != npt->root)
			free_page((unsigned long)npt->top);
		return -ENOMEM;
	}
	/* The whole of our space is the first entry of the level above. */
	if (npt->top != npt->root)
		npt->top[0] = virt_to_phys(npt->root) | format->table;
	return 0;
}

/* Give back what a dead entry of @level held. Depth is bounded by the levels. */
static void entry_release(struct zx_npt *npt, u64 entry, enum zx_npt_level level)
{
	u64 *table;
	int i;

	if (entry & NPT_LEAF) {
		put_page(pfn_to_page((entry & NPT_ADDR) >> PAGE_SHIFT));
		return;
	}
	table = entry_table(entry);
	for (i = 0; i < 512; i++)
		if (table[i])
			entry_release(npt, table[i], level - 1);
	table_free(npt, table);
	cond_resched();
}

void zx_npt_destroy(struct zx_npt *npt)
{
	int i;

	for (i = 0; i < 512; i++)
		if (npt->root[i])
			entry_release(npt, npt->root[i], ZX_NPT_TOP);
	if (npt->top != npt->root)
		table_free(npt, npt->top);
	table_free(npt, npt->root);
}

/* The entry of @level for @pfn; tables above are made if @make. NULL: none. */
static u64 *entry_find(struct zx_npt *npt, u64 pfn, enum zx_npt_level level, bool make)
{
	enum zx_npt_level at = ZX_NPT_TOP;
	u64 *table = npt->root, *entry, *next;

	for (;;) {
		entry = &table[level_index(pfn, at)];
		if (at == level || *entry & NPT_LEAF)
			return entry;
		if (!*entry) {
			next = make ? table_alloc(npt) : NULL;
			if (!next)
				return NULL;
			WRITE_ONCE(*entry, virt_to_phys(next) | npt->format->table);
		}
		table = entry_table(*entry);
		at--;
	}
}

u64 *zx_npt_find(const struct zx_npt *npt, u64 pfn, enum zx_npt_level *level)
{
	enum zx_npt_level at = ZX_NPT_TOP;
	u64 *table = npt->root, *entry;

	lockdep_assert_held(&npt->lock);
	for (;;) {
		entry = &table[level_index(pfn, at)];
		if (at == ZX_NPT_4K || !*entry || *entry & NPT_LEAF)
			break;
		table = entry_table(*entry);
		at--;
	}
	*level = at;
	return entry;
}

void zx_npt_set(const struct zx_npt *npt, u64 *entry, enum zx_npt_level level, struct page *page,
		unsigned int perm, enum zx_memtype type)
{
	WRITE_ONCE(*entry, page_to_phys(page) | NPT_LEAF | npt->format->perm[perm] |
		   npt->format->type[type] | (level == ZX_NPT_4K ? 0 : npt->format->large));
}

int zx_npt_map(struct zx_npt *npt, u64 pfn, enum zx_npt_level level, struct page *page,
	       unsigned int perm, enum zx_memtype type)
{
	u64 *entry;

	lockdep_assert_held(&npt->lock);
	entry = entry_find(npt, pfn, level, true);
	if (!entry)
		return -ENOMEM;
	if (*entry)
		return -EEXIST;
	zx_npt_set(npt, entry, level, page, perm, type);
	return 0;
}

struct walk {
	struct zx_npt *npt;
	u64 first, last;
	/* What to do with an entry that lies whole in the range, or is a leaf. */
	void (*entry)(struct walk *walk, u64 *entry, enum zx_npt_level level);
	bool found;
};

static void walk_table(struct walk *walk, u64 *table, u64 base, enum zx_npt_level level)
{
	u64 span = 1ull << level_shift(level), start;
	int i;

	i = walk->first > base ? (walk->first - base) >> level_shift(level) : 0;
	for (; i < 512; i++) {
		start = base + i * span;
		if (start > walk->last)
			break;
		if (!table[i])
			continue;
		if (table[i] & (NPT_LEAF | NPT_CUT) ||
		    (start >= walk->first && start + span - 1 <= walk->last))
			walk->entry(walk, &table[i], level);
		else
			walk_table(walk, entry_table(table[i]), start, level - 1);
	}
	if (level == ZX_NPT_2M)
		cond_resched();
}

static void cut_entry(struct walk *walk, u64 *entry, enum zx_npt_level level)
{
	if (*entry & NPT_CUT)
		return;
	WRITE_ONCE(*entry, (*entry & ~walk->npt->format->present) | NPT_CUT);
	walk->found = true;
}

static void sweep_entry(struct walk *walk, u64 *entry, enum zx_npt_level level)
{
	u64 old = *entry;

	if (!(old & NPT_CUT))
		return;
	WRITE_ONCE(*entry, 0);
	entry_release(walk->npt, old, level);
}

bool zx_npt_cut(struct zx_npt *npt, u64 first, u64 last)
{
	struct walk walk = { .npt = npt, .first = first, .last = last, .entry = cut_entry };

	lockdep_assert_held(&npt->lock);
	walk_table(&walk, npt->root, 0, ZX_NPT_TOP);
	return walk.found;
}

void zx_npt_sweep(struct zx_npt *npt, u64 first, u64 last)
{
	struct walk walk = { .npt = npt, .first = first, .last = last, .entry = sweep_entry };

	lockdep_assert_held(&npt->lock);
	walk_table(&walk, npt->root, 0, ZX_NPT_TOP);
}

void *zx_npt_lookup(const struct zx_npt *npt, u64 gpa, unsigned int perm, u64 *mask)
{
	u64 want = npt->format->perm[perm] & ~NPT_FORBID, entry;
	u64 *table = npt->root;
	int level;

	if (unlikely(gpa >> ZX_GPA_BITS))
		return NULL;
	for (level = ZX_NPT_TOP; level >= ZX_NPT_4K; level--) {
		entry = READ_ONCE(table[gpa >> (PAGE_SHIFT + 9 * level) & 511]);
		if (!entry_present(npt, entry))
			return NULL;
		if (entry & NPT_LEAF)
			break;
		table = entry_table(entry);
	}
	if ((entry & want) != want)
		return NULL;
	*mask = ~0ull << (PAGE_SHIFT + 9 * level);
	return phys_to_virt(entry & NPT_ADDR) + (gpa & ~*mask);
}
