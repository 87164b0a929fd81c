// SPDX-License-Identifier: MIT
/*
 * VMARs: a guest's, where the kernel does everything, and the process's own,
 * which are Linux' address space: see self.c.
 */
#include "internal.h"

__EXPORT zx_handle_t zx_vmar_root_self(void)
{
	return ROOT_VMAR;
}

/* x86 can map nothing that may be run but not read: for it the option is the permission. */
static zx_vm_option_t readable(zx_vm_option_t options)
{
	if (options & ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED)
		options = (options & ~ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED) | ZX_VM_PERM_READ;
	return options;
}

__EXPORT zx_status_t zx_vmar_map(zx_handle_t handle, zx_vm_option_t options, uint64_t vmar_offset,
				 zx_handle_t vmo, uint64_t vmo_offset, uint64_t len,
				 zx_vaddr_t *mapped_addr)
{
	struct zx_ioc_vmar_map arg = {
		.size = sizeof(arg),
		.options = readable(options),
		.vmar_offset = vmar_offset,
		.vmo = vmo,
		.vmo_offset = vmo_offset,
		.len = len,
		.out = to_u64(mapped_addr),
	};

	if (handle_is_self(handle))
		return libzx_self_map(handle, readable(options), vmar_offset, vmo, vmo_offset, len,
				      mapped_addr);
	return libzx_call(handle, ZX_IOC_VMAR_MAP, &arg);
}

__EXPORT zx_status_t zx_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, uint64_t len)
{
	struct zx_ioc_vmar_unmap arg = { .size = sizeof(arg), .addr = addr, .len = len };

	if (handle_is_self(handle))
		return libzx_self_unmap(handle, addr, len);
	return libzx_call(handle, ZX_IOC_VMAR_UNMAP, &arg);
}

__EXPORT zx_status_t zx_vmar_protect(zx_handle_t handle, zx_vm_option_t options, zx_vaddr_t addr,
				     uint64_t len)
{
	struct zx_ioc_vmar_protect arg = {
		.size = sizeof(arg), .options = readable(options), .addr = addr, .len = len,
	};

	if (handle_is_self(handle))
		return libzx_self_protect(handle, readable(options), addr, len);
	return libzx_call(handle, ZX_IOC_VMAR_PROTECT, &arg);
}

__EXPORT zx_status_t zx_vmar_allocate(zx_handle_t parent_vmar, zx_vm_option_t options,
				      uint64_t offset, uint64_t size, zx_handle_t *child_vmar,
				      zx_vaddr_t *child_addr)
{
	struct zx_ioc_vmar_allocate arg = {
		.size = sizeof(arg),
		.options = options,
		.offset = offset,
		.length = size,
		.out = to_u64(child_vmar),
		.out_addr = to_u64(child_addr),
	};

	if (handle_is_self(parent_vmar))
		return libzx_self_allocate(parent_vmar, options, offset, size, child_vmar,
					   child_addr);
	return libzx_call(parent_vmar, ZX_IOC_VMAR_ALLOCATE, &arg);
}

__EXPORT zx_status_t zx_vmar_destroy(zx_handle_t handle)
{
	struct zx_ioc_vmar_destroy arg = { .size = sizeof(arg) };

	if (handle_is_self(handle))
		return libzx_self_destroy(handle);
	return libzx_call(handle, ZX_IOC_VMAR_DESTROY, &arg);
}

/* No operation has a buffer yet: one that comes with one is none that is known. */
__EXPORT zx_status_t zx_vmar_op_range(zx_handle_t handle, uint32_t op, zx_vaddr_t address,
				      size_t size, void *buffer, size_t buffer_size)
{
	struct zx_ioc_vmar_op_range arg = {
		.size = sizeof(arg),
		.op = buffer || buffer_size ? UINT32_MAX : op,
		.addr = address,
		.length = size,
	};

	if (handle_is_self(handle))
		return libzx_self_op_range(handle, arg.op, address, size);
	return libzx_call(handle, ZX_IOC_VMAR_OP_RANGE, &arg);
}
