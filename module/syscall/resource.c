// SPDX-License-Identifier: GPL-2.0-only
/* Deriving resources. */
#include <linux/uaccess.h>

#include "table.h"

static bool range_within(const struct zx_resource *parent, const struct zx_resource *child)
{
	return child->base >= parent->base &&
	       child->base - parent->base <= parent->len &&
	       child->len <= parent->len - (child->base - parent->base);
}

/* The HYPERVISOR kind stands at the root; all others give only of their own. */
static zx_status_t may_derive(const struct zx_resource *parent, const struct zx_resource *child)
{
	if (parent->kind != ZX_RSRC_KIND_HYPERVISOR) {
		if (child->kind != parent->kind)
			return ZX_ERR_ACCESS_DENIED;
		if (parent->kind == ZX_RSRC_KIND_SYSTEM && !range_within(parent, child))
			return ZX_ERR_ACCESS_DENIED;
	}
	if (parent->flags & ZX_RSRC_FLAG_EXCLUSIVE)
		return ZX_ERR_INVALID_ARGS;
	return ZX_OK;
}

zx_status_t zx_sys_resource_create(struct zx_call *call)
{
	const struct zx_ioc_resource_create *args = &call->args.resource_create;
	struct zx_resource *parent = container_of(call->handle->obj, struct zx_resource, obj);
	char name[ZX_MAX_NAME_LEN] = "";
	struct zx_resource *child;
	zx_status_t status;

	if (args->name_len > sizeof(name) - 1 ||
	    copy_from_user(name, u64_to_user_ptr(args->name), args->name_len))
		return ZX_ERR_INVALID_ARGS;
	status = zx_resource_new(args->options, args->base, args->len, name, &child);
	if (status != ZX_OK)
		return status;
	status = may_derive(parent, child);
	if (status != ZX_OK) {
		zx_object_put(&child->obj);
		return status;
	}
	zx_call_publish(call, &child->obj, child->obj.ops->rights, args->out);
	return ZX_OK;
}
