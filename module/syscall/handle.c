// SPDX-License-Identifier: GPL-2.0-only
/* What can be done with a handle of any type. */
#include <linux/uaccess.h>

#include "table.h"

/* Row: DUPLICATE is there. Replacing is the same, and the caller closes the old one. */
zx_status_t zx_sys_handle_duplicate(struct zx_call *call)
{
	const struct zx_ioc_handle_duplicate *args = &call->args.handle_duplicate;
	const struct zx_handle *handle = call->handle;
	u32 rights = args->rights;

	if (rights == ZX_RIGHT_SAME_RIGHTS)
		rights = handle->rights;
	if (rights & ~handle->rights)
		return ZX_ERR_INVALID_ARGS;
	zx_object_get(handle->obj);
	zx_call_publish(call, handle->obj, rights, args->out);
	return ZX_OK;
}

zx_status_t zx_sys_handle_replace(struct zx_call *call)
{
	return zx_sys_handle_duplicate(call);
}

/* The answer to a topic: one record. */
union info {
	struct zx_ioc_info_handle_basic basic;
	struct zx_ioc_info_vmar vmar;
	struct zx_ioc_info_vcpu vcpu;
	struct zx_ioc_info_resource resource;
	struct zx_ioc_info_vmo vmo;
	u32 handle_count;
};

static zx_status_t info_basic(const struct zx_handle *handle, struct zx_ioc_info_handle_basic *out)
{
	out->koid = handle->obj->koid;
	out->rights = handle->rights;
	out->type = handle->obj->ops->type;
	out->related_koid = handle->obj->related_koid;
	return ZX_OK;
}

static zx_status_t info_vmar(const struct zx_handle *handle, struct zx_ioc_info_vmar *out)
{
	zx_status_t status = zx_handle_check(handle, ZX_OBJ_TYPE_VMAR, ZX_RIGHT_INSPECT);

	return status != ZX_OK ? status : zx_vmar_info(handle->obj, out);
}

static zx_status_t info_vcpu(const struct zx_handle *handle, struct zx_ioc_info_vcpu *out)
{
	zx_status_t status = zx_handle_check(handle, ZX_OBJ_TYPE_VCPU, ZX_RIGHT_INSPECT);

	return status != ZX_OK ? status : zx_vcpu_info(handle->obj, out);
}

static zx_status_t info_resource(const struct zx_handle *handle, struct zx_ioc_info_resource *out)
{
	zx_status_t status = zx_handle_check(handle, ZX_OBJ_TYPE_RESOURCE, ZX_RIGHT_INSPECT);

	if (status == ZX_OK)
		zx_resource_info(handle->obj, out);
	return status;
}

static zx_status_t info_vmo(const struct zx_handle *handle, struct zx_ioc_info_vmo *out)
{
	zx_status_t status = zx_handle_check(handle, ZX_OBJ_TYPE_VMO, 0);

	if (status != ZX_OK)
		return status;
	zx_vmo_info(container_of(handle->obj, struct zx_vmo, obj), out);
	out->handle_rights = handle->rights;
	return ZX_OK;
}

/* Type and rights are checked and the record is made before the buffer is looked at. */
static zx_status_t make_info(const struct zx_handle *handle, u32 topic, union info *info,
			     size_t *size)
{
	switch (topic) {
	case ZX_INFO_HANDLE_BASIC:
		*size = sizeof(info->basic);
		return info_basic(handle, &info->basic);
	case ZX_INFO_VMAR:
		*size = sizeof(info->vmar);
		return info_vmar(handle, &info->vmar);
	case ZX_INFO_VCPU:
		*size = sizeof(info->vcpu);
		return info_vcpu(handle, &info->vcpu);
	case ZX_INFO_RESOURCE:
		*size = sizeof(info->resource);
		return info_resource(handle, &info->resource);
	case ZX_INFO_VMO:
		*size = sizeof(info->vmo);
		return info_vmo(handle, &info->vmo);
	case ZX_INFO_HANDLE_COUNT:
		*size = sizeof(info->handle_count);
		info->handle_count = atomic_read(&handle->obj->handles);
		return zx_handle_check(handle, ZX_OBJ_TYPE_NONE, ZX_RIGHT_INSPECT);
	default:
		return ZX_ERR_NOT_SUPPORTED;
	}
}

zx_status_t zx_sys_object_get_info(struct zx_call *call)
{
	const struct zx_ioc_object_get_info *args = &call->args.object_get_info;
	union info info;
	zx_status_t status;
	size_t size;
	bool fits;

	/* That the call came here is the answer. */
	if (args->topic == ZX_INFO_HANDLE_VALID)
		return ZX_OK;
	if (args->topic == ZX_INFO_GUEST_STATS)
		return zx_sys_info_guest_stats(call);
	/* An initialiser need not clear more than the first member. */
	memset(&info, 0, sizeof(info));
	status = make_info(call->handle, args->topic, &info, &size);
	if (status != ZX_OK)
		return status;
	fits = args->buffer_size >= size;
	if (fits && copy_to_user(u64_to_user_ptr(args->buffer), &info, size))
		return ZX_ERR_INVALID_ARGS;
	if (!zx_call_put_count(args->actual, fits) || !zx_call_put_count(args->avail, 1))
		return ZX_ERR_INVALID_ARGS;
	return fits ? ZX_OK : ZX_ERR_BUFFER_TOO_SMALL;
}
