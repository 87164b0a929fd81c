// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls on guests.
 */
#include <linux/file.h>

#include "../object/guest.h"
#include "table.h"

zx_status_t zx_sys_guest_create(struct zx_call *call)
{
	const struct zx_ioc_guest_create *args = &call->args.guest_create;
	struct zx_resource *rsrc = container_of(call->handle->obj, struct zx_resource, obj);
	struct zx_guest *guest;
	struct zx_vmar *vmar;
	zx_status_t status;

	if (!zx_resource_covers(rsrc, ZX_RSRC_KIND_HYPERVISOR))
		return ZX_ERR_ACCESS_DENIED;
	if (args->options)
		return ZX_ERR_INVALID_ARGS;
	status = zx_guest_new(&guest, &vmar);
	if (status != ZX_OK)
		return status;
	zx_call_publish(call, &guest->obj, guest->obj.ops->rights, args->out_guest);
	zx_call_publish(call, &vmar->obj, vmar->obj.ops->rights, args->out_vmar);
	return ZX_OK;
}

static zx_status_t set_trap(struct zx_call *call, struct zx_port *port)
{
	const struct zx_ioc_guest_set_trap *args = &call->args.guest_set_trap;
	struct zx_guest *guest = zx_guest_from(call->handle->obj);
	struct zx_trap *trap;
	zx_status_t status;

	status = zx_trap_new(args->kind, args->addr, args->len, port, args->key, &trap);
	if (status != ZX_OK)
		return status;
	status = zx_gpas_set_trap(guest->gpas, trap);
	if (status != ZX_OK)
		zx_trap_put(trap);
	return status;
}

zx_status_t zx_sys_guest_set_trap(struct zx_call *call)
{
	const struct zx_ioc_guest_set_trap *args = &call->args.guest_set_trap;
	struct zx_handle *port;
	struct file *file;
	zx_status_t status;

	if (args->reserved)
		return ZX_ERR_INVALID_ARGS;
	if (args->port == ZX_HANDLE_INVALID)
		return set_trap(call, NULL);
	status = zx_handle_get(args->port, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE, &file, &port);
	if (status != ZX_OK)
		return status;
	status = set_trap(call, zx_port_from(port->obj));
	fput(file);
	return status;
}

zx_status_t zx_sys_guest_unset_trap(struct zx_call *call)
{
	const struct zx_ioc_guest_unset_trap *args = &call->args.guest_unset_trap;

	if (args->kind > ZX_GUEST_TRAP_IO)
		return ZX_ERR_INVALID_ARGS;
	return zx_gpas_unset_trap(zx_guest_from(call->handle->obj)->gpas, args->kind, args->addr);
}

zx_status_t zx_sys_guest_set_ipi_mode(struct zx_call *call)
{
	u32 mode = call->args.guest_set_ipi_mode.mode;

	if (mode > ZXL_IPI_KERNEL)
		return ZX_ERR_INVALID_ARGS;
	WRITE_ONCE(zx_guest_from(call->handle->obj)->gpas->kernel_ipis, mode == ZXL_IPI_KERNEL);
	return ZX_OK;
}
