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
	u64 size = READ_ONCE(vmo_of(call)->size);

	if (args->reserved || put_user(size, (u64 __user *)u64_to_user_ptr(args->out)))
		return ZX_ERR_INVALID_ARGS;
	return ZX_OK;
}

zx_status_t zx_sys_vmo_set_size(struct zx_call *call)
{
	const struct zx_ioc_vmo_set_size *args = &call->args.vmo_set_size;

	if (args->reserved)
		return ZX_ERR_INVALID_ARGS;
	return zx_vmo_set_size(vmo_of(call), args->vmo_size);
}

zx_status_t zx_sys_vmo_op_range(struct zx_call *call)
{
	const struct zx_ioc_vmo_op_range *args = &call->args.vmo_op_range;

	return zx_vmo_op_range(vmo_of(call), args->op, args->offset, args->length);
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
