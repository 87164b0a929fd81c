// SPDX-License-Identifier: MIT
/* VMOs: memory that can be mapped, here and in guests. */
#include "internal.h"

__EXPORT zx_status_t zx_vmo_create(uint64_t size, uint32_t options, zx_handle_t *out)
{
	struct zx_ioc_vmo_create arg = {
		.size = sizeof(arg), .options = options, .vmo_size = size, .out = to_u64(out),
	};

	return libzx_call_any(ZX_IOC_VMO_CREATE, &arg);
}

__EXPORT zx_status_t zx_vmo_read(zx_handle_t handle, void *buffer, uint64_t offset,
				 size_t buffer_size)
{
	struct zx_ioc_vmo_copy arg = {
		.size = sizeof(arg),
		.buffer = to_u64(buffer),
		.offset = offset,
		.length = buffer_size,
	};

	return libzx_call(handle, ZX_IOC_VMO_READ, &arg);
}

__EXPORT zx_status_t zx_vmo_write(zx_handle_t handle, const void *buffer, uint64_t offset,
				  size_t buffer_size)
{
	struct zx_ioc_vmo_copy arg = {
		.size = sizeof(arg),
		.buffer = to_u64(buffer),
		.offset = offset,
		.length = buffer_size,
	};

	return libzx_call(handle, ZX_IOC_VMO_WRITE, &arg);
}

__EXPORT zx_status_t zx_vmo_get_size(zx_handle_t handle, uint64_t *size)
{
	struct zx_ioc_vmo_get_size arg = { .size = sizeof(arg), .out = to_u64(size) };

	return libzx_call(handle, ZX_IOC_VMO_GET_SIZE, &arg);
}

__EXPORT zx_status_t zx_vmo_set_size(zx_handle_t handle, uint64_t size)
{
	struct zx_ioc_vmo_set_size arg = { .size = sizeof(arg), .vmo_size = size };

	return libzx_call(handle, ZX_IOC_VMO_SET_SIZE, &arg);
}

__EXPORT zx_status_t zx_vmo_op_range(zx_handle_t handle, uint32_t op, uint64_t offset,
				     uint64_t size, void *buffer, size_t buffer_size)
{
	struct zx_ioc_vmo_op_range arg = {
		.size = sizeof(arg), .op = op, .offset = offset, .length = size,
	};

	(void)buffer;
	(void)buffer_size;
	return libzx_call(handle, ZX_IOC_VMO_OP_RANGE, &arg);
}

__EXPORT zx_status_t zx_vmo_replace_as_executable(zx_handle_t handle, zx_handle_t vmex,
						  zx_handle_t *out)
{
	struct zx_ioc_vmo_replace_as_executable arg = {
		.size = sizeof(arg), .vmex = vmex, .out = to_u64(out),
	};

	return libzx_call_consume(handle, ZX_IOC_VMO_REPLACE_AS_EXECUTABLE, &arg);
}

__EXPORT zx_status_t zx_vmo_create_child(zx_handle_t handle, uint32_t options, uint64_t offset,
					 uint64_t size, zx_handle_t *out)
{
	struct zx_ioc_vmo_create_child arg = {
		.size = sizeof(arg),
		.options = options,
		.offset = offset,
		.length = size,
		.out = to_u64(out),
	};

	return libzx_call(handle, ZX_IOC_VMO_CREATE_CHILD, &arg);
}

__EXPORT zx_status_t zx_vmo_set_cache_policy(zx_handle_t handle, uint32_t cache_policy)
{
	struct zx_ioc_vmo_set_cache_policy arg = { .size = sizeof(arg), .policy = cache_policy };

	return libzx_call(handle, ZX_IOC_VMO_SET_CACHE_POLICY, &arg);
}
