// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where in a VMAR something new goes: at the address that the caller said, or into
 * a hole, the lowest there is or the highest below a limit.
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include "region.h"

#define SPECIFIC	(ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE)

/* What a search looks for; all in guest frames. */
struct search {
	u64 low, high;		/* the result lies in here, inclusive */
	u64 pages;
	u64 align;
	bool down;
};

/* The first gap of @pages in the search's direction, of which the near end is @at. */
static bool find_gap(struct maple_tree *tree, const struct search *search, u64 *at)
{
	MA_STATE(mas, tree, 0, 0);
	int err;

	if (search->low > search->high || search->pages > search->high - search->low + 1)
		return false;
	/* The tree's own search takes a space of one page for no space. */
	if (search->low == search->high) {
		*at = search->low;
		return !mtree_load(tree, search->low);
	}
	mas_lock(&mas);
	if (search->down)
		err = mas_empty_area_rev(&mas, search->low, search->high, search->pages);
	else
		err = mas_empty_area(&mas, search->low, search->high, search->pages);
	*at = mas.index;
	mas_unlock(&mas);
	return !err;
}

static bool is_free(struct maple_tree *tree, const struct search *search, u64 at)
{
	unsigned long index = at;

	return at >= search->low && at <= search->high && search->high - at >= search->pages - 1 &&
	       !mt_find(tree, &index, at + search->pages - 1);
}

/* Go on behind a gap in which an aligned start at @at does not fit, so none does. */
static bool next_gap(struct search *search, u64 at)
{
	cond_resched();
	if (!search->down) {
		search->low = at + search->align;
		return true;
	}
	if (at < search->low + search->align)
		return false;
	search->high = at - search->align + search->pages - 1;
	return true;
}

static zx_status_t find_hole(struct zx_region *region, struct search *search, u64 *pfn)
{
	u64 at;

	while (find_gap(&region->tree, search, &at)) {
		at = search->down ? round_down(at, search->align) : round_up(at, search->align);
		if (is_free(&region->tree, search, at)) {
			*pfn = at;
			return ZX_OK;
		}
		if (!next_gap(search, at))
			break;
	}
	return ZX_ERR_NO_RESOURCES;
}

/* Is what is at frames [first, last] only mappings (or nothing, unless @overwrite)? */
static zx_status_t check_taken(struct zx_region *region, u64 first, u64 last, bool overwrite)
{
	unsigned long index = first;
	void *entry;

	mt_for_each(&region->tree, entry, index, last) {
		if (!overwrite)
			return ZX_ERR_ALREADY_EXISTS;
		if (zx_entry_child(entry))
			return ZX_ERR_INVALID_ARGS;
		cond_resched();
	}
	return ZX_OK;
}

static zx_status_t check_place(const struct zx_region *region, const struct zx_place *place)
{
	bool specific = place->options & SPECIFIC;
	bool limit = place->options & ZX_VM_OFFSET_IS_UPPER_LIMIT;
	u64 size = zx_region_size(region);

	if (!place->len || !PAGE_ALIGNED(place->offset) || (specific && limit) ||
	    (place->offset && !specific && !limit))
		return ZX_ERR_INVALID_ARGS;
	if ((specific || limit) && !region->specific)
		return ZX_ERR_ACCESS_DENIED;
	if (place->offset > size || place->len > (limit ? place->offset : size - place->offset))
		return ZX_ERR_INVALID_ARGS;
	return ZX_OK;
}

zx_status_t zx_region_place(struct zx_region *region, const struct zx_place *place, u64 *pfn)
{
	unsigned int shift = place->options >> ZX_VM_ALIGN_BASE;
	u64 offset = place->offset >> PAGE_SHIFT;
	struct search search = {
		.low = region->first,
		.high = region->last,
		.pages = place->len >> PAGE_SHIFT,
		.align = shift > PAGE_SHIFT ? 1ull << (shift - PAGE_SHIFT) : 1,
		.down = place->options & ZX_VM_OFFSET_IS_UPPER_LIMIT,
	};
	zx_status_t status = check_place(region, place);

	lockdep_assert_held_write(&region->gpas->lock);
	if (status != ZX_OK)
		return status;
	if (search.down)
		search.high = region->first + offset - 1;
	if (!(place->options & SPECIFIC))
		return find_hole(region, &search, pfn);
	*pfn = region->first + offset;
	if (*pfn & (search.align - 1))
		return ZX_ERR_INVALID_ARGS;
	return check_taken(region, *pfn, *pfn + search.pages - 1,
			   place->options & ZX_VM_SPECIFIC_OVERWRITE);
}
