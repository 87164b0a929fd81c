// SPDX-License-Identifier: MIT
/* Ports: queues of packets. */
#include <zircon/syscalls/port.h>

#include "internal.h"

__EXPORT zx_status_t zx_port_create(uint32_t options, zx_handle_t *out)
{
	struct zx_ioc_port_create arg = {
		.size = sizeof(arg), .options = options, .out = to_u64(out),
	};

	return libzx_call_any(ZX_IOC_PORT_CREATE, &arg);
}

__EXPORT zx_status_t zx_port_queue(zx_handle_t handle, const zx_port_packet_t *packet)
{
	struct zx_ioc_port_queue arg = { .size = sizeof(arg), .packet = to_u64(packet) };

	return libzx_call(handle, ZX_IOC_PORT_QUEUE, &arg);
}

__EXPORT zx_status_t zx_port_wait(zx_handle_t handle, zx_time_t deadline, zx_port_packet_t *packet)
{
	struct zx_ioc_port_wait arg = {
		.size = sizeof(arg), .deadline = deadline, .packet = to_u64(packet),
	};

	return libzx_call(handle, ZX_IOC_PORT_WAIT, &arg);
}

__EXPORT zx_status_t zx_port_cancel(zx_handle_t handle, zx_handle_t source, uint64_t key)
{
	struct zx_ioc_port_cancel arg = { .size = sizeof(arg), .source = source, .key = key };

	return libzx_call(handle, ZX_IOC_PORT_CANCEL, &arg);
}
