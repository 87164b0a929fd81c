// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes to the tree of VMARs: see region.h for what it is, place.c for where
 * things go, range.c for the pages behind. A caller's tree may be as deep and as
 * wide as its memory lasts, so nothing here calls itself, and every walk yields.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "region.h"

#define ALL_PERMS	(ZX_PERM_READ | ZX_PERM_WRITE | ZX_PERM_EXEC)

static void region_free(struct kref *ref)
{
	kfree(container_of(ref, struct zx_region, ref));
}

void zx_region_put(struct zx_region *region)
{
	kref_put(&region->ref, region_free);
}

static struct zx_region *region_new(struct zx_gpas *gpas, u64 first, u64 last, u8 perm,
				    bool specific)
{
	struct zx_region *region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);

	if (!region)
		return NULL;
	kref_init(&region->ref);
	region->gpas = gpas;
	region->first = first;
	region->last = last;
	region->perm = perm;
	region->specific = specific;
	mt_init_flags(&region->tree, MT_FLAGS_ALLOC_RANGE);
	return region;
}

struct zx_region *zx_region_root(struct zx_gpas *gpas)
{
	return region_new(gpas, 0, ZX_GPA_PAGES - 1, ALL_PERMS, true);
}

bool zx_region_covers(const struct zx_region *region, u64 addr, u64 len)
{
	u64 offset = addr - zx_region_base(region), size = zx_region_size(region);

	return len && PAGE_ALIGNED(addr | len) && addr >= zx_region_base(region) &&
	       offset < size && len <= size - offset;
}

struct zx_mapping *zx_region_find(struct zx_region *region, u64 pfn)
{
	void *entry;

	lockdep_assert_held(&region->gpas->lock);
	do {
		entry = mtree_load(&region->tree, pfn);
		region = zx_entry_child(entry);
	} while (region);
	return entry;
}

/*
 * May not fail: an unmap that found no memory would leave the caller with pages
 * that it cannot take back. A store needs a handful of small nodes.
 */
static void store(struct zx_region *region, u64 first, u64 last, void *entry)
{
	lockdep_assert_held_write(&region->gpas->lock);
	mtree_store_range(&region->tree, first, last, entry, GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
}

/* The part [first, last] of @old as a mapping of its own, not yet in the tree. */
static struct zx_mapping *carve(const struct zx_mapping *old, u64 first, u64 last, u8 perm)
{
	struct zx_mapping *map = zx_mapping_new(old->gpas, old->vmo, first, last,
						old->vmo_first + (first - old->first));

	if (map) {
		map->serial = old->serial;
		map->perm = perm;
		map->max_perm = old->max_perm;
	}
	return map;
}

/* Make a mapping's edge at frame @at, if @at is inside one. */
static zx_status_t split_at(struct zx_region *region, u64 at)
{
	struct zx_mapping *old = mtree_load(&region->tree, at), *head, *tail;

	if (!old || zx_entry_child(old) || old->first == at)
		return ZX_OK;
	head = carve(old, old->first, at - 1, old->perm);
	tail = carve(old, at, old->last, old->perm);
	if (!head || !tail) {
		zx_mapping_free(head);
		zx_mapping_free(tail);
		return ZX_ERR_NO_MEMORY;
	}
	store(region, head->first, head->last, head);
	store(region, tail->first, tail->last, tail);
	zx_mapping_free(old);
	return ZX_OK;
}

/* To fail half way is harmless: the pieces say together what the whole said. */
static zx_status_t split(struct zx_region *region, u64 first, u64 last)
{
	zx_status_t status = split_at(region, first);

	return status == ZX_OK ? split_at(region, last + 1) : status;
}

/* Let go of what the tree has in [first, last]; the caller then changes the tree. */
static void let_go(struct zx_region *region, u64 first, u64 last, struct list_head *doomed)
{
	unsigned long index = first;
	struct zx_region *child;
	void *entry;

	mt_for_each(&region->tree, entry, index, last) {
		child = zx_entry_child(entry);
		if (child)
			list_add(&child->doomed, doomed);
		else
			zx_mapping_free(entry);
		cond_resched();
	}
}

/* The end of regions that no tree has any more, and of all inside them. */
static void bury(struct list_head *doomed)
{
	struct zx_region *region;

	while ((region = list_first_entry_or_null(doomed, struct zx_region, doomed))) {
		list_del(&region->doomed);
		region->dead = true;
		let_go(region, region->first, region->last, doomed);
		mtree_destroy(&region->tree);
		zx_region_put(region);
		cond_resched();
	}
}

void zx_region_kill(struct zx_region *root)
{
	LIST_HEAD(doomed);

	lockdep_assert_held_write(&root->gpas->lock);
	kref_get(&root->ref);
	list_add(&root->doomed, &doomed);
	bury(&doomed);
}

/* Empty [first, last], whose ends cut nothing. */
static void clear(struct zx_region *region, u64 first, u64 last)
{
	LIST_HEAD(doomed);

	zx_gpas_drop_pages(region->gpas, first, last);
	let_go(region, first, last, &doomed);
	store(region, first, last, NULL);
	bury(&doomed);
}

/* Do [first, last] hold a part of a child without the rest? */
static bool cuts_child(struct zx_region *region, u64 first, u64 last)
{
	struct zx_region *low = zx_entry_child(mtree_load(&region->tree, first));
	struct zx_region *high = zx_entry_child(mtree_load(&region->tree, last));

	return (low && low->first < first) || (high && high->last > last);
}

static zx_status_t unmap_locked(struct zx_region *region, u64 first, u64 last)
{
	zx_status_t status;

	if (cuts_child(region, first, last))
		return ZX_ERR_INVALID_ARGS;
	status = split(region, first, last);
	if (status == ZX_OK)
		clear(region, first, last);
	return status;
}

zx_status_t zx_region_unmap(struct zx_region *region, u64 addr, u64 len)
{
	zx_status_t status = ZX_ERR_BAD_STATE;

	if (!zx_region_covers(region, addr, len))
		return ZX_ERR_INVALID_ARGS;
	down_write(&region->gpas->lock);
	if (!region->dead)
		status = unmap_locked(region, addr >> PAGE_SHIFT, (addr + len - 1) >> PAGE_SHIFT);
	up_write(&region->gpas->lock);
	return status;
}

void zx_region_unmap_serial(struct zx_region *region, u64 addr, u64 len, u64 serial)
{
	unsigned long index = addr >> PAGE_SHIFT, last = (addr + len - 1) >> PAGE_SHIFT;
	struct zx_mapping *map;

	down_write(&region->gpas->lock);
	while (!region->dead && (map = mt_find(&region->tree, &index, last)))
		if (!zx_entry_child(map) && map->serial == serial)
			clear(region, map->first, map->last);
	up_write(&region->gpas->lock);
}

/* Is all of [first, last] mapped, with nothing that forbids @perm? */
static zx_status_t may_protect(struct zx_region *region, u64 first, u64 last, u8 perm)
{
	struct zx_mapping *map;

	while (first <= last) {
		map = mtree_load(&region->tree, first);
		if (!map)
			return ZX_ERR_NOT_FOUND;
		if (zx_entry_child(map))
			return ZX_ERR_INVALID_ARGS;
		if (perm & ~map->max_perm)
			return ZX_ERR_ACCESS_DENIED;
		first = map->last + 1;
		cond_resched();
	}
	return ZX_OK;
}

static zx_status_t protect_locked(struct zx_region *region, u64 first, u64 last, u8 perm)
{
	zx_status_t status = may_protect(region, first, last, perm);
	struct zx_mapping *map, *new;
	u64 at, next;

	if (status == ZX_OK)
		status = split(region, first, last);
	if (status != ZX_OK)
		return status;
	for (at = first; at <= last; at = next) {
		map = mtree_load(&region->tree, at);
		next = map->last + 1;
		if (map->perm == perm)
			continue;
		new = carve(map, map->first, map->last, perm);
		if (!new)
			break;
		store(region, new->first, new->last, new);
		zx_mapping_free(map);
		cond_resched();
	}
	zx_gpas_drop_pages(region->gpas, first, last);
	return at > last ? ZX_OK : ZX_ERR_NO_MEMORY;
}

zx_status_t zx_region_protect(struct zx_region *region, u64 addr, u64 len, u8 perm)
{
	zx_status_t status = ZX_ERR_BAD_STATE;

	if (!zx_region_covers(region, addr, len))
		return ZX_ERR_INVALID_ARGS;
	down_write(&region->gpas->lock);
	if (!region->dead)
		status = protect_locked(region, addr >> PAGE_SHIFT, (addr + len - 1) >> PAGE_SHIFT,
					perm);
	up_write(&region->gpas->lock);
	return status;
}

static zx_status_t map_locked(struct zx_region *region, const struct zx_map_request *req,
			      struct zx_mapping **out)
{
	u64 pfn, last;
	struct zx_mapping *map;
	zx_status_t status;

	if (region->dead)
		return ZX_ERR_BAD_STATE;
	status = zx_region_place(region, &req->place, &pfn);
	if (status != ZX_OK)
		return status;
	last = pfn + (req->place.len >> PAGE_SHIFT) - 1;
	map = zx_mapping_new(region->gpas, req->vmo, pfn, last,
			     req->vmo->first + (req->vmo_offset >> PAGE_SHIFT));
	if (!map)
		return ZX_ERR_NO_MEMORY;
	map->perm = req->perm;
	map->max_perm = req->max_perm;
	map->serial = ++region->gpas->last_serial;
	/* What is there goes once nothing else can fail. */
	if (req->place.options & ZX_VM_SPECIFIC_OVERWRITE)
		status = unmap_locked(region, pfn, last);
	if (status != ZX_OK) {
		zx_mapping_free(map);
		return status;
	}
	store(region, pfn, last, map);
	*out = map;
	return ZX_OK;
}

zx_status_t zx_region_map(struct zx_region *region, const struct zx_map_request *req, u64 *addr,
			  u64 *serial)
{
	struct zx_mapping *map;
	zx_status_t status;

	down_write(&region->gpas->lock);
	status = map_locked(region, req, &map);
	if (status == ZX_OK) {
		*addr = map->first << PAGE_SHIFT;
		*serial = map->serial;
	}
	up_write(&region->gpas->lock);
	return status;
}

static zx_status_t allocate_locked(struct zx_region *parent, const struct zx_place *place, u8 perm,
				   bool specific, struct zx_region **out)
{
	struct zx_region *region;
	zx_status_t status;
	u64 pfn;

	if (parent->dead)
		return ZX_ERR_BAD_STATE;
	if (perm & ~parent->perm)
		return ZX_ERR_ACCESS_DENIED;
	status = zx_region_place(parent, place, &pfn);
	if (status != ZX_OK)
		return status;
	if (parent->depth == ZX_REGION_DEPTH)
		return ZX_ERR_NO_RESOURCES;
	region = region_new(parent->gpas, pfn, pfn + (place->len >> PAGE_SHIFT) - 1, perm,
			    specific);
	if (!region)
		return ZX_ERR_NO_MEMORY;
	region->parent = parent;
	region->depth = parent->depth + 1;
	store(parent, region->first, region->last, xa_tag_pointer(region, 1));
	kref_get(&region->ref);
	*out = region;
	return ZX_OK;
}

zx_status_t zx_region_allocate(struct zx_region *parent, const struct zx_place *place, u8 perm,
			       bool specific, struct zx_region **out)
{
	zx_status_t status;

	down_write(&parent->gpas->lock);
	status = allocate_locked(parent, place, perm, specific, out);
	up_write(&parent->gpas->lock);
	return status;
}

zx_status_t zx_region_destroy(struct zx_region *region)
{
	zx_status_t status = ZX_OK;

	down_write(&region->gpas->lock);
	if (region->dead)
		status = ZX_ERR_BAD_STATE;
	else if (!region->parent)
		status = ZX_ERR_NOT_SUPPORTED;
	else
		clear(region->parent, region->first, region->last);
	up_write(&region->gpas->lock);
	return status;
}
