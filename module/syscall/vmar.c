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
#define MAP_OPTIONS	(PERMS | ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE | ZX_VM_MAP_RANGE | \
			 ZX_VM_REQUIRE_NON_RESIZABLE | ZX_VM_ALLOW_FAULTS | \
			 ZX_VM_OFFSET_IS_UPPER_LIMIT | 0xffu << ZX_VM_ALIGN_BASE)
#define PLACED	(ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE | ZX_VM_OFFSET_IS_UPPER_LIMIT)
#define ALIGN_MIN	10
#define ALIGN_MAX	32

/* The three permissions have the same place in ZX_VM_PERM_* and ZX_PERM_*. */
static_assert(ZX_VM_PERM_READ == ZX_PERM_READ && ZX_VM_PERM_WRITE == ZX_PERM_WRITE &&
	      ZX_VM_PERM_EXECUTE == ZX_PERM_EXEC);

/* What the rights of a handle permit. */
static u8 perms_of(u32 rights)
{
	return (rights & ZX_RIGHT_READ ? ZX_PERM_READ : 0) |
	       (rights & ZX_RIGHT_WRITE ? ZX_PERM_WRITE : 0) |
	       (rights & ZX_RIGHT_EXECUTE ? ZX_PERM_EXEC : 0);
}

static zx_status_t check_map_options(u32 options)
{
	unsigned int align = options >> ZX_VM_ALIGN_BASE;

	if (options & ~MAP_OPTIONS || (align && (align < ALIGN_MIN || align > ALIGN_MAX)))
		return ZX_ERR_INVALID_ARGS;
	if (options & PERMS && !(options & ZX_VM_PERM_READ))
		return ZX_ERR_INVALID_ARGS;
	if (options & ZX_VM_MAP_RANGE && options & ZX_VM_SPECIFIC_OVERWRITE)
		return ZX_ERR_INVALID_ARGS;
	if (options & ZX_VM_OFFSET_IS_UPPER_LIMIT &&
	    options & (ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE))
		return ZX_ERR_INVALID_ARGS;
	return ZX_OK;
}

/* Offsets and lengths, once rights are settled. */
static zx_status_t check_map_range(const struct zx_ioc_vmar_map *args, struct zx_map_request *req)
{
	u64 space = 1ull << ZX_GPA_BITS, offset = args->vmar_offset;

	if (!(args->options & PLACED) && offset)
		return ZX_ERR_INVALID_ARGS;
	if (!args->len || args->len > space || (offset | args->vmo_offset) & ~PAGE_MASK)
		return ZX_ERR_INVALID_ARGS;
	req->len = PAGE_ALIGN(args->len);
	if (offset > space || (!(args->options & ZX_VM_OFFSET_IS_UPPER_LIMIT) &&
			       req->len > space - offset))
		return ZX_ERR_INVALID_ARGS;
	if (args->vmo_offset + req->len < args->vmo_offset)
		return ZX_ERR_OUT_OF_RANGE;
	req->offset = offset;
	req->vmo_offset = args->vmo_offset;
	return ZX_OK;
}

static zx_status_t check_map(const struct zx_call *call, const struct zx_handle *vmo,
			     struct zx_map_request *req)
{
	const struct zx_ioc_vmar_map *args = &call->args.vmar_map;
	zx_status_t status = check_map_options(args->options);

	if (status != ZX_OK)
		return status;
	req->options = args->options;
	req->perm = args->options & PERMS;
	req->max_perm = perms_of(vmo->rights) & perms_of(call->handle->rights);
	req->vmo = container_of(vmo->obj, struct zx_vmo, obj);
	if (req->perm & ~req->max_perm)
		return ZX_ERR_ACCESS_DENIED;
	if (args->options & ZX_VM_REQUIRE_NON_RESIZABLE && zx_vmo_resizable(req->vmo))
		return ZX_ERR_NOT_SUPPORTED;
	return check_map_range(args, req);
}

zx_status_t zx_sys_vmar_map(struct zx_call *call)
{
	const struct zx_ioc_vmar_map *args = &call->args.vmar_map;
	struct zx_gpas *gpas = zx_vmar_from(call->handle->obj)->gpas;
	struct zx_map_request req = {};
	struct zx_handle *vmo;
	struct file *file;
	zx_status_t status;
	u64 addr;

	if (args->reserved)
		return ZX_ERR_INVALID_ARGS;
	status = zx_handle_get(args->vmo, ZX_OBJ_TYPE_VMO, ZX_RIGHT_MAP, &file, &vmo);
	if (status != ZX_OK)
		return status;
	status = check_map(call, vmo, &req);
	if (status == ZX_OK)
		status = zx_gpas_map(gpas, &req, &addr);
	if (status == ZX_OK && put_user(addr, (u64 __user *)u64_to_user_ptr(args->out))) {
		zx_gpas_unmap(gpas, addr, req.len);
		status = ZX_ERR_INVALID_ARGS;
	}
	fput(file);
	return status;
}

zx_status_t zx_sys_vmar_unmap(struct zx_call *call)
{
	const struct zx_ioc_vmar_unmap *args = &call->args.vmar_unmap;

	if (args->reserved || args->len > 1ull << ZX_GPA_BITS)
		return ZX_ERR_INVALID_ARGS;
	return zx_gpas_unmap(zx_vmar_from(call->handle->obj)->gpas, args->addr,
			     PAGE_ALIGN(args->len));
}

zx_status_t zx_sys_vmar_protect(struct zx_call *call)
{
	const struct zx_ioc_vmar_protect *args = &call->args.vmar_protect;

	if (args->options & ~PERMS || (args->options && !(args->options & ZX_VM_PERM_READ)) ||
	    args->len > 1ull << ZX_GPA_BITS)
		return ZX_ERR_INVALID_ARGS;
	if (args->options & ~perms_of(call->handle->rights))
		return ZX_ERR_ACCESS_DENIED;
	return zx_gpas_protect(zx_vmar_from(call->handle->obj)->gpas, args->addr,
			       PAGE_ALIGN(args->len), args->options);
}
