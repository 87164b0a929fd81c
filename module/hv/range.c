// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work on the VMOs behind a range of mappings, one mapping after the other. The
 * lock is not held meanwhile: it may take long, and VCPUs need it for their faults.
 * So mappings may change between one step and the next, and each step looks anew.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "region.h"

/* A part of a VMO that is seen through one mapping. */
struct piece {
	struct zx_vmo *vmo;		/* a reference */
	u64 offset, len;
};

static bool is_hint(u32 op)
{
	return op == ZX_VMAR_OP_DONT_NEED || op == ZX_VMAR_OP_ALWAYS_NEED ||
	       op == ZX_VMAR_OP_PREFETCH || op == ZX_VMAR_OP_MAP_RANGE;
}

/* The VMO operation that does it; 0: none. */
static u32 vmo_op(u32 op)
{
	switch (op) {
	case ZX_VMAR_OP_COMMIT:
		return ZX_VMO_OP_COMMIT;
	case ZX_VMAR_OP_DECOMMIT:
		return ZX_VMO_OP_DECOMMIT;
	case ZX_VMAR_OP_ZERO:
		return ZX_VMO_OP_ZERO;
	default:
		return 0;
	}
}

/* Hints change nothing that can be seen, so they may go through to children. */
static zx_status_t find_mapping(struct zx_region *region, u32 op, u64 pfn, struct zx_mapping **out)
{
	struct zx_mapping *map;

	if (region->dead)
		return ZX_ERR_BAD_STATE;
	map = is_hint(op) ? zx_region_find(region, pfn) : mtree_load(&region->tree, pfn);
	if (!map)
		return ZX_ERR_BAD_STATE;
	if (zx_entry_child(map))
		return ZX_ERR_INVALID_ARGS;
	if (!is_hint(op) && !(map->max_perm & ZX_PERM_WRITE))
		return ZX_ERR_ACCESS_DENIED;
	*out = map;
	return ZX_OK;
}

static zx_status_t take_piece(struct zx_region *region, u32 op, u64 first, u64 last,
			      struct piece *piece)
{
	struct zx_mapping *map;
	zx_status_t status;

	down_read(&region->gpas->lock);
	status = find_mapping(region, op, first, &map);
	if (status == ZX_OK) {
		piece->vmo = map->vmo;
		piece->offset = (map->vmo_first - map->vmo->first + (first - map->first))
				<< PAGE_SHIFT;
		piece->len = (min(last, map->last) - first + 1) << PAGE_SHIFT;
		zx_object_get(&map->vmo->obj);
	}
	up_read(&region->gpas->lock);
	return status;
}

static zx_status_t work_on(struct zx_region *region, u32 op, u64 pfn, const struct piece *piece)
{
	zx_status_t status = ZX_OK;

	if (vmo_op(op))
		status = zx_vmo_op_range(piece->vmo, vmo_op(op), piece->offset, piece->len);
	if (status == ZX_OK && (op == ZX_VMAR_OP_COMMIT || op == ZX_VMAR_OP_MAP_RANGE ||
				op == ZX_VMAR_OP_ALWAYS_NEED || op == ZX_VMAR_OP_PREFETCH))
		status = zx_gpas_populate(region->gpas, pfn,
					  pfn + (piece->len >> PAGE_SHIFT) - 1);
	return status;
}

zx_status_t zx_region_op(struct zx_region *region, u32 op, u64 addr, u64 len)
{
	u64 first = addr >> PAGE_SHIFT, last = (addr + len - 1) >> PAGE_SHIFT;
	zx_status_t status = ZX_OK;
	struct piece piece;

	if ((!is_hint(op) && !vmo_op(op)) || !len || !PAGE_ALIGNED(addr | len))
		return ZX_ERR_INVALID_ARGS;
	if (!zx_region_covers(region, addr, len))
		return ZX_ERR_OUT_OF_RANGE;
	while (first <= last && status == ZX_OK) {
		if (fatal_signal_pending(current))
			return ZX_ERR_INTERNAL_INTR_RETRY;
		status = take_piece(region, op, first, last, &piece);
		if (status != ZX_OK)
			break;
		status = work_on(region, op, first, &piece);
		zx_object_put(&piece.vmo->obj);
		first += piece.len >> PAGE_SHIFT;
		cond_resched();
	}
	return status;
}
