// SPDX-License-Identifier: GPL-2.0-only
/* Ports: made through any handle of ours, queued to, waited on. */
#include <linux/file.h>
#include <linux/uaccess.h>

#include "../object/observer.h"
#include "table.h"

zx_status_t zx_sys_port_create(struct zx_call *call)
{
	const struct zx_ioc_port_create *args = &call->args.port_create;
	struct zx_port *port;
	struct zx_object *obj;
	zx_status_t status;

	if (args->options)
		return ZX_ERR_INVALID_ARGS;
	status = zx_port_new(&port);
	if (status != ZX_OK)
		return status;
	obj = zx_port_object(port);
	zx_call_publish(call, obj, obj->ops->rights, args->out);
	return ZX_OK;
}

zx_status_t zx_sys_port_queue(struct zx_call *call)
{
	const struct zx_ioc_port_queue *args = &call->args.port_queue;
	struct zx_packet packet;

	if (args->reserved ||
	    copy_from_user(&packet, u64_to_user_ptr(args->packet), sizeof(packet)))
		return ZX_ERR_INVALID_ARGS;
	return zx_port_queue_user(zx_port_from(call->handle->obj), &packet);
}

zx_status_t zx_sys_port_wait(struct zx_call *call)
{
	const struct zx_ioc_port_wait *args = &call->args.port_wait;
	struct zx_packet packet;
	zx_status_t status;

	if (args->reserved)
		return ZX_ERR_INVALID_ARGS;
	status = zx_port_wait(zx_port_from(call->handle->obj), args->deadline, &packet);
	if (status != ZX_OK || !args->packet)
		return status;
	if (copy_to_user(u64_to_user_ptr(args->packet), &packet, sizeof(packet)))
		return ZX_ERR_INVALID_ARGS;
	return ZX_OK;
}

zx_status_t zx_sys_port_cancel(struct zx_call *call)
{
	const struct zx_ioc_port_cancel *args = &call->args.port_cancel;
	struct zx_handle *source;
	struct file *file;
	zx_status_t status;

	status = zx_handle_get(args->source, ZX_OBJ_TYPE_NONE, ZX_RIGHT_WAIT, &file, &source);
	if (status != ZX_OK)
		return status;
	status = zx_observers_cancel(zx_port_from(call->handle->obj), source, args->key);
	fput(file);
	return status;
}
