/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tree of VMARs of a guest-physical address space. A region is a range of
 * guest frames. What is in it stands in a maple tree of its own: its mappings, and
 * its children as one entry each. So nothing of the parent's ever lands in a
 * child, and an address is found by going down a level for each VMAR around it.
 *
 * A region lives until it is destroyed, through itself or around it, or until the
 * guest ends; then it is dead and refuses everything with BAD_STATE, for as long as
 * VMARs name it. Everything here is under gpas->lock.
 */
#ifndef _ZX_REGION_H
#define _ZX_REGION_H

#include <linux/kref.h>
#include <linux/maple_tree.h>
#include <linux/xarray.h>

#include "gpas.h"

/* Of VMARs in each other: what a fault may have to go down. */
#define ZX_REGION_DEPTH	64

struct zx_region {
	struct kref ref;		/* [a] the parent's tree; VMARs */
	struct zx_gpas *gpas;		/* [I] whoever has a VMAR has it, too */
	struct zx_region *parent;	/* [I] alive if this is; NULL: the root */
	u64 first, last;		/* [I] guest frames */
	unsigned int depth;		/* [I] */
	u8 perm;			/* [I] ZX_PERM_*: what may be mapped */
	bool specific;			/* [I] callers may say where */
	bool dead;			/* [lock] */
	struct maple_tree tree;		/* [lock] guest frames to mappings and children */
	struct list_head doomed;	/* [lock] while it is being destroyed */
};

/* Where something new goes. All in bytes, @offset from the region's start. */
struct zx_place {
	u32 options;			/* ZX_VM_*; those of a place count */
	u64 offset;
	u64 len;			/* whole pages */
};

/* What zx_vmar_map asks for, checked as far as handles and rights go. */
struct zx_map_request {
	struct zx_place place;
	u8 perm, max_perm;
	struct zx_vmo *vmo;
	u64 vmo_offset;
};

struct zx_region *zx_region_root(struct zx_gpas *gpas);	/* NULL: no memory */
void zx_region_put(struct zx_region *region);
/* The guest ends. @root stays with its owner, and is dead as all in it. */
void zx_region_kill(struct zx_region *root);

/* The mapping at @pfn, in @region or deeper; NULL: none. Under gpas->lock. */
struct zx_mapping *zx_region_find(struct zx_region *region, u64 pfn);

/* A child with a reference for the caller. */
zx_status_t zx_region_allocate(struct zx_region *parent, const struct zx_place *place, u8 perm,
			       bool specific, struct zx_region **out);
zx_status_t zx_region_destroy(struct zx_region *region);

/* @serial is for zx_region_unmap_serial(), which undoes this and nothing else. */
zx_status_t zx_region_map(struct zx_region *region, const struct zx_map_request *req, u64 *addr,
			  u64 *serial);
void zx_region_unmap_serial(struct zx_region *region, u64 addr, u64 len, u64 serial);

/* Whole pages of absolute addresses, all inside the region. */
zx_status_t zx_region_unmap(struct zx_region *region, u64 addr, u64 len);
zx_status_t zx_region_protect(struct zx_region *region, u64 addr, u64 len, u8 perm);
zx_status_t zx_region_op(struct zx_region *region, u32 op, u64 addr, u64 len);

static inline u64 zx_region_base(const struct zx_region *region)
{
	return region->first << PAGE_SHIFT;
}

static inline u64 zx_region_size(const struct zx_region *region)
{
	return (region->last - region->first + 1) << PAGE_SHIFT;
}

/* Is [@addr, @addr + @len) some pages, and all of them in the region? */
bool zx_region_covers(const struct zx_region *region, u64 addr, u64 len);

/* An entry of a region's tree is a mapping, or a child by a tagged pointer. */
static inline struct zx_region *zx_entry_child(void *entry)
{
	return xa_pointer_tag(entry) ? xa_untag_pointer(entry) : NULL;
}

/* place.c */
/*
 * The guest frame for @place, under gpas->lock. INVALID_ARGS, ACCESS_DENIED,
 * ALREADY_EXISTS, NO_RESOURCES. With SPECIFIC_OVERWRITE mappings may be there.
 */
zx_status_t zx_region_place(struct zx_region *region, const struct zx_place *place, u64 *pfn);

#endif
