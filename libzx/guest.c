// SPDX-License-Identifier: MIT
/* Guests and their traps. */
#include "internal.h"

__EXPORT zx_status_t zx_guest_create(zx_handle_t resource, uint32_t options,
				     zx_handle_t *guest_handle, zx_handle_t *vmar_handle)
{
	struct zx_ioc_guest_create arg = {
		.size = sizeof(arg),
		.options = options,
		.out_guest = to_u64(guest_handle),
		.out_vmar = to_u64(vmar_handle),
	};

	return libzx_call(resource, ZX_IOC_GUEST_CREATE, &arg);
}

__EXPORT zx_status_t zx_guest_set_trap(zx_handle_t guest, uint32_t kind, zx_vaddr_t addr,
				       size_t size, zx_handle_t port, uint64_t key)
{
	struct zx_ioc_guest_set_trap arg = {
		.size = sizeof(arg),
		.kind = kind,
		.addr = addr,
		.len = size,
		.port = port,
		.key = key,
	};

	return libzx_call(guest, ZX_IOC_GUEST_SET_TRAP, &arg);
}

__EXPORT zx_status_t zxl_guest_set_ipi_mode(zx_handle_t guest, uint32_t mode)
{
	struct zxl_ioc_guest_set_ipi_mode arg = { .size = sizeof(arg), .mode = mode };

	return libzx_call(guest, ZXL_IOC_GUEST_SET_IPI_MODE, &arg);
}

__EXPORT zx_status_t zxl_guest_unset_trap(zx_handle_t guest, uint32_t kind, zx_vaddr_t addr)
{
	struct zx_ioc_guest_unset_trap arg = { .size = sizeof(arg), .kind = kind, .addr = addr };

	return libzx_call(guest, ZX_IOC_GUEST_UNSET_TRAP, &arg);
}
