// SPDX-License-Identifier: MIT
/*
 * VCPUs. Entering is one system call with nothing around it; for what the
 * registers cost, read state.c next.
 */
#include <zircon/syscalls/port.h>

#include "internal.h"

_Static_assert(sizeof(zx_port_packet_t) == sizeof(struct zx_packet), "a packet is a packet");

__EXPORT zx_status_t zx_vcpu_create(zx_handle_t guest, uint32_t options, zx_vaddr_t entry,
				    zx_handle_t *out)
{
	struct zx_ioc_vcpu_create arg = {
		.size = sizeof(arg), .options = options, .entry = entry, .out = to_u64(out),
	};
	zx_handle_t vcpu;
	zx_status_t status;

	if (options != 0)
		return ZX_ERR_INVALID_ARGS;
	status = libzx_call(guest, ZX_IOC_VCPU_CREATE, &arg);
	if (status != ZX_OK)
		return status;
	vcpu = *out;
	status = libzx_page_map(vcpu);
	if (status != ZX_OK) {
		libzx_handle_drop(vcpu);
		*out = ZX_HANDLE_INVALID;
	}
	return status;
}

/* To the kernel a null pointer means no copy; to Zircon it is a bad pointer. */
static void *not_null(zx_port_packet_t *packet)
{
	return (void *)((uintptr_t)packet - !packet);
}

__EXPORT zx_status_t zx_vcpu_enter(zx_handle_t vcpu, zx_port_packet_t *packet)
{
	return direct_call(vcpu, ZX_IOC_VCPU_ENTER, not_null(packet));
}

__EXPORT zx_status_t zx_vcpu_resume(zx_handle_t vcpu, zx_port_packet_t *packet)
{
	return direct_call(vcpu, ZX_IOC_VCPU_RESUME, not_null(packet));
}

__EXPORT zx_status_t zx_vcpu_kick(zx_handle_t vcpu)
{
	return direct_call(vcpu, ZX_IOC_VCPU_KICK, NULL);
}

__EXPORT zx_status_t zx_vcpu_interrupt(zx_handle_t vcpu, uint32_t vector)
{
	struct zx_ioc_vcpu_interrupt arg = { .size = sizeof(arg), .vector = vector };

	return direct_call(vcpu, ZX_IOC_VCPU_INTERRUPT, &arg);
}

__EXPORT zx_status_t zxl_vcpu_interrupt(zx_handle_t vcpu, uint32_t vector, uint32_t options)
{
	struct zx_ioc_vcpu_interrupt arg = {
		.size = sizeof(arg), .vector = vector, .options = options,
	};

	return direct_call(vcpu, ZX_IOC_VCPU_INTERRUPT, &arg);
}
