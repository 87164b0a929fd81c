// SPDX-License-Identifier: GPL-2.0-only
/* Events and pairs of them: made through any handle of ours. */
#include "table.h"

zx_status_t zx_sys_event_create(struct zx_call *call)
{
	const struct zx_ioc_event_create *args = &call->args.event_create;
	struct zx_object *event;
	zx_status_t status;

	if (args->options)
		return ZX_ERR_INVALID_ARGS;
	status = zx_event_new(&event);
	if (status == ZX_OK)
		zx_call_publish(call, event, event->ops->rights, args->out);
	return status;
}

zx_status_t zx_sys_eventpair_create(struct zx_call *call)
{
	const struct zx_ioc_pair_create *args = &call->args.pair_create;
	struct zx_object *ends[2];
	zx_status_t status;

	if (args->options)
		return ZX_ERR_INVALID_ARGS;
	status = zx_eventpair_new(ends);
	if (status != ZX_OK)
		return status;
	zx_call_publish(call, ends[0], ends[0]->ops->rights, args->out0);
	zx_call_publish(call, ends[1], ends[1]->ops->rights, args->out1);
	return ZX_OK;
}
