// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls on VMARs: which permissions may be asked for, and by whom.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "../object/guest.h"
#include "table.h"

#define PERMS	(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE)
#define ALIGNMENT	(0xffu << ZX_VM_ALIGN_BASE)
#define MAP_OPTIONS	(PERMS | ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE | ZX_VM_MAP_RANGE | \
			 ZX_VM_REQUIRE_NON_RESIZABLE | ZX_VM_ALLOW_FAULTS | \
			 ZX_VM_OFFSET_IS_UPPER_LIMIT | ALIGNMENT)
#define CAN_MAP_SHIFT	7
#define CAN_MAP	(ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE)
#define ALLOCATE_OPTIONS	(CAN_MAP | ZX_VM_CAN_MAP_SPECIFIC | ZX_VM_COMPACT | \
				 ZX_VM_SPECIFIC | ZX_VM_OFFSET_IS_UPPER_LIMIT | ALIGNMENT)
#define ALIGN_MIN	10
#define ALIGN_MAX	32
#define SPACE	(1ull << ZX_GPA_BITS)

/* The three permissions have the same place in ZX_VM_PERM_* and ZX_PERM_*. */
static_assert(ZX_VM_PERM_READ == ZX_PERM_READ && ZX_VM_PERM_WRITE == ZX_PERM_WRITE &&
	      ZX_VM_PERM_EXECUTE == ZX_PERM_EXEC);
/* And the same order in ZX_VM_CAN_MAP_*. */
static_assert(ZX_PERM_READ << CAN_MAP_SHIFT == ZX_VM_CAN_MAP_READ &&
	      ZX_PERM_WRITE << CAN_MAP_SHIFT == ZX_VM_CAN_MAP_WRITE &&
	      ZX_PERM_EXEC << CAN_MAP_SHIFT == ZX_VM_CAN_MAP_EXECUTE);

static struct zx_region *region_of(const struct zx_call *call)
{
	return zx_vmar_from(call->handle->obj)->region;
}

/* What the rights of a handle permit. */
static u8 perms_of(u32 rights)
{
	return (rights & ZX_RIGHT_READ ? ZX_PERM_READ : 0) |
	       (rights & ZX_RIGHT_WRITE ? ZX_PERM_WRITE : 0) |
	       (rights & ZX_RIGHT_EXECUTE ? ZX_PERM_EXEC : 0);
}

static u32 rights_of(u8 perms)
{
	return (perms & ZX_PERM_READ ? ZX_RIGHT_READ : 0) |
	       (perms & ZX_PERM_WRITE ? ZX_RIGHT_WRITE : 0) |
	       (perms & ZX_PERM_EXEC ? ZX_RIGHT_EXECUTE : 0);
}

static bool align_is_valid(u32 options)
{
	unsigned int align = options >> ZX_VM_ALIGN_BASE;

	return !align || (align >= ALIGN_MIN && align <= ALIGN_MAX);
}

static zx_status_t check_map_options(u32 options)
{
	if (options & ~MAP_OPTIONS || !align_is_valid(options))
		return ZX_ERR_INVALID_ARGS;
	if (options & PERMS && !(options & ZX_VM_PERM_READ))
		return ZX_ERR_INVALID_ARGS;
	if (options & ZX_VM_MAP_RANGE && options & ZX_VM_SPECIFIC_OVERWRITE)
		return ZX_ERR_INVALID_ARGS;
	return ZX_OK;
}

/* Of offsets and lengths what the region need not be asked for. */
static zx_status_t check_map_range(const struct zx_ioc_vmar_map *args, struct zx_map_request *req)
{
	if (args->len > SPACE || !PAGE_ALIGNED(args->vmo_offset))
		return ZX_ERR_INVALID_ARGS;
	req->place.options = args->options;
	req->place.offset = args->vmar_offset;
	req->place.len = PAGE_ALIGN(args->len);
	req->vmo_offset = args->vmo_offset;
	if (req->vmo_offset + req->place.len < req->vmo_offset)
		return ZX_ERR_OUT_OF_RANGE;
	return ZX_OK;
}

static zx_status_t check_map(const struct zx_call *call, const struct zx_handle *vmo,
			     struct zx_map_request *req)
{
	const struct zx_ioc_vmar_map *args = &call->args.vmar_map;
	zx_status_t status = check_map_options(args->options);

	if (status != ZX_OK)
		return status;
	req->perm = args->options & PERMS;
	req->max_perm = perms_of(vmo->rights) & perms_of(call->handle->rights) &
			region_of(call)->perm;
	req->vmo = container_of(vmo->obj, struct zx_vmo, obj);
	if (req->perm & ~req->max_perm)
		return ZX_ERR_ACCESS_DENIED;
	if (args->options & ZX_VM_REQUIRE_NON_RESIZABLE && zx_vmo_resizable(req->vmo))
		return ZX_ERR_NOT_SUPPORTED;
	return check_map_range(args, req);
}

/* What can fail once the mapping is there undoes it, and no other one. */
static zx_status_t map(struct zx_region *region, const struct zx_map_request *req, u64 out)
{
	u64 len = req->place.len, addr, serial;
	zx_status_t status = zx_region_map(region, req, &addr, &serial);

	if (status != ZX_OK)
		return status;
	if (req->place.options & ZX_VM_MAP_RANGE)
		status = zx_gpas_populate(region->gpas, addr >> PAGE_SHIFT,
					  (addr + len - 1) >> PAGE_SHIFT);
	if (status == ZX_OK && put_user(addr, (u64 __user *)u64_to_user_ptr(out)))
		status = ZX_ERR_INVALID_ARGS;
	if (status != ZX_OK)
		zx_region_unmap_serial(region, addr, len, serial);
	return status;
}

zx_status_t zx_sys_vmar_map(struct zx_call *call)
{
	const struct zx_ioc_vmar_map *args = &call->args.vmar_map;
	struct zx_map_request req = {};
	struct zx_handle *vmo;
	struct file *file;
	zx_status_t status;

	if (args->reserved)
		return ZX_ERR_INVALID_ARGS;
	status = zx_handle_get(args->vmo, ZX_OBJ_TYPE_VMO, ZX_RIGHT_MAP, &file, &vmo);
	if (status != ZX_OK)
		return status;
	status = check_map(call, vmo, &req);
	if (status == ZX_OK)
		status = map(region_of(call), &req, args->out);
	fput(file);
	return status;
}

zx_status_t zx_sys_vmar_unmap(struct zx_call *call)
{
	const struct zx_ioc_vmar_unmap *args = &call->args.vmar_unmap;

	if (args->reserved || args->len > SPACE)
		return ZX_ERR_INVALID_ARGS;
	return zx_region_unmap(region_of(call), args->addr, PAGE_ALIGN(args->len));
}

zx_status_t zx_sys_vmar_protect(struct zx_call *call)
{
	const struct zx_ioc_vmar_protect *args = &call->args.vmar_protect;

	if (args->options & PERMS & ~perms_of(call->handle->rights))
		return ZX_ERR_ACCESS_DENIED;
	if (args->options & ~PERMS || (args->options && !(args->options & ZX_VM_PERM_READ)) ||
	    args->len > SPACE)
		return ZX_ERR_INVALID_ARGS;
	return zx_region_protect(region_of(call), args->addr, PAGE_ALIGN(args->len),
				 args->options);
}

static zx_status_t allocate(struct zx_call *call, u8 perm, struct zx_vmar **out)
{
	const struct zx_ioc_vmar_allocate *args = &call->args.vmar_allocate;
	struct zx_place place = {
		.options = args->options, .offset = args->offset, .len = args->length,
	};
	struct zx_region *region;
	zx_status_t status;

	status = zx_region_allocate(region_of(call), &place, perm,
				    args->options & ZX_VM_CAN_MAP_SPECIFIC, &region);
	if (status != ZX_OK)
		return status;
	status = zx_vmar_new(region, out);
	if (status != ZX_OK)
		zx_region_destroy(region);
	zx_region_put(region);
	return status;
}

zx_status_t zx_sys_vmar_allocate(struct zx_call *call)
{
	const struct zx_ioc_vmar_allocate *args = &call->args.vmar_allocate;
	u8 perm = (args->options & CAN_MAP) >> CAN_MAP_SHIFT;
	struct zx_vmar *vmar;
	zx_status_t status;
	u64 addr;

	if (perm & ~perms_of(call->handle->rights))
		return ZX_ERR_ACCESS_DENIED;
	if (args->options & ~ALLOCATE_OPTIONS || !align_is_valid(args->options) ||
	    !PAGE_ALIGNED(args->length))
		return ZX_ERR_INVALID_ARGS;
	status = allocate(call, perm, &vmar);
	if (status != ZX_OK)
		return status;
	addr = zx_region_base(vmar->region);
	zx_call_publish(call, &vmar->obj, (vmar->obj.ops->rights & ~rights_of(~0)) |
			rights_of(perm), args->out);
	return put_user(addr, (u64 __user *)u64_to_user_ptr(args->out_addr)) ?
		ZX_ERR_INVALID_ARGS : ZX_OK;
}

/* Without its handle nobody could destroy it. */
void zx_undo_vmar_allocate(struct zx_call *call)
{
	zx_region_destroy(zx_vmar_from(call->fresh[0].obj)->region);
}

zx_status_t zx_sys_vmar_destroy(struct zx_call *call)
{
	if (call->args.vmar_destroy.reserved)
		return ZX_ERR_INVALID_ARGS;
	return zx_region_destroy(region_of(call));
}

zx_status_t zx_sys_vmar_op_range(struct zx_call *call)
{
	const struct zx_ioc_vmar_op_range *args = &call->args.vmar_op_range;
	bool writes = args->op == ZX_VMAR_OP_COMMIT || args->op == ZX_VMAR_OP_DECOMMIT ||
		      args->op == ZX_VMAR_OP_ZERO;

	if (writes && !(call->handle->rights & ZX_RIGHT_WRITE))
		return ZX_ERR_ACCESS_DENIED;
	return zx_region_op(region_of(call), args->op, args->addr, args->length);
}
