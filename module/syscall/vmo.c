// SPDX-License-Identifier: GPL-2.0-only
/* VMOs: made through any handle of ours. */
#include <linux/file.h>
#include <linux/uaccess.h>

#include "table.h"

static struct zx_vmo *vmo_of(const struct zx_call *call)
{
	return container_of(call->handle->obj, struct zx_vmo, obj);
}

zx_status_t zx_sys_vmo_create(struct zx_call *call)
{
	const struct zx_ioc_vmo_create *args = &call->args.vmo_create;
	struct zx_vmo *vmo;
	zx_status_t status;
	u32 rights;

	status = zx_vmo_new(args->vmo_size, args->options, &vmo);
	if (status != ZX_OK)
		return status;
	rights = vmo->obj.ops->rights;
	if (args->options & ZX_VMO_RESIZABLE)
		rights |= ZX_RIGHT_RESIZE;
	zx_call_publish(call, &vmo->obj, rights, args->out);
	return ZX_OK;
}

zx_status_t zx_sys_vmo_read(struct zx_call *call)
{
	const struct zx_ioc_vmo_copy *args = &call->args.vmo_copy;

	if (args->reserved)
		return ZX_ERR_INVALID_ARGS;
	return zx_vmo_read(vmo_of(call), u64_to_user_ptr(args->buffer), args->offset,
			   args->length);
}

zx_status_t zx_sys_vmo_write(struct zx_call *call)
{
	const struct zx_ioc_vmo_copy *args = &call->args.vmo_copy;

	if (args->reserved)
		return ZX_ERR_INVALID_ARGS;
	return zx_vmo_write(vmo_of(call), u64_to_user_ptr(args->buffer), args->offset,
			    args->length);
}

zx_status_t zx_sys_vmo_get_size(struct zx_call *call)
{
	const struct zx_ioc_vmo_get_size *args = &call->args.vmo_get_size;
	u64 size = zx_vmo_size(vmo_of(call));

	if (args->reserved || put_user(size, (u64 __user *)u64_to_user_ptr(args->out)))
		return ZX_ERR_INVALID_ARGS;
	return ZX_OK;
}

/*
 * Row: WRITE is there. What is resizable needs RESIZE as well, as in Zircon of
 * today; handles that once could resize have it.
 */
zx_status_t zx_sys_vmo_set_size(struct zx_call *call)
{
	const struct zx_ioc_vmo_set_size *args = &call->args.vmo_set_size;
	struct zx_vmo *vmo = vmo_of(call);

	if (args->reserved)
		return ZX_ERR_INVALID_ARGS;
	if (vmo->options & ZX_VMO_RESIZABLE && !(call->handle->rights & ZX_RIGHT_RESIZE))
		return ZX_ERR_ACCESS_DENIED;
	return zx_vmo_set_size(vmo, args->vmo_size);
}

/* Any one of these rights will do; 0: there is no such operation. */
static u32 op_rights(u32 op)
{
	switch (op) {
	case ZX_VMO_OP_COMMIT:
	case ZX_VMO_OP_DECOMMIT:
	case ZX_VMO_OP_ZERO:
	case ZX_VMO_OP_CACHE_INVALIDATE:
		return ZX_RIGHT_WRITE;
	case ZX_VMO_OP_LOCK:
	case ZX_VMO_OP_UNLOCK:
	case ZX_VMO_OP_TRY_LOCK:
		return ZX_RIGHT_READ | ZX_RIGHT_WRITE;
	case ZX_VMO_OP_CACHE_SYNC:
	case ZX_VMO_OP_CACHE_CLEAN:
	case ZX_VMO_OP_CACHE_CLEAN_INVALIDATE:
	case ZX_VMO_OP_DONT_NEED:
	case ZX_VMO_OP_ALWAYS_NEED:
	case ZX_VMO_OP_PREFETCH:
		return ZX_RIGHT_READ;
	default:
		return 0;
	}
}

zx_status_t zx_sys_vmo_op_range(struct zx_call *call)
{
	const struct zx_ioc_vmo_op_range *args = &call->args.vmo_op_range;
	u32 rights = op_rights(args->op);

	if (!rights)
		return ZX_ERR_INVALID_ARGS;
	if (!(call->handle->rights & rights))
		return ZX_ERR_ACCESS_DENIED;
	return zx_vmo_op_range(vmo_of(call), args->op, args->offset, args->length);
}

#define SNAPSHOTS	(ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE | \
			 ZX_VMO_CHILD_SNAPSHOT_MODIFIED)

/* Not more than the parent's handle has, but for what a snapshot is free to do. */
static u32 child_rights(u32 parent, u32 options)
{
	u32 rights = (parent & ~ZX_RIGHT_RESIZE) | ZX_RIGHT_GET_PROPERTY | ZX_RIGHT_SET_PROPERTY;

	if (options & ZX_VMO_CHILD_RESIZABLE)
		rights |= ZX_RIGHT_RESIZE;
	if (options & ZX_VMO_CHILD_NO_WRITE)
		return rights & ~ZX_RIGHT_WRITE;
	if (options & SNAPSHOTS)
		return (rights & ~ZX_RIGHT_EXECUTE) | ZX_RIGHT_WRITE;
	return rights;
}

zx_status_t zx_sys_vmo_create_child(struct zx_call *call)
{
	const struct zx_ioc_vmo_create_child *args = &call->args.vmo_create_child;
	const u32 resizable_reference = ZX_VMO_CHILD_REFERENCE | ZX_VMO_CHILD_RESIZABLE;
	u32 options = args->options;
	struct zx_vmo *child;
	zx_status_t status;

	if (options & ZX_VMO_CHILD_NO_WRITE && options & ZX_VMO_CHILD_RESIZABLE)
		return ZX_ERR_INVALID_ARGS;
	/* Its size is the parent's: who may not change that may not so change it. */
	if (options == resizable_reference && vmo_of(call)->options & ZX_VMO_RESIZABLE &&
	    !(call->handle->rights & ZX_RIGHT_RESIZE))
		return ZX_ERR_ACCESS_DENIED;
	status = zx_vmo_new_child(vmo_of(call), options & ~ZX_VMO_CHILD_NO_WRITE, args->offset,
				  args->length, &child);
	if (status != ZX_OK)
		return status;
	zx_call_publish(call, &child->obj, child_rights(call->handle->rights, options),
			args->out);
	return ZX_OK;
}

zx_status_t zx_sys_vmo_set_cache_policy(struct zx_call *call)
{
	return zx_vmo_set_policy(vmo_of(call), call->args.vmo_set_cache_policy.policy);
}

static zx_status_t check_vmex(u32 vmex)
{
	struct zx_handle *handle;
	zx_status_t status;
	struct file *file;

	status = zx_handle_get(vmex, ZX_OBJ_TYPE_RESOURCE, 0, &file, &handle);
	if (status != ZX_OK)
		return status;
	if (!zx_resource_covers(container_of(handle->obj, struct zx_resource, obj),
				ZX_RSRC_KIND_VMEX))
		status = ZX_ERR_ACCESS_DENIED;
	fput(file);
	return status;
}

/* Without a VMEX resource the caller's job policy decides, and ours permits. */
zx_status_t zx_sys_vmo_replace_as_executable(struct zx_call *call)
{
	const struct zx_ioc_vmo_replace_as_executable *args =
		&call->args.vmo_replace_as_executable;
	struct zx_handle *handle = call->handle;
	zx_status_t status = args->vmex ? check_vmex(args->vmex) : ZX_OK;

	if (status != ZX_OK)
		return status;
	zx_object_get(handle->obj);
	zx_call_publish(call, handle->obj, handle->rights | ZX_RIGHT_EXECUTE, args->out);
	return ZX_OK;
}
