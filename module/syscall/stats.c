// SPDX-License-Identifier: GPL-2.0-only
/* ZX_INFO_GUEST_STATS: the topic with a record for each CPU of the host. */
#include <linux/cpumask.h>
#include <linux/uaccess.h>

#include "../hv/stats.h"
#include "table.h"

/* The hypervisor's resource is our root; else it takes SYSTEM with the INFO base. */
static zx_status_t may_ask(const struct zx_handle *handle)
{
	zx_status_t status = zx_handle_check(handle, ZX_OBJ_TYPE_RESOURCE, 0);
	const struct zx_resource *rsrc;

	if (status != ZX_OK)
		return status;
	rsrc = container_of(handle->obj, struct zx_resource, obj);
	if (rsrc->kind == ZX_RSRC_KIND_HYPERVISOR)
		return ZX_OK;
	return rsrc->kind == ZX_RSRC_KIND_SYSTEM && ZX_RSRC_SYSTEM_INFO_BASE >= rsrc->base &&
	       ZX_RSRC_SYSTEM_INFO_BASE - rsrc->base < rsrc->len ? ZX_OK : ZX_ERR_ACCESS_DENIED;
}

/* As many records as there is room for, and never too few to be good. */
zx_status_t zx_sys_info_guest_stats(struct zx_call *call)
{
	const struct zx_ioc_object_get_info *args = &call->args.object_get_info;
	struct zx_ioc_info_guest_stats __user *to = u64_to_user_ptr(args->buffer);
	u64 room = args->buffer_size / sizeof(*to), actual = 0, avail = 0;
	struct zx_ioc_info_guest_stats record;
	zx_status_t status = may_ask(call->handle);
	unsigned int cpu;

	if (status != ZX_OK)
		return status;
	for_each_present_cpu(cpu) {
		avail++;
		if (actual == room)
			continue;
		zx_stats_read(cpu, &record);
		if (copy_to_user(&to[actual], &record, sizeof(record)))
			return ZX_ERR_INVALID_ARGS;
		actual++;
	}
	if (!zx_call_put_count(args->actual, actual) || !zx_call_put_count(args->avail, avail))
		return ZX_ERR_INVALID_ARGS;
	return ZX_OK;
}
