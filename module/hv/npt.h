/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nested page tables: guest-physical to host-physical, four levels, leaves of
 * 4 KiB and 2 MiB. The vendor's entry format is data, so that one builder serves
 * NPT and EPT.
 *
 * A leaf holds a reference to its page. Taking entries away has two halves, and
 * the caller flushes between them: zx_npt_cut() makes entries not present but
 * keeps their contents, zx_npt_sweep() gives back what they held. Readers
 * without the lock keep interrupts off from the look-up to the last use: the
 * flush between cut and sweep interrupts every CPU that may be reading.
 */
#ifndef _ZX_NPT_H
#define _ZX_NPT_H

#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/types.h>

#define ZX_GPA_BITS	48
#define ZX_GPA_PAGES	(1ul << (ZX_GPA_BITS - PAGE_SHIFT))

#define ZX_PERM_READ	1u
#define ZX_PERM_WRITE	2u
#define ZX_PERM_EXEC	4u

/* How the guest's CPU caches a page, its own page tables permitting. */
enum zx_memtype { ZX_MEM_WRITE_BACK, ZX_MEM_UNCACHED, ZX_MEM_WRITE_COMBINING, ZX_MEM_TYPES };

enum zx_npt_level { ZX_NPT_4K, ZX_NPT_2M, ZX_NPT_1G, ZX_NPT_TOP, ZX_NPT_LEVELS };

/*
 * The bits of an entry. An entry is present if any of @present is set. Bits 52
 * and 53 are ignored by both vendors' hardware and are ours.
 */
struct zx_npt_format {
	u64 present;
	u64 table;			/* a pointer to the next level */
	u64 large;			/* a leaf above 4 KiB */
	u64 perm[8];			/* a leaf's bits for ZX_PERM_* */
	u64 type[ZX_MEM_TYPES];		/* and of one of 4 KiB for its memory type */
	bool five_levels;		/* the CPU walks one more above ours */
	bool no_large;			/* leaves of 4 KiB only */
	bool no_large_code;		/* where a guest may execute */
};

struct zx_npt {
	const struct zx_npt_format *format;	/* [I] */
	u64 *root;				/* [I] */
	u64 *top;				/* [I] what the CPU is given */
	struct mutex lock;			/* entries change under it */
	unsigned long tables;			/* [lock] pages used for tables */
};

int zx_npt_init(struct zx_npt *npt, const struct zx_npt_format *format);
/* No CPU uses the tables any more. */
void zx_npt_destroy(struct zx_npt *npt);

/*
 * Install a leaf at @pfn (guest frame) for @page; takes over the caller's
 * reference. Above 4 KiB @type is WRITE_BACK. -EEXIST: something is there already
 * (the caller keeps the reference); -ENOMEM. Under npt->lock.
 */
int zx_npt_map(struct zx_npt *npt, u64 pfn, enum zx_npt_level level, struct page *page,
	       unsigned int perm, enum zx_memtype type);

/*
 * The same in two steps without making tables: the entry that is a leaf for @pfn, or
 * empty, and its level; then a leaf there if it was empty. Under npt->lock.
 */
u64 *zx_npt_find(const struct zx_npt *npt, u64 pfn, enum zx_npt_level *level);
void zx_npt_set(const struct zx_npt *npt, u64 *entry, enum zx_npt_level level, struct page *page,
		unsigned int perm, enum zx_memtype type);

/*
 * Guest frames [first, last]; npt->lock is held from the cut to the end of the
 * sweep. cut: was anything there?
 */
bool zx_npt_cut(struct zx_npt *npt, u64 first, u64 last);
void zx_npt_sweep(struct zx_npt *npt, u64 first, u64 last);

/*
 * The host address of guest-physical @gpa if a leaf permits @perm, else NULL.
 * The caller has interrupts off and counts as a CPU that runs this guest. @mask:
 * the address bits above the leaf.
 */
void *zx_npt_lookup(const struct zx_npt *npt, u64 gpa, unsigned int perm, u64 *mask);

#endif
