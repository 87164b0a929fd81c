// SPDX-License-Identifier: GPL-2.0-only
/* Signals and properties, which objects of several types have. */
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../object/observer.h"
#include "table.h"

zx_status_t zx_sys_object_wait_one(struct zx_call *call)
{
	const struct zx_ioc_object_wait_one *args = &call->args.object_wait_one;
	struct zx_waiter waiter = {
		.handle = call->handle,
		.value = args->handle,
		.signals = args->signals,
	};
	zx_status_t status;

	if (args->reserved)
		return ZX_ERR_INVALID_ARGS;
	status = zx_object_wait(&waiter, 1, args->deadline);
	if (status == ZX_ERR_INTERNAL_INTR_RETRY || !args->observed)
		return status;
	if (put_user(waiter.pending, (u32 __user *)u64_to_user_ptr(args->observed)))
		return ZX_ERR_INVALID_ARGS;
	return status;
}

/* What a wait for many needs, which is too much for the stack. */
struct many {
	struct zx_ioc_wait_item items[ZX_WAIT_MANY_MAX_ITEMS];
	struct zx_waiter waiters[ZX_WAIT_MANY_MAX_ITEMS];
	struct file *files[ZX_WAIT_MANY_MAX_ITEMS];
};

static zx_status_t wait_ready(struct many *many, unsigned int count, s64 deadline)
{
	zx_status_t status;
	unsigned int i;

	for (i = 0; i < count; i++) {
		many->waiters[i].value = many->items[i].handle;
		many->waiters[i].signals = many->items[i].waitfor;
	}
	status = zx_object_wait(many->waiters, count, deadline);
	for (i = 0; i < count; i++)
		many->items[i].pending = many->waiters[i].pending;
	return status;
}

static zx_status_t wait_items(struct many *many, unsigned int count, s64 deadline)
{
	zx_status_t status = ZX_OK;
	unsigned int n = 0;

	while (n < count && status == ZX_OK) {
		status = zx_handle_get(many->items[n].handle, ZX_OBJ_TYPE_NONE, ZX_RIGHT_WAIT,
				       &many->files[n], &many->waiters[n].handle);
		if (status == ZX_OK)
			n++;
	}
	if (status == ZX_OK)
		status = wait_ready(many, count, deadline);
	while (n--)
		fput(many->files[n]);
	return status;
}

zx_status_t zx_sys_object_wait_many(struct zx_call *call)
{
	const struct zx_ioc_object_wait_many *args = &call->args.object_wait_many;
	size_t size = args->count * sizeof(struct zx_ioc_wait_item);
	void __user *user = u64_to_user_ptr(args->items);
	zx_status_t status = ZX_ERR_INVALID_ARGS;
	struct many *many;

	if (args->count > ZX_WAIT_MANY_MAX_ITEMS)
		return ZX_ERR_OUT_OF_RANGE;
	if (!args->count)
		return zx_object_wait(NULL, 0, args->deadline);
	many = kmalloc(sizeof(*many), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!many)
		return ZX_ERR_NO_MEMORY;
	if (!copy_from_user(many->items, user, size))
		status = wait_items(many, args->count, args->deadline);
	if ((status == ZX_OK || status == ZX_ERR_TIMED_OUT || status == ZX_ERR_CANCELED) &&
	    copy_to_user(user, many->items, size))
		status = ZX_ERR_INVALID_ARGS;
	kfree(many);
	return status;
}

#define ASYNC_STAMPS	(ZX_WAIT_ASYNC_TIMESTAMP | ZX_WAIT_ASYNC_BOOT_TIMESTAMP)

zx_status_t zx_sys_object_wait_async(struct zx_call *call)
{
	const struct zx_ioc_object_wait_async *args = &call->args.object_wait_async;
	struct zx_handle *port;
	struct file *file;
	zx_status_t status;

	status = zx_handle_get(args->port, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE, &file, &port);
	if (status != ZX_OK)
		return status;
	if (args->options & ~(ASYNC_STAMPS | ZX_WAIT_ASYNC_EDGE) ||
	    (args->options & ASYNC_STAMPS) == ASYNC_STAMPS)
		status = ZX_ERR_INVALID_ARGS;
	else
		status = zx_object_observe(call->handle, zx_port_from(port->obj), args->key,
					   args->signals, args->options);
	fput(file);
	return status;
}

static bool signals_valid(const struct zx_ioc_object_signal *args, const struct zx_object *obj)
{
	const u32 allowed = ZX_SIGNAL_USER_ALL | obj->ops->user_signals;

	return !args->reserved && !((args->clear | args->set) & ~allowed);
}

zx_status_t zx_sys_object_signal(struct zx_call *call)
{
	const struct zx_ioc_object_signal *args = &call->args.object_signal;
	struct zx_object *obj = call->handle->obj;

	if (!signals_valid(args, obj))
		return ZX_ERR_INVALID_ARGS;
	zx_object_signal(obj, args->clear, args->set);
	return ZX_OK;
}

/* Both ends are of one type, so this one's mask is the other one's. */
zx_status_t zx_sys_object_signal_peer(struct zx_call *call)
{
	const struct zx_ioc_object_signal *args = &call->args.object_signal;
	struct zx_object *obj = call->handle->obj;
	struct zx_object *peer;

	if (!obj->ops->peer)
		return ZX_ERR_NOT_SUPPORTED;
	if (!signals_valid(args, obj))
		return ZX_ERR_INVALID_ARGS;
	peer = obj->ops->peer(obj);
	if (!peer)
		return ZX_ERR_PEER_CLOSED;
	zx_object_signal(peer, args->clear, args->set);
	zx_object_put(peer);
	return ZX_OK;
}

zx_status_t zx_sys_object_get_property(struct zx_call *call)
{
	const struct zx_ioc_object_property *args = &call->args.object_property;
	char name[ZX_MAX_NAME_LEN];

	if (args->property != ZX_PROP_NAME || !zx_object_get_name(call->handle->obj, name))
		return ZX_ERR_NOT_SUPPORTED;
	if (args->value_size < sizeof(name))
		return ZX_ERR_BUFFER_TOO_SMALL;
	if (copy_to_user(u64_to_user_ptr(args->value), name, sizeof(name)))
		return ZX_ERR_INVALID_ARGS;
	return ZX_OK;
}

zx_status_t zx_sys_object_set_property(struct zx_call *call)
{
	const struct zx_ioc_object_property *args = &call->args.object_property;
	char name[ZX_MAX_NAME_LEN] = {};

	if (args->property != ZX_PROP_NAME || !call->handle->obj->ops->prop_name)
		return ZX_ERR_NOT_SUPPORTED;
	if (copy_from_user(name, u64_to_user_ptr(args->value),
			   min_t(u64, args->value_size, sizeof(name) - 1)))
		return ZX_ERR_INVALID_ARGS;
	zx_object_set_name(call->handle->obj, name);
	return ZX_OK;
}
